"""Staying connected: the SDK's client with every part replaced that loses, blocks or tells.

dingtalk-stream 0.24.3 opens connections with a blocking call without a timeout, logs the ticket,
pauses for a fixed time or not at all, closes before it reopens, can't be cancelled, drops frames
whose handler fails, and acknowledges on whatever socket is newest. ``tests/adapters/
test_dingtalk_sdk.py`` shows each of these. Protocol: ``docs/learn/stream/protocol.md`` of
github.com/open-dingtalk/developerpedia.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import quote_plus

import aiohttp
import dingtalk_stream

from adapters.common import http, websocket
from adapters.common.websocket import Unreachable
from adapters.dingtalk import events
from adapters.dingtalk.link import Link
from adapters.dingtalk.logs import log
from adapters.dingtalk.settings import Settings
from bot import release
from bot.model import ports

AGENT = f"countersign/{release.version()}"
PATIENCE = 2.0
"""Seconds for which a connection that is given up may still acknowledge what it took."""
_CREDENTIALS = re.compile(r"client|secret|credential|auth|app_?key|app_?id|\bapp\b|应用|凭证", re.I)


class Stream(dingtalk_stream.DingTalkStreamClient):  # type: ignore[misc]
    """The Stream connection of one application, opened by the calls of ``client``."""

    def __init__(
        self,
        settings: Settings,
        client: http.Http,
        clock: ports.Clock,
        count: ports.Count = ports.uncounted,
    ) -> None:
        credential = dingtalk_stream.Credential(settings.client_id, settings.client_secret)
        super().__init__(credential, log)
        self._settings = settings
        self._http = client
        self._clock = clock
        self._count = count
        self._keeper: websocket.Keeper[Link] | None = None

    def connection(self) -> ports.Connection | None:
        """How it stands; None: it was not begun."""
        return self._keeper.connection() if self._keeper is not None else None

    async def run(self, submit: ports.Submit, ready: Callable[[], None]) -> None:
        """Stay connected until cancelled. Raises BadCredentials."""
        self._keeper = websocket.Keeper(
            lambda: self._connect(submit), pace(self._settings), "DingTalk", log
        )
        await self._keeper.run(ready)

    async def _connect(self, submit: ports.Submit) -> Link:
        opened = await self.open_connection()
        glue = "&" if "?" in opened["endpoint"] else "?"
        address = f"{opened['endpoint']}{glue}ticket={quote_plus(opened['ticket'])}"
        try:
            socket = await websocket.connect(self._http, address, self._settings.connect_timeout)
        except aiohttp.WSServerHandshakeError as error:
            raise Unreachable(f"the gateway answered {error.status}") from None
        tap = self._http.tap
        return Link(socket, submit, self._clock.now, self._settings, self._count, tap)

    # ------------------------------------------------------------------------- opening

    def subscriptions(self) -> list[dict[str, str]]:
        return [
            {"type": dingtalk_stream.EventMessage.TYPE, "topic": "*"},
            {"type": dingtalk_stream.CallbackMessage.TYPE, "topic": events.CHAT_TOPIC},
            {"type": dingtalk_stream.CallbackMessage.TYPE, "topic": events.CARD_TOPIC},
        ]

    async def open_connection(self) -> dict[str, str]:
        """Ask for an endpoint and a ticket (90 s, one connection). Raises BadCredentials and
        Unreachable."""
        body = {
            "clientId": self.credential.client_id,
            "clientSecret": self.credential.client_secret,
            "subscriptions": self.subscriptions(),
            "ua": AGENT,
            "localIp": self.get_host_ip(),
        }
        url = self._settings.endpoint.rstrip("/") + "/v1.0/gateway/connections/open"
        headers = {"Accept": "application/json", "User-Agent": AGENT}
        headers["Content-Type"] = "application/json"
        try:
            response = await self._http.call("POST", url, json.dumps(body).encode(), headers)
        except http.NoAnswer as problem:
            raise Unreachable(f"{problem.kind} at {self._settings.endpoint}") from None
        if "connection" in self._settings.counted:
            self._count("calls")
        status, answer = response.status, response.object()
        if status != 200:
            raise _refusal(status, answer)
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if not isinstance(endpoint, str) or not isinstance(ticket, str) or not ticket:
            raise Unreachable("the gateway's answer holds no endpoint and ticket")
        plain = self._settings.endpoint.startswith("http://")
        if websocket.address_parts(endpoint).scheme not in (("ws", "wss") if plain else ("wss",)):
            raise Unreachable("the gateway named an endpoint that isn't encrypted")
        return {"endpoint": endpoint, "ticket": ticket}

    def get_host_ip(self) -> str:
        """What the configuration says; the SDK opens a socket towards 8.8.8.8 to find out."""
        return self._settings.local_ip

    # ------------------------------------------------------------------------- the rest of the SDK

    async def start(self) -> NoReturn:
        raise NotImplementedError("use run(submit, ready)")

    def _replaced(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError("replaced: see link for frames, api for calls")

    start_forever = keepalive = background_task = route_message = _replaced
    get_access_token = reset_access_token = upload_to_dingtalk = _replaced


def pace(settings: Settings) -> websocket.Pace:
    """When a connection is replaced, and how often one is tried for."""
    return websocket.Pace(
        idle=settings.idle_seconds,
        renew=settings.reconnect_after,
        first=settings.backoff_first,
        most=settings.backoff_most,
        linger=settings.drain_seconds,
        patience=PATIENCE,
    )


def _refusal(status: int, answer: dict[str, object]) -> Exception:
    """What a gateway's no means: wrong credentials end the run, all else is tried again."""
    said = f"{answer.get('code', '')} {answer.get('message', '')}".strip()[:200]
    if status == 401 or (status == 400 and _CREDENTIALS.search(said)):
        return ports.BadCredentials(
            f"DingTalk refused the credentials (HTTP {status} {said}): "
            "check client_id and client_secret in [dingtalk]"
        )
    return Unreachable(f"HTTP {status} {said}".strip(), slow=400 <= status < 500 and status != 429)
