"""Who is away is not counted on, and whoever stands in for them has their seat and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy, store
from bot.core import absences
from bot.policy import identity, quorum
from tests import stores
from tests.bot import stage as stage_
from tests.bot.run_stage import RunStage
from tests.bot.stage import START, actions, cards, said, words
from tests.bot.test_humans import approve, edit
from tests.bot.test_openings import starts

HOUR = timedelta(hours=1)
PEOPLE = ("alice", "bob", "carol", "dave", "erin")


def policies(*approvers: str, delegates: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    people = approvers or ("bob", "carol")
    one = policy.Policy("any", people, "all", delegates=delegates, expires=4 * HOUR, **more)
    return {"policies": {"any": one}}


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Any]:
    """Makes a stage of which all approvers must agree; dave and erin may stand in for them."""
    stages: list[RunStage] = []

    def made(*approvers: str, **more: Any) -> RunStage:
        more = {"delegates": ("dave", "erin")} | more
        stages.append(RunStage(tmp_path))
        edit(stages[-1], **policies(*approvers, **more))
        return stages[-1]

    yield made
    for each in stages:
        if not each.loop.is_closed():
            each.close()


def tell(stage: RunStage, who: str, text: str) -> str:
    """What somebody who writes this is answered."""
    stage.ask(who, text)
    return said(stage.work())[-1]


def mentions(effects: list[model.Effect]) -> list[str]:
    return [
        account.id
        for one in effects
        if isinstance(one, model.Say)
        for account in one.message.mentions
    ]


def test_the_vote_of_whoever_stands_in_takes_the_seat(staged: Any) -> None:
    stage = staged()
    assert "dave stands in" in tell(stage, "bob", "away until Monday delegate dave").lower()
    stage.ask("alice", "restart web-01 reason=why")
    card = cards(stage.work())[-1]
    assert [account.id for account in card.mentions] == ["u-dave", "u-carol"]
    assert "Bob (away, Dave stands in), Carol" in words(card)
    approve(stage, "dave")
    assert starts(stage.work()) == []
    approve(stage, "carol")
    assert len(starts(stage.work())) == 1
    cast = [row for row in stage.read(lambda r: list(r.chain())) if row.action == "vote.cast"]
    assert [row.facts.get("on_behalf") for row in cast] == ["bob", None]


def test_what_is_pending_moves_and_comes_back(staged: Any) -> None:
    stage = staged()
    stage.planned("alice", "restart web-01 reason=why")
    stage.work()
    stage.ask("bob", "away until 18:00 delegate dave")
    stage.tick(0)
    done = stage.work()
    assert "u-dave" in mentions(done)
    assert "Bob (away, Dave stands in)" in words(cards(done)[-1])
    stage.ask("bob", "back")
    stage.tick(0)
    assert "away" not in words(cards(stage.work())[-1])
    assert "only" in approve(stage, "dave") or "Bob" in approve(stage, "dave")
    assert [vote.person for vote in stage.read(lambda r: r.votes(1))] == []


def test_who_is_away_without_anybody_is_not_counted_on_until_they_are_back(staged: Any) -> None:
    stage = staged()
    stage.planned("alice", "restart web-01 reason=why")
    stage.ask("bob", "away until 10:30")
    stage.tick(0)
    told = said(stage.work())
    assert any("not enough people can approve it now" in text for text in told), told
    assert any("Bob said that they are away, and may still vote" in text for text in told), told
    assert stage.request(1).unreachable
    stage.tick(90 * 60)
    stage.work()
    assert not stage.request(1).unreachable, "the time that he said is over"


def test_what_is_asked_while_too_many_are_away_is_refused_with_their_names(staged: Any) -> None:
    stage = staged()
    tell(stage, "bob", "away until Monday")
    stage.ask("alice", "restart web-01 reason=why")
    told = said(stage.work())[-1]
    assert "as Bob cannot" in told
    assert "away" in told


def test_one_human_fills_one_seat_in_whosever_place(staged: Any) -> None:
    stage = staged("bob", "carol", "erin")
    tell(stage, "bob", "away until Monday delegate erin")
    tell(stage, "carol", "away until Monday delegate erin")
    for approvers in (("bob", "carol", "erin"), ("bob", "carol"), ("bob", "erin")):
        edit(stage, **policies(*approvers, delegates=("erin",)))
        answer = stage.planned_or_said("alice", "restart web-01 reason=why")
        assert isinstance(answer, str), approvers
        assert "not enough people" in answer


def seats_of(book: policy.Book, *votes: model.Vote) -> quorum.Tally:
    return quorum.tally(
        quorum.Quorum(book, tuple(book.policies.values()), frozenset({"alice"})), votes
    )


def vote(who: str, *behalf: str, approve: bool = True) -> model.Vote:
    account = model.Account(stage_.PLATFORM, stage_.TENANT, f"u-{who}")
    return model.Vote(1, who, account, approve, "d", START, on_behalf=behalf)


def company(*approvers: str, **more: Any) -> policy.Book:
    people = {who: stage_.person(who) for who in PEOPLE}
    made = policies(*approvers, **{"delegates": ("dave", "erin"), **more})
    return stage_.book(people=people, index=identity.index_accounts(people), **made)


@pytest.mark.parametrize(
    ("votes", "have"),
    [
        ((vote("dave", "bob"),), 1),
        ((vote("dave", "bob"), vote("bob")), 1),
        ((vote("bob"), vote("dave", "bob")), 1),
        ((vote("dave", "bob"), vote("erin", "bob")), 1),
        ((vote("dave", "bob", "carol"),), 1),
        ((vote("dave", "bob", "carol"), vote("bob")), 2),
        ((vote("dave", "bob"), vote("erin", "carol")), 2),
        ((vote("carol", "bob"),), 1),
        ((vote("carol", "bob"), vote("bob")), 2),
        ((vote("dave"),), 0),
        ((vote("dave", "alice"),), 0),
        ((vote("alice", "bob"),), 0),
    ],
)
def test_nobody_is_counted_twice(votes: tuple[model.Vote, ...], have: int) -> None:
    tally = seats_of(company(), *votes)
    assert (tally.have, tally.need) == (have, 2)
    assert (tally.verdict == "approved") is (have == 2)


def test_a_rejection_in_somebodys_place_rejects_once() -> None:
    book = company(rejections=2)
    votes = (vote("dave", "bob", approve=False), vote("bob", approve=False))
    assert seats_of(book, *votes).against == 1
    both = (vote("dave", "bob", approve=False), vote("carol", approve=False))
    assert seats_of(book, *both).verdict == "rejected"


def test_it_is_not_passed_on_and_only_where_the_policy_says_so(staged: Any) -> None:
    stage = staged()
    tell(stage, "bob", "away until Monday delegate dave")
    assert "No policy" in tell(stage, "dave", "away until Monday delegate erin")
    assert "No policy" in tell(stage, "carol", "away until Monday delegate alice")
    assert "yourself" in tell(stage, "carol", "away until Monday delegate carol")
    assert "Nobody here" in tell(stage, "carol", "away until Monday delegate zed")
    assert "away, too" in tell(stage, "carol", "away until Monday delegate bob")
    assert "Say until when" in tell(stage, "carol", "away delegate dave")
    assert actions(stage).count("act.refused") == 6


def test_it_is_judged_again_when_it_starts(staged: Any) -> None:
    """The vote was in, and the policy lets nobody stand in any more before it is let out."""
    stage = staged("bob")
    tell(stage, "bob", "away until Monday delegate dave")
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "dave")
    edit(stage, **policies("bob"))
    assert starts(stage.work()) == []
    assert stage.request(1).state is model.State.NOT_STARTED


def test_a_vote_counts_by_who_was_away_when_it_was_cast(staged: Any, tmp_path: Path) -> None:
    """``Vote.on_behalf`` is a row of the vote's transaction: it survives a restart, and whoever
    comes back in the meantime takes nothing from it."""
    stage = staged("bob")
    tell(stage, "bob", "away until Monday delegate dave")
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "dave")
    stage.ask("bob", "back")
    assert len(starts(stage.work())) == 1


def test_the_row_survives_a_restart(tmp_path: Path) -> None:
    stage = RunStage(tmp_path)
    edit(stage, **policies("bob", delegates=("dave",)))
    tell(stage, "bob", "away until Monday delegate dave")
    stage.close()
    again = RunStage(tmp_path)
    again.count = stage.count
    try:
        edit(again, **policies("bob", delegates=("dave",)))
        assert "Bob is away until 2026-01-12 00:00 (UTC); Dave stands in" in tell(
            again, "carol", "away"
        )
        assert "not say" in tell(again, "carol", "back")
    finally:
        again.close()


def test_who_is_forgotten_stands_in_nobodys_place(staged: Any, tmp_path: Path) -> None:
    stage = staged("bob")
    tell(stage, "bob", "away until Monday delegate dave")
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "dave")
    stage.work()
    stage.observe(1)
    stage.work()
    stage.close()
    with stores.opened(stage.path) as opened:
        done = store.forget(opened, "bob", "console:ops", stage.clock.now())
        assert done.away
        with opened.reading() as reader:
            assert reader.absences(stage.clock.now()) == ()
            assert [vote.on_behalf for vote in reader.votes(1)] == [(done.pseudonym,)]
            assert reader.verify_audit() == []


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("Monday", datetime(2026, 3, 29, 22, tzinfo=UTC)),
        ("sun", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("周六", datetime(2026, 4, 3, 22, tzinfo=UTC)),
        ("星期天", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("2026-04-01", datetime(2026, 3, 31, 22, tzinfo=UTC)),
        ("18:00", datetime(2026, 3, 28, 17, tzinfo=UTC)),
        ("09:00", datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("3d", datetime(2026, 3, 31, 11, tzinfo=UTC)),
        ("2h", datetime(2026, 3, 28, 13, tzinfo=UTC)),
    ],
)
def test_until_when_by_the_clock_of_the_zone(text: str, end: datetime) -> None:
    """It is Saturday noon in Berlin; in the night the clock is set ahead."""
    now = datetime(2026, 3, 28, 11, tzinfo=UTC)
    assert absences.end_of(text, "Europe/Berlin", now, now) == end


@pytest.mark.parametrize(("text", "key"), [("2025-01-01", "start.past"), ("999d", "start.far")])
def test_until_when_must_be_to_come(text: str, key: str) -> None:
    now = datetime(2026, 3, 28, 11, tzinfo=UTC)
    end = absences.end_of(text, "Europe/Berlin", now, now)
    assert isinstance(end, policy.Refusal)
    assert end.key == key


def test_policies_keep_who_may_stand_in() -> None:
    one = policy.Policy("p", ("bob",), delegates=("dave",))
    assert policy.from_snapshot(policy.snapshot((one,))) == (one,)
    assert "delegates" not in policy.snapshot((replace(one, delegates=()),))["p"]  # type: ignore[operator]
