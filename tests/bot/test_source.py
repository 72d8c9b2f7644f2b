"""Documents with positions: what every reader of them says of a place, a fault and a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import redact, source
from bot.source import json_text, masks, nodes, paths, suggest, toml_text, yaml_text
from tests import properties

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("ab:#\n\"'é", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc.é", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


def places(value: Any, path: paths.Path = ()) -> dict[paths.Path, Any]:
    """Every part of a value by its path."""
    if isinstance(value, dict):
        parts: Any = value.items()
    else:
        parts = enumerate(value) if isinstance(value, list) else ()
    return {path: value} | {
        key: part for name, inner in parts for key, part in places(inner, (*path, name)).items()
    }


@settings(max_examples=60, deadline=None)
@given(VALUES, st.sampled_from([None, 0, 2]))
def test_each_value_of_json_stands_where_its_mark_says(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    read, positions = json_text.read(text, "t.json")
    assert read == value
    lines = text.split("\n")
    assert positions.values.keys() == places(value).keys()
    for path, part in places(value).items():
        mark = positions.mark(path)
        rest = "\n".join(lines[mark.line - 1 :])[mark.column - 1 :]
        assert json.JSONDecoder().raw_decode(rest)[0] == part


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, max_size=3))
def test_yaml_and_json_of_one_value_have_the_same_paths(value: dict[str, Any]) -> None:
    as_yaml = nodes.Builder("t.yml", "")
    yaml_text.feed(json.dumps(value), as_yaml)
    assert as_yaml.root == value
    assert as_yaml.positions.values.keys() == places(value).keys()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": 1, "a": 2}', "1:10: the key `a` stands twice here (first on line 1)"),
        ('{"a":\n NaN}', "2:2: expected a JSON value, found `N`"),
        ('{"a": 1e999}', "1:7: the number 1e999 is too large"),
        ("[" * 65 + "]" * 65, "1:65: nested deeper than 64 levels"),
        ("[" * 99_999, "1:65: nested deeper than 64 levels"),
    ],
)
def test_json_is_read_strictly(text: str, fault: str) -> None:
    for reader in (json_text.read, json_text.value):
        with pytest.raises(source.Invalid) as caught:
            reader(text, "t.json")
        assert str(caught.value) == f"t.json:{fault}"


SLIPS = [
    *("", "{", "}", "[", "]", ",", ":", '"', '"a":1,', '"a":1,"a":1,', "\\", "\\ud800", "\n", "\t"),
    *("0", "-", ".", "-0", "1.5e3", "01", "1e999", "9" * 401, "NaN", "-Infinity", "nul", "\ufeff"),
    *("\x00", "\xa0", "/", "[" * 65, "[[]]" * 40),
]


@settings(max_examples=properties.examples(600), deadline=None)
@given(VALUES, st.integers(0, 99), st.integers(0, 3), st.sampled_from(SLIPS))
def test_a_value_alone_is_read_as_one_with_places_is(
    value: Any, at: int, gone: int, slip: str
) -> None:
    text = json.dumps(value, ensure_ascii=False)
    text = text[:at] + slip + text[at + gone :]

    def outcome(read: Callable[[], Any]) -> str:
        try:
            return repr(read())
        except source.Invalid as error:
            return str(error)

    with_places = outcome(lambda: json_text.read(text, "t.json")[0])
    assert outcome(lambda: json_text.value(text, "t.json")) == with_places


@pytest.mark.parametrize("text", ["1e400", '{"a": [-1e400]}', "NaN"])
def test_no_reader_of_json_takes_a_number_that_is_not_finite(text: str) -> None:
    for reader in (json_text.loads, json_text.event):
        with pytest.raises(source.Invalid):
            reader(text)


@pytest.mark.parametrize(
    "text", ['"\\uD800" = 1\n', '["\\uD800"]\n', 'a."\\uD800".b = 1\n', 'a = {"\\e" = 1}\n']
)
def test_a_key_of_toml_that_is_not_valid_is_a_fault_with_its_line(text: str) -> None:
    reading = toml_text.read(f"x = 1\n{text}[t]\ny = 2\n")
    [fault] = reading.faults
    assert fault.mark.line == 2
    assert fault.message.startswith("not valid TOML: ")
    assert reading.values == {"x": 1, "t": {"y": 2}}


def test_a_place_is_written_in_the_words_of_its_file() -> None:
    path: paths.Path = ("rule", 0, "when x")
    assert paths.written(path) == "$.rule[0]['when x']"
    assert paths.indexed(path) == "rule[0].when x"
    assert paths.dotted(path) == "rule.'when x'"
    assert str(source.Mark("f", 3, 4, "a")) == "f:3:4"
    assert str(source.Mark("f", 3)) == "f:3"
    assert str(source.Mark("f", path="$.a")) == "f $.a"
    assert str(source.Invalid("no place", source.Fault(source.Mark("f", 1), "here"))) == (
        "no place\nf:1: here"
    )


def test_an_unclosed_text_of_toml_is_told_once_and_the_rest_is_read() -> None:
    text = "a = 1\n[t]\nb = '''never\n[u]\nc = 2\n"
    reading = toml_text.read(text)
    [fault] = reading.faults
    assert fault.mark.line == 3
    assert "is it never closed?" in fault.message
    assert reading.values == {"a": 1, "t": {}, "u": {"c": 2}}


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("regoin", ["region", "regions"], "region"),
        ("run-within", ["run_within"], "run_within"),
        ("InstanceId", ["instanceIds"], "instanceIds"),
        ("ApiName", ["API", "Service"], "API"),
        ("reasonz", ["reason", "reason_zh"], "reason"),
        ("重起", ["重启", "查看"], "重启"),
        ("server", ["redrive", "restart"], ""),
        ("", ["a"], ""),
    ],
)
def test_one_answer_to_what_was_meant(name: str, known: list[str], near: str) -> None:
    assert suggest.nearest(name, known) == near
    assert suggest.nearest(name, known[::-1]) == near
    assert suggest.meant(name, known) == (f", did you mean `{near}`?" if near else "")


def test_only_what_is_nearly_the_same_is_surely_meant() -> None:
    assert suggest.surely("Acton", ["Action"]) == "Action"
    assert suggest.surely("Next", ["NextTask"]) == ""
    assert suggest.expected("zzz", ["b", "a"]) == "; expected `b` or `a`"


def test_texts_are_covered_in_values_and_in_names_of_their_parts() -> None:
    value = {"a-s3cret": ["x s3cret y", 7, {"b": "czNjcmV0"}], "n": 12345}
    covered = masks.changed(
        value, lambda part: redact.without(part, ["s3cret"]) if isinstance(part, str) else part
    )
    assert covered == {
        f"a-{masks.MASK}": [f"x {masks.MASK} y", 7, {"b": masks.MASK}],
        "n": 12345,
    }
    assert list(masks.strings(value)) == ["x s3cret y", "czNjcmV0"]
    assert list(masks.strings({"k": ["v"]}, keys=True)) == ["k", "v"]
    url = "https://h/robot/send?access_token=abc"
    assert masks.without_tokens(f"to {url}") == f"to https://h/robot/send?access_token={masks.MASK}"
    assert masks.robot(url)
    assert not masks.robot(f"to {url}")
