"""What was used of each platform, month by month."""

from __future__ import annotations

from collections.abc import Mapping

from bot import model
from bot.store.sql import queries
from bot.store.sql.connection import Connection


def add(
    connection: Connection, platform: str, month: str, counts: Mapping[str, int]
) -> model.Usage:
    """Add to the counts of a month; what they are then."""
    for kind, count in counts.items():
        connection.execute(queries.USAGE_ADD, (platform, month, kind, count))
    return of(connection, platform, month)


def of(connection: Connection, platform: str, month: str) -> model.Usage:
    """The counts of a month."""
    counts = dict(connection.execute(queries.USAGE, (platform, month)).fetchall())
    return model.Usage(platform, month, counts)


def months(connection: Connection) -> tuple[model.Usage, ...]:
    """All that was ever counted, oldest month first."""
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for platform, month, kind, count in connection.execute(queries.USAGE_MONTHS):
        counts.setdefault((platform, month), {})[kind] = count
    return tuple(model.Usage(*key, each) for key, each in counts.items())
