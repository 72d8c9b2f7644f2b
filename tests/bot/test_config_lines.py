"""On which line something stands, for any file; and no file does anything but raise ConfigError."""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import config, source
from bot.app import adapters
from bot.source import paths, toml_text
from tests import properties

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "bot.toml").read_text("utf-8")

KEYS = st.sampled_from(["a", "b-c", "d_1", '"x y"', "'q.r'", '"\\u00e9"', "é".join(["'", "'"])])
SCALARS = st.sampled_from([
    "1", "-2.5", "true", '"text # not a comment"', "'it = [odd] {'", "1979-05-27T07:32:00Z",
    '"""\nmany\n\\"\\"\\" lines # = [\n"""', "'''\n''quoted'' = {\n'''", '"\\"esc\\\\"', "inf",
    '"""two quotes at the end"""""', "''", '""', "[]", "{}",
])  # fmt: skip
GAPS = st.sampled_from(["", " ", "\n", "  # a [comment] = {\n", "\n\n\t"])


def bare(key: str) -> str:
    """The key that a written one stands for."""
    return next(iter(tomllib.loads(f"{key} = 1")))


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, dict[paths.Path, int]]:
    """A random TOML text, and the line on which each of its values was written."""
    out: list[str] = []
    lines: dict[paths.Path, int] = {}

    def write(text: str) -> None:
        out.append(text)

    def here() -> int:
        return "".join(out).count("\n") + 1

    def value(path: paths.Path, depth: int) -> None:
        kind = draw(st.sampled_from(["scalar", "scalar", "list", "inline"])) if depth else "scalar"
        if kind == "scalar":
            write(draw(SCALARS))
        elif kind == "list":
            write("[")
            for index in range(draw(st.integers(0, 3))):
                write(draw(GAPS))
                lines[(*path, index)] = here()
                value((*path, index), depth - 1)
                write(draw(GAPS) + ",")
            write(draw(GAPS) + "]")
        else:
            write("{ ")
            for number, key in enumerate(draw(st.lists(KEYS, max_size=2, unique_by=bare))):
                write(", " if number else "")
                pair((*path, bare(key)), key, depth - 1)
            write(" }")

    def pair(path: paths.Path, key: str, depth: int) -> None:
        lines[path] = here()
        write(f"{key} = ")
        value(path, depth)

    def body(table: paths.Path) -> None:
        for key in draw(st.lists(KEYS, max_size=3, unique_by=bare)):
            pair((*table, bare(key)), key, 2)
            write(draw(st.sampled_from(["\n", " # x = [\n", "\n\n"])))

    body(())
    for number in range(draw(st.integers(0, 3))):
        many = draw(st.booleans())
        for index in range(draw(st.integers(1, 3)) if many else 1):
            name = f"t{number}"
            table: paths.Path = (name, index) if many else (name,)
            lines[table] = here()
            write(f"[[ {name} ]] # h\n" if many else f"[{name}]\n")
            body(table)
            if draw(st.booleans()):
                lines[(*table, "sub", "deep")] = here()
                write(f"[{name}.sub.deep]\n")
                body((*table, "sub", "deep"))
    return "".join(out), lines


@settings(
    max_examples=properties.examples(150), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(documents())
def test_every_value_is_found_on_its_line(document: tuple[str, dict[paths.Path, int]]) -> None:
    text, wanted = document
    tomllib.loads(text)
    found = toml_text.Lines(text)
    assert {path: found.of(path) for path in wanted} == wanted


def test_dotted_keys_and_nested_tables_are_found() -> None:
    text = 'a.b.c = 1\na."d e" = 2\n[x.y]\nz = 1\n[[p]]\n[p.q]\n'
    text += "r = [\n1,\n{ s.t = 2 },\n]\n[[p]]\nu = 3\n"
    found = toml_text.Lines(text)
    paths: dict[paths.Path, int] = {
        ("a", "b", "c"): 1, ("a", "d e"): 2, ("x", "y"): 3, ("x", "y", "z"): 4, ("p", 0): 5,
        ("p", 0, "q", "r"): 7, ("p", 0, "q", "r", 0): 8, ("p", 0, "q", "r", 1, "s", "t"): 9,
        ("p", 1, "u"): 12, ("p", 1, "missing"): 11, ("nowhere",): 1,
    }  # fmt: skip
    assert {path: found.of(path) for path in paths} == paths


# ----------------------------------------------------------------------------- mutations

PIECES = [
    "[", "]", "{", "}", '"', "'", '"""', "=", ",", "\n", "#", "\0", "\ud7ff", "é", "true", "-1",
    "1e999", "[[person]]\n", "[policy.x]\n", "= {}", "= []", "= 0", '= "x"', '["*"]', "0x",
    "99999999999999999999", "1979-05-27", "role:", "{ env = 'X' }", "'''", "\\", "\u202e",
    "[[security.pattern]]\n", ".",
]  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """The shipped file with some random damage."""
    lines = TEXT.split("\n")
    for _ in range(draw(st.integers(1, 6))):
        if not lines:
            break
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["cut", "double", "insert", "swap", "move", "chop", "value"]))
        line = lines[at]
        spot = draw(st.integers(0, len(line)))
        if kind == "cut":
            del lines[at : at + draw(st.integers(1, 8))]
        elif kind == "double":
            lines.insert(at, line)
        elif kind == "insert":
            lines[at] = (
                line[:spot] + draw(st.sampled_from(PIECES) | st.text(max_size=8)) + line[spot:]
            )
        elif kind == "swap":
            lines[at] = line[:spot] + line[spot + 1 :]
        elif kind == "move":
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
        elif kind == "chop":
            lines[at] = line[:spot]
        else:
            lines[at] = line.partition("=")[0] + "= " + draw(st.sampled_from(PIECES))
    return "\n".join(lines)


