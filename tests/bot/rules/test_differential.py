"""The same answers as others give: a slow matcher of our own for all of the grammar, and for what
they share, Quamina, which the author of AWS's event-ruler wrote (PyPI has it as event-ruler)."""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from bot.rules import index, pattern
from tests import properties
from tests.bot.rules import naive, strategies, suites

FEW = settings(max_examples=properties.examples(150), deadline=None)


def test_the_slow_matcher_knows_the_suite() -> None:
    for case in suites.CASES:
        if not case.name.endswith("both hold"):
            found = naive.matches(case.pattern, case.event, case.dialect)
            assert found is case.matches, case


@FEW
@given(strategies.patterns("alibaba"), strategies.events)
def test_alibaba_as_the_slow_matcher(source: dict[str, Any], event: dict[str, Any]) -> None:
    compiled = pattern.compile(source)
    assert compiled.matches(event) is naive.matches(source, event, "alibaba")
    assert (not compiled.explain(event)) is compiled.matches(event)


@FEW
@given(strategies.patterns("aws"), strategies.events)
def test_aws_as_the_slow_matcher(source: dict[str, Any], event: dict[str, Any]) -> None:
    compiled = pattern.compile(source, "aws")
    assert compiled.matches(event) is naive.matches(source, event, "aws")
    assert (not compiled.explain(event)) is compiled.matches(event)


@example([{"source": [""]}], [{"source": [{"exists": False}]}], {"source": [{}]})
@settings(max_examples=properties.examples(100), deadline=None)
@given(
    st.lists(strategies.patterns("alibaba"), max_size=3),
    st.lists(strategies.patterns("aws"), max_size=3),
    strategies.events,
)
def test_the_index_as_each_alone(
    alibaba: list[dict[str, Any]], aws: list[dict[str, Any]], event: dict[str, Any]
) -> None:
    """Also where two names have the same pattern, and the dialects mix."""
    compiled = [pattern.compile(each) for each in alibaba]
    compiled += [pattern.compile(each, "aws") for each in aws] + compiled[:2]
    patterns = {f"rule-{n}": each for n, each in enumerate(reversed(compiled))}
    alone = tuple(name for name, each in patterns.items() if each.matches(event))
    rules = index.RuleSet(patterns)
    assert rules.matching(event) == alone
    assert rules.matching(event) == alone
    assert len(rules) == len(patterns)


NUMBERS = st.sampled_from((-2, -1, 0, 0.5, 1, 1.0, 1 + 5e-8, 2, 3, 2**53, 2**53 + 1, 1e10, 1e300))
PIECES = st.text(alphabet="ab*", max_size=3).filter(lambda text: "**" not in text)


def narrow(dialect: str) -> st.SearchStrategy[dict[str, Any]]:
    """Patterns of what is not looked up by a value, on one key, so that they meet each other."""
    ranges = st.tuples(st.sampled_from((">", ">=")), NUMBERS, st.sampled_from(("<", "<=")), NUMBERS)
    texts = st.text(alphabet="abA", min_size=1, max_size=3)
    operators = st.one_of(
        ranges.filter(lambda one: one[1] < one[3]).map(lambda one: {"numeric": list(one)}),
        st.tuples(st.sampled_from(("<", "<=", ">", ">=", "=")), NUMBERS).map(
            lambda one: {"numeric": list(one)}
        ),
        texts.map(lambda text: {"contains": text}),
        PIECES.map(lambda text: {"wildcard": text}),
        texts.map(lambda text: {"prefix": {"equals-ignore-case": text}}),
        st.lists(texts, min_size=1, max_size=2).map(lambda some: {"anything-but": some}),
        st.lists(NUMBERS, min_size=1, max_size=2).map(lambda some: {"anything-but": some}),
        PIECES.map(lambda text: {"anything-but": {"wildcard": text}}),
        texts.map(lambda text: {"anything-but": {"contains": text}}),
    )
    leaf = st.lists(operators, min_size=1, max_size=2)
    inner = st.fixed_dictionaries({"k": leaf}, optional={"o": st.sampled_from((["x"], ["y"]))})
    data = inner | st.fixed_dictionaries({"$or": st.lists(inner, min_size=2, max_size=3)})
    whole = {"source": st.sampled_from((["s"], ["t"]))}
    return st.fixed_dictionaries({"data": data}, optional=whole)


MEETING = NUMBERS | st.text(alphabet="abA", max_size=4) | st.sampled_from((True, None))
KEYED = st.fixed_dictionaries(
    {"k": MEETING | st.lists(MEETING, max_size=20)}, optional={"o": st.sampled_from("xyz")}
)
MET = st.fixed_dictionaries(
    {"source": st.sampled_from("st"), "data": KEYED | st.lists(KEYED, max_size=3)}
)


