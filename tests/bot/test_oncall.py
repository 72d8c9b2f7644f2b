"""Rotas: who is on call when, and that votes count by who was when they were cast."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model, policy
from bot.policy import needs, oncall, quorum
from bot.policy.oncall import Override, Roster, Rota
from tests import properties
from tests.bot import configured
from tests.bot.configured import SMALL, Loader
from tests.bot.run_stage import RunStage
from tests.bot.stage import START, actions, cards, said, words
from tests.bot.test_humans import approve, edit
from tests.bot.test_when import subject, table

State = model.State
BERLIN = "Europe/Berlin"
STEP = timedelta(minutes=15)
DAYS_OF_CLOCKS = {
    BERLIN: (date(2026, 3, 29), date(2026, 10, 25)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 30)),
    "Asia/Shanghai": (date(2026, 11, 30),),
}
"""Zones, with days on which the clock is set: in the night, over midnight, at midnight; never."""


def clock(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


# ----------------------------------------------------------------------------- one rota


@st.composite
def rotas(draw: st.DrawFn) -> tuple[Rota, datetime]:
    """A rota, and midnight of UTC before a day on which its clock may be set."""
    zone = draw(st.sampled_from(sorted(DAYS_OF_CLOCKS)))
    day = draw(st.sampled_from(DAYS_OF_CLOCKS[zone]))
    minutes = draw(st.integers(0, 95)) * 15
    days = draw(st.integers(1, 8))
    begin = datetime(day.year, day.month, day.day) - timedelta(days=draw(st.integers(0, 30)))
    people = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    rota = Rota("r", zone, tuple(people), begin + timedelta(minutes=minutes), days)
    return rota, datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)


@settings(max_examples=properties.examples(150), deadline=None)
@given(rotas())
def test_a_rota_is_what_watching_the_clock_says(drawn: tuple[Rota, datetime]) -> None:
    """A turn begins when the clock has shown its beginning for the first time, however it is
    set."""
    rota, start = drawn
    roster, reached = Roster({"r": rota}), -(10**6)
    on_call: list[tuple[datetime, tuple[str, ...]]] = []
    for step in range(-96, 4 * 96):
        at = start + step * STEP
        reached = max(reached, (clock(at, rota.zone) - rota.since) // timedelta(days=rota.days))
        people = (rota.people[reached % len(rota.people)],) if reached >= 0 else ()
        if step >= 0:
            assert roster.on_call("r", at) == people, at
            on_call.append((at, people))
    changes = [at for (_, last), (at, now) in itertools.pairwise(on_call) if last != now]
    end = roster.turn("r", start).end
    assert (end if end is not None and end <= on_call[-1][0] else None) == (
        changes[0] if changes else None
    )


WEEKLY = Rota(
    "sre", BERLIN, ("bob", "carol"), datetime(2026, 10, 19, 9), 7,
    (Override("dave", datetime(2026, 10, 24, 22), datetime(2026, 10, 26, 9)),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("at", "people", "end"),
    [
        ("2026-10-19T06:59+00:00", (), "2026-10-19T07:00+00:00"),
        ("2026-10-19T07:00+00:00", ("bob",), "2026-10-24T20:00+00:00"),
        ("2026-10-25T12:00+00:00", ("dave",), "2026-10-26T08:00+00:00"),  # an hour later, in UTC
        ("2026-10-26T08:00+00:00", ("carol",), "2026-11-02T08:00+00:00"),
        ("2026-11-02T08:00+00:00", ("bob",), "2026-11-09T08:00+00:00"),
    ],
)
def test_weeks_go_by_the_clock_and_overrides_before_turns(
    at: str, people: tuple[str, ...], end: str
) -> None:
    roster = Roster({"sre": WEEKLY})
    turn = roster.turn("sre", datetime.fromisoformat(at))
    assert turn == oncall.Turn(people, datetime.fromisoformat(end))
    assert roster.resolved(("oncall:sre", "bob"), datetime.fromisoformat(at)) == tuple(
        dict.fromkeys((*people, "bob"))
    )


LATER = datetime(2026, 12, 1, tzinfo=UTC)


def test_who_takes_every_turn_hands_over_to_nobody() -> None:
    alone = dataclasses.replace(WEEKLY, people=("bob",), overrides=())
    assert Roster({"sre": alone}).turn("sre", LATER) == oncall.Turn(("bob",), None)
    assert Roster({"sre": alone}).on_call("other", LATER) == ()


def test_a_condition_holds_where_somebody_or_nobody_is_on_call() -> None:
    roster = Roster({"sre": WEEKLY})
    for at, somebody in ((START, False), (LATER, True)):
        asked = subject(at=at)
        assert needs.holds(table(on_call="sre"), asked, roster) is somebody
        assert needs.holds(table(off_call="sre"), asked, roster) is not somebody
        assert not needs.holds(table(on_call="sre"), asked, roster, ("bob", "carol", "dave"))
        assert needs.holds(table(off_call="sre"), asked, roster, ("bob", "carol", "dave"))


# ----------------------------------------------------------------------------- votes


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def daily(*people: str) -> Roster:
    """They take turns of a day; the first hand-over is ten minutes after the stage begins."""
    begin = START.replace(tzinfo=None) + timedelta(minutes=10) - timedelta(days=1)
    return Roster({"sre": Rota("sre", "UTC", people, begin, 1)})


def asks(stage: RunStage, roster: Roster, **rule: object) -> None:
    one = policy.Policy("any", **{"approvers": ("oncall:sre",), **rule})  # type: ignore[arg-type]
    edit(stage, oncall=roster, policies=stage.deployment.book.policies | {"any": one})
    stage.planned("alice", "restart web-01 reason=why")


def test_who_is_on_call_approves_and_nobody_else(stage: RunStage) -> None:
    asks(stage, daily("bob", "carol"))
    assert "Approvers: Bob." in approve(stage, "carol")
    approve(stage, "bob")
    stage.work()
    assert stage.request(1).state is State.RUNNING


def test_after_the_hand_over_the_next_one_approves_and_is_told(stage: RunStage) -> None:
    asks(stage, daily("bob", "carol"))
    stage.tick(601)
    done = stage.work()
    assert any("You are on call now" in text for text in said(done))
    assert "Carol (on call: sre)" in words(cards(done)[-1])
    assert "request.handed_over" in actions(stage)
    assert "Approvers: Carol." in approve(stage, "bob")
    approve(stage, "carol")
    stage.work()
    assert stage.request(1).state is State.RUNNING
    assert stage.request(1).on_call == ("carol",)


def test_a_vote_counts_by_who_was_on_call_when_it_was_cast(stage: RunStage) -> None:
    asks(stage, daily("bob", "carol"), approvers=("oncall:sre", "erin"), mode="count", count=2)
    approve(stage, "bob")
    stage.tick(601)
    stage.work()
    approve(stage, "erin")
    stage.work()
    assert stage.request(1).state is State.RUNNING


def test_a_vote_of_a_rota_that_has_changed_counts_no_more(stage: RunStage) -> None:
    asks(stage, daily("bob", "carol"), approvers=("oncall:sre", "erin"), mode="count", count=2)
    approve(stage, "bob")
    edit(stage, oncall=daily("carol", "bob"))
    approve(stage, "erin")
    assert stage.request(1).state is State.PENDING
    approve(stage, "carol")
    stage.work()
    assert stage.request(1).state is State.RUNNING


def test_what_was_approved_starts_though_somebody_else_is_on_call_by_then(stage: RunStage) -> None:
    asks(stage, daily("bob", "carol"), run_within=timedelta(hours=2))
    approve(stage, "bob")
    stage.clock.advance(3600)
    stage.work()
    assert stage.request(1).state is State.RUNNING


def test_who_approved_on_call_may_stop_it_later_and_who_was_not_may_not(stage: RunStage) -> None:
    asks(stage, daily("bob", "carol"), run_within=timedelta(hours=2))
    approve(stage, "bob")
    stage.clock.advance(3600)
    stage.work()
    asked = stage.request(1)
    assert "only" in stage.click("erin", 1, "stop", asked.code, asked.card).toast.lower()
    stage.click("bob", 1, "stop", asked.code, asked.card)
    assert stage.request(1).ended_by == "bob"


def test_two_hand_overs_while_the_bot_was_down_tell_the_last_one(stage: RunStage) -> None:
    asks(stage, daily("bob", "carol", "erin"), expires=timedelta(days=3))
    stage.work()
    stage.tick(86_400 + 601)
    done = stage.work()
    assert any("You are on call now" in text for text in said(done))
    assert "Erin (on call: sre)" in words(cards(done)[-1])
    assert stage.request(1).on_call == ("erin",)


def test_whose_own_request_it_is_has_no_say_on_call_and_nobody_on_call_is_said(
    stage: RunStage,
) -> None:
    one = policy.Policy("any", ("oncall:sre",))
    edit(stage, oncall=daily("alice", "bob"), policies={"any": one})
    stage.ask("alice", "restart web-01 reason=why")
    [text] = said(stage.work())
    assert "now that is Alice: not enough people besides yourself" in text
    later = dataclasses.replace(daily("bob").rotas["sre"], since=datetime(2030, 1, 1))
    edit(stage, oncall=Roster({"sre": later}))
    stage.ask("alice", "restart web-01 reason=why")
    [text] = said(stage.work())
    assert "nobody is on call now (sre)" in text


def test_an_approval_within_a_run_follows_the_rota(stage: RunStage) -> None:
    voters = model.ApprovalStep("k", "approval", "t", "d", ("oncall:sre",), 1)
    asks(stage, daily("bob", "carol"))
    request = dataclasses.replace(stage.request(1), ballot=voters)
    for at, who in ((START, "bob"), (START + timedelta(hours=1), "carol")):
        needed, _ = quorum.ballot_of(stage.deployment.book.as_of(at), request)
        assert quorum.electorate(needed) == (who,)


def test_oncall_tells_who_is_on_call_now_and_next(stage: RunStage) -> None:
    edit(stage, oncall=daily("bob", "carol"))
    stage.ask("alice", "oncall")
    [text] = said(stage.work())
    assert "sre" in text
    assert "Bob now, until" in text
    assert "then Carol" in text
    stage.ask("bob", "away until Monday")
    stage.work()
    stage.ask("alice", "oncall")
    assert "Bob now (away)" in said(stage.work())[0]


# ----------------------------------------------------------------------------- configuration


ROTA = """
[[oncall]]
name = "sre"
people = ["ben", "ann"]
since = 2026-11-02
every = "1w"
at = "09:00"
"""


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return configured.Loader(tmp_path)


def small(*changes: tuple[str, str]) -> str:
    text = SMALL.replace('approvers = ["ben"]', 'approvers = ["oncall:sre"]') + ROTA
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_rota_of_the_file(load: Loader) -> None:
    override = 'overrides = [{ person = "ann", from = 2026-12-24, until = 2026-12-25 }]'
    book = load(small(("\nat = ", f"\n{override}\nat = "))).book
    first = datetime(2026, 11, 2, 9)
    christmas = Override("ann", datetime(2026, 12, 24), datetime(2026, 12, 26))
    rota = Rota("sre", "Asia/Shanghai", ("ben", "ann"), first, 7, (christmas,))
    assert book.oncall == Roster({"sre": rota})
    assert book.policies["p"].people == ("oncall:sre",)
    timed = ("since = 2026-11-02", "since = 2026-11-02T09:00:00"), ('at = "09:00"', "")
    assert load(small(*timed)).book.oncall.rotas["sre"].since == first


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ('"oncall:sre"', '"oncall:srf"', "policy.p.approvers", "did you mean sre"),
        ('["oncall:sre"]', '["oncall:sre"]\nmode = "all"', "policy.p.mode", "a stage of its own"),
        ('["oncall:sre"]', '["oncall:sre"]\nmode = "count"\ncount = 2', "policy.p.count",
         "at most 1 can approve"),
        ('["ben", "ann"]', '["ben", "anne"]', "oncall.people", "did you mean ann"),
        ('["ben", "ann"]', "[]", "oncall", "people is missing"),
        ('"1w"', '"12h"', "oncall.every", "whole days or weeks"),
        ('"09:00"', '"25:00"', "oncall.at", "time of the day"),
        ("since = 2026-11-02", "since = 2026-11-02T09:00:00", "oncall.at", "already"),
        ('at = "09:00"', 'at = "09:00"\n' + ROTA, "oncall.name", "is the name of the rota"),
        ("\nat = ", "\noverrides = [{ person = 'ann', from = 2026-12-25, until = 2026-12-24 }]"
         "\nat = ",
         "oncall.overrides.until", "before from"),
        ("\nat = ", "\noverrides = [{ person = 'ann', from = 2026-12-24, until = 2026-12-24 }, "
         "{ person = 'ben', from = 2026-12-24, until = 2026-12-25 }]\nat = ",
         "oncall.overrides", "overlaps"),
    ],
)  # fmt: skip
def test_rotas_that_can_never_work_are_faults(
    load: Loader, old: str, new: str, place: str, message: str
) -> None:
    faults = {fault.mark.path: fault.message for fault in load.faults(small((old, new)))}
    assert message in faults.get(place, ""), faults
