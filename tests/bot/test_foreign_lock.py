"""Another program holds the write lock of the store: the bot waits, says so, and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import store
from bot.model import ports
from bot.runtime import engine
from bot.store import port
from bot.store.sqlite import foreign, pragmas
from tests.bot import rig

pytestmark = pytest.mark.sqlite("another program's lock of the file")

QUICK = tuple(one.replace("timeout = 2000", "timeout = 20") for one in pragmas.OPEN_WRITER)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert QUICK != pragmas.OPEN_WRITER
    monkeypatch.setattr(pragmas, "OPEN_WRITER", QUICK)
    return tmp_path / "store.db"


@contextlib.contextmanager
def held(path: Path) -> Iterator[sqlite3.Connection]:
    """The lock, as any program takes it; given back at the end, if not before."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


async def test_nothing_is_acknowledged_until_it_lets_go_and_then_all_of_it(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(foreign, "EVERY", 0.05)
    async with rig.running(path) as r:
        await r.engine.submit(rig.asked(1))
        with held(path) as other:
            futures = [r.engine.submit(rig.asked(n)) for n in range(2, 6)]
            again = r.engine.submit(rig.asked(1))
            await rig.until(lambda: caplog.text.count("another program has held") >= 3, 20)
            assert "store.db" in caplog.text
            assert not any(future.done() for future in (*futures, again))
            other.execute("ROLLBACK")
        receipts = await asyncio.gather(*futures)
        assert [one.toast for one in receipts] == [f"request {n}" for n in range(2, 6)]
        assert (await again).duplicate
        assert "the write lock is free after" in caplog.text
        assert "CRITICAL" not in caplog.text
        with held(path):
            await r.engine.read(lambda reader: reader.status())


async def test_a_bot_that_is_to_stop_does_not_wait_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE_OF_END", 0.1)
    faults: list[BaseException] = []
    with store.Store(path) as opened:
        door = engine.Engine(opened, rig.reading(), rig.Clock(), failed=faults.append)
        door.start()
        await door.submit(rig.asked(1))
        with held(path):
            future = door.submit(rig.asked(2))
            await asyncio.wait_for(door.close(), 20)
            assert isinstance(future.exception(), ports.Closed)
        assert len(faults) == 1
    async with rig.running(path) as r:
        assert not (await r.engine.submit(rig.asked(2))).duplicate


def test_a_bot_that_starts_waits_too_and_says_who_is_in_the_way(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    with contextlib.closing(sqlite3.connect(path)) as new:
        new.execute("PRAGMA journal_mode = WAL")  # migrations are still to be written
    with held(path) as other:
        timer = threading.Timer(0.3, other.execute, ("ROLLBACK",))
        timer.start()
        store.Store(path).close()
        timer.join()
    assert "another program has held the write lock" in caplog.text
    with held(path):
        store.Store(path).close()  # nothing to write
    monkeypatch.setattr(port, "A_MINUTE", 0.1)
    path = path.with_name("new.db")
    with contextlib.closing(sqlite3.connect(path)) as new:
        new.execute("PRAGMA journal_mode = WAL")
    with held(path), pytest.raises(store.Unusable, match="another program holds its write lock"):
        store.Store(path)
    store.Store(path).close()


def test_what_is_no_lock_is_raised_at_once(path: Path) -> None:
    def fails() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError, match="disk"):
        foreign.when_free(fails)
