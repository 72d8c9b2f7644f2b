"""Texts with placeholders, as targets of EventBridge have them: ``{{.detail.emp_id}}`` stands for
what the event has there. A text that is one placeholder and nothing else is that value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot import source
from bot.rules import transform
from bot.source import paths

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w.-]*")
_TEXT = "_text."


def argument(value: object) -> transform.Transform:
    """What makes an argument: of a path, of a text with placeholders, or of a constant.
    Invalid says what is wrong with it."""
    if not isinstance(value, str):
        return transform.compile("CONSTANT", value)
    if value == "$" or value[:2] in ("$.", "$["):
        return transform.compile("JSONPATH", value)
    if "{{" not in value and "}}" not in value:
        return transform.compile("CONSTANT", value)
    return _compiled(value)


def joined(value: Sequence[str]) -> transform.Transform:
    """What makes one text of several, with commas between them; each may be a path."""
    if len(value) == 1:
        return argument(value[0])
    parts = [f"{{{{{one}}}}}" if one[:2] in ("$.", "$[") else one for one in value]
    return argument(",".join(parts))


def _compiled(text: str) -> transform.Transform:
    """The pieces of the text are variables, too, so that nothing in them is read as one."""
    values: dict[str, Any] = {}
    order: list[str] = []
    end = 0
    for match in _PLACE.finditer(text):
        _piece(values, order, text[end : match.start()])
        path = _path(match[0], match[1].strip())
        name = path.text[2:]
        if not _NAME.fullmatch(name):
            name = f"place{len(order)}"
        values[name] = path
        order.append(name)
        end = match.end()
    _piece(values, order, text[end:])
    if len(order) == 1:
        return transform.Transform("JSONPATH", values[order[0]])
    return transform.Transform("TEMPLATE", values, "".join(f"${{{name}}}" for name in order))


def _piece(values: dict[str, object], order: list[str], text: str) -> None:
    if "{{" in text or "}}" in text:
        raise _wrong("`{{` and `}}` belong together: {{.detail.emp_id}}")
    if text:
        order.append(f"{_TEXT}{len(order)}")
        values[order[-1]] = text


def _path(whole: str, inner: str) -> paths.JsonPath:
    try:
        if inner[:1] not in (".", "$"):
            raise source.Invalid("it begins with a full stop")
        return paths.parse(inner if inner.startswith("$") else f"${inner}")
    except source.Invalid as error:
        raise _wrong(
            f"`{whole[:60]}` is no place in the event, such as {{{{.detail.emp_id}}}}: "
            f"{error.message}"
        ) from error


def _wrong(message: str) -> source.Invalid:
    return source.Invalid(source.Fault(source.Mark("placeholder"), message))
