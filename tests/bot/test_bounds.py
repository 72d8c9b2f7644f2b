"""The limits of a command hold for the calls that its run makes, whatever found the instances."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import deployment, model
from bot.commands import registry
from bot.core import bounds, call_limits, decision
from bot.policy import limits
from tests.bot import rig
from tests.bot.bounds_stage import FLEET, FleetStage
from tests.bot.stage import START, actions, book, said, words

State = model.State
SELECT = """FormatVersion: OOS-2019-06-01
Parameters:
  tag: {Type: String, Default: env=prod}
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: [{Type: Tags, Tags: [{Key: env, Value: '{{ tag }}'}]}]
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
  - Name: drop
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: DeleteInstance
      Parameters: {InstanceId: '{{ ACS::TaskLoopItem }}'}
    Loop:
      Items: '{{ find.ids }}'
      RateControl: {Mode: Concurrency, Concurrency: 3, MaxErrors: 0}
"""
NAMED = """FormatVersion: OOS-2019-06-01
Parameters:
  what: {Type: String}
  secret: {Type: String, NoEcho: true, Default: ''}
Tasks:
  - Name: drop
    Action: ACS::ExecuteAPI
    OnError: tidy
    Properties: {Service: ECS, API: DeleteInstances, Parameters: {InstanceId: ['{{ what }}']}}
  - Name: quiet
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: ModifyInstanceAttribute
      Parameters: {InstanceId: i-00000001, Password: '{{ secret }}'}
  - Name: done
    Action: ACS::Sleep
    Properties: {Duration: PT1S}
    OnSuccess: ACS::END
  - Name: tidy
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StartInstance, Parameters: {InstanceId: i-00000001}}
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., FleetStage]]:
    made: list[FleetStage] = []

    def make(template: str = SELECT, **rule: Any) -> FleetStage:
        stage = FleetStage(tmp_path / str(len(made)), template, **rule)
        made.append(stage)
        return stage

    (tmp_path / "0").mkdir()
    (tmp_path / "1").mkdir()
    yield make
    for stage in made:
        stage.close()


def ran(stage: FleetStage, text: str = "all") -> list[str]:
    """Ask, approve, and let it run to its end: what was said."""
    request = stage.planned("alice", text)
    stage.approve(number=request.id)
    told = said(stage.work())
    for _ in range(20):
        if stage.request(request.id).state.final:
            break
        stage.tick(10)
        told += said(stage.work())
    assert stage.request(request.id).state.final
    return told


# ----------------------------------------------------------------------------- found in the run


@pytest.mark.parametrize("told", [True, False], ids=["named", "nameless"])
def test_what_a_template_selects_while_it_runs_is_held_to_the_limits(
    make: Callable[..., FleetStage], told: bool
) -> None:
    stage = make(allowed_targets=("web-01",), most_targets=1)
    stage.told = told
    text = ran(stage)
    assert stage.changed() == ["{'InstanceId': 'i-00000001'}"]
    assert stage.request(1).state is State.FAILED
    assert any("web-02" in one and "allowed_targets" in one for one in text), "\n".join(text)
    assert "call.refused" in actions(stage)
    assert bool(stage.looks) is not told, "a name that nobody told is looked up"


def test_most_targets_counts_over_the_whole_run(make: Callable[..., FleetStage]) -> None:
    stage = make(most_targets=5)
    text = ran(stage)
    assert len(set(stage.changed())) == 5
    assert any("more than 5" in one for one in text)


def test_what_is_allowed_runs_as_ever(make: Callable[..., FleetStage]) -> None:
    stage = make(allowed_targets=("web-*", "db-*"))
    ran(stage)
    assert stage.request(1).state is State.SUCCEEDED
    assert len(set(stage.changed())) == len(FLEET)


# ----------------------------------------------------------------------------- named by a value


@pytest.mark.parametrize(
    "text",
    ["all what=i-00000030", "all what=i-00000001 secret=i-00000030"],
    ids=["text", "hidden"],
)
def test_a_value_that_names_an_instance_out_of_bounds_is_refused_before_the_vote(
    make: Callable[..., FleetStage], text: str
) -> None:
    stage = make(NAMED, allowed_targets=("i-00000001",))
    told = stage.planned_or_said("alice", text)
    assert isinstance(told, str)
    assert "i-00000030" not in told or "secret" not in text
    assert stage.changed() == []


def test_clean_up_within_the_limits_still_runs(make: Callable[..., FleetStage]) -> None:
    template = NAMED.replace("['{{ what }}']", "[i-00000030]")
    stage = make(template, allowed_targets=("i-00000001",))
    ran(stage, "all what=x")
    assert stage.changed() == ["{'InstanceId': 'i-00000001'}"]
    assert stage.made("StartInstance")


@pytest.mark.parametrize(
    "parameters",
    [
        '{InstanceIds: \'["i-00000001", "i-00000030"]\'}',
        "{InstanceId.1: i-00000001, InstanceId.2: i-00000030}",
        "{instanceid: i-00000001, InstanceID: i-00000030}",
        "{InstanceId: i-00000001, CommandContent: 'drop i-00000030'}",
        "{InstanceId: i-00000001, More: {deep: [{Which: 'arn:instance/i-00000030'}]}}",
        "{InstanceId: 'i-00000001,i-00000030'}",
    ],
)
def test_an_instance_is_found_wherever_it_is_named(
    make: Callable[..., FleetStage], parameters: str
) -> None:
    call = NAMED.replace("{InstanceId: ['{{ what }}']}", parameters)
    stage = make(call, allowed_targets=("i-00000001",))
    ran(stage, "all what=x")
    assert stage.made("DeleteInstances") == []


