"""The one queue out: order, budgets, retries, doubt, and nothing lost."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import model
from bot.model.manifests import RateLimit
from bot.runtime import outbox
from tests import properties, stores
from tests.bot import rig


@dataclass
class Platform:
    """A performer whose answers a test chooses. Calls wait for ``gate`` when it is shut."""

    answer: Callable[[model.Effect], model.Outcome] = lambda effect: model.Done("ref")
    calls: list[tuple[model.Effect, bool]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    flying: Counter[str] = field(default_factory=Counter)
    most: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        self.calls.append((effect, attempt.uncertain))
        self.flying["all"] += 1
        self.most = max(self.most, self.flying["all"])
        try:
            await self.gate.wait()
        finally:
            self.flying["all"] -= 1
        return self.answer(effect)

    def keys(self) -> list[str]:
        return [getattr(effect, "key", "update") for effect, _ in self.calls]


class Post:
    """An outbox at work over a rig; ``queue`` puts effects in by way of an event."""

    def __init__(self, r: rig.Rig, box: outbox.Outbox, platform: Platform) -> None:
        self.rig = r
        self.box = box
        self.platform = platform

    async def queue(self, *effects: model.NewEffect, drop: tuple[str, ...] = ()) -> None:
        event = rig.asked(f"q{next(COUNT)}")
        PLANNED[event.id] = model.Decision(effects=effects, drop_effects=drop)
        receipt = await self.rig.engine.submit(event)
        assert receipt.tone == "info"

    def states(self) -> dict[str, str]:
        return dict(self.rig.rows("SELECT key, state FROM outbox ORDER BY id"))  # type: ignore[arg-type]

    async def settled(self) -> None:
        await rig.until(lambda: not set(self.states().values()) & {"queued", "in_flight"})


COUNT = itertools.count()
PLANNED: dict[str, model.Decision] = {}


def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
    if event.id in PLANNED:
        return PLANNED.pop(event.id)
    return rig.decide(event, view, rig.START)


@contextlib.asynccontextmanager
async def posting(
    path: Path, *budgets: RateLimit, platform: Platform | None = None, **options: object
) -> AsyncIterator[Post]:
    async with rig.running(path, decide, chance=random.Random(1)) as r:
        platform = platform or Platform()
        box = outbox.Outbox(r.engine, lambda _: platform, budgets, r.clock, **options)  # type: ignore[arg-type]
        await box.recover()
        task = asyncio.create_task(box.run())
        yield Post(r, box, platform)
        platform.gate.set()
        await box.drain()
        await asyncio.wait_for(task, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_what_is_queued_leaves_at_once_and_comes_back_as_an_event(path: Path) -> None:
    async with posting(path) as post:
        await post.queue(rig.say("hello", context={"for": "bob"}))
        await post.settled()
        assert post.platform.calls == [(rig.say("hello").body, False)]
        (settled,) = [event for event in post.rig.seen if isinstance(event, model.EffectCompleted)]
        assert settled.id == "effect:1:1"
        assert settled.outcome == model.Done("ref")
        assert post.states() == {"hello": "done"}


async def test_a_key_is_queued_once(path: Path) -> None:
    async with posting(path) as post:
        await post.queue(rig.say("hello"), rig.say("hello"))
        await post.queue(rig.say("hello"))
        await post.settled()
        await post.queue(rig.say("hello"))
        assert post.platform.keys() == ["hello"]


async def test_a_lane_goes_one_by_one_and_lanes_do_not_wait_for_each_other(path: Path) -> None:
    platform = Platform()
    platform.gate.clear()
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1", "a"), rig.say("a2", "a"), rig.say("b1", "b"))
        await rig.until(lambda: len(platform.calls) == 2)
        assert platform.keys() == ["a1", "b1"]
        assert post.states() == {"a1": "in_flight", "a2": "queued", "b1": "in_flight"}
        platform.gate.set()
        await post.settled()
        assert platform.keys() == ["a1", "b1", "a2"]


async def test_a_head_that_waits_for_its_retry_holds_its_lane(path: Path) -> None:
    answers = iter([model.NotSent("busy"), model.Done(), model.Done(), model.Done()])
    platform = Platform(lambda effect: next(answers))
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1", "a"), rig.say("a2", "a"))
        await rig.until(lambda: post.rig.rows("SELECT attempts FROM outbox ORDER BY id")[0] == (1,))
        await rig.until(lambda: post.states()["a1"] == "queued")
        assert platform.keys() == ["a1"]
        post.rig.clock.advance(seconds=2)
        post.box.wake()
        await post.settled()
        assert platform.keys() == ["a1", "a1", "a2"]
        assert [doubt for _, doubt in platform.calls] == [False, False, False]


async def test_retries_back_off_until_it_is_too_late(path: Path) -> None:
    platform = Platform(lambda effect: model.NotSent("down"))
    async with posting(path, platform=platform) as post:
        run = model.StartRun(1, rig.PLAN, "", STEP, "name", {})
        await post.queue(rig.say("hello"), model.NewEffect("run", "run", run))
        waits: list[float] = []
        while set(post.states().values()) & {"queued", "in_flight"}:
            await rig.until(lambda: "in_flight" not in post.states().values())
            rows = post.rig.rows("SELECT due_at FROM outbox WHERE state = 'queued'")
            if not rows:
                break
            due = min(row[0] for row in rows)
            wait = due / 1000 - post.rig.clock.now().timestamp()
            if wait > 0:
                waits.append(wait)
                post.rig.clock.advance(seconds=wait)
            calls = len(platform.calls)
            post.box.wake()
            await rig.until(lambda: len(platform.calls) > calls)  # noqa: B023
            await rig.until(lambda: "in_flight" not in post.states().values())
        assert max(waits) <= 375
        assert post.states() == {"hello": "refused", "run": "refused"}
        outcomes = {
            event.effect: event.outcome
            for event in post.rig.seen
            if isinstance(event, model.EffectCompleted)
        }
        assert outcomes == {
            1: model.Refused("gave up: down", "gave_up"),
            2: model.Refused("gave up: down", "gave_up"),
        }
        times = {
            key: timedelta(milliseconds=last - first)
            for key, first, last in post.rig.rows("SELECT key, created_at, settled_at FROM outbox")
        }
        assert timedelta(minutes=15) < times["run"] < timedelta(minutes=21)
        assert timedelta(hours=24) < times["hello"] < timedelta(hours=24, minutes=7)


STEP = model.Step(1, 0, "token-1", "batch", "cn-hangzhou", ("i-1",))


@pytest.mark.parametrize(
    "outcome", [model.Refused("no", "400"), model.Unknown("timeout", "token-1")]
)
async def test_no_and_perhaps_are_never_sent_again(path: Path, outcome: model.Outcome) -> None:
    async with posting(path, platform=Platform(lambda effect: outcome)) as post:
        await post.queue(rig.say("hello"))
        await post.settled()
        post.rig.clock.advance(days=2)
        post.box.wake()
        await post.queue(rig.say("other"))
        await post.settled()
        assert post.platform.keys() == ["hello", "other"]
        assert post.states()["hello"] == outcome.kind


async def test_a_performer_that_raises_or_hangs_leaves_it_unknown(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(effect: model.Effect) -> model.Outcome:
        raise LookupError("bug")

    platform = Platform(answer)
    async with posting(path, platform=platform, call_deadline=0.05) as post:
        with caplog.at_level(logging.ERROR):
            await post.queue(
                model.NewEffect("run", "run", model.StartRun(1, rig.PLAN, "", STEP, "", {}))
            )
            await post.settled()
            platform.gate.clear()
            await post.queue(rig.say("hangs"))
            await post.settled()
        outcomes = [
            event.outcome for event in post.rig.seen if isinstance(event, model.EffectCompleted)
        ]
        assert outcomes == [
            model.Unknown("LookupError in the adapter", "token-1"),
            model.Unknown("TimeoutError in the adapter"),
        ]
        assert "Traceback" in caplog.text


async def test_the_card_is_known_once_shown_and_updates_name_it(path: Path) -> None:
    platform = Platform(lambda effect: model.Done("card-77", {"alias": "om_77"}))
    platform.gate.clear()
    async with posting(path, platform=platform) as post:
        await post.rig.engine.submit(rig.asked(1))
        await rig.until(lambda: len(platform.calls) == 1)
        await post.rig.engine.submit(rig.clicked(1, 1))
        platform.gate.set()
        await post.settled()
        sent = platform.calls[1][0]
        assert isinstance(sent, model.UpdateCard)
        assert sent.ref == "card-77"
        rows = post.rig.rows("SELECT card, card_alias, version FROM requests ORDER BY id")
        assert rows == [("card-77", "om_77", 2)]
        with post.rig.store.reading() as reader:
            request = reader.request(1)
        assert request is not None
        assert (request.card, request.state) == ("card-77", model.State.APPROVED)
        for name in ("card-77", "om_77"):
            needs = model.Needs(platform="chat", card=name)
            view = await post.rig.engine.write(lambda w, n=needs: w.view(n, rig.START))  # type: ignore[misc]
            assert view.request == request


async def test_an_update_of_a_card_that_was_never_shown_is_refused_without_a_call(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Platform(lambda effect: model.Refused("no such chat"))
    async with posting(path, platform=platform) as post:
        await post.rig.engine.submit(rig.asked(1))
        await post.settled()
        await post.rig.engine.submit(rig.clicked(1, 1))
        await post.settled()
        assert len(platform.calls) == 1
        assert post.states() == {"card:1": "refused", "card:1:2": "refused"}
    refused = [r.getMessage() for r in caplog.records if "was refused" in r.getMessage()]
    assert refused == ["effect 1 (show_card) was refused: no such chat"]


async def test_a_newer_update_replaces_those_not_sent(path: Path) -> None:
    platform = Platform(lambda effect: model.Done("card-1"))
    platform.gate.clear()
    async with posting(path, platform=platform) as post:
        await post.rig.engine.submit(rig.asked(1))
        await rig.until(lambda: len(platform.calls) == 1)
        for version in range(2, 6):
            await post.queue(rig.update(1, version, rig.place()))
        platform.gate.set()
        await post.settled()
        assert len(platform.calls) == 2
        assert Counter(post.states().values()) == {"done": 2, "dropped": 3}
        assert post.states()["card:1:5"] == "done"


async def test_effects_are_dropped_unless_they_were_sent(path: Path) -> None:
    platform = Platform()
    platform.gate.clear()
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1", "a"), rig.say("a2", "a"))
        await rig.until(lambda: len(platform.calls) == 1)
        await post.queue(drop=("a1", "a2", "nothing"))
        assert post.states() == {"a1": "in_flight", "a2": "dropped"}
        platform.gate.set()
        await post.settled()
        assert post.states() == {"a1": "done", "a2": "dropped"}


async def test_what_was_in_flight_is_sent_again_in_doubt(path: Path) -> None:
    platform = Platform()
    platform.gate.clear()
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1", "a"), rig.say("a2", "a"))
        await rig.until(lambda: len(platform.calls) == 1)
        assert not await post.box.drain(deadline=0.01)
        assert post.states() == {"a1": "in_flight", "a2": "queued"}
    async with posting(path) as post:
        await post.settled()
        assert [(key, doubt) for key, (_, doubt) in zip(post.platform.keys(), post.platform.calls, strict=True)] == [("a1", True), ("a2", False)]  # fmt: skip  # noqa: E501
        (settled, _) = [
            event for event in post.rig.seen if isinstance(event, model.EffectCompleted)
        ]
        assert settled.id == "effect:1:2"


class Waiting(Platform):
    """Each call waits for an answer of its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.answers: list[asyncio.Future[model.Outcome]] = []

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        self.calls.append((effect, attempt.uncertain))
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]


