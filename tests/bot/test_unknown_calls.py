"""Calls of which nobody knows whether they happened: people are asked, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import words

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = without_traces(RunStage(tmp_path))
    yield made
    made.close()


def without_traces(made: RunStage) -> RunStage:
    """The far end cannot tell what became of a call."""
    real = made.call
    made.call = lambda body: model.Unknown("no trace") if body.lookup else real(body)  # type: ignore[method-assign]
    return made


def shown(effects: list[model.Effect]) -> str:
    """The newest card."""
    kinds = (model.ShowCard, model.UpdateCard)
    return words([effect.card for effect in effects if isinstance(effect, kinds)][-1])


def said(effects: list[model.Effect]) -> str:
    return "".join(words(effect.message) for effect in effects if isinstance(effect, model.Say))


def test_each_doubt_is_asked_about_by_itself_and_says_which_machine_it_is(stage: RunStage) -> None:
    happened: list[str] = []

    def touch(given: Any) -> Any:
        happened.append(given["InstanceId"])
        return model.Unknown("the connection broke") if len(happened) <= 2 else {}

    stage.apis["TouchInstance"] = touch
    stage.planned("alice", "fleet targets=web-01,web-02")
    stage.approve()
    assert "InstanceId: i-00000001" in shown(stage.work())
    stage.click("carol", 1, "skip", stage.request(1).code)
    assert "InstanceId: i-00000002" in shown(stage.work())
    stage.click("carol", 1, "retry", stage.request(1).code)
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    assert happened == ["i-00000001", "i-00000002", "i-00000002"]


def test_a_doubt_never_shows_a_hidden_value(stage: RunStage) -> None:
    stage.apis["ActNow"] = lambda given: model.Unknown("the connection broke")
    stage.planned("alice", "gate password=s3cr3t-w0rd")
    for who in ("bob", "bob", "carol"):
        stage.approve(who)
        effects = stage.work()
    assert stage.request(1).state is State.WAITING
    seen = said(effects) + shown(effects)
    assert "Password: ••" in seen
    assert "s3cr3t" not in seen


@pytest.mark.parametrize("word", ["retry", "skip"])
def test_a_doubt_takes_as_many_people_as_the_run(tmp_path: Path, word: str) -> None:
    rules = {**run_stage.book().commands, "fleet": policy.CommandRule("two", "high")}
    stage = without_traces(RunStage(tmp_path, run_stage.book(commands=rules)))
    tries: list[str] = []

    def touch(given: Any) -> Any:
        tries.append(given["InstanceId"])
        return model.Unknown("the connection broke") if len(tries) == 1 else {}

    stage.apis["TouchInstance"] = touch
    stage.planned("alice", "fleet targets=web-01")
    for who in ("bob", "carol"):
        stage.approve(who)
    stage.work()
    code = stage.request(1).code
    assert "1" in stage.click("erin", 1, word, code).toast
    assert "Erin said " + word in shown(stage.work())
    for who, other in (("erin", word), ("alice", word), ("dave", word)):
        assert stage.click(who, 1, other, code).tone == "warning"
    assert stage.request(1).state is State.WAITING
    assert len(tries) == 1
    stage.click("bob", 1, "skip" if word == "retry" else "retry", code)
    stage.work()
    assert stage.request(1).state is State.WAITING, "votes for each word count by themselves"
    stage.click("carol", 1, word, code)
    effects = stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    assert len(tries) == (2 if word == "retry" else 1)
    assert f"Erin (said {word})" in said(effects)
    stage.close()
