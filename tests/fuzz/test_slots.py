"""Every parameter of every operation, filled with what a shell would act on, up to a real bash."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import policy
from bot.commands import api, loader, registry, rendering
from bot.commands.line import parser
from bot.core import content_script
from bot.oos.parameters import arguments
from sandbox import play, process
from tests import properties
from tests.fuzz.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "canary-was-here"
TOUCH = f"touch {CANARY}"
ACTING: tuple[str, ...] = (
    f"$({TOUCH})",
    f"`{TOUCH}`",
    f"; {TOUCH} ;",
    f"| {TOUCH}",
    f"|| {TOUCH}",
    f"&& {TOUCH}",
    f"& {TOUCH} &",
    f"\n{TOUCH}\n",
    f"\r\n{TOUCH}\r\n",
    f"'; {TOUCH}; '",
    f'"; {TOUCH}; "',
    f"'\"'\"'; {TOUCH}; '",
    f"\\'; {TOUCH}; \\'",
    f"x\n{TOUCH} #",
    f"${{IFS}}{TOUCH}",
    f"$'\\n{TOUCH}\\n'",
    f"<({TOUCH})",
    f"> {CANARY}",
    f"$(({TOUCH}))",
    "{{oos-secret:db}}",
    "{{ACS::InstanceId}}",
    "}}{{",
    "../../../etc/passwd",
    "*",
    "?[a-z]*",
    "~root",
    "-rf",
    "--help",
    "a=b",
    "!!",
    "%n%s",
    "\u202e",
    "a\u200bb",
    "\ud800",
    "\x00",
    "web-01;" + TOUCH,
    "nginx$(" + TOUCH + ")",
    "E123'" + TOUCH,
    "E123\n" + TOUCH,
    "dev\n",
    "Ｅ123",
    "tag:env=prod;" + TOUCH,
    f"EOF\n{TOUCH}\n",
)
WRAPS = ("{}", '"{}"', "'{}'", "「{}」", "“{}”", "```{}```")
COMMANDS = loader.load(process.ROOT / "commands")
OPERATIONS = tuple(found for found in COMMANDS if found.kind == "operation")
odd = st.text(
    st.sampled_from(string.punctuation + " \t\n\r\x00" + "aE1-" + "\u200b\u202e｀；＄")
    | st.characters(),
    max_size=40,
)


def lines(found: registry.Command, value: str) -> Iterator[str]:
    """Ways to put a value into each parameter of a command, and right behind its example."""
    for parameter, wrap in itertools.product(found.parameters, WRAPS):
        if parameter.kind != "script":
            yield f"{found.example} {parameter.name}={wrap.format(value)}"
            yield f"{found.name} {parameter.name}={wrap.format(value)} {found.example}"
    yield f"{found.example} {value}"
    yield f"{found.name} {value}"


def is_safe(found: registry.Command, values: Mapping[str, Any]) -> None:
    """Rendered, every value stands in its own assignment, and the source is what was loaded. What
    a template is given is bound as data, or refused."""
    if found.template is not None:
        bound = arguments.bind(found.template, found.inputs(values), {"ACS::RegionId": "here"})
        for name, value in values.items() if isinstance(bound, dict) else ():
            if isinstance(value, str) and name in bound:
                assert bound[name] == value
        return
    script = found.call(None, values)
    if isinstance(script, api.Change):
        return  # no script: it changes what the bot itself keeps
    assert isinstance(script, api.Script)
    try:
        text = rendering.render(script)
    except rendering.BadScript:
        return
    if found.name == "run":
        assert text.endswith(values["script"].replace("\r\n", "\n").partition("\n")[2])
        return
    assert CANARY not in text.replace(f"'{CANARY}'", "") or any(
        CANARY in value for value in script.parameters.values()
    )
    for name, value in script.parameters.items():
        assert "\n" not in value, "a word never spans lines"
        assert f"\n{name}=" in text


async def test_what_a_parameter_takes_is_refused_or_quoted() -> None:
    taken = 0
    for found, value in itertools.product(OPERATIONS, ACTING):
        for line in lines(found, value):
            parsed = parser.parse(COMMANDS, line, "en")
            if isinstance(parsed, policy.Refusal):
                assert parsed.key.startswith("parse."), line
                continue
            if parsed.command.kind == "operation":
                taken += 1
                is_safe(parsed.command, parsed.values)
    assert taken > 100


@settings(
    max_examples=properties.examples(300),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(value=odd, which=st.integers(0, 10**6))
async def test_random_text_is_refused_or_quoted(value: str, which: int) -> None:
    found = OPERATIONS[which % len(OPERATIONS)]
    for line in lines(found, value):
        parsed = parser.parse(COMMANDS, line, "zh-CN")
        if not isinstance(parsed, policy.Refusal) and parsed.command.kind == "operation":
            is_safe(parsed.command, parsed.values)
    for parameter in found.parameters:
        bound = parser.from_fields(found, {parameter.name: value}, "en")
        if not isinstance(bound, policy.Refusal):
            is_safe(found, bound.values)


async def canaries(house: House) -> list[str]:
    found = []
    for machine in ("i-sandbox0web01", "i-sandbox0web02", "i-sandbox00hr01"):
        files = await house.sandbox.call("aliyun", "files", instance=machine)
        found += [name for name in files if CANARY in name]
    return found


async def approve_all(house: House, known: list[str], chat: str) -> int:
    """Let bob and carol approve whatever came of it."""
    await house.answers()
    await house.settled()
    cards = [
        entry
        for entry in await house.transcript(chat)
        if entry["id"] not in known and any(b["action"] == "approve" for b in entry["buttons"])
    ]
    for card in cards:
        answer = await house.click("bob", card, "approve")
        assert answer["acked"], answer
    for card in cards:
        await house.card_says(card, (*play.SUCCEEDED, "失败", "failed"), chat)
    return len(cards)


async def test_nothing_leaves_its_slot_under_a_real_bash(house: House) -> None:
    known = await house.ids()
    for value in random.Random(house.platform).sample(ACTING, 16):
        for line in (
            f"restart web-01 service=「{value}」",
            f"restart web-01 reason=「{value}」",
            f"restart web-01 {value}",
            f"restart 「{value}」",
        ):
            await house.say("alice", line.encode("utf-8", "replace").decode())
    assert await approve_all(house, known, "ops") > 5
    assert not await canaries(house)
    await house.check_log()


async def test_nothing_leaves_a_form(house: House) -> None:
    known = await house.ids("hr")
    for value in random.Random(house.platform).sample(ACTING, 16):
        text = value.encode("utf-8", "replace").decode()
        await house.call("form", user="alice", fields={"emp_id": text, "role": "dev"})
        await house.call("form", user="alice", fields={"emp_id": "E5", "role": text})
    await approve_all(house, known, "hr")
    assert not await canaries(house)
    await house.check_log()


async def test_a_stored_command_gets_words_only(house: House) -> None:
    """What is pasted into a stored command unquoted must be a plain word."""
    for value in ACTING:
        harmless = set(value) <= set(string.ascii_letters + string.digits + "_@%+=:,./-")
        assert (content_script.unquotable({"VALUE": value}) == "") == harmless, value
