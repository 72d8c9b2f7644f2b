"""The long connection's back half: what is pushed when, acks, redelivery, order.

A push must be acked within 3 s; else it comes again after 15 s, 5 min, 1 h and 6 h. Approval
events of one instance and type keep their order: the next waits for the previous one. Card clicks
are pushed once. https://open.feishu.cn/document/ukTMukTMukTM/uUTNz4SN1MjL1UzM
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sandbox import base
from sandbox.lark import frames
from sandbox.lark.sockets import SERVICE, Connection, Sockets

DEADLINE = 3.0
PUSH_FAULTS = (
    "no_push",
    "drop_ack",
    "duplicate",
    "reorder",
    "slow",
    "hang_up",
    "split",
    "type_card",
)
AGAIN_AFTER = (15.0, 300.0, 3600.0, 21600.0)


@dataclass
class Delivery:
    """One push with all its attempts. ``seconds`` is what the successful ack took."""

    id: str
    kind: str
    payload: dict[str, Any] | str
    again: bool
    type: str = "event"
    attempts: int = 0
    acked: bool = False
    ack: Any = None
    code: int = 0
    has_data: bool = False
    answer: Any = None
    seconds: float | None = None
    problems: list[str] = field(default_factory=list)
    done: bool = False
    pushed_at: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "attempts": self.attempts,
            "acked": self.acked,
            "ack": self.ack,
            "seconds": self.seconds,
            "payload": self.payload,
            "problems": self.problems,
            "done": self.done,
            "pushed_at": self.pushed_at,
        }


@dataclass
class _Waiting:
    """A push on its way: the frames sent, on which connection, and who waits for the ack."""

    connection: Connection
    last: Any
    ack: asyncio.Future[frames.Ack | None]


class Pushes:
    def __init__(self, party: base.Party) -> None:
        self.party = party
        self.clock = party.clock
        self.sockets = Sockets(party, self.take_ack, self._gone)
        self.deliveries: list[Delivery] = []
        self._waiting: dict[str, _Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._order: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: list[asyncio.Event] = []
        self.card_deadline = DEADLINE

    def start(
        self,
        kind: str,
        id: str,
        payload: dict[str, Any] | str,
        *,
        lane: str = "",
        again: bool = True,
    ) -> Delivery:
        """Begin a delivery and return it at once. Deliveries of one ``lane`` keep their order."""
        delivery = Delivery(id, kind, payload, again)
        self.deliveries.append(delivery)
        self._spawn(self._in_order(delivery, lane) if lane else self._deliver(delivery))
        return delivery

    def repeat(self, delivery: Delivery) -> None:
        """Push it once more, whatever became of it: at least once is all that is promised."""
        self._spawn(self._attempt(delivery))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_order(self, delivery: Delivery, lane: str) -> None:
        async with self._order[lane]:
            await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        waits = iter(AGAIN_AFTER if delivery.again else ())
        while not await self.once(delivery):
            wait = next(waits, None)
            if wait is None:
                break
            await self.clock.sleep_until(self.clock.now() + wait)
        delivery.done = True

    async def once(self, delivery: Delivery) -> bool:
        """One attempt with the faults ordered for it; says whether it was acked with 200."""
        fault = self.party.faults.take(delivery.kind, *PUSH_FAULTS)
        do, args = (fault.do, fault.args) if fault else ("", {})
        if do == "reorder":
            await self._overtaken()
        elif do == "slow":
            await self.clock.sleep_until(self.clock.now() + float(args.get("seconds", 1.0)))
        if do == "type_card":
            delivery.type = "card"
        parts = int(args.get("parts", 3)) if do == "split" else 1
        good = await self._attempt(delivery, parts=parts, do=do)
        if do == "duplicate":
            self.repeat(delivery)
        return good

    async def _overtaken(self) -> None:
        """Wait until another push has gone out; one that nothing follows within a second goes."""
        gate = asyncio.Event()
        self._held.append(gate)
        try:
            await asyncio.wait_for(gate.wait(), 1.0)
        except TimeoutError:
            self._held.remove(gate)

    async def _attempt(self, delivery: Delivery, parts: int = 1, do: str = "") -> bool:
        delivery.attempts += 1
        delivery.pushed_at.append(self.clock.now())
        message = secrets.token_hex(16)
        call = self.party.record(delivery.kind, {"delivery": delivery.id, "message_id": message})
        call.payload, call.seconds = delivery.payload, None
        try:
            return await self._push(delivery, message, call, parts, do)
        finally:
            self.party.ended(call)

    async def _push(
        self, delivery: Delivery, message: str, call: base.Call, parts: int, do: str
    ) -> bool:
        connection = self.sockets.pick()
        if connection is None:
            call.code = "no_connection"
            return False
        call.port = base.port_of(connection.transport)
        if do == "hang_up":
            self.sockets.cut(connection)
            call.code = "hang_up"
            return False
        waiting = await self._send(connection, delivery, message, parts, do)
        begun = self.clock.now()
        try:
            click = delivery.kind == "push.card"
            ack = await self._ack(waiting, begun + (self.card_deadline if click else DEADLINE))
        finally:
            self._waiting.pop(message, None)
        if ack is None or do == "drop_ack":
            call.code = "drop_ack" if ack else "timeout"
            return False
        call.answer, call.code = ack.body, "; ".join(ack.problems) or str(ack.code)
        self._note(delivery, ack, self.clock.now() - begun)
        return ack.good

    def _note(self, delivery: Delivery, ack: frames.Ack, seconds: float) -> None:
        delivery.ack, delivery.code = ack.body, ack.code
        delivery.problems += ack.problems
        if ack.good and not delivery.acked:
            delivery.acked, delivery.seconds = True, seconds
        delivery.answer, delivery.has_data = ack.data, ack.has_data

    async def _send(
        self, connection: Connection, delivery: Delivery, message: str, parts: int, do: str
    ) -> _Waiting:
        text = delivery.payload
        raw = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
        pieces = frames.data(
            raw.encode(),
            kind=delivery.type,
            message=message,
            trace=secrets.token_hex(16),
            log_id=random.getrandbits(62),
            service=SERVICE,
            parts=parts,
        )
        future: asyncio.Future[frames.Ack | None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting[message] = _Waiting(connection, pieces[-1], future)
        if do != "no_push" and not self.sockets.zombie:
            await self._write(connection, pieces)
        held, self._held = self._held, []
        for gate in held:
            gate.set()
        return waiting

    async def _write(self, connection: Connection, pieces: list[Any]) -> None:
        try:
            for piece in pieces:
                await connection.socket.send_bytes(piece.SerializeToString())
        except (ConnectionError, RuntimeError) as error:
            connection.open = False
            self.party.record("ws.frame", connection.id).code = f"not written: {error}"

    async def _ack(self, waiting: _Waiting, until: float) -> frames.Ack | None:
        """The ack, or None when the deadline passes on the sandbox's clock."""
        timer = asyncio.ensure_future(self.clock.sleep_until(until))
        try:
            both: set[asyncio.Future[Any]] = {waiting.ack, timer}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
        return waiting.ack.result() if waiting.ack.done() else None

    def _gone(self, connection: Connection) -> None:
        """Pushes that went over a closed connection have failed: nobody will ack them."""
        for waiting in self._waiting.values():
            if waiting.connection is connection and not waiting.ack.done():
                waiting.ack.set_result(None)

    def take_ack(self, connection: Connection, frame: Any) -> None:
        message = frames.headers(frame).get("message_id", "")
        waiting = self._waiting.get(message)
        if waiting is None or waiting.connection is not connection or waiting.ack.done():
            call = self.party.record("ack", {"message_id": message})
            call.code = "late, repeated or unknown"
            return
        waiting.ack.set_result(frames.judge(waiting.last, frame))
