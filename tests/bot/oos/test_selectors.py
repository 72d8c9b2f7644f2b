"""jq: prefixes, types, what is out of reach, and values that stay data."""

from __future__ import annotations

import os
from typing import Any

import pytest

from bot import source
from bot.oos.expr import expressions, jqtext, selectors

DOCUMENT = {
    "TotalCount": 2,
    "Instances": {
        "Instance": [
            {"InstanceId": "i-1", "Status": "Running", "Cpu": 4},
            {"InstanceId": "i-2", "Status": "Stopped", "Cpu": 8},
        ]
    },
}


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("Instances.Instance[].InstanceId", ["i-1", "i-2"]),
        (".Instances.Instance[].InstanceId", ["i-1", "i-2"]),
        ("  TotalCount ", [2]),
        (".", [DOCUMENT]),
        (".Instances.Instance[] | select(.Cpu > 4) | .InstanceId", ["i-2"]),
        ('.Instances.Instance | map({"id": .InstanceId}) | length', [2]),
        ("# a comment with \"quotes\n.TotalCount", [2]),
        (".Missing", [None]),
        (".Missing[]?", []),
        ("[range(3)], [range(1; 3)], [range(5; 0; -2)]", [[0, 1, 2], [1, 2], [5, 3, 1]]),
        ("(1 | [limit(3; repeat(. + 1))], [while(. < 4; . + 1)], until(. > 4; . * 2))",
         [[1, 2, 3], [1, 2, 3], 8]),
        ("[recurse | numbers]", [[2, 4, 8]]),
        ('"env now $ENV", {now: 1}, .env', ["env now $ENV", {"now": 1}, None]),
        ("{env}, {TotalCount, now}", [{"env": None}, {"TotalCount": 2, "now": None}]),
        ('"\\(.TotalCount) \\("(")"', ["2 ("]),
        ("def f: {f: 1, g: .f} | {f}; f", [{"f": 1}]),
        ("def f(f): f; def g(x): f(x) + 1; g(2)", [3]),
        ("def f: def g: 1; if . then g else 2 end; [f, f]", [[1, 1]]),
        ('"ab" * 3, 2 * "x", ("a" + "b") * 2, "x" * 0, "x" * -1',
         ["ababab", "xx", "abab", "", None]),
        ('. as {"TotalCount": $n} | {"k": ."TotalCount", "v": ($n * 3), "t": @base64 "\\($n)"}',
         [{"k": 2, "v": 6, "t": "Mg=="}]),
        ('[(1, 2) * (3, 4)], (.TotalCount *= 4 | .TotalCount)', [[3, 6, 4, 8], 8]),
        ('{"a": {"b": 1}} * {"a": {"c": 2}}', [{"a": {"b": 1, "c": 2}}]),
        ('[2 | recurse(. * .; . < 20)]', [[2, 4, 16]]),
    ],
)  # fmt: skip
def test_select(script: str, found: list[Any]) -> None:
    assert selectors.fault(script) == ""
    assert selectors.select(script, DOCUMENT) == found


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", "empty"),
        (".[", "does not compile"),
        ("nonsense(", "does not compile"),
        ("env", "env is not available"),
        ("env.PATH", "env is not available"),
        ('"a\\(env)"', "env is not available"),
        ("$ENV", "$ENV is not available"),
        ("$ENV.PATH", "$ENV is not available"),
        ("now", "now is not available"),
        ("[inputs]", "inputs is not available"),
        ("halt_error", "halt_error is not available"),
        ('import "a" as a; .', "may not import"),
        ('include "a"; .', "may not import"),
        (". " * 40_000, "longer than"),
        ("{{x}}y", "must stand apart"),
        ("x{{x}}", "must stand apart"),
        ("{{x}}{{y}}", "must stand apart"),
        ("$__oos_0", "may not use names"),
        ('@sh "rm {{x}}"', "may not stand in a string of @sh"),
        ("# a \\\n1", "may not end with a backslash"),
        ("# a \\\r\n1", "may not end with a backslash"),
        ("__oos_range(0; 1e12; 1)", "may not use names"),
        ("__oos_times", "may not use names"),
        ("get_jq_origin", "get_jq_origin is not available"),
        ('@sh "a" * 1000000000', "may not be multiplied"),
        ("def f: f; f", "f/0 calls itself"),
        ("def f(x): x | f(x); f(1)", "f/1 calls itself"),
        ("def f: def g: f; g; f", "f/0 calls itself"),
        ("def f(g): def h: f(g); h; f(1)", "f/1 calls itself"),
        ("def f: if . then def g: 1; g else f end; f", "f/0 calls itself"),
        ("def f: {a: [1, f]}; f", "f/0 calls itself"),
        ("def f: {b: 2, (f): 1}; f", "f/0 calls itself"),
        ("def f: try 1.or f; f", "f/0 calls itself"),
        ('def f: "\\("a" + "\\(f)")"; f', "f/0 calls itself"),
        ("def f: # f ;\n f; f", "f/0 calls itself"),
        ("1 | def f($a; $b): reduce a as $i (0; f(1; 2)); f(1; 2)", "f/2 calls itself"),
    ],
)
def test_what_does_not_compile(script: str, expected: str) -> None:
    assert expected in selectors.fault(script)
    with pytest.raises(source.Invalid):
        selectors.select(script, DOCUMENT)


