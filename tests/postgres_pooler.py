"""A pooler that hands the one session of a server out anew for each transaction, as pgbouncer does
with ``pool_mode = transaction``."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

ENCRYPTION = (80877103, 80877104)
"""What asks for TLS or GSSAPI before the start; it is refused."""


class Pooler:
    """Listens on ``port`` of this machine."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._lock = threading.RLock()
        self._server: socket.socket | None = None
        self._greeting: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        if self._server is not None:
            self._server.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, EOFError):
            self._greet(client)
            messages: list[bytes] = []
            while (message := taken(client))[:1] != b"X":
                messages.append(message)
                if message[:1] in b"QS":
                    self._transact(client, b"".join(messages))
                    messages.clear()

    def _greet(self, client: socket.socket) -> None:
        start = bare(client)
        while struct.unpack_from("!I", start, 4)[0] in ENCRYPTION:
            client.sendall(b"N")
            start = bare(client)
        with self._lock:
            if self._server is None:
                self._server = socket.create_connection(self._upstream)
                self._server.sendall(start)
                self._greeting = list(answers(self._server))
        key = struct.pack("!cIII", b"K", 12, 7, threading.get_ident() & 0xFFFF)
        client.sendall(b"".join(key if each[:1] == b"K" else each for each in self._greeting))

    def _transact(self, client: socket.socket, messages: bytes) -> None:
        """Hold the server until a transaction is over."""
        assert self._server is not None
        self._lock.acquire()
        self._server.sendall(messages)
        for answer in answers(self._server):
            client.sendall(answer)
        if answer[-1:] == b"I":
            self._lock.release()


def answers(server: socket.socket) -> Iterator[bytes]:
    """What a server says until it is ready for the next query."""
    while True:
        message = taken(server)
        yield message
        if message[:1] == b"Z":
            return


def taken(side: socket.socket) -> bytes:
    """A message: its kind, its length, its content."""
    return exactly(side, 1) + bare(side)


def bare(side: socket.socket) -> bytes:
    length = exactly(side, 4)
    return length + exactly(side, struct.unpack("!I", length)[0] - 4)


def exactly(side: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        part = side.recv(count - len(content))
        if not part:
            raise EOFError
        content += part
    return content
