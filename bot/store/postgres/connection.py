"""One connection to PostgreSQL, used as one to SQLite is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import pq

from bot.store import port
from bot.store.postgres import dialect
from bot.store.sql import lookups, queries
from bot.store.sql.connection import Parameters

CONNECT_TIMEOUT = 5
"""Seconds that one try to connect takes at most."""
PAGE = 500
"""Rows that are read at once."""
KEEPALIVE: Mapping[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""A server that went away without a word is noticed after some ten seconds."""


class Fault(port.StoreFault):
    """What PostgreSQL said."""


class Integrity(Fault):
    """A row is there already, or names one that is not."""


class OfStatement(Fault):
    """It is the statement or its values, and nothing else."""


class Busy(Fault):
    """Another session holds a lock, and has held it for as long as this one waits."""


class Lost(Fault, port.Lost):
    """The connection is gone."""


NOTIFY = "SELECT pg_notify('countersign', ?)"
UNREAD = frozenset(
    {
        NOTIFY,
        queries.SAVEPOINT,
        queries.EVENT_INSERT,
        queries.ASKS_FORGET,
        queries.ASK_INSERT,
        queries.SOURCE_INSERT,
        queries.RESULT_PUT,
        queries.STEP_PUT,
        queries.TIMER_PUT,
        queries.TIMER_KEEP,
        queries.TIMER_CLEAR,
        queries.EFFECT_NEEDED,
        queries.EFFECTS_REPLACE,
        queries.EFFECT_KEEP,
        queries.EFFECT_SETTLE,
        queries.EFFECT_AGAIN,
        queries.REQUEST_SET_CARD,
        queries.BUS_INSERT,
        queries.USAGE_ADD,
        queries.AUDIT_INSERT,
        queries.AUDIT_TEXTS_INSERT,
        queries.META_PUT,
        queries.AUDIT_HEAD_PUT,
        lookups.INSTANCE_NOTE,
        lookups.INSTANCE_FORGET,
    }
)
"""Statements whose result nobody reads. They go out together with the next one, so that they cost
no way to the server and back of their own."""


class Rows:
    """All rows of one statement."""

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows = rows
        self._next = 0
        self.rowcount = rowcount

    def fetchone(self) -> Any:
        if self._next >= len(self._rows):
            return None
        self._next += 1
        return self._rows[self._next - 1]

    def fetchall(self) -> list[Any]:
        rest, self._next = self._rows[self._next :], len(self._rows)
        return rest

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fetchall())


class Nothing(Rows):
    """The result of a statement that has not been sent yet."""

    def __init__(self) -> None:
        super().__init__([], -1)

    def fetchall(self) -> list[Any]:
        raise AssertionError("this statement's result is not read")


NOTHING = Nothing()


READS = re.compile(r"\s*(SELECT|WITH|SAVEPOINT|RELEASE|ROLLBACK|COMMIT)\b")
"""What writes nothing."""


def fault_of(error: psycopg.Error, broken: bool) -> Fault:
    """What a driver's error is to the bot. ``broken``: the connection cannot be used any more."""
    text = str(error).strip() or type(error).__name__
    if broken or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None):
        return Lost(text.partition("\n")[0])
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return Busy(text)
    if isinstance(error, psycopg.IntegrityError):
        return Integrity(text)
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError) or limit(error):
        return OfStatement(text)
    return Fault(text)


def limit(error: psycopg.Error) -> bool:
    """Is it that a statement or a value is too much for any server, as class 54 says?"""
    return (error.sqlstate or "").startswith("54")


def driver(url: str, name: str) -> psycopg.Connection[Any]:
    """Connect. Raises psycopg.Error."""
    return psycopg.connect(
        url,
        autocommit=True,
        prepare_threshold=2,
        connect_timeout=CONNECT_TIMEOUT,
        application_name=name,
        client_encoding="utf8",
        **KEEPALIVE,
    )


