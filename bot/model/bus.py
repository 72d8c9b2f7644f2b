"""What the internal bus carries: CloudEvents, and what is to be delivered because of them."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bot.model.people import Party, Place

How = Literal["command", "group", "thread", "webhook", "http", "bus"]
Retry = Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"]


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An event of CloudEvents 1.0 (https://github.com/cloudevents/spec). ``data`` is JSON;
    ``extra`` are its extension attributes, flat. An event that came as ``detail-type`` and
    ``detail`` has these as ``type`` and ``data``. ``source`` and ``id`` together are its identity
    to its sender; ``mark`` tells it from one of the same names that another sender sent, or that
    this one had sent before with another content ("" for the bot's own and for earlier releases').
    ``person``: whom its sender says it is from, "" for nobody (None for the bot's own and for
    earlier releases').
    """

    id: str
    source: str
    type: str
    time: datetime
    subject: str = ""
    data: Any = None
    extra: Mapping[str, object] = field(default_factory=dict)
    mark: str = ""
    person: str | None = None

    def plain(self) -> dict[str, Any]:
        """The event as JSON, by the attributes' own names."""
        document = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            **self.extra,
            "data": self.data,
        }
        return {**document, "subject": self.subject} if self.subject else document


@dataclass(frozen=True, slots=True)
class Meant:
    """The names of the rules that mean an event, by the rulebook of this ``number``."""

    number: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventReceived:
    """An event came from outside, by the source ``via`` of the configuration. ``person``: whom the
    source says it is from (an id of the book), "" for nobody. ``meant``: which rules mean it, where
    that was found before; it is never stored.

    ``id`` names the event and its content, ``known_as`` the event alone, by its sender, source and
    id; ``formerly`` is how earlier releases named it. ``refuse``: another content under a name that
    is known is refused, and not kept."""

    id: str
    at: datetime
    event: CloudEvent
    via: str
    person: str = ""
    meant: Meant | None = None
    known_as: str = ""
    formerly: str = ""
    refuse: bool = False


@dataclass(frozen=True, slots=True)
class IngressRejected:
    """What came from outside by the source ``via`` was refused, or had come before (``reason``
    "duplicate"), ``count`` times since this was last told; ``address`` is that of the first."""

    id: str
    at: datetime
    via: str
    reason: str
    address: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class CommandRequested:
    """A rule asks for a command, on behalf of a person. ``cause``: "SOURCE ID" of the event;
    ``values`` are texts, by parameter; ``rules`` the rules that led here, this one last;
    ``causes`` whoever brought the event about; ``timeout`` the seconds that its run may take, 0 as
    long as the command's."""

    id: str
    at: datetime
    rule: str
    cause: str
    command: str
    values: Mapping[str, str]
    person: str
    group: str
    platform: str
    policy: str = ""
    rules: tuple[str, ...] = ()
    causes: tuple[Party, ...] = ()
    timeout: int = 0


@dataclass(frozen=True, slots=True)
class ToCommand:
    """A command, asked for in a group on behalf of a person. ``rules``: those that led here;
    ``causes`` whoever brought the event about; ``timeout`` the seconds that its run may take, 0 as
    long as the command's."""

    command: str
    group: str
    platform: str
    policy: str = ""
    timeout: Annotated[int, Field(exclude_if=operator.not_)] = 0
    person: str = ""
    rules: tuple[str, ...] = ()
    causes: tuple[Party, ...] = ()
    how: ClassVar[How] = "command"


@dataclass(frozen=True, slots=True)
class ToGroup:
    """A group as a whole; ``mentions`` are the people to call, by their ids of the book."""

    platform: str
    tenant: str
    chat: str
    mentions: tuple[str, ...] = ()
    how: ClassVar[How] = "group"


@dataclass(frozen=True, slots=True)
class ToThread:
    """The thread of the request that an event is about."""

    mentions: tuple[str, ...] = ()
    how: ClassVar[How] = "thread"


@dataclass(frozen=True, slots=True)
class ToWebhook:
    """A chat's custom robot, by its address or as robot:NAME of the configuration."""

    uri: str
    how: ClassVar[How] = "webhook"


@dataclass(frozen=True, slots=True)
class ToHttp:
    """Another server: the endpoint with this name in the configuration."""

    target: str
    how: ClassVar[How] = "http"


@dataclass(frozen=True, slots=True)
class ToBus:
    """An event bus in the cloud, by its name in the configuration."""

    bus: str
    how: ClassVar[How] = "bus"


Destination = ToHttp | ToBus | ToWebhook | ToGroup | ToCommand | ToThread
"""Each has a field that no other one must have, but for a thread, which is tried last: so they are
read from what is stored without another look at ``how``. They are tried in this order, and those
of which there are most come first."""


@dataclass(frozen=True, slots=True)
class Deliver:
    """Bring what a rule made of an event to one of its targets.

    ``body``: of a command its values, of a group or a thread text, of a webhook JSON, of a server
    JSON or text, of a bus a CloudEvent as JSON. ``event``: source, id and type of the cause.
    ``place``: of a thread. A try that
    provably did not succeed is repeated as ``retry`` says; after the last one it is a dead letter.
    ``again``: how often people sent it once more after a refusal; a command is then asked for anew.
    ``redo`` names the time that a stored event was handed to the rule again, "" the first time.
    ``how`` is that of ``to``, and is stored in front of it.
    """

    rule: str
    target: int
    how: How = field(default="http", kw_only=True)
    to: Annotated[Destination, Field(union_mode="left_to_right")]
    body: Any
    event: Mapping[str, str]
    place: Place | None = None
    retry: Retry = "BACKOFF_RETRY"
    again: int = 0
    redo: str = ""
    kind: Literal["deliver"] = "deliver"

    def __post_init__(self) -> None:
        object.__setattr__(self, "how", self.to.how)

    @property
    def key(self) -> str:
        """What names this delivery for ever: one per event, rule and target, each time that the
        event is handed to the rule."""
        parts = (self.event["source"], self.event["id"], self.rule)
        source, id_, rule = (part.replace("%", "%25").replace(":", "%3A") for part in parts)
        mark = f"%23{self.event['mark']}" if self.event.get("mark") else ""
        redo = f":redo-{self.redo}" if self.redo else ""
        return f"deliver:{source}:{id_}{mark}:{rule}:{self.target}{redo}"

    @property
    def token(self) -> str:
        """The same for every try of this delivery, so that who gets it twice can tell."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery as it stands in the store. ``state``: queued, in_flight, done, refused (a dead
    letter), unknown (a dead letter that may have arrived), dropped. ``attempts`` counts all tries,
    ``at`` is when it was queued, ``tried_at`` when it was last tried; ``reason`` and ``code`` are
    those of how that ended."""

    number: int
    at: datetime
    state: str
    attempts: int
    deliver: Deliver
    reason: str = ""
    code: str = ""
    tried_at: datetime | None = None
    request: int = 0

    @property
    def dead(self) -> bool:
        """Will nobody try it again, unless a person says so?"""
        return self.state in ("refused", "unknown", "dropped")
