"""The high-water mark: the newest audit entry, noted in a file beside the store.

An older copy of the store that is put back lacks the entry that the mark names, and is recognised
by that at the next start. The mark is on disk before the first call that follows a decision is let
out, and otherwise at most a second behind. Its file has two lines of one length, written in turns,
so that one of them is whole whenever the machine stops. It is not named ``countersign.db…``: what
copies the store and what SQLite keeps beside it leaves the mark where it is.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from bot import model

log = logging.getLogger(__name__)

LINE = 512
"""Bytes of a line: what a disk writes whole."""
EVERY = 1.0
"""Seconds by which the mark may be behind."""
STARTS = (model.StartRun, model.RunCall, model.SignalRun)
"""Effects that may start or change something."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest audit entry of an installation's store, and its newest request's number."""

    installation: str
    seq: int
    hash: str
    last_request: int


class Source(Protocol):
    """What the mark is made of: the store's writer."""

    decided: bool
    starting: bool

    def mark(self) -> Mark: ...


def place(database: Path) -> Path:
    """Where the mark of a store is."""
    return database.with_name(database.stem + ".high-water")


def read(path: Path) -> Mark | None:
    """The mark in a file; None: there is none that can be read."""
    marks = _lines(path)
    return marks[max(marks)] if marks else None


def write(path: Path, mark: Mark) -> None:
    """Put a mark in its file, durably. Raises OSError."""
    count = max(_lines(path), default=0) + 1
    body = json.dumps({"count": count, **asdict(mark)}, separators=(",", ":"))
    line = f"{body} {_sum(body)}".ljust(LINE - 1).encode() + b"\n"
    new = not path.exists()
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if os.fstat(descriptor).st_size != 2 * LINE:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, (b" " * (LINE - 1) + b"\n") * 2, 0)
        os.pwrite(descriptor, line, LINE * (count % 2))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _lines(path: Path) -> dict[int, Mark]:
    """The lines of a file that are whole, by their count."""
    marks: dict[int, Mark] = {}
    try:
        content = path.read_bytes()
    except OSError:
        return marks
    for at in (0, LINE):
        try:
            line = content[at : at + LINE].decode("utf-8")
            body, _, check = line.strip().rpartition(" ")
            if check and check == _sum(body):
                fields = json.loads(body)
                count = int(fields.pop("count"))
                marks[count] = Mark(**fields)
        except (ValueError, TypeError, KeyError):
            continue
    return marks


def _sum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


class Keeper:
    """Keeps the mark of a store up to what its writer has committed. It belongs to the writer's
    thread. A file that cannot be written stops nothing: the log says so."""

    def __init__(
        self, path: Path, writer: Source, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self._writer, self._tick = writer, tick
        self._noted: Mark | None = None
        self._behind_since: float | None = None
        self._failed = False

    def committed(self) -> None:
        """Call after each commit, before anybody learns of it."""
        writer = self._writer
        urgent = writer.starting and writer.decided
        writer.starting = False
        if urgent or self.wait() == 0:
            self.write()

    def wait(self) -> float | None:
        """Seconds until the mark is to be written; None: it is as it has to be."""
        if self._writer.mark() == self._noted:
            return None
        if self._behind_since is None:
            self._behind_since = self._tick()
        return max(0.0, self._behind_since + EVERY - self._tick())

    def write(self) -> None:
        """Write the mark, if there is anything new."""
        mark = self._writer.mark()
        if mark == self._noted:
            return
        try:
            write(self.path, mark)
        except OSError as fault:
            if not self._failed:
                log.error(
                    "%s cannot be written (%s): until it can, an older copy of the store that is "
                    "put back is not recognised",
                    self.path,
                    fault.strerror,
                )
            self._failed, self._behind_since = True, self._tick()
            return
        self._noted, self._behind_since, self._failed = mark, None, False
        self._writer.decided = False
