"""Whoever brought an event about is a requester of what a rule asks for because of it."""

from __future__ import annotations

from pathlib import Path

from bot import model
from tests.bot.bus_stage import HIRE, Stage, command, rules

State = model.State


def ordered(stage: Stage) -> model.Request:
    """The request that a rule asked for."""
    while taken := stage.claim():
        for claimed in taken:
            if isinstance(claimed.effect.body, model.Deliver):
                stage.carry(claimed)
            else:
                stage.settle(claimed, stage.answer(claimed))
    newest = stage.read(lambda reader: reader.recent_requests(1))[0]
    assert newest.rules
    return newest


def causes(request: model.Request) -> set[str]:
    return {cause.person for cause in request.causes}


def test_who_sent_the_event_is_a_cause_though_the_rule_names_somebody(tmp_path: Path) -> None:
    stage = Stage(tmp_path, rules(hire=('$.source == "hr.approval"', hired(person="alice"))))
    stage.arrive(person="bob")
    request = ordered(stage)
    assert request.person == "alice"
    assert causes(request) == {"bob"}
    stage.close()


def test_who_asked_and_who_acted_are_causes_of_what_follows(tmp_path: Path) -> None:
    when = '$.type == "countersign.vote.cast"'
    stage = Stage(tmp_path, rules(follow=(when, provisioned(person="carol"))))
    asked = stage.planned("alice", "restart web-01")
    stage.click("bob", asked.id, "approve", asked.code, asked.card)
    assert causes(ordered(stage)) == {"alice", "bob"}
    stage.close()


def test_causes_are_handed_on_from_rule_to_rule(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        rules(
            hire=('$.source == "hr.approval"', hired(person="alice")),
            follow=('$.type == "countersign.request.planned"', provisioned(person="carol")),
        ),
    )
    stage.arrive(person="bob")
    assert causes(ordered(stage)) == {"bob", "alice"}
    stage.close()


def hired(**to: str) -> object:
    return command("provision", HIRE, **to)


def provisioned(**to: str) -> object:
    return command("provision", {"emp_id": "E9", "role": "devops"}, **to)


def test_who_caused_an_event_cannot_approve_what_a_rule_asks_for_on_behalf_of_another(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path, rules(hire=('$.source == "hr.approval"', hired(person="alice"))))
    stage.arrive(person="bob")
    request = ordered(stage)
    assert stage.click("bob", request.id, "approve", request.code, request.card).tone == "warning"
    assert stage.request(request.id).state is State.PENDING
    stage.click("carol", request.id, "approve", request.code, request.card)
    assert stage.request(request.id).state is not State.PENDING
    stage.close()
