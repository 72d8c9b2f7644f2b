"""How a store is, looked at from outside, without writing to it and beside a bot that runs."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from bot.store import highwater
from bot.store.port import Unusable
from bot.store.sql import queries, takeover
from bot.store.sqlite import copies, pragmas, versions


@dataclass(frozen=True, slots=True)
class Health:
    """``used``: a bot runs on it. ``refusal``: why this release must not write it ("": it may).
    ``upgrades``: how many migrations the next start applies. ``damage``: what SQLite's quick check
    says ("": nothing). ``partial``: that took too long, and was ended. ``older``: the high-water
    mark names an audit entry that it lacks, so it is an older copy. ``unmarked``: there are
    entries, but no mark that can be read."""

    used: bool
    size: int
    requests: int
    refusal: str
    upgrades: int
    damage: str
    partial: bool
    older: bool
    unmarked: bool


def in_use(path: Path) -> bool:
    """Does a bot hold the lock of a store? It is tried for a moment, and nothing is made."""
    try:
        with path.with_name(path.name + ".lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def quick_check(connection: sqlite3.Connection, seconds: float) -> list[str]:
    """What SQLite's quick check says, ["ok"] where all is well; nothing: it took too long."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
    try:
        return [str(row[0]) for row in connection.execute(pragmas.QUICK).fetchmany(3)]
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return []
        raise
    finally:
        connection.set_progress_handler(None, 0)


def health(path: Path, mark: Path | None = None, seconds: float = 10.0) -> Health:
    """How the store in a file is. ``mark``: the file of its high-water mark (None: beside it);
    ``seconds``: for the quick check, which reads all of it. Raises FileNotFoundError, and Unusable
    for what is no store or cannot be read."""
    if not path.exists():
        raise FileNotFoundError(f"there is no store at {path}")
    used = in_use(path)
    try:
        with copies.opened(path, used) as connection:
            faults = quick_check(connection, seconds)
            schemas = versions.state(connection)
            contents = takeover.contents_of(connection)
            noted = highwater.read(mark or highwater.place(path))
            older = False
            if noted is not None and noted.seq > 0:
                row = connection.execute(queries.AUDIT_HASH, (noted.seq,)).fetchone()
                older = row is None or row[0] != noted.hash
            return Health(
                used=used,
                size=path.stat().st_size,
                requests=contents.last_request,
                refusal=schemas.refusal,
                upgrades=len(schemas.pending),
                damage="" if faults == ["ok"] else "; ".join(faults),
                partial=not faults,
                older=older,
                unmarked=noted is None and contents.seq > 0,
            )
    except (OSError, sqlite3.Error) as fault:
        raise Unusable(f"the store {path} cannot be read: {fault}") from fault
