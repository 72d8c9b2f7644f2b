"""The journal is all there is: any prefix of it, replayed, gives the same calls."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.oos.engine import calls, interpreter, journal
from tests import properties
from tests.bot.oos import outside
from tests.bot.oos.outside import BEGAN, Outside, template

STORY = template(
    """
    Parameters: {items: {Type: List}, rate: {Type: Json}}
    Tasks:
      - Name: find
        Action: ACS::ExecuteAPI
        Retries: 1
        OnError: ACS::NEXT
        Properties: {Service: X, API: DescribeAll}
        Outputs: {n: {Type: Number, ValueSelector: N}}
      - {Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 5s}}
      - Name: ask
        Action: ACS::Approve
        Properties:
          MinRequiredApprovals: 2
          WebHook: {URI: 'http://hook', Content: {text: 'At {{ ACS::CurrentUTCTime }}'}}
      - Name: each
        Action: ACS::X::Both
        Retries: 1
        Properties: {item: '{{ ACS::TaskLoopItem }}'}
        Outputs: {got: {ValueSelector: got}}
        Loop:
          Items: '{{ items }}'
          RateControl: '{{ rate }}'
          Outputs: {all: {AggregateType: 'Fn::ListJoin', AggregateField: got}}
      - Name: last
        Action: ACS::ExecuteAPI
        Properties: {Service: X, API: Finish, Parameters: {At: '{{ ACS::CurrentUTCTime }}'}}
    Outputs:
      n: {Value: '{{ find.n }}'}
      all: {Type: List, Value: '{{ each.all }}'}
    """,
    "Story",
)
BOTH = template(
    """
    Parameters: {item: {Type: Number}}
    Tasks:
      - Name: change
        Action: ACS::ExecuteAPI
        Retries: 1
        DelayType: Constant
        Delay: 3
        Properties:
          Service: X
          API: Change
          Parameters: {I: '{{ item }}', At: '{{ ACS::CurrentUTCTime }}'}
      - Name: wait
        Action: ACS::WaitFor
        Properties:
          Service: X
          API: DescribeOne
          PropertySelector: Status
          DesiredValues: [Good]
        Outputs: {got: {ValueSelector: Id}}
    Outputs: {got: {Value: '{{ wait.got }}-{{ item }}'}}
    """,
    "ACS::X::Both",
)
RATES = [
    {},
    {"Concurrency": 3, "MaxErrors": 1},
    {"Concurrency": "100%", "MaxErrors": "100%"},
    {"Mode": "Batch", "Batch": [1, 2], "BatchPauseOption": "EveryBatchPause", "MaxErrors": 2},
]


def fate(seed: int, key: str) -> Any:
    """What becomes of a call: the same for the same key, whenever it is made."""
    dice = random.Random(f"{seed}/{key}").random()
    if dice < 0.12:
        return journal.Failed("No", "not now")
    if dice < 0.2:
        return journal.Unknown("cut")
    if dice < 0.25 and key.endswith("?"):
        return journal.NotMade("never")
    status = "Good" if dice < 0.75 else "Busy"
    return journal.Done({"N": 4, "Status": status, "Id": f"id{key.count('[')}"})


class Chance(Outside):
    """Plays the run in an order of its own, and notes what was next after every entry."""

    def __init__(self, seed: int, order: random.Random, people: bool, **run: Any) -> None:
        rate = RATES[seed % len(RATES)]
        given = {"items": list(range(seed % 5)), "rate": rate}
        library = {"ACS::X::Both": BOTH}
        super().__init__(STORY, outside.done, given, library, **run)
        self.seed, self.order, self.people = seed, order, people
        self.seen: list[tuple[int, Any, interpreter.Progress]] = []

    def look(self) -> interpreter.Progress:
        progress = self.next()
        self.seen.append((len(self.journal), self.now, progress))
        return progress

    def play_on(self) -> interpreter.Done:
        asked: set[str] = set()
        for _ in range(5000):
            progress = self.look()
            if isinstance(progress, interpreter.Done):
                if progress.status != "Unknown" or "decided" in asked:
                    return progress
                self.tell("skip")
            elif self.people and self.order.random() < 0.05:
                self.pass_time(self.order.random())
                self.tell(self.order.choice(["paused", "resumed"]))
            else:
                self.move(progress)
        raise AssertionError("the run does not end")

    def move(self, progress: Any) -> None:
        running = list(self.state.running)
        if isinstance(progress, interpreter.Calls) and (not running or self.order.random() < 0.6):
            call = self.order.choice(progress.calls)
            if isinstance(call, calls.Lookup):
                self.write(journal.Finished(call.key, self.now, fate(self.seed, call.key + "?")))
            else:
                self.start(call)
        elif running:
            key = self.order.choice(running)
            self.pass_time(self.order.choice([0, 0, 0.5, 2]))
            self.write(journal.Finished(key, self.now, fate(self.seed, key)))
        elif isinstance(progress, interpreter.Await) and progress.approvals:
            held = progress.approvals[0]
            self.vote(True, f"p{len(held.voted)}", held.key)
        elif isinstance(progress, interpreter.Await):
            if progress.until is None or self.order.random() < 0.5:
                self.tell("resumed")
            else:
                self.now = progress.until + timedelta(seconds=90)
        else:
            assert progress.until is not None
            self.now = progress.until + timedelta(seconds=self.order.choice([0, 0.5, 90]))


@settings(max_examples=properties.examples(60), deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False), st.booleans(), st.integers(0, 2))
def test_replayed_from_every_prefix_it_is_the_same(
    seed: int, order: random.Random, people: bool, canary: int
) -> None:
    run = Chance(seed, order, people, pause_after=canary)
    run.play_on()
    for count, now, progress in run.seen:
        entries = run.journal[:count]
        again = interpreter.step(STORY, run.parameters, entries, now, run.library, run.run)
        assert again == progress
    stored = [journal.entry(journal.plain(entry)) for entry in run.journal]
    assert stored == run.journal
    replayed = run.fresh(stored)
    assert replayed.steps == run.state.steps
    assert replayed.counts() == run.state.counts()


@settings(max_examples=properties.examples(60), deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_independent_ends_does_not_matter(seed: int, order: random.Random) -> None:
    ends = []
    for chance in (order, random.Random(1), random.Random(2)):
        run = Chance(seed, chance, people=False)
        end = run.play_on()
        ends.append((end.status, end.outputs))
        keys = run.made_keys()
        assert len(keys) == len(set(keys)), "no call is made twice"
    assert ends[0] == ends[1] == ends[2]


@settings(max_examples=properties.examples(40), deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False), st.data())
def test_a_stop_at_any_time_makes_no_more_calls(
    seed: int, order: random.Random, data: st.DataObject
) -> None:
    run = Chance(seed, order, people=False)
    run.play_on()
    count = data.draw(st.integers(0, len(run.journal)))
    run.state, run.journal = run.fresh(run.journal[:count]), run.journal[:count]
    over = isinstance(run.next(), interpreter.Done)
    run.tell("stopped")
    for key in list(run.state.running):
        run.write(journal.Finished(key, run.now, fate(seed, key)))
    progress = run.next()
    while isinstance(progress, interpreter.Calls):
        (lookup, *_) = progress.calls
        assert isinstance(lookup, calls.Lookup)
        run.write(journal.Finished(lookup.key, run.now, journal.Unknown()))
        progress = run.next()
    assert isinstance(progress, interpreter.Done)
    assert over or progress.status == "Cancelled"


def test_a_crash_in_every_place_repeats_nothing() -> None:
    """After a restart, what was started and did not end is in doubt, and is looked up."""
    run = Chance(1, random.Random(3), people=False)
    run.play_on()
    for count in range(len(run.journal) + 1):
        state = run.fresh(run.journal[:count])
        now = run.journal[count - 1].at if count else BEGAN
        for key in list(state.running):
            state.apply(journal.Finished(key, now, journal.Unknown("restarted")))
        progress = state.next(now)
        made = {entry.key for entry in run.journal[:count] if isinstance(entry, journal.Started)}
        ready = progress.calls if isinstance(progress, interpreter.Calls) else ()
        assert not [call for call in ready if isinstance(call, calls.Call) and call.key in made]


@pytest.mark.parametrize(
    "entry",
    [journal.Started("other#0", BEGAN), journal.Finished("other#0", BEGAN, journal.Done())],
)
def test_the_journal_of_another_run_is_refused(entry: journal.Entry) -> None:
    run = Outside(STORY, parameters={"items": [], "rate": {}})
    with pytest.raises(interpreter.JournalError, match="other#0"):
        run.write(entry)


def test_an_end_that_is_told_twice_counts_once() -> None:
    run = Outside(STORY, parameters={"items": [], "rate": {}})
    (call,) = run.ready()
    run.start(call)
    run.finish(call, {"N": 1})
    before = run.next()
    run.finish(call, journal.Failed("No", ""))
    run.write(journal.Started(call.key, run.now))
    assert run.next() == before


def test_a_vote_on_nothing_changes_nothing() -> None:
    run = Outside(STORY, parameters={"items": [], "rate": {}})
    before = run.next()
    run.write(journal.Voted("ask#0", run.now, False, "li"))
    assert run.next() == before


def test_progress_of_a_journal() -> None:
    run = Chance(8, random.Random(0), people=False)
    run.play_on()
    counted = interpreter.progress(STORY, run.parameters, run.journal, run.library, run.run)
    assert counted is not None
    assert counted == run.state.counts()
    assert interpreter.progress(STORY, run.parameters, [], run.library, run.run) is None


@pytest.mark.parametrize(
    "entry",
    [
        journal.Started("a#0", BEGAN),
        journal.Finished("a#0", BEGAN, journal.Done({"x": [1]})),
        journal.Finished("a#0", BEGAN, journal.Failed("No", "no")),
        journal.Finished("a#0", BEGAN, journal.Unknown("?")),
        journal.Finished("a#0", BEGAN, journal.NotMade("no")),
        journal.Voted("a#0", BEGAN, False, "li"),
        journal.Signalled("skip", BEGAN + timedelta(microseconds=1), "li", "a#0"),
    ],
)
def test_entries_are_stored_and_read(entry: journal.Entry) -> None:
    assert journal.entry(journal.plain(entry)) == entry


@pytest.mark.parametrize(
    "found",
    [{"kind": "begun"}, {"kind": "told", "word": "hurry"}, {"kind": "finished", "outcome": "x"}],
)
def test_what_is_no_entry_is_refused(found: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not an entry"):
        journal.entry({"at": BEGAN.isoformat(), "key": "", **found})
