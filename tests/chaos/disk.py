"""A disk that fails as it is told: a library that is preloaded into the bot (``disk.c``)."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
LETTERS = {"full": b"f", "read-only": b"r", "unsynced": b"s", "": b"-"}
"""What a disk can be told."""


@functools.cache
def library() -> Path | None:
    """The library, made by the C compiler of this machine; None: it has none."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    made = Path(tempfile.gettempdir()) / f"countersign-disk-{digest}.so"
    if not made.exists():
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / made.name
            command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(draft), str(SOURCE), "-ldl"]
            subprocess.run(command, check=True)
            shutil.move(draft, made)
    return made


class Disk:
    """The disk of one process. ``orders``: the file by which it is told. ``works``: set while it
    does."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders
        self.works = asyncio.Event()
        self.works.set()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process is started with that is to use it."""
        made = library()
        if made is None:
            return {}
        if not self._orders.exists():
            self.order("")
        return {"LD_PRELOAD": str(made), "DISK_ORDERS": str(self._orders)}

    def order(self, trouble: str) -> None:
        """Let it fail in this way from now on; "": it works."""
        (self.works.clear if trouble else self.works.set)()
        self._orders.touch()
        with self._orders.open("r+b") as file:  # in place, as a process has it mapped
            file.write(LETTERS[trouble])
