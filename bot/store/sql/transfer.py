"""A whole store is copied to another place: from SQLite to PostgreSQL, or back.

The source is kept from being written meanwhile, and the copy is one transaction of the target: it
has all of it or nothing. Then the source says that it was copied, and where to: no bot writes it
any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot import release
from bot.store import highwater
from bot.store.sql import chains, queries, takeover, versions
from bot.store.sql.check import statements
from bot.store.sql.connection import Connection
from bot.store.sql.writer import Writer

TABLES = (*statements.TABLES, "replicas")
"""Rows that others name come before those that name them."""
NUMBERED: Mapping[str, str] = {"outbox": "id", "bus": "seq", "replicas": "id", "audit": "seq"}
"""Tables of whose rows no number is given out twice, and the column of the number."""
NEVER = "moved"
"""A schema that no release has: those which know of no moving take the store for a newer one."""
COUNT = "SELECT COUNT(*) FROM {}"
EMPTY_META = "DELETE FROM meta"
HIGHEST = "SELECT COALESCE(MAX({}), 0) FROM {}"


class TransferFailed(Exception):
    """The store cannot be copied; the message says why and what to do."""


class End(Protocol):
    """A store from which, or to which, a copy is made."""

    @property
    def shown(self) -> str:
        """Where it is."""

    @property
    def own_names(self) -> Collection[str]:
        """Names in meta that only this database has a use for."""

    @property
    def writer(self) -> Writer: ...

    @property
    def connection(self) -> Connection: ...

    def begin(self) -> None:
        """Begin a transaction that lasts, and in which nobody else writes. Raises TransferFailed
        where a bot is at work."""

    def applied(self) -> tuple[str, ...]:
        """The migrations that were made to it."""

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of its columns."""

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """All rows, as they are read."""

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None: ...

    def last_number(self, table: str) -> int:
        """The last number that the database gave out for a table; 0: none."""

    def go_on_from(self, table: str, last: int) -> None:
        """Let it give out the numbers after this one."""

    def finish(self) -> None:
        """Before the commit: do what makes a filled store quick."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """``rows``: how many each table has; ``contents``: the newest audit entry and request;
    ``again``: the target had all of it already, from a time before that was cut off."""

    rows: Mapping[str, int]
    contents: takeover.Contents
    again: bool


def transfer(source: End, target: End, now: datetime, known: Collection[str]) -> Transferred:
    """Copy a store to an empty one, and let the source say so. ``known`` are the migrations of this
    release. Raises TransferFailed."""
    source.begin()
    target.begin()
    refuse_damage(source)
    refuse_unknown(source, known)
    rows, contents = counts(source), takeover.contents_of(source.connection)
    again = any(count for table, count in counts(target).items() if table not in APART)
    if not again:
        for table in TABLES:
            fill(source, target, table)
        for table, column in NUMBERED.items():
            highest = target.connection.execute(HIGHEST.format(column, table)).fetchone()[0]
            target.go_on_from(table, max(highest, source.last_number(table)))
        target.finish()
    refuse_difference(source, target, rows, again)
    target.connection.execute(queries.COMMIT)
    leave(source.connection, f"{target.shown}, {now:%Y-%m-%d %H:%M} UTC")
    source.connection.execute(queries.COMMIT)
    return Transferred(rows, contents, again)


APART = ("configuration", "meta", "replicas")
"""Tables that have rows before anything was asked for."""


def counts(end: End) -> dict[str, int]:
    """How many rows each table has, of those that are copied."""
    count = {table: end.connection.execute(COUNT.format(table)).fetchone()[0] for table in TABLES}
    for name in end.own_names:
        count["meta"] -= end.connection.execute(queries.META, (name,)).fetchone() is not None
    return count


def refuse_damage(source: End) -> None:
    """Raises TransferFailed where the audit log does not verify, or a newer one was here."""
    faults = chains.faults(source.connection)
    if faults:
        one = faults[0]
        raise TransferFailed(
            f"the audit log of {source.shown} is not whole: entry {one.seq}: {one.kind}: "
            f"{one.detail}; `python -m bot store check` says what to do"
        )
    keeper = source.writer.keeper
    mark = highwater.read(keeper.path) if keeper is not None else None
    if mark is not None and takeover.is_older(source.writer, mark):
        raise TransferFailed(
            f"{source.shown} is older than the store that was here, as the high-water mark says: "
            "start the bot on it first, which takes it up as `restore` does"
        )


def refuse_unknown(source: End, known: Collection[str]) -> None:
    """Raises TransferFailed where a newer release added to the source what would be left behind."""
    unknown = set(source.applied()) - set(known)
    if unknown:
        raise TransferFailed(
            f"{source.shown} has {', '.join(sorted(unknown))}, which this release does not know: "
            "copy with the newest release that wrote it"
        )


def fill(source: End, target: End, table: str) -> None:
    columns = source.columns(table)
    if set(columns) != set(target.columns(table)):
        raise TransferFailed(
            f"the table {table} has other columns in {source.shown} than in {target.shown}: "
            "`python -m bot store check` says which"
        )
    rows = source.rows(table, columns)
    if table == "meta":
        target.connection.execute(EMPTY_META)
        place = columns.index("name")
        rows = (row for row in rows if row[place] not in source.own_names)
    target.fill(table, columns, rows)


def refuse_difference(source: End, target: End, rows: Mapping[str, int], again: bool) -> None:
    """Raises TransferFailed where the target does not hold what the source does."""
    copied = counts(target)
    same = mark_of(source.connection) == mark_of(target.connection)
    if again and not (same and copied == dict(rows)):
        raise TransferFailed(
            f"{target.shown} holds a store already ({copied['requests']} requests): name an empty "
            "one, or move that one away"
        )
    faults = chains.faults(target.connection)
    if copied != dict(rows) or not same or faults:
        wrong = [table for table in TABLES if copied[table] != rows[table]]
        raise TransferFailed(
            f"the copy in {target.shown} is not what {source.shown} holds ("
            f"{', '.join(wrong) or 'audit'}): nothing was copied"
        )


def leave(connection: Connection, where: str) -> None:
    """Within a transaction: let a store say that it was copied elsewhere."""
    for name, value in (
        (queries.MOVED, where),
        (queries.OLDEST_SCHEMA, NEVER),
        (queries.OLDEST_RELEASE, release.version()),
    ):
        connection.execute(queries.META_PUT, (name, value))


def come_back(
    writer: Writer, actor: str, now: datetime, known: tuple[str, ...], oldest: str
) -> takeover.Restored:
    """Let a store that was copied elsewhere be gone on with, as one that was restored. ``known``
    and ``oldest`` are the migrations of this release, and the one that its readers need."""
    connection = writer.connection
    for name in (queries.MOVED, queries.OLDEST_SCHEMA, queries.OLDEST_RELEASE):
        connection.execute(queries.META_DROP, (name,))
    versions.note_oldest(connection, known, oldest)
    contents = takeover.contents_of(connection)
    held, first = takeover.take_up(writer, contents, None, actor, "reopen", now)
    return takeover.Restored(contents, None, held, first)


def is_moved(connection: Connection) -> bool:
    """Does a store say that it was copied elsewhere?"""
    return connection.execute(queries.META, (queries.MOVED,)).fetchone() is not None


def mark_of(connection: Connection) -> highwater.Mark:
    """The high-water mark of what a store holds."""
    contents = takeover.contents_of(connection)
    installation = connection.execute(queries.META, ("installation",)).fetchone()[0]
    return highwater.Mark(installation, contents.seq, contents.hash, contents.last_request)
