"""The servers that rules may deliver to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

_NAME = re.compile(r"[!#$%&'*+.^_`|~A-Za-z0-9-]{1,100}")
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]{1,2048}")
_OURS = re.compile(
    "x-countersign-.*|idempotency-key|content-type|content-length|content-encoding|host|"
    "transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding|proxy-.*",
    re.I,
)
"""Header fields that are no setting: the delivery or the connection says what they are."""


class Misfit(Exception):
    """An endpoint that cannot be meant. The message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a rule's target ``name`` is. ``secret`` signs what is sent, "" leaves it unsigned.
    ``shape``: "structured" sends CloudEvents, "plain" what the rule made as it is. ``idempotent``:
    the server takes a delivery once, however often it comes, by its Idempotency-Key or by the
    event's source and id; so one that may have arrived is sent again. Time-outs in seconds,
    ``timeout`` for the whole call. ``ca_file``: certificates to trust instead of the usual ones.
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    shape: Literal["plain", "structured"] = "plain"
    idempotent: bool = False
    timeout: float = 10.0
    connect_timeout: float = 5.0
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    endpoints: tuple[Endpoint, ...] = ()


def check(endpoint: Endpoint) -> None:
    """Raises Misfit. No sentence repeats the URL or a header's value: either may hold a secret."""
    here = f"endpoint {endpoint.name[:80]!r}"
    try:
        parts = urlsplit(endpoint.url)
        port = parts.port
    except ValueError:
        raise Misfit(f"{here}: the host or port of its url cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise Misfit(f"{here}: its url must be https://host/path (or http:// inside a network)")
    if "@" in parts.netloc:
        raise Misfit(f"{here}: its url must not hold a user name or a password; use headers")
    if not _CHARACTERS.fullmatch(endpoint.url):
        raise Misfit(f"{here}: its url holds a character that it may not hold, or is too long")
    for name, value in endpoint.headers.items():
        if not _NAME.fullmatch(name):
            raise Misfit(f"{here}: {name[:80]!r} is no name of a header")
        if _OURS.fullmatch(name):
            raise Misfit(f"{here}: the header {name} is set by the bot; take it out of headers")
        if not value.isascii() or not value.isprintable() or len(value) > 4096:
            raise Misfit(f"{here}: the header {name} holds what no header may hold")
