"""What an adapter declares of itself, as ``MANIFEST`` in ``adapters/<party>/manifest.py``.

``bot.app.adapters`` lists the adapters. ``bot.config`` gets their manifests: it makes the tables of
``bot.toml`` of them and checks these, so that nothing in ``bot`` names a platform.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from bot.model import checks, ports, rich
from bot.model.consoles import Console, Uses
from bot.model.rights import Document, Operation, Right

S = TypeVar("S")
Path = tuple[str | int, ...]
"""The keys that lead to a value of a table."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``count`` calls of ``kinds`` together within any ``seconds``, per "chat" or for the
    whole "app".

    ``platform`` is the adapter's name. "" is the executors, whose chat is a region; "webhook" the
    robots, whose chat is an address, and "webhook.KIND" those of one kind. ``kinds``: say, card,
    lookup, run.
    """

    platform: str
    kinds: tuple[str, ...]
    per: Literal["chat", "app"]
    count: int
    seconds: float

    def counts(self, platform: str, kind: str) -> bool:
        """Is such a call under this limit? One of a platform holds for all its kinds."""
        return self.platform in (platform, platform.partition(".")[0]) and kind in self.kinds


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is wrong with a table. ``about`` is the key that is missing. It is not told
    where one of the paths in ``unless`` is wrong already."""

    path: Path
    message: str
    about: str = ""
    unless: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Callbacks:
    """How a chat platform's events come over HTTP, in place of its own connection.

    ``uses``: the secrets of a ``[[source]]`` that only some platforms have. ``together``: two keys
    that need each other. ``formats``: a regular expression for a secret, and the sentence said
    where it doesn't fit. ``owner``: the key of the platform's table that its encryption carries
    along.
    """

    uses: tuple[str, ...]
    together: tuple[str, ...] = ()
    formats: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """The events of a form arrive only where the bot subscribed to it: it does for those of
    ``[[form]]`` and those that the table lists under ``key``. ``code`` is a regular expression for
    what only codes of this platform's forms look like."""

    key: str
    code: str


@dataclass(frozen=True, slots=True)
class Deps:
    """What an adapter is built with beside its settings. ``forms``: the codes of the forms of its
    platform. ``callbacks``: its events come over HTTP, so it opens no connection for them.
    ``groups``: the ids of its chats in which the bot works. ``folder`` is that of bot.toml, from
    which paths count, and ``data`` that of runtime data, where the adapter may keep a file.
    ``count`` is called with each call and push that the platform counts, ``count_robot`` with the
    kind of each custom robot that takes a message.
    ``tap`` gets a copy of what goes over the wire, where that is captured."""

    clock: ports.Clock
    forms: tuple[str, ...] = ()
    callbacks: bool = False
    groups: tuple[str, ...] = ()
    folder: pathlib.Path = pathlib.Path()
    data: pathlib.Path = pathlib.Path()
    count: ports.Count = ports.uncounted
    tap: ports.Tap | None = None
    count_robot: ports.CountRobot = ports.uncounted_robot


@dataclass(frozen=True, slots=True)
class CheckDeps:
    """What an adapter's checks are made with beside its settings. ``groups``: the chats of its
    platform in which the bot works, name by id; ``forms``: the codes of its forms. ``callbacks``:
    its events come over HTTP, so it opens no connection for them. ``operations`` are those that run
    in the cloud; ``region`` is that of executions."""

    clock: ports.Clock
    groups: Mapping[str, str] = field(default_factory=dict)
    forms: tuple[str, ...] = ()
    callbacks: bool = False
    operations: tuple[Operation, ...] = ()
    region: str = ""


def flawless(settings: object) -> Iterable[Flaw]:
    """Nothing is wrong with any table."""
    return ()


def no_console(settings: object, uses: Uses) -> Console | None:
    """There is no console in which anything were to be granted."""
    return None


def holds_all(settings: object, card: rich.Card) -> bool:
    """Everything that there is to say stands on the card."""
    return True


