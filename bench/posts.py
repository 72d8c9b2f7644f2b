"""Who posts events: so many connections, each of which sends its next event once the last one was
answered. Bytes and no HTTP library, so that little is measured but the server."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Iterator

from adapters.inlet import gate
from bench import rulesets

PATH = "/events/bench"
SECRET = "bench-secret-0123456789"
PATIENCE = 30.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
_HEAD = (
    f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/cloudevents+json\r\n"
    f"Content-Length: %d\r\n{gate.TIMESTAMP}: %s\r\n{gate.NONCE}: %s\r\n{gate.SIGNATURE}: %s\r\n"
    "\r\n"
)


class Posts:
    """What was posted to one server. ``wanted`` is the status that says that all went well."""

    def __init__(self, port: int, wanted: int, rules: int) -> None:
        self.port, self.wanted = port, wanted
        self.accepted = 0
        self._requests = requests(rules)

    async def round(self, in_flight: int, seconds: float, pause: float = 0.0) -> list[float]:
        """Post for so long, with a pause of so many seconds between an answer and the next event.
        Returns how many seconds each event took, from the request's being written to its answer's
        being there. Raises RuntimeError for any other answer."""
        waits: list[float] = []
        loop = asyncio.get_running_loop()
        ends = time.perf_counter() + seconds
        callers = []
        for _ in range(in_flight):
            caller = _Caller(self._requests, self.wanted, ends, pause, waits)
            await loop.create_connection(lambda made=caller: made, "127.0.0.1", self.port)
            callers.append(caller.ended)
        async with asyncio.timeout(seconds + PATIENCE):
            await asyncio.gather(*callers)
        self.accepted += len(waits)
        return waits


class _Caller(asyncio.Protocol):
    """One connection."""

    def __init__(
        self,
        requests: Iterator[bytes],
        wanted: int,
        ends: float,
        pause: float,
        waits: list[float],
    ) -> None:
        self._requests, self._wanted, self._waits = requests, wanted, waits
        self._ends, self._pause = ends, pause
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._buffer = bytearray()
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._requests)
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer)
        if end < 0 or length is None or len(self._buffer) < end + 4 + int(length[1]):
            return
        now = time.perf_counter()
        status = int(self._buffer[9:12])
        if status != self._wanted:
            self._fail(f"{status}: {self._buffer[end + 4 :].decode()}")
            return
        self._buffer.clear()
        self._waits.append(now - self._began)
        if now < self._ends:
            self._loop.call_later(self._pause, self._next)
        else:
            self.ended.set_result(None)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was lost: {exc}")

    def _fail(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_exception(RuntimeError(f"an event was not taken: {why}"))
        self._transport.close()


def requests(rules: int) -> Iterator[bytes]:
    """Signed requests without end, no two alike; each event is meant by one of so many rules."""
    for serial in itertools.count():
        event = rulesets.event(serial % rules) | {"id": f"post-{serial}"}
        body = json.dumps(event).encode()
        timestamp, nonce = str(int(time.time())), f"nonce-{serial:08}"
        signature = gate.signature(SECRET, timestamp, nonce, body)
        yield (_HEAD % (len(body), timestamp, nonce, signature)).encode() + body


def slowest(waits: list[float]) -> float:
    """The wait that one in a hundred exceeds."""
    return sorted(waits)[len(waits) * 99 // 100]
