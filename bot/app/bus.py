"""The bus in the wiring: who brings deliveries to their targets, and the server for events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import config, model
from bot.app.outside import Outside
from bot.model import ports
from bot.runtime import chat_target, command_target, outbox
from bot.source.tables import filled


@dataclass(frozen=True, slots=True)
class Bus:
    """``clerk`` asks for commands, ``relay`` speaks in groups, the others send outside."""

    outside: Outside
    clerk: command_target.Clerk
    relay: chat_target.Relay
    endpoints: ports.Outlet
    eventbridge: ports.Outlet

    @classmethod
    def of(
        cls, settings: config.Config, outside: Outside, submit: ports.Submit, clock: ports.Clock
    ) -> Bus:
        return cls(
            outside,
            command_target.Clerk(submit, clock),
            chat_target.Relay(settings.book, outside.chats),
            endpoints_of(settings, clock),
            eventbridge_of(settings, clock),
        )

    def route(self, effect: model.Effect) -> outbox.Performer:
        """Who carries out an effect, deliveries among them."""
        match effect:
            case model.Deliver(to=model.ToCommand()):
                return self.clerk
            case model.Deliver(to=model.ToGroup() | model.ToThread()):
                return self.relay
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
    from adapters import endpoints

    return endpoints.Endpoints(
        endpoints.Settings(
            tuple(
                endpoints.Endpoint(
                    name=one.name,
                    url=one.url.reveal(),
                    secret=one.secret.reveal() if one.secret else "",
                    headers={name: value.reveal() for name, value in one.headers.items()},
                    shape=one.shape,
                    idempotent=one.idempotent,
                    timeout=one.timeout,
                    ca_file=str(one.ca_file or ""),
                )
                for one in settings.endpoints
            )
        ),
        clock,
    )


def eventbridge_of(settings: config.Config, clock: ports.Clock) -> ports.Outlet:
    adapters = settings.adapters
    buses = tuple(filled(adapters.bus.settings, table) for table in settings.buses)
    return adapters.bus.build(buses, settings.of(adapters.cloud), clock)


def inlet_of(
    settings: config.Config, chats: Mapping[str, Any], clock: ports.Clock, look: ports.Look
) -> ports.Inlet | None:
    """The server for events; None: the configuration has none."""
    if settings.http is None:
        return None
    from adapters import inlet

    host, _, port = settings.http.listen.rpartition(":")
    return inlet.Inlet(
        inlet.Settings(
            host=host.strip("[]"),
            port=int(port),
            max_bytes=settings.http.max_bytes,
            max_connections=settings.http.max_connections,
            sources=tuple(source_of(settings, one, chats) for one in settings.sources),
        ),
        clock,
        look,
    )


def source_of(settings: config.Config, one: config.Source, chats: Mapping[str, Any]) -> Any:
    from adapters import inlet

    chat = chats.get(one.kind)
    tenants = sorted(settings.book.tenants.get(one.kind, ()))
    return inlet.Source(
        name=one.name,
        path=one.path,
        kind=one.kind,
        secret=one.secret.reveal() if one.secret else "",
        token=one.token.reveal() if one.token else "",
        encrypt_key=one.encrypt_key.reveal() if one.encrypt_key else "",
        card_secret=one.card_secret.reveal() if one.card_secret else "",
        owner=owner_of(settings, one.kind),
        addresses=tuple(map(str, one.addresses)),
        only=one.only,
        reserved=settings.adapters.platforms,
        person=one.person or "",
        mapping=one.mapping,
        window=float(one.window),
        per_minute=one.per_minute,
        on_conflict=one.on_conflict,
        tenant=tenants[0] if tenants else "",
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
