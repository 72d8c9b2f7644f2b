"""Every function: its documented examples, the shapes seen in use, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from bot import source
from bot.oos.expr import expressions, functions

EXAMPLES = [
    pytest.param(function, example, id=f"{function.name}-{at}")
    for function in functions.REGISTRY.values()
    for at, example in enumerate(function.examples)
]
DOCUMENTED = """Base64Encode Base64Decode MergeMapToList MergeMap Join Select Split Replace Min Max
First Last ListJoin Equals If Not AddHour FormatUTCTime Eval CalculateTimeByOpsWindow And Or
Intersection Union Difference Jq MapJoin IsIpInCIDR Sub DurationBetween Escape ConvertMapToList"""
IN_USE = "MergeList CalculateBatch ContainsSubString FindMatchedPackage RangeSelect Sum"


def call(name: str, argument: Any, **parameters: Any) -> Any:
    scope = expressions.Scope({key.casefold(): value for key, value in parameters.items()})
    return expressions.evaluate({f"Fn::{name}": argument}, scope)


@pytest.mark.parametrize(("function", "example"), EXAMPLES)
def test_examples(function: functions.Function, example: Any) -> None:
    for prefix in ("Fn::", "fn::"):
        written = {prefix + function.name: example.argument}
        assert expressions.check(written) == []
        found = expressions.evaluate(written, expressions.Scope())
        assert found == example.result
        assert type(found) is type(example.result)


def test_all_are_there_and_marked() -> None:
    documented = {name for name, each in functions.REGISTRY.items() if each.documented}
    assert documented == set(DOCUMENTED.split())
    assert functions.REGISTRY.keys() - documented == set(IN_USE.split())


@pytest.mark.parametrize(
    ("name", "argument", "result"),
    [
        ("Select", ["b", '{"a": 1, "b": [2]}'], [2]),
        ("Select", ["0", ["x"]], "x"),
        ("Join", ["-", [1, True, "a", [1], None]], "1-true-a-[1]-null"),
        ("Join", ["", []], ""),
        ("Equals", ["True", True], True),
        ("Equals", ["1", 1], True),
        ("Equals", [1, 1.0], True),
        ("Equals", [True, 1], False),
        ("Equals", [[1], [True]], False),
        ("Equals", ["[]", []], True),
        ("Equals", [None, None], True),
        ("Equals", [None, ""], False),
        ("Equals", [{"a": [1]}, {"a": [1.0]}], True),
        ("Not", {"Fn::Equals": ["a", "b"]}, True),
        ("Not", None, True),
        ("And", [], True),
        ("Or", [], False),
        ("MergeList", [["a"], "b", ["c"]], ["a", "b", "c"]),
        ("MergeMapToList", [{"a": []}, {"b": [1]}], [{"b": 1}]),
        ("MergeMapToList", [{"a": "x"}, {"b": [1, 2]}], [{"a": "x", "b": 1}, {"a": "x", "b": 2}]),
        ("Union", [[1, True, 1.0, "1"], [True]], [1, True, "1"]),
        ("Difference", [["a"], ["a"]], []),
        ("Replace", [{"$f": "$g", "$g": "x"}, "$f $g"], "$g x"),
        ("Replace", [{"a": 1, "ab": 2}, "ab a"], "2 1"),
        ("Sub", ["${a} ${b} $c", {"a": "${b}"}], "${b} ${b} $c"),
        ("Base64Decode", "5Lya562+", "会签"),
        ("Base64Decode", "aGVs\nbG8", "hello"),
        ("Base64Decode", "/w==", "\ufffd"),
        ("Base64Decode", None, ""),
        ("Eval", ["(1+2)*3 - 7//2 % 2"], 8),
        ("Eval", ["2**10"], 1024),
        ("Eval", ["6/2"], 3),
        ("Eval", ["-  3.5"], -3.5),
        ("DurationBetween", ["08:00:00+08:00", "00:00:30Z"], "PT30S"),
        ("DurationBetween", ["2026-01-01T00:00:00Z", "2026-01-02T01:00:00Z"], "PT25H"),
        ("DurationBetween", ["08:00", "08:00"], "PT0S"),
        ("FormatUTCTime", ["2026-01-31T08:05:09+08:00", "%d/%m %H:%M %%"], "31/01 00:05 %"),
        ("AddHour", ["2026-01-31", 24], "2026-02-01"),
        ("CalculateTimeByOpsWindow", ["22:00", "02:00", "2026-01-31T23:30:00Z"],
         "2026-01-31T23:30:00Z"),
        ("CalculateTimeByOpsWindow", ["22:00", "02:00", "2026-01-31T02:00:00Z"],
         "2026-01-31T22:00:00Z"),
        ("IsIpInCIDR", ["2001:db8::1", "2001:db8::/32"], True),
        ("IsIpInCIDR", ["10.0.0.1", "2001:db8::/32"], False),
        ("Escape", ["it’s `a`\n", "PowerShell"], "it`’s ``a```n"),
        ("Jq", ["first", ".[] | select(. > 5)", [1, 2]], None),
        ("Jq", ["All", ".", "not json"], ["not json"]),
        ("CalculateBatch", [5, []], 1),
        ("CalculateBatch", ["3", 10], 4),
        ("Sum", [], 0),
        ("ListJoin", "a", ["a"]),
    ],
)  # fmt: skip
def test_shapes_in_use(name: str, argument: Any, result: Any) -> None:
    found = call(name, argument)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("name", "argument", "expected"),
    [
        ("Select", [3, ["a"]], "there is no item 3 in a List of 1"),
        ("Select", [-2, ["a"]], "there is no item -2"),
        ("Select", ["nmae", {"name": 1}], "did you mean `name`?"),
        ("Select", ["x", {}], "among nothing"),
        ("Select", ["x", ["a"]], "expected a whole Number"),
        ("Select", [0, "plain"], "expected a List or a Json object"),
        ("First", [], "empty List"),
        ("Join", [",", "a"], "expected a List"),
        ("Split", ["", "a"], "expected a separator"),
        ("Replace", [{"": "a"}, "b"], "empty String"),
        ("Base64Decode", "!!!", "expected Base64"),
        ("If", ["maybe", 1, 2], "expected true or false"),
        ("And", [True, 5], "expected true or false"),
        ("Min", [1, "a"], "to compare"),
        ("MapJoin", [["a"], []], "as many values as keys"),
        ("FormatUTCTime", ["yesterday", "%Y"], "expected a time like"),
        ("FormatUTCTime", ["2026-01-01", "%99999Y"], "expected a time format"),
        ("AddHour", ["2026-01-01", 1e30], "more than time has"),
        ("DurationBetween", ["25:00", "01:00"], "no time of day"),
        ("IsIpInCIDR", ["10.0.0.300", "10.0.0.0/8"], "expected an IP address"),
        ("Escape", ["a", "bash"], 'expected "powershell"'),
        ("Jq", ["Firts", ".", 1], "did you mean `First`?"),
        ("Jq", ["First", ".[", 1], "does not compile"),
        ("Jq", ["First", ".a", [1]], "Cannot index array"),
        ("Jq", ["First", ["."], 1], "expected a jq script, found a list"),
        ("Jq", ["First", {"Fn::Join": ["", [".", "["]]}, 1], "does not compile"),
        ("CalculateBatch", [0, []], "at least 1 batch"),
        ("FindMatchedPackage", [{"Packages": {}}, {"arch": "x86"}], "no package fits"),
        ("FindMatchedPackage", ["{a: [", {}], "neither JSON nor YAML"),
    ],
)
def test_what_is_refused(name: str, argument: Any, expected: str) -> None:
    with pytest.raises(source.Invalid) as caught:
        call(name, argument, script=".")
    assert f"Fn::{name}: " in str(caught.value)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["1/0", "1//0", "1%0", "9**9**9", "2**-9999", "10.0**400", "(-1)**0.5", "__import__('os')", "a",
     "'a'*9", "[1]", "1 if 1 else 2", "1<2", "True", "1j", "", "(" * 250 + "1" + ")" * 250,
     "-" * 490 + "1+", "1e999", "1" * 501, "1\0", "lambda: 1", "1;2", "~1", "1<<9"],
)  # fmt: skip
def test_eval_is_arithmetic_only(text: str) -> None:
    with pytest.raises(source.Invalid, match="Fn::Eval"):
        call("Eval", [text])


def test_branches_that_are_not_taken_are_not_evaluated() -> None:
    lost = "{{ skipped.output }}"
    assert call("If", [True, "a", lost]) == "a"
    assert call("If", ["false", lost, "b"]) == "b"
    assert call("And", [False, lost]) is False
    assert call("Or", [True, lost]) is True
    with pytest.raises(source.Invalid, match=r"Fn::If\[1\]: unknown skipped.output"):
        call("If", [True, lost, "b"])


def test_arguments_may_be_one_reference() -> None:
    assert call("If", "{{ three }}", three=[True, "a", "{{ data }}"]) == "a"
    assert call("If", "{{ three }}", three=[False, "a", "{{ data }}"]) == "{{ data }}"
    assert call("Join", [",", "{{ ids }}"], ids=["i-1", "i-2"]) == "i-1,i-2"
    assert call("Join", [",", "{{ ids }}"], ids='["i-1"]') == "i-1"
    assert call("MergeList", "{{ lists }}", lists=[["a"], ["b"]]) == ["a", "b"]
    assert call("MergeList", ["{{ lists }}"], lists=[["a"], ["b"]]) == ["a", "b"]


def test_texts_do_not_grow_without_end() -> None:
    nested: Any = "aaaaaaaaaa"
    for _ in range(12):
        nested = {"Fn::Replace": [{"a": "a" * 10}, nested]}
    with pytest.raises(source.Invalid, match="longer than"):
        expressions.evaluate(nested, expressions.Scope())


PACKAGE = """
FormatVersion: OOS-2019-06-01
Packages:
  - Platform: CentOS
    Architecture: x86_64
    ObjectName: app.rpm
  - Platform: "*"
    Architecture: arm64
    ObjectName: app-arm.tar.gz
"""


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        ({"platform": "CentOS 7.9", "arch": "x86_64"}, "app.rpm"),
        ('{"platform": "Ubuntu", "arch": "ARM64"}', "app-arm.tar.gz"),
    ],
)
def test_the_package_of_a_platform(instance: Any, name: str) -> None:
    package = {"Fn::FindMatchedPackage": [PACKAGE, instance]}
    assert call("Select", ["ObjectName", package]) == name


def test_functions_over_values_that_are_data() -> None:
    assert expressions.FN["Fn::ListJoin"]([["{{ a }}"], 1]) == [["{{ a }}"], 1]
    assert expressions.FN["sum"]([1, 2]) == 3
    assert expressions.FN["Fn::Or"]([False, "true"]) is True
    with pytest.raises(source.Invalid, match="did you mean `Fn::Sum`"):
        expressions.FN["Fn::Summ"]([1])
