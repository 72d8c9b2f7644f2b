"""Is a ValueSelector or a PropertySelector jq? What the run will compile, is compiled at load."""

from __future__ import annotations

import re
from typing import Any

from bot.oos import names, selectors

_PATH = re.compile(r"\.|\.?[A-Za-z_]\w*(\[[0-9]*\])*(\.[A-Za-z_]\w*(\[[0-9]*\])*)*", re.ASCII)
"""Paths are jq beyond doubt: compiling each would cost more than reading the template."""
_KEYWORDS = re.compile(
    r"(?:__loc__|and|as|catch|def|elif|else|end|foreach|if|import|include|label|module|or|reduce"
    r"|then|try|env|now|inputs?|halt|halt_error|modulemeta)\b"
)


def wrong(selector: Any) -> str:
    """What is wrong with a selector, as the end of a sentence about it; empty: nothing."""
    if not isinstance(selector, str):
        return f"is {names.kind(selector)}; expected a jq script"
    text = selector.strip()
    if _PATH.fullmatch(text) and not _KEYWORDS.match(text):
        return ""
    problem = selectors.compiles(selector)
    return problem.replace("the jq script ", "") if problem else ""