@pytest.mark.parametrize("late", [model.Done("late"), model.NotSent("late"), model.Refused("late")])
@pytest.mark.parametrize("moment", ["queued", "in_flight", "done"])
async def test_the_outcome_of_a_try_that_was_taken_over_changes_nothing(
    path: Path, moment: str, late: model.Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    platform, second = Waiting(), model.Done("second")
    async with posting(path, platform=platform) as post:

        async def at(state: str) -> None:
            """Let the taken over try end while its effect is in this state."""
            if state == moment:
                rows = post.rig.rows("SELECT * FROM outbox ORDER BY id")
                platform.answers[0].set_result(late)
                await rig.until(lambda: f"ended too late ({late.kind})" in caplog.text)
                assert post.rig.rows("SELECT * FROM outbox ORDER BY id") == rows
            assert post.states() == {"a": state}

        await post.queue(rig.say("a"))
        await rig.until(lambda: len(platform.calls) == 1)
        assert await post.rig.engine.write(lambda writer: writer.recover()) == 1
        post.rig.clock.advance(seconds=-1)  # it is not due yet
        await at("queued")
        post.rig.clock.advance(seconds=1)
        post.box.wake()
        await rig.until(lambda: len(platform.calls) == 2)
        await at("in_flight")
        platform.answers[1].set_result(second)
        await rig.until(lambda: post.states() == {"a": "done"})
        await at("done")
        assert [doubt for _, doubt in platform.calls] == [False, True]
        outcomes = [e.outcome for e in post.rig.seen if isinstance(e, model.EffectCompleted)]
        assert outcomes == [second]


async def test_drain_waits_for_calls_and_claims_nothing_more(path: Path) -> None:
    platform = Platform()
    platform.gate.clear()
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1", "a"), rig.say("a2", "a"))
        await rig.until(lambda: len(platform.calls) == 1)
        draining = asyncio.create_task(post.box.drain())
        await asyncio.sleep(0)
        await post.queue(rig.say("late"))
        platform.gate.set()
        assert await draining
        assert post.states() == {"a1": "done", "a2": "queued", "late": "queued"}


async def test_so_many_calls_at_once_and_no_more_per_platform(path: Path) -> None:
    platform = Platform()
    platform.gate.clear()
    async with posting(path, platform=platform, in_flight=5) as post:
        await post.queue(*(rig.say(f"s{n}") for n in range(20)))
        await rig.until(lambda: len(platform.calls) == 5)
        await post.queue(rig.say("elsewhere", platform="other"))
        await rig.until(lambda: len(platform.calls) == 6)
        assert platform.keys()[-1] == "elsewhere"
        platform.gate.set()
        await post.settled()
        assert len(platform.calls) == 21
        assert platform.most == 6


# ----------------------------------------------------------------------------- budgets

PER_CHAT = RateLimit("chat", ("say", "card"), "chat", 3, 60.0)
PER_APP = RateLimit("chat", ("say",), "app", 5, 1.0)


async def test_a_chat_over_its_budget_waits_and_delays_nobody(path: Path) -> None:
    async with posting(path, PER_CHAT) as post:
        await post.queue(*(rig.say(f"a{n}", chat="a") for n in range(5)))
        await post.queue(rig.say("b", chat="b"))
        await rig.until(lambda: len(post.platform.calls) == 4)
        await rig.until(lambda: "in_flight" not in post.states().values())
        assert sorted(post.platform.keys()) == ["a0", "a1", "a2", "b"]
        post.rig.clock.advance(seconds=59.9)
        await post.queue(rig.say("c", chat="c"))
        await rig.until(lambda: post.states()["c"] == "done")
        assert post.states()["a3"] == "queued"
        post.rig.clock.advance(seconds=0.2)
        post.box.wake()
        await post.settled()
        assert post.platform.keys()[-2:] == ["a3", "a4"]


async def test_a_budget_of_the_whole_app_spans_its_chats(path: Path) -> None:
    async with posting(path, PER_CHAT, PER_APP) as post:
        await post.queue(*(rig.say(f"s{n}", chat=f"c{n}") for n in range(8)))
        await rig.until(lambda: Counter(post.states().values()) == {"done": 5, "queued": 3})
        post.rig.clock.advance(seconds=1)
        post.box.wake()
        await post.settled()


class RealClock(rig.Clock):
    def now(self):  # type: ignore[no-untyped-def]
        return rig.datetime.now(rig.UTC)


@dataclass
class Several(Platform):
    """Makes three calls for each effect."""

    moments: list[float] = field(default_factory=list)

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        for _ in range(3):
            await attempt.call()
            self.moments.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0)
        return await super().perform(effect, attempt)


