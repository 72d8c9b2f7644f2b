"""Calls of which nobody knows whether they happened: people are asked, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model
from tests.bot.run_stage import RunStage
from tests.bot.stage import words

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    real = made.call
    made.call = lambda body: model.Unknown("no trace") if body.lookup else real(body)  # type: ignore[method-assign]
    yield made
    made.close()


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
    assert "Word: ••" in seen
    assert "s3cr3t" not in seen
