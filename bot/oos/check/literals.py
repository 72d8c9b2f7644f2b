"""Values of a task that are written out, or whose type is known, and would not do what they say:
a wait that is over at once, approvals that nobody can give, a condition that is never true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot import source
from bot.oos.check.context import Look, joined
from bot.oos.engine import actions, units
from bot.oos.expr import conditions, expressions, functions, placeholders, values
from bot.oos.expr.functions import base
from bot.oos.template import model
from bot.source import suggest

_ADDRESS = re.compile(r"(?i)(https?://|robot:)\S")
"""``robot:ops``: one that the bot's own configuration names."""
_LISTS = frozenset(
    {"MergeMapToList", "Split", "ListJoin", "Intersection", "Union", "Difference", "MapJoin",
     "ConvertMapToList", "MergeList", "RangeSelect"}
)  # fmt: skip
_NUMBERS = frozenset({"Min", "Max", "Eval", "CalculateBatch", "Sum"})
_TRUTHS = frozenset({"Equals", "Not", "And", "Or", "IsIpInCIDR", "ContainsSubString"})
_TEXT = ("String",)
_ATTRIBUTES = {"Mode": "mode", "Concurrency": "concurrency", "MaxErrors": "max_errors"}
_TYPES: Mapping[str, tuple[str, ...]] = {
    "when": ("Boolean", "String"),
    "loop.items": ("List", "Json", "String"),
    "loop.ratecontrol": ("Json", "String"),
    "loop.ratecontrol.mode": _TEXT,
    "loop.ratecontrol.concurrency": ("Number", "List", "String"),
    "loop.ratecontrol.maxerrors": ("Number", "String"),
    "valueselector": _TEXT,
    "retries": ("Number", "String"),
    "delay": ("Number", "String"),
    "delaytype": _TEXT,
    "backoff": ("Number", "String"),
    "maxretryinterval": ("Number", "String"),
    "properties.duration": ("String", "Number"),
    **dict.fromkeys(
        (
            f"properties.{name}"
            for name in (
                "service",
                "api",
                "templatename",
                "resourcetype",
                "notifytype",
                "regionid",
                "method",
                "uri",
                "endpoint",
                "version",
                "defaulttask",
                "propertyselector",
                "webhook.uri",
            )
        ),
        _TEXT,
    ),
    **dict.fromkeys(
        (
            f"properties.{name}"
            for name in ("parameters", "headers", "query", "webhook", "webhook.headers")
        ),
        ("Json", "String"),
    ),
    "properties.webhook.content": ("Json", "List", "String"),
    "properties.filters": ("List", "Json", "String"),
    "properties.stopretryvalues": ("List", "String", "Number", "Boolean"),
    "properties.choices": ("List",),
    "properties.approvers": ("List", "Json", "String"),
    "properties.minrequiredapprovals": ("Number", "String"),
    "properties.autopaging": ("Boolean", "String"),
    "properties.maxresults": ("Number", "String"),
}
"""What a parameter or an output may be that stands there alone, of a built-in action."""


def faults(look: Look, base_path: str, task: model.Task) -> Iterator[source.Fault]:
    """What is wrong with one task."""
    if task.when is not None:
        yield from when(look, joined(base_path, "When"), task.when)
    properties = {model.fold(name): (name, value) for name, value in task.properties.items()}
    spec = actions.find(task.action)
    does = spec.does if spec is not None else None
    where = f"{base_path}.Properties"
    if isinstance(does, type) and issubclass(does, units.WaitUnit):
        yield from _wished(look, where, properties)
    elif does is units.ApproveUnit:
        yield from _approvals(look, where, properties)
    elif does is units.SelectUnit:
        yield from _filters(look, where, properties)
    if does in (units.ApproveUnit, units.NotifyUnit):
        yield from _notice(look, where, properties, does is units.NotifyUnit)
    if does is units.ApiUnit and "autopaging" in properties:
        name, value = properties["autopaging"]
        if not _open(value) and values.boolean(value) is None:
            said = f"{name}: expected true or false, found `{values.brief(value)}`"
            yield look.fault(f"{where}.{name}", said)
    for path, value in _parts(task):
        yield from typed(look, joined(base_path, path), path, value)


