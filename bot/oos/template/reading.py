"""The text of a template as plain values, with the place of each: YAML or JSON.

YAML means what PyYAML makes of it, but that dates and times (``2026-11-21``, ``12:30``) stay text:
JSON, and so OOS, has no others.
"""

from __future__ import annotations

import bisect
import json.decoder
import re
from typing import Any

import yaml

from bot import source
from bot.oos.template import building, pasted, places

MOST_BYTES = 64 * 1024
"""https://www.alibabacloud.com/help/en/oos/user-guide/limits"""

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """PyYAML's reader without dates and numbers to the base of sixty."""


_SIXTY = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_MAKE = yaml.constructor.SafeConstructor()
_TAG = "tag:yaml.org,2002:"
_TEXT = {_TAG + "str", _TAG + "value", _TAG + "merge"}


def read(text: str | bytes, file: str) -> tuple[Any, places.Places, list[source.Fault], str]:
    """The value, the places, the keys given twice, and the text itself. Unreadable: the rest cannot
    be looked at."""
    written = _decoded(text, file)
    builder = building.Builder(places.Places(file, written))
    if (lost := pasted.lost(written)) is not None:
        raise builder.fail(lost[1], lost[0], 1)
    if not written.lstrip().startswith(("{", "[")):
        _read_yaml(written, builder)
        return builder.root, builder.places, builder.faults, written
    try:
        _Json(written, builder).read()
    except source.Invalid as as_json:
        builder = building.Builder(places.Places(file, written))
        try:
            _read_yaml(written, builder)
        except source.Invalid:
            raise as_json from None
    return builder.root, builder.places, builder.faults, written


def _decoded(text: str | bytes, file: str) -> str:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    first = source.Mark(file, 1, 1)
    if len(raw) > MOST_BYTES:
        size = f"{len(raw):,} bytes; a template has at most {MOST_BYTES:,}"
        raise source.Invalid(source.Fault(first, f"too big: {size}"))
    try:
        written = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        found = f"expected UTF-8, found the byte 0x{raw[error.start]:02x}"
        mark = source.Mark(file, line, column)
        raise source.Invalid(source.Fault(mark, found)) from None
    written = written.replace("\r\n", "\n")
    if not written.strip():
        raise source.Invalid(source.Fault(first, "expected a template, found an empty file"))
    return written


# ----------------------------------------------------------------------------- YAML


def _read_yaml(written: str, builder: building.Builder) -> None:
    try:
        loader = _Loader(written)
        try:
            _feed(loader, builder)
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character[:1])
        place = _Lines(written).place(max(written.find(chr(code)), 0))
        found = f"the character U+{code:04X} may not stand in YAML"
        raise builder.fail(found, *place) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        lines = written.split("\n")
        if line > len(lines):
            line, column = len(lines), len(lines[-1]) + 1
        raise builder.fail(_problem(error, written, line, column), line, column) from None


def _problem(error: yaml.MarkedYAMLError, written: str, line: int, column: int) -> str:
    problem = str(error.problem or error.context or "cannot be read")
    lines = written.split("\n")
    text = lines[line - 1] if line <= len(lines) else ""
    indent = text[: len(text) - len(text.lstrip())]
    if "\t" in indent or text[column - 1 : column] == "\t":
        return "not valid YAML: lines are indented with spaces, not with tabs"
    hint = ""
    if "mapping values are not allowed" in problem:
        hint = "; text with `: ` in it needs quotes"
    elif "expected key" in problem or "block end" in problem:
        hint = "; look at the indentation of this line, or at an open quote before it"
    elif "cannot start any token" in problem:
        hint = f"; text that begins with `{text[column - 1 : column]}` needs quotes"
    return f"not valid YAML: {problem}{hint}"


def _feed(loader: Any, builder: building.Builder) -> None:
    documents = 0
    while True:
        event = loader.get_event()
        kind = type(event)
        if kind is yaml.ScalarEvent:
            _scalar(loader, event, builder)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            line, column = _start(event)
            if builder.wants_key():
                message = "expected a name before `:`; quote text such as '{{ name }}'"
                raise builder.fail(message, line, column)
            _standard(event, builder, line, column)
            builder.open({} if kind is yaml.MappingStartEvent else [], line, column, event.anchor)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            builder.close(*_start(event))
        elif kind is yaml.AliasEvent:
            line, column = _start(event)
            if builder.wants_key():
                raise builder.fail("expected a name, found an alias", line, column)
            builder.alias(event.anchor, line, column)
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise builder.fail("expected one document, found another `---`", *_start(event))
        elif kind is yaml.StreamEndEvent:
            return


