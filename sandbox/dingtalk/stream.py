"""The Stream gateway: one-time tickets, web sockets, pushes, acknowledgements, redelivery.

https://open.dingtalk.com/document/direction/stream-mode-protocol-access-description
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
import uuid
from collections.abc import Coroutine
from typing import Any

from aiohttp import WSMsgType, web

from sandbox import base, world
from sandbox.dingtalk import acks, errors, limits, wire

PUSH_FAULTS = ("no_push", "drop_ack", "duplicate", "reorder", "slow", "hang_up")
log = logging.getLogger(__name__)


class Gateway:
    """Pushes to whoever is connected. Every wait is on the sandbox's clock."""

    def __init__(self, party: base.Party, numbers: limits.Limits) -> None:
        self._party = party
        self._clock = party.clock
        self._limits = numbers
        self._tickets: dict[str, tuple[float, frozenset[tuple[str, str]]]] = {}
        self._pending: dict[str, wire.Attempt] = {}
        self._late: dict[str, wire.Delivery] = {}
        self._clicks: dict[str, set[wire.Attempt]] = {}
        self._held: list[tuple[wire.Delivery, wire.Attempt]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._count = 0
        self.connections: list[wire.Connection] = []
        self.deliveries: list[wire.Delivery] = []

    def background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something beside the caller until it ends or the sandbox closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the gateway failed", exc_info=error)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self.connections:
            if connection.open:
                connection.open = False
                await connection.socket.close()

    # ------------------------------------------------------------------ opening

    def open(self, body: dict[str, Any]) -> dict[str, Any]:
        """``POST /v1.0/gateway/connections/open``: a ticket for one connection, good for 90 s."""
        known = (world.DINGTALK_CLIENT_ID, world.DINGTALK_CLIENT_SECRET)
        if (body["clientId"], body["clientSecret"]) != known:
            raise errors.Refused("authFailed", "鉴权失败", 401)
        wants = frozenset((s["type"], s["topic"]) for s in body["subscriptions"])
        for kind, topic in wants:
            if kind not in ("EVENT", "CALLBACK", "SYSTEM") or (kind == "EVENT" and topic != "*"):
                raise errors.Refused("InvalidParameter", f"subscription {kind} {topic}")
        ticket = str(uuid.uuid4())
        self._tickets[ticket] = (self._clock.now() + self._limits.ticket, wants)
        endpoint = self._party.base_url.replace("http", "ws", 1) + "/connect"
        return {"endpoint": endpoint, "ticket": ticket}

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """``GET /connect?ticket=…``: 401 for a ticket unknown, used or too old."""
        until, wants = self._tickets.pop(request.query.get("ticket", ""), (0.0, frozenset()))
        call = self._party.record("/connect", {"subscriptions": sorted(map(list, wants))})
        if until < self._clock.now():
            call.status, call.code = 401, "ticket"
            return web.json_response({"code": "authFailed", "message": "ticket"}, status=401)
        call.status = 101
        socket = web.WebSocketResponse(timeout=1.0, compress=False, max_msg_size=4 << 20)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        id = str(uuid.uuid4())
        connection = wire.Connection(id, socket, request.transport, wants, self._clock.now())
        self.connections.append(connection)
        pings = self.background(self._ping_regularly(connection))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._received(connection, message.data)
                elif message.type is WSMsgType.BINARY:
                    self._complain("ack", None, "a binary frame")
        finally:
            pings.cancel()
            self._lost(connection)
        return socket

    def _lost(self, connection: wire.Connection) -> None:
        """Nobody will answer on a closed socket."""
        connection.open = False
        for attempt in self._pending.values():
            if attempt.connection is connection and not attempt.over.done():
                attempt.over.set_result(None)

    # ------------------------------------------------------------------ pushing

    def push(
        self, kind: str, payload: dict[str, Any], subject: str = "", **headers: str
    ) -> wire.Delivery:
        """Push a "chat", "card" or "event" and, until it is acknowledged, push it again."""
        delivery = self._delivery(kind, payload, subject, headers)
        self.background(self.deliver(delivery))
        return delivery

    def _delivery(
        self, kind: str, payload: dict[str, Any], subject: str, headers: dict[str, str]
    ) -> wire.Delivery:
        data = json.dumps(payload, ensure_ascii=False)
        id = f"d{len(self.deliveries) + 1}"
        delivery = wire.Delivery(id, kind, payload, headers, data, subject)
        self.deliveries.append(delivery)
        return delivery

    def click(
        self, payload: dict[str, Any], subject: str
    ) -> tuple[wire.Delivery, asyncio.Task[Any]]:
        """Push a card callback, once; the task ends with its answer, or with the deadline."""
        delivery = self._delivery("card", payload, subject, {})
        return delivery, self.background(self.deliver(delivery))

    async def deliver(self, delivery: wire.Delivery) -> None:
        """Attempt after attempt on the kind's schedule; a card callback has only one."""
        schedule: tuple[float | None, ...] = (*self._retries(delivery.kind), None)
        for wait in schedule:
            began = self._clock.now()
            await self._attempt(delivery)
            if delivery.acked or wait is None:
                return
            await self._clock.sleep_until(began + wait)
            if delivery.acked:
                return

    def _retries(self, kind: str) -> tuple[float, ...]:
        if kind == "event":
            return self._limits.event_retries
        return self._limits.chat_retries if kind == "chat" else ()

    async def _attempt(self, delivery: wire.Delivery) -> None:
        fault = self._party.faults.take(f"push.{delivery.kind}", *PUSH_FAULTS)
        do = fault.do if fault else ""
        if fault and do == "slow":
            await asyncio.sleep(float(fault.args.get("seconds", 1.0)))
        attempt = self._new_attempt(delivery)
        attempt.ignore = do == "drop_ack"
        held, self._held = self._held, []
        if do == "reorder":
            self._held = [*held, (delivery, attempt)]
            self.background(self._release_later())
        elif do == "hang_up" and attempt.connection:
            attempt.connection.abort()
        elif do != "no_push":
            await self._send(delivery, attempt)
            if do == "duplicate":
                await self._send_twin(delivery, attempt)
        if do != "reorder":
            for earlier in held:
                await self._send(*earlier)
        await self._settle(delivery, attempt)

    async def _release_later(self) -> None:
        """A held push that nothing followed within a second goes out after all."""
        await asyncio.sleep(1.0)
        held, self._held = self._held, []
        for delivery, attempt in held:
            await self._send(delivery, attempt)

    def _new_attempt(self, delivery: wire.Delivery) -> wire.Attempt:
        wanted = wire.WANTED[delivery.kind]
        able = [c for c in self.connections if c.open and not c.draining and wanted in c.wants]
        attempt = wire.Attempt(
            message=self._message_id(),
            connection=random.choice(able) if able else None,
            kind=delivery.kind,
            sent=delivery.data,
            at=self._clock.now(),
            started=time.monotonic(),
            over=asyncio.get_running_loop().create_future(),
        )
        delivery.attempts.append(attempt)
        self._told(delivery, attempt)
        self._pending[attempt.message] = attempt
        self._late[attempt.message] = delivery
        if attempt.connection is None:
            delivery.problems.append("nobody is connected")
            attempt.over.set_result(None)
        return attempt

    async def _send_twin(self, delivery: wire.Delivery, attempt: wire.Attempt) -> None:
        """The same thing once more: chat and events as a new frame, a click as the same frame."""
        if delivery.kind == "card":
            await self._send(delivery, attempt)
        else:
            twin = self._new_attempt(delivery)
            await self._send(delivery, twin)
            self.background(self._settle(delivery, twin))

    async def _send(self, delivery: wire.Delivery, attempt: wire.Attempt) -> None:
        kind, topic = wire.WANTED[delivery.kind]
        headers = delivery.headers | {"topic": topic}
        to, ms = attempt.connection, int(attempt.at * 1000)
        if delivery.kind == "card" and to is not None and to.open and not to.zombie:
            self._clicks.setdefault(delivery.subject, set()).add(attempt)
        await self._write(to, kind, attempt.message, ms, headers, delivery.data)

    async def _write(
        self,
        to: wire.Connection | None,
        kind: str,
        id: str,
        ms: int,
        headers: dict[str, str],
        data: str,
    ) -> None:
        if to is None or not to.open or to.zombie:
            return
        await self.write_raw(to, wire.frame(kind, to.id, id, ms, data, **headers))

    async def write_raw(self, to: wire.Connection, frame: str | bytes) -> None:
        """Any frame at all; one that meets a closing socket is lost, as on the real wire."""
        try:
            if isinstance(frame, bytes):
                await to.socket.send_bytes(frame)
            else:
                await to.socket.send_str(frame)
        except ConnectionError:
            self._lost(to)

    async def _settle(self, delivery: wire.Delivery, attempt: wire.Attempt) -> None:
        deadline = attempt.at + float(getattr(self._limits, f"{attempt.kind}_deadline"))
        body = await self._within(attempt, deadline)
        self._pending.pop(attempt.message, None)
        self._clicks.get(delivery.subject, set()).discard(attempt)
        attempt.seconds = time.monotonic() - attempt.started
        if body is not None:
            delivery.acked, delivery.ack = True, body
        self._told(delivery, attempt)

    def _told(self, delivery: wire.Delivery, attempt: wire.Attempt) -> None:
        """Note that a push is on its way, or how it ended."""
        number = delivery.attempts.index(attempt)
        self._party.changes.note("push", f"{delivery.id}/{number}")

    async def _within(self, attempt: wire.Attempt, deadline: float) -> Any:
        timer = asyncio.ensure_future(self._clock.sleep_until(deadline))
        try:
            await asyncio.wait({timer, attempt.over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        if not attempt.over.done():
            attempt.over.set_result(None)
        return attempt.over.result()

    def _message_id(self) -> str:
        self._count += 1
        return f"212b9d7c_165f_{self._clock.ms():x}_{self._count:x}"

    # ------------------------------------------------------------------ answers

    def _complain(self, api: str, request: Any, code: str) -> None:
        self._party.record(api, request).code = code

    def _received(self, connection: wire.Connection, text: str) -> None:
        try:
            frame = wire.parsed(text)
        except ValueError:
            return self._complain("ack", text[:1000], "not JSON")
        headers = frame.get("headers") if isinstance(frame, dict) else None
        message = headers.get("messageId") if isinstance(headers, dict) else None
        waiting = self._pending.get(message) if isinstance(message, str) else None
        if waiting is None:
            late = self._late.get(message) if isinstance(message, str) else None
            if late is not None and not late.acked:
                late.problems.append("the ack came too late")
                for attempt in late.attempts:
                    if attempt.message == message:
                        attempt.late = True
                        self._told(late, attempt)
            if late is None or not late.acked:
                self._complain("ack", frame, "too late" if late else "no such messageId")
            return None
        return self._judge(connection, waiting, frame)

    def _judge(
        self, connection: wire.Connection, attempt: wire.Attempt, frame: dict[str, Any]
    ) -> None:
        delivery = self._late.get(attempt.message)
        try:
            if connection is not attempt.connection:
                raise acks.BadAck("on another connection than the push")
            if frame["headers"].get("contentType") != "application/json":
                raise acks.BadAck("contentType is not application/json")
            body = acks.check(attempt.kind, frame, attempt.sent, self._limits)
        except acks.BadAck as why:
            if delivery:
                delivery.problems.append(str(why))
            self._complain(f"ack.{attempt.kind}", frame, str(why))
            body = None
        if delivery and body is not None and not delivery.acked:
            delivery.seconds = time.monotonic() - attempt.started
        if attempt.ignore:
            if delivery:
                self._clicks.get(delivery.subject, set()).discard(attempt)
            return
        if not attempt.over.done():
            attempt.over.set_result(body)
        if delivery and body is not None:
            delivery.acked, delivery.ack = True, body

    async def answers_in(self, subject: str, seconds: float) -> bool:
        """Wait until no callback about ``subject`` that reached the bot is unanswered; False if one
        still is after ``seconds`` of real time."""
        end = time.monotonic() + seconds
        open_ones = [a for a in self._clicks.get(subject, ()) if not a.over.done()]
        for attempt in open_ones:
            left = max(0.0, end - time.monotonic())
            await asyncio.wait({attempt.over}, timeout=left)
        return all(a.over.done() for a in open_ones)

    # ------------------------------------------------------------------ system frames

    async def ping(self, connection: wire.Connection) -> dict[str, Any]:
        """A SYSTEM ping; tells whether it was echoed within three seconds."""
        data = json.dumps({"opaque": uuid.uuid4().hex})
        future = asyncio.get_running_loop().create_future()
        now, id = self._clock.now(), self._message_id()
        attempt = wire.Attempt(id, connection, "ping", data, now, time.monotonic(), future)
        self._pending[id] = attempt
        await self._write(connection, "SYSTEM", id, self._clock.ms(), {"topic": "ping"}, data)
        body = await self._within(attempt, now + self._limits.event_deadline)
        self._pending.pop(id, None)
        if body is None:
            self._complain("ack.ping", {"connection": connection.id}, "unanswered")
        seconds = time.monotonic() - attempt.started
        return {"connection": connection.id, "answered": body is not None, "seconds": seconds}

    async def _ping_regularly(self, connection: wire.Connection) -> None:
        while connection.open:
            await self._clock.sleep_until(self._clock.now() + self._limits.ping_every)
            if connection.open and not connection.zombie and not connection.draining:
                await self.ping(connection)

    async def disconnect(self, connection: wire.Connection) -> None:
        """A SYSTEM disconnect: no more pushes here, and ten seconds later the server closes."""
        connection.draining = True
        data = json.dumps({"reason": "connection is expired"})
        id = self._message_id()
        await self._write(connection, "SYSTEM", id, self._clock.ms(), {"topic": "disconnect"}, data)
        await self._clock.sleep_until(self._clock.now() + self._limits.drain)
        if connection.open:
            await connection.socket.close()