def unchecked(settings: object, deps: CheckDeps) -> checks.Checkup:
    """There is nothing that the doctor could look at."""
    return checks.Checkup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Generic[S]):
    """One adapter. ``name`` is its table in ``bot.toml``, ``title`` what people call it and
    ``settings`` the type of its settings (see ``bot.source.tables``), by which the table is read.

    ``shown``: of these keys the first that has a value is told at the start, as the place that the
    bot connects to. ``limits`` hold where the configuration has none for the adapter. ``loggers``:
    libraries that only speak up when something is wrong. ``check`` sees the table, whose secrets
    may be unread, and says what its keys together have wrong. ``examine`` says what ``python -m bot
    doctor`` is to look at. ``interpreter`` sees the table, too, and reads what was captured.
    """

    name: str
    title: str
    settings: type[S]
    shown: tuple[str, ...] = ()
    limits: tuple[RateLimit, ...] = ()
    loggers: tuple[str, ...] = ()
    check: Callable[[S], Iterable[Flaw]] = flawless
    examine: Callable[[S, CheckDeps], checks.Checkup] = unchecked
    interpreter: Callable[[S], ports.Interpreter] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatManifest(Manifest[S]):
    """A chat platform, whose ``name`` is also a key of ``[[person]]``: that person's account.

    ``tenants``: the key of the table that lists the organisations listened to; "": there is one, of
    the platform's name. ``evaluation``: of a platform for trying things out, the key that must be
    true where a real platform stands beside it; "": it is a real one. ``account`` and
    ``chat`` say what a person's account and the id of a group are there, ``form`` what a form's
    code is ("": it has no forms), for the reference. ``account_start`` and ``chat_start``: how such
    ids begin, where no other platform's do. ``named_chats``: the id of a chat is a name that people
    chose; ``direct_start``: how those of direct chats begin, and of groups don't. ``holds``: do all
    blocks of a card stand on it? ``example`` is an
    account in full. ``frames``: how its frames look in a capture.
    """

    tenants: str = ""
    evaluation: str = ""
    account: str
    chat: str
    form: str = ""
    account_start: str = ""
    chat_start: str = ""
    named_chats: bool = False
    direct_start: str = ""
    example: str = ""
    subscription: Subscription | None = None
    callbacks: Callbacks | None = None
    frames: Callable[[], ports.Frames] | None = None
    console: Callable[[S, Uses], Console | None] = no_console
    holds: Callable[[S, rich.Card], bool] = holds_all
    build: Callable[[S, Deps], ports.Chat]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudManifest(Manifest[S]):
    """The cloud where approved operations run. Its table has a ``region`` and ``endpoints``, those
    of its products by name. ``regions`` are those that are known, ``known`` tells whether the
    adapter can call a product without being told its endpoint, and ``models`` what is known of the
    products' APIs. ``instance`` tells the id of an instance from a name.

    ``rights`` are those that the bot's own calls need for some operations, ``calls`` those that the
    templates of one need, by default in a region, and ``policy`` is the document that allows them.
    ``assumed`` is the role that has them; "": the identity itself.
    """

    regions: frozenset[str]
    known: Callable[[str], bool]
    models: Callable[[], ports.Models]
    instance: Callable[[str], bool]
    rights: Callable[[S, Sequence[Operation]], Iterable[Right]]
    calls: Callable[[str, Operation], Iterable[Right]]
    policy: Callable[[Iterable[Right]], Document]
    assumed: Callable[[S], str]
    build: Callable[[S, Deps], ports.Executor]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsManifest(Manifest[S]):
    """The robots that messages of templates and rules go to; its table has ``hosts`` and the tables
    ``robot``. ``kinds``: what a robot's ``platform`` may be."""

    kinds: tuple[str, ...]
    build: Callable[[S, Deps], ports.Robots]


@dataclass(frozen=True, slots=True)
class EngineDeps:
    """What an engine that runs templates itself is built with. ``region`` of its executions;
    ``safety_check``: whether it asks before risky calls; ``robots``: addresses by name; ``key``:
    the installation's."""

    clock: ports.Clock
    region: str
    safety_check: Literal["Skip", "ConfirmEveryHighRiskAction"]
    robots: Mapping[str, str] = field(repr=False)
    key: bytes = field(repr=False)
    tap: ports.Tap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineManifest(Generic[S]):
    """A service of the cloud that runs templates itself. It is built, and looked at by the doctor,
    with the cloud's settings. ``rights`` are those that its calls need for some operations, where
    executions are in a region, and others' are watched or not; ``trust`` says who may assume the
    role of a template."""

    name: str
    title: str
    rights: Callable[[str, Sequence[Operation], bool], Iterable[Right]]
    trust: Document
    build: Callable[[S, EngineDeps], ports.Watched]
    examine: Callable[[S, CheckDeps], checks.Checkup] = unchecked
    interpreter: Callable[[S], ports.Interpreter] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusManifest(Manifest[S]):
    """Buses of the cloud, to which rules bring events. ``settings`` is the type of one of them, and
    ``name`` the list of tables in which they stand. They are built with the cloud's settings.
    ``rights`` are those that they need, by default in a region."""

    rights: Callable[[tuple[S, ...], str], Iterable[Right]]
    build: Callable[[tuple[S, ...], Any, ports.Clock, ports.Tap | None], ports.Outlet]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsManifest(Manifest[S]):
    """Servers that rules tell of events. ``settings`` is the type of one of them, and ``name`` the
    list of tables in which they stand."""

    build: Callable[[tuple[S, ...], ports.Clock, ports.Tap | None], ports.Outlet]


@dataclass(frozen=True, slots=True, kw_only=True)
class InletManifest(Manifest[S]):
    """The server that takes events from outside. ``source`` is the type of a sender, and
    ``sources`` the list of tables in which they stand; ``source_interpreter`` sees one of
    these."""

    source: type[Any]
    sources: str
    source_interpreter: Callable[[Any], ports.Interpreter] | None = None
    build: Callable[[S, tuple[Any, ...], ports.Clock, ports.Look, ports.Tap | None], ports.Inlet]


@dataclass(frozen=True, slots=True)
class CalendarsManifest:
    """Calendars of those who are on call; where they are say the tables of rotas."""

    name: str
    build: Callable[[], ports.Calendars]


@dataclass(frozen=True, slots=True, eq=False)
class Adapters:
    """The adapters that there are, as far as a configuration can name them."""

    chats: tuple[ChatManifest[object], ...]
    cloud: CloudManifest[object]
    engine: EngineManifest[object]
    robots: RobotsManifest[Any]
    bus: BusManifest[object]
    endpoint: EndpointsManifest[object]
    inlet: InletManifest[object]
    calendars: CalendarsManifest

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that are one adapter's."""
        return (*self.platforms, self.cloud.name, self.robots.name, self.inlet.name)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The names of the chat platforms."""
        return tuple(chat.name for chat in self.chats)

    @property
    def with_forms(self) -> tuple[str, ...]:
        """The chat platforms whose forms are events: names of events that begin like these are
        theirs alone."""
        return tuple(chat.name for chat in self.chats if chat.form)

    def chat(self, platform: str) -> ChatManifest[Any]:
        """Raises StopIteration for what is no chat platform."""
        return next(chat for chat in self.chats if chat.name == platform)
