"""References and functions in values: types, text, JSON text, errors and where they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot import source
from bot.oos.expr import expressions

SCOPE = expressions.Scope(
    parameters={
        "webhookurl": "http://hook",
        "ids": ["i-1", "i-2"],
        "obj": {"a": [1, None]},
        "n": 5,
        "yes": True,
        "none": None,
        "text": 'say "hi"\n{{ n }} \\',
        "jsontext": '{"b": 1}',
        "oos:aliyun/services/oos/commands/x.y": "echo",
    },
    outputs={"get_it": {"names": ["a"], "none": None}},
    facts={"ACS::RegionId": "cn-hangzhou", "ACS::TaskLoopItem": "i-9"},
)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("plain", "plain"),
        ("{{ ids }}", ["i-1", "i-2"]),
        ("{{ids}}", ["i-1", "i-2"]),
        ("{{webHookUrl}}", "http://hook"),
        ("{{ Get_It.NAMES }}", ["a"]),
        ("{{ Get_It.none }}", None),
        ("{{ acs::regionid }}", "cn-hangzhou"),
        ("{{ oos:aliyun/services/oos/commands/x.y }}", "echo"),
        ("ids {{ ids }}, {{ obj }}", 'ids ["i-1", "i-2"], {"a": [1, null]}'),
        ("{{ n }}-{{ yes }}-{{ none }}", "5-true-null"),
        (" {{ n }}", " 5"),
        ("{{ n }}{{ n }}", "55"),
        ("{{ text }}", 'say "hi"\n{{ n }} \\'),
        ("<{{ text }}>", '<say "hi"\n{{ n }} \\>'),
        ({"{{ n }}": {"x": ["{{ n }}", 1]}}, {"5": {"x": [5, 1]}}),
        (
            {"Fn::If": [{"Fn::Equals": ["{{ yes }}", "true"]}, ["{{ n }}"], 0]},
            [5],
        ),
        ({"a": {"fn::join": ["{{n}}", ["{{ ids }}", "x"]]}}, {"a": '["i-1", "i-2"]5x'}),
        ({"Fn::Base64Encode": "{{ text }}"}, "c2F5ICJoaSIKe3sgbiB9fSBc"),
        ("docker ps --format '{{.Names}}'", "docker ps --format '{{.Names}}'"),
        ("{{ range $x := .Y }}", "{{ range $x := .Y }}"),
        ("a }} b { { c", "a }} b { { c"),
        ('{"a":{"b":1}}', '{"a":{"b":1}}'),
        (None, None),
        (1.5, 1.5),
    ],
)
def test_evaluate(value: Any, result: Any) -> None:
    assert expressions.check(value) == []
    assert expressions.evaluate(value, SCOPE) == result


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ('["{{ text }}"]', ['say "hi"\n{{ n }} \\']),
        ('{"a": {{ obj }}, "b": {{ text }}, "c": {{ n }}, "d": {{ none }}}',
         {"a": {"a": [1, None]}, "b": 'say "hi"\n{{ n }} \\', "c": 5, "d": None}),
        ('{"x":{{jsontext}}}', {"x": {"b": 1}}),
        ('{"x": "{{jsontext}}"}', {"x": '{"b": 1}'}),
        ('{"{{ text }}": 1}', {'say "hi"\n{{ n }} \\': 1}),
        ('{"a": "{\\"b\\": \\"{{ text }}\\"}"}',
         {"a": '{"b": "say \\"hi\\"\\n{{ n }} \\\\"}'}),
        ('{"a": "\\u00e9 {{ n }}"}', {"a": "é 5"}),
    ],
)  # fmt: skip
def test_json_text_stays_json(text: str, meaning: Any) -> None:
    found = expressions.evaluate(text, SCOPE)
    assert isinstance(found, str)
    assert json.loads(found) == meaning


def test_text_in_brackets_that_is_no_json_is_text() -> None:
    found = expressions.evaluate("[ '{{ text }}' = '' ] && echo", SCOPE)
    assert found == "[ 'say \"hi\"\n{{ n }} \\' = '' ] && echo"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{{ Nothing }}", "unknown Nothing"),
        ({"a": ["x", "{{ get_it.nothing }}"]}, "a[1]: unknown get_it.nothing"),
        ("{{ a b }}", "is no reference: expected {{ parameter }}"),
        ("{{ a.b.c }}", "is no reference"),
        ("{{ }}", "is no reference"),
        ("see {{ n }", "is not closed with }}"),
        ("see {{ n", "is not closed with }}"),
        ({"Fn::Jion": []}, "unknown function Fn::Jion, did you mean `Fn::Join`?"),
        ({"Fn::Join": [",", []], "x": 1}, "expected Fn::Join alone in its object, got x"),
        ({"a": {"Fn::Select": [0, []]}}, "a: Fn::Select: there is no item 0"),
    ],
)
def test_errors_say_what_and_where(value: Any, message: str) -> None:
    with pytest.raises(source.Invalid) as caught:
        expressions.evaluate(value, SCOPE)
    assert message in str(caught.value)


def test_errors_have_a_path() -> None:
    value = {"Items": [{"Fn::If": [True, {"Fn::Join": [",", ["{{ gone }}"]]}, 1]}]}
    with pytest.raises(source.Invalid) as caught:
        expressions.evaluate(value, SCOPE, "Loop")
    assert caught.value.fault.mark.path == "Loop.Items[0].Fn::If[1].Fn::Join[1][0]"
    assert caught.value.message == "unknown gone"


def test_values_nested_too_deep() -> None:
    value: Any = "{{ n }}"
    for _ in range(5000):
        value = [value]
    with pytest.raises(source.Invalid, match="nested too deep"):
        expressions.evaluate(value, SCOPE)


def test_references_in_order_with_their_places() -> None:
    value = {
        "a": "{{ x }} {{ T.out }}",
        "{{ key }}": [
            {"Fn::Jq": ["First", '.[] | select(. == "{{ ACS::TaskLoopItem }}")', "{{d}}"]}
        ],
    }
    assert expressions.references(value) == [
        ("key", "", ""),
        ("x", "", "a"),
        ("T", "out", "a"),
        ("ACS::TaskLoopItem", "", "{{ key }}[0].Fn::Jq[1]"),
        ("d", "", "{{ key }}[0].Fn::Jq[2]"),
    ]


def test_check_says_everything_at_once() -> None:
    value = {
        "a": "{{ a b }}",
        "b": {"Fn::Nto": True},
        "c": {"Fn::If": [True, {"Fn::Split": [","]}]},
        "d": {"Fn::Jq": ["First", ".[", "{{ x }}"]},
        "e": {"Fn::Eval": ["1", "2"]},
        "f": {"Fn::Select": "{{ x }}"},
    }
    problems = expressions.check(value)
    assert [problem.path for problem in problems] == [
        "a", "b", "c.Fn::If", "c.Fn::If[1].Fn::Split", "d.Fn::Jq[1]", "e.Fn::Eval",
    ]  # fmt: skip
    assert problems[1].message == "unknown function Fn::Nto, did you mean `Fn::Not`?"
    assert problems[2].message == "Fn::If: expected a List of 3 items, got 2"


def test_check_with_marks_gives_faults() -> None:
    marks = {"b[1]": source.Mark("t.yml", 3, 7, "b[1]")}
    faults = expressions.check({"b": [1, "{{ a b }}"]}, marks.__getitem__)
    assert str(faults[0]).startswith("t.yml:3:7: ")
