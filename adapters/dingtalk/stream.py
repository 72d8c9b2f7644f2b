"""Staying connected: the SDK's client with every part replaced that loses, blocks or tells.

dingtalk-stream 0.24.3 opens connections with a blocking call without a timeout, logs the ticket,
pauses for a fixed time or not at all, closes before it reopens, can't be cancelled, drops frames
whose handler fails, and acknowledges on whatever socket is newest. ``tests/adapters/
test_dingtalk_sdk.py`` shows each of these. Protocol: ``docs/learn/stream/protocol.md`` of
github.com/open-dingtalk/developerpedia.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import quote_plus, urlsplit

import aiohttp
import dingtalk_stream
import yarl

from adapters.common import http
from adapters.dingtalk import events
from adapters.dingtalk.link import CLOSE_SECONDS, Link
from adapters.dingtalk.logs import log, seldom
from adapters.dingtalk.settings import Settings
from bot.model import ports

AGENT = "countersign/0.1"
KEEPALIVE_SECONDS = 30.0
FRAME_BYTES = 16 << 20
STEADY = 1.5
"""A connection that delivered something, or stood this many seconds, starts the back-off anew."""
_CREDENTIALS = re.compile(r"client|secret|credential|auth|app_?key|app_?id|\bapp\b|应用|凭证", re.I)


class Unreachable(Exception):
    """No connection now. ``slow``: the platform said no, so ask again as rarely as allowed."""

    def __init__(self, reason: str, slow: bool = False) -> None:
        super().__init__(reason)
        self.slow = slow


class Stream(dingtalk_stream.DingTalkStreamClient):  # type: ignore[misc]
    """The Stream connection of one application, opened by the calls of ``client``."""

    def __init__(self, settings: Settings, client: http.Http, clock: ports.Clock) -> None:
        credential = dingtalk_stream.Credential(settings.client_id, settings.client_secret)
        super().__init__(credential, log)
        self._settings = settings
        self._http = client
        self._clock = clock
        self._retiring: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------------- staying connected

    async def run(self, submit: ports.Submit, ready: Callable[[], None]) -> None:
        """Stay connected until cancelled. A connection is replaced before it is given up."""
        link = await self._dial(submit, 0)
        ready()
        tries = 0
        try:
            while True:
                age = self._settings.reconnect_after * random.uniform(0.9, 1.0)
                await link.lasted(self._settings.idle_seconds, age)
                log.info("the connection is replaced: %s", link.why)
                lived = asyncio.get_running_loop().time() - link.opened
                healthy = link.taken > 0 or lived >= STEADY
                tries = 0 if healthy else tries + 1
                if link.why == "closed":
                    tries = max(tries, 1)
                new = await self._dial(submit, tries)
                self._retire(link)
                link = new
        finally:
            waiting = [asyncio.create_task(link.shut()), *self._retiring]
            for task in self._retiring:
                task.cancel()
            await asyncio.wait(waiting, timeout=2 * CLOSE_SECONDS)

    def _retire(self, link: Link) -> None:
        planned = link.why in ("asked", "old")
        seconds = self._settings.drain_seconds if planned else 0.0
        task = asyncio.create_task(_retired(link, seconds), name="dingtalk-retire")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _dial(self, submit: ports.Submit, tries: int) -> Link:
        """Connect, however often that takes. Raises BadCredentials."""
        while True:
            if tries:
                await asyncio.sleep(self._pause(tries))
            try:
                return await self._connect(submit)
            except Unreachable as error:
                tries = max(tries + 1, 1000 if error.slow else 0)
                if seldom(f"unreachable {error}", 30):
                    log.warning("no connection to DingTalk: %s; trying again", error)

    def _pause(self, tries: int) -> float:
        """Seconds before the n-th try: doubling up to the most, half of it jitter."""
        most = min(
            self._settings.backoff_first * 2.0 ** min(tries - 1, 60), self._settings.backoff_most
        )
        return random.uniform(most / 2, most)

    async def _connect(self, submit: ports.Submit) -> Link:
        opened = await self.open_connection()
        glue = "&" if "?" in opened["endpoint"] else "?"
        address = f"{opened['endpoint']}{glue}ticket={quote_plus(opened['ticket'])}"
        try:
            async with asyncio.timeout(self._settings.connect_timeout):
                socket = await self._http.session().ws_connect(
                    yarl.URL(address, encoded=True),
                    heartbeat=KEEPALIVE_SECONDS,
                    max_msg_size=FRAME_BYTES,
                    decode_text=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                )
        except aiohttp.WSServerHandshakeError as error:
            raise Unreachable(f"the gateway answered {error.status}") from None
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # the text of these may hold the address, and the address the ticket
            raise Unreachable(f"{type(error).__name__} at the gateway") from None
        return Link(socket, submit, self._clock.now, self._settings)

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
        status, answer = response.status, response.object()
        if status != 200:
            raise _refusal(status, answer)
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if not isinstance(endpoint, str) or not isinstance(ticket, str) or not ticket:
            raise Unreachable("the gateway's answer holds no endpoint and ticket")
        plain = self._settings.endpoint.startswith("http://")
        if urlsplit(endpoint).scheme not in (("ws", "wss") if plain else ("wss",)):
            raise Unreachable("the gateway named an endpoint that isn't encrypted")
        return {"endpoint": endpoint, "ticket": ticket}

    def get_host_ip(self) -> str:
        """What the configuration says; the SDK opens a socket towards 8.8.8.8 to find out."""
        return self._settings.local_ip

    # ------------------------------------------------------------------------- the rest of the SDK

    async def start(self) -> NoReturn:
        raise NotImplementedError("use run(submit, ready)")

    def _replaced(self, *_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError("replaced: see link for frames, api for calls")

    start_forever = keepalive = background_task = route_message = _replaced
    get_access_token = reset_access_token = upload_to_dingtalk = _replaced


async def _retired(link: Link, seconds: float) -> None:
    try:
        await link.retire(seconds)
    except asyncio.CancelledError:
        await link.shut()


def _refusal(status: int, answer: dict[str, Any]) -> Exception:
    """What a gateway's no means: wrong credentials end the run, all else is tried again."""
    said = f"{answer.get('code', '')} {answer.get('message', '')}".strip()[:200]
    if status == 401 or (status == 400 and _CREDENTIALS.search(said)):
        return ports.BadCredentials(
            f"DingTalk refused the credentials (HTTP {status} {said}): "
            "check client_id and client_secret in [dingtalk]"
        )
    return Unreachable(f"HTTP {status} {said}".strip(), slow=400 <= status < 500 and status != 429)