async def test_every_call_of_an_effect_counts_and_waits_for_its_turn(path: Path) -> None:
    platform, span = Several(), 0.1
    budgets = [
        RateLimit("chat", ("say",), "app", 4, span),
        RateLimit("chat", ("say",), "app", 99, 60),
    ]
    with stores.opened(path) as opened:
        door = rig.engine.Engine(opened, rig.reading(decide), RealClock())
        door.start()
        box = outbox.Outbox(door, lambda _: platform, budgets, RealClock())
        task = asyncio.create_task(box.run())
        event = rig.asked("several")
        PLANNED[event.id] = model.Decision(effects=tuple(rig.say(f"s{n}") for n in range(5)))
        await door.submit(event)
        await rig.until(lambda: len(platform.calls) == 5)
        await box.drain()
        await task
        first, last = platform.moments[:-4], platform.moments[4:]
        assert all(b - a > span - 0.005 for a, b in zip(first, last, strict=True)), "4 within 0.1 s"
        again = outbox.Outbox(door, lambda _: platform, budgets, RealClock())
        await again.recover()
        assert again.budgets()[1].calls == len(platform.moments) == 15
        await door.close()


async def test_a_budget_wakes_by_itself(path: Path) -> None:
    budget = RateLimit("chat", ("say",), "chat", 1, 0.05)
    with stores.opened(path) as opened:
        door = rig.engine.Engine(opened, rig.reading(decide), RealClock())
        door.start()
        platform = Platform()
        box = outbox.Outbox(door, lambda _: platform, [budget], RealClock())
        task = asyncio.create_task(box.run())
        event = rig.asked("wake")
        PLANNED[event.id] = model.Decision(effects=(rig.say("1"), rig.say("2"), rig.say("3")))
        await door.submit(event)
        await rig.until(lambda: len(platform.calls) == 3)
        await box.drain()
        await task
        await door.close()


