"""jq: ValueSelector, PropertySelector and Fn::Jq, run by jq itself.

A script compiles as it is or, failing that, with "." before it (``Instances.Instance[].Status``).
Bounds: the length of script and document, the number of results, the length of ranges, the depth
of loops, the length of a repeated text; a function that calls itself is refused. What remains is
its author's doing, as jq runs in this process and gives no other hold: loops within loops
(``[range(1000000) | range(1000000)]``), a text or list that is doubled in a ``reduce``, an index
far behind the end of a list (``.[100000000] = 1``), a regular expression that backtracks for ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jq

from bot import source
from bot.oos.expr import jqtext, placeholders, values
from bot.oos.template import model, names

MOST_SCRIPT = 64 * 1024
MOST_DOCUMENT = 32 * 1024 * 1024
MOST_RESULTS = 100_000
MOST_RANGE = 1_000_000
MOST_STEPS = 1_000
_PATH = re.compile(r"\.|\.?[A-Za-z_]\w*(\[[0-9]*\])*(\.[A-Za-z_]\w*(\[[0-9]*\])*)*", re.ASCII)
"""Paths are jq beyond doubt: compiling each would cost more than reading the template."""
_BEYOND = re.compile(
    r"__oos_|^(?:__loc__|and|as|catch|def|elif|else|end|foreach|if|import|include|label|module|or"
    rf"|reduce|then|try|{'|'.join(jqtext.UNAVAILABLE)})\b"
)
"""What looks like a path, and may be none."""
_STEPS = f'if $__n > {MOST_STEPS} then error("more than {MOST_STEPS} steps") else . end'
_PREFACE = " ".join(
    [
        "{} as $ENV |",
        *(f'def {name}: error("{name} is not available here");' for name in jqtext.UNAVAILABLE),
        'def halt_error(f): error("halt_error is not available here");',
        "def debug: .; def debug(f): .; def stderr: .; def get_search_list: [];",
        "def input_filename: null; def input_line_number: 0;",
        "def __oos_range($a; $b; $by): range($a; $b; $by);",
        "def range($a; $b; $by): if ($by != 0) and ((($b - $a) / $by) > "
        f'{MOST_RANGE}) then error("the range is too long") else __oos_range($a; $b; $by) end;',
        "def range($a; $b): range($a; $b; 1); def range($n): range(0; $n; 1);",
        f"def repeat(f): def __r($__n): {_STEPS} | ., (f | __r($__n + 1)); __r(0);",
        f"def recurse(f): def __r($__n): {_STEPS} | ., (f | __r($__n + 1)); __r(0);",
        f"def recurse(f; c): def __r($__n): {_STEPS} | ., (f | select(c) | __r($__n + 1)); __r(0);",
        "def while(c; f): def __w($__n): "
        f"{_STEPS} | if c then ., (f | __w($__n + 1)) else empty end; __w(0);",
        "def until(c; f): def __u($__n): "
        f"{_STEPS} | if c then . else (f | __u($__n + 1)) end; __u(0);",
        # What jq makes of a * b, in its own order of results: b is gone through in the outer loop.
        "def __oos_times($a; $b): $a * $b;",
        'def __oos_long($text; $n): ($text | type) == "string" and ($n | type) == "number" and '
        f"($text | utf8bytelength) * $n > {values.MOST_TEXT};",
        "def _multiply(a; b): b as $b | a as $a | "
        "if __oos_long($a; $b) or __oos_long($b; $a) "
        f'then error("a repeated text would be longer than {values.MOST_TEXT} bytes") '
        "else __oos_times($a; $b) end;",
    ]
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A script with the values of its references, in the order of its program's slots."""

    script: str
    inputs: tuple[object, ...]


Script = str | Bound


