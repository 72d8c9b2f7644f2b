"""The far end, in a process of its own: answers every call at once, pushes frames, counts acks.

Reads one JSON order per line on standard input and answers each with one line. ``load`` keeps so
many frames in flight for so many seconds and then waits for the last ack; ``pace`` pushes at a
fixed rate. It must not be what limits: each answer tells the processor time that this process took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import ssl
import sys
import time
from typing import Any
from urllib.parse import parse_qs

from bench import answers, frames, wire

GRACE = 20.0
"""Seconds to wait for the acks that are still missing at the end."""
SAMPLE = 16
"""Every so many acks one is unmasked and judged; all of them when frames are paced."""
_SERIAL = re.compile(rb"m(\d{%d})" % frames.DIGITS)
_GOOD = re.compile(rb'"code"\s*:\s*200\b')
_SHORT = 40
"""Shorter messages are no acks: pings of the Lark connection."""


class FarEnd:
    """Who is connected, and the calls answered so far."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.connected: dict[str, Connection] = {}
        self.calls = 0
        self.serial = int(time.time()) % 100_000 * 10_000_000
        self._makes: dict[tuple[str, str], frames.Make] = {}
        self._arrival = asyncio.Event()

    def arrived(self, name: str, connection: Connection) -> None:
        self.connected[name] = connection
        self._arrival.set()

    async def wait(self, name: str, seconds: float) -> float:
        """The monotonic time at which ``name`` was connected (now, or once it is)."""
        async with asyncio.timeout(seconds):
            while name not in self.connected:
                self._arrival.clear()
                await self._arrival.wait()
        return self.connected[name].since

    def make(self, platform: str, kind: str) -> frames.Make:
        key = (platform, kind)
        if key not in self._makes:
            self._makes[key] = frames.make(platform, kind, self.base_url)
        return self._makes[key]


class Connection(asyncio.Protocol):
    """One connection: HTTP until it is upgraded."""

    def __init__(self, far_end: FarEnd) -> None:
        self._far_end = far_end
        self._buffer = bytearray()
        self._name = ""
        self._round: Round | None = None
        self.since = 0.0
        self.platform = ""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._far_end.connected.get(self._name) is self:
            del self._far_end.connected[self._name]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._name:
            self._messages()
            return
        while not self._name and (request := wire.read_request(self._buffer)) is not None:
            if request.key:
                self._upgrade(request)
            else:
                self._far_end.calls += 1
                body = answers.answer(request, self._far_end.base_url)
                self.transport.write(wire.response(body))

    def _upgrade(self, request: wire.Request) -> None:
        self.platform = "lark" if request.path == "/lark" else "dingtalk"
        self._name = f"{parse_qs(request.query)['ticket'][0]}@{self.platform}"
        self.transport.write(wire.upgrade(request.key))
        self.since = time.monotonic()
        self._far_end.arrived(self._name, self)

    def _messages(self) -> None:
        acks = []
        for opcode, mask, payload in wire.frames(self._buffer):
            if opcode in (wire.TEXT, wire.BINARY):
                if len(payload) > _SHORT:
                    acks.append((mask, payload))
            elif opcode == wire.PING:
                self.transport.write(wire.frame(wire.PONG, wire.unmasked(mask, payload)))
            elif opcode == wire.CLOSE:
                self.transport.write(wire.frame(wire.CLOSE, wire.unmasked(mask, payload)))
                self.transport.close()
        if acks and self._round is not None:
            self._round.acked(acks)

    async def work(self, round_: Round) -> None:
        self._round = round_
        try:
            await round_.run()
        finally:
            self._round = None


