"""Where in a request something stands: ``$.body.alert.id``, ``$.headers['x-event']``, ``$.a[0]``.
Capital letters make no other header.

Only what names one place: no searching, no filters. Anything that does not begin with ``$`` is a
constant.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

_STEP = re.compile(
    r"\.([^\W\d][\w-]*)|\[(-?[0-9]{1,6})\]|\['([^']{1,200})'\]|\[\"([^\"]{1,200})\"\]"
)
MISSING = object()
Pick = Callable[[Any], Any]


@functools.lru_cache(maxsize=1024)
def pick(text: str) -> Pick:
    """What finds it; it gives ``MISSING`` where nothing stands. ValueError: that is no path."""
    if not text.startswith("$"):
        return lambda document: text
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise ValueError(f"{text!r} is no path: it goes wrong at {text[at : at + 20]!r}")
        name, index, single, double = match.groups()
        steps.append(int(index) if index is not None else name or single or double)
        at = match.end()
    if steps[:1] == ["headers"]:
        steps = [step.lower() if isinstance(step, str) else step for step in steps]
    return lambda document: _follow(document, steps)


def _follow(document: object, steps: list[str | int]) -> object:
    for step in steps:
        if isinstance(document, dict) and isinstance(step, str):
            document = document.get(step, MISSING)
        elif isinstance(document, list) and isinstance(step, int):
            document = document[step] if -len(document) <= step < len(document) else MISSING
        else:
            return MISSING
    return document


def text_at(text: str, document: object) -> str:
    """A string, number or truth value as text, "" for all else and for nothing."""
    value = pick(text)(document)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""
