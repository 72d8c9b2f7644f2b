"""The audit chain as it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot import audit, model
from bot.store.sql import queries, views
from bot.store.sql.connection import Connection


def entries(connection: Connection, after: int = 0, page: int = 1000) -> Iterator[model.AuditRow]:
    """The chain behind the entry numbered ``after``, oldest first, read in pages."""
    last = after
    apart = connection.execute(queries.HAS_TEXTS).fetchone()
    query = queries.AUDIT_PAGE if apart else queries.AUDIT_PAGE_OLD
    while rows := connection.execute(query, (last, page)).fetchall():
        yield from map(views.audit_row, rows)
        last = rows[-1][0]


def head(connection: Connection) -> audit.Head:
    """What the store knows of the chain's end apart from the entries themselves."""
    sequence = connection.execute(queries.AUDIT_SEQUENCE).fetchone()
    noted = connection.execute(queries.META, ("audit.head",)).fetchone()
    seq, _, hash_ = str(noted[0] if noted else "").partition(":")
    known = int(seq) if seq.isdecimal() and seq.isascii() else 0
    return audit.Head(sequence[0] if sequence else 0, known or audit.NOT_NOTED, hash_)


def faults(connection: Connection, expected: str | Sequence[str] = "") -> list[audit.Fault]:
    """Everything wrong with the chain, within a transaction of the caller."""
    stamps = (str(stamp) for (stamp,) in connection.execute(queries.STAMPS_SAID))
    said = tuple(one for one in stamps if len(one.partition(":")[2]) >= audit.STAMPED)
    return audit.verify(
        entries(connection), replace(head(connection), expected=expected, said=said)
    )
