"""The one door: exactly once, all or nothing, and nobody harms another."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import failpoints, model, store
from bot.model import ports
from bot.runtime import engine
from tests import stores
from tests.bot import rig


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_an_event_is_decided_once_and_answered_the_same_twice(path: Path) -> None:
    async with rig.running(path) as r:
        first = await r.engine.submit(rig.asked(1))
        again = await r.engine.submit(rig.asked(1))
        assert first == model.Receipt("request 1", "success")
        assert again == replace(first, duplicate=True)
        assert len(r.seen) == 1
    async with rig.running(path) as r:
        assert await r.engine.submit(rig.asked(1)) == again
        assert r.seen == []
        assert r.audit_actions() == ["asked"]


async def test_duplicates_within_one_batch_are_seen(path: Path) -> None:
    async with rig.running(path) as r:
        receipts = await asyncio.gather(*(r.engine.submit(rig.asked(1)) for _ in range(50)))
        assert [receipt.duplicate for receipt in receipts] == [False] + [True] * 49


async def test_a_receipt_with_a_card_survives(path: Path) -> None:
    def decide(event, view, now):  # type: ignore[no-untyped-def]
        return model.Decision(model.Receipt("hi", "info", rig.CARD))

    async with rig.running(path, decide) as r:
        await r.engine.submit(rig.asked(1))
        again = await r.engine.submit(rig.asked(1))
        assert again == model.Receipt("hi", "info", rig.CARD, duplicate=True)


async def test_events_that_wait_together_share_commits(path: Path) -> None:
    commits = 0

    def count(name: str) -> None:
        nonlocal commits
        commits += name == "engine.committed"

    async with rig.running(path) as r:
        failpoints.install(count)
        try:
            await asyncio.gather(*(r.engine.submit(rig.asked(n)) for n in range(200)))
        finally:
            failpoints.install(None)
        assert 1 <= commits <= 20
        assert len(r.rows("SELECT id FROM requests")) == 200


async def test_a_poison_event_harms_only_itself_and_is_not_taken_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with rig.running(path, failed_toast=lambda: "sorry") as r:
        events = [rig.asked(n, "boom" if n == 3 else "restart") for n in range(6)]
        with caplog.at_level(logging.ERROR):
            receipts = await asyncio.gather(*(r.engine.submit(event) for event in events))
        assert receipts[3] == model.Receipt("sorry", "error")
        assert [receipt.tone for n, receipt in enumerate(receipts) if n != 3] == ["success"] * 5
        assert [row[0] for row in r.rows("SELECT id FROM requests ORDER BY id")] == [1, 2, 3, 4, 5]
        again = await r.engine.submit(events[3])
        assert again == model.Receipt("sorry", "error", duplicate=True)
        (failed,) = r.rows("SELECT facts FROM audit WHERE action = 'event.failed'")
        assert '"error":"RuntimeError"' in failed[0]
        assert '"event":"ask-3"' in failed[0]
        assert "Traceback" in caplog.text


async def test_what_a_failed_decision_wrote_is_undone(path: Path) -> None:
    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        assert isinstance(event, model.MessageReceived)
        made = rig.decide(event, view, rig.START)
        return replace(made, audit=(*made.audit, rig.entry("bad", fact=object())))

    async with rig.running(path, decide) as r:
        receipt = await r.engine.submit(rig.asked(1))
        assert receipt.tone == "error"
        assert r.rows("SELECT id FROM requests") == []
        assert r.rows("SELECT id FROM outbox") == []
        assert r.audit_actions() == ["event.failed"]


async def test_lone_surrogates_are_replaced_and_the_event_is_taken(path: Path) -> None:
    async with rig.running(path) as r:
        event = replace(rig.asked(1), id="ask-\ud800", text="restart \udfff web")
        assert (await r.engine.submit(event)).toast == "request 1"
        assert (await r.engine.submit(event)).duplicate
        with r.store.reading() as reader:
            request = reader.request(1)
        assert request is not None
        assert request.text == "restart \ufffd web"


async def test_a_guard_that_fails_decides_once_more_and_then_refuses(path: Path) -> None:
    tries = 0

    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        nonlocal tries
        if isinstance(event, model.MessageReceived):
            return rig.decide(event, view, rig.START)
        tries += 1
        assert view.request is not None
        jump = 2 if tries < 3 else 1
        return model.Decision(
            model.Receipt("moved"),
            request=replace(view.request, version=view.request.version + jump),
            audit=(rig.entry("moved"),),
        )

    async with rig.running(path, decide) as r:
        await r.engine.submit(rig.asked(1))
        assert (await r.engine.submit(rig.clicked(1, 1))).tone == "error"
        assert tries == 2
        assert (await r.engine.submit(rig.clicked(2, 1))).toast == "moved"
        assert r.audit_actions() == ["asked", "event.failed", "moved"]


async def test_one_vote_per_person(path: Path) -> None:
    async with rig.running(path) as r:
        await r.engine.submit(rig.asked(1))
        assert (await r.engine.submit(rig.clicked(1, 1))).toast == "approved"
        assert (await r.engine.submit(rig.clicked(2, 1))).tone == "error"
        with r.store.reading() as reader:
            assert [vote.person for vote in reader.votes(1)] == ["u-bob"]
            request = reader.request(1)
        assert request is not None
        assert request.version == 2


async def test_a_new_request_may_not_take_the_number_or_message_of_another(path: Path) -> None:
    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        assert isinstance(event, model.MessageReceived)
        request = rig.new_request(view, event, rig.START)
        if event.text == "same number":
            request = replace(request, id=1)
        if event.text == "same message":
            request = replace(request, place=rig.place("m-1"))
        return model.Decision(request=request)

    async with rig.running(path, decide) as r:
        for number, text in enumerate(["first", "same number", "same message", "last"], 1):
            await r.engine.submit(rig.asked(number, text))
        assert r.rows("SELECT id, message FROM requests ORDER BY id") == [(1, "m-1"), (2, "m-4")]


async def test_recent_asks_are_counted_for_a_minute(path: Path) -> None:
    seen: list[int] = []

    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        seen.append(view.recent_asks)
        return model.Decision()

    async with rig.running(path, decide) as r:
        for number in range(4):
            await r.engine.submit(rig.asked(number))
            r.clock.advance(seconds=25)
        r.clock.advance(seconds=61)
        await r.engine.submit(rig.asked(9))
    assert seen == [0, 1, 2, 2, 0]


async def test_the_view_shows_what_was_asked_for(path: Path) -> None:
    views: dict[str, model.View] = {}
    wanted = {
        "open": model.Needs(listing="open", limit=2),
        "recent": model.Needs(listing="recent", limit=2),
        "audit": model.Needs(listing="audit", limit=2),
        "of": model.Needs(listing="audit", request=2),
        "by message": model.Needs(platform="chat", message="m-2"),
        "elsewhere": model.Needs(platform="other", message="m-2"),
    }

    def needs(event: model.Event) -> model.Needs:
        return wanted.get(getattr(event, "text", "")) or rig.needs(event)

    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        if isinstance(event, model.MessageReceived) and event.text in wanted:
            views[event.text] = view
            return model.Decision()
        return rig.decide(event, view, rig.START)

    with stores.opened(path) as opened:
        door = engine.Engine(opened, rig.reading(decide, needs), rig.Clock())
        door.start()
        for number in range(1, 5):
            await door.submit(rig.asked(number))
        await door.submit(rig.clicked(1, 2))
        for text in wanted:
            await door.submit(rig.asked(text, text))
        await door.close()
    assert [request.id for request in views["open"].listing] == [1, 2]
    assert [request.id for request in views["recent"].listing] == [4, 3]
    assert [row.action for row in views["audit"].audit] == ["asked", "approved"]
    assert [row.seq for row in views["of"].audit] == [2, 5]
    assert views["by message"].request is not None
    assert views["by message"].votes[0].person == "u-bob"
    assert views["elsewhere"].request is None
    assert views["open"].next_request == 5
    assert views["open"].audit_seq == 5
    assert len(views["open"].installation) == 12


async def test_closing_finishes_what_was_taken_and_refuses_the_rest(path: Path) -> None:
    async with rig.running(path) as r:
        taken = [r.engine.submit(rig.asked(n)) for n in range(20)]
        await r.engine.close()
        assert all(future.result().tone == "success" for future in taken)
        with pytest.raises(ports.Closed):
            await r.engine.submit(rig.asked(99))
        with pytest.raises(ports.Closed):
            await r.engine.write(lambda writer: None)


@pytest.mark.sqlite("limits the pages of the file")
async def test_a_full_disk_answers_nobody_and_stops_loudly(path: Path) -> None:
    faults: list[BaseException] = []
    with store.Store(path) as opened:
        door = engine.Engine(opened, rig.reading(), rig.Clock(), failed=faults.append)
        door.start()
        assert (await door.submit(rig.asked(1))).tone == "success"
        assert opened.writer is not None
        connection = opened.writer.connection
        await door.write(
            lambda writer: connection.execute(
                f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}"
            ).fetchall()
        )
        futures = [door.submit(rig.asked(n, "x" * 9000)) for n in range(2, 40)]
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        assert all(isinstance(outcome, ports.Closed) for outcome in outcomes)
        assert isinstance(faults[0], sqlite3.OperationalError)
        with pytest.raises(ports.Closed):
            await door.submit(rig.asked(99))
        await door.close()
    async with rig.running(path) as r:
        assert r.rows("SELECT id FROM requests") == [(1,)]
        assert (await r.engine.submit(rig.asked(2))).toast == "request 2"


async def test_a_failed_call_undoes_only_its_own_writes(path: Path) -> None:
    def fail(writer: store.Writer) -> None:
        writer.append(rig.entry("bad"), 0)
        raise ValueError("no")

    async with rig.running(path) as r:
        good = r.engine.write(lambda writer: writer.append(rig.entry("good"), 0))
        bad = r.engine.write(fail)
        after = r.engine.submit(rig.asked(1))
        await good
        with pytest.raises(ValueError, match="no"):
            await bad
        assert (await after).tone == "success"
        assert r.audit_actions() == ["good", "asked"]


async def test_a_timer_is_taken_with_its_event_and_a_cleared_one_changes_nothing(
    path: Path,
) -> None:
    def due(number: int, minutes: int, mark: str = "") -> model.TimerDue:
        at = rig.START + timedelta(minutes=minutes)
        return model.TimerDue(f"timer:{number}{mark}", at, number, "expire")

    async with rig.running(path) as r:
        for number in (1, 2, 3):
            await r.engine.submit(rig.asked(number))
        await r.engine.submit(rig.clicked(1, 2))
        await r.engine.submit(due(1, 30))
        await r.engine.submit(due(2, 30))
        await r.engine.submit(due(3, 29))
        assert r.rows("SELECT request FROM timers") == [(3,)]
        assert r.rows("SELECT id, state FROM requests ORDER BY id") == [
            (1, "expired"),
            (2, "approved"),
            (3, "pending"),
        ]


async def test_a_timer_whose_event_fails_is_not_tried_for_ever(path: Path) -> None:
    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        if isinstance(event, model.TimerDue):
            raise KeyError("x")
        return rig.decide(event, view, rig.START)

    async with rig.running(path, decide) as r:
        await r.engine.submit(rig.asked(1))
        at = rig.START + timedelta(minutes=30)
        assert (await r.engine.submit(model.TimerDue("t", at, 1, "expire"))).tone == "error"
        assert r.rows("SELECT * FROM timers") == []


KILLED = textwrap.dedent(
    """
    import asyncio, os, signal, sys
    from bot import failpoints
    from tests.bot import rig
    from pathlib import Path

    point, count = sys.argv[2], int(sys.argv[3])

    def hook(name):
        global count
        if name == point:
            count -= 1
            if count == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    async def main():
        async with rig.running(Path(sys.argv[1])) as r:
            failpoints.install(hook)
            for wave in range(50):
                futures = [r.engine.submit(rig.asked(wave * 10 + n)) for n in range(10)]
                for n, future in enumerate(futures):
                    await future
                    print(wave * 10 + n, flush=True)

    asyncio.run(main())
    """
)


@pytest.mark.parametrize("point", ["engine.before_commit", "engine.committed"])
@pytest.mark.parametrize("count", [1, 4])
async def test_what_was_answered_survives_a_kill(path: Path, point: str, count: int) -> None:
    stores.location(path)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(path), point, str(count), stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    answered = {int(line) for line in output.split()}
    async with rig.running(path) as r:
        stored = {int(row[0][2:]) for row in r.rows("SELECT message FROM requests")}
        assert answered <= stored
        receipts = await asyncio.gather(*(r.engine.submit(rig.asked(n)) for n in range(60)))
        assert {n for n, receipt in enumerate(receipts) if receipt.duplicate} == stored
        for table in ("requests", "outbox", "audit", "timers"):
            assert r.rows(f"SELECT COUNT(*) FROM {table}") == [(60,)]
