"""The stand-in for DingTalk, put together from its parts."""

from __future__ import annotations

from typing import Any

from sandbox import base, world
from sandbox.dingtalk import (
    cards,
    forms,
    limits,
    openapi,
    people,
    robots,
    rooms,
    stream,
    webhooks,
)

EVENT_APP = "bbb381b6-0000-4000-8000-5a4db0c0ffee"


class Platform(base.Party):
    """What the platform is and does by itself; who plays its people is in the subclasses."""

    name = "dingtalk"

    def __init__(self, clock: base.Clock) -> None:
        super().__init__(clock)
        self.limits = limits.Limits()
        self.rooms = rooms.Rooms(clock.now, self.changes)
        self.tokens = openapi.Tokens(clock, self.limits)
        self.gateway = stream.Gateway(self, self.limits)
        self.cards_api = cards.Cards(lambda: self.faults, self.limits, self.rooms, self.gateway)
        self.robots_api = robots.Robots(self.limits, self.rooms)
        self.forms = forms.Forms(clock, self.limits, self._push_event, self.changes)
        self.webhooks = webhooks.Webhooks(self, self.limits, self.rooms)
        self.api = openapi.OpenApi(self, self.limits, self.tokens)
        self._events = 0
        self._serve()

    def _serve(self) -> None:
        async def open_connection(body: dict[str, Any]) -> dict[str, Any]:
            return self.gateway.open(body)

        self.api.add(
            openapi.Api(
                "POST",
                "/v1.0/gateway/connections/open",
                "gateway_1_0.OpenConnectionRequest",
                open_connection,
                token=False,
                also=frozenset({"ua"}),
                picky=True,
            ),
            openapi.Api(
                "POST",
                "/v1.0/oauth2/accessToken",
                "oauth2_1_0.GetAccessTokenRequest",
                self.tokens.issue,
                token=False,
            ),
            *self.cards_api.apis(),
            *self.robots_api.apis(),
            *self.forms.apis(),
        )
        self.app.router.add_get("/connect", self.gateway.connect)
        self.app.router.add_route("*", "/{path:.*}", self.api.unknown)

    async def close(self) -> None:
        await self.gateway.close()

    def _push_event(self, event: str, data: dict[str, Any]) -> str:
        self._events += 1
        return self.gateway.push(
            "event",
            data,
            eventType=event,
            eventId=f"{self._events:08x}{self.clock.ms():024x}",
            eventCorpId=world.DINGTALK_CORP,
            eventBornTime=str(self.clock.ms()),
            eventUnifiedAppId=EVENT_APP,
        ).id

    def api_name(self, name: str) -> str:
        """The full name of a call that faults or the journal are asked for: ``/v1.0/`` and ``POST``
        may be left out. A name the platform does not have is an error."""
        if name in ("", "*", "/connect") or name.startswith(("push.", "ack")):
            return name
        method, _, path = name.rpartition(" ")
        path = "/" + path.lstrip("/")
        known = self.api.apis.keys() | {webhooks.SESSION, webhooks.CUSTOM}
        for full in (path, "/v1.0" + path):
            full = f"PUT {full}" if method == "PUT" else full
            if full in known:
                return full
        raise ValueError(f"no call {name!r}: there are {sorted(known)}")

    def chat(self, name: str) -> people.Chat:
        """A chat by id, title or person; the ops group if no name is given."""
        return people.chat_named(name or "ops")
