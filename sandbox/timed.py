"""``python -m sandbox.timed CONFIG OFFSET [FROM=TO …]``: the bot, with a clock that the demo sets.

The file ``OFFSET`` holds by how many seconds its clock differs from the machine's. It is read at
the start and at each SIGUSR1. What it would connect to at the port ``FROM`` it reaches at ``TO``:
several bots have one configuration, and their calls tell who made them. This is the one module of
the sandbox that starts the bot itself.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from bot.app import adapters
from bot.app import main as app


class Wall:
    """The machine's clock, set by what the file says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = timedelta()
        self.read()

    def read(self) -> None:
        text = self._path.read_text("utf-8") if self._path.is_file() else "0"
        self._offset = timedelta(seconds=float(text))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset


def diverted(ports: Mapping[int, int]) -> mock._patch[Any]:
    """Within, connections to these ports go to others."""
    plain = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_INET:
            address = (address[0], ports.get(address[1], address[1]))
        plain(self, address)

    return mock.patch.object(socket.socket, "connect", connect)


def main(path: str, offset: str, *ports: str) -> int:
    wall = Wall(Path(offset))
    signal.signal(signal.SIGUSR1, lambda *_: wall.read())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})  # held back since the start
    pairs = (pair.split("=") for pair in ports)
    with diverted({int(here): int(there) for here, there in pairs}):
        return app.run(adapters.load(Path(path)), wall)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
