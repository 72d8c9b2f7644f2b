"""The long connection: the SDK's client, with everything overridden that would lose an event.

The protocol is the SDK's (``lark_oapi.ws``); its behaviour on one machine with one event loop of
its own, blocking calls and no way to stop is not. Delivery rules:
https://open.feishu.cn/document/server-docs/event-subscription-guide/overview
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import aiohttp

from adapters.common import http, masking, websocket
from adapters.lark import codec, events, parts, refusals, render, sdk
from adapters.lark.settings import Settings
from bot import model
from bot.model import ports

log = logging.getLogger(__name__)

DRAIN = 3.0
"""Seconds for which a connection that is given up may still bring something, and then answer what
it took: the platform awaits no answer for longer."""

_OK = b'{"code":200}'
_FAILED = b'{"code":500}'


class Link(websocket.Link):
    """One websocket of the long connection. ``service`` goes into its pings."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, service: int, owner: Connection
    ) -> None:
        super().__init__(socket, "lark", owner.tap())
        self.service = service
        self._owner = owner
        self.begin(ping=owner.ping(self))

    def take(self, data: str | bytes) -> None:
        if isinstance(data, str):
            log.warning("Lark sent a text message where frames are binary; ignored")
        else:
            self._owner.take(self, data)

    async def room(self) -> None:
        await self._owner.room()