# ----------------------------------------------------------------------------- cannot be judged


UNJUDGED = NAMED.replace("DeleteInstances, Parameters: {InstanceId: ['{{ what }}']}", "{}")


@pytest.mark.parametrize(
    "call",
    [
        "RunInstances, Parameters: {Amount: 40, ImageId: m-1}",
        "DeleteDisk, Parameters: {DiskId: d-1}",
        "RunCommand, Parameters: {InstanceId: [i-00000001], ResourceTag: [{Key: env}]}",
    ],
)
def test_what_cannot_be_judged_needs_a_setting_that_says_so(
    make: Callable[..., FleetStage], call: str
) -> None:
    template = UNJUDGED.replace("{}", call)
    told = make(template, allowed_targets=("i-00000001",)).planned_or_said("alice", "all what=x")
    assert "unjudged_calls" in str(told)
    stage = make(template, allowed_targets=("i-00000001",), unjudged_calls="allow")
    request = stage.planned("alice", "all what=x")
    card = words(run_card(stage, request))
    assert "calls that name no instance are made, too" in card
    stage.approve(number=request.id)
    stage.work()
    assert stage.changed()


def run_card(stage: FleetStage, request: model.Request) -> model.Card:
    from bot import cards

    return cards.request_card(stage.deployment, request)


def test_the_setting_also_refuses_where_every_instance_is_allowed(
    make: Callable[..., FleetStage],
) -> None:
    template = UNJUDGED.replace("{}", "RunInstances, Parameters: {Amount: 40}")
    stage = make(template, unjudged_calls="refuse")
    assert "unjudged_calls" in str(stage.planned_or_said("alice", "all what=x"))
    assert isinstance(make(template).planned_or_said("alice", "all what=x"), model.Request)


# ----------------------------------------------------------------------------- at the claim


@pytest.mark.parametrize("told", [True, False], ids=["named", "nameless"])
def test_a_limit_that_was_narrowed_after_the_vote_holds_at_the_claim(
    make: Callable[..., FleetStage], told: bool
) -> None:
    stage = make()
    stage.told = told
    request = stage.planned("alice", "all")
    stage.approve(number=request.id)
    [find] = stage.held()
    rules = dict(stage.deployment.book.commands)
    rules["all"] = dataclasses.replace(rules["all"], allowed_targets=("web-01",))
    book = dataclasses.replace(stage.deployment.book, commands=rules)
    stage.deployment = dataclasses.replace(stage.deployment, book=book)
    stage.settle(find, stage.answer(find))
    stage.work()
    assert stage.changed() == ["{'InstanceId': 'i-00000001'}"]


# ----------------------------------------------------------------------------- pure


def api(name: str, parameters: Any = None, **more: Any) -> model.calls.Api:
    fields = {"service": "ECS", "region": "", **more}
    return model.calls.Api(api=name, parameters=parameters or {}, **fields)


def refusal(call: model.calls.Api, names: dict[str, str], *of: limits.Bounds) -> str:
    """The key of why a call may not be made within these limits; "": it may."""
    view = model.View(1, 0, "store")
    view = dataclasses.replace(view, request=rig.new_request(view, rig.asked(1), START))
    company = deployment.Deployment(book(), registry.Catalog({}))
    builder = decision.DecisionBuilder(company, view, START)
    if not bounds.changes(call):
        return ""
    facts = bounds.calling_of(builder, call, bounds.aim_of(call), of, names, ())
    answer = call_limits.refusal_of(facts)
    return answer.key if answer else ""


def test_reads_are_free_and_a_path_that_is_written_to_is_no_read() -> None:
    narrow = limits.Bounds(("web-01",), 1, "refuse")
    read = api("DescribeInstances", {"InstanceIds": json.dumps(list(FLEET))})
    assert refusal(read, {}, narrow) == ""
    written = api("GetCluster", uri="/clusters/c-1", method="DELETE", service="CS")
    assert refusal(written, {}, narrow) == "bounds.unjudged"


def test_only_the_platform_says_what_an_instance_is_called() -> None:
    answer = {"Instances": {"Instance": [{"InstanceId": "i-00000030", "InstanceName": "web-01"}]}}
    asked = api("DescribeInstances")
    assert bounds.names_in(asked, answer) == {"i-00000030": "web-01"}
    for other in (
        dataclasses.replace(asked, endpoint="other.aliyuncs.example"),
        dataclasses.replace(asked, service="VPC"),
        dataclasses.replace(asked, api="DescribeTags"),
    ):
        assert bounds.names_in(other, answer) == {}


def test_limits_that_were_voted_on_hold_beside_those_of_now() -> None:
    narrow, wide = limits.Bounds(("web-01",), 1, "refuse"), limits.Bounds()
    call = api("StopInstance", {"InstanceId": "i-00000002"})
    names = {"i-00000002": "web-02"}
    assert refusal(call, names, wide) == ""
    assert refusal(call, names, wide, narrow) == "bounds.outside"
    assert refusal(call, {}, narrow) == "bounds.unknown"
    assert refusal(call, {}, limits.Bounds(most=0)) == "bounds.most"
