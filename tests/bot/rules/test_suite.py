"""The two vendors' documented examples and their edges, from tests/payloads/rules."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from bot import source
from bot.rules import index, pattern
from tests.bot.rules import suites


@pytest.mark.parametrize("title", suites.TITLES)
def test_cases(title: str) -> None:
    for case in suites.TITLES[title]:
        event = copy.deepcopy(case.event)
        from_text = pattern.compile(json.dumps(case.pattern), case.dialect)
        from_mapping = pattern.compile(case.pattern, case.dialect)
        assert from_text.matches(event) is case.matches, case
        assert from_mapping.matches(event) is case.matches, case
        assert (not from_text.explain(event)) is case.matches, case
        assert event == case.event


def test_there_are_enough_cases() -> None:
    asked = {json.dumps([case.pattern, case.event]) for case in suites.CASES}
    short, invalid = suites.load("short")["cases"], suites.load("invalid")["cases"]
    assert len(asked) >= 300
    assert len(short) + len(invalid) >= 110


@pytest.mark.parametrize("dialect", pattern.DIALECTS)
def test_all_cases_at_once(dialect: pattern.Dialect) -> None:
    """An index of every pattern there is gives what each gives alone, for every event."""
    mine = [case for case in suites.CASES if case.dialect == dialect]
    patterns = {case.name: pattern.compile(case.pattern, dialect) for case in mine}
    rules = index.RuleSet(patterns)
    for case in mine:
        alone = tuple(name for name, each in patterns.items() if each.matches(case.event))
        assert rules.matching(case.event) == alone
        assert (case.name in alone) is case.matches


@pytest.mark.parametrize("dialect", pattern.DIALECTS)
@pytest.mark.parametrize(("text", "meant"), suites.load("short")["cases"])
def test_short_form(text: str, meant: dict[str, Any], dialect: pattern.Dialect) -> None:
    """The short form says the same of every event of the suite as the JSON it stands for, and,
    but for a repeated path, compiles to the same branches."""
    short, long = pattern.compile(text, dialect), pattern.compile(meant, dialect)
    events = [case.event for case in suites.CASES] + [
        {"source": "a", "type": "b", "data": {"x": x, "role": "dba", "emp-id": "E1"}}
        for x in (1, "a", "b", 3.5, None, True, "", 6, -6, 1000)
    ]
    assert [short.matches(event) for event in events] == [long.matches(event) for event in events]
    if "&& $.data.x <=" not in text:
        assert sorted(map(repr, map(_sorted, short.branches))) == sorted(
            map(repr, map(_sorted, long.branches))
        )


def _sorted(branch: Any) -> list[str]:
    return sorted(map(repr, branch))


@pytest.mark.parametrize(
    ("dialect", "text", "place", "message"),
    [
        (dialect, *rest)
        for name, *rest in suites.load("invalid")["cases"]
        for dialect in suites.dialects(name)
    ],
)
def test_faults(dialect: pattern.Dialect, text: str, place: str, message: str) -> None:
    with pytest.raises(source.Invalid) as caught:
        pattern.compile(text, dialect, "rules/on-boarding.json")
    [fault] = caught.value.faults
    assert str(fault).startswith(f"rules/on-boarding.json:{place}: ")
    assert message in fault.message


def test_valid_in_the_other_dialect() -> None:
    """What one dialect alone refuses, the other takes."""
    other = {"alibaba": "aws", "aws": "alibaba"}
    cases = [case for case in suites.load("invalid")["cases"] if case[0] != "both"]
    for dialect, text, *_ in cases:
        if "prefix-x" in text or "exists" in text or '"=", 5, "<="' in text:
            continue
        pattern.compile(text, other[dialect])
    assert len(cases) >= 12


def test_all_faults_at_once() -> None:
    text = '{\n "source": "a",\n "data": {"n": [{"numeric": ["~", 1]}, {"sufix": "x"}]}\n}'
    with pytest.raises(source.Invalid) as caught:
        pattern.compile(text)
    assert [(f.mark.line, f.mark.column) for f in caught.value.faults] == [
        (2, 12),
        (3, 30),
        (3, 41),
    ]
    assert len(str(caught.value).splitlines()) == 3


def test_faults_of_a_mapping_have_their_path() -> None:
    with pytest.raises(source.Invalid) as caught:
        pattern.compile({"data": {"a b": [{"prefix": 5}]}, "source": ("a", 5j)}, file="bot.toml")
    assert [str(fault).split(": ")[0] for fault in caught.value.faults] == [
        "bot.toml $.data['a b'][0].prefix",
        "bot.toml $.source[1]",
    ]


def test_an_unknown_dialect() -> None:
    with pytest.raises(ValueError, match="alibaba, aws"):
        pattern.compile({}, "azure")  # type: ignore[arg-type]


def reasons(source: Any, event: dict[str, Any], dialect: pattern.Dialect = "alibaba") -> list[str]:
    return [str(reason) for reason in pattern.compile(source, dialect).explain(event)]


def test_reasons_say_what_was_there() -> None:
    event = {"source": "acs.ecs", "data": {"emp_id": "E1", "n": 5, "o": {"a": 1}, "l": ["x"] * 9}}
    asked = {
        "source": ["acs.oss", {"prefix": "my."}],
        "data": {
            "empId": ["E1"],
            "n": [{"numeric": [">", 5, "<=", 9]}],
            "o": ["x"],
            "l": [{"anything-but": ["x", None]}],
            "emp_id": [{"exists": False}],
        },
    }
    assert reasons(asked, event) == [
        '$.source: wanted "acs.oss" or prefix "my.", found "acs.ecs"',
        '$.data.empId: wanted "E1", found nothing; the event has `$.data.emp_id`',
        "$.data.n: wanted a number > 5 and <= 9, found 5",
        '$.data.o: wanted "x", found an object with `a`',
        '$.data.l: wanted anything but "x" or null, found ["x", "x", "x", "x", …]',
        '$.data.emp_id: wanted absent, found "E1"',
    ]


def test_reasons_are_of_the_branch_that_lacks_least() -> None:
    asked = {"$or": [{"source": ["a"], "type": ["b"]}, {"source": ["c"], "subject": ["d"]}]}
    found = pattern.compile(asked).explain({"source": "c", "subject": "e"})
    assert [(r.path, r.branch) for r in found] == [("$.subject", 2)]


def test_reasons_below_an_array_are_of_the_element_that_lacks_least() -> None:
    asked = {"detail": {"p": {"a": [1], "b": [2], "c": [3]}}}
    event = {"detail": {"p": [{"a": 1}, {"a": 1, "b": 2, "c": 4}, {"b": 2}]}}
    assert reasons(asked, event, "aws") == ["$.detail.p.c: wanted 3, found 4"]
    gone = {"detail": {"p": {"a": [{"exists": False}]}}}
    assert reasons(gone, event, "aws") == [
        "$.detail.p: wanted no element with what must be absent, found"
        " [an object with `a`, an object with `a`, `b`, `c`, an object with `b`]"
    ]


def test_long_values_are_cut_in_reasons() -> None:
    [reason] = pattern.compile({"source": ["b" * 9999]}).explain({"source": "a\n" * 9999})
    assert len(str(reason)) < 300
    assert "\n" not in str(reason)


def test_a_pattern_that_is_too_long_or_too_deep() -> None:
    for text in (
        '{"source": ["' + "x" * pattern.LENGTH + '"]}',
        '{"data":' * 100 + '["x"]' + "}" * 100,
        "[" * 100_000,
        "(" * 50_000,
        '{"data":' * 9000,
    ):
        with pytest.raises(source.Invalid) as caught:
            pattern.compile(text)
        assert len(caught.value.faults) == 1
    nested: dict[str, Any] = {"a": ["x"]}
    for _ in range(5000):
        nested = {"a": nested}
    with pytest.raises(source.Invalid, match="deeper than 64"):
        pattern.compile({"data": nested})


def test_or_has_a_limit() -> None:
    two = [{"source": ["a"]}, {"type": ["b"]}]
    nested: Any = {"id": ["1"]}
    for _ in range(9):
        nested = {"$or": [{"source": ["a"]}, {"subject": ["x"], **nested}]}
    assert len(pattern.compile(nested).branches) == 10
    keys = {name: {"$or": [{"a": [1]}, {"b": [2]}]} for name in ("data", "detail")}
    assert len(pattern.compile({"$or": two, **keys}).branches) == 8
    wide = {f"k{n}": {"$or": [{"a": [1]}, {"b": [2]}]} for n in range(20)}
    with pytest.raises(source.Invalid, match="combinations") as caught:
        pattern.compile(wide, "aws")
    assert "1000 is the most" in str(caught.value)
    with pytest.raises(source.Invalid, match="combinations"):
        pattern.compile(" && ".join(["($.source == 'a' || $.source == 'b')"] * 20))
