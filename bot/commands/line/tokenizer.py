"""A line that people typed, read from left to right: gaps, quotes, words, scripts.

Form is compared on ``plain``, where full-width characters stand as ASCII; both texts have the same
length, so what people quoted is cut from ``raw``, unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot import source
from bot.source import lenient_json, unicode

_SPACE = " \t\r\n\f\v\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_GAP = re.compile(f"[{_SPACE},;]*")
_BLANKS = re.compile(f"[{_SPACE}]*".replace("\r\n", ""))
_BARE = re.compile(f"[^{_SPACE},;]*")
_SPACES = re.compile(f"[{_SPACE}]*")
_SOLID = re.compile(f"[^{_SPACE}]*")
_FENCE = re.compile(r"```[\w+-]*[ \t]*\r?\n?(.*?)(?:\r?\n)?```[ \t\r\n]*\Z", re.DOTALL)
_DASHES = re.compile(r"(?:--|—{1,2})(?=[ \t\r\n]|\Z)")
_QUOTES = {
    '"': ('"', "”“"),
    "“": ("”", '“"'),
    "”": ("”", '“"'),
    "„": ("”“", '"'),
    "'": ("'", "’‘"),
    "‘": ("’", "‘'"),
    "’": ("’", "‘'"),
    "「": ("」", ""),
    "『": ("』", ""),
}
"""Opening quote → what closes it, and what closes it where that is missing."""
_CLOSERS = frozenset("".join(first + second for first, second in _QUOTES.values()))


class Unclosed(source.Invalid):
    """A quote that was opened and never closed."""

    def __init__(self, quote: str, near: str) -> None:
        super().__init__(quote)
        self.quote, self.near = quote, near


class Reader:
    """``at`` is the next character to read."""

    def __init__(self, text: str) -> None:
        self.raw = text
        self.plain = text.translate(unicode.ASCII)
        self.at = 0
        self._exact = -1

    @property
    def done(self) -> bool:
        return self.at >= len(self.raw)

    def skip(self) -> str:
        """Pass over spaces, commas, semicolons and line breaks; the gap is returned."""
        match = _GAP.match(self.plain, self.at)
        assert match is not None
        self.at = match.end()
        return match[0]

    def blanks(self) -> None:
        """Pass over white space, but not over a line break."""
        match = _BLANKS.match(self.plain, self.at)
        assert match is not None
        self.at = match.end()

    def bare(self) -> str:
        """The word that stands here, up to a gap."""
        match = _BARE.match(self.plain, self.at)
        assert match is not None
        self.at = match.end()
        return match[0]

    def bare_raw(self) -> str:
        """The word that stands here, as typed."""
        start = self.at
        self.bare()
        return self.raw[start : self.at]

    def solid(self) -> str:
        """Everything up to a space, as typed; commas and the like are a part of it unless they
        stand at its end."""
        match = _SOLID.match(self.raw, self.at)
        assert match is not None
        self.at = match.end()
        return match[0].rstrip(",;，；、。")

    def solid_ahead(self) -> str:
        """What ``solid`` would read here, in plain form."""
        before, text = self.at, self.solid()
        self.at = before
        return text.translate(unicode.ASCII)

    def gap_at(self, at: int) -> bool:
        """Does nothing, or a gap, come next?"""
        match = _GAP.match(self.plain, at)
        return at >= len(self.plain) or (match is not None and match.end() > at)

    def closes_at(self, at: int) -> bool:
        """Does a quote that was opened end here?"""
        return self.plain[at : at + 1] in _CLOSERS

    def json_ahead(self) -> bool:
        """Does a list or an object begin here, if need be on the next line or in quotes?"""
        match = _SPACES.match(self.raw, self.at)
        at = match.end() if match else self.at
        return lenient_json.begins(self.raw, at) or (
            self.plain[at : at + 1] in _QUOTES and lenient_json.begins(self.raw, at + 1)
        )

    def skip_to_json(self, wanted: bool) -> None:
        """Pass over white space, and over line breaks where JSON follows them."""
        self.blanks()
        match = _SPACES.match(self.raw, self.at)
        if wanted and match and lenient_json.begins(self.raw, match.end()):
            self.at = match.end()

    def words(self, start: int) -> Iterator[tuple[int, str]]:
        """Every word from ``start`` on, with its place."""
        at = start
        while at < len(self.plain):
            gap = _GAP.match(self.plain, at)
            assert gap is not None
            word = _BARE.match(self.plain, gap.end())
            assert word is not None
            if word[0]:
                yield word.start(), word[0]
            at = word.end()

    def comma_ahead(self) -> bool:
        """Does a comma or semicolon come before the next word? If so, pass over the gap."""
        match = _GAP.match(self.plain, self.at)
        assert match is not None
        if match.end() == len(self.plain) or not set(",;") & set(match[0]):
            return False
        self.at = match.end()
        return True

    def at_quote(self) -> bool:
        return not self.done and self.plain[self.at] in _QUOTES

    def quoted(self) -> str:
        """What stands between the quotes that open here, unchanged. Raises Unclosed."""
        opening = self.plain[self.at]
        for closers in _QUOTES[opening]:
            for at in range(self.at + 1, len(self.plain)):
                if self.plain[at] in closers and self._ends(at):
                    text = self.raw[self.at + 1 : at]
                    self.at = at + 1
                    return text
        raise Unclosed(self.raw[self.at], unicode.shown(self.raw[self.at :]))

    def _ends(self, at: int) -> bool:
        """Does the quote at ``at`` close? One that looks the same on both sides, or serves as an
        apostrophe, does not when a letter follows."""
        if self.plain[at] in "”」』":
            return True
        after = self.plain[at + 1 : at + 2]
        return not (after.isascii() and (after.isalnum() or after == "_"))

    def script_at(self, at: int) -> bool:
        """Does a script begin here by its own sign: dashes or a code fence?"""
        return self.plain.startswith("```", at) or bool(_DASHES.match(self.plain, at))

    @property
    def line_ends(self) -> bool:
        return self.done or self.raw[self.at] in "\r\n"

    def script(self, before: int, gap: str, *, started: bool) -> bool:
        """Does a script begin here: on a line of its own, behind ``--``, or in a code fence?

        ``before`` is where the gap began; ``started``: something stands before it. The reader is
        then at the script's first character.
        """
        self._exact = -1
        newline = gap.find("\n")
        dashes = _DASHES.match(self.plain, self.at)
        if dashes is not None:
            self.at = dashes.end()
            line = re.compile(r"[ \t]*(\r?\n)?").match(self.raw, self.at)
            assert line is not None
            self.at = line.end()
            self._exact = self.at if line[1] else -1
            return True
        if self.plain.startswith("```", self.at):
            return True
        if started and newline >= 0 and not set(",;") & set(gap):
            self.at = before + newline + 1
            return True
        return False

    def rest(self) -> str:
        """Everything from here on, unchanged; only a code fence around it is taken off."""
        text = self.raw[self.at :]
        fenced = None if self._exact == self.at else _FENCE.match(text.lstrip())
        self.at = len(self.raw)
        return fenced[1] if fenced else text


def quote(text: str) -> str:
    """The text in the first kind of quotes from which it is read back unchanged; failing all of
    them, in the plain ones."""
    return next(_quotings(text), f'"{text}"')


def quotable(text: str) -> bool:
    """Is there a kind of quotes that this text does not break?"""
    return next(_quotings(text), None) is not None


def _quotings(text: str) -> Iterator[str]:
    for opening, (closing, _) in _QUOTES.items():
        reader = Reader(f"{opening}{text}{closing[0]}")
        try:
            if reader.quoted() == text and reader.done:
                yield reader.raw
        except Unclosed:
            continue
