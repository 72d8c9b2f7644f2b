"""A way to a server that a test can cut and freeze, while other ways stay as they are."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from urllib.parse import urlsplit


class Proxy:
    """Passes on bytes between a port of this machine and a server, in a thread of its own.

    ``upstream``: the path of a Unix socket, or a host and port. All methods return when what they
    ask for holds, and may be called from any thread."""

    def __init__(self, upstream: str | tuple[str, int]) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._flow = asyncio.Event()
        self._pairs: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self.port = 0
        self.mend()

    def url(self, url: str) -> str:
        """The URL of a database, by way of this proxy."""
        parts = urlsplit(url)
        user, at, _ = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}{at}127.0.0.1:{self.port}", query="").geturl()

    def cut(self) -> None:
        """Drop all connections, and refuse new ones."""
        self._call(self._cut())

    def freeze(self) -> None:
        """Pass nothing on, in either direction: connections stay, and nothing is answered."""
        self._call(self._freeze())

    def mend(self) -> None:
        """Let everything through again, what was held back by ``freeze`` first."""
        self._call(self._mend())

    def close(self) -> None:
        """End it; its port is free afterwards."""
        self._call(self._cut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._pairs)

    def _call(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _cut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        pairs = list(self._pairs)
        for pair in pairs:
            pair.cancel()
        await asyncio.gather(*pairs, return_exceptions=True)

    async def _freeze(self) -> None:
        self._flow.clear()

    async def _mend(self) -> None:
        self._flow.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = self._loop.create_task(self._pass(reader, writer))
        self._pairs.add(pair)
        pair.add_done_callback(self._pairs.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        writers = [writer]
        try:
            await self._flow.wait()
            if isinstance(self._upstream, str):
                near, far = await asyncio.open_unix_connection(self._upstream)
            else:
                near, far = await asyncio.open_connection(*self._upstream)
            writers.append(far)
            ways = [self._pump(reader, far), self._pump(near, writer)]
            tasks = [self._loop.create_task(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass  # the server is not there: the client sees its connection dropped
        finally:
            for each in writers:
                each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._flow.wait()
                writer.write(data)
                await writer.drain()
