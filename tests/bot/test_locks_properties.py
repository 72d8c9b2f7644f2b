"""The queue for instances and resources, driven against a naive model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model
from bot.policy import locking
from tests import properties

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = "abcd"


@dataclass
class Rows:
    """Locks as the store keeps them. The rest of an archive is not asked."""

    rows: list[model.Lock] = field(default_factory=list)

    def locks_of(self, request: int) -> Sequence[model.Lock]:
        return [one for one in self.rows if one.request == request]

    def locks_on(self, names: Sequence[str], apart: int, limit: int) -> Sequence[model.Lock]:
        matches = [one for one in self.rows if one.name in names and one.request != apart]
        return sorted(matches, key=lambda one: (one.state, one.since, one.request))[:limit]

    def put(self, request: int, names: frozenset[str], since: datetime, held: bool) -> None:
        self.rows = [one for one in self.rows if one.request != request]
        state = "held" if held else "waiting"
        self.rows += [
            model.Lock(name, name, request, True, since, state)  # type: ignore[arg-type]
            for name in sorted(names)
        ]


needs = st.frozensets(st.sampled_from(NAMES), min_size=1, max_size=3)


@settings(max_examples=properties.examples(60), deadline=None)
@given(
    wanted=st.lists(needs, min_size=1, max_size=7),
    ends=st.lists(st.integers(0, 6), max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_who_runs_is_who_meets_nobody_that_was_approved_before(
    wanted: list[frozenset[str]], ends: list[int], order: object
) -> None:
    """Whatever order those that wait are judged in, a request has what it needs exactly if nobody
    approved before it, and still there, needs any of it. So no two have the same, nobody is
    overtaken, and nobody waits for ever."""
    archive, open_ = Rows(), dict[int, frozenset[str]]()

    def settle() -> None:
        for _ in open_:
            numbers = [*open_]
            order.shuffle(numbers)  # type: ignore[attr-defined]
            for number in numbers:
                turn = EPOCH + timedelta(seconds=number // 2)  # two of them at the same moment
                needed = [locking.Need(name, name, "queue") for name in open_[number]]
                other = locking.contention(archive, needed, number, turn)  # type: ignore[arg-type]
                archive.put(number, open_[number], turn, other is None)

    def check() -> None:
        running = {one.request for one in archive.rows if one.state == "held"}
        meets = {
            number: [one for one in open_ if one < number and open_[one] & open_[number]]
            for number in open_
        }
        assert running == {number for number, others in meets.items() if not others}
        assert running or not open_

    for number, names in enumerate(wanted, 1):
        open_[number] = names
        settle()
        check()
    for place in ends:
        running = sorted({one.request for one in archive.rows if one.state == "held"})
        if running:
            ended = running[place % len(running)]
            del open_[ended]
            archive.rows = [one for one in archive.rows if one.request != ended]
            settle()
            check()
