"""What holds for all values: hostile ones are data, nothing is mutated, nothing else is raised."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any
from unittest import mock

import jq
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import source
from bot.oos.expr import expressions, functions, jqtext, placeholders, selectors, values
from tests import properties

SLOW = settings(deadline=None, max_examples=properties.examples(60))
NASTY = st.sampled_from(
    ['"', '") | env | ("', "\\(env)", "\\", '", "x": "', "]} | halt", "{{ a }}", "{{", "}}", "#",
     "$ENV", '1, "admin": true', "\n", "'", "*", "${a}", "null", "[1]", "$__oos_0", "\ue0000\ue001"]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=12), NASTY, st.lists(NASTY, max_size=4).map("".join))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), TEXT,
    st.sampled_from(["2026-01-01T00:00:00Z", "10:00", "10.0.0.0/8", "First", "powershell", "9**9"]),
)  # fmt: skip
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-999, 999), TEXT),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["a", "A", "b", "t.out", "T.OUT", "gone", "t.gone", "ACS::RegionId"])
TEMPLATES = st.recursive(
    st.one_of(
        SCALARS,
        NAMES.map("{{{{ {} }}}}".format),
        st.tuples(TEXT, NAMES).map("{0[0]}{{{{{0[1]}}}}}".format),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(TEXT, inner, max_size=2),
        st.tuples(st.sampled_from(sorted(functions.REGISTRY)), inner).map(
            lambda pair: {f"Fn::{pair[0]}": pair[1]}
        ),
        st.tuples(st.sampled_from(sorted(functions.REGISTRY)), st.lists(inner, max_size=3)).map(
            lambda pair: {f"Fn::{pair[0]}": pair[1]}
        ),
    ),
    max_leaves=12,
)


class Recording:
    """A scope that remembers what it was asked for."""

    def __init__(self, known: Any) -> None:
        self.known = known
        self.asked: set[tuple[str, str]] = set()

    def lookup(self, name: str, output: str | None) -> Any:
        self.asked.add((name, output or ""))
        if "gone" in (name, output):
            raise expressions.Unknown(name)
        return self.known


@given(TEMPLATES, DATA)
@settings(deadline=None, max_examples=properties.examples(400))
def test_only_expression_errors_nothing_mutated_all_references_known(
    template: Any, known: Any
) -> None:
    before, data_before = copy.deepcopy(template), copy.deepcopy(known)
    scope = Recording(known)
    with contextlib.suppress(source.Invalid):
        expressions.evaluate(template, scope)
    expressions.check(template)
    assert repr(template) == repr(before)
    assert repr(known) == repr(data_before)
    referred = {(each.name, each.output) for each in expressions.references(template)}
    assert scope.asked <= referred


@given(st.sampled_from(sorted(functions.REGISTRY)), DATA, st.lists(DATA, min_size=2, max_size=3))
@settings(deadline=None, max_examples=properties.examples(400))
def test_functions_raise_expression_errors_only(name: str, one: Any, many: list[Any]) -> None:
    scope = expressions.Scope({"one": one, "many": many})
    for argument in ("{{ one }}", "{{ many }}", ["{{ one }}", "{{ many }}"], one, many):
        with contextlib.suppress(source.Invalid):
            expressions.evaluate({f"Fn::{name}": argument}, scope)


@given(st.text())
def test_base64_round_trip(text: str) -> None:
    there = {"Fn::Base64Encode": "{{ text }}"}
    scope = expressions.Scope({"text": text})
    assert expressions.evaluate({"Fn::Base64Decode": there}, scope) == text


@given(st.dictionaries(st.text(max_size=3), st.lists(st.integers(), max_size=5), max_size=4))
def test_merge_map_to_list_is_as_long_as_the_longest(columns: dict[str, list[int]]) -> None:
    argument = [{key: column} for key, column in columns.items()]
    found = functions.REGISTRY["MergeMapToList"].call
    assert found is not None
    rows = found(argument)
    assert len(rows) == max(map(len, columns.values()), default=0)
    for key, column in columns.items():
        assert [row[key] for row in rows][: len(column)] == column if column else True


@given(st.lists(st.lists(st.integers(0, 6), max_size=6), min_size=1, max_size=4))
def test_sets_of_lists(lists: list[list[int]]) -> None:
    union, intersection, difference = (
        expressions.evaluate({f"Fn::{name}": lists}, expressions.Scope())
        for name in ("Union", "Intersection", "Difference")
    )
    sets = [set(each) for each in lists]
    assert union == list(dict.fromkeys(item for each in lists for item in each))
    assert intersection == [i for i in dict.fromkeys(lists[0]) if all(i in s for s in sets)]
    assert difference == [item for item in union if item not in intersection]


SCRIPTS = [
    '{"v": "<{{ a }}>", "w": 1}',
    "{{ a }} as $x | {v: $x, w: 1}",
    '{"v": {{ a }}, "w": 1}',
    '[.d[] | select(. == "{{ a }}")] | {v: ., w: 1}',
    '{"v": "\\("{{ a }}")", "w": (1 | (.))}',
]


@given(st.sampled_from(SCRIPTS), JSON)
@SLOW
def test_hostile_values_never_change_the_jq_program(script: str, value: Any) -> None:
    bound = expressions.bind(script, expressions.Scope({"a": value}))
    selectors.select(expressions.bind(script, expressions.Scope({"a": 1})), {"d": []})
    with mock.patch.object(jq, "compile", side_effect=AssertionError("compiled again")):
        (found,) = selectors.select(bound, {"d": []})
    assert found.keys() == {"v", "w"}
    assert found["w"] == 1


@given(JSON)
@SLOW
def test_a_string_in_jq_says_what_text_says(value: Any) -> None:
    bound = expressions.bind('"<{{ a }}>"', expressions.Scope({"a": value}))
    assert selectors.select(bound, None) == [f"<{values.printed(value)}>"]


@given(JSON, JSON)
def test_hostile_values_never_change_json_text(one: Any, other: Any) -> None:
    scope = expressions.Scope({"one": one, "other": other})
    text = '{"s": "<{{ one }}>", "v": {{ one }}, "l": ["{{ other }}", {{other}}], "w": 1}'
    found = json.loads(expressions.evaluate(text, scope))
    assert found == {
        "s": f"<{values.printed(one)}>",
        "v": values.literal(one),
        "l": [values.printed(other), values.literal(other)],
        "w": 1,
    }


@given(TEXT.filter(lambda text: "{{" not in text))
def test_text_without_braces_is_itself(text: str) -> None:
    assert expressions.evaluate(text, expressions.Scope()) == text
    assert placeholders.malformed(text) == []


@given(st.text(max_size=200))
def test_any_jq_text_either_compiles_or_says_why(script: str) -> None:
    assert selectors.fault(script) == compiled(script)


def compiled(script: str) -> str:
    """What compiling it says."""
    try:
        selectors.bind(script, lambda name: None)
    except source.Invalid as error:
        return str(error)
    return ""


WORDS = st.sampled_from(
    [*jqtext.UNAVAILABLE, "if", "then", "end", "as", "def", "reduce", "and", "not", "try", "import",
     "__loc__", "__oos_0", "Instances", "_x", "length", "limit", "range", "empty", "a1"]
)  # fmt: skip
STEPS = st.tuples(WORDS, st.sampled_from(["", "[]", "[0]", "[][12]"])).map("".join)


@given(st.lists(STEPS, min_size=1, max_size=4).map(".".join), st.sampled_from(["", ".", " "]))
def test_paths_that_are_not_compiled_at_load_would_compile(path: str, before: str) -> None:
    assert selectors.fault(before + path) == compiled(before + path)
