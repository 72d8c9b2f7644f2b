"""Several replicas take effects out of one database, and are killed at any moment: a lane is
claimed by its head, one at a time, and each effect ends once."""

from __future__ import annotations

import random
import threading
from collections import defaultdict

import pytest

from bot import model, store
from bot.store import codec
from bot.store.postgres import server
from bot.store.sql.writer import Writer
from tests.bot import rig

pytestmark = pytest.mark.sqlite("brings a database along")

WRITERS, LANES, STEPS = 3, 4, 30
NOW = codec.ms(rig.START)


class Some:
    """A quota that lets a few go."""

    def __init__(self, most: int) -> None:
        self.most = most

    def room(self, rate_key: store.RateKey) -> store.Allowance:
        return store.Allowance(self.most)

    def take(self, rate_key: store.RateKey) -> None:
        self.most -= 1

    def give_back(self, rate_key: store.RateKey) -> None:
        self.most += 1


class Killed(Exception):
    """The replica is gone."""


class History:
    """What was committed, in the order of the commits. A writer notes what it does while nobody
    else can write, and takes it back if it does not commit."""

    def __init__(self) -> None:
        self.lanes: dict[str, list[int]] = defaultdict(list)
        """The effects that have not ended, by lane, oldest first."""
        self.flying: dict[str, int] = {}
        self.ended: list[int] = []
        self.attempts: dict[int, int] = defaultdict(int)

    def claimed(self, one: store.Claimed) -> None:
        effect = one.effect
        assert effect.lane not in self.flying, "two of a lane are in flight"
        assert effect.id == self.lanes[effect.lane][0], "it is not the head of its lane"
        self.flying[effect.lane] = effect.id
        self.attempts[effect.id] += 1
        assert one.attempt.number == self.attempts[effect.id]

    def settled(self, lane: str, number: int) -> None:
        assert self.flying.pop(lane) == number
        assert self.lanes[lane].pop(0) == number
        self.ended.append(number)

    def recovered(self) -> None:
        self.flying.clear()


class Replica:
    """One writer, which does a few things and may be killed by any of them."""

    def __init__(self, url: str, history: History, seed: str) -> None:
        self.url, self.history = url, history
        self.chance = random.Random(seed)
        self.name = seed
        self.held: list[store.Claimed] = []
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            with server.Store(self.url) as opened:
                assert opened.writer is not None
                for step in range(STEPS):
                    self.act(opened.writer, step)
        except Killed:
            return
        except BaseException as fault:
            self.fault = fault

    def act(self, writer: Writer, step: int) -> None:
        """One transaction. Where it ends before its commit, nothing of it has happened."""
        writer.begin()
        if self.chance.random() < 0.02:
            raise Killed("before anything was written")
        queued: list[tuple[str, int]] = []
        kind = self.chance.choice(("queue", "claim", "claim", "settle", "settle"))
        taken: list[store.Claimed] = []
        if kind == "queue":
            queued = self.queue(writer, step)
        elif kind == "claim":
            taken = list(writer.claim(rig.START, Some(self.chance.randint(1, 3))).effects)
        elif self.held:
            one = self.held[0]
            writer.settle(one.effect.id, model.Done(), NOW)
        if self.chance.random() < 0.03:
            raise Killed("before the commit")
        self.note(kind, taken, queued)
        writer.commit()
        if self.chance.random() < 0.03:
            raise Killed("after the commit")

    def queue(self, writer: Writer, step: int) -> list[tuple[str, int]]:
        lanes = [f"lane-{self.chance.randrange(LANES)}" for _ in range(self.chance.randint(1, 3))]
        effects = [rig.say(f"{self.name}-{step}-{n}", lane) for n, lane in enumerate(lanes)]
        view = writer.view(model.Needs(), rig.START)
        writer.apply(view, model.Decision(effects=tuple(effects)), rig.START)
        keys = [effect.key for effect in effects]
        query = "SELECT lane, id FROM outbox WHERE key = ?"
        return [writer.connection.execute(query, (key,)).fetchone() for key in keys]

    def note(self, kind: str, taken: list[store.Claimed], queued: list[tuple[str, int]]) -> None:
        for lane, number in queued:
            self.history.lanes[lane].append(number)
        for one in taken:
            self.history.claimed(one)
            self.held.append(one)
        if kind == "settle" and self.held:
            one = self.held.pop(0)
            self.history.settled(one.effect.lane, one.effect.id)


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 20))]
)
def test_lanes_are_claimed_by_their_heads_one_at_a_time(database: str, seed: int) -> None:
    history = History()
    server.Store(database).close()
    for life in range(4):
        replicas = [Replica(database, history, f"{seed}-{life}-{n}") for n in range(WRITERS)]
        threads = [threading.Thread(target=one.run) for one in replicas]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [one.fault for one in replicas if one.fault] == []
        with server.Store(database) as opened:
            writer = opened.writer
            assert writer is not None
            writer.begin()
            assert writer.recover() == len(history.flying)
            writer.commit()
        history.recovered()
    finish(database, history)
    assert history.ended
    assert not any(history.lanes.values())
    with server.Store(database) as opened, opened.reading() as reader:
        rows = reader.connection.execute("SELECT id, attempts, state FROM outbox").fetchall()
        assert {row[2] for row in rows} == {"done"}
        assert {row[0]: row[1] for row in rows} == dict(history.attempts)
        assert sorted(history.ended) == sorted(row[0] for row in rows)


def finish(database: str, history: History) -> None:
    """Send what is left."""
    with server.Store(database) as opened:
        writer = opened.writer
        assert writer is not None
        while True:
            writer.begin()
            taken = writer.claim(rig.START, Some(100)).effects
            for one in taken:
                history.claimed(one)
            for one in taken:
                writer.settle(one.effect.id, model.Done(), NOW)
                history.settled(one.effect.lane, one.effect.id)
            writer.commit()
            if not taken:
                return
