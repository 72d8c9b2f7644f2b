"""``python -m tests.chaos.child ORDERS run --config FILE``: the bot, which obeys a file.

``ORDERS`` is read at the start and at each SIGUSR1, and holds JSON: ``offset``, the seconds by
which this machine's clock is wrong; ``cut``, the ports that cannot be reached; ``at``, the
checkpoint at whose next reach the process is killed (SIGKILL).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import stat
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import __main__ as command
from bot import failpoints
from bot.runtime import clock

PR_SET_PDEATHSIG = 1
"""Of Linux: which signal comes when the process ends that started this one."""


class Orders:
    """What the file says now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.offset = 0.0
        self.cut: frozenset[int] = frozenset()
        self.at = ""
        self.read()

    def read(self) -> None:
        orders = json.loads(self._path.read_text("utf-8"))
        self.offset, self.at = float(orders["offset"]), str(orders["at"])
        self.cut = frozenset(orders["cut"])
        if self.cut:
            self._hang_up()

    def reach(self, name: str) -> None:
        """A checkpoint was reached."""
        with self._lock:
            if name == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    def refuse(self, address: object) -> None:
        """Raises ConnectionRefusedError where an address cannot be reached."""
        if isinstance(address, tuple) and address[1] in self.cut:
            raise ConnectionRefusedError(f"{address} was cut off")

    def _hang_up(self) -> None:
        """End the connections there are to ports that were cut."""
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                    with socket.socket(fileno=os.dup(int(name))) as one:
                        if one.family == socket.AF_INET and one.getpeername()[1] in self.cut:
                            one.shutdown(socket.SHUT_RDWR)


def obey(orders: Orders) -> None:
    """Let this process be disturbed as ordered."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    failpoints.install(orders.reach)
    signal.signal(signal.SIGUSR1, lambda *_: orders.read())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})  # held back since the start
    connect, seconds = socket.socket.connect, time.time

    def connected(self: socket.socket, address: Any) -> None:
        orders.refuse(address)
        connect(self, address)

    def now(_: clock.MachineClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=orders.offset)

    socket.socket.connect = connected
    clock.MachineClock.now = now
    time.time = lambda: seconds() + orders.offset


if __name__ == "__main__":
    obey(Orders(Path(sys.argv.pop(1))))
    command.main(prog_name="python -m tests.chaos.child")