async def test_a_restart_remembers_the_budget_and_the_pause(path: Path) -> None:
    async with posting(path, PER_CHAT) as post:
        await post.queue(*(rig.say(f"a{n}") for n in range(3)))
        await post.settled()
    limited = Platform(lambda effect: model.NotSent("rate limit", 120.0))
    async with posting(path, PER_CHAT, platform=limited) as post:
        await post.queue(rig.say("a3"), rig.say("b", chat="b"), rig.say("b2", chat="b"))
        await rig.until(
            lambda: post.rig.rows("SELECT attempts FROM outbox WHERE key='b'") == [(1,)]
        )
        await rig.until(lambda: "in_flight" not in post.states().values())
        assert sorted(limited.keys()) == ["b", "b2"]
    async with posting(path, PER_CHAT) as post:
        await post.queue(rig.say("b3", chat="b"), rig.say("c", chat="c"))
        await rig.until(lambda: post.states()["c"] == "done")
        assert post.platform.keys() == ["c"]
        post.rig.clock.advance(seconds=121)
        post.box.wake()
        await post.settled()
        assert sorted(post.platform.keys()) == ["a3", "b", "b2", "b3", "c"]


async def test_a_rate_limit_pauses_its_chat(path: Path) -> None:
    answers = iter([model.NotSent("429", 10.0)])
    platform = Platform(lambda effect: next(answers, model.Done()))
    async with posting(path, platform=platform) as post:
        await post.queue(rig.say("a1", chat="a"))
        await rig.until(lambda: post.states()["a1"] == "queued" and len(platform.calls) == 1)
        await rig.until(lambda: post.rig.rows("SELECT outcome FROM outbox ORDER BY id")[0][0] != "")
        await post.queue(rig.say("a2", chat="a"), rig.say("b", chat="b"))
        await rig.until(lambda: post.states()["b"] == "done")
        assert platform.keys() == ["a1", "b"]
        post.rig.clock.advance(seconds=10)
        post.box.wake()
        await post.settled()


