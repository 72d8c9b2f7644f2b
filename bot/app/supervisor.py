"""What a supervisor is told in systemd's protocol (sd_notify(3)): that the bot works, what it does,
that it stops, and that its event loop turns. Without such a supervisor nothing is told to anybody.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger("countersign")


class Supervisor:
    """The supervisor that ``environment`` names: ``NOTIFY_SOCKET``, and ``WATCHDOG_USEC`` for
    ``WATCHDOG_PID`` if it wants signs of life."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket, which has no file
            self._address = "\0" + self._address[1:]
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        within = environment.get("WATCHDOG_USEC", "") if ours and self._address else ""
        self.every = int(within) / 2e6 if within.isdecimal() and int(within) else None
        """Seconds between two signs of life; None: nobody waits for them."""

    def tell(self, **fields: str | int) -> None:
        """Send fields such as ``READY=1``. A supervisor that does not listen stops nothing."""
        if not self._address:
            return
        text = "\n".join(f"{name}={value}" for name, value in fields.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
                way.settimeout(1)
                way.sendto(text.encode(), self._address)
        except OSError as fault:
            log.warning("the supervisor cannot be told %s: %s", text, fault.strerror or fault)

    async def run(self) -> None:
        """Send a sign of life as long as the event loop turns."""
        assert self.every is not None
        while True:
            self.tell(WATCHDOG=1)
            await asyncio.sleep(self.every)
