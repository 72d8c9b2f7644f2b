"""What a run's message says, as it is sent: its values are text, its author's markup is markup."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.oos.engine import calls
from bot.rules import escapes, robots, template
from bot.source import masks


def escaped(what: calls.What) -> calls.What:
    """A call as it is sent: the values in its message are escaped for the place in the message
    where they land."""
    match what:
        case calls.Notify():
            return replace(what, content=_content(what), shape=None)
        case calls.Approve(notice=calls.Notify() as notice):
            return replace(what, notice=replace(notice, content=_content(notice), shape=None))
        case _:
            return what


def _content(notice: calls.Notify) -> object:
    values: dict[str, Any] = {}
    shape = _named(notice.shape, values)
    if not values or (not masks.robot(notice.uri) and _is_data(notice.content)):
        return notice.content
    try:
        return robots.written(shape, values, notice.content)
    except escapes.Unwritable:  # null within a text, which templates print
        printable = {name: "null" if value is None else value for name, value in values.items()}
        return robots.written(shape, printable, notice.content)


def _is_data(content: object) -> bool:
    """Is this a text that no server reads as a chat's message?"""
    return isinstance(content, str) and "msg" not in content


def _named(shape: object, values: dict[str, object]) -> object:
    """The shape as templates of rules have it, and its values by the names of their holes."""
    if isinstance(shape, calls.Value):
        name = f"v{len(values)}"
        values[name] = shape.value
        return template.Hole(name, 0)
    if isinstance(shape, tuple):
        return tuple(_named(part, values) for part in shape)
    if isinstance(shape, dict):
        return {key: _named(inner, values) for key, inner in shape.items()}
    if isinstance(shape, list):
        return [_named(inner, values) for inner in shape]
    return shape
