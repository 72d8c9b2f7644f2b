"""Patterns and events that want to crash or to hang: all end in an answer or in Invalid, and
the work they cause grows no faster than they do."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import source
from bot.rules import conditions, effort, index, pattern
from tests import properties
from tests.bot.rules import strategies

wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("data", "source", "$or", "prefix", "numeric", "anything-but", "cidr"))
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
MANY = settings(max_examples=properties.examples(150), deadline=None)


@MANY
@given(
    wild,
    st.dictionaries(st.text(max_size=6), wild, max_size=3),
    st.sampled_from(("alibaba", "aws")),
)
def test_any_pattern_and_event(wanted: Any, event: dict[str, Any], dialect: Any) -> None:
    try:
        compiled = pattern.compile(wanted if isinstance(wanted, dict) else {"a": wanted}, dialect)
    except source.Invalid:
        return
    matched = compiled.matches(event)
    assert (not compiled.explain(event)) is matched
    assert bool(index.RuleSet({"r": compiled}).matching(event)) is matched


@MANY
@given(strategies.patterns("aws"), st.dictionaries(st.sampled_from(strategies.TOPS), wild))
def test_any_event(source: dict[str, Any], event: dict[str, Any]) -> None:
    compiled = pattern.compile(source, "aws")
    assert (not compiled.explain(event)) is compiled.matches(event)
    assert bool(index.RuleSet({"r": compiled}).matching(event)) is compiled.matches(event)


@MANY
@given(st.text(alphabet='{}[]",:$.ab01e-+\\ \n()&|=!<>', max_size=40) | st.text(max_size=20))
def test_any_text(text: str) -> None:
    try:
        compiled = pattern.compile(text)
    except source.Invalid as error:
        for fault in error.faults:
            lines = text.removeprefix("\ufeff").split("\n")
            assert 1 <= fault.mark.line <= len(lines)
            assert 1 <= fault.mark.column <= len(lines[fault.mark.line - 1]) + 1
    else:
        compiled.matches({"source": "a"})


def calls(work: Callable[[], Any]) -> int:
    """How many Python and C functions a piece of work calls: its cost without a clock."""
    count = 0

    def seen(frame: Any, kind: str, _: Any) -> None:
        nonlocal count
        count += kind in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_wildcards_never_go_back() -> None:
    star = conditions.Wildcard("", tuple("a" * 200))
    compiled = pattern.compile({"data": {"v": [{"wildcard": "a*" * 200 + "b"}]}})
    assert not star.holds("a" * 199)
    event = {"data": {"v": "a" * 100_000}}
    assert not compiled.matches(event)
    assert calls(lambda: compiled.matches(event)) < 1000


def test_arrays_in_arrays_cost_what_they_are() -> None:
    leaf: Any = {"id": "x", "tags": ["a"] * 5}
    for _ in range(3):
        leaf = {"b": [leaf] * 6, "id": "y"}
    asked: dict[str, Any] = {"id": ["no"], "tags": ["b"]}
    for _ in range(3):
        asked = {"b": asked, "id": [{"anything-but": "z"}]}
    compiled = pattern.compile({"detail": asked}, "aws")
    small, large = {"detail": leaf}, {"detail": [leaf] * 4}
    assert not compiled.matches(large)
    assert compiled.explain(large)
    once = calls(lambda: compiled.matches(small))
    assert calls(lambda: compiled.matches(large)) < 5 * once + 100


def test_an_event_as_deep_as_can_be() -> None:
    deep: Any = "x"
    for _ in range(20_000):
        deep = [deep]
    for dialect in pattern.DIALECTS:
        compiled = pattern.compile({"data": {"a": ["x"], "b": {"c": [{"exists": False}]}}}, dialect)
        event = {"data": {"a": deep, "b": deep}}
        assert compiled.matches(event) is (dialect == "aws")
        rules = index.RuleSet({"r": compiled})
        assert bool(rules.matching(event)) is (dialect == "aws")
        assert compiled.explain({"data": {"a": [deep, "y"][1:], "b": deep}})


@pytest.mark.parametrize(
    "make",
    [
        lambda n: {"data": {"id": [f"i-{n}"]}},
        lambda n: {"source": ["acs.ecs"], "type": ["t"], "data": {"id": [f"i-{n}", f"j-{n}"]}},
        lambda n: {"source": ["acs.ecs"], "data": {"name": [{"prefix": f"web-{n}-"}]}},
        lambda n: {"source": ["acs.ecs"], "data": {"name": [{"suffix": f"-{n}.x"}]}},
        lambda n: {"source": ["acs.ecs"], "data": {"name": [{"wildcard": f"web-{n}-*.x"}]}},
        lambda n: {"source": ["acs.ecs"], "data": {"name": [{"equals-ignore-case": f"W{n}"}]}},
        lambda n: {"source": ["acs.ecs"], "data": {"n": [{"numeric": ["=", n]}]}},
        lambda n: {"data": {"ip": [{"cidr": f"10.{n // 250}.{n % 250}.0/24"}]}},
        lambda n: {"source": [f"s{n}"], "data": {"id": [{"exists": False}]}},
        lambda n: {"$or": [{"source": [f"s{n}"]}, {"data": {"id": [f"i-{n}"]}}]},
        lambda n: {f"attribute{n}": ["x"]},
        lambda n: {"data": {f"key{n}": [{"exists": True}]}},
        lambda n: {"data": {"n": [{"numeric": [">=", n, "<", n + 1]}]}},
        lambda n: {"data": {"name": [{"contains": f"-{n}-"}]}},
        lambda n: {"data": {"name": [{"wildcard": f"*-{n}-*"}]}},
        lambda n: {"source": ["acs.ecs"], "data": {"name": [{"wildcard": f"web-*{n}-a*x"}]}},
        lambda n: {"data": {"name": [{"prefix": {"equals-ignore-case": f"WEB-{n}-"}}]}},
    ],
    ids=range(17),
)
def test_thousands_of_rules_cost_about_what_one_costs(make: Callable[[int], Any]) -> None:
    """Counted in calls, not in seconds: an event that a few rules match."""
    event = {
        "source": "acs.ecs",
        "type": "t",
        "attribute7": "x",
        "data": {"id": "i-7", "name": "web-7-a.x", "n": 7, "ip": "10.0.7.9", "key7": 1},
    }
    one = index.RuleSet({"rule-7": pattern.compile(make(7))})
    many = index.RuleSet({f"rule-{n}": pattern.compile(make(n)) for n in range(2000)})
    assert one.matching(event) == many.matching(event)
    assert calls(lambda: many.matching(event)) <= 2 * calls(lambda: one.matching(event)) + 40


@pytest.mark.parametrize("dialect", pattern.DIALECTS)
@pytest.mark.parametrize(
    "rest", [{}, {"source": ["acs.ecs"]}, {"data": {"n": [{"numeric": [">", 5]}]}}]
)
def test_thousands_of_exclusions_cost_about_what_ten_cost(rest: Any, dialect: Any) -> None:
    """Nearly all of them match, and the price is still no more than that of their names."""

    def made(n: int) -> pattern.Pattern:
        data = {"name": [{"anything-but": [f"n{n}", f"m{n}"]}], **rest.get("data", {})}
        return pattern.compile({**rest, "data": data}, dialect)

    event = {"source": "acs.ecs", "data": {"name": "n7", "n": 7}}
    few = index.RuleSet({f"rule-{n}": made(n) for n in range(10)})
    many = index.RuleSet({f"rule-{n}": made(n) for n in range(2000)})
    assert few.matching(event) == tuple(f"rule-{n}" for n in range(10) if n != 7)
    assert many.matching(event) == tuple(f"rule-{n}" for n in range(2000) if n != 7)
    assert calls(lambda: many.matching(event)) <= 2 * calls(lambda: few.matching(event)) + 40


@pytest.mark.parametrize("dialect", pattern.DIALECTS)
def test_an_event_that_is_too_costly_is_refused_early(dialect: Any) -> None:
    """Twenty ranges, and a quarter of a megabyte of different numbers: today's worst sender."""
    ranges = {
        f"r{n}": pattern.compile({"data": {"a": [{"numeric": [">", n]}, "x"]}}, dialect)
        for n in range(20)
    }
    rules = index.RuleSet(ranges)
    costly = {"data": {"a": [-n for n in range(40_000)]}}
    same = {"data": {"a": [0] * 130_000}}
    assert rules.matching(same) == ()
    assert calls(lambda: rules.matching(same)) < 1000
    assert rules.matching(costly) == ()
    asked = {"a": [{"prefix": "x"}, {"exists": False}], "b": ["x"]}
    many = index.RuleSet(
        {f"r{n}": pattern.compile({"data": {**asked, "c": [n]}}, dialect) for n in range(20)}
    )
    event = {"data": {"a": [*costly["data"]["a"], "y"], "b": "x", "c": 3}}
    assert many.matching(event) == ()
    event["data"]["c"] = list(range(20))  # type: ignore[assignment]
    with pytest.raises(effort.TooCostly, match="more than 200000 comparisons"):
        many.matching(event)


def test_numbers_of_any_size() -> None:
    huge = 10**5000
    for dialect in pattern.DIALECTS:
        event = {"data": {"n": huge, "m": [huge, -huge]}}
        compiled = pattern.compile({"data": {"n": [{"numeric": [">", 5]}]}}, dialect)
        assert compiled.matches(event)
        same = pattern.compile({"data": {"m": [-huge, {"numeric": ["=", 0]}]}}, dialect)
        assert same.matches(event)
        assert index.RuleSet({"a": same, "b": compiled}).matching(event)[0] == "a"
        other = pattern.compile({"data": {"n": [huge + 1]}}, dialect)
        assert len(str(other.explain(event)[0])) < 300


def test_a_large_array() -> None:
    event = {"data": {"a": list(range(30_000))}}
    compiled = pattern.compile({"data": {"a": [29_999, {"prefix": "x"}]}})
    assert compiled.matches(event)
    assert index.RuleSet({"r": compiled}).matching(event) == ("r",)
    assert (
        len(json.dumps([str(r) for r in pattern.compile({"data": {"a": [-1]}}).explain(event)]))
        < 300
    )
