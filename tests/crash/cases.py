"""What is tried: which story, on which platform, and when the bot dies in it."""

from __future__ import annotations

import random
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.crash import deaths, stories

PAIRS = tuple((story, platform) for story in stories.STORIES for platform in deaths.PLATFORMS)
LONGEST = 4.0
"""Seconds after which a death by the clock comes at the latest."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    seed: int
    story: str
    platform: str
    kills: tuple[deaths.Kill, ...]

    @property
    def replay(self) -> str:
        """The command that plays exactly this again."""
        return self.replay_on("sqlite")

    def replay_on(self, store: str) -> str:
        """The same, on that store."""
        kills = " ".join(f"--kill {death}" for death in self.kills)
        words = f"--seed {self.seed} --story {self.story} --platform {self.platform} {kills}"
        if store != "sqlite":
            words = f"--store {store} {words}"
        return f"make crash ARGS={shlex.quote(words.strip())}"


Reached = Mapping[Pair, Counter[str]]
"""How often an undisturbed run of each pair reached each checkpoint."""


def plan(reached: Reached, first: int, count: int) -> Iterator[Case]:
    """``count`` cases from seed ``first`` on. The first seeds reach every checkpoint of every pair
    once, whatever their number and in no order, so that a few seeds see a bit of everything; the
    others are left to chance."""
    pairs = list(reached)
    musts = [
        (pair, name)
        for name in sorted({name for counter in reached.values() for name in counter})
        for pair in pairs
        if reached[pair][name]
    ]
    random.Random(0).shuffle(musts)
    for seed in range(first, first + count):
        chance = random.Random(seed)
        if seed < len(musts):
            pair, name = musts[seed]
            kills = [deaths.Kill(name, chance.randint(1, reached[pair][name]))]
        else:
            pair = chance.choice(pairs)
            kills = [_any(chance, reached[pair])]
        if chance.random() < 0.3:
            kills.append(_any(chance, reached[pair]))
        yield Case(seed, *pair, tuple(kills))


def missed(reached: Reached, died: Iterable[tuple[Pair, str]]) -> list[Case]:
    """Cases for the checkpoints that no seed has died at yet: the first time they are reached."""
    came = set(died)
    return [
        Case(0, *pair, (deaths.Kill(name, 1),))
        for pair in reached
        for name in sorted(reached[pair])
        if (pair, name) not in came
    ]


def needed(reached: Reached) -> int:
    """How many seeds it takes to die at every checkpoint of every pair."""
    return sum(len(counter) for counter in reached.values())


def _any(chance: random.Random, reached: Counter[str]) -> deaths.Kill:
    """A death by chance: a third of them come at no checkpoint at all."""
    if chance.random() < 1 / 3:
        signal = chance.choice(("SIGKILL", "SIGKILL", "SIGTERM"))
        return deaths.Kill(signal=signal, seconds=round(chance.uniform(0, LONGEST), 2))
    name = chance.choice(sorted(reached))
    return deaths.Kill(name, chance.randint(1, reached[name]))


def chosen(story: Sequence[str], platform: Sequence[str]) -> list[Pair]:
    """The pairs that somebody asked for; all of them where nothing is named."""
    return [
        pair
        for pair in PAIRS
        if (not story or pair[0] in story) and (not platform or pair[1] in platform)
    ]


def brief(pairs: Sequence[Pair], first: int) -> list[Pair]:
    """Each story on one of its platforms, by turns: enough for a run of few seeds, since every pair
    is played undisturbed before."""
    of: dict[str, list[Pair]] = {}
    for pair in pairs:
        of.setdefault(pair[0], []).append(pair)
    return [mine[(first + place) % len(mine)] for place, mine in enumerate(of.values())]


def tally(names: Iterable[str]) -> Counter[str]:
    """The checkpoints of a log, by how often each was reached."""
    return Counter(name for name in names if name)