class Round:
    """Frames pushed to one connection, and their acks."""

    def __init__(self, connection: Connection, make: frames.Make, far_end: FarEnd) -> None:
        self._transport = connection.transport
        self._opcode = wire.BINARY if connection.platform == "lark" else wire.TEXT
        self._make = make
        self._far_end = far_end
        self._over = asyncio.get_running_loop().create_future()
        self.count = self.bad = self.flying = 0
        self.sent: dict[int, float] = {}
        self.waits: list[float] = []

    def push(self, count: int) -> None:
        serial, make, opcode = self._far_end.serial, self._make, self._opcode
        batch = [wire.frame(opcode, make(serial + n)) for n in range(count)]
        self._far_end.serial += count
        self.flying += count
        self._transport.write(b"".join(batch))

    def judge(self, mask: bytes, payload: bytes) -> int:
        """The serial number of an ack; 0 if it is none or a bad one."""
        text = wire.unmasked(mask, payload)
        serial = _SERIAL.search(text)
        if serial is None or not _GOOD.search(text):
            self.bad += 1
            return 0
        return int(serial[1])

    def acked(self, acks: list[tuple[bytes, bytes]]) -> None:
        raise NotImplementedError

    async def run(self) -> None:
        raise NotImplementedError

    async def rest(self) -> None:
        """Wait for the acks that are still missing. Raises TimeoutError."""
        if self.flying:
            await asyncio.wait_for(self._over, GRACE)

    def landed(self, count: int) -> None:
        self.flying -= count
        if not self.flying and not self._over.done():
            self._over.set_result(None)


class Load(Round):
    """So many frames in flight for so many seconds. ``waits`` only where one is in flight."""

    def __init__(
        self, connection: Connection, make: frames.Make, far_end: FarEnd, most: int, seconds: float
    ) -> None:
        super().__init__(connection, make, far_end)
        self._most, self._seconds = most, seconds
        self._until = 0.0
        self._pushed = 0.0
        self.counted = 0

    async def run(self) -> None:
        self._until = time.perf_counter() + self._seconds
        self._pushed = time.perf_counter()
        self.push(self._most)
        await asyncio.sleep(self._seconds)
        await self.rest()

    def acked(self, acks: list[tuple[bytes, bytes]]) -> None:
        now, count = time.perf_counter(), len(acks)
        self.count += count
        if self.count % SAMPLE < count:
            self.judge(*acks[-1])
        if self._most == 1:
            self.waits.append(now - self._pushed)
        if now < self._until:
            self.counted += count
            self.flying -= count
            self._pushed = time.perf_counter()
            self.push(count)
        else:
            self.landed(count)


class Pace(Round):
    """So many frames per second; every ack is matched with its frame."""

    def __init__(
        self,
        connection: Connection,
        make: frames.Make,
        far_end: FarEnd,
        rate: float,
        seconds: float,
    ) -> None:
        super().__init__(connection, make, far_end)
        self._rate, self._seconds = rate, seconds

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for n in range(int(self._rate * self._seconds)):
            if (left := began + n / self._rate - loop.time()) > 0:
                await asyncio.sleep(left)
            self.sent[self._far_end.serial] = time.perf_counter()
            self.push(1)
        await self.rest()

    def acked(self, acks: list[tuple[bytes, bytes]]) -> None:
        now = time.perf_counter()
        self.count += len(acks)
        for ack in acks:
            pushed = self.sent.pop(self.judge(*ack), None)
            if pushed is not None:
                self.waits.append(now - pushed)
        self.landed(len(acks))


async def obey(far_end: FarEnd, order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order."""
    if order["do"] == "wait":
        return {"since": await far_end.wait(order["peer"], order.get("seconds", 30.0))}
    if order["do"] == "calls":
        return {"calls": far_end.calls}
    connection = far_end.connected[order["peer"]]
    make = far_end.make(connection.platform, order.get("kind", "ask"))
    round_: Load | Pace
    if order["do"] == "load":
        round_ = Load(connection, make, far_end, order["in_flight"], order["seconds"])
    else:
        round_ = Pace(connection, make, far_end, order["rate"], order["seconds"])
    cpu = time.process_time()
    await connection.work(round_)
    waits = sorted(round_.waits)
    counted = round_.counted if isinstance(round_, Load) else round_.count
    return {
        "acked": round_.count,
        "bad": round_.bad,
        "rate": counted / order["seconds"],
        "p50": waits[len(waits) // 2] if waits else None,
        "p99": waits[min(len(waits) - 1, len(waits) * 99 // 100)] if waits else None,
        "cpu": (time.process_time() - cpu) / order["seconds"],
    }


async def main(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls)
    far_end = FarEnd("")
    server = await loop.create_server(lambda: Connection(far_end), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    far_end.base_url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    print(json.dumps({"url": far_end.base_url}), flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        try:
            said = await obey(far_end, json.loads(line))
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.far_end", description=__doc__)
    parser.add_argument("--tls", default="", help="PEM file of a certificate and its key")
    asyncio.run(main(parser.parse_args()))
