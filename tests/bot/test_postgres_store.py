"""A database that is shared: who writes, what is lost with a connection, and what is noticed."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot import model, store
from bot.store import port
from bot.store.postgres import connection, server, writer
from bot.store.sql import takeover
from tests import postgres as servers
from tests.bot import rig
from tests.bot.test_takeover import ask

WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
FROZEN = """
import sys
from bot.store.postgres import server
opened = server.Store(sys.argv[1])
opened.writer.begin()
print("writing", flush=True)
sys.stdin.read()
"""


def entry(action: str) -> model.AuditEntry:
    return model.AuditEntry("alice", action, 0, {})


def test_one_writes_at_a_time_and_learns_what_the_other_wrote(database: str) -> None:
    with server.Store(database) as one, server.Store(database) as two:
        assert one.writer is not None
        assert two.writer is not None
        assert one.writer.installation == two.writer.installation
        order: list[str] = []

        def write(opened: writer.Writer, name: str) -> None:
            opened.begin()
            opened.append(entry(name), 0)
            order.append(name)
            opened.commit()

        one.writer.begin()
        one.writer.append(entry("first"), 0)
        thread = threading.Thread(target=write, args=(two.writer, "second"))
        thread.start()
        with one.reading() as reader:
            while not reader.connection.execute(WAITING).fetchone():
                assert order == []
        one.writer.commit()
        thread.join()
        write(one.writer, "third")
        with two.reading() as reader:
            assert [row.action for row in reader.chain()] == ["first", "second", "third"]
            assert reader.verify_audit() == []


def test_of_several_that_start_together_one_makes_the_tables(database: str) -> None:
    barrier = threading.Barrier(4)

    def start(_: int) -> str:
        barrier.wait()
        with server.Store(database) as opened:
            assert opened.writer is not None
            return opened.writer.installation

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(start, range(4)))) == 1
    with server.Store(database) as opened, opened.reading() as reader:
        names = [name for (name,) in reader.connection.execute("SELECT name FROM migrations")]
        assert len(names) == len(set(names)) > 1


def test_a_writer_that_is_stopped_in_the_middle_is_cut_off(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FROZEN_AFTER", 0.3)
    text = FROZEN.replace("opened =", "server.FROZEN_AFTER = 0.3; opened =")
    command = [sys.executable, "-c", text, database]
    with (
        server.Store(database) as opened,
        subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process,
    ):
        assert opened.writer is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        opened.writer.begin()
        assert time.monotonic() - began < 3
        opened.writer.commit()
        process.kill()


def test_a_start_waits_for_one_that_writes(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "WAIT", "50ms")
    with server.Store(database) as one:
        assert one.writer is not None
        one.writer.begin()
        timer = threading.Timer(0.3, one.writer.commit)
        timer.start()
        server.Store(database).close()
        timer.join()
        one.writer.begin()
        monkeypatch.setattr(port, "A_MINUTE", 0.1)
        with pytest.raises(store.Unusable, match="cannot be used"):
            server.Store(database)
        one.writer.commit()


def test_one_that_waits_for_its_program_to_read_is_cut_off_too(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not end by itself what it cannot write to."""
    monkeypatch.setattr(writer, "STUCK_AFTER", 0.5)
    with server.Store(database) as one, server.Store(database) as two:
        assert one.writer is not None
        assert two.writer is not None
        one.writer.begin()
        held = one.writer.connection
        assert isinstance(held, connection.Connection)
        held.execute("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
        two.writer.begin()
        with pytest.raises(port.Lost):
            held.execute("SELECT 1")
        two.writer.commit()
        one.writer.renew()
        one.writer.begin()
        one.writer.commit()


def test_a_database_that_went_back_is_not_gone_on_with(database: str) -> None:
    with server.Store(database) as opened:
        assert opened.writer is not None
        for action in ("first", "second"):
            opened.writer.begin()
            opened.writer.append(entry(action), 0)
            opened.writer.commit()
        opened.writer.renew()
        opened.writer.connection.execute("DELETE FROM audit WHERE seq = 2")
        with pytest.raises(port.Unusable, match="lacks audit entry 2"):
            opened.writer.renew()


def test_a_database_that_was_put_back_is_recognised_by_the_mark(
    postgres: servers.Server, database: str, tmp_path: Path
) -> None:
    """What was open in the copy is held, and numbers go on far from those that were lost."""
    mark = tmp_path / "high-water"
    with store.opened(database, mark=mark) as opened:
        assert opened.writer is not None
        ask(opened.writer, 1)
    with postgres.copy(database) as copy:
        with store.opened(database, mark=mark) as opened:
            assert opened.writer is not None
            for number in (2, 3):
                ask(opened.writer, number)
            assert store.recognise(opened, rig.START) is None
        with store.opened(copy, mark=mark) as opened:
            done = store.recognise(opened, rig.START)
            assert done is not None
            assert (done.held, done.first) == (1, 3 + takeover.JUMP + 1)
            assert store.recognise(opened, rig.START) is None
            with opened.reading() as reader:
                assert [row.action for row in reader.chain()] == ["asked", "store.restored"]
                assert reader.verify_audit() == []


def test_a_restart_loses_what_was_not_committed_and_nothing_else(
    private_postgres: servers.Server,
) -> None:
    with private_postgres.database() as url, server.Store(url) as opened:
        assert opened.writer is not None
        opened.writer.begin()
        opened.writer.append(entry("first"), 0)
        opened.writer.commit()
        opened.writer.begin()
        opened.writer.append(entry("lost"), 0)
        private_postgres.restart(immediate=True)
        with pytest.raises(port.Lost):
            opened.writer.commit()
        opened.writer.renew()
        opened.writer.begin()
        opened.writer.append(entry("second"), 0)
        opened.writer.commit()
        with opened.reading() as reader:
            assert [row.action for row in reader.chain()] == ["first", "second"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (port.Changes(), ""),
        (port.Changes(effects=True, steps=True), "e s"),
        (port.Changes(timer=1234), "t1234"),
    ],
)
def test_others_are_told_what_changed(changes: port.Changes, text: str) -> None:
    assert writer.wake(changes) == text
    assert writer.changes_of(f"{text} later-release") == changes


