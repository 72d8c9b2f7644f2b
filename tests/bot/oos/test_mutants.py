"""A mistake anywhere in a template is refused before its first run: each part of a good one is
spoiled in turn, and whatever is still taken is here with the reason."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from adapters.aliyun import models
from bot.oos.check import validate
from bot.oos.template import library, parse
from tests.bot.oos import outside, written

CHILD = """\
FormatVersion: OOS-2019-06-01
Parameters:
  count: {Type: Number, MinValue: 1}
  who: {Type: String, AllowedPattern: '[a-z]+', Default: x}
  many: {Type: List, Default: []}
  live: {Type: Boolean, Default: false}
Tasks:
  - {Name: a, Action: ACS::Sleep, Properties: {Duration: 1s}}
"""
MORE = """\
FormatVersion: OOS-2019-06-01
Parameters:
  size: {Type: Number, Default: 3, MinValue: 1, MaxValue: 9}
  flag: {Type: Boolean, Default: true}
  name: {Type: String, AllowedPattern: '[a-z]{1,8}', Default: abc, MinLength: 1, MaxLength: 8}
  ids: {Type: List, Default: [i-1]}
  pick: {Type: String, AllowedValues: [a, b], Default: a}
Conditions:
  isOn: {'Fn::Equals': ['{{ flag }}', true]}
Tasks:
  - Name: ask
    Action: ACS::Approve
    Properties:
      Approvers: [ann, ben]
      MinRequiredApprovals: 2
      NotifyType: WebHook
      WebHook: {URI: 'https://example.com', Headers: {A: b}, Content: {msgtype: text}}
  - Name: look
    Action: ACS::ExecuteAPI
    When: '{{ flag }}'
    Properties:
      Service: ECS
      API: DescribeInstances
      AutoPaging: true
      RegionId: cn-hangzhou
      Parameters: {InstanceIds: '{{ ids }}', PageSize: 50}
    Outputs:
      states: {Type: List, ValueSelector: 'Instances.Instance[].Status'}
      first: {Type: String, ValueSelector: 'Instances.Instance[0].Status'}
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: check
      Choices:
        - {When: isOn, NextTask: check}
        - {When: {'Fn::Equals': ['{{ look.first }}', Running]}, NextTask: 'ACS::END'}
  - Name: check
    Action: ACS::CheckFor
    OnError: nap
    OnSuccess: ACS::NEXT
    Properties:
      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: '{{ ids }}'}
      PropertySelector: Instances.Instance[].Status
      NotDesiredValues: [Stopped]
  - Name: sub
    Action: ACS::Template
    Properties:
      TemplateName: child
      Parameters: {count: 2, who: abc, many: [1], live: true}
    Loop:
      Items: '{{ ids }}'
      RateControl: {Mode: Concurrency, Concurrency: 2, MaxErrors: 1}
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 3s}
  - Name: hold
    Action: ACS::Pause
  - Name: reboot
    Action: ACS::ECS::RebootInstance
    Properties: {instanceId: {'Fn::Select': [0, ['{{ name }}', b]]}}
    Loop: {Items: ['{{ name }}', b]}
Outputs:
  joined: {Type: String, Value: {'Fn::Join': [',', '{{ look.states }}']}}
  picked: {Type: String, Value: {'Fn::Select': [1, [a, b]]}}
  at: {Type: String, Value: {'Fn::FormatUTCTime': ['2026-01-01T00:00:00Z', '%Y']}}
