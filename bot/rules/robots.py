"""A message to a group's robot: what comes of an event stays text wherever in its body it lands.

The body's own fields say what each place is: text, a title, markdown, an address, or who is called.
What the author of the rule wrote there stays markup. The shapes of all chat platforms are known at
once, for a message in one of them may be told in another (``adapters.webhook.translate``). A body
that is no message of any (it has neither ``msgtype`` nor ``msg_type``) is data.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot import source
from bot.rules import escapes, template

_SHAPES = ("msgtype", "msg_type")
_PARTS = ("text", "markdown", "actionCard", "link", "feedCard", "content", "card")
"""The fields of a message that hold what it says, as an object or as the JSON text of one."""
_SAID = {"text": "content", "content": "text"}
"""The field of such a part that holds a text which stands there alone."""
_MARKUP = re.compile(r"markdown|(?:\w+_)?md")
_PLAIN = ("plain_text", "text", "a", "at")
_URL = re.compile(r"url|href|.*_url|.*(?<=[a-z])U(?:RL|rl)")
_HOLDERS = ("elements", "btns", "links", "columns", "rows", "post", "body", "fields")
"""Where an object or a list may stand; elsewhere text is said, and these are shown as JSON."""
_TITLES = ("title", "singleTitle", "header", "subtitle")
_IN_LINK = re.compile(r"""(?:\]\(\s*<?|\bhref\s*=\s*["']?)(?P<link>[^\s()"'<>]*)$""", re.I)
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s()<>\"'|\[\]]*$", re.I)
_IN_TAG = re.compile(r"<\s*/?\s*[a-z][^<>]*$", re.I)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a body something stands: the fields that lead there, and the ``tag`` of the node
    around it, which says what a node is."""

    keys: tuple[str, ...] = ()
    tag: str = ""

    def within(self, key: str, node: Mapping[str, object]) -> _Place:
        tag = node.get("tag")
        return _Place((*self.keys, key), tag if isinstance(tag, str) else self.tag)

    @property
    def part(self) -> bool:
        """Does a whole part of the message stand here?"""
        return len(self.keys) == 1 and self.keys[0] in (*_PARTS, "at")

    @property
    def called(self) -> bool:
        """Is this where the author of the message mentions people?"""
        return self.keys[:1] == ("at",)

    @property
    def write(self) -> Callable[[Any], str]:
        """How a value is written here."""
        if any(key in _TITLES for key in self.keys):
            return escapes.title
        if self.keys[:1] in (("markdown",), ("actionCard",)) or _MARKUP.fullmatch(self.tag):
            return escapes.markdown
        spoken = self.tag in _PLAIN or self.keys in (("text", "content"), ("content", "text"))
        return escapes.words if spoken or self.keys[:1] == ("link",) else escapes.markdown

    @property
    def address(self) -> bool:
        return bool(self.keys) and bool(_URL.fullmatch(self.keys[-1]))

    @property
    def who(self) -> bool:
        return self.tag == "at" and bool(self.keys) and self.keys[-1] in ("user_id", "id", "ids")


def filled(text: str, values: Mapping[str, object], own: Collection[str]) -> Any:
    """A template with its values. Those named in ``own`` are the author's and stand as they are.
    Invalid where it is no JSON, Unwritable where a value cannot be written."""
    shape = template.structure(text)
    if isinstance(shape, template.Hole):
        value = values[shape.name]
        return value if shape.name in own else foreign(value)
    if isinstance(shape, dict) and not _is_message(shape):
        return template.filled(text, values, "json")
    return _Filling(values, own).value(shape, _Place())


def written(shape: object, values: Mapping[str, object], made: object) -> Any:
    """The same of a message that is taken apart already, as ``template.structure`` does it; nothing
    of the values is the author's. A text that holds JSON is read as that JSON. ``made`` is the
    message with its values as they are."""
    if isinstance(shape, template.Hole):
        return foreign(made)
    if isinstance(shape, tuple):
        inner = _inner(shape)
        if inner is None and isinstance(made, str) and _object(made) is not None:
            return foreign(made)
        if inner is None:
            return "".join(
                part if isinstance(part, str) else escapes.words(values[part.name])
                for part in shape
            )
        shape = inner
    if not isinstance(shape, dict) or not _is_message(shape):
        return made
    return _Filling(values, ()).value(shape, _Place())


def foreign(value: object) -> object:
    """A body that came whole from an event. It says what it says, and calls nobody."""
    if isinstance(value, str):
        document = _object(value)
        return escapes.words(value) if document is None else foreign(document)
    if not isinstance(value, Mapping) or not _is_message(value):
        return value
    return {k: _foreign(v, _Place().within(k, value)) for k, v in value.items() if k != "at"}


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and any(key in value for key in _SHAPES)


def _object(text: str) -> dict[str, object] | None:
    """The JSON object that a text holds, as robots' adapters read it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _foreign(value: object, place: _Place) -> object:
    """What came from an event, at its place in a message."""
    if place.called:
        return value
    if place.keys[-1:] in (("msgtype",), ("msg_type",), ("tag",), ("msgUuid",)):
        return value
    if isinstance(value, Mapping):
        if value.get("tag") == "at":
            name = value.get("user_name") or value.get("user_id") or value.get("id") or ""
            return {"tag": "text", "text": escapes.title(f"@{escapes.text(name)}")}
        return {key: _foreign(inner, place.within(key, value)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_foreign(inner, place) for inner in value]
    if isinstance(value, str):
        return _part(value, place) if place.part else _written(value, "", place)
    return value


def _part(value: str, place: _Place) -> object:
    """A text from an event where a whole part of a message stands. Adapters read JSON there, so it
    is read here, before they do."""
    document = _object(value)
    if document is not None:
        return _foreign(document, place)
    name = _SAID.get(place.keys[0])
    return {name: escapes.words(value)} if name else escapes.words(value)


def _written(value: object, before: str, place: _Place) -> str:
    """A value at its place, with the text around it: ``before`` is what is written so far."""
    if place.who:
        return escapes.who(value)
    if place.address:
        return escapes.query(value) if before else escapes.link(value)
    if match := _IN_LINK.search(before):
        return escapes.query(value) if match["link"] else escapes.link(value)
    if _IN_ADDRESS.search(before):
        return escapes.query(value)
    if _IN_TAG.search(before):
        return escapes.who(value)
    return place.write(value)


@dataclass(frozen=True, slots=True)
class _Filling:
    """Puts values into a message."""

    values: Mapping[str, Any]
    own: Collection[str]

    def value(self, shape: Any, place: _Place) -> Any:
        if isinstance(shape, template.Hole):
            return self._hole(shape, place)
        if isinstance(shape, tuple):
            return self._whole(shape, place) if place.part else self._text(shape, place)
        if isinstance(shape, dict):
            return self._node(shape, place)
        if isinstance(shape, list):
            return [self.value(inner, place) for inner in shape]
        return shape

    def _node(self, shape: dict[str, object], place: _Place) -> dict[str, object]:
        return {key: self.value(inner, place.within(key, shape)) for key, inner in shape.items()}

    def _hole(self, hole: template.Hole, place: _Place) -> object:
        value = self.values[hole.name]
        if hole.name in self.own:
            return value
        if place.called or value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str) or place.part or place.keys[-1] in _HOLDERS:
            return _foreign(value, place)
        return _written(value, "", place)

    def _whole(self, shape: tuple[Any, ...], place: _Place) -> object:
        """A whole part of a message that is written as text, which adapters may read as JSON."""
        inner = _inner(shape)
        if inner is not None:
            return self.value(inner, place)
        if len(shape) == 1 and shape[0].name not in self.own and not place.called:
            return _part(template.written(escapes.text, shape[0], self.values), place)
        text = self._text(shape, place)
        name = _SAID.get(place.keys[0])
        return {name: text} if name else text

    def _text(self, shape: tuple[Any, ...], place: _Place) -> str:
        made = ""
        for part in shape:
            if isinstance(part, str):
                made += part
            elif part.name in self.own or place.called:
                made += escapes.text(self.values[part.name])
            else:
                write = functools.partial(_written, before=made, place=place)
                made += template.written(write, part, self.values)
        return made


def _inner(shape: tuple[object, ...]) -> object:
    """The structure of JSON that is written within a text, as ``content`` may be; None where
    it is no such text."""
    pieces = tuple(template.Piece(part, 0) if isinstance(part, str) else part for part in shape)
    try:
        text = template.joined(pieces)
    except source.Invalid:
        return None
    return text if isinstance(text, dict) else None
