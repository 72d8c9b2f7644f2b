"""Batches in any order of asking, voting, cancelling and splitting, against a naive model: what two
people approved on one card that showed it starts once, and nothing else does."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model
from bot.model import State
from tests import properties, stores
from tests.bot.stage import Stage
from tests.bot.test_batches import batching, starts

VOTERS = ("bob", "carol", "erin")
STEPS = st.one_of(
    st.just(("ask",)),
    st.tuples(st.just("approve"), st.sampled_from(VOTERS), st.integers(0, 5)),
    st.tuples(st.sampled_from(("cancel", "split")), st.integers(1, 5)),
    st.just(("follow",)),
)


@dataclass(frozen=True)
class Shown:
    """A card as it stood at a time: its request, its code, and all that it showed."""

    request: int
    code: str
    members: frozenset[int]


@dataclass
class Play:
    stage: Stage
    cards: list[Shown] = field(default_factory=list)
    agreed: dict[Shown, set[str]] = field(default_factory=dict)
    ran: Counter[int] = field(default_factory=Counter)

    def take(self, step: tuple[object, ...]) -> None:
        match step:
            case ("ask",):
                self.stage.ask("alice", f"restart web-0{len(self.requests()) % 3 + 1}")
            case ("approve", str(who), int(number)) if self.cards:
                card = self.cards[-1 - number % len(self.cards)]
                ref = self.stage.request(card.request).card
                pressed = self.stage.click(who, card.request, "approve", card.code, ref)
                if pressed.tone == "success":
                    self.agreed.setdefault(card, set()).add(who)
            case ("cancel", number):
                self.stage.ask("alice", f"cancel {number}")
            case ("split", number):
                self.stage.ask("alice", f"batch split {number}")
            case ("follow",):
                self.stage.tick(0)
        self.ran.update(starts(self.stage.work()))
        self.look()

    def requests(self) -> list[model.Request]:
        return list(self.stage.read(lambda reader: reader.recent_requests(50)))

    def look(self) -> None:
        """Note every card that asks now."""
        for one in self.requests():
            if one.state is State.PENDING and one.leads and one.card:
                members = one.batch.members if one.batch is not None else (one.id,)
                shown = Shown(one.id, one.code, frozenset(members))
                if shown not in self.cards:
                    self.cards.append(shown)


@settings(max_examples=properties.examples(60), deadline=None)
@given(st.lists(STEPS, min_size=4, max_size=16))
def test_what_two_people_approved_on_one_card_starts_once_and_nothing_else(
    steps: list[tuple[object, ...]],
) -> None:
    known = batching()
    two = replace(known.policies["any"], mode="count", count=2)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), replace(known, policies={**known.policies, "any": two}))
        play = Play(stage)
        for step in (("ask",), ("ask",), *steps, ("follow",), ("follow",)):
            play.take(step)
        approved = {
            number
            for card, people in play.agreed.items()
            if len(people) >= 2
            for number in card.members
        }
        assert set(play.ran) == approved
        assert set(play.ran.values()) <= {1}
        left = [one for one in play.requests() if one.id not in approved]
        assert {one.state for one in left} <= {State.PENDING, State.CANCELLED}
        assert not stores.findings(stage.path)
        stage.close()
        stores.clear()