@pytest.mark.parametrize(
    "script",
    ["[repeat(1)]", "[recurse(.)]", "[range(1e12)]", "[while(true; .)]", "until(false; .)",
     "[1 | recurse(. + 1; true)]", '"a" * 1000000000', '1000000000 * "a"',
     '("a" + "b") * 1000000000',
     '"a" * (1000000000)', '"a" * 1000 * 1000 * 1000', '"ab" as $x | $x * 1e300', '"a" * infinite',
     '"a" | . *= 1000000000', '{"k": "a"} | .k * 1000000000', '("a") * (1e9)',
     '"a" * .TotalCount * 1e9',
     "range(1000000)", ".Instances.Nothing[].Id", '"a" - 1', 'error("stop")'],
)  # fmt: skip
def test_what_fails_on_its_document(script: str) -> None:
    assert selectors.fault(script) == ""
    with pytest.raises(source.Invalid):
        selectors.select(script, DOCUMENT)


def test_the_environment_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a script finds another way to name it."""
    monkeypatch.setenv("COUNTERSIGN_SECRET", "hush")
    assert os.environ["COUNTERSIGN_SECRET"] == "hush"
    for script in ("[paths, ..]", '"\\("\\($__loc__)")"', "def f: .env; f", "$__loc__"):
        assert "hush" not in str(selectors.select(script, DOCUMENT))


@pytest.mark.parametrize("document", [float("nan"), {"a": float("inf")}, "\ud800"])
def test_documents_that_are_no_json(document: Any) -> None:
    with pytest.raises(source.Invalid):
        selectors.select(".", document)


@pytest.mark.parametrize(
    ("type", "script", "document", "result"),
    [
        ("List", ".a[]", {"a": [1, 2]}, [1, 2]),
        ("List", ".a", {"a": [1, 2]}, [[1, 2]]),
        ("List", ".a[]", {"a": []}, []),
        ("String", ".a", {"a": 5}, "5"),
        ("String", ".a", {"a": True}, "true"),
        ("String", ".a[]", {"a": ["x", "y"]}, "x"),
        ("String", ".a[]", {"a": []}, None),
        ("String", ".a", {}, None),
        ("String", ".a", {"a": [1]}, [1]),
        ("Number", ".a", {"a": "5"}, 5),
        ("Number", ".a", {"a": "-2.5"}, -2.5),
        ("Boolean", ".a", {"a": "True"}, True),
        ("Boolean", ".a > 1", {"a": 2}, True),
        ("Json", ".", {"a": 1}, {"a": 1}),
        ("Json", ".a", {"a": '{"b": 1}'}, {"b": 1}),
        ("Json", ".a", {"a": "5"}, "5"),
    ],
)
def test_output(type: Any, script: str, document: Any, result: Any) -> None:
    found = selectors.output(type, script, document)
    assert found == result
    assert found is result or found.__class__ is result.__class__


@pytest.mark.parametrize(("type", "value"), [("Number", "five"), ("Number", True), ("Boolean", 1)])
def test_outputs_of_another_type(type: Any, value: Any) -> None:
    with pytest.raises(source.Invalid, match=f"expected a {type}"):
        selectors.output(type, ".", value)


def bound(script: str, **parameters: Any) -> selectors.Bound:
    folded = {name.casefold(): value for name, value in parameters.items()}
    return expressions.bind(script, expressions.Scope(folded))


def test_values_where_the_published_templates_have_them() -> None:
    script = "{{tagKeys}} as $k | map(select(.Key | IN($k[])))"
    tags = [{"Key": "env"}, {"Key": "team"}]
    assert selectors.select(bound(script, tagKeys=["env"]), tags) == [[{"Key": "env"}]]
    script = '.Instances.Instance[] | select(.InstanceId == "{{ id }}") | .Status'
    assert selectors.select(bound(script, ID="i-2"), DOCUMENT) == ["Stopped"]
    script = '.Time > "{{ start }}"'
    assert selectors.select(bound(script, start="2026-01"), {"Time": "2026-02"}) == [True]
    script = '{"x":{{ obj }}, "n": {{ n }}, "{{ key }}": .{{ key }}, "s": "{{ obj }}"}'
    found = selectors.select(bound(script, obj={"a": 1}, n="5", key="k"), {"k": 2})
    assert found == [{"x": {"a": 1}, "n": 5, "k": 2, "s": '{"a": 1}'}]
    assert selectors.select(bound("# {{ gone }}\n.", gone=1), 1) == [1]
    assert selectors.select(bound(".[{{ at }}]", at=1), [1, 2]) == [2]


def test_a_script_is_bound_before_it_runs() -> None:
    with pytest.raises(source.Invalid, match="were not looked up"):
        selectors.select(". == {{ x }}", 1)
    with pytest.raises(source.Invalid, match="unknown x"):
        bound(". == {{ x }}")


def test_the_program_is_of_the_script_alone() -> None:
    program = jqtext.program('select(.a == {{ x }} and .b == "\\("{{ y }}")")')
    assert program.code == 'select(.a == ($__oos_0) and .b == "\\("\\($__oos_1)")")'
    assert [slot.form for slot in program.slots] == ["data", "text"]
