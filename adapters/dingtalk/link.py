"""One Stream connection: reads frames, hands events over, acknowledges on the socket they came by.

The receive loop waits for nobody: an event is a future with a callback, an acknowledgement a line
in a queue that one writer empties. A frame that can't be read harms only itself.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import aiohttp

from adapters.dingtalk import acks, events, render
from adapters.dingtalk.logs import log, seldom
from adapters.dingtalk.settings import Settings
from bot import model
from bot.model import ports

Reason = Literal["", "asked", "closed", "silent", "old"]

CLOSE_SECONDS = 2.0
_MESSAGE_ID = re.compile(r'\\?"messageId\\?"\s*:\s*\\?"([^"\\]{1,200})')
_DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


class Link:
    """A connection and what is in flight on it.

    ``left`` is set once it should be replaced; ``why`` then says whether the platform asked for
    it, closed it, or fell silent, or whether it is old.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse[Any],
        submit: ports.Submit,
        now: Callable[[], Any],
        settings: Settings,
    ) -> None:
        self._socket = socket
        self._submit = submit
        self._now = now
        self._settings = settings
        self._time = asyncio.get_running_loop().time
        self.opened = self.heard = self._time()
        self.taken = 0
        self.left = asyncio.Event()
        self.closed = asyncio.Event()
        self.why: Reason = ""
        self._flying: set[asyncio.Future[model.Receipt]] = set()
        self._parked: deque[tuple[str, Any, model.Event]] = deque()
        self._acks: deque[str] = deque()
        self._wake = asyncio.Event()
        self._reader = asyncio.create_task(self._read(), name="dingtalk-read")
        self._writer = asyncio.create_task(self._write(), name="dingtalk-write")

    # ------------------------------------------------------------------------- life

    def leave(self, why: Reason) -> None:
        """Say that this connection should be replaced."""
        if not self.left.is_set():
            self.why = why
            self.left.set()

    async def lasted(self, idle: float, age: float) -> None:
        """Wait until the connection should be replaced: ``idle`` seconds without a frame are
        silence, and at ``age`` seconds it is old, whatever it does."""
        while not self.left.is_set():
            now = self._time()
            silent, old = self.heard + idle - now, self.opened + age - now
            if silent <= 0 or old <= 0:
                self.leave("old" if old <= 0 else "silent")
                return
            try:
                await asyncio.wait_for(self.left.wait(), min(silent, old))
            except TimeoutError:
                continue

    async def retire(self, seconds: float) -> None:
        """Go on reading until the platform closes or ``seconds`` are over, then ``shut``."""
        try:
            await asyncio.wait_for(self.closed.wait(), seconds)
        except TimeoutError:
            log.debug("the old connection was still open after %s s", seconds)
        await self.shut()

    async def shut(self) -> None:
        """Stop reading, let what is in flight finish for a moment, acknowledge it, and close."""
        self._reader.cancel()
        await asyncio.wait([self._reader])
        if self._flying and not self._socket.closed:
            await asyncio.wait(list(self._flying), timeout=CLOSE_SECONDS)
            await asyncio.sleep(0)  # let the callbacks of the finished ones run
        self._writer.cancel()
        await asyncio.wait([self._writer])
        try:
            while self._acks and not self._socket.closed:
                await self._socket.send_str(self._acks.popleft())
        except (aiohttp.ClientError, ConnectionError) as error:
            log.info("%d acknowledgements came too late: %s", len(self._acks) + 1, _kind(error))
        await self._socket.close()

    async def _read(self) -> None:
        try:
            while True:
                message = await self._socket.receive()
                if message.type not in _DATA:
                    break
                self.take(message.data)
        except (aiohttp.ClientError, ConnectionError) as error:
            log.info("the connection broke: %s", _kind(error))
        finally:
            self.closed.set()
            self.leave("closed")

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._acks:
                    await self._socket.send_str(self._acks.popleft())
        except (aiohttp.ClientError, ConnectionError) as error:
            log.info("acknowledgements find no connection any more: %s", _kind(error))
            self.leave("closed")

    def _send(self, message_id: Any, ack: str) -> None:
        """Queue an acknowledgement; a frame without an id can't have one."""
        if message_id:
            self._acks.append(ack)
            self._wake.set()

    # ------------------------------------------------------------------------- frames

    def take(self, raw: bytes | str) -> None:
        """Take one frame off the wire. Never raises and never waits."""
        self.heard = self._time()
        try:
            text = raw if isinstance(raw, str) else str(raw, "utf-8", "replace")
            frame = json.loads(text)
            if type(frame) is not dict:
                raise ValueError("not an object")
        except (ValueError, RecursionError) as error:
            self._unreadable(raw, error)
            return
        headers = events.headers_of(frame)
        kind, message_id = frame.get("type"), headers.get("messageId")
        try:
            if kind == "SYSTEM":
                self._system(headers, frame.get("data"))
            else:
                self._event(frame, kind, message_id)
        except Exception as error:
            self._broken("EVENT" if kind == "EVENT" else "", message_id, error)

    def _system(self, headers: dict[str, Any], data: Any) -> None:
        topic = headers.get("topic")
        if topic == "ping":
            message_id = headers.get("messageId")
            self._send(message_id, acks.system(message_id, data))
        elif topic == "disconnect":
            self.leave("asked")

    def _event(self, frame: dict[str, Any], kind: Any, message_id: Any) -> None:
        event = events.to_event(frame, self._now(), self._settings.robot_name)
        if isinstance(event, events.Ignored):
            if event.warn and seldom(event.reason):
                log.warning("a frame was left aside: %s", event.reason)
            elif not event.warn:
                log.debug("a frame was left aside: %s", event.reason)
            self._send(message_id, _ignored(kind, message_id, event))
        elif len(self._flying) < self._settings.max_in_flight:
            self._start(kind, message_id, event)
        elif len(self._parked) < 8 * self._settings.max_in_flight:
            self._parked.append((kind, message_id, event))
        else:
            self._refuse(kind, message_id, "too much at once")

    def _start(self, kind: str, message_id: Any, event: model.Event) -> None:
        self.taken += 1
        try:
            future = asyncio.ensure_future(self._submit(event))
        except Exception as error:
            self._failed(kind, message_id, error)
            return
        if future.done():
            self._finished(kind, message_id, event, future)
            return
        self._flying.add(future)
        future.add_done_callback(partial(self._finished, kind, message_id, event))

    def _finished(
        self, kind: str, message_id: Any, event: model.Event, future: asyncio.Future[model.Receipt]
    ) -> None:
        self._flying.discard(future)
        try:
            if future.cancelled():
                self._refuse(kind, message_id, "cancelled")
            elif (error := future.exception()) is not None:
                self._failed(kind, message_id, error)
            elif kind == "EVENT":
                self._send(message_id, acks.success(message_id))
            elif type(event) is model.CardAction:
                answer = render.answer(future.result(), self._settings.card_value_bytes)
                self._send(message_id, acks.response(message_id, answer))
            else:
                self._send(message_id, acks.taken(message_id))
        except Exception as error:
            self._broken(kind, message_id, error)
        if self._parked:
            self._start(*self._parked.popleft())

    # ------------------------------------------------------------------------- what went wrong

    def _refuse(self, kind: str, message_id: Any, why: str) -> None:
        """Not taken, and no fault of the frame: an EVENT comes LATER; a callback stays without an
        answer, because any answer would end its delivery."""
        if seldom(why):
            log.warning("a delivery was not taken: %s", why)
        if kind == "EVENT":
            self._send(message_id, acks.later(message_id, why))

    def _failed(self, kind: str, message_id: Any, error: BaseException) -> None:
        if isinstance(error, ports.Closed):
            self._refuse(kind, message_id, "shutting down")
        else:
            self._broken(kind, message_id, error)

    def _broken(self, kind: str, message_id: Any, error: BaseException) -> None:
        if seldom(f"broken {type(error).__name__}"):
            log.error("a frame could not be handled", exc_info=error)
        if kind == "EVENT":
            self._send(message_id, acks.later(message_id, "internal error", 500))
        else:
            self._send(message_id, acks.failed(message_id, 500, "internal error"))

    def _unreadable(self, raw: bytes | str, error: Exception) -> None:
        if seldom("unreadable"):
            log.warning("a frame of %d bytes is unreadable: %s", len(raw), _kind(error))
        text = raw if isinstance(raw, str) else str(raw, "utf-8", "replace")
        found = _MESSAGE_ID.search(text[:4096])
        if found:
            self._send(found[1], acks.failed(found[1], 400, "not a JSON object"))


def _ignored(kind: Any, message_id: Any, event: events.Ignored) -> str:
    if kind == "EVENT":
        if event.code == 200:
            return acks.success(message_id)
        return acks.later(message_id, event.reason, event.code)
    if event.code == 200:
        return acks.taken(message_id)
    return acks.failed(message_id, event.code, event.reason)


def _kind(error: BaseException) -> str:
    """An error without its text: aiohttp puts addresses into it, and those carry the ticket."""
    return type(error).__name__
