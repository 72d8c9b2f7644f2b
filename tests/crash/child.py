"""``python -m bot …`` with a bomb in it: ``python -m tests.crash.child run --config FILE``.

``CRASH_AT=outbox.before.say:2`` kills the process with SIGKILL when that checkpoint is reached for
the second time; ``CRASH_LOG=FILE`` gets a line with the name of every checkpoint reached.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter

from bot import __main__ as command
from bot import failpoints


class Bomb:
    """Counts the checkpoints reached, on whatever thread, and goes off at one of them."""

    def __init__(self, at: str, log: str) -> None:
        name, _, number = at.rpartition(":")
        self._name, self._number = name, int(number or 0)
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND) if log else -1
        self._reached: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        with self._lock:
            self._reached[name] += 1
            if self._log >= 0:
                os.write(self._log, f"{name}\n".encode())
            if name == self._name and self._reached[name] == self._number:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()


if __name__ == "__main__":
    bomb = Bomb(os.environ.get("CRASH_AT", ""), os.environ.get("CRASH_LOG", ""))
    failpoints.install(bomb.reach)
    command.main(prog_name="python -m tests.crash.child")