# ----------------------------------------------------------------------------- cards


def drawer(shown: list[str]) -> Callable[[model.StoredEffect, model.View], model.ShowCard]:
    """Draws the state of the request as the card's tag, and remembers what was drawn."""

    def draw(effect: model.StoredEffect, view: model.View) -> model.ShowCard:
        assert view.request is not None
        shown.append(f"{effect.body.kind} {view.request.state}")
        return replace(effect.body, card=replace(rig.CARD, tag=view.request.state))  # type: ignore[type-var, return-value]

    return draw


def undrawn(*effects: model.NewEffect) -> tuple[model.NewEffect, ...]:
    return tuple(replace(one, body=replace(one.body, card=None)) for one in effects)  # type: ignore[arg-type, type-var]


def tags(platform: Platform) -> list[str]:
    return [effect.drawing.tag for effect, _ in platform.calls]  # type: ignore[union-attr]


async def approved(post: Post) -> None:
    """Nothing is queued: the request only changes."""
    with post.rig.store.reading() as reader:
        request = reader.request(1)
    assert request is not None
    new = replace(request, state=model.State.APPROVED, version=request.version + 1)
    seen = rig.clicked(f"quiet{next(COUNT)}", 1)
    PLANNED[seen.id] = model.Decision(request=new)
    await post.rig.engine.submit(seen)


