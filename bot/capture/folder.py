"""The files of a capture: private, bounded in size together, and the oldest goes first."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from bot.capture import records

PARTS = 8
"""Into so many files a capture is parted, at least, so that little is lost with one."""


class Unfit(Exception):
    """Nothing can be captured into this folder; the message says why."""


class Folder:
    """Writes records into numbered files. ``size``: bytes of all captures in it together."""

    def __init__(self, path: Path, size: int, capture: str) -> None:
        self.path = path
        self._size = size
        self._capture = capture
        self._number = 0
        self._stamp = ""
        self._file = -1
        self._written = 0
        self.largest = min(size // PARTS, records.MOST_LINE)
        """Bytes that a record may have."""

    def prepare(self) -> None:
        """Make the folder, for its owner alone. Raises Unfit and OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = self.path.stat()
        if not stat.S_ISDIR(facts.st_mode):
            raise Unfit("it is no folder")
        if facts.st_mode & 0o077:
            others = [path.name for path in self.path.iterdir() if not path.match(records.PATTERN)]
            if others or facts.st_uid != os.getuid():
                raise Unfit("others may read it, and it holds more than captures: name another")
            self.path.chmod(0o700)

    def write(self, line: bytes, at: datetime) -> None:
        """Append a line, in a new file where the present one is full. Raises OSError."""
        if self._file < 0 or self._written + len(line) > self._size // PARTS:
            self._begin(at)
        self._append(line)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, line: bytes) -> None:
        self._written += len(line)
        view = memoryview(line)
        while view:
            view = view[os.write(self._file, view) :]

    def _begin(self, at: datetime) -> None:
        self.close()
        self._number += 1
        self._stamp = self._stamp or f"{at:%Y%m%dT%H%M%SZ}"
        name = f"capture-{self._stamp}-{self._capture}-{self._number:05}.jsonl"
        gone = self._make_room()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self.path / name, flags, 0o600)
        self._written = 0
        self._append(records.dumped(records.header(self._capture, self._number, at)))
        if gone:
            self._append(records.dumped({"at": at.isoformat(), "removed": gone}))

    def _make_room(self) -> Mapping[str, int]:
        """Remove the oldest files until another one has room; their names and sizes."""
        files = [(path, path.lstat().st_size) for path in records.files_of(self.path)]
        total = sum(size for _, size in files)
        gone: dict[str, int] = {}
        for path, size in files:
            if total <= self._size - self._size // PARTS:
                break
            path.unlink()
            gone[path.name] = size
            total -= size
        return gone
