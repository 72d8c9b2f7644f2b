"""What ``[http]`` and ``[[source]]`` in the configuration set."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from adapters.inlet import paths
from bot import model
from bot.source import values
from bot.source.tables import settings
from bot.source.values import Duration, Listen, Name, SecretText, Text, Texts, UrlPath

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


@settings
class Source:
    """Somebody who sends events to `[http]`, and how to recognise them."""

    name: Text = Field(description="Name by which the audit log speaks of it.")
    path: UrlPath = Field(description="Where it sends to: `/events/monitoring`.")
    kind: Literal["cloudevents", "eventbridge", "webhook", "dingtalk", "lark"] = Field(
        description="What it sends: CloudEvents; what EventBridge's HTTP target sends, or the "
        "shape with `detail-type` and `detail`; any JSON, read by `mapping`; or the callbacks of "
        "a chat platform, in place of its long connection."
    )
    secret: SecretText = Field(
        default="",
        repr=False,
        description="The key by which it signs each request (HMAC-SHA256): 16 random characters or "
        "more.",
    )
    token: SecretText = Field(
        default="",
        repr=False,
        description="What it sends along, if it can't sign; of `dingtalk` and `lark` the token of "
        "their event settings.",
    )
    unsigned: bool = Field(
        default=False,
        description="Whoever is on this machine may send in its name. Needed where a source has no "
        "secret; what a proxy passed on is refused.",
    )
    encrypt_key: SecretText = Field(
        default="",
        repr=False,
        description="The key of encrypted callbacks (`dingtalk`: aes_key, `lark`).",
    )
    card_secret: SecretText = Field(
        default="", repr=False, description="The key of card callbacks (`dingtalk`)."
    )
    addresses: Annotated[tuple[values.Network, ...], Field(strict=False)] = Field(
        default=(), description="IP addresses and networks it may send from. Default: any."
    )
    only: Texts = Field(
        default=(),
        description="The event sources that it may name; `x.*` is all that begin with `x.`. "
        "Default: any but the bot's own and those of the chat platforms (%(sources)s), "
        "which must be named.",
    )
    person: Name = Field(
        default="",
        description="Whom its events are from: the person on whose behalf rules ask for commands.",
    )
    mapping: dict[Text, Text] = Field(
        default_factory=dict,
        description="Where things stand, as a path or a constant: of `webhook` any of `source`, "
        "`type`, `subject`, `id`, `time`, `data` and `person` in `$.body`, `$.headers` and "
        "`$.query`; else only `person`, in the event.",
    )
    window: int = Field(
        default=300, ge=10, le=3600, description="Seconds that a signed request is good for."
    )
    on_conflict: Literal["keep", "refuse"] = Field(
        default="keep",
        description="What becomes of an event whose `source` and `id` are known while its type, "
        "subject or data differ: it is kept as an event of its own, or refused (409).",
    )
    per_minute: int = Field(
        default=6000, ge=1, le=1000000, description="Events that it may send, on average."
    )

    owner: str = ""
    """Of a platform's callbacks: the app key that DingTalk's encryption carries along. Robots in
    HTTP mode sign with ``secret``, which is DingTalk's app secret."""
    tenant: str = ""
    """The organisation where a payload names none."""
    decode: Decode | None = None
    answer: Answer | None = None
    reserved: tuple[str, ...] = RESERVED
    """The first words of sources that only adapters make, unless ``only`` names such a source."""

    def __post_init__(self) -> None:
        """ValueError: it can't work like this; the message says what to change."""
        if not _PATH.fullmatch(self.path) or len(self.path) > 200:
            raise ValueError(f"source {self.name}: the path must begin with / and be plain ASCII")
        for key, text in self.mapping.items():
            allowed = MAPPED if self.kind == "webhook" else ("person",)
            if key not in allowed:
                words = ", ".join(allowed)
                raise ValueError(f"source {self.name}: only {words} can be mapped, not {key}")
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


@settings
class Settings:
    """The server that takes events from outside. Without this table there is none."""

    listen: Listen = Field(
        default="127.0.0.1:17380",
        description="Address and port. Put a server that ends TLS before it.",
    )
    max_bytes: int = Field(
        default=262144, ge=1024, le=4194304, description="Most bytes of a request's body."
    )
    max_connections: int = Field(
        default=1000,
        ge=8,
        le=100000,
        description="Most connections at once, and no more than half of the files that the process "
        "may open; whoever comes then waits.",
    )
    remember: Duration = Field(
        default=timedelta(days=30),
        description="How long an event is known again by its sender, source and id, so that it is "
        "taken once. One that comes again after that is taken as another.",
    )

    sources: tuple[Source, ...] = ()
    head_timeout: float = 15.0
    """Seconds that a request's head may take; an idle connection may stay as long."""
    body_timeout: float = 15.0
    answer_timeout: float = 10.0
    """Seconds that the commit may take."""
    patience: float = 1.0
    """Seconds that a connection may say nothing while others wait for one."""
    max_in_flight: int = 256
    """Most requests that wait for their commit."""
    tell_every: float = 60.0
    """Refusals are reported once in so many seconds."""

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    def __post_init__(self) -> None:
        """ValueError: it would be open to everybody, or ambiguous."""
        for key in ("name", "path"):
            names = [getattr(source, key) for source in self.sources]
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"two sources have the same {key}: {', '.join(sorted(twice))}")
        if not values.of_this_machine(self.host):
            for source in self.sources:
                if not source.guarded:
                    raise ValueError(
                        f"source {source.name} has no secret, so anybody who reaches {self.host} "
                        "could send in its name: give it one, or listen on 127.0.0.1"
                    )


@functools.cache
def networks(addresses: tuple[str, ...]) -> tuple[Network, ...]:
    """Addresses and networks, parsed. ValueError: one is neither."""
    return tuple(ipaddress.ip_network(address, strict=False) for address in addresses)
