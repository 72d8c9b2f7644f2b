"""Seats of stages: the matching against a model that tries every assignment."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy import seats
from bot.policy.seats import Bench, Lack
from tests import properties

PEOPLE = ("ann", "ben", "cid", "dan", "eve")
Fits = dict[str, frozenset[int]]
Drawn = tuple[tuple[Bench, ...], tuple[str, ...], tuple[str, ...]]
SUBSETS = st.lists(st.sampled_from(PEOPLE), unique=True).map(tuple)
NEEDS = st.lists(st.integers(1, 2), min_size=1, max_size=3)


def fits_of(benches: tuple[Bench, ...], people: tuple[str, ...]) -> Fits:
    return {who: frozenset(n for n, b in enumerate(benches) if who in b.people) for who in people}


def assignments(fits: Fits, needs: list[int]) -> Iterator[tuple[int, ...]]:
    """The seats filled in each stage, of every way to seat people that there is."""
    choices = [[None, *sorted(stages)] for stages in fits.values()]
    for choice in itertools.product(*choices):
        filled = tuple(choice.count(n) for n in range(len(needs)))
        if all(count <= need for count, need in zip(filled, needs, strict=True)):
            yield filled


def best(fits: Fits, needs: list[int]) -> tuple[int, ...]:
    """The most seats that can be filled, of these the earlier stages first."""
    return max(assignments(fits, needs), key=lambda filled: (sum(filled), filled))


def total(fits: Fits, needs: list[int]) -> int:
    return sum(best(fits, needs))


def filled(fits: Fits, needs: list[int]) -> tuple[int, ...]:
    seated = seats.seating(needs, fits)
    assert all(stage in fits[who] for who, stage in seated.items())
    return tuple(list(seated.values()).count(n) for n in range(len(needs)))


@st.composite
def policies(draw: st.DrawFn) -> Drawn:
    """Stages, those who agreed, and those who refused."""
    benches = tuple(Bench(draw(SUBSETS), need) for need in draw(NEEDS))
    agreed = draw(SUBSETS)
    refused = tuple(who for who in draw(SUBSETS) if who not in agreed)
    return benches, agreed, refused


MANY = settings(max_examples=properties.examples(500), deadline=None)


@MANY
@given(policies())
def test_as_many_seats_are_filled_as_can_be_the_earlier_stages_first(policy: Drawn) -> None:
    benches, agreed, _ = policy
    needs = [bench.need for bench in benches]
    fits = fits_of(benches, agreed)
    assert filled(fits, needs) == best(fits, needs)
    reversed_ = dict(reversed(fits.items()))
    assert filled(reversed_, needs) == best(fits, needs), "the order of votes does not matter"


@MANY
@given(policies(), st.booleans())
def test_who_may_vote_now_is_who_brings_it_further_and_nobody_else(
    policy: Drawn, in_order: bool
) -> None:
    benches, agreed, refused = policy
    needs = [bench.need for bench in benches]
    fits = fits_of(benches, agreed)
    stands = seats.standings(benches, fits, {*agreed, *refused}, in_order)
    assert tuple(len(stand.have) for stand in stands) == best(fits, needs)
    others = fits_of(benches, tuple(who for who in PEOPLE if who not in (*agreed, *refused)))
    reachable = total({**fits, **others}, needs) == sum(needs)
    short = [n for n, need in enumerate(needs) if len(stands[n].have) < need]
    now, later = set[str](), set[str]()
    for who, stages in others.items():
        if total({**fits, who: stages}, needs) == total(fits, needs):
            continue
        here = frozenset(n for n in stages if not in_order or n <= short[0])
        reach = short[0] + 1 if in_order else len(needs)
        helps = sum(best({**fits, who: here}, needs)[:reach]) > sum(best(fits, needs)[:reach])
        spoils = reachable and total({**fits, **others, who: here}, needs) < sum(needs)
        (now if helps and not spoils else later).add(who)
    assert {who for stand in stands for who in stand.now} == now
    assert {who for stand in stands for who in stand.later} == later


@MANY
@given(policies())
def test_a_lack_names_stages_that_need_more_people_than_there_are(policy: Drawn) -> None:
    benches, agreed, refused = policy
    needs = [bench.need for bench in benches]
    fits = fits_of(benches, agreed)
    everybody = fits_of(benches, tuple(who for who in PEOPLE if who not in refused))
    short = seats.lack(benches, fits, {*agreed, *refused})
    assert (short is None) == (total(everybody, needs) == sum(needs))
    if short is not None:
        people = {who for who, stages in everybody.items() if stages & set(short.stages)}
        assert set(short.people) == people
        assert short.need == sum(needs[n] for n in short.stages) > len(people)


def test_in_turn_each_waits_for_those_before() -> None:
    bench = Bench(("ann", "ben", "cid"), 3, in_turn=True)
    (stand,) = seats.standings((bench,), {}, ())
    assert (stand.now, stand.later) == (("ann",), ("ben", "cid"))
    (stand,) = seats.standings((bench,), {"ann": {0}}, {"ann"})
    assert (stand.have, stand.now, stand.later) == (("ann",), ("ben",), ("cid",))


def test_a_second_vote_moves_the_first_to_the_stage_that_only_they_fit() -> None:
    benches = (Bench(("ann", "ben"), 1), Bench(("ann",), 1))
    alone, none = seats.standings(benches, {"ann": {0, 1}}, {"ann"})
    assert (alone.have, none.have, alone.now) == (("ann",), (), ("ben",))
    fits = {"ann": {0, 1}, "ben": {0}}
    first, second = seats.standings(benches, fits, set(fits))
    assert (first.have, second.have) == (("ben",), ("ann",))


def test_who_is_needed_later_waits_in_order_even_where_they_fit_the_open_stage() -> None:
    benches = (Bench(("ann", "ben", "cid"), 2), Bench(("cid",), 1))
    first, second = seats.standings(benches, {}, (), in_order=True)
    assert (first.now, second.later) == (("ann", "ben"), ("cid",))


def test_many_people_are_seated_quickly() -> None:
    crowd = tuple(f"p{n}" for n in range(2000))
    benches = (Bench(crowd, 900), Bench(crowd[:1000], 1000), Bench(crowd, 101))
    assert seats.lack(benches, {}) == Lack((0, 1, 2), 2001, crowd)
