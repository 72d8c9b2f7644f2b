"""Several processes on one store: each call is in one hand, and every hand may fail."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from bot import model
from bot.model.manifests import RateLimit
from bot.runtime import poller, scheduler
from bot.store import shared
from tests import postgres, stores
from tests.bot import rig
from tests.bot.replica_stage import LEASE, Replica, cluster, said
from tests.bot.test_outbox import COUNT, PLANNED, Platform, Several, Waiting, decide

pytestmark = pytest.mark.skipif(bool(postgres.lack()), reason=postgres.lack())


@pytest.fixture
def url() -> Iterator[str]:
    server = stores.server()
    server.template("store", lambda url: stores.store.opened(url).close())
    with server.database("store") as url:
        yield url


async def queue(member: Replica, *effects: model.NewEffect) -> None:
    event = rig.asked(f"q{next(COUNT)}")
    PLANNED[event.id] = model.Decision(effects=effects)
    await member.engine.submit(event)


async def settled(member: Replica) -> None:
    await rig.until(lambda: not set(member.states().values()) & {"queued", "in_flight"}, 20)


async def test_the_others_know_which_platform_one_does_not_reach(url: str) -> None:
    async with cluster(url) as three:
        for lacks in ({"lark": rig.START}, {}):
            three[1].membership.unreached = lambda lacks=lacks: lacks
            assert await three[1].membership.beat()
            with three[2].store.reading() as reader:
                assert [one.unreached for one in reader.replicas()] == [{}, lacks, {}]


async def test_the_first_of_the_living_leads(url: str) -> None:
    async with cluster(url) as three:
        assert [member.membership.leads for member in three] == [True, False, False]
        with three[1].store.reading() as reader:
            known = reader.replicas()
        assert [(one.name, one.state, one.leads) for one in known] == [
            ("r0", "living", True),
            ("r1", "living", False),
            ("r2", "living", False),
        ]
        await three.silence(three[0])
        assert await three[2].membership.beat()
        assert await three[1].membership.beat()
        assert [member.membership.leads for member in three] == [True, True, False]
        assert not await three[0].membership.beat(), "it was taken for dead"
        await three[0].membership._turn()
        assert three[0].membership.number > three[2].membership.number
        assert [member.membership.leads for member in three] == [False, True, False]
        assert [member.led for member in three] == [1, 1, 0]


async def test_what_a_dead_one_had_in_flight_is_taken_over_in_doubt(url: str) -> None:
    async with cluster(url, core=decide, platform=Waiting) as three:
        dead, other, _ = three.members
        dead.work()
        await queue(dead, rig.say("a1", "a"), rig.say("a2", "a"))
        await rig.until(lambda: len(dead.platform.calls) == 1)
        other.work()
        await three.silence(dead)
        assert other.states() == {"a1": "in_flight", "a2": "queued"}
        await other.membership.beat()
        await rig.until(lambda: other.platform.calls == [(rig.say("a1").body, True)])
        # it wakes up: its answer changes nothing, and its next claim tells it so
        dead.platform.answers[0].set_result(model.Done("late"))  # type: ignore[attr-defined]
        dead.outbox.wake()
        with pytest.raises(shared.Fenced):
            await dead.engine.claim(dead.outbox._limiter, before=dead.outbox._look)
        assert other.states() == {"a1": "in_flight", "a2": "queued"}
        await dead.membership._turn()
        other.platform.answers[0].set_result(model.Done("first"))  # type: ignore[attr-defined]
        await rig.until(lambda: len(dead.platform.calls) + len(other.platform.calls) == 3)
        for member in (dead, other):
            for answer in member.platform.answers:  # type: ignore[attr-defined]
                if not answer.done():
                    answer.set_result(model.Done())
        await settled(other)
        rows = other.rows("SELECT key, attempts, outcome FROM outbox ORDER BY id")
        assert [(key, attempts) for key, attempts, _ in rows] == [("a1", 2), ("a2", 1)]
        assert '"first"' in str(rows[0][2])


async def test_a_dead_one_ends_its_calls(url: str) -> None:
    async with cluster(url, core=decide, count=2, platform=Waiting) as two:
        dead, other = two.members
        dead.work()
        await queue(dead, rig.say("a1"))
        await rig.until(lambda: len(dead.platform.calls) == 1)
        await two.silence(dead)
        await other.membership.beat()
        await dead.membership._turn()
        [call] = dead.platform.answers[:1]  # type: ignore[attr-defined]
        await rig.until(call.cancelled)
        await rig.until(lambda: len(dead.platform.calls) == 2)
        assert [doubt for _, doubt in dead.platform.calls] == [False, True]
        dead.platform.answers[1].set_result(model.Done())  # type: ignore[attr-defined]
        await settled(other)


async def test_a_dead_one_waits_for_the_update_of_a_card_and_says_how_it_ended(url: str) -> None:
    """Another one sends a newer card meanwhile: the older one may arrive after it."""
    late: list[model.EffectCompleted] = []

    def core(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        if isinstance(event, model.EffectCompleted) and event.late:
            late.append(event)
        return rig.decide(event, view, now)

    async with cluster(url, core=core, count=2, platform=Waiting) as two:
        dead, other = two.members
        calls = dead.platform.answers  # type: ignore[attr-defined]
        dead.work()
        await dead.engine.submit(rig.asked(1))
        await rig.until(lambda: len(calls) == 1)
        calls[0].set_result(model.Done("card-77"))
        await settled(dead)
        await dead.engine.submit(rig.clicked(1, 1))
        await rig.until(lambda: len(calls) == 2)
        await two.silence(dead)
        await other.membership.beat()
        await dead.membership._turn()
        await rig.until(lambda: len(calls) == 3)
        calls[2].set_result(model.Done("card-77"))
        await settled(other)
        rows = other.rows("SELECT * FROM outbox ORDER BY id")
        calls[1].set_result(model.Done("card-77"))
        await rig.until(lambda: [one.attempt for one in late] == [1])
        assert other.rows("SELECT * FROM outbox ORDER BY id") == rows


async def dead() -> bool:
    """A sign of life that comes too late."""
    return False


async def test_nothing_is_begun_half_a_lease_after_the_last_sign_of_life(url: str) -> None:
    async with cluster(url, core=decide, count=2) as two:
        late, other = two.members
        late.work()
        beat, late.membership.beat = late.membership.beat, dead  # type: ignore[method-assign]
        two.clock.advance(seconds=LEASE.total_seconds() / 2)
        await queue(late, rig.say("a1"))
        await rig.until(lambda: late.rows("SELECT attempts FROM outbox") == [(1,)])
        await rig.until(lambda: late.states() == {"a1": "queued"})
        assert late.platform.calls == []
        late.membership.beat = beat  # type: ignore[method-assign]
        two.clock.advance(seconds=2)
        late.outbox.wake()
        await settled(other)
        assert late.platform.calls == [(rig.say("a1").body, False)]
        assert late.membership.silent < LEASE.total_seconds() / 2


async def test_a_further_call_is_not_begun_so_late_either(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cluster(url, core=decide, count=2, platform=Several) as two:
        late, _ = two.members
        answers = iter((True, True, False))

        async def may_send() -> bool:
            return next(answers)

        monkeypatch.setattr(late.membership, "may_send", may_send)
        late.work()
        await queue(late, rig.say("a1"))
        await settled(late)
        assert isinstance(late.platform, Several)
        assert len(late.platform.moments) == 2
        assert next(answers, None) is None


async def test_who_ends_is_waited_for_by_nobody(url: str) -> None:
    async with cluster(url, core=decide, count=2, platform=Waiting) as two:
        ending, other = two.members
        ending.work()
        other.membership.led = lambda: None  # type: ignore[attr-defined]
        await queue(ending, rig.say("a1"))
        await rig.until(lambda: len(ending.platform.calls) == 1)
        assert not await ending.outbox.drain(0.01)
        await ending.membership.leave()
        other.work()
        await rig.until(lambda: other.platform.calls == [(rig.say("a1").body, True)])
        other.platform.answers[0].set_result(model.Done())  # type: ignore[attr-defined]
        await settled(other)
        await other.membership.beat()
        assert other.membership.leads


async def test_a_commit_of_one_wakes_the_others(url: str) -> None:
    async with cluster(url, core=decide, count=2) as two:
        asking, sending = two.members
        sending.work()
        await asyncio.sleep(0)
        await queue(asking, rig.say("a1"))
        await settled(sending)
        assert said(sending.platform) == ["a1"]


async def test_what_has_ended_at_the_far_end_is_looked_at_by_the_one_that_leads(url: str) -> None:
    async with cluster(url, count=2) as two:
        looks = [0, 0]

        def look(number: int) -> poller.Poller:
            member = two[number]
            ticker = scheduler.Ticker(two.clock, member.membership.is_leader)
            made = poller.Poller(
                member.engine,
                lambda _: pytest.fail("no run is open"),
                two.clock,
                ticker,
                ticker.leads,
            )
            asked = made.poll

            async def counting(now: datetime) -> datetime | None:
                looks[number] += 1
                return await asked(now)

            ticker.add(poller.Poller.NAME, counting)
            ticker.start()
            stack.callback(ticker.stop)
            return made

        with contextlib.ExitStack() as stack:
            pollers = [look(0), look(1)]
            await rig.until(lambda: looks[0] > 0)
            before = looks[0]
            pollers[1].hurry()
            await rig.until(lambda: looks[0] > before)
            assert looks[1] == 0


PER_CHAT = RateLimit("chat", ("say",), "chat", 5, 60.0)
PER_APP = RateLimit("chat", ("say",), "app", 12, 60.0)


async def test_what_others_call_while_one_starts_counts_for_it(url: str) -> None:
    """It has joined, and claims only once it is connected."""
    async with cluster(url, PER_APP, core=decide, count=2) as two:
        works, starts = two.members
        works.work()
        await queue(works, *(rig.say(f"e{number}") for number in range(8)))
        await settled(works)
        await starts.engine.write(starts.outbox._look)
        assert [one.outbox.budgets()[0].calls for one in two] == [8, 8]


async def test_every_call_of_an_effect_of_another_counts(url: str) -> None:
    async with cluster(url, PER_APP, core=decide, count=2, platform=Several) as two:
        works, looks = two.members
        await looks.engine.write(looks.outbox._look)
        works.platform.gate.clear()
        works.work()
        await queue(works, rig.say("a"), rig.say("b"))
        await rig.until(lambda: len(works.platform.calls) == 2)
        await looks.engine.write(looks.outbox._look)
        assert [one.outbox.budgets()[0].calls for one in two] == [6, 6], "the last ones in flight"
        works.platform.gate.set()
        await settled(works)
        await looks.engine.write(looks.outbox._look)
        assert [one.outbox.budgets()[0].calls for one in two] == [6, 6]


@pytest.mark.parametrize("seed", range(3))
async def test_three_claim_heads_of_lanes_one_in_flight_and_within_the_budgets(
    url: str, seed: int
) -> None:
    chance = random.Random(seed)
    flying: Counter[str] = Counter()
    order: dict[str, list[str]] = {}
    moments: list[tuple[float, str]] = []
    lanes = {f"e{number}": chance.choice("abcdef") for number in range(48)}
    clock: list[rig.Clock] = []

    class Far(Platform):
        async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
            assert isinstance(effect, model.Say)
            lane, now = lanes[effect.key], clock[0].now().timestamp()
            flying[lane] += 1
            assert flying[lane] == 1, "two of a lane at once"
            order.setdefault(lane, []).append(effect.key)
            moments.append((now, lane))
            for wanted, of in ((5, lane), (12, "")):
                last = [at for at, chat in moments if chat == of or not of]
                assert len([at for at in last if at > now - 60]) <= wanted, "over the budget"
            for _ in range(chance.randrange(8)):
                await asyncio.sleep(0)
            flying[lane] -= 1
            return model.Done()

    async with cluster(url, PER_CHAT, PER_APP, core=decide, platform=Far) as three:
        clock.append(three.clock)
        for member in three:
            member.work()
        for key, lane in lanes.items():
            await queue(chance.choice(three.members), rig.say(key, lane, chat=lane))
        for _ in range(400):
            if not set(three[0].states().values()) & {"queued", "in_flight"}:
                break
            three.clock.advance(seconds=chance.randrange(1, 25))
            for member in three:
                await member.membership.beat()
                member.outbox.wake()
            await asyncio.sleep(0.01)
        await settled(three[0])
        assert sum(map(len, order.values())) == len(lanes), "none twice"
        for lane, keys in order.items():
            assert keys == [key for key, of in lanes.items() if of == lane]
        owners = three[0].rows("SELECT DISTINCT owner FROM outbox")
        assert len(owners) > 1, "several had a hand in it"
