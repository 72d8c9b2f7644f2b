"""What each event means, one rule at a time, on the real store and engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import audit, deployment, model, policy
from bot.core import run_script
from bot.policy import identity
from tests.bot.stage import CHAT, PLATFORM, START, TENANT, Stage, actions, book, cards, said, words


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


# ----------------------------------------------------------------------------- asking


def test_the_card_shows_the_whole_plan(stage: Stage) -> None:
    stage.ask("alice", 'restart web-01 web-02 reason="memory leak"')
    card = cards(stage.work())[0]
    shown = words(card)
    request = stage.request(1)
    for part in ("Alice", "web-01 (i-00000001)", "web-02", "memory leak", "60 s", request.code):
        assert part in shown
    assert request.plan is not None
    assert request.plan.script in shown
    assert [button.action for button in card.buttons] == ["approve", "reject"]
    assert [account.id for account in card.mentions] == ["u-bob", "u-carol", "u-erin"]
    assert (card.request, card.code) == (1, request.code)


def test_a_place_or_person_that_is_not_ours_is_refused_with_the_reason(stage: Stage) -> None:
    for place, account, reason in (
        (model.Place(PLATFORM, "other", CHAT), stage.account("alice"), "refused.tenant"),
        (model.Place(PLATFORM, TENANT, "elsewhere"), stage.account("alice"), "refused.group"),
        (stage.place(), model.Account(PLATFORM, TENANT, "", "Guest"), "refused.outsider"),
        (stage.place(), stage.account("mallory"), "refused.unknown_account"),
        (stage.place(), stage.account("dave"), "refused.role"),
    ):
        event = model.MessageReceived(
            f"msg:{reason}", stage.clock.now(), account, place, "restart web-01"
        )
        stage.submit(event)
        (row,) = stage.read(lambda reader: list(reader.chain()))[-1:]
        assert (row.action, row.facts["reason"]) == ("ask.refused", reason)
        assert len(said(stage.work())) == 1
    assert stage.read(lambda reader: reader.recent_requests(5)) == ()


def test_operations_are_asked_for_where_approvers_can_see_the_card(stage: Stage) -> None:
    place = dataclasses.replace(stage.place("m"), chat="u-alice", direct=True)
    for number, text in enumerate(("restart web-01", "whoami")):
        event = model.MessageReceived(
            f"msg:{number}", stage.clock.now(), stage.account("alice"), place, text
        )
        stage.submit(event)
    told = said(stage.work())
    assert "Ask for this in a group" in told[0]
    assert "Alice" in told[1]
    assert stage.read(lambda reader: reader.recent_requests(1)) == ()


def test_a_refusal_of_the_cloud_is_told_in_both_languages(tmp_path: Path) -> None:
    for locale, sentence in (("zh-CN", "RAM 身份没有权限"), ("en", "grant it ecs:RunCommand")):
        chosen = book(groups=(policy.Group(PLATFORM, CHAT, "ops", locale),))
        stage = Stage(tmp_path / locale, chosen)
        request = stage.planned("alice", "restart web-01")
        stage.click("bob", request.id, "approve", request.code)
        told: list[str] = []
        while claimed := stage.claim():
            for one in claimed:
                no = model.Refused("grant it ecs:RunCommand", "Forbidden.RAM")
                starts = isinstance(one.effect.body, model.StartRun)
                told += said([one.effect.body])
                stage.settle(one, no if starts else stage.answer(one))
        assert sentence in told[-1]
        assert "ecs:RunCommand" in told[-1]
        stage.close()


def test_one_account_of_two_people_belongs_to_nobody(tmp_path: Path) -> None:
    people = dict(book().people)
    people["twin"] = policy.Person("twin", "Twin", ((PLATFORM, "u-alice"),), frozenset({"sre"}))
    stage = Stage(tmp_path, book(people=people, index=identity.index_accounts(people)))
    stage.ask("alice", "restart web-01")
    assert "claimed by two people" in said(stage.work())[0]
    stage.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("restart nowhere-1", "refused.unknown_targets"),
        ("run web-01 -- rm -rf /", "refused.forbidden"),
    ],
)
def test_what_cannot_or_must_not_run_never_reaches_a_vote(
    stage: Stage, text: str, reason: str
) -> None:
    stage.ask("bob", text)
    told = said(stage.work())
    assert len(told) == 1
    assert reason in [
        row.facts.get("reason") for row in stage.read(lambda reader: list(reader.chain()))
    ]


def test_more_messages_than_allowed_are_answered_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, book(asks_per_minute=3))
    for _ in range(6):
        stage.ask("alice", "help")
    told = said(stage.work())
    assert len(told) == 4
    assert "Too many messages" in told[-1]
    stage.clock.advance(61)
    stage.ask("alice", "help")
    assert len(said(stage.work())) == 1
    stage.close()


def test_values_must_be_among_those_allowed(tmp_path: Path) -> None:
    rule = policy.CommandRule("any", "low", allowed_values={"service": ("nginx", "redis")})
    stage = Stage(tmp_path, book(commands={"restart": rule}))
    stage.ask("alice", "restart web-01 service=sshd")
    assert "nginx, redis" in said(stage.work())[0]
    stage.close()


def test_a_stored_command_takes_no_value_that_it_would_paste_unquoted(tmp_path: Path) -> None:
    rule = policy.CommandRule("any", "low", targets=("web-01",), command_id="c-1")
    stage = Stage(tmp_path, book(commands={"provision": rule}))
    stage.stored["c-1"] = {"content": "hire {{emp_id}} {{ Role }}\n", "braces": True}
    request = stage.planned("alice", "provision emp_id=E1 role=dev")
    assert request.plan is not None
    assert (request.plan.command_id, request.plan.script) == ("c-1", "hire E1 dev\n")
    assert dict(request.plan.parameters) == {"EMP_ID": "E1", "ROLE": "dev"}
    stage.close()


# ----------------------------------------------------------------------------- voting


def test_modes_any_all_sequence_and_count(stage: Stage) -> None:
    one = stage.planned("alice", "restart web-01")
    stage.click("bob", one.id, "approve", one.code)
    assert stage.request(one.id).state is model.State.APPROVED

    every = stage.planned("alice", "restart web-01 reason=everyone")
    for name in ("bob", "carol"):
        stage.click(name, every.id, "approve", every.code)
        assert stage.request(every.id).state is model.State.PENDING
    stage.click("erin", every.id, "approve", every.code)
    assert stage.request(every.id).state is model.State.APPROVED

    turn = stage.planned("alice", 'restart web-01 reason="in turn"')
    early = stage.click("carol", turn.id, "approve", turn.code)
    assert "Bob" in early.toast
    for name in ("bob", "carol", "erin"):
        stage.click(name, turn.id, "approve", turn.code)
    assert stage.request(turn.id).state is model.State.APPROVED

    two = stage.planned("bob", "run web-01 -- uptime")
    stage.click("carol", two.id, "approve", two.code)
    assert stage.request(two.id).state is model.State.PENDING
    stage.click("erin", two.id, "approve", two.code)
    assert stage.request(two.id).state is model.State.APPROVED


def test_one_rejection_rejects(stage: Stage) -> None:
    every = stage.planned("alice", "restart web-01 reason=everyone")
    stage.click("bob", every.id, "approve", every.code)
    stage.click("carol", every.id, "reject", every.code, reason="not today")
    assert stage.request(every.id).state is model.State.REJECTED
    told = said(stage.work())
    assert "not today" in told[0]
    assert "Carol" in told[0]


def test_a_risky_request_is_approved_in_words_only_with_its_code(stage: Stage) -> None:
    request = stage.planned("bob", "run web-01 -- uptime")
    stage.ask("carol", f"approve {request.id}")
    stage.ask("carol", f"approve {request.id} 00000000")
    assert stage.read(lambda reader: reader.votes(request.id)) == ()
    stage.ask("carol", f"approve {request.id} {request.code}")
    (vote,) = stage.read(lambda reader: reader.votes(request.id))
    assert (vote.person, vote.via, vote.digest) == ("carol", "text", request.digest)


def test_a_click_on_another_card_or_with_another_code_changes_nothing(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    for code, card in ((request.code, "another-card"), ("00000000", request.card), ("", "")):
        receipt = stage.click("bob", request.id, "approve", code, card)
        assert ("another card" if card == "another-card" else "outdated") in receipt.toast
    assert stage.request(request.id).state is model.State.PENDING
    assert actions(stage).count("click.refused") == 3


def test_a_policy_that_is_no_longer_configured_lets_nobody_approve(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.deployment = deployment.Deployment(book(policies={}), stage.deployment.catalog, "here")
    receipt = stage.click("bob", request.id, "approve", request.code)
    assert "no longer in bot.toml" in receipt.toast
    stage.tick(1801)
    assert stage.request(request.id).state is model.State.EXPIRED
    assert "event.failed" not in actions(stage)


# ----------------------------------------------------------------------------- running


def test_the_outcome_carries_a_stamp_that_verifies(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01 web-02")
    stage.click("bob", request.id, "approve", request.code)
    stage.work()
    stage.observe(request.id)
    (told,) = said(stage.work())
    rows = stage.read(lambda reader: list(reader.chain()))
    finished = next(row for row in rows if row.action == "run.finished")
    assert audit.stamp(finished) in told
    assert stage.read(lambda reader: reader.verify_audit(audit.stamp(finished))) == []


def test_finished_is_not_success(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", request.id, "approve", request.code)
    stage.work()
    stage.observe(request.id, "Success", 3)
    assert stage.request(request.id).state is model.State.FAILED


def test_many_instances_take_several_steps(tmp_path: Path) -> None:
    rule = policy.CommandRule("any", "low", targets=("all",), most_targets=500)
    stage = Stage(tmp_path, book(commands={"restart": rule, "provision": rule}))
    stage.ask("alice", "provision emp_id=E1 role=dev")
    (claimed,) = stage.claim()
    found = [
        {"id": f"i-{n}", "name": f"n-{n}", "region": "here", "status": "Running", "agent": True}
        for n in range(250)
    ]
    stage.settle(claimed, model.Done(data={"instances": found}))
    stage.work()
    request = stage.request(1)
    stage.click("bob", 1, "approve", request.code)
    steps = stage.read(lambda reader: reader.steps(1))
    assert [len(step.instances) for step in steps] == [100, 100, 50]
    assert len({step.token for step in steps}) == 3
    assert len({step.batch for step in steps}) == 1
    stage.work()
    assert [step.state for step in stage.read(lambda r: r.steps(1))] == ["running"] * 3
    stage.observe(1)
    assert stage.request(1).state is model.State.SUCCEEDED
    stage.close()


def test_batches_hold_at_most_five_hundred_results() -> None:
    for size in (1, 2, 3, 7, 50, 100, 400):
        groups: dict[str, int] = {}
        for request in range(1, 3000):
            batch = run_script.batch_of("x", request, size, START)
            groups[batch] = groups.get(batch, 0) + size
        assert max(groups.values()) <= 500


def test_an_unclear_start_is_looked_up_and_then_a_person_is_asked(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", request.id, "approve", request.code)
    told: list[str] = []
    seen: list[bool] = []
    for _ in range(20):
        for claimed in stage.claim():
            if isinstance(claimed.effect.body, model.StartRun):
                seen.append(claimed.attempt.uncertain)
                stage.settle(claimed, model.Unknown("no answer"))
            else:
                told += said([claimed.effect.body])
                stage.settle(claimed, model.Done("ref"))
        stage.clock.advance(61)
    assert seen == [False] + [True] * run_script.LOOKUPS
    assert stage.request(request.id).state is model.State.UNKNOWN
    assert f"countersign-{request.id}-{request.code}" in told[-1]


def test_a_run_whose_results_never_come_ends_unknown(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", request.id, "approve", request.code)
    stage.work()
    stage.tick(60 + 5 * 60)
    assert "no result for longer than planned" in said(stage.work())[0]
    assert stage.request(request.id).state is model.State.RUNNING
    stage.tick(3600)
    assert stage.request(request.id).state is model.State.UNKNOWN
    assert f"countersign-{request.id}-{request.code}" in said(stage.work())[0]


def test_what_never_began_is_dropped_when_stopped(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", request.id, "approve", request.code)
    stage.click("alice", request.id, "stop", request.code)
    assert stage.request(request.id).state is model.State.CANCELLED
    assert not any(isinstance(effect, model.StartRun) for effect in stage.work())


def test_what_is_in_flight_when_stopped_is_stopped_once_it_began(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", request.id, "approve", request.code)
    flying = {claimed.effect.body.kind: claimed for claimed in stage.claim()}
    stage.click("alice", request.id, "stop", request.code)
    assert stage.request(request.id).state is model.State.APPROVED
    stage.settle(flying["start_run"], model.Done("t-1"))
    assert any(isinstance(effect, model.StopRun) for effect in stage.work())
    stage.observe(request.id, "Terminated", None)
    assert stage.request(request.id).state is model.State.CANCELLED


def test_a_card_that_cannot_be_sent_is_decided_by_text(stage: Stage) -> None:
    stage.ask("alice", "restart web-01")
    while claimed := stage.claim():
        for one in claimed:
            shown = isinstance(one.effect.body, model.ShowCard)
            stage.settle(one, model.Refused("no") if shown else stage.answer(one))
            if isinstance(one.effect.body, model.Say):
                assert "Decide by text" in words(one.effect.body.message)
                assert "systemctl restart" in words(one.effect.body.message)
    stage.ask("bob", f"approve 1 {stage.request(1).code}")
    assert stage.request(1).state is model.State.APPROVED


def test_a_message_that_a_moderator_removed_is_not_told_as_taken_back_by_its_author(
    stage: Stage,
) -> None:
    stage.planned("alice", "restart web-01")
    message = stage.request(1).place.message
    event = model.MessageRecalled("r", stage.clock.now(), PLATFORM, TENANT, message, by="moderator")
    stage.submit(event)
    effects = stage.work()
    assert stage.request(1).state is model.State.CANCELLED
    assert "removed by a moderator" in said(effects)[-1]
    assert "moderator" in cards(effects)[-1].note
    assert "Alice" not in cards(effects)[-1].note
    rows = stage.read(lambda reader: list(reader.chain()))
    assert rows[-1].action == "request.cancelled"
    assert rows[-1].actor not in stage.deployment.book.people


def test_a_recalled_message_takes_its_request_back(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    event = model.MessageRecalled("r", stage.clock.now(), PLATFORM, TENANT, request.place.message)
    stage.submit(event)
    assert stage.request(request.id).state is model.State.CANCELLED


# ----------------------------------------------------------------------------- forms


def form(stage: Stage, status: str = "approved", number: int = 1) -> None:
    event = model.FormChanged(
        f"form:{stage.number()}",
        stage.clock.now(),
        PLATFORM,
        TENANT,
        "hire",
        f"instance-{number}",
        status,  # type: ignore[arg-type]
    )
    stage.submit(event)


def test_a_form_that_was_agreed_to_runs_without_a_card_vote(stage: Stage) -> None:
    form(stage)
    done = stage.work()
    assert any(isinstance(effect, model.StartRun) for effect in done)
    (vote,) = stage.read(lambda reader: reader.votes(1))
    assert (vote.person, vote.via) == ("bob", "form")
    form(stage)
    assert stage.read(lambda reader: len(reader.recent_requests(9))) == 1


def test_the_requesters_own_agreement_to_a_form_does_not_count(stage: Stage) -> None:
    form(stage)
    (claimed,) = stage.claim()
    answer = stage.answer(claimed)
    assert isinstance(answer, model.Done)
    data = {**answer.data, "approvers": ["u-alice", "u-nobody"]}
    stage.settle(claimed, dataclasses.replace(answer, data=data))
    done = stage.work()
    assert not any(isinstance(effect, model.StartRun) for effect in done)
    assert stage.request(1).state is model.State.PENDING
    assert actions(stage).count("vote.not_counted") == 2


def test_a_form_withdrawn_before_it_began_never_runs(stage: Stage) -> None:
    form(stage)
    while not stage.read(lambda reader: reader.recent_requests(1)):
        for claimed in stage.claim():
            stage.settle(claimed, stage.answer(claimed))
    form(stage, "withdrawn")
    assert stage.request(1).state is model.State.CANCELLED
    assert not any(isinstance(effect, model.StartRun) for effect in stage.work())


def test_a_form_withdrawn_while_it_was_being_read_is_read_again(stage: Stage) -> None:
    form(stage)
    (reading,) = stage.claim()
    form(stage, "withdrawn")
    stage.settle(reading, stage.answer(reading))
    withdrawn = model.Done(data={"status": "withdrawn"})
    for claimed in stage.claim():
        fetch = isinstance(claimed.effect.body, model.FetchForm)
        stage.settle(claimed, withdrawn if fetch else stage.answer(claimed))
    assert stage.request(1).state is model.State.CANCELLED
    assert not any(isinstance(effect, model.StartRun) for effect in stage.work())


def test_forms_found_after_an_absence_are_confirmed(stage: Stage) -> None:
    now = stage.clock.now()
    stage.submit(model.Started("started:1", now, now - timedelta(hours=9)))
    (listing,) = stage.claim()
    assert isinstance(listing.effect.body, model.ListForms)
    assert listing.effect.body.since == now - timedelta(hours=33)
    stage.settle(listing, model.Done(data={"instances": ["instance-1"]}))
    done = stage.work()
    assert not any(isinstance(effect, model.StartRun) for effect in done)
    assert "while I was away" in words(cards(done)[0])
    request = stage.request(1)
    stage.click("carol", 1, "approve", request.code)
    assert any(isinstance(effect, model.StartRun) for effect in stage.work())


def test_a_timer_that_no_longer_fits_does_nothing(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", request.id, "reject", request.code)
    stage.tick(4000)
    assert stage.request(request.id).state is model.State.REJECTED
    assert "request.expired" not in actions(stage)


def test_nothing_is_decided_of_an_effect_that_is_gone(stage: Stage) -> None:
    event = model.EffectCompleted("effect:99:1", stage.clock.now(), 99, 1, model.Done())
    assert stage.submit(event) == model.Receipt()
    assert actions(stage) == []
