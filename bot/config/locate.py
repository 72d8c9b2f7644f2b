"""On which line does each key of a TOML file stand?

``tomllib`` reads the values but forgets where they stood. This scanner walks over the same text and
remembers just that. It is only given text that ``tomllib`` accepts, so it checks nothing.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]
"""The way to a value: keys, and indices into lists: ``("person", 0, "roles", 1)``."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"'''.*?'''(?!')|'[^'\n]*'", re.DOTALL)
_BASIC = re.compile(r'"""(?:\\.|[^\\])*?"""(?!")|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_PIECE = re.compile(r"(?P<joined>\\[ \t]*\n\s*)|\\(?:u.{4}|U.{8}|.)|.", re.DOTALL)
_ANY = re.compile(".", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_NAMED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class _Lost(Exception):
    """The text is not what the scanner expects; lines found so far still hold."""


class Lines:
    """The line of every key, list element and table header, counted from 1."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self.statements: list[int] = []
        self.texts: dict[Path, tuple[int, int]] = {}
        self._text = text
        self._at = 0
        self._counted = (0, 1)
        self._counts: dict[Path, int] = {}
        try:
            self._scan()
        except (_Lost, RecursionError):
            return  # of broken text, or of text nested absurdly deep, the beginning is known

    def of(self, path: Path) -> int:
        """The line of the value at ``path``, or of the nearest thing around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def within(self, path: Path, line: int, column: int) -> int:
        """The line of the file on which a place of the text at ``path`` stands; ``line`` and
        ``column`` count from 1 in the text as it is read."""
        if path not in self.texts:
            return self.of(path)
        start, end = self.texts[path]
        quote = self._text[start : start + 3]
        many = quote in ('"""', "'''") and end - start >= 6
        size = 3 if many else 1
        at = start + size
        at += many and self._text.startswith("\n", at)
        pieces = _PIECE if quote[0] == '"' else _ANY
        here = (1, 1)
        for piece in pieces.finditer(self._text, at, end - size):
            if not piece.groupdict().get("joined"):
                if here >= (line, column):
                    break
                broken = piece[0] in ("\n", "\\n")
                here = (here[0] + 1, 1) if broken else (here[0], here[1] + 1)
            at = piece.end()
        return self._text.count("\n", 0, at) + 1

    def _line(self) -> int:
        place, line = self._counted
        line += self._text.count("\n", place, self._at)
        self._counted = (self._at, line)
        return line

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _Lost
        self._at = match.end()
        return match.group()

    def _next(self, token: str) -> bool:
        """Step over ``token`` if it comes next."""
        found = self._text.startswith(token, self._at)
        self._at += len(token) if found else 0
        return found

    def _need(self, token: str) -> None:
        if not self._next(token):
            raise _Lost

    def _scan(self) -> None:
        table: Path = ()
        while True:
            self._take(_BLANK)
            if self._at >= len(self._text):
                return
            self.statements.append(self._line())
            if self._next("[["):
                table = self._header(many=True)
            elif self._next("["):
                table = self._header(many=False)
            else:
                self._pair(table)

    def _header(self, many: bool) -> Path:
        line = self._line()
        keys = self._keys()
        self._need("]]" if many else "]")
        table: Path = ()
        for key in keys[:-1]:
            table = self._inside((*table, key), line)
        table = (*table, keys[-1])
        if many:
            index = self._counts.get(table, 0)
            self._counts[table] = index + 1
            self.lines.setdefault(table, line)
            table = (*table, index)
        else:
            table = self._inside(table, line)
        self.lines[table] = line
        return table

    def _inside(self, table: Path, line: int) -> Path:
        """The table itself, or the newest one where it is an array of tables."""
        self.lines.setdefault(table, line)
        return (*table, self._counts[table] - 1) if table in self._counts else table

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._take(_SPACE)
            keys.append(self._key())
            self._take(_SPACE)
            if not self._next("."):
                return keys

    def _key(self) -> str:
        if self._text.startswith("'", self._at):
            return self._take(_LITERAL)[1:-1]
        if self._text.startswith('"', self._at):
            return _ESCAPE.sub(_unescape, self._take(_BASIC)[1:-1])
        return self._take(_BARE)

    def _pair(self, table: Path) -> None:
        self._take(_SPACE)
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self._need("=")
        self._take(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        start = self._at
        if self._text.startswith('"', self._at):
            self._take(_BASIC)
            self.texts[path] = (start, self._at)
        elif self._text.startswith("'", self._at):
            self._take(_LITERAL)
            self.texts[path] = (start, self._at)
        elif self._next("["):
            self._list(path)
        elif self._next("{"):
            self._inline(path)
        else:
            self._take(_SCALAR)

    def _list(self, path: Path) -> None:
        index = 0
        while True:
            self._take(_BLANK)
            if self._next("]"):
                return
            self.lines[(*path, index)] = self._line()
            self._value((*path, index))
            self._take(_BLANK)
            index += 1
            if not self._next(","):
                self._need("]")
                return

    def _inline(self, path: Path) -> None:
        self._take(_BLANK)
        while not self._next("}"):
            self._pair(path)
            self._take(_BLANK)
            self._next(",")
            self._take(_BLANK)


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    if len(code) > 1:
        return chr(int(code[1:], 16))
    return _NAMED.get(code, code)