class Connection(sdk.Client):  # type: ignore[misc]
    """Receives frames, hands their events to ``submit`` and acknowledges once they are stored."""

    def __init__(
        self,
        settings: Settings,
        clock: ports.Clock,
        client: http.Http,
        bot_open_id: str,
        bot_name: str = "",
    ) -> None:
        super().__init__(
            settings.app_id,
            settings.app_secret,
            log_level=sdk.LogLevel.WARNING,
            domain=settings.domain.rstrip("/"),
        )
        self._settings = settings
        self._clock = clock
        self._http = client
        self._bot_open_id, self._bot_name = bot_open_id, bot_name
        self._submit: ports.Submit = _closed
        self._joiner = parts.Joiner()
        self._in_flight = 0
        self._freed = asyncio.Event()
        self._reconfigured = asyncio.Event()
        self._stood = False
        self._keeper = websocket.Keeper(self._connect, pace(settings), "Lark", log)

    def tap(self) -> ports.Tap | None:
        return self._http.tap

    def start(self) -> None:
        """The SDK's entrance takes over the thread and its loop for ever; ``run`` does not."""
        raise RuntimeError("use run(): start() would block the event loop of the whole bot")

    async def run(self, submit: ports.Submit, ready: Callable[[], None]) -> None:
        """Stay connected until cancelled. Raises ports.BadCredentials if refused at the start."""
        self._submit = submit
        await self._keeper.run(ready)

    def state(self) -> ports.Connection:
        """How it stands."""
        return self._keeper.connection()

    # ------------------------------------------------------------------------- connecting

    async def _connect(self) -> Link:
        """Ask for an address and connect to it. Raises Unreachable and ports.BadCredentials."""
        try:
            link = await self._open()
        except sdk.ClientException as refusal:
            what = refusals.what_to_check(refusal)
            if refusal.code in refusals.FATAL and not self._stood:
                raise ports.BadCredentials(what) from None
            raise websocket.Unreachable(what, slow=True) from None
        except sdk.ServerException as refusal:
            raise websocket.Unreachable(masking.masked(str(refusal))) from None
        except http.NoAnswer as problem:
            raise websocket.Unreachable(str(problem)) from None
        self._stood = True
        return link

    async def _open(self) -> Link:
        """Raises the SDK's ClientException (refused) or ServerException (later perhaps), NoAnswer
        and Unreachable."""
        url = await self._get_conn_url()
        query = parse_qs(websocket.address_parts(url).query)
        service = query.get(sdk.const.SERVICE_ID, [""])[0]
        headers = {"User-Agent": self._user_agent}
        try:
            socket = await websocket.connect(
                self._http, url, self._settings.connect_timeout, headers
            )
        except aiohttp.WSServerHandshakeError as refused:
            raise refusals.refusal(refused.status, refused.headers or {}) from None
        log.info("connected to Lark (%s)", query.get(sdk.const.DEVICE_ID, ["?"])[0])
        return Link(socket, http.number_of(service), self)

    async def address(self) -> str:
        """The address that a connection would be made to, with its ticket, which is not used: never
        to be logged. Raises Unreachable and ports.BadCredentials."""
        try:
            return await self._get_conn_url()
        except sdk.ClientException as refusal:
            raise ports.BadCredentials(refusals.what_to_check(refusal)) from None
        except sdk.ServerException as refusal:
            raise websocket.Unreachable(masking.masked(str(refusal))) from None
        except http.NoAnswer as problem:
            raise websocket.Unreachable(str(problem)) from None

    async def _get_conn_url(self) -> str:
        """The address of the websocket, with its ticket: never to be logged. Raises NoAnswer and
        the SDK's exceptions."""
        body = {"AppID": self._app_id, "AppSecret": self._app_secret}
        headers = {"locale": "zh", "User-Agent": self._user_agent}
        headers["Content-Type"] = "application/json"
        url = self._domain + sdk.const.GEN_ENDPOINT_URI
        response = await self._http.call("POST", url, json.dumps(body).encode(), headers)
        status, answer = response.status, response.object()
        code = answer.get("code")
        if not isinstance(code, int) or (status != 200 and code == sdk.const.OK):
            raise sdk.ServerException(status, "the answer to the connection request is not Lark's")
        said = str(answer.get("msg") or "")
        if code in refusals.FATAL or code == refusals.LIMIT:
            raise sdk.ClientException(code, said)
        data = answer.get("data")
        if code != sdk.const.OK or not isinstance(data, dict):
            raise sdk.ServerException(code, said or "no address in the answer")
        self._configure(data.get("ClientConfig"))
        url = data.get("URL")
        if not isinstance(url, str) or not url.startswith(("ws://", "wss://")):
            raise sdk.ServerException(code, "no websocket address in the answer")
        return url

    def _configure(self, conf: object) -> None:
        """Take over the settings that are there and usable; the others keep their values."""
        if not isinstance(conf, Mapping):
            return
        for name, attribute in (
            ("ReconnectInterval", "_reconnect_interval"),
            ("ReconnectNonce", "_reconnect_nonce"),
            ("PingInterval", "_ping_interval"),
        ):
            value = conf.get(name)
            if (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and 1 <= value <= 3600
            ):
                setattr(self, attribute, value)
        self._keeper.backoff.limit = float(self._reconnect_interval)
        self._reconfigured.set()

    # ------------------------------------------------------------------------- receiving

    async def ping(self, link: Link) -> None:
        """Ping at once, then as often as the server asks, and often enough to notice silence."""
        while True:
            link.send(codec.ping(link.service))
            self._joiner.sweep(self._loop_time())
            sent = self._loop_time()
            while True:
                every = min(float(self._ping_interval), self._settings.idle_seconds / 2.5)
                seconds = sent + every - self._loop_time()
                if seconds <= 0:
                    break
                self._reconfigured.clear()
                try:
                    async with asyncio.timeout(seconds):
                        await self._reconfigured.wait()
                except TimeoutError:
                    break

    async def room(self) -> None:
        """Wait while too many events are unanswered."""
        while self._in_flight >= self._settings.max_in_flight:
            self._freed.clear()
            await self._freed.wait()

    def take(self, link: Link, data: bytes) -> None:
        """Take one frame. Whatever is wrong with it harms only itself."""
        try:
            frame = codec.decode(data)
        except codec.Malformed as problem:
            log.warning("Lark sent %d bytes that are no frame: %s", len(data), problem)
            return
        try:
            if frame.method == codec.DATA:
                self._handle_data_frame(link, frame)
            elif frame.method == codec.CONTROL:
                self._handle_control_frame(frame)
        except Exception:
            log.exception("a frame from Lark could not be handled")
            if frame.method == codec.DATA:
                link.send(_ack(frame, _FAILED, 0))

    def _handle_control_frame(self, frame: codec.Frame) -> None:
        """A pong may carry new settings; every other control frame is only a sign of life."""
        if frame.payload and ("type", "pong") in frame.headers:
            self._configure(http.object_of(frame.payload))

    def _handle_data_frame(self, link: Link, frame: codec.Frame) -> None:
        """Hand the frame's event over; the answer follows when ``submit`` is done with it."""
        link.delivered += 1
        headers = dict(frame.headers)
        payload = frame.payload
        if payload is None:
            log.warning("Lark sent an event without its content; it will be delivered again")
            return
        if headers.get("sum", "1") != "1":
            try:
                whole = self._combine(headers, payload)
            except ValueError as problem:
                log.warning("Lark sent a part that fits nowhere: %s", problem)
                return
            if whole is None:
                return
            payload = whole
        started = self._loop_time()
        raw = http.object_of(payload)
        card = headers.get("type") == "card" or events.event_type(raw).startswith("card.")
        if not raw:
            log.warning("Lark sent an event that is no JSON object: %s", headers.get("message_id"))
        event = events.to_event(raw, self._bot_open_id, self._clock.now(), self._bot_name)
        if event is None:
            link.send(_ack(frame, answer(None) if card else _OK, 0))
            return
        try:
            receipt = asyncio.ensure_future(self._submit(event))
        except ports.Closed:
            return
        settled = functools.partial(self._settled, link, frame, card, started)
        self._in_flight += 1
        link.took()
        if receipt.done():
            settled(receipt)
        else:
            receipt.add_done_callback(settled)

    def _settled(
        self,
        link: Link,
        frame: codec.Frame,
        card: bool,
        started: float,
        receipt: asyncio.Future[model.Receipt],
    ) -> None:
        """Acknowledge: stored, so 200. Not stored: 500, and Lark delivers again; but say nothing
        when shutting down, so that it delivers again as if we had never been there."""
        self._in_flight -= 1
        link.settled()
        self._freed.set()
        if receipt.cancelled():
            return
        problem = receipt.exception()
        if problem is None:
            body = answer(receipt.result()) if card else _OK
        elif isinstance(problem, ports.Closed):
            return
        else:
            log.error("an event from Lark could not be stored", exc_info=problem)
            body = _FAILED
        link.send(_ack(frame, body, int((self._loop_time() - started) * 1000)))

    def _combine(self, headers: Mapping[str, str], part: bytes) -> bytes | None:
        """The whole payload once all parts are here, else None. Raises ValueError."""
        total, index = int(headers.get("sum", "1")), int(headers.get("seq", "0"))
        return self._joiner.add(
            headers.get("message_id", ""), total, index, part, self._loop_time()
        )

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()


