"""The servers that rules may deliver to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from bot import source
from bot.source.tables import settings
from bot.source.values import OpenText, PemFile, Seconds, SecretText, Text

_NAME = re.compile(r"[!#$%&'*+.^_`|~A-Za-z0-9-]{1,100}")
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]{1,2048}")
_OURS = re.compile(
    "x-countersign-.*|idempotency-key|content-type|content-length|content-encoding|host|"
    "transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding|proxy-.*",
    re.I,
)
"""Header fields that are no setting: the delivery or the connection says what they are."""


@settings
class Endpoint:
    """A server of your own that is told of events: a signed POST."""

    name: Text = Field(description="Name by which rules refer to it.")
    url: OpenText = Field(
        repr=False, description="Its address, whole; a secret if it holds a token."
    )
    secret: SecretText = Field(
        default="",
        repr=False,
        description="The key by which requests are signed (`X-Countersign-Signature`: HMAC-SHA256 "
        "of `TIMESTAMP.NONCE.` and the body). Default: they are not.",
    )
    headers: dict[Text, OpenText] = Field(
        default_factory=dict,
        repr=False,
        description='Further headers: `{ Authorization = { env = "AUDIT_TOKEN" } }`.',
    )
    shape: Literal["plain", "structured"] = Field(
        default="plain",
        description="What the body is: what the rule's form makes, or a CloudEvent in structured "
        "mode that has it as its data.",
    )
    idempotent: bool = Field(
        default=False,
        description="It recognises an `Idempotency-Key`, so a request of which the answer was lost "
        "is sent again; otherwise that is a dead letter.",
    )
    timeout: Seconds = Field(default=10.0, description="Longest wait for an answer, in seconds.")
    ca_file: PemFile = Field(
        default="", description="PEM file of the certificates to trust instead of the usual ones."
    )

    connect_timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    endpoints: tuple[Endpoint, ...] = ()


def check(endpoint: Endpoint) -> None:
    """Raises Invalid. No sentence repeats the URL or a header's value: either may hold a secret."""
    here = f"endpoint {endpoint.name[:80]!r}"
    try:
        parts = urlsplit(endpoint.url)
        port = parts.port
    except ValueError:
        raise source.Invalid(f"{here}: the host or port of its url cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise source.Invalid(
            f"{here}: its url must be https://host/path (or http:// inside a network)"
        )
    if "@" in parts.netloc:
        raise source.Invalid(
            f"{here}: its url must not hold a user name or a password; use headers"
        )
    if not _CHARACTERS.fullmatch(endpoint.url):
        raise source.Invalid(
            f"{here}: its url holds a character that it may not hold, or is too long"
        )
    for name, value in endpoint.headers.items():
        if not _NAME.fullmatch(name):
            raise source.Invalid(f"{here}: {name[:80]!r} is no name of a header")
        if _OURS.fullmatch(name):
            raise source.Invalid(
                f"{here}: the header {name} is set by the bot; take it out of headers"
            )
        if not value.isascii() or not value.isprintable() or len(value) > 4096:
            raise source.Invalid(f"{here}: the header {name} holds what no header may hold")
