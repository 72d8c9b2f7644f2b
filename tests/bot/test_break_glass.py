"""Break-glass: it starts at once, whoever may vote is told, and they say afterwards what of it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model, policy, regexes, store
from bot.core import authority
from bot.store.sql import forgetting
from tests.bot.run_stage import RunStage
from tests.bot.stage import PLATFORM, actions, cards, said, words
from tests.bot.test_authority import change
from tests.bot.test_humans import approve, edit
from tests.bot.test_openings import YEAR_END, starts
from tests.bot.test_plan_reading import facts
from tests.chaos import truth

State = model.State
WHY = "the site is down for everybody"


def glass(**keys: object) -> policy.BreakGlass:
    return policy.BreakGlass(("dave",), **keys)  # type: ignore[arg-type]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    """Two of three must agree; dave, who is none of them, may break the glass."""
    made = RunStage(tmp_path)
    allow(made, glass())
    yield made
    made.close()


def allow(stage: RunStage, rule: policy.BreakGlass | None, **keys: object) -> None:
    of = dict(stage.deployment.book.policies)
    of["any"] = replace(of["any"], mode="count", count=2, break_glass=rule, **keys)  # type: ignore[arg-type]
    edit(stage, policies=of)


def breaks(stage: RunStage, who: str = "dave", why: str = WHY, number: int = 1) -> str:
    stage.ask(who, f"break-glass {number} {why}")
    return said(stage.work())[-1]


def test_it_starts_at_once_and_everybody_is_told(stage: RunStage) -> None:
    allow(stage, glass(groups=("war-room",)))
    groups = (*stage.deployment.book.groups, policy.Group(PLATFORM, "war", "war-room", "zh-CN"))
    edit(stage, groups=groups)
    request = stage.planned("alice", "restart web-01")
    approve(stage, "bob")
    stage.ask("dave", f"break-glass 1 {WHY}")
    done = stage.work()
    assert len(starts(done)) == 1
    assert stage.request(1).state is State.RUNNING
    says = [one for one in done if isinstance(one, model.Say)]
    told = {one.place.chat for one in says if "broke the glass" in words(one.message)}
    assert told == {"room", "u-bob", "u-carol", "u-erin"}
    (thread,) = [one for one in says if one.message.mentions and WHY in words(one.message)]
    assert {one.id for one in thread.message.mentions} == {"u-bob", "u-carol", "u-erin"}
    for part in ("1 of 2 had agreed", WHY, "ratify 1", "object 1", "Dave"):
        assert part in words(thread.message)
    (war,) = [one for one in says if one.place.chat == "war"]
    assert "应急放行" in words(war.message)
    shown = cards(done)[-1]
    assert (shown.tone, [one.action for one in shown.buttons][:2]) == ("red", ["ratify", "object"])
    assert f"Dave: {WHY}" in words(shown)
    (entry,) = facts(stage, "breakglass.used")
    assert (entry["approved"], entry["by"]) == (False, ["bob"])
    assert (entry["have"], entry["need"], entry["reason"]) == (1, 2, WHY)
    assert entry["digest"] == request.digest
    assert "request.approved" not in actions(stage)


def test_what_the_bot_itself_keeps_is_changed_by_votes_alone(stage: RunStage) -> None:
    """Who may not pass a freeze does not lift it either."""
    rule = policy.CommandRule("any", "high")
    commands = {**stage.deployment.book.commands, "freeze": rule, "unfreeze": rule}
    edit(stage, commands=commands)
    stage.planned("alice", "freeze restart for 5h the release is under way")
    for who in ("bob", "carol"):
        approve(stage, who)
    stage.planned("alice", "restart web-01")
    stage.planned("alice", "unfreeze #1 it is over")
    assert "needs its votes" in breaks(stage, number=3)
    assert "freeze #1" in breaks(stage, number=2)
    request = stage.request(3)
    assert (request.state, request.glass) == (State.PENDING, None)
    broken = model.BrokenGlass(
        model.Party("dave", stage.account("dave")),
        stage.clock.now(),
        WHY,
        request.digest,
        stage.clock.now() + timedelta(hours=4),
    )
    change(stage, 3, glass=broken)
    approve(stage, "bob", 3)
    assert stage.request(3).state is not State.SUCCEEDED, "not by a row that says so either"


@pytest.mark.parametrize("answer", ["ratify 1", "object 1", "object 1 no"])
def test_where_nobody_broke_it_there_is_nothing_to_answer(stage: RunStage, answer: str) -> None:
    stage.planned("alice", "restart web-01")
    for who in ("bob", "alice"):
        stage.ask(who, answer)
        assert "was not broken" in said(stage.work())[-1]
    assert "event.failed" not in actions(stage)


@pytest.mark.parametrize(
    ("who", "why", "sentence"),
    [
        ("alice", WHY, "no right"),
        ("bob", WHY, "no right"),
        ("dave", "down", "at least 10"),
        ("dave", "", "at least 10"),
    ],
)
def test_nobody_without_the_right_and_never_without_a_reason(
    stage: RunStage, who: str, why: str, sentence: str
) -> None:
    stage.planned("alice", "restart web-01")
    assert sentence in breaks(stage, who, why)
    assert stage.request(1).state is State.PENDING
    assert actions(stage)[-1] == "breakglass.refused"


def test_every_policy_of_the_request_must_allow_it(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=everyone")
    assert "Not every policy" in breaks(stage)
    allow(stage, None)
    stage.planned("alice", "restart web-02")
    assert "Not every policy" in breaks(stage, number=2)
    assert starts(stage.work()) == []


def test_what_a_pattern_refuses_by_now_is_not_started(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01")
    pattern = stage.deployment.book.patterns[0]
    edit(stage, patterns=(replace(pattern, regex=regexes.compiled("systemctl")),))
    assert "pattern forbids" in breaks(stage)
    assert stage.request(1).state is State.PENDING
    assert stage.request(1).glass is None


def test_only_so_often_within_seven_days(stage: RunStage) -> None:
    allow(stage, glass(most=2))
    for number in (1, 2, 3):
        stage.planned("alice", f"restart web-0{number}")
        last = breaks(stage, number=number)
    assert "2 times within 7 days" in last
    stage.clock.advance(7 * 86400 + 1)
    stage.planned("alice", "restart web-01")
    breaks(stage, number=4)
    assert stage.request(4).state is State.RUNNING


def test_the_plan_is_read_before(stage: RunStage) -> None:
    stage.deployment = replace(stage.deployment, holds=lambda platform, card: False)
    stage.planned("alice", "restart web-01")
    assert "Not started yet" in words_of(stage, "break-glass 1 " + WHY)
    assert starts(stage.work()) == []
    breaks(stage)
    assert stage.request(1).state is State.RUNNING


def words_of(stage: RunStage, line: str) -> str:
    stage.ask("dave", line)
    return "\n".join(said(stage.work()))


def test_where_approval_needs_the_code_this_does_too(stage: RunStage) -> None:
    allow(stage, glass(), code_required=True)
    request = stage.planned("alice", "restart web-01")
    breaks(stage)
    assert stage.request(1).state is State.PENDING
    breaks(stage, why=f"{request.code} {WHY}")
    assert stage.request(1).state is State.RUNNING


# ----------------------------------------------------------------------------- the calendar


def test_past_a_freeze_only_where_the_policy_says_so(stage: RunStage) -> None:
    edit(stage, freezes=(YEAR_END,))
    stage.planned("alice", "restart web-01")
    assert "year-end" in breaks(stage)
    assert stage.request(1).state is State.PENDING
    allow(stage, glass(freezes=True))
    breaks(stage)
    assert stage.request(1).state is State.RUNNING
    assert facts(stage, "breakglass.used")[0]["closed"] == "year-end"


def test_what_was_approved_and_waits_for_a_freeze_starts_once(stage: RunStage) -> None:
    allow(stage, glass(freezes=True))
    edit(stage, freezes=(YEAR_END,))
    stage.planned("alice", "restart web-01")
    approve(stage, "bob")
    approve(stage, "carol")
    assert stage.request(1).scheduled
    stage.work()
    stage.ask("dave", f"break-glass 1 {WHY}")
    done = stage.work()
    assert len(starts(done)) == 1
    assert any("was approved, and starts now without waiting" in text for text in said(done))
    assert facts(stage, "breakglass.used")[0]["approved"] is True
    stage.tick(5 * 3600)
    assert starts(stage.work()) == []


# ----------------------------------------------------------------------------- the start, again


@pytest.mark.parametrize("change", ["right", "policy", "objected"])
def test_it_is_judged_again_in_the_transaction_that_claims_the_call(
    stage: RunStage, change: str
) -> None:
    stage.planned("alice", "restart web-01")
    stage.ask("dave", f"break-glass 1 {WHY}")
    if change == "right":
        allow(stage, policy.BreakGlass(("erin",)))
    elif change == "policy":
        allow(stage, None)
    else:
        stage.ask("bob", "object 1 it could have waited")
    assert starts(stage.work()) == []
    assert stage.request(1).state is State.NOT_STARTED


def test_votes_after_it_start_nothing_again(stage: RunStage) -> None:
    request = stage.planned("alice", "restart web-01")
    approve(stage, "bob")
    stage.ask("dave", f"break-glass 1 {WHY}")
    stage.click("carol", 1, "approve", request.code)
    stage.ask("dave", f"break-glass 1 {WHY}")
    assert len(starts(stage.work())) == 1
    assert actions(stage).count("breakglass.used") == 1
    assert "request.approved" not in actions(stage)


def test_after_the_last_vote_there_is_nothing_to_break(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01")
    approve(stage, "bob")
    approve(stage, "carol")
    stage.ask("dave", f"break-glass 1 {WHY}")
    assert len(starts(stage.work())) == 1
    assert "breakglass.used" not in actions(stage)


# ----------------------------------------------------------------------------- afterwards


def outcome(stage: RunStage) -> str:
    glass = stage.request(1).glass
    assert glass is not None
    return glass.outcome


def broken(stage: RunStage, who: str = "dave") -> model.Request:
    stage.planned("alice", "restart web-01")
    breaks(stage, who)
    stage.observe(1)
    stage.work()
    request = stage.request(1)
    assert request.state is State.SUCCEEDED
    return request


def test_the_approvers_ratify_by_the_same_policy_after_its_end(stage: RunStage) -> None:
    request = broken(stage)
    stage.click("bob", 1, "ratify", request.code)
    assert outcome(stage) == ""
    assert "already" in stage.click("bob", 1, "ratify", request.code).toast
    stage.ask("carol", "ratify 1")
    done = stage.work()
    assert outcome(stage) == "ratified"
    assert any("ratified by Bob and Carol" in text for text in said(done))
    assert cards(done)[-1].buttons == ()
    assert "already" in stage.click("erin", 1, "object", request.code).toast
    assert facts(stage, "breakglass.ratified")[0]["by"] == ["bob", "carol"]
    stage.tick(4 * 3600)
    assert "breakglass.unanswered" not in actions(stage)


def test_one_objection_is_enough_where_one_rejection_is(stage: RunStage) -> None:
    broken(stage)
    stage.ask("bob", "object 1 it could have waited")
    assert any("Bob objected" in text for text in said(stage.work()))
    assert outcome(stage) == "objected"


def test_whoever_broke_it_never_counts_nor_does_a_stranger(stage: RunStage) -> None:
    allow(stage, policy.BreakGlass(("bob", "dave")), self_approval=True)
    request = broken(stage, "bob")
    assert "neither ratify" in stage.click("bob", 1, "ratify", request.code).toast
    assert "Only Carol or Erin" in stage.click("alice", 1, "ratify", request.code).toast
    people = dict(stage.deployment.book.people)
    people["rob"] = replace(people.pop("bob"), id="rob")  # the same human by another name
    edit(stage, people=people)
    allow(stage, policy.BreakGlass(("rob", "dave")), approvers=("rob", "carol", "erin"))
    assert "neither ratify" in stage.click("bob", 1, "ratify", request.code).toast
    assert stage.read(lambda reader: reader.votes(1)) == ()


def test_where_nobody_answers_in_time_that_is_told_to_all_again(stage: RunStage) -> None:
    allow(stage, glass(groups=("war-room",), ratify=timedelta(hours=1)))
    groups = (*stage.deployment.book.groups, policy.Group(PLATFORM, "war", "war-room", "en"))
    edit(stage, groups=groups)
    broken(stage)
    stage.tick(3599)
    assert said(stage.work()) == []
    stage.tick(1)
    done = stage.work()
    chats = {one.place.chat for one in done if isinstance(one, model.Say)}
    assert chats == {"room", "war"}
    assert all("Nobody has ratified" in text for text in said(done))
    assert outcome(stage) == "unanswered"
    assert "over" in stage.click("bob", 1, "ratify", stage.request(1).code).toast


def test_the_last_ones_are_listed_with_what_came_of_them(stage: RunStage) -> None:
    stage.ask("dave", "break-glass")
    assert "No glass was broken" in said(stage.work())[-1]
    broken(stage)
    stage.ask("bob", "object 1 it could have waited")
    stage.work()
    stage.ask("alice", "break-glass")
    listed = said(stage.work())[-1]
    for part in ("#1", "Dave", WHY, "the approvers objected", "succeeded"):
        assert part in listed


def test_a_process_that_ends_before_the_call_leaves_all_of_it_to_the_next(tmp_path: Path) -> None:
    """The state of the request, its effects, the row of the time to answer and the audit entry are
    of one transaction: here nothing had left yet."""
    first = RunStage(tmp_path)
    allow(first, glass())
    first.planned("alice", "restart web-01")
    first.ask("dave", f"break-glass 1 {WHY}")
    deployment, now = first.deployment, first.clock.time
    first.close()
    stage = RunStage(tmp_path)
    stage.deployment, stage.clock.time = deployment, now
    done = stage.work()
    assert len(starts(done)) == 1
    assert len([text for text in said(done) if "broke the glass" in text]) == 4
    stage.tick(4 * 3600)
    assert outcome(stage) == "unanswered"
    stage.close()


# ----------------------------------------------------------------------------- races and records


def test_however_it_races_with_votes_each_request_starts_once(stage: RunStage) -> None:
    """Fourteen messages and clicks at once on each of seven requests, in ever other orders."""
    chance = random.Random(14)
    orders, runs = set[str](), Counter[int]()
    for number in range(1, 8):
        request = stage.planned("alice", f"restart web-01 reason=r{number}")
        events = [
            *(clicks(stage, who, request, "approve") for who in ("bob", "carol", "erin") * 2),
            *(writes(stage, "dave", f"break-glass {number} {WHY}") for _ in range(3)),
            *(clicks(stage, who, request, "ratify") for who in ("bob", "carol", "dave")),
            clicks(stage, "alice", request, "cancel"),
            writes(stage, "erin", f"break-glass {number} {WHY}"),
        ]
        chance.shuffle(events)
        submitted = asyncio.gather(*(stage.engine.submit(event) for event in events))
        stage.loop.run_until_complete(submitted)
        runs.update(one.request for one in starts(stage.work()))
        stage.observe(number)
        stage.work()
        entries = [row for row in chain(stage) if row.request == number]
        decided = [row.action for row in entries if row.action in DECIDED]
        assert len(decided) == 1, decided
        orders.add(decided[0])
        approvers = sum(row.action == "vote.cast" and "word" not in row.facts for row in entries)
        if decided == ["request.approved"]:
            assert approvers >= 2
        stage.clock.advance(7 * 86400 + 1)
    assert orders == set(DECIDED)
    assert set(runs.values()) == {1}
    assert findings(stage) == []


DECIDED = ("request.approved", "breakglass.used", "request.cancelled")


def clicks(stage: RunStage, who: str, request: model.Request, action: str) -> model.Event:
    event, account, place = f"click:{stage.number()}", stage.account(who), stage.place()
    at = stage.clock.now()
    return model.CardAction(event, at, account, place, "", action, request.id, request.code)


def writes(stage: RunStage, who: str, text: str) -> model.Event:
    number = stage.number()
    place = stage.place(f"m{number}")
    return model.MessageReceived(
        f"msg:{number}", stage.clock.now(), stage.account(who), place, text
    )


def chain(stage: RunStage) -> list[model.AuditRow]:
    return stage.read(lambda reader: list(reader.chain()))  # type: ignore[no-any-return]


def findings(stage: RunStage) -> list[str]:
    """What ``store check`` finds in the tables."""
    return stage.read(truth.checked)  # type: ignore[no-any-return]


@pytest.mark.sqlite("writes into the file")
@pytest.mark.parametrize("damage", ["entry", "person", "request"])
def test_a_store_in_which_it_is_not_on_record_is_found_out(stage: RunStage, damage: str) -> None:
    broken(stage)
    path = stage.store.path
    assert findings(stage) == []
    script = {
        "entry": "UPDATE audit SET action = 'vote.refused' WHERE action = 'breakglass.used'",
        "person": "UPDATE requests SET body = json_set(body, '$.glass.by.person', 'bob')",
        "request": "UPDATE requests SET body = json_remove(body, '$.glass'), glass_at = 0",
    }[damage]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    assert any(
        "break-glass of" in one or "no approval of its plan" in one for one in findings(stage)
    )


def test_what_was_typed_goes_with_the_texts_and_who_with_the_person(stage: RunStage) -> None:
    broken(stage)
    stage.clock.advance(31 * 86400)
    stage.tick(0)
    stage.work()
    stage.remove_texts()
    glass = stage.request(1).glass
    assert glass is not None
    assert (glass.reason, glass.by.person, glass.outcome) == ("", "dave", "unanswered")
    assert "reason" not in facts(stage, "breakglass.used")[0]
    forgetting.forget(stage.store, "dave", "admin", stage.clock.now())
    glass = stage.request(1).glass
    assert glass is not None
    assert glass.by.person.startswith("former-")
    assert "u-dave" not in str(glass)
    assert findings(stage) == []


# ----------------------------------------------------------------------------- runbooks


def test_an_objection_holds_a_run_before_its_next_call(stage: RunStage) -> None:
    stage.fleet = ["web-01", "web-02", "web-03"]
    stage.planned("alice", "fleet targets=tag:env=prod")
    stage.ask("dave", f"break-glass 1 {WHY}")
    under_way: list[store.Claimed] = []
    for _ in range(6):
        for claimed in stage.claim():
            if authority.starts(claimed.effect.body):
                under_way.append(claimed)
            else:
                stage.settle(claimed, stage.answer(claimed))
    assert len(under_way) == 2
    stage.ask("bob", "object 1 it could have waited")
    for claimed in under_way:
        stage.settle(claimed, stage.answer(claimed))
    stage.work()
    request = stage.request(1)
    assert request.ballot is not None
    assert (request.ballot.kind, len(stage.calls)) == ("held", 3), "found, and two touched"
    stage.ask("bob", "resume 1")
    assert any("approvers objected" in text for text in said(stage.work()))
    stage.ask("dave", "stop 1")
    stage.work()
    assert (stage.request(1).state, len(stage.calls)) == (State.CANCELLED, 3)


def test_targets_that_change_before_the_start_are_voted_on_and_no_glass_counts_for_them(
    stage: RunStage,
) -> None:
    stage.fleet = ["web-01", "web-02"]
    stage.planned("alice", "fleet targets=tag:env=prod")
    stage.fleet = ["web-02"]
    stage.ask("dave", f"break-glass 1 {WHY}")
    assert starts(stage.work()) == []
    request = stage.request(1)
    assert (request.state, request.glass) == (State.PENDING, None)
    stage.tick(60)
    assert starts(stage.work()) == []
    stage.ask("dave", f"break-glass 1 {request.code} {WHY}")
    stage.work()
    assert stage.request(1).state in (State.RUNNING, State.SUCCEEDED)