def _parts(task: model.Task) -> Iterator[tuple[str, object]]:
    yield from (
        ("When", task.when), ("Retries", task.retries), ("Delay", task.delay),
        ("DelayType", task.delay_type), ("BackOff", task.back_off),
        ("MaxRetryInterval", task.max_retry_interval),
    )  # fmt: skip
    for output in task.outputs:
        yield f"Outputs.{output.name}.ValueSelector", output.value
    if task.loop is not None:
        yield "Loop.Items", task.loop.items
        rate = task.loop.rate
        if not isinstance(rate, model.RateControl):
            yield "Loop.RateControl", rate
        else:
            for name in ("Mode", "Concurrency", "MaxErrors"):
                yield f"Loop.RateControl.{name}", getattr(rate, _ATTRIBUTES[name])
    spec = actions.find(task.action)
    if spec is not None and not spec.trigger:
        for name, value in task.properties.items():
            yield f"Properties.{name}", value
            if model.fold(name) == "webhook" and isinstance(value, Mapping):
                yield from ((f"Properties.{name}.{key}", part) for key, part in value.items())


def _open(value: object) -> bool:
    """It is an expression: what it will be is not known yet."""
    return base.is_call(value) or (isinstance(value, str) and "{{" in value)


# ----------------------------------------------------------------------------- types


def typed(look: Look, where: str, path: str, value: object) -> Iterator[source.Fault]:
    """A value that a parameter, an output or a function gives, where its type does not fit."""
    folded = model.fold(path)
    if folded.startswith("outputs."):
        folded = "valueselector"
    wanted = _TYPES.get(folded, ())
    type, named = _literal_type(look, value, wanted == _TEXT)
    if type == "Json" and folded in ("loop.items", "properties.approvers", "properties.filters"):
        type = "" if isinstance(value, str) or base.is_call(value) else "Json object"
    if isinstance(value, str) and "{{" not in value and value.strip() and "Json" in wanted:
        where_text = folded in ("properties.approvers", "properties.webhook.content")
        type = "" if where_text or isinstance(values.literal(value), dict | list) else "text"
        named = f"`{values.brief(value)}`"
    if wanted and type and type not in wanted:
        said = f"{path.rpartition('.')[2]}: expected a {' or a '.join(wanted)}"
        yield look.fault(where, f"{said}; {named} is a {type}")


def _literal_type(look: Look, value: Any, strict: bool) -> tuple[str, str]:
    """The type of what alone stands there, and what it is; empty: that is not known."""
    if not isinstance(value, str) and not base.is_call(value):
        return _type(value, strict), f"`{values.brief(value)}`"
    if base.is_call(value) and len(value) == 1:
        function = functions.find(next(iter(value)))
        name = function.name if function is not None else ""
        kinds = (("List", _LISTS), ("Number", _NUMBERS), ("Boolean", _TRUTHS))
        type = next((type for type, members in kinds if name in members), "")
        return type, f"what Fn::{name} gives"
    only = placeholders.whole(value.strip()) if isinstance(value, str) else None
    if only is None:
        return "", ""
    types: list[str]
    if only.output is None:
        types = [p.type for p in look.template.parameters if _same(p.name, only.name)]
    else:
        task = look.tasks.get(model.fold(only.name))
        types = [] if task is None else list(_outputs(task[1], only.output))
    return (types[0], f"`{only}`") if types else ("", "")


def _type(value: object, strict: bool) -> str:
    """Of a value that is written out; nothing is as if it were absent, and so is an empty list or
    mapping, unless ``strict``."""
    if value is None or (value in ([], {}) and not strict):
        return ""
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int | float):
        return "Number"
    return "List" if isinstance(value, list) else "Json"


def _outputs(task: model.Task, name: str) -> Iterator[str]:
    if task.loop is not None:
        return
    yield from (output.type for output in task.outputs if _same(output.name, name))


def _same(one: str, other: str) -> bool:
    return model.fold(one) == model.fold(other)


# ----------------------------------------------------------------------------- conditions


def when(look: Look, where: str, value: object) -> Iterator[source.Fault]:
    """A condition that is neither true nor false is never true. Names are looked at elsewhere."""
    wrong = ""
    if isinstance(value, str):
        if not value.strip():
            wrong = "an empty text"
        elif "{{" in value and placeholders.whole(value.strip()) is None:
            wrong = f"the text `{values.brief(value.strip())}`; compare with Fn::Equals"
    elif isinstance(value, Mapping):
        wrong = "" if base.is_call(value) else "a mapping that calls no function"
    elif not isinstance(value, bool):
        wrong = f"`{values.brief(value)}`"
    if wrong:
        said = f"When: expected true or false, or an expression that is one, found {wrong}"
        yield look.fault(where, said)


# ----------------------------------------------------------------------------- properties

Items = Mapping[str, tuple[str, Any]]


