"""From the syntax of Python's ``re`` to that of RE2, without a change of meaning.

RE2 knows other letters, digits and spaces than Python, other pairs of upper and lower case, and
word boundaries in ASCII only. So no class is handed to it as it is written. A pattern is taken
apart into its *atoms*, what matches one character; ``re`` itself is asked which characters each
atom takes, and RE2 gets classes of exactly these. All characters beyond ASCII that the same atoms
take are as good as one another, so that one letter stands for them all, in the classes and in the
text (see ``linear``). A word boundary of such a text is marked by a letter that is put there.
"""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

How = Literal["search", "fullmatch"]
Classes = Callable[[int], str]
"""The number of an atom → the class that RE2 gets for it."""

DEEPEST = 60
LARGEST = 400
"""Atoms of one pattern."""
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
_CODES = re.compile(r"\\U([0-9a-f]{8})")
_TYPES = int(re.ASCII | re.UNICODE | re.LOCALE)
_BEYOND = {
    "ASSERT": "look-ahead or look-behind",
    "ASSERT_NOT": "look-ahead or look-behind",
    "GROUPREF": "a reference back to a group",
    "GROUPREF_EXISTS": "a condition on a group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repetition",
}


class Beyond(Exception):
    """RE2 cannot say this; the message names what it is."""


@dataclass(slots=True)
class Translated:
    """A pattern, in parts: texts, and numbers of ``atoms``, which match one character each, as
    ``re`` writes them. ``chars``: those beyond ASCII that it names. ``boundaries``: word boundaries
    in Unicode stand in it. ``line_end``: which ends of lines ``$`` means: "last" (the end, and
    before a newline there), "every", or "" where it has no ``$``."""

    atoms: list[str] = field(default_factory=list)
    parts: list[str | int] = field(default_factory=list)
    boundaries: bool = False
    ascii_boundaries: bool = False
    chars: str = ""
    line_end: Literal["", "last", "every"] = ""

    def source(self, classes: Classes, how: How, marked: bool) -> str:
        """The pattern for RE2. ``marked``: boundaries are marked in the text."""
        mark = MARK if marked else ""
        source = "".join(
            mark + classes(part) if isinstance(part, int) else part for part in self.parts
        )
        source = source.replace(_MARKED, mark)
        return rf"\A(?:{source}){mark}\z" if how == "fullmatch" else source


MARK = "w?"
"""A boundary that is marked, passed over: the place before it and the one behind it are one."""
_MARKED = "\0"


def translated(pattern: str) -> Translated:
    """Raises Beyond, or what ``re`` raises where it is no pattern."""
    parser: Any = importlib.import_module("re._parser")
    tree = parser.parse(pattern)
    result = Translated()
    _walk(result, tree, tree.state.flags, 0)
    if result.boundaries and result.ascii_boundaries:
        raise Beyond("word boundaries in ASCII beside others")
    return result


def _walk(result: Translated, tree: Iterable[Any], flags: int, depth: int) -> None:
    if depth > DEEPEST:
        raise Beyond("groups nested too deeply")
    for op, argument in tree:
        name = str(op)
        if name in _BEYOND:
            raise Beyond(_BEYOND[name])
        if name == "AT":
            _at(result, str(argument), flags)
        elif name == "BRANCH":
            _alternatives(result, argument[1], flags, depth)
        elif name == "SUBPATTERN":
            _, add, remove, inner = argument
            kept = flags & ~_TYPES if add & _TYPES else flags
            _alternatives(result, [inner], (kept | add) & ~remove, depth)
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = argument
            _alternatives(result, [inner], flags, depth)
            result.parts.append(_times(int(low), int(high)))
        else:
            _atom(result, name, argument, flags)


def _alternatives(result: Translated, trees: Iterable[Any], flags: int, depth: int) -> None:
    for number, tree in enumerate(trees):
        result.parts.append("|" if number else "(?:")
        _walk(result, tree, flags, depth + 1)
    result.parts.append(")")


def _times(low: int, high: int) -> str:
    endless = high >= 1 << 31
    if (not endless and high > 1000) or low > 1000:
        raise Beyond("more than 1000 repetitions")
    return f"{{{low},}}" if endless else f"{{{low},{high}}}"


# ----------------------------------------------------------------------------- places


def _at(result: Translated, name: str, flags: int) -> None:
    """A place in the text. Where boundaries are marked, a beginning is before the mark, and an end
    behind it; both are the same place."""
    lines = bool(flags & re.MULTILINE)
    if name in ("AT_BOUNDARY", "AT_NON_BOUNDARY"):
        result.boundaries = result.boundaries or not flags & re.ASCII
        result.ascii_boundaries = result.ascii_boundaries or bool(flags & re.ASCII)
        result.parts.append(r"\b" if name == "AT_BOUNDARY" else r"\B")
    elif name == "AT_BEGINNING_STRING" or (name == "AT_BEGINNING" and not lines):
        result.parts.append(r"\A")
    elif name == "AT_BEGINNING":
        _ends(result, "every")
        result.parts.append("(?m:^)")
    elif name == "AT_END_STRING":
        result.parts.append(rf"{_MARKED}\z")
    elif name == "AT_END":
        _ends(result, "every" if lines else "last")
        result.parts.append(f"{_MARKED}(?m:$)")
    else:
        raise Beyond(name.lower())


def _ends(result: Translated, which: Literal["last", "every"]) -> None:
    if result.line_end not in ("", which):
        raise Beyond("ends of lines beside ends of the text")
    result.line_end = which


# ----------------------------------------------------------------------------- atoms


def _atom(result: Translated, name: str, argument: object, flags: int) -> None:
    letters = "".join(
        letter
        for letter, flag in (("a", re.ASCII), ("i", re.IGNORECASE), ("s", re.DOTALL))
        if flags & flag
    )
    written = _written(name, argument)
    named = map(int, (code for code in _CODES.findall(written)), itertools.repeat(16))
    result.chars += "".join(chr(code) for code in named if code > 127)
    # for all of it: within a group of flags, a search of re looks for what other flags mean
    atom = f"(?{letters}){written}" if letters else written
    if atom not in result.atoms:
        if len(result.atoms) >= LARGEST:
            raise Beyond("too many kinds of characters")
        result.atoms.append(atom)
    result.parts.append(result.atoms.index(atom))


def _written(name: str, argument: Any) -> str:
    """An atom as ``re`` reads it."""
    if name == "LITERAL":
        return _char(argument)
    if name == "NOT_LITERAL":
        return f"[^{_char(argument)}]"
    if name == "ANY":
        return "."
    if name == "FAILURE":
        return "(?!)"
    if name != "IN":
        raise Beyond(name.lower())
    return f"[{''.join(_member(str(op), one) for op, one in argument)}]"


def _member(name: str, argument: Any) -> str:
    if name == "NEGATE":
        return "^"
    if name == "LITERAL":
        return _char(argument)
    if name == "RANGE":
        return f"{_char(argument[0])}-{_char(argument[1])}"
    if name == "CATEGORY" and str(argument) in _CATEGORIES:
        return _CATEGORIES[str(argument)]
    raise Beyond(name.lower())


def _char(code: int) -> str:
    return f"\\U{code:08x}"
