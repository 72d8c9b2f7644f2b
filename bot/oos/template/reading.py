"""The text of a template as plain values, with the place of each: YAML or JSON."""

from __future__ import annotations

from typing import Any

from bot import source
from bot.oos.template import pasted, places
from bot.source import json_text, nodes, yaml_text

MOST_BYTES = 64 * 1024
"""https://www.alibabacloud.com/help/en/oos/user-guide/limits"""


def read(content: str | bytes, file: str) -> tuple[Any, places.Places, list[source.Fault], str]:
    """The value, the places, the keys that stand twice, and the text itself. Invalid: the rest
    cannot be looked at."""
    text = _decoded(content, file)
    if (lost := pasted.lost(text)) is not None:
        raise source.Invalid(source.Fault(source.Mark(file, lost[0], 1), lost[1]))
    builder = nodes.Builder(file, text)
    if not text.lstrip().startswith(("{", "[")):
        yaml_text.feed(text, builder)
        return _whole(builder, text)
    try:
        json_text.feed(text, builder)
    except source.Invalid as as_json:
        builder = nodes.Builder(file, text)
        try:
            yaml_text.feed(text, builder)
        except source.Invalid:
            raise as_json from None
    return _whole(builder, text)


def _whole(
    builder: nodes.Builder, text: str
) -> tuple[object, places.Places, list[source.Fault], str]:
    return builder.root, places.Places(builder.positions), builder.faults, text


def _decoded(content: str | bytes, file: str) -> str:
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    first = source.Mark(file, 1, 1)
    if len(raw) > MOST_BYTES:
        size = f"{len(raw):,} bytes; a template has at most {MOST_BYTES:,}"
        raise source.Invalid(source.Fault(first, f"too big: {size}"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        message = f"expected UTF-8, found the byte 0x{raw[error.start]:02x}"
        mark = source.Mark(file, line, column)
        raise source.Invalid(source.Fault(mark, message)) from None
    text = text.replace("\r\n", "\n")
    if not text.strip():
        raise source.Invalid(source.Fault(first, "expected a template, found an empty file"))
    return text
