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


_WIRE = (
    r"ticket|session|(?:tenant_?|app_?|user_?)?access_?token|access_?key|encrypt_?key|"
    r"client_?secret|app_?secret|"
    r"x-acs-[a-z]+-access-token|secret|sign"
)
_PAIR = re.compile(
    rf"""(?ix)(?<![a-z0-9])({_WIRE})(\\?["']?\s*[=:]\s*\\?["']?)([^\s"'\\&,;)}}\]]+)"""
)
_AUTHORIZATION = re.compile(
    r"""(?ix)(
        \bauthorization\\?["']?\s*[=:]\s*\\?["']?(?:bearer\s+|basic\s+)?
        | \bbearer\s+(?=\S{16})
    )[^\s"'\\&,;)}\]]+"""
)


def without_pairs(text: str, mask: str) -> str:
    """The text without the values of what is secret on the wire by its name: fields, parameters,
    headers."""
    return _AUTHORIZATION.sub(rf"\1{mask}", _PAIR.sub(rf"\1\2{mask}", text))


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


Change = Callable[[Any], Any]


def changed(
    value: object,
    change: Change,
    by_name: Callable[[str, Mapping[str, Any]], Change | None] | None = None,
    rename: Change | None = None,
) -> object:
    """A value with everything in it that holds no parts changed, names of parts among it.
    ``by_name`` says how a part of an object is changed, with all that is in it but names, by the
    name of the part; None: as all else is. ``rename`` is for names (None: ``change``)."""
    rename = rename or change
    if isinstance(value, Mapping):
        result = {}
        for key, part in value.items():
            named = by_name(str(key), value) if by_name is not None else None
            inner = (change, by_name) if named is None else (named, None)
            result[rename(str(key))] = changed(part, *inner, rename)
        return result
    if isinstance(value, list | tuple):
        return [changed(part, change, by_name, rename) for part in value]
    return change(value)
