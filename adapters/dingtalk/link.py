"""One Stream connection: frames become events, and each is acknowledged on the socket it came by.

Nothing waits for anybody: an event is a future with a callback. A frame that can't be read harms
only itself.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import aiohttp

from adapters.common import websocket
from adapters.dingtalk import acks, events, render
from adapters.dingtalk.logs import log, seldom
from adapters.dingtalk.settings import Settings
from bot import model
from bot.model import ports

_MESSAGE_ID = re.compile(r'\\?"messageId\\?"\s*:\s*\\?"([^"\\]{1,200})')


class Link(websocket.Link):
    """A connection and what is in flight on it."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        submit: ports.Submit,
        now: Callable[[], datetime],
        settings: Settings,
        count: ports.Count = ports.uncounted,
        tap: ports.Tap | None = None,
    ) -> None:
        super().__init__(socket, "dingtalk", tap)
        self._submit = submit
        self._now = now
        self._settings = settings
        self._count = count
        self._parked: deque[tuple[str, object, model.Event]] = deque()
        self.begin()

    # ------------------------------------------------------------------------- frames

    def take(self, data: str | bytes) -> None:
        try:
            text = data if isinstance(data, str) else str(data, "utf-8", "replace")
            frame = json.loads(text)
            if type(frame) is not dict:
                raise ValueError("not an object")
        except (ValueError, RecursionError) as error:
            self._unreadable(data, error)
            return
        headers = events.headers_of(frame)
        kind, message_id = frame.get("type"), headers.get("messageId")
        try:
            if kind == "SYSTEM":
                self._system(headers, frame.get("data"))
            else:
                if events.push_of(frame) in self._settings.counted:
                    self._count("pushes")
                self._event(frame, kind, message_id)
        except Exception as error:
            self._broken("EVENT" if kind == "EVENT" else "", message_id, error)

    def _acknowledge(self, message_id: object, ack: str) -> None:
        """Queue an acknowledgement; a frame without an id can't have one."""
        if message_id:
            self.send(ack)

    def _system(self, headers: dict[str, object], data: object) -> None:
        topic = headers.get("topic")
        if topic == "ping":
            message_id = headers.get("messageId")
            self._acknowledge(message_id, acks.system(message_id, data))
        elif topic == "disconnect":
            self.leave("asked")

    def _event(self, frame: dict[str, Any], kind: Any, message_id: Any) -> None:
        event = events.to_event(frame, self._now(), self._settings.robot_name)
        if isinstance(event, events.Ignored):
            if event.warn and seldom(event.reason):
                log.warning("a frame was left aside: %s", event.reason)
            elif not event.warn:
                log.debug("a frame was left aside: %s", event.reason)
            self._acknowledge(message_id, _ignored(kind, message_id, event))
        elif self.in_flight < self._settings.max_in_flight:
            self._start(kind, message_id, event)
        elif len(self._parked) < 8 * self._settings.max_in_flight:
            self._parked.append((kind, message_id, event))
        else:
            self._refuse(kind, message_id, "too much at once")

    def _start(self, kind: str, message_id: object, event: model.Event) -> None:
        self.delivered += 1
        try:
            future = asyncio.ensure_future(self._submit(event))
        except Exception as error:
            self._failed(kind, message_id, error)
            return
        self.took()
        if future.done():
            self._finished(kind, message_id, event, future)
            return
        future.add_done_callback(partial(self._finished, kind, message_id, event))

    def _finished(
        self,
        kind: str,
        message_id: object,
        event: model.Event,
        future: asyncio.Future[model.Receipt],
    ) -> None:
        try:
            if future.cancelled():
                self._refuse(kind, message_id, "cancelled")
            elif (error := future.exception()) is not None:
                self._failed(kind, message_id, error)
            elif kind == "EVENT":
                self._acknowledge(message_id, acks.success(message_id))
            elif type(event) is model.CardAction:
                answer = render.answer(future.result(), self._settings.card_value_bytes)
                self._acknowledge(message_id, acks.response(message_id, answer))
            else:
                self._acknowledge(message_id, acks.acceptance(message_id))
        except Exception as error:
            self._broken(kind, message_id, error)
        if self._parked:
            self._start(*self._parked.popleft())
        self.settled()

    # ------------------------------------------------------------------------- what went wrong

    def _refuse(self, kind: str, message_id: object, why: str) -> None:
        """Not taken, and no fault of the frame: an EVENT comes LATER; a callback stays without an
        answer, because any answer would end its delivery."""
        if seldom(why):
            log.warning("a delivery was not taken: %s", why)
        if kind == "EVENT":
            self._acknowledge(message_id, acks.later(message_id, why))

    def _failed(self, kind: str, message_id: object, error: BaseException) -> None:
        if isinstance(error, ports.Closed):
            self._refuse(kind, message_id, "shutting down")
        else:
            self._broken(kind, message_id, error)

    def _broken(self, kind: str, message_id: object, error: BaseException) -> None:
        if seldom(f"broken {type(error).__name__}"):
            log.error("a frame could not be handled", exc_info=error)
        if kind == "EVENT":
            self._acknowledge(message_id, acks.later(message_id, "internal error", 500))
        else:
            self._acknowledge(message_id, acks.failed(message_id, 500, "internal error"))

    def _unreadable(self, raw: str | bytes, error: Exception) -> None:
        if seldom("unreadable"):
            log.warning("a frame of %d bytes is unreadable: %s", len(raw), type(error).__name__)
        text = raw if isinstance(raw, str) else str(raw, "utf-8", "replace")
        match = _MESSAGE_ID.search(text[:4096])
        if match:
            self._acknowledge(match[1], acks.failed(match[1], 400, "not a JSON object"))


def _ignored(kind: object, message_id: object, event: events.Ignored) -> str:
    if kind == "EVENT":
        if event.code == 200:
            return acks.success(message_id)
        return acks.later(message_id, event.reason, event.code)
    if event.code == 200:
        return acks.acceptance(message_id)
    return acks.failed(message_id, event.code, event.reason)
