"""Seats of approval: the stages of a policy, and the people who fill them.

One human fills one seat. A human who fits several stages is counted where the most seats are filled
(a maximum bipartite matching), and of equal ones where the earlier stages are full. Who fills which
seat is worked out anew each time and never kept: a later vote may move somebody to another stage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

Fits = Mapping[str, Collection[int]]
"""Humans, in order, and the stages that each may fill a seat of."""
Seats = Mapping[str, int]
"""The stage in which a human is counted; who is in none is not counted."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The seats of one stage: ``people`` who may fill them, in order, and how many there are.
    ``in_turn``: each of them only votes after those before."""

    people: tuple[str, ...]
    need: int
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a stage stands: ``have`` are those who fill its seats; ``now`` the people whose approval
    it would take now, ``later`` those whose turn is not yet."""

    have: tuple[str, ...]
    need: int
    now: tuple[str, ...] = ()
    later: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """Stages that cannot all be filled: they need so many different people, and there are only
    these."""

    stages: tuple[int, ...]
    need: int
    people: tuple[str, ...]


def seating(needs: Sequence[int], fits: Fits) -> dict[str, int]:
    """Who is counted in which stage; ``needs`` are the seats of each."""
    seats: dict[str, int] = {}

    def seat_one_more(stage: int, tried: set[int]) -> bool:
        """Fill one more seat, moving others to other stages where that helps."""
        tried.add(stage)
        here = [who for who, stages in fits.items() if stage in stages]
        free = next((who for who in here if who not in seats), None)
        if free is None:
            movable = (who for who in here if seats[who] not in tried)
            free = next((who for who in movable if seat_one_more(seats[who], tried)), None)
        if free is not None:
            seats[free] = stage
        return free is not None

    for stage, need in enumerate(needs):
        idle = [who for who, stages in fits.items() if stage in stages and who not in seats]
        seats |= dict.fromkeys(idle[:need], stage)
        for _ in range(need - len(idle)):
            if not seat_one_more(stage, set()):
                break
    return seats


def wanting(stages: Iterable[int], fits: Fits, seats: Seats) -> frozenset[int]:
    """Where one more human would fill a seat of these stages: there, and wherever somebody sits who
    could move there."""
    wanted = frozenset(stages)
    while True:
        moving = {at for who, at in seats.items() if not wanted.isdisjoint(fits[who])}
        if moving <= wanted:
            return wanted
        wanted |= moving


def lack(benches: Sequence[Bench], fits: Fits, absent: Collection[str] = ()) -> Lack | None:
    """Why the stages cannot all be filled, by those who voted (``fits``) and by everybody on the
    benches who is not ``absent``; None: they can."""
    everybody = {**fits, **_others(benches, fits, absent)}
    needs = [bench.need for bench in benches]
    seats = seating(needs, everybody)
    filled = list(seats.values())
    short = next((n for n, need in enumerate(needs) if filled.count(n) < need), None)
    if short is None:
        return None
    stages = wanting((short,), everybody, seats)
    people = tuple(who for who, fit in everybody.items() if not stages.isdisjoint(fit))
    return Lack(tuple(sorted(stages)), sum(needs[n] for n in stages), people)


def standings(
    benches: Sequence[Bench], fits: Fits, absent: Collection[str] = (), in_order: bool = False
) -> tuple[Standing, ...]:
    """How each stage stands, by those who agreed (``fits``); ``absent`` are all who voted, by all
    their names. ``in_order``: a stage is open once those before it are full, and who is needed in a
    later one waits for that."""
    needs = [bench.need for bench in benches]
    seats, others = seating(needs, fits), _others(benches, fits, absent)
    have = [tuple(who for who in fits if seats.get(who) == n) for n in range(len(needs))]
    short = [n for n, need in enumerate(needs) if len(have[n]) < need]
    wanted = wanting(short, fits, seats)
    open_ = wanting(short[:1], fits, seats) if in_order else wanted
    kept = _needed_later(needs, fits, others, short[0]) if in_order and short else frozenset()
    idle = [
        [who for who in bench.people if who in others and not (n in open_ and who in kept)]
        for n, bench in enumerate(benches)
    ]
    turns = [
        (idle[n][:1] if bench.in_turn else idle[n]) if n in open_ else []
        for n, bench in enumerate(benches)
    ]
    may_vote = frozenset(who for people in turns for who in people)
    return tuple(
        Standing(
            have[n],
            need,
            tuple(turns[n]),
            tuple(who for who in idle[n] if who not in may_vote) if n in wanted else (),
        )
        for n, need in enumerate(needs)
    )


def _others(
    benches: Sequence[Bench], fits: Fits, absent: Collection[str]
) -> dict[str, frozenset[int]]:
    """Everybody on the benches who has not voted, with the stages that they fit."""
    stages: dict[str, set[int]] = {}
    for n, bench in enumerate(benches):
        for who in bench.people:
            if who not in fits and who not in absent:
                stages.setdefault(who, set()).add(n)
    return {who: frozenset(at) for who, at in stages.items()}


def _needed_later(
    needs: Sequence[int], fits: Fits, others: Mapping[str, frozenset[int]], stage: int
) -> frozenset[str]:
    """Who fits the open stage, and without whom a later one could not be filled any more. Where the
    stages cannot be filled anyway, nobody is."""
    if len(seating(needs, {**fits, **others})) < sum(needs):
        return frozenset()
    early = frozenset(range(stage + 1))
    needed: dict[frozenset[int], bool] = {}
    for who, stages in others.items():
        if stages in needed or stages <= early or stages.isdisjoint(early):
            continue
        here = {**fits, **others, who: stages & early}
        needed[stages] = len(seating(needs, here)) < sum(needs)
    return frozenset(who for who, stages in others.items() if needed.get(stages))
