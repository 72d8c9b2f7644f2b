"""What is wrong with a pattern or a transform, where it stands, and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Where something stands. Line and column count from 1, and are 0 where a mapping was given
    in place of text; ``path`` is the JSON path (``$.data.role[0]``)."""

    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.line:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.file} {self.path}".strip()


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong; ``message`` says what was expected, and the nearest right name."""

    mark: Mark
    message: str

    def __str__(self) -> str:
        return f"{self.mark}: {self.message}"


class LanguageError(Exception):
    """Rules cannot be used as written; ``faults`` has all that is wrong, in reading order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


class PatternError(LanguageError):
    """A pattern that cannot be compiled."""


class TransformError(LanguageError):
    """A transform that cannot be used where its result is to land."""


class EventError(LanguageError):
    """An event that is not a JSON object."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; empty: none is near."""
    folded = {_fold(item): item for item in sorted(known)}
    wanted = _fold(name[:100])
    if wanted in folded:
        return folded[wanted]
    close = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else ""


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the near one, else those that there are."""
    known = sorted(known)
    near = nearest(name, known)
    if near:
        return f", did you mean `{near}`?"
    return f"; expected {listed(known)}" if 0 < len(known) <= 12 else ""


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them: `a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def step(key: str) -> str:
    """One key as a JSON path writes it."""
    return f".{key}" if re.fullmatch(r"[^\W\d][\w-]*", key) else f"[{key!r}]"


def written(path: Iterable[str]) -> str:
    """A path of keys as a JSON path."""
    return "$" + "".join(map(step, path))


def _fold(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold() or name