def pace(settings: Settings) -> websocket.Pace:
    """When a connection is replaced, and how often one is tried for."""
    return websocket.Pace(
        idle=settings.idle_seconds,
        renew=settings.reconnect_after,
        first=settings.backoff_first,
        most=settings.backoff_most,
        linger=DRAIN,
        patience=DRAIN,
    )


async def _closed(event: model.Event) -> model.Receipt:
    raise ports.Closed("not running")


def _ack(frame: codec.Frame, body: bytes, took: int) -> bytes:
    """The frame that answers ``frame``: the same one, with our time in ms and another payload."""
    frame.headers.append(("biz_rt", str(took)))
    frame.payload = body
    return codec.encode(frame)


def answer(receipt: model.Receipt | None) -> bytes:
    """The payload that answers a card click; ``{}`` (in base64) where there is nothing to say, as
    clients report an error when data is absent."""
    content = {} if receipt is None else content_of(receipt)
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return b'{"code":200,"data":"' + base64.b64encode(data) + b'"}'


def content_of(receipt: model.Receipt) -> dict[str, object]:
    """What a card click is answered: a toast, and the card as it now stands."""
    content: dict[str, Any] = {}
    if receipt.toast:
        content["toast"] = {"type": receipt.tone, "content": render.plain(receipt.toast)}
    if receipt.card is not None:
        try:
            content["card"] = {"type": "raw", "data": render.card(receipt.card).content}
        except Exception:
            log.exception("the card of request %d cannot be drawn", receipt.card.request)
    return content
