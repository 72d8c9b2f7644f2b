"""One connection to PostgreSQL, used as one to SQLite is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg import pq

from bot.store import port
from bot.store.postgres import dialect
from bot.store.sql.connection import Parameters

CONNECT_TIMEOUT = 5
"""Seconds that one try to connect takes at most."""
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


class Lost(Fault, port.Lost):
    """The connection is gone."""


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


def fault_of(error: psycopg.Error, broken: bool) -> Fault:
    """What a driver's error is to the bot. ``broken``: the connection cannot be used any more."""
    text = str(error).strip() or type(error).__name__
    if broken or (isinstance(error, psycopg.OperationalError) and error.sqlstate is None):
        return Lost(text)
    if isinstance(error, psycopg.IntegrityError):
        return Integrity(text)
    if isinstance(error, psycopg.DataError | psycopg.ProgrammingError):
        return OfStatement(text)
    return Fault(text)


class Connection:
    """``settings`` are set on the server's side for as long as the connection lasts. Transactions
    begin and end only by statements. One thread at a time."""

    def __init__(self, url: str, name: str, settings: Iterable[tuple[str, str]] = ()) -> None:
        self.url, self.name, self.settings = url, name, tuple(settings)
        self._driver = self._connected()
        self._cursor = self._driver.cursor()

    def _connected(self) -> psycopg.Connection[Any]:
        try:
            driver = psycopg.connect(
                self.url,
                autocommit=True,
                prepare_threshold=2,
                connect_timeout=CONNECT_TIMEOUT,
                application_name=self.name,
                client_encoding="utf8",
                **KEEPALIVE,
            )
            for name, value in self.settings:
                driver.execute("SELECT set_config(%s, %s, false)", (name, value))
        except psycopg.Error as error:
            raise Lost(str(error).strip()) from error
        driver.prepared_max = 500
        return driver

    def renew(self) -> None:
        """Connect anew. Raises Lost."""
        self.close()
        self._driver = self._connected()
        self._cursor = self._driver.cursor()

    def close(self) -> None:
        self._driver.close()

    @property
    def lost(self) -> bool:
        return self._driver.broken or self._driver.closed

    @property
    def in_transaction(self) -> bool:
        return self._driver.info.transaction_status not in (
            pq.TransactionStatus.IDLE,
            pq.TransactionStatus.UNKNOWN,
        )

    def execute(self, sql: str, parameters: Parameters = (), /) -> Rows:
        """Raises Fault: Integrity, OfStatement, Lost, or another."""
        statement = dialect.statement(sql)
        cursor = self._cursor
        try:
            if parameters:
                cursor.execute(statement.text, dialect.values(statement, parameters))
            else:
                cursor.execute(sql_without_values(statement))
            rows = cursor.fetchall() if cursor.description is not None else []
        except psycopg.Error as error:
            raise fault_of(error, self.lost) from error
        return Rows(rows, cursor.rowcount)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        rows = Rows([], 0)
        for each in parameters:
            rows.rowcount += self.execute(sql, each).rowcount
        return rows

    def script(self, sql: str) -> None:
        """Several statements at once, in PostgreSQL's own dialect and without values."""
        try:
            self._cursor.execute(sql)
        except psycopg.Error as error:
            raise fault_of(error, self.lost) from error


def sql_without_values(statement: dialect.Statement) -> str:
    """Without values nothing is replaced, so a percent sign stands for itself."""
    return statement.text.replace("%%", "%")
