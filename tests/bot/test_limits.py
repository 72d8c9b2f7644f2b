"""What counts against a limit, whichever process made the call and whatever became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import model
from bot.model.manifests import RateLimit
from bot.runtime import limits
from bot.store import codec
from bot.store.sql.writer import Writer
from tests import stores
from tests.bot import rig

MINUTE = RateLimit("chat", ("say",), "app", 5, 60.0)


class Far:
    """A store, and the processes that come and go on it."""

    def __init__(self, writer: Writer) -> None:
        self.writer, self.clock = writer, rig.Clock()
        self.replicas = 0

    def queue(self, *keys: str) -> None:
        decision = model.Decision(effects=tuple(rig.say(key) for key in keys))
        self.writer.begin()
        self.writer.apply(self.writer.view(model.Needs(), self.now), decision, self.now)
        self.writer.commit()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def limiter(self) -> limits.RateLimiter:
        return limits.RateLimiter([MINUTE], self.clock)

    def join(self) -> None:
        """From here on another replica writes."""
        self.replicas += 1
        self.writer.begin()
        self.writer.join(f"r{self.replicas}", "1.0", "")
        self.writer.commit()

    def claim(self) -> None:
        self.writer.begin()
        assert len(self.writer.claim(self.now, self.limiter()).effects) == 1
        self.writer.commit()

    def end(self, outcome: model.Outcome) -> None:
        self.writer.begin()
        self.writer.settle(1, outcome, codec.ms(self.now))
        self.writer.commit()

    def recover(self) -> None:
        self.writer.begin()
        assert self.writer.recover() == 1
        self.writer.commit()

    def known(self) -> int:
        """So many calls count for a process that starts now."""
        limiter = self.limiter()
        self.writer.begin()
        limiter.remember(self.writer.history(self.now - limiter.longest, self.now))
        self.writer.commit()
        return limiter.usage()[0].calls

    def learnt(self, limiter: limits.RateLimiter, since: int) -> int:
        """So many count for a replica that looks at what others claimed ``since``."""
        self.writer.begin()
        limiter.learn(self.writer.calls_of_others(since, codec.ms(self.now)))
        self.writer.commit()
        return limiter.usage()[0].calls


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Far]:
    with stores.opened(tmp_path / "store.db") as opened:
        assert opened.writer is not None
        yield Far(opened.writer)


def test_every_try_counts_for_a_process_that_starts(far: Far) -> None:
    far.queue("a")
    for tries in (1, 2, 3):
        far.claim()
        far.recover()
        assert far.known() == tries
        far.clock.advance(seconds=10)
    far.clock.advance(seconds=70)
    assert far.known() == 1, "nobody saw how the last one ended; the others are long over"


def test_every_try_of_others_counts_for_a_replica(far: Far) -> None:
    far.queue("a")
    far.join()
    mine, before = far.limiter(), far.writer.replica
    for _ in range(2):
        far.join()
        far.claim()
        far.writer.begin()
        far.writer.leave()
        far.writer.commit()
    far.writer.replica = before
    assert far.learnt(mine, 0) == 2
    far.clock.advance(seconds=1)
    assert far.learnt(mine, 0) == 2, "each of them once"
    far.claim()
    assert far.learnt(mine, 0) == 2, "what it calls itself it has counted already"


def test_a_call_counts_from_its_end_however_long_it_took(far: Far) -> None:
    far.queue("a")
    far.claim()
    far.clock.advance(seconds=100)
    far.end(model.Done())
    far.clock.advance(seconds=59)
    assert far.known() == 1
    far.clock.advance(seconds=2)
    assert far.known() == 0


def test_what_is_known_of_earlier_tries_is_forgotten_after_a_day(far: Far) -> None:
    far.queue("a")
    for _ in range(3):
        far.claim()
        far.recover()
        far.clock.time += timedelta(days=2)
    far.claim()
    rows = far.writer.connection.execute("SELECT attempt FROM calls").fetchall()
    assert [attempt for (attempt,) in rows] == [3]
