"""The bus in the wiring: who brings deliveries to their targets, and the server for events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot import config, model, policy
from bot.app.outside import Outside
from bot.model import ports
from bot.runtime import chat_target, command_target, outbox
from bot.source.tables import settings_from


@dataclass(frozen=True, slots=True)
class Bus:
    """``commands`` asks for commands, ``chats`` speaks in groups, the others send outside."""

    outside: Outside
    commands: command_target.CommandTarget
    chats: chat_target.ChatTarget
    endpoints: ports.Outlet
    eventbridge: ports.Outlet

    @classmethod
    def of(
        cls,
        settings: config.Config,
        outside: Outside,
        submit: ports.Submit,
        clock: ports.Clock,
        book: Callable[[], policy.Book],
    ) -> Bus:
        return cls(
            outside,
            command_target.CommandTarget(submit, clock),
            chat_target.ChatTarget(book, outside.chats),
            endpoints_of(settings, clock),
            eventbridge_of(settings, clock),
        )

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
        """Release sessions; the chats and robots are the outside's."""
        await self.endpoints.close()
        await self.eventbridge.close()


def endpoints_of(settings: config.Config, clock: ports.Clock) -> ports.Outlet:
    manifest = settings.adapters.endpoint
    return manifest.build(settings.each(manifest.settings, settings.endpoints), clock)


def eventbridge_of(settings: config.Config, clock: ports.Clock) -> ports.Outlet:
    manifest, cloud = settings.adapters.bus, settings.of(settings.adapters.cloud)
    return manifest.build(settings.each(manifest.settings, settings.buses), cloud, clock)


def inlet_of(
    settings: config.Config, chats: Mapping[str, object], clock: ports.Clock, look: ports.Look
) -> ports.Inlet | None:
    """The server for events; None: the configuration has none."""
    manifest = settings.adapters.inlet
    if settings.http is None:
        return None
    sources = tuple(source_of(settings, table, chats) for table in settings.sources)
    return manifest.build(settings.of(manifest), sources, clock, look)


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
