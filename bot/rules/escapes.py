"""Values as they must be written where they land, so that they stay values there."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import quote

Into = Literal["json", "text", "shell", "markdown", "query"]
"""Where a result lands: in JSON, in plain text, in a line for the shell, in markdown, or in the
query of a URL."""
_BREAKS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
)
_LIVE = re.compile(
    r"[*\[\]`\\|~<>&@]|(?<!\w)_|_(?!\w)"  # emphasis, links, code, tags, entities, mentions
    r"|:(?=//|$)|(?<=www)\.|(?<=mailto):|(?<=tel):|(?<=data):|(?<=javascript):"  # addresses
    r"|^\s*(?:\#|[-+=](?=[-+=\s]|$)|\d{1,9}[.)](?=\s|$))",  # headings, lists, rules
    re.IGNORECASE,
)


class Unfit(Exception):
    """A value that cannot be written where it would land."""


def text(value: Any) -> str:
    """A value as text: text as it is, everything else as JSON. Null has no text: it is no value."""
    if isinstance(value, str):
        return value
    if value is None:
        raise Unfit("it is null")
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except RecursionError as error:
        raise Unfit("it is nested too deep to be written") from error
    except (ValueError, TypeError) as error:
        raise Unfit(f"it cannot be written as JSON: {error}") from error


def shell(value: Any) -> str:
    """One word for a POSIX shell."""
    written = text(value)
    if "\0" in written:
        raise Unfit("it has a NUL character, which no shell can take")
    return shlex.quote(written)


def markdown(value: Any) -> str:
    """One line of text that no renderer of markdown takes for more than text: no mention, link,
    emphasis or heading. The chat platforms know no common escape, so what could act is replaced
    by its full-width twin, which looks the same and means nothing."""
    line = _HIDDEN.sub("", _BREAKS.sub(" ", text(value)))
    return _LIVE.sub(lambda found: found[0][:-1] + chr(ord(found[0][-1]) + 0xFEE0), line)


def query(value: Any) -> str:
    """A value of a URL's query."""
    try:
        return quote(text(value), safe="")
    except UnicodeEncodeError as error:
        raise Unfit("it has half of a character (a lone surrogate)") from error


AS: dict[Into, Callable[[Any], str]] = {
    "json": lambda value: json.dumps(text(value), ensure_ascii=False)[1:-1],
    "text": text,
    "shell": shell,
    "markdown": markdown,
    "query": query,
}
"""How a value is written within a template's text; ``json`` is for the inside of a string."""
PLACES: tuple[Into, ...] = ("json", "text", "shell", "markdown", "query")
