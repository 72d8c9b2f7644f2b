"""Patterns that people write – in ``bot.toml``, in templates, in command files – held against
texts that other people write.

They mean what Python's ``re`` says, and none can hold the bot up: what RE2's syntax can say runs
on RE2, in time that grows with the text alone (see ``translation``). The rest, look-around and
back-references, is judged by ``re`` in a process of its own, which is ended when it takes too long
(see ``apart``).
"""

from __future__ import annotations

import contextlib
import functools
import re

from bot.regexes import apart, linear, translation
from bot.regexes.apart import LIMIT, Question, TooSlow, Unjudged, answer, deferring

__all__ = [
    "LIMIT",
    "Invalid",
    "Question",
    "Regex",
    "TooSlow",
    "Unjudged",
    "answer",
    "compiled",
    "deferring",
]

Invalid = (re.error, OverflowError, RecursionError)
"""What ``compiled`` raises for a text that is no pattern."""


class Regex:
    """One pattern. ``linear``: it runs on RE2; if not, ``why`` says what it has that RE2 has not.

    ``search`` and ``fullmatch`` say whether it is there. Both raise TooSlow where that could not be
    told in time; and Unjudged where it is not known yet, to those who cannot wait for it.
    """

    __slots__ = ("_engine", "_python", "pattern", "why")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._python = re.compile(pattern)
        self._engine: linear.Engine | None = None
        self.why = ""
        try:
            self._engine = linear.Engine(translation.translated(pattern))
        except translation.Beyond as beyond:
            self.why = str(beyond)

    @property
    def linear(self) -> bool:
        return self._engine is not None

    def search(self, text: str) -> bool:
        """Does any part of the text match?"""
        return self._judged("search", text)

    def fullmatch(self, text: str) -> bool:
        """Does the text match as a whole?"""
        return self._judged("fullmatch", text)

    def _judged(self, how: translation.How, text: str) -> bool:
        if not text:
            return bool(getattr(self._python, how)(""))
        if self._engine is not None:
            with contextlib.suppress(translation.Beyond):
                return self._engine.holds(how, text)
        return apart.judged(apart.Question(self.pattern, how, text))

    def __repr__(self) -> str:
        return f"Regex({self.pattern!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regex) and other.pattern == self.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)


@functools.lru_cache(maxsize=1024)
def compiled(pattern: str) -> Regex:
    """The pattern, ready to be asked. Raises one of ``Invalid``."""
    return Regex(pattern)
