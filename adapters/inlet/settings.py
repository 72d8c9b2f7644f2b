"""What ``[http]`` and ``[[source]]`` in the configuration set."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapters.inlet import paths
from bot import model

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Decode = Callable[[Mapping[str, Any]], model.Event | None]
"""A platform's payload as its event, None for one of no interest."""
Answer = Callable[[model.Receipt], Mapping[str, Any] | None]
"""What a platform is answered to the press of a button, None for nothing in particular."""

MAPPED = ("source", "type", "subject", "id", "time", "data", "person")
CALLBACKS = ("dingtalk", "lark")
OURS = "countersign"
"""How sources and types of the bot's own events begin; nobody outside may say that of theirs."""
RESERVED = ("dingtalk", "lark")
"""The first word of sources and types that the platforms' adapters make. From outside these come
only from a sender whose ``only`` names such a source."""
FORMS = "approval.approved"
"""The type of the event that a form was agreed to on a platform. Rules may ask for it alone, so
from outside it comes only with a source of such a platform."""
_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")


@dataclass(frozen=True, slots=True)
class Source:
    """One sender: where it sends to, as what, and how it is recognised.

    ``secret`` signs each request, ``token`` is sent along by those who can't sign. Of a chat
    platform's callbacks ``token`` is its verification token, ``encrypt_key`` its key (DingTalk:
    ``aes_key``, of 43 letters), ``owner`` the app key that DingTalk's encryption carries,
    ``secret`` DingTalk's app secret (robots in HTTP mode sign with it) and ``card_secret`` that of
    its card callbacks; ``decode`` makes events of their payloads, and ``answer`` what is answered
    to a button; ``tenant`` is the organisation where a payload names none.

    ``on_conflict``: what becomes of another event under a source and id that are known.
    ``addresses``: IP addresses and networks that may send, empty for all. ``only``: the event
    sources that it may name, one that ends with ``*`` as a prefix, empty for all; ``reserved`` are
    the first words of those that only adapters make, unless ``only`` names such a source.
    ``person``: whom its events are from, unless ``mapping`` finds somebody. ``mapping``: what
    stands where, as a path from ``$`` or as a constant; of a webhook all of ``MAPPED``, in
    ``$.body``, ``$.headers`` and ``$.query``; else only the person, in the event. ``window``: how
    many seconds a signed request is good for. ``per_minute``: events that it may send, on average.
    """

    name: str
    path: str
    kind: str
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    encrypt_key: str = field(default="", repr=False)
    card_secret: str = field(default="", repr=False)
    owner: str = ""
    addresses: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    reserved: tuple[str, ...] = RESERVED
    person: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    window: float = 300.0
    per_minute: int = 6000
    tenant: str = ""
    decode: Decode | None = None
    answer: Answer | None = None
    on_conflict: Literal["keep", "refuse"] = "keep"

    def __post_init__(self) -> None:
        """ValueError: it can't work like this; the message says what to change."""
        if not _PATH.fullmatch(self.path) or len(self.path) > 200:
            raise ValueError(f"source {self.name}: the path must begin with / and be plain ASCII")
        for key, text in self.mapping.items():
            allowed = MAPPED if self.kind == "webhook" else ("person",)
            if key not in allowed:
                told = ", ".join(allowed)
                raise ValueError(f"source {self.name}: only {told} can be mapped, not {key}")
            try:
                paths.pick(text)
            except ValueError as fault:
                raise ValueError(f"source {self.name}: mapping of {key}: {fault}") from None
        if self.kind in CALLBACKS and self.decode is None:
            raise ValueError(f"source {self.name}: [{self.kind}] must be configured, too")
        if self.kind in CALLBACKS and not self.guarded:
            raise ValueError(f"source {self.name}: what {self.kind} sends must be told by a secret")
        if self.window <= 0 or self.per_minute <= 0:
            raise ValueError(f"source {self.name}: window and per_minute must be more than 0")
        if self.kind == "dingtalk":
            self._check_dingtalk()
        networks(self.addresses)

    def _check_dingtalk(self) -> None:
        if self.encrypt_key and not re.fullmatch(r"[A-Za-z0-9]{43}", self.encrypt_key):
            raise ValueError(f"source {self.name}: DingTalk's aes_key has 43 letters and digits")
        if bool(self.encrypt_key) != bool(self.token):
            raise ValueError(f"source {self.name}: DingTalk's events need both token and aes_key")

    def may_name(self, name: str) -> bool:
        """May this sender say that of an event, as its source or as its type, as far as such names
        are reserved? Capital letters make no other name."""
        plain = name.casefold()
        if plain.startswith(OURS):
            return False
        first = plain.partition(".")[0].partition("/")[0]
        return first not in self.reserved or any(
            one.casefold().startswith(f"{first}.") for one in self.only
        )

    def may_send(self, source: str, type: str) -> str:
        """May this sender send events of this source and type, as far as such names are reserved?
        Else which of the two it may not say, "source" or "type"."""
        for word, name in (("source", source), ("type", type)):
            if not self.may_name(name):
                return word
        first = source.casefold().partition(".")[0]
        return "type" if type.casefold() == FORMS and first not in self.reserved else ""

    @property
    def guarded(self) -> bool:
        """Does a sender have to know a secret?"""
        return bool(self.secret or self.token or self.encrypt_key or self.card_secret)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, and what for. ``max_bytes`` of a body. Times are in seconds: a request's
    head may take ``head_timeout`` (and an idle connection may stay as long), its body
    ``body_timeout``, the commit ``answer_timeout``. ``max_connections`` stand at once
    (no more than half of the files that the process may open); while others wait, one may say
    nothing for ``patience``. ``max_in_flight`` requests wait for their commit. What is turned away
    is told once in ``tell_every``."""

    host: str = "127.0.0.1"
    port: int = 17380
    sources: tuple[Source, ...] = ()
    max_bytes: int = 256 * 1024
    head_timeout: float = 15.0
    body_timeout: float = 15.0
    answer_timeout: float = 10.0
    max_connections: int = 1000
    patience: float = 1.0
    max_in_flight: int = 256
    tell_every: float = 60.0

    def __post_init__(self) -> None:
        """ValueError: it would be open to everybody, or ambiguous."""
        for key in ("name", "path"):
            given = [getattr(source, key) for source in self.sources]
            twice = {value for value in given if given.count(value) > 1}
            if twice:
                raise ValueError(f"two sources have the same {key}: {', '.join(sorted(twice))}")
        if not loopback(self.host):
            for source in self.sources:
                if not source.guarded:
                    raise ValueError(
                        f"source {source.name} has no secret, so anybody who reaches {self.host} "
                        "could send in its name: give it one, or listen on 127.0.0.1"
                    )


def loopback(host: str) -> bool:
    """Can nobody else reach this address?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.cache
def networks(addresses: tuple[str, ...]) -> tuple[Network, ...]:
    """Addresses and networks, parsed. ValueError: one is neither."""
    return tuple(ipaddress.ip_network(address, strict=False) for address in addresses)