"""
CHILD_READ = parse.parse(CHILD, "child", "child.yml")
MODELS = models.Models()
JUNK = [7, "junk", True, {"junk": 1}, ["junk"], "{{ junk }}"]
TAKEN = {
    r"Parameters\.(size|pick): renamed": "nothing refers to it",
    r"(Conditions|Tasks)\..*Fn::Equals\.\d: (?!.*\{\{)": "anything may be compared",
    r"Parameters\.pick\.AllowedValues\.1:": "a text that may be picked",
    r"Tasks\.0\.Properties\.Approvers: \"junk\"": "one RAM user",
    r"Tasks\.1\.When: true": "a condition",
    r"Tasks\.(4\.Properties\.Parameters|7\.Properties): ": "bot.oos.check.unsupported refuses it",
    r"Tasks\.4\.Properties\.Parameters\.(many|live): renamed": "so is this",
    r"Tasks\.\d\.Name: \"junk\"": "nothing refers to it",
    r"Tasks\.0\.Properties\.Approvers\.\d: \"junk\"": "a RAM user",
    r"Tasks\.0\.Properties\.WebHook\.(Headers|Content)\.\w+: (?!.*\{\{)": "sent as it is",
    r"Tasks\.\d\.Properties\.Service: \"junk\"": "a product that no SDK here knows",
    r"Tasks\.\d\..*Selector: \"junk\"": "a path of jq",
    r"Tasks\.2\.Properties\.Choices\.\d\.When: true": "a condition",
    r"Tasks\.3\.Properties\.NotDesiredValues(\.0)?: (?!.*\{\{)": "any value may be unwanted",
    r"Tasks\.\d\.Loop\.Items: \[": "any list may be gone through",
    r"Tasks\.\d\.Loop\.Items\.\d: (?!.*\{\{)": "so may any item",
    r"Tasks\.5\.Properties\.Duration: 7": "seconds",
    r"Tasks\.4\.Properties\.Parameters\.(many|live)": "a List of anything",
    r"Tasks\.4\.Properties\.Parameters\.(count: 7|who: (\"junk\"|true))": "it fits",
    r"Tasks\..*(Concurrency|MaxErrors): 7": "a number",
    r"Tasks\.7\.Properties\.instanceId: (7|true|\"junk\")": "a text",
    r"Tasks\.7\.Properties\.instanceId\.Fn::Select\.(1|1\.\d): (?!.*\{\{)": "a list of anything",
    r"Tasks\.[13]\.Properties\.(RegionId|Parameters\.\w+): (?!.*\{\{)": "a text to the API",
    r"Tasks\.[0-3]\.Properties\.(MinRequiredApprovals|WebHook|NotifyType).*": "known in the run",
    r"Parameters\.(?!pick).*: (?!.*\{\{)": "it fits its type",
    r"Outputs\..*: (?!.*\{\{)": "anything may be told",
    r"Outputs\.\w+: renamed": "a name",
}
"""What of a template may be like this, by a pattern over ``path: value``, and why."""


def good(root: Any) -> bool:
    template, faults = parse.recovered(json.dumps(root), "t", "t")
    if template is None or faults:
        return False
    known = library.joined({"child": CHILD_READ, "t": template})
    return not validate.validate(template, known, models=MODELS)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key in value if isinstance(value, dict) else range(len(value)):
        yield (*at, key)
        if isinstance(value[key], dict | list):
            yield from paths(value[key], (*at, key))


def mutants(root: Any) -> Iterator[tuple[str, Any]]:
    for path in paths(root):
        name = ".".join(map(str, path))
        for junk in [*JUNK, None]:
            made = copy.deepcopy(root)
            around = made
            for key in path[:-1]:
                around = around[key]
            if junk is None and isinstance(path[-1], str):
                around[f"{path[-1]}q"] = around.pop(path[-1])
                yield f"{name}: renamed", made
            elif junk is not None and around[path[-1]] != junk:
                around[path[-1]] = junk
                yield f"{name}: {json.dumps(junk)}", made


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_what_is_spoiled_is_refused(step: int) -> None:
    root = yaml.safe_load(MORE)
    assert good(root)
    made, taken = 0, []
    for name, mutant in itertools.islice(mutants(root), None, None, step):
        made += 1
        if good(mutant):
            taken.append(name)
    unexplained = [name for name in taken if not any(re.match(one, name) for one in TAKEN)]
    assert unexplained == [], unexplained
    assert made > 800 / step
    assert len(taken) < made / 4


def task(action: str, rest: str) -> str:
    return written.tasks(f"  - Name: a\n    Action: {action}\n    {rest}\n", PARAMETERS)


PARAMETERS = (
    "  n: {Type: Number, Default: 1}\n  many: {Type: List, Default: [1]}\n"
    "  on: {Type: Boolean, Default: true}\n"
)
WAIT = "Properties: {Service: x, API: DescribeX, PropertySelector: .a, %s}"
ASK = "Properties: {Approvers: [ann, ann@corp.onaliyun.com, ben], MinRequiredApprovals: %s}"


@pytest.mark.parametrize(
    ("action", "rest", "says"),
    [
        ("ACS::WaitFor", WAIT % "StopRetryValues: [x]", "needs `DesiredValues` or"),
        ("ACS::CheckFor", WAIT % "NotDesiredValues: []", "expected at least one value"),
        ("ACS::WaitFor", WAIT % "DesiredValues: []", "expected at least one value"),
        ("ACS::WaitFor", WAIT % "DesiredValues: ~", "expected at least one value"),
        ("ACS::Approve", ASK % "two", "expected a number from 1, found `two`"),
        ("ACS::Approve", ASK % "0", "expected a number from 1, found `0`"),
        ("ACS::Approve", ASK % "-1", "expected a number from 1, found `-1`"),
        ("ACS::Approve", ASK % "true", "expected a number from 1, found `True`"),
        ("ACS::Approve", ASK % "3", "3 approvals are needed, and 2 may approve: `ann` or `ben`"),
        ("ACS::Pause", "When: 7", "When: expected true or false"),
        ("ACS::Pause", "When: maybe", "unknown condition `maybe`"),
        ("ACS::Pause", "When: ''", "found an empty text"),
        ("ACS::Pause", "When: '{{ n }}'", "`{{ n }}` is a Number"),
        ("ACS::Pause", "When: '{{ n }} == 1'", "compare with Fn::Equals"),
        ("ACS::Pause", "When: {'Fn::Split': [',', 'a,b']}", "what Fn::Split gives is a List"),
        ("ACS::Notify", "Properties: {NotifyType: WebHook}", "give the WebHook with its URI"),
        ("ACS::Notify", "Properties: {WebHook: {URI: 7}}", "expected an address"),
        (
            "ACS::ECS::RebootInstance",
            "Properties: {instanceId: i-1}\n    Loop: {Items: '{{ n }}'}",
            "Items: expected a List or a Json or a String; `{{ n }}` is a Number",
        ),
        (
            "ACS::ECS::RebootInstance",
            "Properties: {instanceId: {'Fn::Select': [2, ['{{ n }}', b]]}}",
            "there is no item 2 in a List of 2",
        ),
        (
            "ACS::ECS::RebootInstance",
            "Properties: {instanceId: {'Fn::Base64Decode': '*'}}",
            "expected Base64 text",
        ),
    ],
)
def test_what_would_do_nothing_or_fail_is_said_at_load(action: str, rest: str, says: str) -> None:
    found = written.checked(task(action, rest), known_templates=library.shipped())
    assert len(found) == 1, found
    assert says in found[0]


@pytest.mark.parametrize(
    ("parameter", "says"),
    [
        ("{Type: String, AllowedPattern: '[a-z]+', Default: A1}", "does not match"),
        ("{Type: String, MaxLength: 2, Default: abc}", "longer than its MaxLength"),
        ("{Type: String, MinLength: 4, Default: abc}", "shorter than its MinLength"),
        ("{Type: String, NoEcho: true, MaxLength: 2, Default: hush}", "its Default is longer"),
    ],
)
def test_a_default_that_breaks_its_own_rules(parameter: str, says: str) -> None:
    text = written.tasks("  - {Name: a, Action: ACS::Pause}\n", f"  p: {parameter}\n")
    [found] = written.checked(text)
    assert says in found
    assert "hush" not in found


@pytest.mark.parametrize("value", ["7", "maybe", "[true]"])
def test_a_condition_that_turns_out_to_be_none_fails_its_task(value: str) -> None:
    """It is not skipped in silence, as if it had been false."""
    text = f"""
Parameters: {{x: {{Type: Json, Default: {value}}}}}
Tasks: [{{Name: a, Action: ACS::Pause, When: '{{{{ x }}}}'}}]
"""
    end = outside.Outside(text).end()
    assert end.status == "Failed"
    assert "true or false" in str(end.error)
