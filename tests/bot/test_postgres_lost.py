"""A connection to PostgreSQL that is lost: whether the last commit is in the store is found out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from bot.runtime import engine
from bot.store import port
from bot.store.postgres import connection, writer
from bot.store.postgres.server import Store
from tests import postgres, stores
from tests.bot import rig
from tests.postgres_proxy import Proxy

pytestmark = pytest.mark.skipif(bool(postgres.lack()), reason=postgres.lack())


class Place:
    """A store that is reached by a way which can be cut, and its database."""

    def __init__(self, url: str, proxy: Proxy) -> None:
        self.url, self.proxy = url, proxy
        self.store = Store(proxy.url(url))
        assert self.store.writer is not None
        self.writer: writer.Writer = self.store.writer

    def entries(self) -> list[str]:
        with self.store.reading() as reader:
            assert reader.verify_audit() == []
            return [row.action for row in reader.chain()]

    def renewed(self) -> bool:
        """What is known of the last commit once the server has noticed that the way is cut."""
        for _ in range(500):
            try:
                return self.writer.renew()
            except port.Lost:
                time.sleep(0.01)
        raise AssertionError("the server holds on to a connection that was cut")

    def append(self, action: str) -> None:
        """One transaction with one entry."""
        self.writer.begin()
        self.writer.append(rig.entry(action), 0)
        self.writer.commit()


@pytest.fixture
def place() -> Iterator[Place]:
    server = stores.server()
    with server.database() as url, server.proxy() as proxy:
        made = Place(url, proxy)
        yield made
        made.store.close()


async def test_a_read_does_not_meet_the_connections_of_before(place: Place) -> None:
    with place.store.reading(), place.store.reading():
        pass
    place.proxy.cut()
    door = engine.Engine(place.store, rig.reading(rig.decide), rig.Clock())
    with pytest.raises(port.Lost):
        await door.read(lambda reader: reader.audit_head())
    place.proxy.mend()
    with place.store.reading(), place.store.reading():
        pass
    place.proxy.cut()
    place.proxy.mend()
    assert (await door.read(lambda reader: reader.audit_head())).sequence == 0


def test_what_was_not_committed_is_gone_and_the_next_follows_what_was(place: Place) -> None:
    place.append("first")
    place.writer.begin()
    place.writer.append(rig.entry("lost"), 0)
    place.proxy.cut()
    with pytest.raises(port.Lost):
        place.writer.answer("an event")
    with pytest.raises(port.Lost):
        place.writer.renew()
    place.proxy.mend()
    assert place.writer.renew() is False
    place.append("second")
    assert place.entries() == ["first", "second"]


@pytest.mark.parametrize("arrives", [True, False])
def test_a_commit_that_nobody_answers_is_looked_up(
    place: Place, arrives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = place.writer.connection.execute

    def breaking(sql: str, parameters: Any = (), /) -> connection.Rows:
        if sql == "COMMIT" and arrives:
            execute(sql)
        if sql == "COMMIT":
            place.proxy.cut()
        return execute(sql, parameters)  # type: ignore[return-value]

    monkeypatch.setattr(place.writer, "_execute", breaking)
    with pytest.raises(port.Lost):
        place.append("perhaps")
    monkeypatch.undo()
    place.proxy.mend()
    assert place.renewed() is arrives
    place.append("next")
    assert place.entries() == ["perhaps"] * arrives + ["next"]


def test_as_long_as_the_commit_is_under_way_nobody_knows(place: Place) -> None:
    place.append("first")
    with psycopg.connect(place.url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({writer.LOCK})")
        place.writer._committing = True
        with pytest.raises(port.Lost, match="is not known"):
            place.writer.renew()
    assert place.writer.renew() is True


def test_what_wrote_nothing_leaves_nothing(place: Place) -> None:
    place.append("first")
    place.writer.begin()
    place.writer.answer("an event")
    transaction = place.writer._transaction
    place.writer.commit()
    assert place.writer._transaction == transaction
