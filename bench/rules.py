"""Events per second through 1, 100 and 10,000 rules, against asking every rule and event-ruler.

Finding rules waits for nothing, so seconds are those of the processor: whatever else the machine
does takes less part in them than in those of the clock.

An event reaches the rules already read, so ours alone is measured on JSON values; beside
event-ruler, which takes text, ours also reads the text. ``rulesets`` says what the rules are.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from bench import figures, ruler, rulesets
from bench.suite import Suite
from bot.app import main as app
from bot.rules import index, pattern

COUNTS = (1, 100, 10_000)
EVENTS = 64
SLICE = 0.1
"""A measurement takes this part of a round."""
T = TypeVar("T")
Taken = dict[tuple[str, int, str], list[float]]
"""Events per processor second, round by round, by kind of patterns, number of rules and who was
asked."""


class Rules:
    """The first ``count`` rules of a kind. ``theirs`` are the patterns for event-ruler, if it can
    express them, and ``texts`` the events."""

    def __init__(self, kind: str, count: int) -> None:
        self.kind, self.count = kind, count
        began = time.process_time()
        self.patterns = [pattern.compile(rulesets.pattern(kind, n)) for n in range(count)]
        self.index = index.RuleSet({str(n): each for n, each in enumerate(self.patterns)})
        self.made = time.process_time() - began
        self.events = rulesets.events(count, EVENTS)
        self.texts = [json.dumps(event) for event in self.events]
        written = (rulesets.as_theirs(kind, number) for number in range(count))
        self.theirs = [text for text in written if text is not None]

    def indexed(self, event: Mapping[str, Any]) -> list[int]:
        return [int(name) for name in self.index.matching(event)]

    def each(self, event: Mapping[str, Any]) -> list[int]:
        return [number for number, each in enumerate(self.patterns) if each.matches(event)]

    def verify(self) -> None:
        """The index and every pattern alone find the rule that an event is about. RuntimeError."""
        for event in self.events[: ruler.FOUND]:
            wanted = rulesets.meant_of(self.kind, self.count, event)
            if not self.indexed(event) == self.each(event) == wanted:
                raise RuntimeError(f"the {self.kind} rules do not find rule {wanted}")


async def measure(suite: Suite) -> None:
    made = [Rules(kind, count) for kind in rulesets.KINDS for count in COUNTS]
    for rules in made:
        rules.verify()
        if rules.count == max(COUNTS):
            suite.figures.keep(f"rules.{rules.kind}_seconds_to_compile_{rules.count}", rules.made)
    app.settle()
    taken: Taken = {}
    with ruler.started() as peer:
        for _ in range(suite.rounds):
            for rules in made:
                _round(rules, peer, suite.seconds * SLICE, taken)
    _show(suite, taken)
    if peer is None:
        suite.console.print("event-ruler has no wheel for this platform: ours was not compared")
        return
    _show_peer(suite, taken)


def _round(rules: Rules, peer: ruler.Ruler | None, seconds: float, taken: Taken) -> None:
    """One round of one set of rules: whoever can answer it, one after the other."""

    def keep(who: str, rate: float) -> None:
        taken.setdefault((rules.kind, rules.count, who), []).append(rate)

    keep("index", rate(rules.index.matching, rules.events, seconds))
    keep("each", rate(rules.each, rules.events, seconds))
    if peer is None or not rules.theirs:
        return
    keep("text", rate(lambda text: rules.index.matching(json.loads(text)), rules.texts, seconds))
    theirs, found = peer.ask(rules.theirs, rules.texts, seconds)
    keep("ruler", theirs)
    if found != [rulesets.meant(event) for event in rules.events[: len(found)]]:
        raise RuntimeError(f"event-ruler finds other {rules.kind} rules")
    if rules.count == 1:
        [text] = map(json.dumps, [rulesets.pattern(rules.kind, 0)])
        anew = rate(
            lambda one: pattern.compile(text).matches(json.loads(one)), rules.texts, seconds
        )
        keep("anew", anew)


def rate(ask: Callable[[T], object], events: Sequence[T], seconds: float) -> float:
    """Events per second of the processor, asked for so long by the clock, but one at least."""
    ends, cpu, count = time.perf_counter() + seconds, time.process_time(), 0
    while not count or time.perf_counter() < ends:
        ask(events[count % len(events)])
        count += 1
    return count / (time.process_time() - cpu)


def _show(suite: Suite, taken: Taken) -> None:
    one, some, many = COUNTS
    body = []
    for kind in rulesets.KINDS:
        rates = {count: taken[kind, count, "index"] for count in COUNTS}
        for count, found in rates.items():
            suite.figures.keep(f"rules.{kind}_per_second_{count}", figures.median(found))
        ratios = {
            f"{many}_to_{one}": figures.ratio(rates[many], rates[one]),
            f"{many}_to_{some}": figures.ratio(rates[many], rates[some]),
            f"to_each_{one}": figures.ratio(rates[one], taken[kind, one, "each"]),
            f"to_each_{many}": figures.ratio(rates[many], taken[kind, many, "each"]),
        }
        for name, value in ratios.items():
            suite.figures.keep(f"rules.{kind}_ratio_{name}", value)
        body.append((kind, *map(figures.median, rates.values()), *ratios.values()))
    figures.rows(
        suite.console,
        f"Events per processor second through rules, medians of {suite.rounds} rounds",
        (
            *("", *(f"{count:,} rule{'s' * (count > 1)}" for count in COUNTS)),
            *(f"{many:,} to {one}", f"to {some}", f"to asking each: {one}", f"{many:,}"),
        ),
        body,
    )


def _show_peer(suite: Suite, taken: Taken) -> None:
    body = []
    kinds = [kind for kind in rulesets.KINDS if (kind, COUNTS[0], "ruler") in taken]
    for kind, count in itertools.product(kinds, COUNTS):
        ours, theirs = taken[kind, count, "text"], taken[kind, count, "ruler"]
        value = figures.ratio(ours, theirs)
        suite.figures.keep(f"rules.{kind}_ratio_to_event_ruler_{count}", value)
        body.append((f"{kind}, {count:,}", figures.median(ours), figures.median(theirs), value))
    for kind in kinds:
        ours, theirs = taken[kind, 1, "anew"], taken[kind, 1, "ruler"]
        value = figures.ratio(ours, theirs)
        suite.figures.keep(f"rules.{kind}_compiled_anew_ratio_to_event_ruler", value)
        body.append(
            (f"{kind}, ours compiled anew too", *map(figures.median, (ours, theirs)), value)
        )
    figures.rows(
        suite.console,
        "The same from JSON text; event-ruler can only be asked pattern by pattern",
        ("", "ours", "event-ruler", "ratio"),
        body,
    )
