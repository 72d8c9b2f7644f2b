"""A platform for evaluation beside a real one: what is said there decides nothing of real people,
and no vote from there satisfies a policy by which real people vote."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, policy, regexes
from bot.policy import identity, quorum
from tests.bot import bus_stage, run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import CHAT, PLATFORM, TENANT, said

State = model.State
TRIAL = "trial"


def person(name: str, role: str, *platforms: str) -> policy.Person:
    accounts = tuple((platform, f"u-{name}") for platform in platforms)
    return policy.Person(name, name.title(), accounts, frozenset({role}))


def book(evaluation: bool = True) -> policy.Book:
    """alice and bob are on both platforms; tina and theo on the one for evaluation alone."""
    people = {
        one.id: one
        for one in (
            person("alice", "dev", PLATFORM, TRIAL),
            person("bob", "sre", PLATFORM, TRIAL),
            person("carol", "sre", PLATFORM),
            person("tina", "dev", TRIAL),
            person("theo", "sre", TRIAL),
        )
    }
    usual = run_stage.book(
        people=people,
        index=identity.index_accounts(people),
        tenants={PLATFORM: frozenset({TENANT}), TRIAL: frozenset({TENANT})},
        groups=tuple(policy.Group(name, CHAT, "ops", "en") for name in (PLATFORM, TRIAL)),
        policies={
            "any": policy.Policy("any", ("bob", "carol")),
            "trial": policy.Policy("trial", ("theo",)),
        },
    )
    return dataclasses.replace(usual, evaluation=frozenset({TRIAL} if evaluation else ()))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path, book())
    yield made
    made.close()


def account(who: str, platform: str) -> model.Account:
    return model.Account(platform, TENANT, f"u-{who}")


def writes(stage: RunStage, who: str, platform: str, text: str) -> str:
    number = stage.number()
    place = model.Place(platform, TENANT, CHAT, f"m{number}")
    event = model.MessageReceived(
        f"msg:{number}", stage.clock.now(), account(who, platform), place, text
    )
    stage.submit(event)
    return "\n".join(said(stage.work()))


def presses(stage: RunStage, who: str, platform: str, action: str = "approve") -> str:
    request = stage.request(1)
    place = model.Place(platform, TENANT, CHAT)
    event = model.CardAction(
        f"click:{stage.number()}",
        stage.clock.now(),
        account(who, platform),
        place,
        request.card,
        action,
        request.id,
        request.code,
    )
    return stage.submit(event).toast


@pytest.mark.parametrize("words", ["approve 1 {code}", "reject 1", "cancel 1", "stop 1"])
def test_a_real_request_is_out_of_reach(stage: RunStage, words: str) -> None:
    who = "alice" if words.startswith("cancel") else "bob"
    writes(stage, "alice", PLATFORM, "restart web-01")
    answer = writes(stage, who, TRIAL, words.format(code=stage.request(1).code))
    assert "evaluation" in answer
    assert stage.request(1).state is State.PENDING
    assert presses(stage, "bob", TRIAL)
    assert stage.request(1).state is State.PENDING
    presses(stage, "bob", PLATFORM)
    assert stage.request(1).state is State.APPROVED


def test_a_real_policy_counts_no_vote_from_there_wherever_it_was_asked(stage: RunStage) -> None:
    writes(stage, "alice", TRIAL, "restart web-01")
    for action in ("approve", "reject"):
        assert "evaluation" in presses(stage, "bob", TRIAL, action)
    assert stage.read(lambda reader: reader.votes(1)) == ()
    writes(stage, "carol", PLATFORM, f"approve 1 {stage.request(1).code}")
    assert stage.request(1).state is State.RUNNING


def test_whoever_asked_there_is_the_requester_everywhere(stage: RunStage) -> None:
    writes(stage, "bob", TRIAL, "restart web-01")
    assert "own" in writes(stage, "bob", PLATFORM, f"approve 1 {stage.request(1).code}")
    assert "#1" in writes(stage, "bob", TRIAL, "cancel 1")
    assert stage.request(1).state is State.CANCELLED


def test_people_of_that_platform_decide_by_a_policy_of_their_own(stage: RunStage) -> None:
    commands = {"restart": policy.CommandRule("trial", "medium")}
    stage.deployment = dataclasses.replace(
        stage.deployment, book=dataclasses.replace(book(), commands=commands)
    )
    writes(stage, "tina", TRIAL, "restart web-01")
    presses(stage, "theo", TRIAL)
    assert stage.request(1).state is State.APPROVED


def test_a_vote_from_before_the_real_platform_was_there_counts_no_more(stage: RunStage) -> None:
    two = {"any": policy.Policy("any", ("bob", "carol"), "count", 2)}
    alone = dataclasses.replace(book(evaluation=False), policies=two)
    stage.deployment = dataclasses.replace(stage.deployment, book=alone)
    writes(stage, "alice", TRIAL, "restart web-01")
    presses(stage, "bob", TRIAL)
    assert len(stage.read(lambda reader: reader.votes(1))) == 1
    stage.deployment = dataclasses.replace(
        stage.deployment, book=dataclasses.replace(book(), policies=two)
    )
    writes(stage, "carol", PLATFORM, f"approve 1 {stage.request(1).code}")
    assert stage.request(1).state is State.PENDING, (
        "one of the two was given on the platform for evaluation"
    )


def test_a_question_of_a_run_that_real_people_approved_is_not_theirs_either(tmp_path: Path) -> None:
    """Even where the template names one of them."""
    gate = run_stage.GATE.replace("[ram-bob, ram-carol]", "[ram-theo]")
    gate = gate.replace("MinRequiredApprovals: 2", "MinRequiredApprovals: 1")
    company = book()
    people = {**company.people, "theo": dataclasses.replace(company.people["theo"], ram="ram-theo")}
    made = RunStage(tmp_path, dataclasses.replace(company, people=people), {"gate": gate})
    writes(made, "alice", TRIAL, "gate note=x")
    writes(made, "carol", PLATFORM, f"approve 1 {made.request(1).code}")
    assert made.request(1).state is State.WAITING
    assert "evaluation" in presses(made, "theo", TRIAL)
    made.work()
    assert made.request(1).state is State.WAITING
    assert made.made("ActNow") == []
    made.close()


def test_a_dead_letter_is_not_sent_once_more_from_there(tmp_path: Path) -> None:
    hired = bus_stage.rules(notify=('$.source == "hr.approval"', bus_stage.webhook()))
    made = bus_stage.Stage(tmp_path, hired)
    made.deployment = dataclasses.replace(made.deployment, book=book())
    made.arrive("1", person="")
    made.fail(model.Refused("404", code="gave_up"))
    [letter] = made.read(lambda reader: reader.letters())
    answer = writes(made, "theo", TRIAL, f"redrive {letter.number}")
    assert "evaluation" in answer
    assert [one.state for one in made.read(lambda reader: reader.letters())] == [letter.state]
    made.close()


def test_a_vote_from_before_does_not_answer_the_question_of_such_a_run_either(
    tmp_path: Path,
) -> None:
    gate = run_stage.GATE.replace("ram-bob, ram-carol", "ram-theo, ram-tina")
    company = book(evaluation=False)
    people = {
        name: dataclasses.replace(one, ram=f"ram-{name}") for name, one in company.people.items()
    }
    company = dataclasses.replace(company, people=people)
    made = RunStage(tmp_path, company, {"gate": gate})
    writes(made, "alice", TRIAL, "gate note=x")
    writes(made, "carol", PLATFORM, f"approve 1 {made.request(1).code}")
    presses(made, "theo", TRIAL)
    request, votes = made.request(1), made.read(lambda reader: reader.votes(1))
    counts = {}
    for name in ("before", "after"):
        evaluation = frozenset({TRIAL} if name == "after" else ())
        now = dataclasses.replace(company, evaluation=evaluation)
        question, digest = quorum.ballot_of(now, request)
        counts[name] = quorum.tally(question, quorum.votes_on(digest, votes)).have
    assert counts == {"before": 1, "after": 0}
    made.close()


@pytest.fixture
def mixed(tmp_path: Path) -> Iterator[RunStage]:
    """A runbook by two policies: one of real people, one of the platform for evaluation."""
    pattern = policy.Pattern(
        regexes.compiled("nap"), frozenset({"script", "text"}), "escalate", "it sleeps", "any"
    )
    rules = {"nap": policy.CommandRule("trial", "medium")}
    made = RunStage(tmp_path, dataclasses.replace(book(), patterns=(pattern,), commands=rules))
    writes(made, "alice", TRIAL, "nap")
    assert made.request(1).policy_names == ("trial", "any")
    yield made
    made.close()


def test_an_account_there_takes_no_vote_from_the_real_approver_who_has_it(mixed: RunStage) -> None:
    """The vote counted with neither policy, and kept its caster from voting where it counts."""
    assert "evaluation" in presses(mixed, "bob", TRIAL)
    assert mixed.read(lambda reader: reader.votes(1)) == ()
    presses(mixed, "theo", TRIAL)
    assert mixed.request(1).state is State.PENDING
    writes(mixed, "bob", PLATFORM, f"approve 1 {mixed.request(1).code}")
    assert mixed.request(1).state is State.RUNNING


def test_what_a_real_approver_paused_is_not_resumed_from_there(mixed: RunStage) -> None:
    presses(mixed, "theo", TRIAL)
    writes(mixed, "carol", PLATFORM, f"approve 1 {mixed.request(1).code}")
    writes(mixed, "carol", PLATFORM, "pause 1")
    assert mixed.request(1).state is State.WAITING
    for who in ("theo", "bob"):
        assert "evaluation" in presses(mixed, who, TRIAL, "resume")
    assert mixed.request(1).state is State.WAITING
    writes(mixed, "carol", PLATFORM, "resume 1")
    assert mixed.request(1).state is State.RUNNING
