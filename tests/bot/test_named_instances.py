"""Instances that are named outside of the parameters for targets are judged by what they are
called, as targets are: before the vote, and again when it starts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy
from tests.bot import run_stage
from tests.bot.stage import cards, said, words
from tests.bot.test_runs_safely import EITHER

State = model.State
ALONE = """
FormatVersion: OOS-2019-06-01
Parameters:
  other: {Type: String}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: TouchInstance, Parameters: {InstanceId: '{{ other }}'}}
"""


def made(folder: Path, allowed: tuple[str, ...], **rule: Any) -> run_stage.RunStage:
    rules = run_stage.book().commands | {
        name: policy.CommandRule("any", "high", allowed_targets=allowed, **rule)
        for name in ("either", "alone")
    }
    book = run_stage.book(commands=rules)
    return run_stage.RunStage(folder, book, {"either": EITHER, "alone": ALONE})


def narrowed(stage: run_stage.RunStage, **changes: Any) -> None:
    """The configuration as it is changed after the vote."""
    rules = {
        name: dataclasses.replace(rule, **changes) if name in ("either", "alone") else rule
        for name, rule in stage.deployment.book.commands.items()
    }
    book = dataclasses.replace(stage.deployment.book, commands=rules)
    stage.deployment = dataclasses.replace(stage.deployment, book=book)


BOTH = pytest.mark.parametrize("engine", ["", "oos"])
TEXTS = pytest.mark.parametrize(
    "text",
    [
        "either targets=web-01 other=i-00000002",
        'either targets=web-01 other=\'["i-00000002", "i-00000003"]\'',
        "either targets=web-02 other=i-00000002",
        "alone other=i-00000002",
    ],
)


@BOTH
@TEXTS
def test_an_id_whose_name_may_be_touched_is_put_to_the_vote(
    tmp_path: Path, engine: Any, text: str
) -> None:
    stage = made(tmp_path, ("web-*",), engine=engine, unjudged_calls="allow")
    request = stage.planned("alice", text)
    assert request.plan is not None
    assert "i-00000002" in [one.id for one in request.plan.mentions]
    stage.close()


@BOTH
def test_the_card_says_what_it_is_called(tmp_path: Path, engine: Any) -> None:
    stage = made(tmp_path, ("web-*",), engine=engine, unjudged_calls="allow")
    stage.ask("alice", "either targets=web-01 other=i-00000002")
    [card] = cards(stage.work())
    assert "web-02 (i-00000002)" in words(card)
    stage.close()


@BOTH
@TEXTS
def test_an_id_whose_name_may_not_be_touched_is_refused(
    tmp_path: Path, engine: Any, text: str
) -> None:
    stage = made(tmp_path, ("web-01",), engine=engine, unjudged_calls="allow")
    heard = stage.planned_or_said("alice", text)
    assert isinstance(heard, str)
    assert "not allowed on web-0" in heard
    assert stage.calls == []
    stage.close()


def test_an_id_that_nobody_has_is_refused(tmp_path: Path) -> None:
    stage = made(tmp_path, ("web-*",), unjudged_calls="allow")
    heard = stage.planned_or_said("alice", "either targets=web-01 other=i-99999999")
    assert isinstance(heard, str)
    assert "i-99999999" in heard
    stage.close()


@BOTH
@pytest.mark.parametrize("voted", [True, False])
@pytest.mark.parametrize(
    "text", ["either targets=web-01 other=i-00000002", "alone other=i-00000002"]
)
def test_it_is_judged_again_by_the_file_of_the_moment_when_it_starts(
    tmp_path: Path, engine: Any, text: str, voted: bool
) -> None:
    stage = made(tmp_path, ("web-*",), engine=engine, unjudged_calls="allow")
    request = stage.planned("alice", text)
    if voted:
        stage.approve("bob", request.id)
    narrowed(stage, allowed_targets=("web-01",))
    if not voted:
        assert "not allowed on web-02" in stage.approve("bob", request.id).toast
    done = stage.work()
    assert stage.request(request.id).state is (State.NOT_STARTED if voted else State.PENDING)
    assert stage.made("ActNow") == stage.made("TouchInstance") == []
    assert not [one for one in done if isinstance(one, model.StartRun)]
    assert any("not allowed on web-02" in one for one in said(done)) is voted
    stage.close()


def test_it_runs_when_it_was_approved(tmp_path: Path) -> None:
    stage = made(tmp_path, ("web-*",))
    request = stage.planned("alice", "alone other=i-00000002")
    stage.approve("bob", request.id)
    stage.work()
    assert stage.made("TouchInstance") == [{"InstanceId": "i-00000002"}]
    assert stage.request(request.id).state is State.SUCCEEDED
    stage.close()
