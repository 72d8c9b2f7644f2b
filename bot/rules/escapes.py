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
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>])")


class Unfit(Exception):
    """A value that cannot be written where it would land."""


def text(value: Any) -> str:
    """A value as text: text as it is, everything else as JSON."""
    if isinstance(value, str):
        return value
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
    """Text that markdown shows as it is, on one line: a new line could begin a heading or list."""
    line = re.sub(r"\s*[\r\n\v\f\x85\u2028\u2029]\s*", " ", text(value))
    safe = line.replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN.sub(r"\\\1", safe)


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
