"""What must never happen to a template's run: what was not approved, twice, lost, or told wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model
from tests.bot.run_stage import RunStage
from tests.bot.stage import words

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def said(effects: list[model.Effect]) -> str:
    return "\n".join(words(each.message) for each in effects if isinstance(each, model.Say))


# ----------------------------------------------------------------------------- targets


def test_each_parameter_of_instances_is_frozen_to_its_own(stage: RunStage) -> None:
    request = stage.planned("alice", "swap first=web-02 second=web-03,web-01")
    assert request.plan is not None
    values = request.plan.parameters
    assert values["first"]["ResourceIds"] == ["i-00000002"]
    assert [each["ResourceIds"] for each in values["second"]] == [["i-00000003", "i-00000001"]]
    stage.approve()
    stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    assert stage.made("SwapNow")[0]["From"] == values["first"]
