"""Patterns with what RE2 has not: they mean what Python says, and never hold anybody up."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bot import model, policy, regexes, source, store
from bot.commands import parameters
from bot.model import ports
from bot.oos.parameters import arguments as oos
from bot.policy import screening
from tests.bot import rig
from tests.bot.oos import written

SLOW = r"(?=x)(x+x+)+y"
WALL = "x" * 60 + "!"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"(?<![\w-])prod", "on prod", True),
        (r"(?<![\w-])prod", "non-prod", False),
        (r"(\w)\1", "off", True),
        (r"(?=.*\d)(?=.*[a-z]).{8,}", "passw0rd\ud800", True),
        (r"a++b", "aab", True),
    ],
)
def test_what_re2_has_not_means_what_python_says(pattern: str, text: str, found: bool) -> None:
    regex = regexes.compiled(pattern)
    assert not regex.linear
    assert regex.why
    assert regex.search(text) is found


def test_a_pattern_that_never_ends_is_ended_and_remembered() -> None:
    regex = regexes.compiled(SLOW)
    with pytest.raises(regexes.TooSlow):
        regex.search(WALL)
    began = time.monotonic()
    with pytest.raises(regexes.TooSlow):
        regex.search(WALL)
    assert time.monotonic() - began < regexes.LIMIT / 2
    assert regex.search("xxy"), "after one that was ended, the next is judged as ever"


def test_a_process_whose_bot_was_killed_ends_by_itself() -> None:
    judge = Path(regexes.__file__).with_name("judge.py")
    question = json.dumps([SLOW, "search", WALL]).encode() + b"\n"
    process = subprocess.Popen([sys.executable, "-I", "-S", str(judge)], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(question)
    process.stdin.close()
    assert process.wait(60) < 0


def book(regex: regexes.Regex) -> policy.Book:
    pattern = policy.Pattern(regex, frozenset({"text"}), "refuse", "slow")
    return policy.Book({}, {}, {}, (), {}, patterns=(pattern,))


async def test_a_slow_pattern_holds_up_nobody_but_the_one_who_wrote_it(tmp_path: Path) -> None:
    rules, order = book(regexes.compiled(SLOW + "z")), list[str]()

    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        assert isinstance(event, model.MessageReceived)
        found = (
            screening.examine(rules, "restart", "text", event.text) if "x" in event.text else None
        )
        order.append(event.id)
        if found is not None and found.refusal is not None:
            return model.Decision(model.Receipt(found.refusal.key, "error"))
        return rig.decide(event, view, now)

    async with rig.running(tmp_path / "store.db", decide) as r:
        slow = r.engine.submit(rig.asked(1, WALL))
        others = [r.engine.submit(rig.asked(n)) for n in range(2, 12)]
        assert {receipt.tone for receipt in await asyncio.gather(*others)} == {"success"}
        assert not slow.done()
        assert (await asyncio.wait_for(slow, 30)).toast == "refused.unjudged_pattern"
        assert order[-1] == "ask-1"
        again = await r.engine.submit(rig.asked(1, WALL))
        assert again.duplicate
        assert order.count("ask-1") == 1


class Counted:
    """A quota that counts what is out."""

    def __init__(self) -> None:
        self.out = 0

    def room(self, rate_key: store.RateKey) -> store.Allowance:
        return store.Allowance(10)

    def take(self, rate_key: store.RateKey) -> None:
        self.out += 1

    def give_back(self, rate_key: store.RateKey) -> None:
        self.out -= 1


async def test_a_start_that_a_pattern_must_be_judged_for_waits_and_costs_nothing_twice(
    tmp_path: Path,
) -> None:
    """The last look before a start is taken where the writer must not wait, either."""
    step = model.Step(1, 0, "token", "batch", "cn-hangzhou", ("i-1",))
    regex, asked = regexes.compiled(SLOW + "?"), list[str]()

    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        made = rig.decide(event, view, now)
        starts = model.StartRun(1, rig.PLAN, "", step, "", {})
        extra = [model.NewEffect(f"run{n}", f"run{n}", starts, 1) for n in range(2)]
        return replace(made, effects=tuple(extra)) if made.request else made

    def judge(effect: model.StoredEffect, view: model.View, now: datetime) -> model.Refused | None:
        asked.append(effect.key)
        return model.Refused("no") if regex.search("xxx") and effect.key == "run1" else None

    quota = Counted()
    async with rig.running(tmp_path / "store.db", decide, judge=judge) as r:
        await r.engine.submit(rig.asked(1))
        claims = await asyncio.wait_for(r.engine.claim(quota), 30)
        assert [one.effect.key for one in claims.effects] == ["run0"]
        assert quota.out == 1
        assert asked == ["run0", "run0", "run1"]


async def test_what_waits_for_a_pattern_is_not_acknowledged_when_the_bot_stops(
    tmp_path: Path,
) -> None:
    rules = book(regexes.compiled(SLOW + "zz"))

    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        screening.examine(rules, "restart", "text", event.text)  # type: ignore[union-attr]
        return rig.decide(event, view, now)

    async with rig.running(tmp_path / "store.db", decide) as r:
        waiting = r.engine.submit(rig.asked(1, WALL))
    with pytest.raises(ports.Closed):
        await asyncio.wait_for(waiting, 30)


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [
        (r"^(?=.*[A-Z])(?=.*\d)\S{8,30}$", "Example-1234", "example-1234"),
        (r"(?i)web-\d+", "WEB-01", "web-01x"),
        (r"(a+)+", "a" * 400, "a" * 400 + "!"),
        (r"(?!x)(a+a+)+y", "aay", "a" * 60 + "!"),
    ],
)
def test_an_allowed_pattern_keeps_its_look_around_and_never_takes_long(
    pattern: str, fits: str, not_: str
) -> None:
    book = written.read(
        f"FormatVersion: OOS-2019-06-01\nParameters:\n  p: {{AllowedPattern: '{pattern}'}}\n"
        "Tasks: [{Name: a, Action: ACS::Pause}]\n"
    )
    assert oos.bind(book, {"p": fits}, {}) == {"p": fits}
    (problem,) = oos.bind(book, {"p": not_}, {})
    assert pattern in str(problem)


@pytest.mark.parametrize("pattern", [r"(a+)+", r"(?!x)(a+a+)+y"])
def test_a_word_of_a_command_never_takes_long(pattern: str) -> None:
    word = parameters.Pattern(pattern, "词", "a word")
    parameter = parameters.Parameter(
        "word", "word", True, None, ("词", "a word"), "aay", pattern=word
    )
    with pytest.raises(source.Invalid):
        parameters.value_of(parameter, "a" * 100 + "!")