def _wished(look: Look, where: str, properties: Items) -> Iterator[source.Fault]:
    """A wait must wait for something. https://www.alibabacloud.com/help/doc-detail/120839.html"""
    named = {
        name: properties[name]
        for name in ("desiredvalues", "notdesiredvalues")
        if name in properties
    }
    lists = {name: item for name, item in named.items() if item[1] not in (None, "")}
    if named and not lists:
        (name, _), *_ = named.values()
        yield look.fault(f"{where}.{name}", f"{name}: expected at least one value, found nothing")
    for folded, (name, value) in lists.items():
        # Published templates have an empty NotDesiredValues beside what they wait for.
        if value in ([], {}) and not (folded == "notdesiredvalues" and len(lists) > 1):
            yield look.fault(f"{where}.{name}", f"{name}: expected at least one value, found none")
        elif isinstance(value, Mapping) and not base.is_call(value):
            yield look.fault(f"{where}.{name}", f"{name}: expected a list, found a mapping")


def _approvals(look: Look, where: str, properties: Items) -> Iterator[source.Fault]:
    """So many approvals must be possible. https://www.alibabacloud.com/help/doc-detail/144279.html"""
    name, least = properties.get("minrequiredapprovals", ("", None))
    key, people = properties.get("approvers", ("", None))
    if isinstance(people, Mapping) and not base.is_call(people):
        yield look.fault(f"{where}.{key}", "Approvers: expected a list, found a mapping")
    for at, one in enumerate(people if isinstance(people, list) else []):
        if not isinstance(one, str | Mapping) or one == "":
            shown = values.brief(one)
            yield look.fault(
                f"{where}.{key}[{at}]", f"Approvers: expected a RAM user's name, found `{shown}`"
            )
    if least is None or _open(least):
        return
    count = None if isinstance(least, bool) else values.whole(least)
    if count is None or count < 1:
        said = f"{name}: expected a number from 1, found `{str(least)[:60]}`"
        yield look.fault(f"{where}.{name}", said)
        return
    known = approvers(people)
    if known and count > len(known):
        said = f"{name}: {count} approvals are needed, and {len(known)} may approve"
        yield look.fault(f"{where}.{name}", f"{said}: {suggest.listed(sorted(known))}")


def _filters(look: Look, where: str, properties: Items) -> Iterator[source.Fault]:
    name, several = properties.get("filters", ("", None))
    for at, one in enumerate(several if isinstance(several, list) else []):
        if not _is_filter(one):
            said = f"Filters: expected a mapping with Type, found `{values.brief(one)}`"
            yield look.fault(f"{where}.{name}[{at}]", said)


def _is_filter(value: object) -> bool:
    """Is it a mapping, as such or as JSON, or known only when it runs?"""
    if isinstance(value, str) and "{{" not in value:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return False
    return isinstance(value, Mapping | str)


def _notice(look: Look, where: str, properties: Items, must: bool) -> Iterator[source.Fault]:
    """A message by webhook needs one, and its address."""
    how = properties.get("notifytype", ("", ""))[1]
    name, hook = properties.get("webhook", ("", None))
    if must and isinstance(how, str) and model.fold(how.strip()) == "webhook" and not hook:
        yield look.fault(where, "NotifyType is `WebHook`: give the WebHook with its URI")
    for key, uri in hook.items() if isinstance(hook, Mapping) else ():
        if model.fold(str(key)) != "uri" or _open(uri):
            continue
        if not isinstance(uri, str) or not _ADDRESS.match(uri.strip()):
            said = f"URI: expected an address such as https://…, found `{str(uri)[:60]}`"
            yield look.fault(f"{where}.{name}.{key}", said)


def approvers(people: object) -> set[str]:
    """The RAM users of a list that is written out; none: anyone, or that is not known."""
    if not isinstance(people, list) or any(_open(one) for one in people):
        return set()
    return {units.ram_user(one) for one in people if isinstance(one, str) and one}


# ----------------------------------------------------------------------------- functions


def _waits(call: object) -> bool:
    """Can it not be worked out yet, or is something else wrong with it?"""
    named = any(True for _ in conditions.named(call))
    return named or bool(expressions.references(call)) or bool(expressions.check(call))


def computed(value: object) -> Iterator[tuple[str, str]]:
    """The function calls in a value that have no references and no result: where, and why."""
    todo = [(value, "")]
    while todo:
        item, path = todo.pop()
        if base.is_call(item) and not _waits(item):
            try:
                expressions.evaluate(item, expressions.Scope())
            except source.Invalid as error:
                inner = error.fault.mark.path
                yield joined(path, inner) if inner else path, error.message
        elif isinstance(item, Mapping):
            todo += [(each, joined(path, str(key))) for key, each in item.items()]
        elif isinstance(item, list):
            todo += [(each, f"{path}[{at}]") for at, each in enumerate(item)]
