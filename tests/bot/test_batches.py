"""Requests of one person that are voted on together, on one card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model, policy
from bot.core import batches
from bot.model import State
from bot.policy import quorum
from bot.store.sql.check import bodies, chain, invariants
from tests.bot.stage import Stage, actions, book, cards, said, words

MINUTE = timedelta(minutes=1)


def batching(**changes: object) -> policy.Book:
    """Everything that is asked for within a minute stands on one card."""
    known = book(**changes)
    policies = {name: replace(one, batch=MINUTE) for name, one in known.policies.items()}
    return replace(known, policies=policies)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, batching())
    yield made
    made.close()


def ask(stage: Stage, *names: str, who: str = "alice") -> list[model.Request]:
    """The requests to restart these instances, asked for one after the other."""
    for name in names:
        stage.ask(who, f"restart {name}")
        stage.work()
    return stage.read(lambda reader: reader.recent_requests(len(names)))[::-1]  # type: ignore[no-any-return]


def states(stage: Stage) -> list[State]:
    return [one.state for one in stage.read(lambda reader: reader.recent_requests(20))[::-1]]


def starts(effects: list[model.Effect]) -> list[int]:
    return [effect.request for effect in effects if isinstance(effect, model.StartRun)]


def follow(stage: Stage) -> list[model.Effect]:
    """The others take over what was decided on the first of them."""
    stage.tick(0)
    return stage.work()


def test_alike_requests_stand_on_one_card_that_shows_all_and_one_vote_starts_each(
    stage: Stage,
) -> None:
    stage.ask("alice", "restart web-01")
    stage.work()
    stage.ask("alice", "restart web-02")
    stage.work()
    stage.ask("alice", "restart web-03")
    done = stage.work()
    (card,) = cards(done)
    shown = words(card)
    first, second, third = (stage.request(number) for number in (1, 2, 3))
    assert first.batch == second.batch == third.batch
    assert first.batch is not None
    assert first.batch.members == (1, 2, 3)
    assert card.code == first.code == model.short(first.batch.digest)
    for request in (first, second, third):
        assert request.plan is not None
        assert f"#{request.id}" in shown
        assert request.plan.instances[0].name in shown
        assert any(request.plan.script in block.text for block in card.blocks)
    assert not second.card
    assert not third.card
    stage.click("bob", 1, "approve", first.code, first.card)
    ran = starts(stage.work()) + starts(follow(stage))
    assert sorted(ran) == [1, 2, 3]
    assert states(stage) == [State.RUNNING] * 3
    for number in (1, 2, 3):
        (vote,) = stage.read(lambda reader, n=number: reader.votes(n))
        assert vote.person == "bob"
        request = stage.request(number)
        assert vote.digest == f"{first.batch.digest}:{request.digest}"
        assert model.plan_digest(vote.digest) == request.digest
    assert actions(stage).count("vote.cast") == 3
    assert actions(stage).count("request.approved") == 3
    follow(stage)
    for number in (1, 2, 3):
        stage.observe(number)
    assert "3 of 3" in words(cards(stage.work())[-1])
    assert states(stage) == [State.SUCCEEDED] * 3


def test_who_joins_makes_another_code_and_an_old_button_or_a_bare_word_counts_for_nothing(
    stage: Stage,
) -> None:
    ask(stage, "web-01")
    before = stage.request(1)
    ask(stage, "web-02")
    first, second = stage.request(1), stage.request(2)
    assert before.code != first.code
    assert (second.code, second.card) == (first.code, "")
    stage.click("bob", 1, "approve", before.code, first.card)
    stage.tick(5)
    for number in (1, 2):
        stage.ask("bob", f"approve {number}")
    told = said(stage.work())
    assert not [text for text in told if "counted" not in text and "code" not in text]
    assert states(stage) == [State.PENDING] * 2
    assert "vote.cast" not in actions(stage)
    stage.ask("bob", f"approve 2 {first.code}")
    assert sorted(starts(stage.work()) + starts(follow(stage))) == [1, 2]


def test_a_vote_of_one_of_two_counts_for_each_and_after_it_nobody_joins(tmp_path: Path) -> None:
    rule = {"restart": policy.CommandRule("all", "medium")}
    stage = Stage(tmp_path, batching(commands=rule))
    first, second = ask(stage, "web-01", "web-02")
    code = stage.request(1).code
    stage.click("bob", 1, "approve", code, stage.request(1).card)
    follow(stage)
    (third,) = ask(stage, "web-03")
    assert third.batch is None
    assert third.card
    assert [len(stage.read(lambda reader, n=n: reader.votes(n))) for n in (1, 2, 3)] == [1, 1, 0]
    for who in ("carol", "erin"):
        stage.click(who, 1, "approve", code, stage.request(1).card)
    assert sorted(starts(stage.work()) + starts(follow(stage))) == [first.id, second.id]
    stage.close()


def test_who_is_cancelled_leaves_the_others_with_a_code_on_which_nobody_has_voted(
    tmp_path: Path,
) -> None:
    rule = {"restart": policy.CommandRule("all", "medium")}
    stage = Stage(tmp_path, batching(commands=rule))
    ask(stage, "web-01", "web-02", "web-03")
    old = stage.request(1)
    stage.click("bob", 1, "approve", old.code, old.card)
    stage.ask("alice", "cancel 2")
    stage.work()
    first, third = stage.request(1), stage.request(3)
    assert first.batch is not None
    assert first.batch == third.batch
    assert first.batch.members == (1, 3)
    for who in ("carol", "erin"):
        stage.click(who, 1, "approve", old.code, first.card)
        stage.click(who, 1, "approve", first.code, first.card)
    assert not starts(stage.work() + follow(stage))
    stage.click("bob", 1, "approve", first.code, first.card)
    assert sorted(starts(stage.work()) + starts(follow(stage))) == [1, 3]
    assert stage.request(2).state is State.CANCELLED
    stage.close()


def test_the_requester_or_an_approver_splits_one_and_its_card_is_its_own(stage: Stage) -> None:
    ask(stage, "web-01", "web-02", "web-03")
    stage.ask("dave", "batch split 1")
    assert "Only its requester" in said(stage.work())[-1]
    stage.ask("bob", "batch split 1")
    shown = cards(stage.work())
    first, second, third = (stage.request(number) for number in (1, 2, 3))
    assert first.batch is None
    assert second.batch == third.batch
    assert second.card
    assert not third.card
    assert {card.request for card in shown} == {1, 2}
    assert first.code == model.short(first.digest)
    stage.click("bob", 1, "approve", first.code, first.card)
    assert starts(stage.work() + follow(stage)) == [1]
    stage.ask("alice", "batch split 3")
    stage.work()
    assert stage.request(2).batch is None
    assert stage.request(3).card
    stage.ask("alice", "batch split 3")
    assert "not voted on together" in said(stage.work())[-1]


def test_a_rejection_ends_each_and_says_so_in_each_thread(stage: Stage) -> None:
    ask(stage, "web-01", "web-02")
    first = stage.request(1)
    stage.click("bob", 1, "reject", first.code, first.card, "not now")
    told = said(stage.work() + follow(stage))
    assert states(stage) == [State.REJECTED] * 2
    assert len([text for text in told if "not now" in text]) == 2


def test_one_that_may_not_start_says_so_and_keeps_the_others_from_nothing(stage: Stage) -> None:
    ask(stage, "web-01", "web-02", "web-03")
    held = stage.deployment.book.commands["restart"]
    known = stage.deployment
    for number in (1, 2):
        names = ("web-02", "web-03") if number == 1 else ("web-03",)
        rules = {**known.book.commands, "restart": replace(held, allowed_targets=names)}
        stage.deployment = replace(known, book=replace(known.book, commands=rules))
        if number == 1:
            first = stage.request(1)
            stage.click("bob", 1, "approve", first.code, first.card)
    follow(stage)
    assert states(stage) == [State.NOT_STARTED, State.NOT_STARTED, State.RUNNING]


def test_what_was_decided_is_followed_by_the_others_though_the_bot_was_killed(
    tmp_path: Path,
) -> None:
    """The votes on the first, and the due times of the others, are rows of one transaction."""
    stage = Stage(tmp_path, batching())
    ask(stage, "web-01", "web-02", "web-03")
    first = stage.request(1)
    stage.click("bob", 1, "approve", first.code, first.card)
    stage.close()
    stage = Stage(tmp_path, batching())
    stage.count = 100
    stage.ask("alice", "cancel 2")
    ran = starts(stage.work()) + starts(follow(stage)) + starts(follow(stage))
    assert sorted(ran) == [1, 2, 3]
    assert states(stage) == [State.RUNNING] * 3
    stage.close()


def test_only_alike_requests_of_one_person_within_the_span_share_a_card(stage: Stage) -> None:
    ask(stage, "web-01")
    ask(stage, "web-02", who="bob")
    stage.ask("alice", "provision emp_id=E1 role=dev")
    stage.work()
    stage.ask("alice", "restart web-03 in=1h")
    stage.work()
    stage.ask("alice", "restart web-03 reason=everyone")
    stage.work()
    stage.tick(60)
    ask(stage, "web-02")
    requests = stage.read(lambda reader: reader.recent_requests(20))
    assert len(requests) == 6
    assert not [one for one in requests if one.batch is not None]


def test_what_has_votes_of_a_standing_approval_is_voted_on_by_itself(stage: Stage) -> None:
    (request,) = ask(stage, "web-01")
    use = model.StandingUse(7, "alice", stage.clock.now() + MINUTE, 1, 5)
    assert batches.is_alone(request)
    assert not batches.is_alone(replace(request, standing=use))


def test_at_most_so_many_share_a_card_and_all_expire_with_the_first(tmp_path: Path) -> None:
    stage = Stage(tmp_path, replace(batching(), most_per_batch=2))
    ask(stage, "web-01")
    stage.tick(30)
    ask(stage, "web-02", "web-03")
    assert [stage.request(n).batch is None for n in (1, 2, 3)] == [False, False, True]
    assert stage.request(2).expires_at == stage.request(1).expires_at
    left = stage.request(1).expires_at - stage.clock.now()
    stage.tick(left.total_seconds())
    assert states(stage) == [State.EXPIRED, State.EXPIRED, State.PENDING]
    assert len([text for text in said(stage.work()) if "expired" in text]) == 2
    stage.close()


def test_a_member_whose_policy_changed_since_is_voted_on_by_itself(stage: Stage) -> None:
    """The first is decided by the policy that it has then; the other lacks votes by its own."""
    ask(stage, "web-01", "web-02")
    first = stage.request(1)
    stage.click("bob", 1, "approve", first.code, first.card)
    known = stage.deployment
    stricter = replace(known.book.policies["any"], mode="all")
    policies = {**known.book.policies, "any": stricter}
    stage.deployment = replace(known, book=replace(known.book, policies=policies))
    follow(stage)
    second = stage.request(2)
    assert second.state is State.PENDING
    assert second.batch is None
    assert second.card
    assert quorum.tally(*_ballot(stage, second)).have == 0


def _ballot(stage: Stage, request: model.Request) -> tuple[quorum.Quorum, tuple[model.Vote, ...]]:
    needed, digest = quorum.ballot_of(stage.deployment.book, request)
    votes = stage.read(lambda reader: reader.votes(request.id))
    return needed, quorum.votes_on(digest, votes)


def test_the_plans_of_all_are_read_before_a_vote_counts_and_again_when_one_joins(
    stage: Stage,
) -> None:
    stage.deployment = replace(stage.deployment, holds=lambda platform, card: False)
    ask(stage, "web-01", "web-02")
    first = stage.request(1)
    stage.click("bob", 1, "approve", first.code, first.card)
    (plan,) = [text for text in said(stage.work()) if "whole plan" in text]
    for part in ("#1 restart", "web-01 (i-00000001)", "#2 restart", "web-02 (i-00000002)"):
        assert part in plan
    ask(stage, "web-03")
    first = stage.request(1)
    stage.click("bob", 1, "approve", first.code, first.card)
    assert states(stage) == [State.PENDING] * 3
    (plan,) = [text for text in said(stage.work()) if "whole plan" in text]
    assert "web-03 (i-00000003)" in plan
    stage.click("bob", 1, "approve", first.code, first.card)
    assert sorted(starts(stage.work()) + starts(follow(stage))) == [1, 2, 3]


def test_a_store_with_a_batch_is_found_in_order(stage: Stage) -> None:
    ask(stage, "web-01", "web-02")
    first = stage.request(1)
    stage.click("bob", 1, "approve", first.code, first.card)
    follow(stage)
    with stage.store.reading() as reader:
        connection = reader.connection
        parts = (bodies.findings, chain.findings, invariants.findings)
        assert not [finding for part in parts for finding in part(connection)]


def test_a_batch_is_brought_to_mind_once_and_anew_where_another_card_asks(stage: Stage) -> None:
    ask(stage, "web-01", "web-02", "web-03")
    remind = stage.deployment.book.policies["any"].remind.total_seconds()
    stage.tick(remind)
    assert len([text for text in said(stage.work()) if "still waits" in text]) == 1
    stage.ask("alice", "cancel 1")
    stage.work()
    stage.tick(remind)
    assert len([text for text in said(stage.work()) if "still waits" in text]) == 1