@pytest.mark.parametrize("dialect", pattern.DIALECTS)
@settings(max_examples=properties.examples(200), deadline=None)
@given(data=st.data())
def test_ranges_parts_of_text_and_exclusions_by_the_dozen(dialect: Any, data: Any) -> None:
    sources = data.draw(st.lists(narrow(dialect), max_size=24))
    patterns = {str(n): pattern.compile(each, dialect) for n, each in enumerate(sources)}
    rules = index.RuleSet(patterns)
    for event in data.draw(st.lists(MET, max_size=4)):
        slow = [naive.matches(each, event, dialect) for each in sources]
        assert [each.matches(event) for each in patterns.values()] == slow
        assert rules.matching(event) == tuple(str(n) for n, held in enumerate(slow) if held)


_ASK = """
import json, sys, event_ruler
for line in sys.stdin:
    event, pattern = json.loads(line)
    try:
        answer = bool(event_ruler.test_event_pattern(event, pattern))
    except RuntimeError as error:
        answer = str(error)
    print(json.dumps(answer), flush=True)
"""
WHEELS = sys.platform == "linux" and platform.machine() == "x86_64" and sys.version_info < (3, 13)
"""Where the peer can be installed; pyproject.toml says the same."""
Peer = Any


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    """The peer in a process of its own: it brings Go's runtime along."""
    if not WHEELS:
        pytest.skip("event-ruler has no wheel for this platform")
    assert importlib.util.find_spec("event_ruler"), "event-ruler is missing: run `make setup`"
    process = subprocess.Popen(
        [sys.executable, "-c", _ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    incoming, outgoing = process.stdin, process.stdout

    def ask(source: dict[str, Any], event: dict[str, Any]) -> bool | None:
        incoming.write(json.dumps([json.dumps(event), json.dumps(source)]) + "\n")
        incoming.flush()
        answer = json.loads(outgoing.readline())
        if answer == "failed to match for payload":
            return None
        assert answer in (True, False), f"{answer}: {source}"
        return bool(answer)

    yield ask
    incoming.close()
    assert process.wait(10) == 0


_words = st.sampled_from(("a", "ab", "b", "ba", "aba", "", "你", 'x"y', "\\"))
_shared = st.one_of(
    st.booleans(),
    st.none(),
    _words,
    st.sampled_from(("a*", "*b", "a*a", "*")).map(lambda v: {"wildcard": v}),
)
_alone = st.one_of(
    st.lists(_words, min_size=1, max_size=2, unique=True).map(lambda v: [{"anything-but": v}]),
    st.just([{"exists": True}]),
)
"""What Quamina takes only as the one element of an array. Its version there misses an absent key
that the alphabet has behind all others, so absence is left to the slow matcher."""
_leaf = st.lists(_shared, min_size=1, max_size=3) | _alone
_inner = st.dictionaries(st.sampled_from(strategies.KEYS), _leaf, min_size=1, max_size=3)
_asked = st.dictionaries(st.sampled_from("xyz"), _leaf | _inner, min_size=1, max_size=3)
_scalars = _words | st.booleans() | st.none()


def _arrays(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return inner | st.lists(inner | st.lists(inner, min_size=1), min_size=1, max_size=3)


def _object(keys: Any, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(keys), inner, min_size=1, max_size=3)


_deepest = _object("pq", _arrays(_scalars))
_given = _object("xyz", _arrays(_scalars | _object(strategies.KEYS, _arrays(_scalars | _deepest))))
"""Every depth has keys of its own: Quamina's version there takes a key within an array under the
same key for the outer one."""


def _as_theirs(value: Any) -> Any:
    """Its name for a wildcard is shellstyle."""
    if isinstance(value, dict):
        return {
            "shellstyle" if key == "wildcard" else key: _as_theirs(inner)
            for key, inner in value.items()
        }
    return [_as_theirs(each) for each in value] if isinstance(value, list) else value


@settings(
    max_examples=properties.examples(400),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(source=_asked, event=_given)
def test_as_quamina(peer: Peer, source: dict[str, Any], event: dict[str, Any]) -> None:
    """Exact values, anything-but, exists, wildcards, and arrays of objects, as aws has them.
    The examples are always the same ones: the peer's own faults must not fail a build at random."""
    theirs = peer(_as_theirs(source), event)
    assume(theirs is not None)  # its reader gives up on some objects that it need not look into
    assert pattern.compile(source, "aws").matches(event) is theirs
