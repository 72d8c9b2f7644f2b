"""The connection to the database breaks at any moment: all is done once, and nobody notices more
than that it took longer."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import model, store
from bot.model import ports
from bot.model.manifests import RateLimit
from bot.runtime import clock, engine, moves, outbox, usage
from bot.store import port
from tests import properties, stores
from tests.bot import rig
from tests.bot.breaking import Breaking, Remote
from tests.bot.test_clock import Machine
from tests.bot.test_outbox import Platform


@dataclass
class Told:
    """All that anybody was told, and what is in the store at the end."""

    receipts: list[model.Receipt] = field(default_factory=list)
    calls: list[tuple[str, bool]] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    events: dict[tuple[str, str], int] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)
    used: list[int] = field(default_factory=list)


PER_CHAT = RateLimit("chat", ("say", "card"), "chat", 50, 60.0)


async def play(path: Path, wrap: Any) -> Told:
    """Three requests, one asked for twice, one approved; something that fails; and some words."""
    told, counter = Told(), usage.Counter({})
    platform = Platform()

    class Counting(Platform):
        async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
            counter.count("chat", "calls")
            return await platform.perform(effect, attempt)

    def fails(writer: port.Writer) -> None:
        writer.append(rig.entry("never"), 0)
        raise LookupError

    with contextlib.closing(stores.opened(path)) as opened:
        door = engine.Engine(
            Remote(opened, wrap(opened.writer)), rig.reading(), rig.Clock(), used=counter
        )
        door.follow(lambda news: told.moves.extend(map(_move, news)))
        door.start()
        far = Counting()
        box = outbox.Outbox(door, lambda _: far, [PER_CHAT], door.clock)
        await box.recover()
        task = asyncio.create_task(box.run())
        asks = (door.submit(rig.asked(number)) for number in (1, 2, 3, 1))
        told.receipts += await asyncio.gather(*asks)
        with pytest.raises(LookupError):
            await door.write(fails)
        told.receipts += await asyncio.gather(door.submit(rig.clicked(1, 1)))

        def states() -> list[Any]:
            with opened.reading() as reader:
                query = "SELECT key, state, attempts, doubt FROM outbox ORDER BY id"
                return reader.connection.execute(query).fetchall()

        await rig.until(lambda: len(states()) == 4 and {row[1] for row in states()} == {"done"})
        told.used += [budget.calls for budget in box.budgets()]
        await box.drain()
        await task
        await door.close()
        told.moves.sort()
        told.events = dict(door.meter.events)
        told.calls = sorted((_name(effect), doubt) for effect, doubt in platform.calls)
        told.rows = states()
        with opened.reading() as reader:
            assert reader.verify_audit() == []
            told.rows += [row.action for row in reader.chain()]
            told.rows += [usage_.counts for usage_ in reader.usage()]
    return told


def _move(move: moves.Move) -> str:
    return type(move).__name__


def _name(effect: model.Effect) -> str:
    return getattr(effect, "key", effect.kind)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Told:
    path = tmp_path_factory.mktemp("undisturbed") / "store.db"
    told = asyncio.run(play(path, lambda writer: writer))
    assert [receipt.duplicate for receipt in told.receipts] == [False, False, False, True, False]
    assert len(told.calls) == 4
    return told


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "FIRST_PAUSE", 0.001)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("down", [0, 3])
async def test_a_commit_that_nobody_answers_is_done_once(
    tmp_path: Path, kept: bool, down: int, undisturbed: Told
) -> None:
    """Whether the connection broke before it reached the disk or after."""
    wrapped: list[Breaking] = []

    def wrap(writer: store.Writer) -> Breaking:
        breaks = dict.fromkeys(range(1, 99, 1 if kept else 2), kept)
        wrapped.append(Breaking(writer, breaks, down, "commit"))
        return wrapped[0]

    assert await play(tmp_path / "store.db", wrap) == undisturbed
    assert wrapped[0].losses >= 3


@settings(
    max_examples=properties.examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    breaks=st.dictionaries(st.integers(1, 160), st.booleans(), min_size=1, max_size=6),
    down=st.integers(0, 2),
)
def test_wherever_the_connection_breaks_all_is_done_once(
    tmp_path_factory: pytest.TempPathFactory,
    breaks: dict[int, bool],
    down: int,
    undisturbed: Told,
) -> None:
    path = tmp_path_factory.mktemp("lost") / "store.db"
    assert asyncio.run(play(path, lambda w: Breaking(w, breaks, down))) == undisturbed


async def test_a_bot_that_stops_meanwhile_acknowledges_nothing_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE_OF_END", 0.05)
    failures: list[BaseException] = []
    with contextlib.closing(stores.opened(tmp_path / "store.db")) as opened:
        far = Remote(opened, Breaking(opened.writer, {1: False}, down=10**6))
        door = engine.Engine(far, rig.reading(), rig.Clock(), failed=failures.append)
        door.start()
        receipt = door.submit(rig.asked(1))
        await rig.until(lambda: door.lost_at is not None)
        assert not receipt.done()
        await asyncio.wait_for(door.close(), 5)
        with pytest.raises(ports.Closed):
            await receipt
    assert failures == []


async def test_the_steps_of_the_clock_are_taken_once(tmp_path: Path) -> None:
    for kept in (False, True):
        machine = Machine()
        steady = clock.Steady(machine)
        with contextlib.closing(stores.opened(tmp_path / f"{kept}.db")) as opened:
            far = Remote(opened, Breaking(opened.writer, {1: kept}, calls="commit"))
            door = engine.Engine(far, rig.reading(), steady)
            door.start()
            watch = clock.Watch(door, steady, lambda: None)
            machine.wall += timedelta(minutes=10)
            steady.step()
            machine.passes(clock.CONFIRM)
            await watch._take()
            await door.close()
            with opened.reading() as reader:
                steps = reader.clock().steps
                assert [size for _, size in steps] == [timedelta(minutes=10)]
                assert [row.action for row in reader.chain()] == ["clock.stepped"]
        assert steady.step() == timedelta()
