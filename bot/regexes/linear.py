"""Translated patterns on RE2: time grows with the text, whatever the pattern and the text are."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Set

import re2

from bot.regexes.translation import Beyond, How, Translated

MOST_STEPS = 5000
"""Instructions of RE2's program. Its time is at worst this by the length of the text: larger ones
are not for the writer."""
MOST_MEMORY = 64 << 20
MOST_KNOWN = 20_000
"""Characters beyond ASCII of which it is remembered what they are."""
_RUNS = re.compile(r"\w+|\W+")
_WORD = re.compile(r"\w")
_NEWLINE = 0x80
"""Stands for a newline at which no ``$`` is."""
_MOVED = {code: 0x81 + n for n, code in enumerate(c for c in range(128) if _WORD.match(chr(c)))}
"""What stands for ASCII's letters where boundaries are marked, for there only the mark is one."""
_USUAL = "\u00e9\u4e2d\u0663\u3000\u2014"
"""A letter of each case and none, a digit, a space, and none of these."""
_FIRST = 0x81 + len(_MOVED)
"""From here on: what stands for characters beyond ASCII, up to 0xFF. RE2 gets bytes."""


class Engine:
    """One pattern. Raises Beyond where RE2 does not take it, or only as something too large."""

    def __init__(self, pattern: Translated) -> None:
        self._pattern = pattern
        self._atoms = [re.compile(atom) for atom in pattern.atoms]
        ascii_chars = list(map(chr, range(128)))
        self._ascii = [frozenset(map(ord, self._members(n, ascii_chars))) for n in self._numbers]
        self._kinds: dict[tuple[frozenset[int], bool], int] = {}
        self._known: dict[int, int] = {}
        self._programs: dict[tuple[How, bool], re2._Regexp] = {}
        self._lock = threading.Lock()
        self._stand_ins(_USUAL + pattern.chars)
        for marked in (False, True) if pattern.boundaries else (False,):
            if self._program("search", marked).programsize > MOST_STEPS:
                raise Beyond("so many repetitions that it is large")

    def holds(self, how: How, text: str) -> bool:
        marked = self._pattern.boundaries and not text.isascii()
        with self._lock:
            data = self._marked(text) if marked else self._plain(text)
            program = self._program(how, marked)
        return program.search(data) is not None

    # -- texts

    def _plain(self, text: str) -> bytes:
        if not text.isascii():
            text = text.translate(self._stand_ins(text))
        return self._lines(text).encode("latin-1")

    def _marked(self, text: str) -> bytes:
        """Every boundary between what is a word and what is not has a "w", the only letter."""
        table = self._stand_ins(text) | _MOVED
        classes = "w".join(run.translate(table) for run in _RUNS.findall(self._lines(text)))
        first = "w" if _WORD.match(text) else ""
        last = "w" if _WORD.match(text[-1]) else ""
        return f"{first}{classes}{last}".encode("latin-1")

    def _lines(self, text: str) -> str:
        """For a ``$`` that means the last line's end only: the other newlines look different."""
        if self._pattern.line_end != "last" or "\n" not in text:
            return text
        body, last = (text[:-1], "\n") if text.endswith("\n") else (text, "")
        return body.replace("\n", chr(_NEWLINE)) + last

    def _stand_ins(self, text: str) -> dict[int, int]:
        """What stands for each character beyond ASCII of a text. It is kept for the next one."""
        new = {char for char in text if not char.isascii() and ord(char) not in self._known}
        if new:
            if len(self._known) + len(new) > MOST_KNOWN:
                self._forget()
                new = {char for char in text if not char.isascii()}
            self._learn(sorted(new))
        return self._known

    def _learn(self, chars: list[str]) -> None:
        takers: dict[str, set[int]] = {char: set() for char in chars}
        for number in self._numbers:
            for char in self._members(number, chars):
                takers[char].add(number)
        before = len(self._kinds)
        for char, numbers in takers.items():
            kind = (frozenset(numbers), bool(_WORD.match(char)))
            self._known[ord(char)] = code = self._kinds.setdefault(kind, _FIRST + len(self._kinds))
            if code > 0xFF:
                self._forget()
                raise Beyond("too many kinds of characters")
        if len(self._kinds) > before:
            self._programs.clear()

    def _forget(self) -> None:
        self._known.clear()
        self._kinds.clear()
        self._programs.clear()

    # -- patterns

    @property
    def _numbers(self) -> range:
        return range(len(self._atoms))

    def _members(self, number: int, chars: Iterable[str]) -> list[str]:
        """Those of the characters that an atom takes."""
        hits: list[str] = self._atoms[number].findall("".join(chars))
        return hits

    def _program(self, how: How, marked: bool) -> re2._Regexp:
        program = self._programs.get((how, marked))
        if program is None:
            options = re2.Options()
            options.log_errors = False
            options.encoding = re2.Options.Encoding.LATIN1
            options.max_mem = MOST_MEMORY
            source = self._pattern.source(lambda n: self._class(n, marked), how, marked)
            try:
                program = re2._Regexp(source.encode("latin-1"), options)
            except re2.error as error:
                raise Beyond(f"what RE2 refuses ({error})") from None
            self._programs[how, marked] = program
        return program

    def _class(self, number: int, marked: bool) -> str:
        """The characters that an atom takes, as RE2 writes them."""
        codes = {_MOVED.get(code, code) if marked else code for code in self._ascii[number]}
        codes |= {code for (numbers, _), code in self._kinds.items() if number in numbers}
        if ord("\n") in codes:
            codes.add(_NEWLINE)
        if not codes:
            return r"[^\x00-\xff]"
        used = {_MOVED.get(code, code) if marked else code for code in range(128)}
        used |= {_NEWLINE, ord("w"), *self._kinds.values()}
        return f"[{''.join(_spans(sorted(codes), used))}]"


def _spans(codes: list[int], used: Set[int]) -> Iterable[str]:
    """Ranges that hold these codes, and else only such as are in no text."""
    first = last = codes[0]
    for code in codes[1:]:
        if not used.isdisjoint(range(last + 1, code)):
            yield _span(first, last)
            first = code
        last = code
    yield _span(first, last)


def _span(first: int, last: int) -> str:
    return f"\\x{first:02x}" if first == last else f"\\x{first:02x}-\\x{last:02x}"
