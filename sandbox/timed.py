"""``python -m sandbox.timed CONFIG OFFSET``: the bot, with a clock that the demo can set.

The file ``OFFSET`` holds by how many seconds its clock differs from the machine's. It is read at
the start and at each SIGUSR1. This is the one module of the sandbox that starts the bot itself.
"""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


def main(path: str, offset: str) -> int:
    wall = Wall(Path(offset))
    signal.signal(signal.SIGUSR1, lambda *_: wall.read())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})  # held back since the start
    return app.run(adapters.load(Path(path)), wall)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
