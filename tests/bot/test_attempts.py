"""What an adapter has to know between two tries is in the row, and so it outlives a restart."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model
from tests.bot import rig
from tests.bot.test_outbox import Platform, posting


class InParts(Platform):
    """Sends a message in three parts, each noted before the next; ``dies_after`` so many, the
    call never comes back."""

    dies_after = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sent: list[str] = []
        self.attempts: list[model.Attempt] = []

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        self.attempts.append(
            model.Attempt(
                attempt.number,
                attempt.first_at,
                attempt.uncertain,
                attempt.uncertain_since,
                dict(attempt.parts_done),
            )
        )
        for part in ("one", "two", "three"):
            if part in attempt.parts_done:
                continue
            self.sent.append(part)
            if len(self.sent) == self.dies_after:
                await asyncio.Event().wait()
            await attempt.note(part, f"ref-{part}")
        return self.answer(effect)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_a_try_that_was_taken_over_sends_no_further_part(path: Path) -> None:
    gate = asyncio.Event()

    class Slow(InParts):
        async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
            self.calls.append((effect, attempt.uncertain))
            await gate.wait()
            return await super().perform(effect, attempt)

    platform = Slow()
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1"))
        await rig.until(lambda: len(platform.calls) == 1)
        await post.rig.engine.write(lambda writer: writer.recover())
        post.box.wake()
        await rig.until(lambda: len(platform.calls) == 2)
        gate.set()
        await post.settled()
        assert [attempt.number for attempt in platform.attempts] == [1, 2]
        assert platform.sent == ["one", "one", "two", "three"]
        assert post.states() == {"a1": "done"}


async def test_a_crash_between_two_parts_does_not_send_the_first_one_again(path: Path) -> None:
    platform = InParts()
    platform.dies_after = 2
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1"))
        await rig.until(lambda: len(platform.sent) == 2)
        assert not await post.box.drain(deadline=0.01)
    after = InParts()
    async with posting(path, platform=after) as post:
        await post.settled()
    assert platform.sent == ["one", "two"]
    assert after.sent == ["two", "three"]
    [attempt] = after.attempts
    assert (attempt.number, attempt.uncertain) == (2, True)
    assert attempt.parts_done == {"one": "ref-one"}


async def test_the_next_try_is_told_since_when_it_may_have_happened(path: Path) -> None:
    platform = InParts()
    answers: list[model.Outcome] = [
        model.NotSent("busy"),
        model.NotSent("no answer", uncertain=True),
        model.NotSent("no answer", uncertain=True),
        model.Done(),
    ]
    platform.answer = lambda effect: answers.pop(0)
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1"))
        for tries in range(1, 5):
            await rig.until(lambda tries=tries: len(platform.attempts) == tries)  # type: ignore[misc]
            await rig.until(lambda: "in_flight" not in post.states().values())
            post.rig.clock.advance(hours=1)
            post.box.wake()
        await post.settled()
    first, second, third, fourth = platform.attempts
    assert [each.number for each in platform.attempts] == [1, 2, 3, 4]
    assert {each.first_at for each in platform.attempts} == {first.first_at}
    assert [each.uncertain for each in platform.attempts] == [False, False, True, True]
    assert third.uncertain_since == fourth.uncertain_since
    assert third.uncertain_since - first.first_at == timedelta(hours=1)
    assert second.parts_done == {"one": "ref-one", "two": "ref-two", "three": "ref-three"}


async def test_what_one_effect_of_a_lane_noted_the_next_one_knows(path: Path) -> None:
    platform = InParts()
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1", "lane"), rig.say("a2", "lane"), rig.say("b1", "other"))
        await post.settled()
    by_lane = [sorted(each.parts_done) for each in platform.attempts]
    assert sorted(by_lane) == [[], [], ["one", "three", "two"]]


async def test_what_may_have_happened_is_not_told_as_refused_when_time_is_up(path: Path) -> None:
    platform = Platform()
    platform.answer = lambda effect: model.NotSent("no answer", uncertain=True)
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1"))
        await rig.until(lambda: len(platform.calls) == 1)
        await rig.until(lambda: "in_flight" not in post.states().values())
        post.rig.clock.advance(hours=25)
        post.box.wake()
        await post.settled()
        assert post.states() == {"a1": "unknown"}


async def test_how_long_it_has_been_in_doubt_outlives_a_clock_that_is_set(path: Path) -> None:
    platform = InParts()
    answers = [model.NotSent("no answer", 3600, uncertain=True), model.Done()]
    platform.answer = lambda effect: answers.pop(0)
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1"))
        await rig.until(lambda: len(platform.attempts) == 1)
        await rig.until(lambda: "in_flight" not in post.states().values())
        before = post.rig.clock.now()
        back = timedelta(minutes=-10)
        now = post.rig.clock.advance(minutes=-10)
        await post.rig.engine.write(lambda writer: writer.move_clock(before, back, now))
        post.rig.clock.advance(hours=2)
        post.box.wake()
        await post.settled()
    second = platform.attempts[1]
    age = post.rig.clock.now() - second.uncertain_since
    assert age == timedelta(hours=2)
    assert second.first_at == second.uncertain_since
