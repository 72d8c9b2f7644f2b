"""jq scripts that are computed: what their author wrote is the program, what is filled in is data.

A ValueSelector may be ``{"Fn::Sub": ["… ${name} …", {name: value}]}``. Its text is compiled, and
each value enters as input, so that none can change what the program does. Where a whole script is
what a function or a parameter gives, it is run as it is: references in it are not looked up, and
the bounds of ``selectors`` hold for it, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot import source
from bot.oos.expr import placeholders, selectors, values
from bot.oos.expr.functions import base
from bot.oos.template import model, names

_VARIABLE = re.compile(r"\$\{([\w.:-]+)\}")
_HOLE = "\u03bd"
"""Begins the names of what is filled in: no parameter's name has it."""


@dataclass(frozen=True, slots=True)
class _Hole:
    """A value in a script, as it is written, and as people know it."""

    raw: object
    shown: str


@dataclass(frozen=True, slots=True)
class _Text:
    """A script with ``{{ ν0 }}`` … in the places of its holes."""

    script: str
    holes: Mapping[str, _Hole]

    def in_its_words(self, message: str) -> str:
        """A complaint about it, in the words of its author."""
        for name, hole in self.holes.items():
            message = message.replace(f"{{{{ {name} }}}}", hole.shown)
        return message


def bind(raw: object, evaluation: base.Evaluation, at: str = "") -> selectors.Bound:
    """The script, with the values that it reads. Invalid: it does not compile, or is no
    script. What the evaluation raises goes through."""
    raw = _chosen(raw, evaluation, at)
    text = _text(raw)
    if text is None:
        script = evaluation.value(raw, at)
        if not isinstance(script, str | int | float) or isinstance(script, bool):
            raise source.Invalid(f"expected a jq script, got {values.kind(script)}")
        return selectors.Bound(values.printed(script), ())

    def lookup(name: placeholders.Name) -> Any:
        hole = text.holes.get(name.name)
        return evaluation.name(name) if hole is None else evaluation.value(hole.raw, at)

    try:
        return selectors.bind(text.script, lookup)
    except base.ExpressionError:
        raise
    except source.Invalid as error:
        raise source.Invalid(text.in_its_words(str(error))) from None


def fault(raw: object) -> str:
    """What is wrong with a script whatever its values will be; empty: nothing that can be seen."""
    for each in _branches(raw):
        if not isinstance(each, str) and not base.is_call(each):
            return f"expected a jq script, found {names.kind(each)}"
        text = _text(each)
        wrong = "" if text is None else selectors.fault(text.script)
        if text is not None and wrong:
            return model.like(wrong, text.in_its_words(wrong))
    return ""


def _branches(raw: object) -> Iterator[object]:
    """The scripts that it may be."""
    parts = _argument(raw, "if")
    if isinstance(parts, list) and len(parts) == 3:
        for part in parts[1:]:
            yield from _branches(part)
    else:
        yield raw


def _chosen(raw: object, evaluation: base.Evaluation, at: str) -> object:
    while isinstance(parts := _argument(raw, "if"), list) and len(parts) == 3:
        raw = parts[1] if base.condition(evaluation.value(parts[0], at)) else parts[2]
    return raw


def _argument(raw: Any, function: str) -> object:
    """What a function is called with; None: it is another, or none."""
    if not base.is_call(raw) or len(raw) != 1:
        return None
    ((key, argument),) = raw.items()
    return argument if model.fold(key) == f"fn::{function}" else None


def _text(raw: object) -> _Text | None:
    """The script as its author wrote it; None: all of it is a value."""
    holes: dict[str, _Hole] = {}
    pieces = _pieces(raw)
    if pieces is None:
        return None
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, _Hole):
            name = f"{_HOLE}{len(holes)}"
            holes[name] = piece
            parts.append(f"{{{{ {name} }}}}")
        else:
            parts.append(piece)
    return _Text("".join(parts), holes)


def _pieces(raw: object) -> list[str | _Hole] | None:
    """Text and holes in turn; None: it is one value."""
    if isinstance(raw, str):
        return None if placeholders.whole(raw) is not None else [raw]
    of_join, of_sub = _argument(raw, "join"), _argument(raw, "sub")
    if isinstance(of_sub, list) and len(of_sub) == 2 and isinstance(of_sub[1], Mapping):
        return _substituted(_pieces(of_sub[0]), of_sub[1])
    if isinstance(of_join, list) and len(of_join) == 2 and isinstance(of_join[1], list):
        return _joined(*of_join)
    return None


def _substituted(
    text: list[str | _Hole] | None, news: Mapping[str, object]
) -> list[str | _Hole] | None:
    if text is None:
        return None
    pieces: list[str | _Hole] = []
    for piece in text:
        if isinstance(piece, _Hole):
            pieces.append(piece)
            continue
        at = 0
        for variable in _VARIABLE.finditer(piece):
            if variable[1] in news:
                pieces += [piece[at : variable.start()], _Hole(news[variable[1]], variable[0])]
                at = variable.end()
        pieces.append(piece[at:])
    return pieces


def _joined(separator: object, parts: list[object]) -> list[str | _Hole] | None:
    if not isinstance(separator, str) or "{{" in separator:
        return None
    pieces: list[str | _Hole] = []
    for at, part in enumerate(parts):
        if at:
            pieces.append(separator)
        inner = _pieces(part)
        pieces += [_Hole(part, f"[1][{at}] of Fn::Join")] if inner is None else inner
    return pieces