@settings(
    max_examples=properties.examples(250),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=mutants())
def test_a_damaged_file_only_ever_raises_config_errors(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bot.toml"
    path.write_bytes(text.replace('"sandbox/', f'"{ROOT}/sandbox/').encode("utf-8", "replace"))
    for fault in found_faults(path):
        assert 0 <= fault.mark.line <= path.read_text("utf-8").count("\n") + 1
        assert fault.message
        assert "sandbox-dingtalk-secret" not in fault.message


def found_faults(path: Path) -> tuple[source.Fault, ...]:
    """The faults of a file, in order; none where the damage did not matter."""
    try:
        adapters.load(path, {}).summary()
    except config.ConfigError as error:
        if not error.faults or list(error.faults) != sorted(error.faults):
            raise AssertionError("a ConfigError must say what is wrong, in order") from error
        return error.faults
    return ()


@settings(
    max_examples=properties.examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
def test_any_bytes_only_ever_raise_config_errors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bot.toml"
    path.write_bytes(content)
    with pytest.raises(config.ConfigError):
        adapters.load(path, {})


# ----------------------------------------------------------------------------- every single key

PAIR = re.compile(r"(?P<key>\w+) = (?P<value>.*)")


def spoilt(number: int, line: str) -> tuple[source.Fault, ...]:
    """The faults of the shipped file with another line in place of that one."""
    lines = TEXT.replace('"sandbox/', f'"{ROOT}/sandbox/').split("\n")
    lines[number - 1] = line
    path = Path(tempfile.mkdtemp()) / "bot.toml"
    try:
        path.write_text("\n".join(lines), "utf-8")
        return found_faults(path)
    finally:
        shutil.rmtree(path.parent)


def pairs() -> list[tuple[int, str]]:
    """Every line of the shipped file that gives a value: its number, and the key."""
    return [
        (number, found["key"])
        for number, line in enumerate(TEXT.split("\n"), 1)
        if (found := PAIR.match(line))
    ]


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_a_value_of_the_wrong_type_is_told_on_its_line(step: int) -> None:
    for number, key in pairs()[::step]:
        for odd in ("{ odd = 1.5 }", "1979-05-27", "[[]]"):
            found = [
                fault for fault in spoilt(number, f"{key} = {odd}") if fault.mark.line == number
            ]
            assert found, (number, key, odd)
            assert {fault.mark.path.split(".")[-1] for fault in found} <= {key, "odd"}


def test_a_wrong_choice_is_told_once_and_nothing_that_follows_from_it() -> None:
    choices = [(number, key) for number, key in pairs() if key in ("type", "mode", "action")]
    assert len(choices) >= 4
    for number, key in choices:
        found = spoilt(number, f'{key} = "wrnog"')
        assert [fault.mark.line for fault in found] == [number], found


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_a_misspelt_key_is_told_on_its_line_with_the_right_one(step: int) -> None:
    for number, key in pairs()[::step]:
        value = PAIR.match(TEXT.split("\n")[number - 1])
        assert value is not None
        told = value["value"].replace('"sandbox/', f'"{ROOT}/sandbox/')
        found = spoilt(number, f"{key}z = {told}")
        here = [fault.message for fault in found if fault.mark.line == number]
        assert here == [f"unknown key, did you mean {key}?"], (number, key, found)


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_a_value_that_is_missing_altogether_breaks_nothing_else(step: int) -> None:
    for number, key in pairs()[::step]:
        found = spoilt(number, f"{key} =")
        assert [fault.mark.line for fault in found if "not valid TOML" in fault.message] == [number]
        others = [fault.message for fault in found if "not valid TOML" not in fault.message]
        assert all("there is no person" in said or "the group" in said for said in others), others