def test_what_cannot_be_used_is_a_sentence(database: str) -> None:
    with pytest.raises(store.Unusable, match=r"cannot be reached.*Check \[bot\] store"):
        store.opened("postgresql://alice:secret@127.0.0.1:1/none")
    with pytest.raises(store.Unusable) as caught:
        store.opened("postgresql://alice:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="there is no store"):
        store.opened(database, readonly=True)
    with server.Store(database) as opened:
        assert opened.writer is not None
        opened.writer.connection.execute("INSERT INTO migrations (name) VALUES ('m999_later')")
        opened.writer.connection.execute("DELETE FROM meta WHERE name = 'schema.oldest'")
    with pytest.raises(store.Unusable, match="newer release"):
        store.opened(database)


def test_the_settings_of_a_connection_come_back_with_it(database: str) -> None:
    opened = connection.Connection(database, "test", (("lock_timeout", "1234ms"),))
    for _ in range(2):
        assert opened.execute("SHOW lock_timeout").fetchone() == ("1234ms",)
        opened.renew()
    opened.close()


def test_a_statement_whose_result_nobody_reads_fails_with_the_next(database: str) -> None:
    with server.Store(database) as opened:
        assert opened.writer is not None
        kept = dataclasses.replace(entry("kept"))
        opened.writer.begin()
        opened.writer.savepoint()
        opened.writer.append(kept, 0)
        opened.writer.release()
        opened.writer.savepoint()
        opened.writer.append(entry("twice"), 0)
        opened.writer._next_seq -= 1
        opened.writer.append(entry("twice"), 0)
        with pytest.raises(connection.Integrity):
            opened.writer.release()
        opened.writer.rollback_to_savepoint()
        opened.writer.append(entry("after"), 0)
        opened.writer.commit()
        with opened.reading() as reader:
            assert [row.action for row in reader.chain()] == ["kept", "after"]
            assert reader.verify_audit() == []