async def test_an_update_shows_the_state_at_the_moment_when_it_is_sent(path: Path) -> None:
    """Also at a later try: an update that was put off must not show what was true before."""
    answers = iter([model.Done("card-1"), model.NotSent("busy"), model.Done(), model.Done()])
    platform, shown = Platform(lambda effect: next(answers)), list[str]()
    async with posting(path, platform=platform, draw=drawer(shown)) as post:
        await post.rig.engine.submit(rig.asked(1))
        await post.settled()
        await post.queue(*undrawn(rig.update(1, 2, rig.place())))
        await rig.until(lambda: post.rig.rows("SELECT attempts FROM outbox WHERE id=2") == [(1,)])
        await rig.until(lambda: post.states()["card:1:2"] == "queued")
        await approved(post)
        post.rig.clock.advance(seconds=2)
        post.box.wake()
        await post.settled()
    assert tags(platform) == ["pending", "pending", "approved"]
    assert [getattr(effect, "ref", "") for effect, _ in platform.calls] == ["", "card-1", "card-1"]
    assert shown == ["update_card pending", "update_card approved"], "the first was stored drawn"


async def test_the_first_card_is_drawn_once_and_is_the_same_after_a_crash(path: Path) -> None:
    platform, shown = Platform(), list[str]()
    body = model.ShowCard(rig.place(), None, "first")
    async with posting(path, platform=platform, draw=drawer(shown)) as post:
        await post.rig.engine.submit(rig.asked(1))
        await post.settled()
        platform.gate.clear()
        await post.queue(model.NewEffect("first", "first", body, 1))
        await rig.until(lambda: len(platform.calls) == 2)
        await approved(post)
        assert not await post.box.drain(deadline=0.01)
    async with posting(path, platform=platform, draw=drawer(shown)) as post:
        await post.settled()
    assert tags(platform) == ["pending", "pending", "pending"]
    assert [doubt for _, doubt in platform.calls] == [False, False, True]
    assert shown == ["show_card pending"]