class Connection:
    """``settings`` are set on the server's side for as long as the connection lasts. Transactions
    begin and end only by statements. One thread at a time."""

    def __init__(self, url: str, name: str, settings: Iterable[tuple[str, str]] = ()) -> None:
        self.url, self.name, self.settings = url, name, tuple(settings)
        self._begin()

    def _begin(self) -> None:
        self._driver = self._connected()
        self._cursor, self._unread = self._driver.cursor(), self._driver.cursor()
        self._queue: list[tuple[str, Parameters]] = []
        self.session = self._driver.info.backend_pid
        """By which number the server knows it."""
        self.written = False
        """Was anything written since this was last set to False?"""

    def _connected(self) -> psycopg.Connection[Any]:
        try:
            opened = driver(self.url, self.name)
            for name, value in self.settings:
                opened.execute("SELECT set_config(%s, %s, false)", (name, value))
        except psycopg.Error as error:
            raise Lost(str(error).strip().partition("\n")[0]) from error
        opened.prepared_max = 500
        return opened

    def renew(self) -> None:
        """Connect anew. Raises Lost."""
        self.close()
        self._begin()

    def close(self) -> None:
        self._driver.close()

    @property
    def lost(self) -> bool:
        return self._driver.broken or self._driver.closed

    @property
    def encrypted(self) -> bool:
        """Is the way to the server?"""
        return bool(self._driver.pgconn.ssl_in_use)

    @property
    def host(self) -> str:
        """The name or address of the server, or the folder of its socket."""
        return self._driver.info.hostaddr or self._driver.info.host

    @property
    def process(self) -> int:
        """The number of the server's process, as it was told at the beginning."""
        return self._driver.info.backend_pid

    @property
    def in_transaction(self) -> bool:
        return self._driver.info.transaction_status not in (
            pq.TransactionStatus.IDLE,
            pq.TransactionStatus.UNKNOWN,
        )

    def execute(self, sql: str, parameters: Parameters = (), /) -> Rows:
        """Raises Fault: Integrity, OfStatement, Lost, or another; of a statement in ``UNREAD`` the
        next one does."""
        self.written = self.written or not READS.match(sql)
        if sql in UNREAD:
            self._queue.append((sql, parameters))
            return NOTHING
        if sql in (queries.ROLLBACK, queries.ROLLBACK_TO):
            self._drop_undone(sql == queries.ROLLBACK)
        try:
            if self._queue:
                with self._driver.pipeline():
                    while self._queue:
                        send(self._unread, *self._queue.pop(0))
                    send(self._cursor, sql, parameters)
            else:
                send(self._cursor, sql, parameters)
            rows = self._cursor.fetchall() if self._cursor.description is not None else []
        except psycopg.Error as error:
            self._queue.clear()
            raise fault_of(error, self.lost) from error
        except UnicodeError:  # of a text that holds half of a character
            self._queue.clear()
            raise
        return Rows(rows, self._cursor.rowcount)

    def _drop_undone(self, whole: bool) -> None:
        """What waits to be sent and would be undone right away is not sent; ``whole``: all of the
        transaction is undone, and not only what came after its last savepoint."""
        while self._queue and (whole or self._queue[-1][0] != queries.SAVEPOINT):
            self._queue.pop()

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        rows = Rows([], 0)
        for each in parameters:
            rows.rowcount += self.execute(sql, each).rowcount
        return rows

    def script(self, sql: str) -> Rows:
        """Several statements at once, in PostgreSQL's own dialect and without values. The rows are
        those of the last one."""
        cursor = self._cursor
        try:
            cursor.execute(sql)
            while cursor.nextset():
                pass
            rows = cursor.fetchall() if cursor.description is not None else []
        except psycopg.Error as error:
            raise fault_of(error, self.lost) from error
        return Rows(rows, cursor.rowcount)

    def rows(self, query: str, types: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The rows of a query of PostgreSQL's own dialect as they come in, however many there are.
        ``types``: those of its columns."""
        try:
            with self._cursor.copy(f"COPY ({query}) TO STDOUT") as out:
                out.set_types(types)
                yield from out.rows()
        except psycopg.Error as error:
            raise fault_of(error, self.lost) from error

    def fill(self, table: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
        """Put rows into a table, as they come."""
        are_names = [column in dialect.NAMES for column in columns.split(", ")]
        try:
            with self._cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as into:
                for row in rows:
                    into.write_row([*map(dialect.value, row, are_names)])
        except psycopg.Error as error:
            raise fault_of(error, self.lost) from error


def send(cursor: psycopg.Cursor[Any], sql: str, parameters: Parameters) -> None:
    """Execute a statement of SQLite's dialect."""
    statement = dialect.statement(sql)
    if parameters:
        cursor.execute(statement.text, dialect.values(statement, parameters))
    else:  # nothing is replaced, so a percent sign stands for itself
        cursor.execute(statement.text.replace("%%", "%"))


class Streaming(Connection):
    """For those who read everything: rows come from the server as they are asked for, a page at a
    time. It is read within a transaction of the caller, and by SELECT alone."""

    _streams = 0

    def execute(self, sql: str, parameters: Parameters = (), /) -> Rows:
        if not sql.lstrip().startswith("SELECT"):
            return super().execute(sql, parameters)
        self._streams += 1
        cursor = self._driver.cursor(f"stream_{self._streams}")
        try:
            send(cursor, sql, parameters)
        except psycopg.Error as error:
            cursor.close()
            raise fault_of(error, self.lost) from error
        return Stream(cursor, self)


class Stream(Rows):
    """The rows of one statement, as they come in."""

    def __init__(self, cursor: psycopg.ServerCursor[Any], of: Connection) -> None:
        super().__init__([], -1)
        self._cursor, self._of, self._more = cursor, of, True
        self._turn()

    def _turn(self) -> None:
        """Read the next page."""
        try:
            self._rows, self._next = self._cursor.fetchmany(PAGE), 0
            self._more = len(self._rows) == PAGE
            if not self._more:
                self._cursor.close()
        except psycopg.Error as error:
            raise fault_of(error, self._of.lost) from error

    def fetchone(self) -> Any:
        if self._next >= len(self._rows) and self._more:
            self._turn()
        return super().fetchone()

    def fetchall(self) -> list[Any]:
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row
