"""Calls whose names sound as if they only read, and that change something all the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, policy
from bot.oos.engine import calls
from tests.bot import run_stage

RELEASE = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties:
      Service: CS
      API: QueryCluster
      Version: '2015-12-15'
      Method: METHOD
      URI: /clusters/c1
"""


class Stage(run_stage.RunStage):
    def __init__(self, folder: Path, method: str) -> None:
        commands = {"release": policy.CommandRule("any", "high")}
        templates = {"release": RELEASE.replace("METHOD", method)}
        super().__init__(folder, run_stage.book(commands=commands), templates)


@pytest.fixture(params=["DELETE", "put", " POST"])
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    made = Stage(tmp_path, repr(request.param))
    yield made
    made.close()


def test_what_is_written_to_a_path_is_not_repeated_on_a_guess_whatever_its_name(
    stage: Stage,
) -> None:
    stage.apis["QueryCluster"] = lambda given: model.Unknown("the connection broke")
    stage.planned("alice", "release")
    stage.approve()
    stage.work()
    stage.tick(3600)
    stage.work()
    assert len(stage.made("QueryCluster")) == 1
    asks = stage.request(1).ballot
    assert asks is not None
    assert asks.kind == "unknown"


def test_what_is_written_to_a_path_is_judged_again_when_it_is_to_be_made(stage: Stage) -> None:
    """An approver who was removed between the vote and the call."""
    stage.planned("alice", "release")
    stage.approve()
    book = stage.deployment.book
    policies = {**book.policies, "any": dataclasses.replace(book.policies["any"], approvers=())}
    stage.deployment = dataclasses.replace(
        stage.deployment, book=dataclasses.replace(book, policies=policies)
    )
    stage.work()
    assert stage.made("QueryCluster") == []
    assert stage.request(1).state is model.State.NOT_STARTED


@pytest.mark.parametrize(
    ("api", "uri", "method", "only"),
    [
        ("DescribeInstances", "", "", True),
        ("describeInstances", "", "POST", True),
        ("ListClusters", "/clusters", "get", True),
        ("ListClusters", "/clusters", "", True),
        ("Get", "/clusters", "HEAD", True),
        ("ListClusters", "/clusters", "POST", False),
        ("DescribeCluster", "/clusters/c1", "PATCH", False),
        ("CheckoutBranch", "", "", False),
        ("Listen", "", "", False),
        ("Getaway", "", "", False),
        ("LISTEN", "", "", False),
    ],
)
def test_a_call_reads_by_whole_words_and_by_its_method(
    api: str, uri: str, method: str, only: bool
) -> None:
    assert calls.reads(api, uri, method) is only


OFTEN = """
FormatVersion: OOS-2019-06-01
Parameters:
  times: {Type: Number, Default: 7}
Tasks:
  - Name: act
    Action: ACTION
    Retries: '{{ times }}'
    Delay: 30
    DelayType: Exponential
    Properties:
      Service: ECS
      API: NAME
      Parameters: {InstanceId: '{{ ACS::TaskLoopItem }}'}
      PropertySelector: .Answer
      DesiredValues: [ok]
    Loop: {Items: [i-00000001, i-00000002]}
"""


def often(action: str, api: str) -> str:
    found = OFTEN.replace("ACTION", action).replace("NAME", api)
    if action == "ACS::ExecuteAPI":
        found = found.replace("      PropertySelector: .Answer\n      DesiredValues: [ok]\n", "")
    return found


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize(
    ("action", "api", "repeats"),
    [
        ("ACS::ExecuteAPI", "RebootInstance", False),
        ("ACS::WaitFor", "RebootInstance", True),
        ("ACS::WaitFor", "DescribeInstances", False),
        ("ACS::CheckFor", "RebootInstance", False),
    ],
)
def test_how_often_a_call_is_made_stands_in_the_plan(
    tmp_path: Path, action: str, api: str, repeats: bool, locale: str
) -> None:
    group = policy.Group(run_stage.stage.PLATFORM, run_stage.stage.CHAT, "ops", locale)
    commands = {"often": policy.CommandRule("any", "high")}
    book = run_stage.book(commands=commands, groups=(group,), locale=locale)
    stage = run_stage.RunStage(tmp_path, book, {"often": often(action, api)})
    try:
        plan = stage.planned("alice", "often").plan
        assert plan is not None
        assert "Retries: 7, Delay: 30, DelayType: Exponential" in plan.preview
        warned = "again and again" in plan.preview or "一再调用" in plan.preview
        assert warned is repeats
    finally:
        stage.close()


def test_a_canary_holds_for_a_loop_that_waits_by_a_call_that_changes(tmp_path: Path) -> None:
    canary = dataclasses.replace(run_stage.book().policies["any"], canary=1)
    commands = {"often": policy.CommandRule("any", "high")}
    book = run_stage.book(commands=commands, policies={"any": canary})
    stage = run_stage.RunStage(tmp_path, book, {"often": often("ACS::WaitFor", "RebootInstance")})
    try:
        stage.apis["RebootInstance"] = lambda given: {"Answer": "ok"}
        stage.planned("alice", "often")
        stage.approve()
        stage.work()
        assert stage.made("RebootInstance") == [{"InstanceId": "i-00000001"}]
    finally:
        stage.close()
