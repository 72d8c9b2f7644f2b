"""Work on a store that is killed at each of its SQL statements, one after the other.

``python -m tests.bot.killed WORK STORE STEP`` does WORK on copies of STORE, in a child that SIGKILL
ends at its first statement, then STEP later, and so on, until it gets through. After each death the
copy must be whole; done once more, the work must come to what it comes to undisturbed. Prints the
number of deaths.
"""

from __future__ import annotations

import os
import secrets
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import store

LATE = datetime(2030, 1, 1, tzinfo=UTC)
Work = Callable[[Path], None]


def migrate(path: Path) -> None:
    store.Store(path).close()


def retention(path: Path) -> None:
    before, place = int(LATE.timestamp() * 1000), (0, 0)
    with store.Store(path) as opened:
        writer = opened.writer
        assert writer is not None
        on: tuple[int, int] | None = place
        while on is not None:
            writer.begin()
            _, on = writer.remove_texts(before, "400d", on, 3, LATE)
            writer.commit()
        writer.begin()
        writer.remove_refusals(before, "400d", 0, 1000, LATE)
        writer.commit()


def forget(path: Path) -> None:
    with store.Store(path) as opened:
        store.forget(opened, "alice", "console:ops", LATE)


WORKS: dict[str, Work] = {"migrate": migrate, "retention": retention, "forget": forget}
CONNECT = sqlite3.connect


def dying(statement: int) -> None:
    """Let this process die at a statement of whichever connection."""
    left = statement

    def on_statement(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = CONNECT(*arguments, **options)
        if arguments[0] != ":memory:":
            connection.set_trace_callback(on_statement)
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]


def content(path: Path) -> dict[str, Any]:
    """Everything in a store but what tells when it was migrated, and the random digits."""
    with closing(CONNECT(path)) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in ("_sqlite_migrations", "meta", "sqlite_sequence")
        ]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    told = ("texts.removed", "person.forgotten")
    bites = [row for row in rows.get("audit", []) if row[3] in told]
    rows["audit"] = [row for row in rows.get("audit", []) if row not in bites]
    return rows


def deaths(work: Work, source: Path, folder: Path, step: int) -> Iterator[Path]:
    """The copies after each death; the last one is of a child that got through."""
    statement, ended = 1 - step, False
    while not ended:
        statement += step
        copy = folder / f"{statement}.db"
        copy.write_bytes(source.read_bytes())
        child = os.fork()
        if not child:
            dying(statement)
            work(copy)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = os.WIFEXITED(status)
        assert ended or os.WTERMSIG(status) == signal.SIGKILL, status
        assert not ended or os.WEXITSTATUS(status) == 0, status
        yield copy


def main(name: str, source: Path, step: int) -> int:
    work = WORKS[name]
    secrets.token_hex = lambda count=8: "ab" * count  # type: ignore[assignment,misc]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        whole = folder / "whole.db"
        whole.write_bytes(source.read_bytes())
        work(whole)
        wanted, count = content(whole), 0
        for count, copy in enumerate(deaths(work, source, folder, step)):
            report = store.check(copy)
            assert not report.findings, (count, report.findings)
            work(copy)
            assert content(copy) == wanted, count
            assert not store.check(copy).findings, count
    return count


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
