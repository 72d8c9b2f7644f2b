"""Replicas are upgraded one after the other: migrations run once, however many start together, and
the release before goes on working on the store of the newer one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bot import model, store
from bot.store.postgres import schema
from bot.store.postgres.connection import Connection
from bot.store.sqlite import schema as schemas
from tests import stores
from tests.bot import run_stage

NEXT = "m999_next"
EXPANDS = """
ALTER TABLE outbox ADD COLUMN colour TEXT NOT NULL DEFAULT '';
ALTER TABLE requests ADD COLUMN weight BIGINT NOT NULL DEFAULT 0;
CREATE INDEX requests_weight ON requests (weight) WHERE weight > 0;
CREATE TABLE colours (name TEXT PRIMARY KEY);
"""


def first_schema(url: str) -> None:
    """A database as the first release with PostgreSQL made it."""
    with closing(Connection(url, "test")) as connection:
        connection.script("BEGIN")
        schema.make(connection, ())
        connection.execute(schema.FIRST_ROWS, ("cafe",))
        names = schemas.names()
        for name in names[: names.index(schema.FIRST) + 1]:
            connection.execute(schema.APPLY, (name,))
        connection.script("COMMIT")


def applied(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [
            name for (name,) in connection.execute("SELECT name FROM migrations ORDER BY number")
        ]


def child(work: Callable[[], None]) -> int:
    """Do it in a process of its own."""
    number = os.fork()
    if not number:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return number


def test_two_that_start_together_migrate_once(database: str, tmp_path: Path) -> None:
    first_schema(database)
    assert applied(database)[-1] == schema.FIRST
    report = store.check(database)
    assert (report.findings, report.versions.pending) == ((), schemas.names()[-len(schema.LATER) :])
    start = tmp_path / "start"

    def work() -> None:
        while not start.exists():
            time.sleep(0.001)
        with store.opened(database) as opened:
            assert opened.writer is not None
            opened.writer.begin()
            opened.writer.note_configuration(str(os.getpid()), "digest")
            opened.writer.commit()

    children = [child(work) for _ in range(4)]
    start.touch()
    assert {os.waitpid(number, 0)[1] for number in children} == {0}
    assert applied(database) == list(schemas.names())
    assert not store.check(database).findings


@pytest.fixture
def scene(database: str, tmp_path: Path) -> Iterator[run_stage.RunStage]:
    """A bot of this release, on a database."""
    with stores.placed(tmp_path / "stage.db", database):
        made = run_stage.RunStage(tmp_path)
        yield made
        made.close()


def upgrade(url: str) -> None:
    """A newer release starts on the database."""

    def work() -> None:
        names = (*schemas.names(), NEXT)
        newer = pytest.MonkeyPatch()
        newer.setattr(schemas, "names", lambda: names)
        newer.setattr(schema, "LATER", {**schema.LATER, NEXT: EXPANDS})
        store.opened(url).close()

    assert os.waitpid(child(work), 0)[1] == 0


def test_the_release_before_goes_on_beside_a_newer_one(
    scene: run_stage.RunStage, database: str
) -> None:
    """What was begun before the newer one came ends, and what is asked for afterwards, too; the
    same after a restart."""
    running = scene.planned("alice", "restart web-01 reason=leak")
    scene.click("bob", running.id, "approve", running.code, running.card)
    scene.work()
    pending = scene.planned("alice", "restart web-02 reason=leak")
    upgrade(database)
    assert applied(database)[-1] == NEXT
    scene.observe(running.id)
    scene.click("bob", pending.id, "approve", pending.code, pending.card)
    scene.work()
    scene.observe(pending.id)
    scene.work()
    later = scene.planned("alice", "restart web-03 reason=leak")
    for request in (running, pending):
        assert scene.request(request.id).state is model.State.SUCCEEDED
    assert scene.request(later.id).state is model.State.PENDING
    with store.opened(database) as again, again.reading() as reader:
        assert reader.request(later.id) == scene.request(later.id)
        assert not reader.verify_audit()
    assert not store.check(database).findings
    assert store.state(database).refusal == ""
