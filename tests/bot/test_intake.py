"""However something is asked for, it goes one way: a line that is read once, and the gate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import model, policy
from bot.commands.line import tokenizer
from bot.policy import conditions, gate
from tests.bot.refusals import Play
from tests.bot.stage import PLATFORM, Stage

CLOSED = policy.Refusal("refused.here", {"command": "this one"})


def shut(facts: object) -> policy.Refusal:
    return CLOSED


@pytest.mark.parametrize(
    "text",
    [
        "restart web-01 reason=leak",
        "restrat web-01",
        "restart",
        "help restart",
        "approve 1",
        "approve 1?",
        "instances web-01",
        "@Bot restart web-01 --help",
        "",
    ],
)
def test_a_message_is_parsed_once(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, lines = Stage(tmp_path), list[str]()
    begin = tokenizer.Reader.__init__

    def counted(reader: tokenizer.Reader, line: str) -> None:
        lines.append(line)
        begin(reader, line)

    monkeypatch.setattr(tokenizer.Reader, "__init__", counted)
    stage.ask("alice", text)
    stage.close()
    assert lines.count(text) == (1 if text else 2)  # the word "help" stands for an empty line


def in_a_chat(play: Play) -> str:
    return play.writes("alice", "restart web-01")


def by_a_form(play: Play) -> str:
    return play.form()


def by_a_rule(play: Play) -> str:
    stage = play.stage
    values = {"emp_id": "E1", "role": "dev"}
    stage.submit(
        model.CommandRequested(
            "order:1",
            stage.clock.now(),
            "hire",
            "hr 1",
            "provision",
            values,
            "alice",
            "ops",
            PLATFORM,
        )
    )
    return play.told()


def once_more(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.stage.clock.advance(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "START", gate.Moment("start", (shut,)))
        play.clicks("bob")
        play.stage.work()
    return play.writes("alice", "revote 1")


@pytest.mark.parametrize("way", [in_a_chat, by_a_form, by_a_rule, once_more])
def test_whatever_is_asked_for_passes_the_gate(
    way: Callable[[Play], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play(tmp_path)
    asked: list[str] = []

    def once_closed(facts: conditions.Facts) -> policy.Refusal | None:
        asked.append(facts.command)
        return CLOSED if len(asked) == (2 if way is once_more else 1) else None

    moment = gate.Moment("ask", (once_closed, *policy.ASK.conditions))
    monkeypatch.setattr(policy, "ASK", moment)
    assert "this one" in way(play)
    play.close()
