"""The bus in the wiring: who brings deliveries to their targets, and the server for events."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot import config, model, policy, store
from bot.app.outside import Outside
from bot.model import ports
from bot.runtime import chat_target, command_target, outbox
from bot.source.tables import settings_from


class Closable(Protocol):
    """What holds connections."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bus:
    """``commands`` asks for commands, ``chats`` speaks in groups, the others send outside.
    ``former``: what a reload put others in the place of, which may have calls under way."""

    outside: Outside
    commands: command_target.CommandTarget
    chats: chat_target.ChatTarget
    endpoints: ports.Outlet
    eventbridge: ports.Outlet
    former: tuple[Closable, ...] = ()

    @classmethod
    def of(
        cls,
        settings: config.Config,
        outside: Outside,
        submit: ports.Submit,
        clock: ports.Clock,
        book: Callable[[], policy.Book],
        tap: ports.Tap | None = None,
    ) -> Bus:
        return cls(
            outside,
            command_target.CommandTarget(submit, clock),
            chat_target.ChatTarget(book, outside.chats),
            endpoints_of(settings, clock, tap),
            eventbridge_of(settings, clock, tap),
        )

    def anew(
        self,
        before: config.Config,
        now: config.Config,
        clock: ports.Clock,
        key: bytes,
        tap: ports.Tap | None,
    ) -> Bus:
        """The same with the outlets that another configuration has. Raises Invalid."""
        bus, robots = self, now.adapters.robots.name
        if now.endpoints != before.endpoints:
            former = (*bus.former, bus.endpoints)
            bus = replace(bus, endpoints=endpoints_of(now, clock, tap), former=former)
        if now.buses != before.buses:
            former = (*bus.former, bus.eventbridge)
            bus = replace(bus, eventbridge=eventbridge_of(now, clock, tap), former=former)
        if now.tables.get(robots) != before.tables.get(robots):
            former = (*bus.former, bus.outside.webhook, bus.outside.oos)
            fresh = bus.outside.with_robots(now, clock, key, tap)
            bus = replace(bus, outside=fresh, former=former)
        return bus

    def route(self, effect: model.Effect) -> outbox.Performer:
        """Who carries out an effect, deliveries among them."""
        match effect:
            case model.Deliver(to=model.ToCommand()):
                return self.commands
            case model.Deliver(to=model.ToGroup() | model.ToThread()):
                return self.chats
            case model.Deliver(to=model.ToHttp()):
                return self.endpoints
            case model.Deliver(to=model.ToBus()):
                return self.eventbridge
            case _:
                return self.outside.route(effect)

    async def close(self) -> None:
        """Release sessions, those of the outside, too."""
        own: tuple[Closable, ...] = (self.endpoints, self.eventbridge, self.outside)
        for party in (*own, *self.former):
            await party.close()


class Routes:
    """The bus in use, which a reload replaces as a whole. Chats and the cloud stay what they are
    for as long as the bot runs."""

    def __init__(self, bus: Bus, clock: ports.Clock, key: bytes, tap: ports.Tap | None) -> None:
        self.bus, self._clock, self._key, self._tap = bus, clock, key, tap

    def to(self, effect: model.Effect) -> outbox.Performer:
        return self.bus.route(effect)

    def account(self, rate_key: store.RateKey) -> store.RateKey:
        return self.bus.outside.account(rate_key)

    def executor(self, engine: str) -> ports.Executor:
        return self.bus.outside.executor(engine)

    def follow(self, before: config.Config, now: config.Config) -> Callable[[], None]:
        """Make ready for another configuration; what is returned takes it up at once. Raises
        Invalid."""
        bus = self.bus.anew(before, now, self._clock, self._key, self._tap)
        return functools.partial(setattr, self, "bus", bus)


def endpoints_of(
    settings: config.Config, clock: ports.Clock, tap: ports.Tap | None = None
) -> ports.Outlet:
    manifest = settings.adapters.endpoint
    return manifest.build(settings.each(manifest.settings, settings.endpoints), clock, tap)


def eventbridge_of(
    settings: config.Config, clock: ports.Clock, tap: ports.Tap | None = None
) -> ports.Outlet:
    manifest, cloud = settings.adapters.bus, settings.of(settings.adapters.cloud)
    return manifest.build(settings.each(manifest.settings, settings.buses), cloud, clock, tap)


def inlet_of(
    settings: config.Config,
    chats: Mapping[str, object],
    clock: ports.Clock,
    look: ports.Look,
    tap: ports.Tap | None = None,
) -> ports.Inlet | None:
    """The server for events; None: the configuration has none."""
    manifest = settings.adapters.inlet
    if settings.http is None:
        return None
    return manifest.build(settings.of(manifest), sources_of(settings, chats), clock, look, tap)


def sources_of(settings: config.Config, chats: Mapping[str, object]) -> tuple[object, ...]:
    """Who may send events."""
    return tuple(source_of(settings, table, chats) for table in settings.sources)


def source_of(settings: config.Config, table: config.Source, chats: Mapping[str, Any]) -> object:
    """A sender as the server for events knows it."""
    chat = chats.get(table.kind)
    return settings_from(
        settings.adapters.inlet.source,
        table,
        owner=owner_of(settings, table.kind),
        reserved=settings.adapters.with_forms,
        tenant=min(settings.book.tenants.get(table.kind, ()), default=""),
        decode=chat.decode if chat is not None else None,
        answer=chat.answer if chat is not None else None,
    )


def owner_of(settings: config.Config, kind: str) -> str:
    """What a platform's encryption of callbacks carries along; "" where it carries nothing."""
    if kind not in settings.platforms:
        return ""
    callbacks = settings.adapters.chat(kind).callbacks
    key = callbacks.owner if callbacks is not None else ""
    return str(getattr(settings.tables[kind], key)) if key else ""
