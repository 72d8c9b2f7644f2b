"""Votes are counted per human, by the accounts of then and of now, whatever people are called."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import deployment, model, policy, regexes
from bot.policy import identity
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import PLATFORM, TENANT, cards

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def edit(stage: RunStage, **changes: Any) -> None:
    """bot.toml is changed, and the bot started again with it."""
    book = dataclasses.replace(stage.deployment.book, **changes)
    if "people" in changes:
        book = dataclasses.replace(book, index=identity.index_accounts(book.people))
    stage.deployment = deployment.Deployment(book, stage.deployment.catalog, "here")


def renamed(stage: RunStage, old: str, new: str) -> None:
    """A person gets another id, wherever it stands."""
    book = stage.deployment.book
    people = {
        new if name == old else name: dataclasses.replace(one, id=new) if name == old else one
        for name, one in book.people.items()
    }
    policies = {
        name: dataclasses.replace(
            one, approvers=tuple(new if who == old else who for who in one.approvers)
        )
        for name, one in book.policies.items()
    }
    edit(stage, people=people, policies=policies)


def moved(stage: RunStage, account: tuple[str, ...], to: str) -> None:
    """An account is now somebody else's."""
    people = {
        name: dataclasses.replace(
            one,
            accounts=tuple(each for each in one.accounts if each != account)
            + ((account,) if name == to else ()),
        )
        for name, one in stage.deployment.book.people.items()
    }
    edit(stage, people=people)


def approve(stage: RunStage, who: str, number: int = 1) -> str:
    request = stage.request(number)
    return stage.click(who, number, "approve", request.code, request.card).toast


def test_renaming_the_requester_gives_them_no_vote_on_their_own_request(stage: RunStage) -> None:
    stage.planned("bob", "restart web-01 reason=why")
    renamed(stage, "bob", "robert")
    assert "own" in approve(stage, "bob")
    assert stage.request(1).state is State.PENDING
    approve(stage, "carol")
    stage.work()
    assert stage.request(1).state is State.RUNNING


def test_moving_an_account_after_a_vote_gives_one_human_no_second_vote(stage: RunStage) -> None:
    stage.planned("alice", "run web-01 -- uptime")
    approve(stage, "bob")
    moved(stage, (PLATFORM, "u-bob"), "carol")
    assert "already" in approve(stage, "bob")
    assert "already" in approve(stage, "carol")
    assert stage.request(1).state is State.PENDING


def test_an_account_that_was_held_besides_the_one_that_voted_is_remembered(
    stage: RunStage,
) -> None:
    people = dict(stage.deployment.book.people)
    second = (PLATFORM, "u-bob-two")
    people["bob"] = dataclasses.replace(people["bob"], accounts=(*people["bob"].accounts, second))
    edit(stage, people=people)
    stage.planned("alice", "run web-01 -- uptime")
    approve(stage, "bob")
    moved(stage, second, "carol")
    assert "already" in approve(stage, "bob-two")
    assert stage.request(1).state is State.PENDING


def test_a_vote_of_somebody_who_may_no_longer_approve_does_not_count(stage: RunStage) -> None:
    stage.planned("alice", "run web-01 -- uptime")
    approve(stage, "bob")
    policies = dict(stage.deployment.book.policies)
    policies["two"] = dataclasses.replace(policies["two"], approvers=("carol", "erin"))
    edit(stage, policies=policies)
    approve(stage, "carol")
    assert stage.request(1).state is State.PENDING
    approve(stage, "erin")
    assert stage.request(1).state is not State.PENDING


# ----------------------------------------------------------------------------- escalations


WEAK = policy.Pattern(regexes.compiled("quick"), frozenset({"text"}), "escalate", "quick", "any")


def test_an_escalation_adds_to_the_usual_policy_and_never_weakens_it(stage: RunStage) -> None:
    edit(stage, patterns=(WEAK,))
    stage.ask("alice", "run web-01 reason=quick -- uptime")
    done = stage.work()
    approvers = [
        "".join(span.text for span in spans)
        for block in cards(done)[-1].blocks
        for label, spans in block.rows
        if label == "Approvers"
    ]
    assert len(approvers) == 2
    assert "(two)" in approvers[0]
    assert "(any)" in approvers[1]
    approve(stage, "bob")
    assert stage.request(1).state is State.PENDING
    approve(stage, "carol")
    assert stage.request(1).state is not State.PENDING


def test_of_two_escalations_both_count(stage: RunStage) -> None:
    policies = stage.deployment.book.policies | {
        "erin": policy.Policy("erin", ("erin",)),
        "carol": policy.Policy("carol", ("carol",)),
    }
    patterns = tuple(
        policy.Pattern(regexes.compiled(word), frozenset({"text"}), "escalate", word, who)
        for word, who in (("night", "erin"), ("huge", "carol"))
    )
    edit(stage, policies=policies, patterns=patterns)
    stage.planned("alice", 'restart web-01 reason="night huge"')
    approve(stage, "bob")
    approve(stage, "erin")
    assert stage.request(1).state is State.PENDING
    approve(stage, "carol")
    assert stage.request(1).state is not State.PENDING


def test_what_its_policies_together_can_never_agree_to_is_refused_when_asked(
    stage: RunStage,
) -> None:
    policies = stage.deployment.book.policies | {"self": policy.Policy("self", ("bob",))}
    pattern = dataclasses.replace(WEAK, policy="self")
    edit(stage, policies=policies, patterns=(pattern,))
    stage.ask("bob", "run web-01 reason=quick -- uptime")
    stage.work()
    assert not stage.read(lambda reader: reader.recent_requests(1))


# ----------------------------------------------------------------------------- organisations


def test_the_same_userid_of_another_organisation_is_nobody(stage: RunStage) -> None:
    people = {
        name: dataclasses.replace(one, accounts=((PLATFORM, TENANT, f"u-{name}"),))
        for name, one in stage.deployment.book.people.items()
    }
    edit(stage, people=people, tenants={PLATFORM: frozenset({TENANT, "other"})})
    book = stage.deployment.book
    assert identity.person_of(book, model.Account(PLATFORM, TENANT, "u-bob")) is not None
    assert identity.person_of(book, model.Account(PLATFORM, "other", "u-bob")) is None
    stage.planned("alice", "restart web-01 reason=why")
    request = stage.request(1)
    stranger = model.Account(PLATFORM, "other", "u-bob")
    stage.submit(
        model.CardAction(
            "click:other",
            stage.clock.now(),
            stranger,
            stage.place(),
            request.card,
            "approve",
            1,
            request.code,
        )
    )
    assert stage.request(1).state is State.PENDING


def test_an_account_without_its_organisation_is_nobodys_where_there_are_several() -> None:
    book = run_stage.book(tenants={PLATFORM: frozenset({TENANT, "other"})})
    assert identity.person_of(book, model.Account(PLATFORM, TENANT, "u-bob")) is None