def select(script: Script, document: object) -> list[Any]:
    """All results of a jq script over a document, in order. A script with ``{{ }}`` must be bound
    first (``expressions.bind``). Invalid: it does not compile, or jq refuses the document."""
    bound = script if isinstance(script, Bound) else Bound(script, ())
    compiled, slots = _compiled(bound.script)
    if len(slots) != len(bound.inputs):
        missing = ", ".join(str(slot.name) for slot in slots)
        raise source.Invalid(f"the script has references that were not looked up: {missing}")
    try:
        inputs = [
            values.printed(value) if slot.form == "text" else values.literal(value)
            for slot, value in zip(slots, bound.inputs, strict=True)
        ]
        text = json.dumps([*inputs, document], allow_nan=False, default=str)
    except (ValueError, RecursionError) as error:
        raise source.Invalid(f"jq cannot read the document: {error}") from None
    if len(text) > MOST_DOCUMENT:
        raise source.Invalid(f"the document is larger than {MOST_DOCUMENT} bytes")
    results: list[Any] = []
    try:
        for result in compiled.input_text(text):
            results.append(result)
            if len(results) > MOST_RESULTS:
                raise source.Invalid(f"more than {MOST_RESULTS} results")
    except (ValueError, RecursionError) as error:
        raise source.Invalid(f"jq: {_first_line(error)}") from None
    return results


def output(type: model.ParameterType, script: Script, document: object) -> Any:
    """An output of a task: List has all results; any other type the first (None: there is none),
    as that type. A String keeps lists and objects as they are: text shows them as JSON."""
    results = select(script, document)
    if type == "List":
        return results
    return converted(type, results[0]) if results else None


def converted(type: model.ParameterType, value: object) -> Any:
    """A value as a type of the template language. Invalid: it is nothing of that type."""
    if value is None:
        return None
    if type == "String":
        return value if isinstance(value, list | dict) else values.printed(value)
    if type == "Json":
        items = values.literal(value)
        return items if isinstance(items, list | dict) else value
    if type == "List":
        items = values.literal(value)
        return items if isinstance(items, list) else [value]
    as_type = values.number(value) if type == "Number" else values.boolean(value)
    if as_type is None:
        raise source.Invalid(f"expected a {type}, got {values.kind(value)}: {values.brief(value)}")
    return as_type


def fault(script: object) -> str:
    """What is wrong with a ValueSelector, a PropertySelector or the script of Fn::Jq; empty: it
    compiles, as the run will."""
    if not isinstance(script, str):
        return f"expected a jq script, found {names.kind(script)}"
    text = script.strip()
    if len(script) <= MOST_SCRIPT and _PATH.fullmatch(text) and not _BEYOND.search(text):
        return ""
    try:
        _compiled(script)
    except source.Invalid as error:
        return error.message
    return ""


def bind(script: str, lookup: Callable[[placeholders.Name], Any]) -> Bound:
    """A script with the values of its references, each looked up."""
    _, slots = _compiled(script)
    return Bound(script, tuple(lookup(slot.name) for slot in slots))


@lru_cache(maxsize=2048)
def _compiled(script: str) -> tuple[Any, tuple[jqtext.Slot, ...]]:
    if not script.strip():
        raise source.Invalid("the jq script is empty: expected one like .Instances.Instance[].Id")
    if len(script) > MOST_SCRIPT:
        raise source.Invalid(model.Local(f"the jq script is longer than {MOST_SCRIPT} characters"))
    try:
        program = jqtext.program(script)
    except source.Invalid as error:
        raise source.Invalid(model.Local(error.message)) from None
    code = program.code.strip()
    head = "".join(f".[{at}] as $__oos_{at} | " for at in range(len(program.slots)))
    fault = ""
    for candidate in (code, f".{code}"):
        try:
            whole = f"{_PREFACE} {head}.[{len(program.slots)}] |\n{candidate}"
            return jq.compile(whole), program.slots
        except ValueError as error:
            fault = fault or _first_line(error)
    raise source.Invalid(f"the jq script does not compile: {fault}")


def _first_line(error: Exception) -> str:
    """jq's complaint without where it stands in the program that was made of the script."""
    line = (str(error).strip().splitlines() or ["unknown error"])[0]
    return line.removeprefix("jq: error: ").split(" at <top-level>")[0]