async def test_a_card_that_cannot_be_drawn_holds_up_nothing_behind_it(path: Path) -> None:
    def draw(effect: model.StoredEffect, view: model.View) -> model.UpdateCard:
        raise KeyError("a bug")

    async with posting(path, draw=draw) as post:
        await post.rig.engine.submit(rig.asked(1))
        await post.settled()
        await post.queue(*undrawn(rig.update(1, 2, rig.place())), rig.say("word", "card:1"))
        await post.settled()
        assert post.states() == {"card:1": "done", "card:1:2": "refused", "word": "done"}
        assert post.platform.keys() == ["card-1", "word"]


# ----------------------------------------------------------------------------- whatever happens

WORK = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.lists(st.sampled_from(["not_sent", "limited", "raise"]), max_size=3),
        st.sampled_from(["done", "refused", "unknown"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=properties.examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(work=WORK, restarts=st.integers(0, 3), seed=st.integers(0, 2**16))
def test_never_two_in_flight_in_a_lane_and_nothing_lost(
    tmp_path_factory: pytest.TempPathFactory,
    work: list[tuple[str, list[str], str]],
    restarts: int,
    seed: int,
) -> None:
    asyncio.run(_play(tmp_path_factory.mktemp("play") / "store.db", work, restarts, seed))


async def _play(
    path: Path, work: list[tuple[str, list[str], str]], restarts: int, seed: int
) -> None:
    effects = [rig.say(f"e{n}", lane, chat=lane) for n, (lane, _, _) in enumerate(work)]
    scripts = {f"e{n}": [*hitches, last] for n, (_, hitches, last) in enumerate(work)}
    lanes = {f"e{n}": lane for n, (lane, _, _) in enumerate(work)}
    chance = random.Random(seed)
    flying: set[str] = set()
    ended: list[str] = []

    class Far:
        async def perform(self, effect: model.Say, attempt: model.Attempt) -> model.Outcome:
            lane = lanes[effect.key]
            assert lane not in flying
            flying.add(lane)
            try:
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                step = scripts[effect.key].pop(0)
            finally:
                flying.discard(lane)
            if step == "not_sent":
                return model.NotSent("later")
            if step == "limited":
                return model.NotSent("later", 3.0)
            ended.append(effect.key)
            if step == "raise":
                raise RuntimeError
            return {"done": model.Done(), "refused": model.Refused("no")}.get(
                step, model.Unknown("perhaps")
            )

    clock = rig.Clock()
    for start in range(restarts + 1):
        async with rig.running(path, decide, clock) as r:
            box = outbox.Outbox(r.engine, lambda _: Far(), [replace(PER_CHAT, count=2)], clock)
            await box.recover()
            task = asyncio.create_task(box.run())
            if start == 0:
                event = rig.asked("all")
                PLANNED[event.id] = model.Decision(effects=tuple(effects))
                await r.engine.submit(event)
            rounds = chance.randrange(6) if start < restarts else 4000
            for _ in range(rounds):
                open_ = "SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'in_flight')"
                if r.rows(open_) == [(0,)]:
                    break
                clock.advance(seconds=20)
                box.wake()
                await asyncio.sleep(0.001)
            await box.drain()
            await task
            if start == restarts:
                states = dict(r.rows("SELECT key, state FROM outbox"))  # type: ignore[arg-type]
    assert set(states.values()) <= {"done", "refused", "unknown"}
    assert sorted(ended) == sorted(scripts)
    for lane in "abc":
        mine = [key for key in ended if lanes[key] == lane]
        assert mine == [f"e{n}" for n in range(len(work)) if lanes[f"e{n}"] == lane]
