"""YAML text. It means what PyYAML makes of it, but that dates and times (``2026-11-21``, ``12:30``)
stay text: JSON, and so OOS, has no others.

PyYAML's events are read, not the nodes of ``yaml.compose``, which are made by recursion: a text of
nothing but brackets would end the process.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from bot.source.nodes import MOST_DIGITS, Builder
from bot.source.positions import Lines

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Scalar = yaml.ScalarEvent
_MappingStart, _MappingEnd = yaml.MappingStartEvent, yaml.MappingEndEvent
_SequenceStart, _SequenceEnd = yaml.SequenceStartEvent, yaml.SequenceEndEvent
"""The events that a text is full of: a name of the module is found sooner than one of another."""


class _Loader(_Base):
    """PyYAML's reader without dates and numbers to the base of sixty."""


_SIXTY = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_TELLING = frozenset(_Loader.yaml_implicit_resolvers)
"""The first characters of plain scalars that may be something else than text."""
_MAKE = yaml.constructor.SafeConstructor()
_TAG = "tag:yaml.org,2002:"
_TEXT = {_TAG + "str", _TAG + "value", _TAG + "merge"}


def feed(text: str, builder: Builder) -> None:
    """Give a builder all that the text holds. Invalid where it is not YAML; keys that stand twice
    are left to the builder."""
    try:
        loader = _Loader(text)
        try:
            _events(loader, builder)
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        code = error.character if isinstance(error.character, int) else ord(error.character[:1])
        place = Lines(text).place(max(text.find(chr(code)), 0))
        message = f"the character U+{code:04X} may not stand in YAML"
        raise builder.fail(message, *place) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        lines = text.split("\n")
        if line > len(lines):
            line, column = len(lines), len(lines[-1]) + 1
        raise builder.fail(_problem(error, text, line, column), line, column) from None


def _problem(error: yaml.MarkedYAMLError, text: str, line: int, column: int) -> str:
    problem = str(error.problem or error.context or "cannot be read")
    lines = text.split("\n")
    here = lines[line - 1] if line <= len(lines) else ""
    indent = here[: len(here) - len(here.lstrip())]
    if "\t" in indent or here[column - 1 : column] == "\t":
        return "not valid YAML: lines are indented with spaces, not with tabs"
    hint = ""
    if "mapping values are not allowed" in problem:
        hint = "; text with `: ` in it needs quotes"
    elif "expected key" in problem or "block end" in problem:
        hint = "; look at the indentation of this line, or at an open quote before it"
    elif "cannot start any token" in problem:
        hint = f"; text that begins with `{here[column - 1 : column]}` needs quotes"
    return f"not valid YAML: {problem}{hint}"


def _events(loader: Any, builder: Builder) -> None:
    documents = 0
    next_event = loader.get_event
    while True:
        event = next_event()
        kind = type(event)
        if kind is _Scalar:
            _scalar(loader, event, builder)
        elif kind is _MappingStart or kind is _SequenceStart:
            line, column = _start(event)
            if builder.wants_key:
                message = "expected a name before `:`; quote text such as '{{ name }}'"
                raise builder.fail(message, line, column)
            _standard(event, builder, line, column)
            builder.open({} if kind is _MappingStart else [], line, column, event.anchor)
        elif kind is _MappingEnd or kind is _SequenceEnd:
            builder.close(*_start(event))
        elif kind is yaml.AliasEvent:
            line, column = _start(event)
            if builder.wants_key:
                raise builder.fail("expected a name, found an alias", line, column)
            builder.alias(event.anchor, line, column)
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise builder.fail("expected one document, found another `---`", *_start(event))
        elif kind is yaml.StreamEndEvent:
            return


def _start(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _standard(event: Any, builder: Builder, line: int, column: int) -> None:
    if event.tag is not None and event.tag not in (_TAG + "map", _TAG + "seq", "!"):
        raise builder.fail(f"the YAML tag `{event.tag}` means nothing here", line, column)


def _scalar(loader: Any, event: Any, builder: Builder) -> None:
    line, column = _start(event)
    value = event.value
    if builder.wants_key:
        builder.key(value, line, column, merge=value == "<<" and event.implicit[0])
        return
    tag = event.tag
    if tag is not None or (event.implicit[0] and value[:1] in _TELLING):
        if tag is None or tag == "!":
            tag = loader.resolve(yaml.ScalarNode, value, event.implicit)
        if tag not in _TEXT:
            value = _plain(tag, event, builder, line, column)
    builder.scalar(value, line, column, event.end_mark.line + 1, event.anchor)


def _plain(tag: str, event: Any, builder: Builder, line: int, column: int) -> object:
    """A scalar that is not text."""
    if tag.removeprefix(_TAG) not in ("int", "float", "bool", "null"):
        raise builder.fail(f"the YAML tag `{tag}` means nothing here", line, column)
    if _SIXTY.fullmatch(event.value):
        return event.value
    if tag in (_TAG + "int", _TAG + "float") and len(event.value) > MOST_DIGITS:
        raise builder.fail(f"a number of more than {MOST_DIGITS} digits", line, column)
    node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
    try:
        value = _MAKES[tag](node)
    except (ValueError, KeyError, IndexError):  # IndexError: of an empty one
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
