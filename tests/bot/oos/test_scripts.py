"""A jq script that is computed runs, and no value that is filled in becomes a part of it."""

from __future__ import annotations

from typing import Any

import pytest

from bot import source
from bot.oos.engine import journal
from bot.oos.expr import expressions, selectors
from tests.bot.oos import outside, written

HOSTILE = ['" | env, "', '${b}"}', "{{ secret }}", "\\(env)", '"], error("x"), ["', "\n# \\"]


def first(script: Any, document: Any, /, **parameters: Any) -> Any:
    scope = expressions.Scope(parameters)
    return selectors.select(expressions.bind(script, scope), document)[0]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "script",
    [
        {"Fn::Sub": ['.|{"who": "${who}", "what": .a}', {"who": "{{ value }}"}]},
        {
            "Fn::Sub": [
                '{who: "${who}", what: .a}',
                {"who": {"Fn::Select": [0, ["{{ value }}"]]}},
            ]
        },
        {"Fn::Join": ["", ['{"who": "', "{{ value }}", '", "what": .a}']]},
        {
            "Fn::If": [
                "{{ no }}",
                ".",
                {"Fn::Join": ["", ['{"who": "', "{{value}}", '", what: .a}']]},
            ]
        },
        '{"who": "{{ value }}", "what": .a}',
    ],
)
def test_values_are_data_in_a_computed_script(script: Any, value: str) -> None:
    assert first(script, {"a": 1}, value=value, no=False) == {"who": value, "what": 1}


def test_a_whole_script_may_be_a_value() -> None:
    """The collection that Alibaba publishes has scripts as parameters."""
    picked = {"Fn::Jq": ["First", ".[1]", "{{ scripts }}"]}
    assert first(picked, {"a": 1, "b": 2}, scripts=[".a", ".b"]) == 2
    assert first("{{ script }}", {"b": 2}, script="b") == 2
    number = {"Fn::Jq": ["First", ".id | tostring", {"id": 12}]}
    assert first(number, {"b": 2}) == 12
    nested = {"Fn::Jq": ["First", {"Fn::Jq": ["First", ".[0]", "{{ scripts }}"]}, {"a": 7}]}
    assert expressions.evaluate(nested, expressions.Scope({"scripts": [".a"]})) == 7


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("env", "env is not available"),
        ("{{ secret }}", "references that were not looked up"),
        (".[", "does not compile"),
        (["."], "expected a jq script, got a List"),
        (None, "expected a jq script, got null"),
    ],
)
def test_a_script_that_is_a_value_reaches_nothing(script: Any, says: str) -> None:
    with pytest.raises((source.Invalid, source.Invalid), match=says):
        first("{{ script }}", {}, script=script, secret="s")


SELECTS = """
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: DescribeInstances}
    Loop: {Items: [web, 'x" | env | "']}
    Outputs:
      found:
        Type: Json
        ValueSelector:
          Fn::Sub:
            - '.|{"Package": "${package}", "Result": .Result}'
            - {package: '{{ ACS::TaskLoopItem }}'}
      counted:
        Type: Number
        ValueSelector:
          Fn::Jq: [First, '.a | tostring', {a: 3}]
  - Name: wait
    Action: ACS::CheckFor
    Properties:
      Service: ECS
      API: DescribeInstances
      PropertySelector: {'Fn::Join': ['', ['.', Result]]}
      DesiredValues: [good]
Outputs:
  found: {Type: List, Value: '{{ look.found }}'}
  counted: {Type: List, Value: '{{ look.counted }}'}
"""


def test_selectors_of_a_task_may_be_computed() -> None:
    assert written.checked(outside.HEAD + SELECTS) == []
    run = outside.Outside(SELECTS, lambda call: journal.Done({"Result": "good"}))
    end = run.end()
    assert end.status == "Success", end
    assert end.outputs["counted"] == [3, 3]
    assert [each["Package"] for each in end.outputs["found"]] == ["web", 'x" | env | "']


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ("{'Fn::Sub': ['.[ | ${a}', {a: 1}]}", "does not compile"),
        ("{'Fn::Subs': ['.', {a: 1}]}", "did you mean `Fn::Sub`?"),
        ("{'Fn::Sub': ['.a${b}', {b: 1}]}", "${b} must stand apart in jq"),
        ("{'Fn::Join': ['', ['.', '{{ nobody }}']]}", "unknown parameter `nobody`"),
        ("{'Fn::If': [true, '.', '.[']}", "does not compile"),
        ("{a: b}", "expected a jq script, found a mapping"),
        ("[a]", "expected a jq script, found a list"),
    ],
)
def test_mistakes_in_a_computed_script_are_said_when_it_is_loaded(selector: str, says: str) -> None:
    text = f"""
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {{Service: ECS, API: DescribeInstances}}
    Outputs: {{found: {{ValueSelector: {selector}}}}}
"""
    found = written.checked(written.tasks(text))
    assert says in "".join(found)
    assert found[0].startswith("t.yml:")