def _start(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _standard(event: Any, builder: building.Builder, line: int, column: int) -> None:
    if event.tag is not None and event.tag not in (_TAG + "map", _TAG + "seq", "!"):
        raise builder.fail(f"the YAML tag `{event.tag}` means nothing here", line, column)


def _scalar(loader: Any, event: Any, builder: building.Builder) -> None:
    mark = event.start_mark
    line, column = mark.line + 1, mark.column + 1
    if builder.wants_key():
        merge = event.value == "<<" and event.implicit[0]
        builder.key(event.value, line, column, merge)
        return
    value = event.value
    if event.tag is None and not event.implicit[0]:
        tag = _TAG + "str"
    elif event.tag is None or event.tag == "!":
        tag = loader.resolve(yaml.ScalarNode, value, event.implicit)
    else:
        tag = event.tag
    if tag not in _TEXT:
        value = _plain(tag, event, builder, line, column)
    builder.scalar(value, line, column, event.end_mark.line + 1, event.anchor)


def _plain(tag: str, event: Any, builder: building.Builder, line: int, column: int) -> Any:
    """A scalar that is not text."""
    if tag.removeprefix(_TAG) not in ("int", "float", "bool", "null"):
        raise builder.fail(f"the YAML tag `{tag}` means nothing here", line, column)
    if _SIXTY.fullmatch(event.value):
        return event.value
    node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
    try:
        value = _MAKES[tag](node)
    except (ValueError, KeyError):
        raise builder.fail(f"`{event.value[:40]}` is no number", line, column) from None
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        raise builder.fail(f"`{event.value}` is no number that JSON has", line, column)
    return value


_MAKES: dict[str, Any] = {
    _TAG + "int": _MAKE.construct_yaml_int,
    _TAG + "float": _MAKE.construct_yaml_float,
    _TAG + "bool": _MAKE.construct_yaml_bool,
    _TAG + "null": _MAKE.construct_yaml_null,
}


# ----------------------------------------------------------------------------- JSON


_scanned: Any = vars(json.decoder)["scanstring"]
"""The standard library's own reader of JSON text."""


class _Lines:
    """Offsets in a text as lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0] + [found.end() for found in re.finditer("\n", text)]

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class _Json:
    """A reader of JSON that knows where it is."""

    _space = re.compile(r"[ \t\r\n]*")
    _number = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
    _words = {"true": True, "false": False, "null": None}
    _word = re.compile(r"true|false|null")

    def __init__(self, text: str, builder: building.Builder) -> None:
        self._text = text
        self._at = 0
        self._builder = builder
        self._lines = _Lines(text)

    def read(self) -> None:
        """The one value that the text holds."""
        self._skip()
        ends: list[str] = []
        fresh = self._value(ends)
        while ends:
            self._skip()
            if self._text.startswith(ends[-1], self._at):
                self._builder.close(*self._lines.place(self._at))
                self._at += 1
                ends.pop()
                fresh = False
                continue
            if not fresh:
                self._take(",", f"expected `,` or `{ends[-1]}`")
            if ends[-1] == "}":
                self._key()
            fresh = self._value(ends)
        self._skip()
        if self._at < len(self._text):
            raise self._fail("expected the end of the file")

    def _key(self) -> None:
        if not self._text.startswith('"', self._at):
            raise self._fail("expected a name in double quotes")
        place = self._lines.place(self._at)
        self._builder.key(self._string(), *place)
        self._skip()
        self._take(":", "expected `:` after the name")

    def _value(self, ends: list[str]) -> bool:
        """Reads a scalar, or opens a list or a mapping; did it open one?"""
        char = self._text[self._at : self._at + 1]
        line, column = self._lines.place(self._at)
        if char in ("{", "["):
            self._builder.open({} if char == "{" else [], line, column)
            ends.append("}" if char == "{" else "]")
            self._at += 1
            return True
        self._builder.scalar(self._plain(char), line, column, line)
        return False

    def _plain(self, char: str) -> Any:
        if char == '"':
            return self._string()
        if found := self._word.match(self._text, self._at):
            self._at = found.end()
            return self._words[found[0]]
        found = self._number.match(self._text, self._at)
        if found is None:
            raise self._fail("expected a value")
        try:
            value = float(found[0]) if found[1] or found[2] else int(found[0])
        except ValueError:
            raise self._fail("expected a shorter number") from None
        if value in (float("inf"), -float("inf")):
            raise self._fail("expected a smaller number")
        self._at = found.end()
        return value

    def _string(self) -> str:
        text: str
        try:
            text, self._at = _scanned(self._text, self._at + 1, True)
        except json.JSONDecodeError as error:
            self._at = min(error.pos, len(self._text))
            raise self._fail(f"not valid JSON text: {error.msg.lower()}") from None
        return text

    def _take(self, char: str, otherwise: str) -> None:
        if not self._text.startswith(char, self._at):
            raise self._fail(otherwise)
        self._at += 1
        self._skip()

    def _skip(self) -> None:
        found = self._space.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _fail(self, message: str) -> source.Invalid:
        found = self._text[self._at : self._at + 1]
        what = f"`{found}`" if found else "the end of the file"
        said = message if message.startswith("not valid") else f"{message}, found {what}"
        return self._builder.fail(said, *self._lines.place(self._at))
