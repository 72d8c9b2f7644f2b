"""Functions that decide. If, And and Or evaluate only what they need: the output of a task that was
skipped is never looked at in the branch that is not taken."""

from __future__ import annotations

import ipaddress

from bot.oos.expr import values
from bot.oos.expr.functions import base
from bot.oos.expr.functions.base import Evaluation, Example, Function


def equals(argument: object) -> bool:
    one, other = base.items(argument, 2)
    return values.same(one, other)


def if_(raw: object, evaluation: Evaluation) -> object:
    parts = _raw_items(raw, evaluation)
    if len(parts) != 3:
        raise base.BadArgument(f"expected a List of 3 items, got {len(parts)}")
    branch = 1 if base.condition(evaluation.value(parts[0], "[0]")) else 2
    return evaluation.value(parts[branch], f"[{branch}]")


def and_(raw: object, evaluation: Evaluation) -> bool:
    parts = _raw_items(raw, evaluation)
    return all(base.condition(evaluation.value(part, f"[{at}]")) for at, part in enumerate(parts))


def or_(raw: object, evaluation: Evaluation) -> bool:
    parts = _raw_items(raw, evaluation)
    return any(base.condition(evaluation.value(part, f"[{at}]")) for at, part in enumerate(parts))


def _raw_items(raw: object, evaluation: Evaluation) -> list[object]:
    if isinstance(raw, list):
        return raw
    return [base.Known(item) for item in base.items(evaluation.value(raw))]


def not_(argument: object) -> bool:
    if isinstance(argument, list):
        (argument,) = base.items(argument, 1)
    return not base.condition(argument)


def is_ip_in_cidr(argument: object) -> bool:
    ip, cidr = map(base.text, base.items(argument, 2))
    if "/" in ip and "/" not in cidr:
        ip, cidr = cidr, ip
    try:
        address = ipaddress.ip_address(ip.strip())
        network = ipaddress.ip_network(cidr.strip(), strict=False)
    except ValueError as error:
        raise base.BadArgument(f"expected an IP address and a CIDR block: {error}") from None
    return address.version == network.version and address in network


FUNCTIONS = (
    Function("Equals", "Are two values equal? Text equals what prints like it: \"true\" is true.",
        "两个值是否相等；文本与打印形式相同的值相等。", "[value, value]",
        (Example(["a", "a"], True), Example(["true", True], True), Example(["1", 1], True),
         Example([1, True], False)), equals, wrong=base.takes(2)),
    Function("If", "One value or the other; only the one that is taken is evaluated.",
        "根据条件取值；只计算被取的分支。", "[condition, then, else]",
        (Example([True, "a", "b"], "a"), Example(["false", "a", "b"], "b")),
        lazy=if_, wrong=base.takes(3)),
    Function("Not", "The opposite.", "取反。", "condition",
        (Example(True, False), Example([False], True)), not_),
    Function("And", "Are all true? Stops at the first that is not.", "是否全部为真。",
        "[condition, …]", (Example([True, "true"], True), Example([True, False], False)),
        lazy=and_, wrong=base.takes_list),
    Function("Or", "Is one true? Stops at the first that is.", "是否有一个为真。",
        "[condition, …]", (Example([False, True], True), Example([False, ""], False)),
        lazy=or_, wrong=base.takes_list),
    Function("IsIpInCIDR", "Is an IP address in a CIDR block?", "IP 是否在 CIDR 网段内。",
        "[ip, cidr]", (Example(["192.168.1.9", "192.168.1.0/24"], True),
         Example(["10.0.0.1", "192.168.1.0/24"], False)), is_ip_in_cidr, wrong=base.takes(2)),
)  # fmt: skip
