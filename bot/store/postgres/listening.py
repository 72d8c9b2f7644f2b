"""Hearing of what other replicas commit."""

from __future__ import annotations

import logging
import os
import select
import threading
from typing import Any

import psycopg

from bot.store import shared
from bot.store.postgres import connection
from bot.store.postgres.writer import Writer, changes_of

log = logging.getLogger(__name__)

NAME = "countersign listener"
FIRST_PAUSE, LAST_PAUSE = 0.1, 2.0
"""Seconds between two tries to connect."""


class Listening:
    """Within it, ``listener`` is called in a thread of its own with what others than ``writer``
    commit; after each connection with everything there is, for it may have been missed."""

    def __init__(self, url: str, writer: Writer, listener: shared.Listener) -> None:
        self._url, self._writer, self._listener = url, writer, listener
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        os.write(self._end, b".")
        self._thread.join()
        os.close(self._end)
        os.close(self._ended)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                with connection.driver(self._url, NAME) as opened:
                    opened.execute("LISTEN countersign")
                    pause = FIRST_PAUSE
                    self._listener(shared.Changes(True, 0, True, True))
                    if self._listen(opened):
                        return
            except psycopg.Error as fault:
                log.debug("other replicas are not heard: %s", fault)
            if select.select([self._ended], [], [], pause)[0]:
                return
            pause = min(2 * pause, LAST_PAUSE)

    def _listen(self, opened: psycopg.Connection[Any]) -> bool:
        """Pass on what comes. True: it is to end."""
        while True:
            ready, _, _ = select.select([opened.fileno(), self._ended], [], [])
            if self._ended in ready:
                return True
            for notice in opened.notifies(timeout=0):
                if notice.pid != self._writer.session:
                    self._listener(changes_of(notice.payload))
