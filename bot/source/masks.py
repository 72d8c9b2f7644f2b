"""What stands in place of something that must not be read, and where such things are.

Adapters know this, too: what tells of executions elsewhere covers the same things by the same names
as the bot's own cards do. So it lies here and not in ``bot/redact.py``, which knows plans.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MASK = "••••••"
"""On cards and in messages; whoever is asked is told where to read it."""
TYPED = "***"
"""In lines as somebody typed them, and in what is kept of a request's arguments."""
SECRET_NAME = re.compile(
    r"(?i).*(password|passwd|passphrase|pwd|secret|secret_?(key|value|data|string)|"
    r"private_?key|access_?key|api_?key|credentials?|"
    r"(access|auth|api|security|session|bearer|bot|user)_?token)|authorization"
)
"""Names of what an API takes as a secret: it keeps or compares it, and does nothing else by it."""
_ROBOT = re.compile(
    r"(https?://[^\s\"'<>/?#]+/(?:robot/send\?access_token=|open-apis/bot/v2/hook/))[\w%-]+"
)
"""The address of a chat's robot: whoever has its token can write to the group."""


def robot(text: str) -> bool:
    """Is this the address of a chat's robot, or the name of one, and nothing else?"""
    return bool(_ROBOT.fullmatch(text.strip())) or text.strip()[:6].lower() == "robot:"


def without_tokens(text: str) -> str:
    """The text without the tokens of robots' addresses. Only for what does not execute: there every
    character must be seen."""
    return _ROBOT.sub(rf"\1{MASK}", text)


def strings(value: object, keys: bool = False) -> Iterator[str]:
    """Every piece of text within a value; with ``keys``, the names of its parts, too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            if keys:
                yield str(key)
            yield from strings(part, keys)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part, keys)


def changed(value: object, change: Callable[[Any], Any]) -> object:
    """A value with everything in it that holds no parts changed, names of parts among it."""
    if isinstance(value, Mapping):
        return {change(str(key)): changed(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [changed(part, change) for part in value]
    return change(value)
