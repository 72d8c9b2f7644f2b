"""Freezes that people ask for and agree to: they hold as those of bot.toml do, until they are over
or lifted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import core, model, policy, store
from bot.cli import policy_replay, policy_trials
from bot.commands import frozen as frozen_now
from bot.core import internal_operations
from bot.policy import calendar
from bot.runtime import engine
from tests import stores
from tests.bot import stage as stages
from tests.bot.run_stage import RunStage
from tests.bot.stage import START, actions, cards, said, words
from tests.bot.test_humans import approve, edit
from tests.bot.test_openings import frozen, starts

State = model.State
HOUR = 3600
MINUTE = timedelta(minutes=1)


def with_freezes(**changes: object) -> policy.Book:
    """The small company, in which freezes are voted on."""
    book = stages.book(**changes)
    rule = policy.CommandRule("any", "medium")
    dev = policy.Role("dev", frozenset({"restart", "provision", "freeze", "unfreeze"}))
    return replace(
        book,
        commands={**book.commands, "freeze": rule, "unfreeze": rule},
        roles={**book.roles, "dev": dev},
    )


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path, with_freezes())
    yield made
    made.close()


def decided(stage: RunStage, text: str, number: int) -> list[model.Effect]:
    """Something is asked for by alice and approved by bob; what leaves the bot at that."""
    stage.ask("alice", text)
    stage.work()
    approve(stage, "bob", number)
    return stage.work()


def test_a_freeze_is_put_to_the_vote_and_holds_from_the_approval_on(stage: RunStage) -> None:
    stage.ask("alice", "freeze restart until 12:00 the release is under way")
    card = words(cards(stage.work())[-1])
    for part in ("2026-01-05 12:00 (UTC)", "the command restart", "the release is under way"):
        assert part in card
    assert "in force" in approve(stage, "bob")
    done = stage.work()
    assert stage.request(1).state is State.SUCCEEDED
    (told,) = said(done)
    assert "#1 freeze is in force" in told
    assert "unfreeze #1" in told
    assert actions(stage)[-2:] == ["request.approved", "freeze.begun"]
    assert starts(decided(stage, "restart web-01 reason=why", 2)) == []
    assert stage.request(2).scheduled
    stage.tick(3 * HOUR)
    assert len(starts(stage.work())) == 1, "it is over by itself"


def test_what_is_rejected_or_not_decided_freezes_nothing(stage: RunStage) -> None:
    request = stage.planned("alice", "freeze all until 12:00 the release")
    stage.click("bob", 1, "reject", request.code, request.card)
    stage.planned("alice", "freeze all for 2h the release")
    assert len(starts(decided(stage, "restart web-01 reason=why", 3))) == 1


def test_a_freeze_lifted_early_lets_what_waits_start_in_order_of_its_approval(
    stage: RunStage,
) -> None:
    decided(stage, "freeze re* for 5h the release", 1)
    first, second = (stage.planned("alice", f"restart web-{n} reason=why").id for n in ("01", "02"))
    for number in (second, first):
        stage.tick(60)
        approve(stage, "bob", number)
    assert starts(stage.work()) == []
    stage.ask("alice", "unfreeze re* done")
    assert "#1 re* until 2026-01-05 14:00 (UTC)" in words(cards(stage.work())[-1])
    approve(stage, "bob", 4)
    stage.tick(0)
    calls = [call for call in starts(stage.work()) if isinstance(call, model.StartRun)]
    assert [call.request for call in calls] == [second, first]
    stage.tick(6 * HOUR)
    assert starts(stage.work()) == [], "once"
    assert actions(stage).count("freeze.lifted") == 1


def test_what_waits_for_another_freeze_is_told_that_it_waits_for_longer(stage: RunStage) -> None:
    decided(stage, "freeze restart for 1h the release", 1)
    decided(stage, "restart web-01 reason=why", 2)
    decided(stage, "freeze restart for 3h " + "it goes on " * 20, 3)
    stage.tick(0)
    [told] = [text for text in said(stage.work()) if "cancel 2" in text]
    assert "Not before 2026-01-05 12:00" in told
    assert len(told) < 500, "the reason is cut"
    stage.tick(HOUR)
    assert starts(stage.work()) == []
    stage.tick(2 * HOUR)
    assert len(starts(stage.work())) == 1


def test_a_call_that_was_queued_as_the_freeze_began_does_not_leave(stage: RunStage) -> None:
    stage.planned("alice", "freeze restart for 2h the release")
    stage.planned("alice", "restart web-01 reason=why")
    approve(stage, "carol", 2)
    approve(stage, "bob", 1)
    assert starts(stage.work()) == []
    assert stage.request(2).scheduled
    stage.tick(2 * HOUR)
    assert len(starts(stage.work())) == 1


def test_a_freeze_survives_the_process_that_took_the_vote(stage: RunStage) -> None:
    """Killed after the commit of the vote, the next process finds the row of the freeze, written in
    that very commit."""
    stage.planned("alice", "freeze restart for 2h the release")
    approve(stage, "bob")
    stage.loop.run_until_complete(stage.engine.close())
    stage.store.close()
    stage.store = stores.opened(stage.path)
    stage.engine = engine.Engine(
        stage.store,
        stage.reading,
        stage.clock,
        judge=lambda effect, view, now: core.refusal_of_claim(stage.deployment, effect, view, now),
        used=stage.used,
    )
    stage.loop.run_until_complete(stage._start())
    assert starts(decided(stage, "restart web-01 reason=why", 2)) == []
    assert stage.request(2).scheduled


@pytest.mark.parametrize(("scope", "holds"), [("ops", True), ("all", True), ("prov*", False)])
def test_a_scope_is_a_group_a_pattern_of_commands_or_all(
    stage: RunStage, scope: str, holds: bool
) -> None:
    decided(stage, f"freeze {scope} for 2h the release", 1)
    done = decided(stage, "restart web-01 reason=why", 2)
    assert (starts(done) == []) is holds


def test_a_freeze_never_stops_the_way_out_of_it(stage: RunStage) -> None:
    edit(stage, freezes=(frozen(-1, 5),), windows=(frozen(20, 21, name="night"),))
    decided(stage, "freeze all for 5h the release", 1)
    assert stage.request(1).state is State.SUCCEEDED
    edit(stage, freezes=(), windows=())
    assert starts(decided(stage, "restart web-01 reason=why", 2)) == []
    decided(stage, "unfreeze #1", 3)
    assert stage.request(3).state is State.SUCCEEDED
    stage.tick(0)
    assert len(starts(stage.work())) == 1


def test_a_freeze_of_several_things_is_one_freeze(stage: RunStage) -> None:
    decided(stage, "freeze ops,run for 2h the release", 1)
    row = stage.read(lambda reader: reader.freezes(stage.clock.now()))[0]
    assert (row.groups, row.commands, row.person) == (("ops",), ("run",), "alice")
    assert isinstance(stage.planned("alice", "unfreeze run,ops"), model.Request)


def test_a_freeze_approved_after_its_end_is_not_begun(stage: RunStage) -> None:
    stage.planned("alice", "freeze all for 1m the release")
    stage.clock.advance(120)
    approve(stage, "bob")
    assert any("is over already" in text for text in said(stage.work()))
    assert stage.request(1).state is State.NOT_STARTED
    assert stage.read(lambda reader: reader.freezes(stage.clock.now())) == ()


def test_what_was_lifted_already_is_not_lifted_again(stage: RunStage) -> None:
    decided(stage, "freeze all for 2h the release", 1)
    stage.planned("alice", "unfreeze #1 done")
    decided(stage, "unfreeze #1 done, too", 3)
    approve(stage, "bob", 2)
    assert any("#1 is over already" in text for text in said(stage.work()))
    assert stage.request(2).state is State.NOT_STARTED
    assert actions(stage).count("freeze.lifted") == 1


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("freeze restrat for 2h the release", "There are: restart"),
        ("freeze freeze for 2h the release", "freeze is no group and no command"),
        ("freeze all the release", "until when"),
        ("freeze all until 12:00 for=2h reason=why", "keep one"),
        ("freeze all for 0h why", "until when"),
        ("freeze all for 0h0m why", "until when"),
        ("freeze all until 2026-03-05T12:00 the release", "too far ahead"),
        ("freeze all until 2025-03-05T12:00 the release", "is over already"),
        ("unfreeze #7", "There is no freeze #7"),
        ("unfreeze year-end", "stands in bot.toml"),
    ],
)
def test_what_cannot_be_frozen_or_lifted_is_told_at_once(
    stage: RunStage, text: str, answer: str
) -> None:
    edit(stage, freezes=(frozen(-1, 5),))
    told = stage.planned_or_said("alice", text)
    assert isinstance(told, str)
    assert answer in told


def test_freezes_lists_those_of_the_file_and_those_of_people(stage: RunStage) -> None:
    def listed() -> str:
        stage.ask("dave", "freezes")
        return said(stage.work())[-1]

    assert "Nothing is frozen" in listed()
    edit(stage, freezes=(frozen(-1, 5), frozen(1, 2, name="later")))
    decided(stage, "freeze ops for 2h the release", 1)
    text = listed()
    assert "year-end all until 2026-01-05 14:00 (UTC) (the books are closed). From bot.toml" in text
    assert "#1 ops until 2026-01-05 11:00 (UTC) (the release). Asked by Alice, approved by Bob" in (
        text
    )
    assert "later" not in text
    decided(stage, "unfreeze #1", 2)
    assert "#1" not in listed()


def test_who_may_not_use_the_command_freezes_nothing(stage: RunStage) -> None:
    assert isinstance(stage.planned_or_said("dave", "freeze all for 2h the release"), str)


def test_the_code_that_is_voted_on_covers_what_is_done_and_what_is_read(stage: RunStage) -> None:
    request = stage.planned("alice", "freeze provision for 2h the release")
    plan = request.plan
    assert isinstance(plan, model.InternalPlan)
    assert model.digest(plan) == request.digest, "as it was stored"
    for change in ({"parameters": {**plan.parameters, "commands": ["*"]}}, {"preview": ""}):
        assert model.digest(replace(plan, **change)) != request.digest


def test_every_internal_operation_there_is_can_be_done() -> None:
    names = set(get_args(model.InternalName))
    assert names == set(internal_operations.OPERATIONS)


def test_status_and_explain_name_what_is_frozen(stage: RunStage) -> None:
    decided(stage, "freeze restart for 2h the release", 1)
    request, now = stage.planned("alice", "restart web-01 reason=why"), stage.clock.now()
    with stage.store.reading() as reader:
        rows = reader.freezes(now)
        [freeze] = frozen_now.frozen(stage.deployment.book, reader, now, "en")
    assert (freeze.name, freeze.text.partition(" (")[0]) == ("#1", "restart until 2026-01-05 11:00")
    lines = "\n".join(policy_trials.explained(stage.deployment, request, (), now, rows))
    assert "could not start now: #2 may not run before 2026-01-05 11:00 (UTC): freeze #1" in lines


def test_what_was_in_force_then_is_known_afterwards(stage: RunStage) -> None:
    decided(stage, "freeze restart for 2h the release", 1)
    stage.clock.advance(60)
    begun = stage.clock.now()
    stage.clock.advance(60)
    decided(stage, "unfreeze #1", 2)
    with stage.store.reading() as reader:
        then = [len(reader.freezes_then(begun + MINUTE * n)) for n in (-2, 0, 2)]
    assert then == [0, 1, 0]


@pytest.mark.sqlite("damages the file")
@pytest.mark.parametrize(
    ("damage", "detail"),
    [
        ("DELETE FROM freezes", "is on record, and not in the store"),
        ("UPDATE freezes SET until = until - 1000", "is another than was agreed to"),
        ("UPDATE freezes SET scope = '[[], [\"run\"]]'", "is another than was agreed to"),
        ("UPDATE freezes SET lifted_at = 1", "was lifted, and the audit log says otherwise"),
        ("INSERT INTO freezes VALUES (9, 9, 9, '[]')", "nobody is on record as having agreed"),
    ],
)
def test_a_freeze_that_somebody_changed_by_hand_is_found(
    stage: RunStage, damage: str, detail: str
) -> None:
    decided(stage, "freeze restart for 2h the release", 1)
    assert not store.check(stage.path).findings
    with closing(sqlite3.connect(stage.path)) as connection:
        connection.execute(damage)
        connection.commit()
    assert any(detail in one.detail for one in store.check(stage.path).findings)


def test_a_replay_knows_what_was_frozen_then(stage: RunStage) -> None:
    """And of an unfreeze, what there was to lift; by the same file all is decided as it was."""
    decided(stage, "freeze restart for 2h the release", 1)
    stage.clock.advance(60)
    decided(stage, "restart web-01 reason=why", 2)
    stage.clock.advance(60)
    decided(stage, "unfreeze #1", 3)
    stage.tick(0)
    stage.work()
    with stage.store.reading() as reader:
        replay = policy_replay.replayed(stage.deployment, reader, model.Search())
    assert (replay.requests, replay.different, replay.unjudged) == (3, [], {})


PATTERNS, GROUPS, COMMANDS = ("re*", "run", "*", "x?"), ("ops", "hr"), ("restart", "run", "xy")


@given(
    st.sets(st.sampled_from(PATTERNS)),
    st.sets(st.sampled_from(GROUPS)),
    st.sampled_from(COMMANDS),
    st.sampled_from((*GROUPS, "")),
    st.integers(-2, 2),
)
def test_a_freeze_holds_what_one_of_its_parts_names_until_its_end(
    patterns: set[str], groups: set[str], command: str, group: str, seconds: int
) -> None:
    """What was asked in no group that is known any more belongs to each."""
    row = model.Freeze(1, START, tuple(groups), tuple(patterns), reason="why")
    periods = calendar.periods((row,))
    at = START + timedelta(seconds=seconds)
    holds = [one for one in periods if one.concerns(command, group, "low") and one.times.holds(at)]
    named = any(fnmatchcase(command, pattern) for pattern in patterns)
    inside = bool(groups) if not group else group in groups
    assert bool(holds) == (seconds < 0 and (named or inside))
    assert {one.name for one in holds} <= {"#1"}
