"""The tally against a model that tries every way to seat the people who agreed."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model, policy
from bot.policy import quorum
from tests import properties
from tests.bot.stage import PLATFORM, TENANT, book

BOOK = book()
PEOPLE = tuple(BOOK.people)
NOW = datetime(2026, 1, 5, tzinfo=UTC)
SOME = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def stages(draw: st.DrawFn) -> policy.Stage:
    mode = draw(st.sampled_from(("any", "all", "sequence", "count")))
    return policy.Stage(draw(SOME), mode, draw(st.integers(1, 2)) if mode == "count" else 1)


@st.composite
def policies(draw: st.DrawFn, name: str) -> policy.Policy:
    return policy.Policy(
        name,
        stages=tuple(draw(st.lists(stages(), min_size=1, max_size=3))),
        order=draw(st.sampled_from(("any", "sequence"))),
        rejections=draw(st.integers(1, 3)),
        self_approval=draw(st.booleans()),
    )


VOTES = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from((True, True, True, False)))


def vote(who: str, approve: bool) -> model.Vote:
    return model.Vote(1, who, model.Account(PLATFORM, TENANT, f"u-{who}"), approve, "d", NOW)


def verdict(one: policy.Policy, asker: str, cast: dict[str, bool]) -> str:
    """What the votes come to by one policy, found by trying everything."""
    rows = [
        [who for who in stage.approvers if one.self_approval or who != asker]
        for stage in one.stages
    ]
    needs = [
        {"any": 1, "count": stage.count}.get(stage.mode, max(1, len(row)))
        for stage, row in zip(one.stages, rows, strict=True)
    ]
    people = {who for row in rows for who in row}
    against = [who for who, approve in cast.items() if not approve and who in people]
    if len(against) >= min(one.rejections, max(1, len(people))):
        return "rejected"
    agreed = [who for who, approve in cast.items() if approve and who in people]
    choices = [[None, *(n for n, row in enumerate(rows) if who in row)] for who in agreed]
    full = any(
        all(seats.count(n) >= need for n, need in enumerate(needs))
        for seats in itertools.product(*choices)
    )
    return "approved" if full else "waiting"


@settings(max_examples=properties.examples(600), deadline=None)
@given(policies("one"), policies("two"), st.sampled_from(PEOPLE), VOTES)
def test_the_tally_is_what_trying_everything_says(
    one: policy.Policy, two: policy.Policy, asker: str, cast: dict[str, bool]
) -> None:
    votes = tuple(vote(who, approve) for who, approve in cast.items())
    needed = quorum.Quorum(BOOK, (one, two), frozenset({asker}))
    tally = quorum.tally(needed, votes)
    each = {verdict(one, asker, cast), verdict(two, asker, cast)}
    whole = "rejected" if "rejected" in each else "waiting" if "waiting" in each else "approved"
    assert tally.verdict == whole
    if whole != "waiting":
        return
    assert not set(tally.waiting_for) & set(cast), "nobody votes twice"
    short = quorum.shortages(needed, votes)
    if not short:
        assert tally.waiting_for, "where it can be approved, somebody may vote"


@settings(max_examples=properties.examples(300), deadline=None)
@given(policies("one"), policies("two"), st.sampled_from(PEOPLE), st.data())
def test_whoever_votes_when_asked_brings_what_can_be_approved_to_its_end(
    one: policy.Policy, two: policy.Policy, asker: str, data: st.DataObject
) -> None:
    needed = quorum.Quorum(BOOK, (one, two), frozenset({asker}))
    votes: tuple[model.Vote, ...] = ()
    if quorum.shortages(needed):
        return
    while (tally := quorum.tally(needed, votes)).verdict == "waiting":
        who = data.draw(st.sampled_from(tally.waiting_for))
        votes = (*votes, vote(who, True))
    assert tally.verdict == "approved"
