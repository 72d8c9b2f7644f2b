"""The bot's time while the machine's clock is set, and what happens to the rows of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import model, store
from bot.model.manifests import RateLimit
from bot.runtime import clock, limits
from bot.store import codec
from tests.bot import rig

BACK = timedelta(minutes=-10)


class Machine:
    """A machine whose clock can be set, and on which time passes."""

    def __init__(self) -> None:
        self.wall, self.up = rig.START, 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.up

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.up += seconds


@pytest.mark.parametrize("size", [BACK, -BACK])
def test_a_step_is_taken_in_once_and_until_then_time_goes_on(size: timedelta) -> None:
    machine = Machine()
    steady = clock.Steady(machine)
    machine.passes(60)
    machine.wall += size
    machine.passes(5)
    assert steady.now() == rig.START + timedelta(seconds=65)
    assert steady.step() == timedelta(), "it may be a test that lets time pass"
    machine.passes(1)
    assert steady.step() == size
    steady.take(size)
    assert steady.now() == machine.wall
    assert steady.step() == timedelta()
    assert steady.monotonic() == 66


def test_a_clock_that_is_slewed_is_followed() -> None:
    machine = Machine()
    steady = clock.Steady(machine)
    for _ in range(100):
        machine.passes(1)
        machine.wall -= timedelta(seconds=0.1)
        assert steady.now() == machine.wall
        assert steady.step() == timedelta()


def test_replicas_go_by_the_clock_of_their_database() -> None:
    """Whatever the machine's clock shows, and however it is set meanwhile."""
    ticks = [50.0]
    wall = clock.DatabaseClock(lambda: ticks[0])
    shown = datetime(2031, 5, 1, tzinfo=UTC)
    wall.set(shown)
    steady = clock.Steady(wall)
    steady.begin()
    ticks[0] += 7
    assert wall.now() == shown + timedelta(seconds=7)
    assert steady.now() == shown + timedelta(seconds=7)
    assert steady.step() == timedelta()
    wall.set(shown + timedelta(seconds=6.8))
    assert steady.now() == shown + timedelta(seconds=6.8)


def test_nothing_looks_younger_after_the_clock_was_set_back() -> None:
    """A call whose token the platform has forgotten must not be made again for it."""
    machine = Machine()
    steady = clock.Steady(machine)
    made = steady.now()
    machine.passes(60)
    machine.wall += BACK
    steady.take(BACK)
    machine.passes(541)
    assert steady.age(made) >= 601
    machine.passes(600)
    assert steady.age(steady.now()) == 0
    fresh = clock.Steady(machine)
    fresh.know([(made + timedelta(seconds=60), BACK)])
    assert fresh.age(made) >= 1201


@pytest.mark.parametrize(("size", "promise"), [(BACK, BACK), (-BACK, timedelta())])
def test_rows_that_measure_a_pace_move_along(
    tmp_path: Path, size: timedelta, promise: timedelta
) -> None:
    """Those of moments that people were told never come later than told."""
    with store.Store(tmp_path / "store.db") as opened:
        writer = opened.writer
        assert writer is not None
        now, later = rig.START, rig.START + timedelta(minutes=1)
        request = rig.new_request(writer.view(model.Needs(), now), rig.asked(1), now)
        timers = (model.Timer(1, "expire", later), model.Timer(1, "wake", later))
        writer.begin()
        view = writer.view(model.Needs(), now)
        effects = (rig.say("later", request=1),)
        writer.apply(view, model.Decision(request=request, timers=timers, effects=effects), now)
        writer.put_off(1, model.NotSent("not now"), codec.ms(later), codec.ms(now))
        writer.move_clock(now, size, now + size)
        assert writer.view(model.Needs(), now).shift == size
        writer.commit()
        with opened.reading() as reader:
            due = {timer.kind: timer.due_at for timer in reader.timers_due(later + abs(size))}
            assert due == {"expire": later + promise, "wake": later + size}
            row = reader.connection.execute("SELECT due_at, created_at FROM outbox").fetchone()
            assert row == (codec.ms(later + size), codec.ms(now + size))
            assert reader.clock() == store.ClockHistory(now + size, ((now, size),))


async def test_a_budget_is_not_blocked_by_a_clock_that_is_set_back(tmp_path: Path) -> None:
    machine = Machine()
    steady = clock.Steady(machine)
    rate_key = store.RateKey("chat", "ops", "say")
    quotas = limits.RateLimiter([RateLimit("chat", ("say",), "chat", 1, 60)], steady)
    quotas.take(rate_key)
    quotas.settled(rate_key)
    machine.wall += BACK
    steady.take(BACK)
    assert quotas.room(rate_key).again == codec.ms(steady.now()) + 60_000
    machine.passes(61)
    assert quotas.room(rate_key).count == 1
    assert steady.now().tzinfo is UTC
