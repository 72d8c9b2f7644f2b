"""JSON as people type it on a phone: curly quotes, full-width punctuation, line breaks anywhere."""

from __future__ import annotations

import json

from bot.source import unicode

_CLOSES = {"{": "}", "[": "]"}
_CURLY = frozenset("“”„＂")
_QUOTES = _CURLY | {'"'}


def begins(text: str, at: int) -> bool:
    """Does a list or an object open here?"""
    return text[at : at + 1].translate(unicode.ASCII) in ("{", "[")


def scan(text: str, at: int) -> tuple[str, int] | None:
    """The JSON that opens at a place, with plain punctuation, and the place behind it; None: what
    opens is never closed. Strings are kept as typed. A quote of one kind inside a string of the
    other is a part of it, where that makes sense of the whole."""
    first: tuple[str, int] | None = None
    for loose in (False, True):
        span = _Scan(text, at, loose).span()
        if span is not None and _loads(span[0]):
            return span
        first = first or span
    return first


def _loads(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


class _Scan:
    """``loose``: any double quote closes a string, whatever kind opened it."""

    def __init__(self, text: str, at: int, loose: bool) -> None:
        self._text, self._at, self._loose = text, at, loose
        self._out: list[str] = []

    def span(self) -> tuple[str, int] | None:
        open_: list[str] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in _QUOTES:
                if not self._string():
                    return None
                continue
            self._at += 1
            plain = " " if char.isspace() else char.translate(unicode.ASCII)
            self._out.append(plain)
            if plain in _CLOSES:
                open_.append(_CLOSES[plain])
            elif plain in _CLOSES.values():
                if not open_ or open_.pop() != plain:
                    return None
                if not open_:
                    return "".join(self._out), self._at
        return None

    def _string(self) -> bool:
        """Copy a string in plain quotes; False: it has no end."""
        opened = self._text[self._at]
        inner: list[str] = []
        place = self._at + 1
        while place < len(self._text):
            char = self._text[place]
            if char == "\\":
                inner.append(self._text[place : place + 2])
                place += 2
                continue
            if char in _QUOTES and self._closes(opened, char, place):
                self._out.append(f'"{"".join(inner)}"')
                self._at = place + 1
                return True
            inner.append(_ESCAPES.get(char, char))
            place += 1
        return False

    def _closes(self, opened: str, char: str, place: int) -> bool:
        if self._loose:
            return True
        if opened == '"':
            return char == '"'
        if char in _CURLY:
            return True
        after = self._text[place + 1 :].lstrip()[:1].translate(unicode.ASCII)
        return after in ("", ":", ",", "}", "]")


_ESCAPES = {'"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
