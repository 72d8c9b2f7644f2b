"""``python -m bot policy replay`` says of another file what the bot decides by it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from bot import model, policy, regexes
from bot.cli import policies, policy_replay
from bot.commands import reports
from bot.policy import calendar
from tests.bot import (
    run_stage,
    test_absence,
    test_batches,
    test_break_glass,
    test_freezes,
    test_humans,
)
from tests.bot import stage as stages
from tests.bot.stage import Stage, book
from tests.bot.test_humans import approve

ALL = model.Search()
BIG = (policy.When("turn", "two machines", more_targets_than=1),)


def history(stage: Stage) -> None:
    """One request after the other: approved, rejected, expired, called off, refused, too big."""
    for text, votes in (
        ("restart web-01 reason=own", {"bob": "approve"}),
        ("restart web-02 reason=own", {"carol": "reject"}),
        ("restart web-03 reason=own", {}),
        ("restart web-09 reason=own", {}),
        ("restart web-01 web-02 reason=everyone", {"bob": "approve", "carol": "approve"}),
        ("restart web-01 web-02 reason=own", {"carol": "approve"}),
        ("restart web-02 reason=everyone", {"erin": "approve", "bob": "reject"}),
    ):
        stage.clock.advance(60)
        before = stage.read(lambda reader: reader.recent_requests(1))
        stage.ask("alice", text)
        stage.work()
        newest = stage.read(lambda reader: reader.recent_requests(1))
        if newest == before:
            continue
        for who, word in votes.items():
            stage.clock.advance(5)
            request = stage.request(newest[0].id)
            if request.state is model.State.PENDING:
                stage.click(who, request.id, word, request.code)
        stage.work()


def replayed(stage: Stage, by: policy.Book, search: model.Search = ALL) -> policy_replay.Replay:
    deployment = dataclasses.replace(stage.deployment, book=by)
    return stage.read(lambda reader: policy_replay.replayed(deployment, reader, search))  # type: ignore[no-any-return]


def changed(**policies: policy.Policy) -> policy.Book:
    """The book, with some policies in place of its own."""
    usual = book()
    return dataclasses.replace(usual, policies={**usual.policies, **policies})


def two_of_them() -> policy.Book:
    people = ("bob", "carol", "erin")
    return changed(any=policy.Policy("any", people, mode="count", count=2))


def another_table() -> policy.Book:
    return dataclasses.replace(book(), when=BIG)


def two_to_reject() -> policy.Book:
    return changed(any=policy.Policy("any", ("bob", "carol", "erin"), rejections=2))


def no_right() -> policy.Book:
    usual = book()
    roles = {**usual.roles, "dev": policy.Role("dev", frozenset({"provision"}))}
    return dataclasses.replace(usual, roles=roles)


def not_bob() -> policy.Book:
    return changed(
        any=policy.Policy("any", ("carol", "erin")), all=policy.Policy("all", ("carol",))
    )


def no_patterns() -> policy.Book:
    return dataclasses.replace(book(), patterns=())


def fewer_targets() -> policy.Book:
    usual = book()
    rule = dataclasses.replace(usual.commands["restart"], most_targets=1)
    return dataclasses.replace(usual, commands={**usual.commands, "restart": rule})


def a_freeze() -> policy.Book:
    start = stages.START.replace(tzinfo=None)
    times = calendar.Times("UTC", start, start + timedelta(days=2))
    freeze = calendar.Period("year-end", times, "the books are closed")
    return dataclasses.replace(book(), freezes=(freeze,))


BOOKS = (
    book, two_of_them, another_table, two_to_reject, no_right, not_bob, no_patterns,
    fewer_targets, a_freeze,
)  # fmt: skip


@pytest.mark.parametrize("other", BOOKS)
def test_it_says_what_the_bot_decides_where_the_same_is_asked_by_that_file(
    tmp_path: Path, other: Callable[[], policy.Book]
) -> None:
    (tmp_path / "there").mkdir()
    here, there = Stage(tmp_path), Stage(tmp_path / "there", other())
    for each in (here, there):
        history(each)
    replay = replayed(here, other())
    before, after = (
        {one.text: one for one in each.read(lambda reader: reader.recent_requests())}
        for each in (here, there)
    )
    here.close()
    there.close()
    different = {one.request.text: one for one in replay.different}
    assert replay.requests == len(before)
    for text, request in before.items():
        again = after.get(text)
        then = policy_replay.decision_of(request)
        now = "refused" if again is None else policy_replay.decision_of(again)
        names = () if again is None or now == "refused" else again.policy_names
        same = then == now and (now == "refused" or set(names) == set(request.policy_names))
        if request.plan is None:  # web-09, which is not there
            assert text not in different or now == "refused"
        elif same:
            assert text not in different or any("→" in why for why in different[text].why)
        else:
            assert (different[text].then.decision, different[text].now.decision) == (then, now)
            assert now == "refused" or set(different[text].now.policies) == set(names)
            assert different[text].why
    assert bool(replay.different) == (other is not book)


def test_forms_and_templates_are_judged_on_what_was_found_for_them_then(tmp_path: Path) -> None:
    stage = run_stage.RunStage(tmp_path)
    stage.submit(
        model.FormChanged(
            "form:1", stage.clock.now(), stages.PLATFORM, stages.TENANT, "hire", "i-1", "approved"
        )
    )
    stage.work()
    for text in ("gate note=hi password=hunter2", "fleet targets=web-01,web-02"):
        stage.ask("alice", text)
        stage.work()
        newest = stage.read(lambda reader: reader.recent_requests(1))[0]
        stage.click("bob", newest.id, "approve", newest.code)
        stage.work()
    usual = run_stage.book()
    hidden = policy.Pattern(
        regexes.compiled("hunter2"), frozenset({"script"}), "refuse", "a known password"
    )
    without_forms = dataclasses.replace(usual.policies["form"], form_counts=False)
    policies = {**usual.policies, "form": without_forms}
    other = dataclasses.replace(usual, patterns=(hidden,), policies=policies, when=BIG)
    same, replay = replayed(stage, usual), replayed(stage, other)
    stage.close()
    assert (same.requests, same.different, same.unjudged) == (3, [], {})
    seen = {one.request.command: (one.now.text, one.why) for one in replay.different}
    assert seen["provision"][0] == "undecided (form)"
    assert seen["provision"][1][0].startswith("form: 1 of Bob, Carol, Erin, or a form → 1 of Bob")
    assert seen["gate"][0].startswith("refused")
    assert "a known password" in seen["gate"][1][0]
    assert "hunter2" not in str(seen)
    assert seen["fleet"] == (
        "undecided (any + turn)",
        ("needs turn, too", "two machines (turn)", "1 of 3 approvals; Carol may vote"),
    )


def test_freezes_of_people_hold_in_a_replay_for_as_long_as_they_held(tmp_path: Path) -> None:
    stage = run_stage.RunStage(tmp_path, test_freezes.with_freezes())
    for number, text in enumerate(
        ("freeze restart until 12:00 the release", "restart web-01 reason=own", "unfreeze #1"), 1
    ):
        stage.planned("alice", text)
        stage.clock.advance(60)
        approve(stage, "bob", number)
        stage.tick(1)
        stage.work()
    test_freezes.decided(stage, "restart web-02 reason=own", 4)
    assert stage.request(2).opened_at is not None
    assert [one.request for one in stage.read(lambda reader: reader.freezes(stages.START))] == []
    replay = replayed(stage, test_freezes.with_freezes())
    stage.close()
    assert (replay.requests, replay.different) == (4, [])


def test_a_vote_on_several_requests_counts_for_each_in_a_replay(tmp_path: Path) -> None:
    stage = Stage(tmp_path, test_batches.batching())
    requests = test_batches.ask(stage, "web-01", "web-02")
    stage.click("bob", requests[0].id, "approve", stage.request(1).code)
    test_batches.follow(stage)
    same, stricter = replayed(stage, test_batches.batching()), replayed(stage, two_of_them())
    stage.close()
    assert (same.requests, same.different) == (2, [])
    assert [one.now.text for one in stricter.different] == ["undecided (any)"] * 2
    assert all("1 of 2 approvals" in one.why[-1] for one in stricter.different)


def test_a_vote_in_the_place_of_somebody_away_counts_once_they_are_back(tmp_path: Path) -> None:
    stage = run_stage.RunStage(tmp_path)
    test_humans.edit(stage, **test_absence.policies(delegates=("dave",)))
    test_absence.tell(stage, "bob", "away until Monday delegate dave")
    for seconds, who in ((60, ""), (60, "dave"), (60, "carol")):
        stage.clock.advance(seconds)
        if who:
            approve(stage, who)
        else:
            stage.planned("alice", "restart web-01 reason=own")
    test_absence.tell(stage, "bob", "back")
    test_absence.tell(stage, "bob", "away until Tuesday")
    replay = replayed(stage, stage.deployment.book)
    nobody = test_absence.policies()["policies"]
    stricter = replayed(stage, dataclasses.replace(stage.deployment.book, policies=nobody))
    stage.close()
    assert (replay.requests, replay.different) == (1, [])
    assert stricter.different[0].now.text == "undecided (any)"
    assert "1 of 2 approvals" in stricter.different[0].why[-1]


def test_what_break_glass_started_is_judged_without_the_votes_it_did_not_have(
    tmp_path: Path,
) -> None:
    stage = run_stage.RunStage(tmp_path)
    test_break_glass.allow(stage, test_break_glass.glass())
    stage.planned("alice", "restart web-01 reason=own")
    test_break_glass.breaks(stage)
    same, stricter = replayed(stage, stage.deployment.book), replayed(stage, no_right())
    month = reports.month_of("2026-01", UTC, stages.START)
    report = stage.read(lambda reader: reader.report(month, stage.clock.now()))
    stage.close()
    assert same.unjudged == {"break-glass started it without its votes": 1}
    assert [one.now.text for one in stricter.different] == ["refused"]
    assert report.break_glass == {"breakglass.used": 1}
    assert report.total.approvals.count == 0


def test_what_cannot_be_judged_any_more_is_counted_with_the_reason(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    history(stage)
    before = replayed(stage, book())
    old = stage.clock.now()
    stage.clock.advance(40 * 86400)
    stage.tick(0)
    stage.work()
    for each in stage.read(lambda reader: reader.open_requests()):
        stage.observe(each.id)
    stage.clock.advance(40 * 86400)
    stage.remove_texts()
    newest = stage.planned("alice", "restart web-01 reason=own")
    replay = replayed(stage, no_right())
    recent = replayed(stage, no_right(), model.Search(since=old + timedelta(days=1)))
    stage.close()
    assert list(before.unjudged.values()) == [1]
    [removed] = [count for why, count in replay.unjudged.items() if "removed" in why]
    assert removed > 3
    assert newest.id in [one.request.id for one in replay.different]
    assert (recent.requests, len(recent.different)) == (1, 1)
    shown = list(policies.replay_lines(replay, UTC))
    assert shown[0].endswith("undecided (any) → refused")
    assert f"    {removed}: what was typed for it was removed" in shown
