"""ValueSelector and PropertySelector: jq, where a leading dot may be left out."""

from __future__ import annotations

import functools
import re
from typing import Any

import jq  # type: ignore[import-not-found]

from bot.oos import names

_PATH = re.compile(r"\.|\.?[A-Za-z_]\w*(\[[0-9]*\])*(\.[A-Za-z_]\w*(\[[0-9]*\])*)*")
"""Paths are jq beyond doubt: compiling each would cost more than reading the template."""
_NOISE = re.compile(r" \(Unix shell quoting issues\?\)| at <top-level>.*$")
_REFERENCE = re.compile(r"\{\{[^{}]*\}\}")


def wrong(selector: Any) -> str:
    """What a selector is instead of jq; empty: it is jq."""
    if not isinstance(selector, str):
        if isinstance(selector, dict):
            return ""
        return f"{names.kind(selector)}, not jq"
    text = selector.strip()
    if not text:
        return "empty; `.` gives everything"
    if _PATH.fullmatch(text):
        return ""
    return _compiled(_REFERENCE.sub("null", text))


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> str:
    try:
        jq.compile(text)
        return ""
    except ValueError as error:
        problem = str(error)
    try:
        jq.compile(f".{text}")
        return ""
    except ValueError:
        first = problem.strip().split("\n")[0].removeprefix("jq: error: ")
        return f"no jq: {_NOISE.sub('', first)}"
