"""A form that was agreed to is an event for rules; nobody outside makes the bot's own events."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy
from bot.commands import loader
from bot.model import fields
from tests.bot import run_stage, stage
from tests.bot.bus_stage import Stage, command, group, rules, webhook

AGREED = '$.type == "approval.approved"'


class FormStage(Stage):
    """``form``: what the OA system answers of a form beside what it usually does."""

    form: dict[str, Any]

    def answer(self, claimed: Any) -> model.Outcome:
        outcome = super().answer(claimed)
        if isinstance(claimed.effect.body, model.FetchForm):
            assert isinstance(outcome, model.Done)
            return model.Done(data={**outcome.data, **self.form})
        return outcome

    def agree(self, instance: str = "i-1", of: str = "hire", **form: Any) -> None:
        self.form = form
        now = self.clock.now()
        self.submit(
            model.FormChanged(
                f"form:{self.number()}",
                now,
                stage.PLATFORM,
                stage.TENANT,
                of,
                instance,
                "approved",
            )
        )

    def deliveries(self) -> list[model.Deliver]:
        return [body for body in self.work() if isinstance(body, model.Deliver)]


@pytest.fixture
def formed(tmp_path: Path) -> Iterator[FormStage]:
    made = FormStage(tmp_path, rules(hire=(AGREED, webhook())))
    yield made
    made.close()


def agreed(formed: FormStage) -> list[model.CloudEvent]:
    return [event for event in formed.events() if event.type == "approval.approved"]


def test_a_form_that_was_agreed_to_is_an_event(formed: FormStage) -> None:
    formed.agree()
    [delivered] = formed.deliveries()
    [event] = agreed(formed)
    assert (event.id, event.source, event.subject) == ("i-1", "chat.approval", "i-1")
    assert event.data == {
        "emp_id": "E123",
        "role": "devops",
        "form": "hire",
        "instance": "i-1",
        "title": "New hire",
        "originator": "u-alice",
        "approvers": ["u-bob"],
        "person": "alice",
        "late": False,
    }
    assert delivered.body == event.plain()
    assert formed.request(1).command == "provision"


def test_it_is_one_even_where_it_becomes_no_request(formed: FormStage) -> None:
    formed.agree(originator="u-mallory", fields={})
    formed.work()
    [event] = agreed(formed)
    assert (event.data["originator"], event.data["person"]) == ("u-mallory", "")
    assert formed.read(lambda reader: reader.recent_requests(1)) == ()


@pytest.mark.parametrize("status", ["rejected", "withdrawn", "running", "reverted"])
def test_a_form_that_was_not_agreed_to_is_none(formed: FormStage, status: str) -> None:
    formed.agree(status=status)
    assert formed.deliveries() == []
    assert agreed(formed) == []


def test_a_form_that_is_announced_and_listed_again_is_one_event(formed: FormStage) -> None:
    formed.agree(fields={})
    assert len(formed.deliveries()) == 1
    formed.clock.advance(3600)
    formed.agree()
    assert formed.deliveries() == []
    [event] = agreed(formed)
    assert "emp_id" not in event.data


def test_no_field_poses_as_what_the_bot_says_of_the_form(formed: FormStage) -> None:
    posing = {"person": "bob", "originator": "u-bob", "approvers": "u-alice", "late": "no"}
    formed.agree(originator="u-dave", fields={"emp_id": "E1", "role": "ops", **posing})
    formed.work()
    [event] = agreed(formed)
    assert event.data["person"] == "dave"
    assert event.data["originator"] == "u-dave"
    assert event.data["approvers"] == ["u-bob"]
    assert event.data["late"] is False


def test_a_rule_asks_on_behalf_of_who_filed_the_form(tmp_path: Path) -> None:
    """Also where the form itself is refused, and there is no request to take them from."""
    paths = {"emp_id": "$.data.emp_id", "role": "$.data.role"}
    made = FormStage(tmp_path, rules(hire=(AGREED, command("provision", paths))))
    try:
        made.agree(fields={"emp_id": "E9", "role": "devops", "person": "bob"})
        sent = made.deliveries()
        made.agree("i-2", originator="u-dave")
        sent += made.deliveries()
        made.agree("i-3", originator="u-mallory")
        sent += made.deliveries()
        people = {body.event["id"]: body.to.person for body in sent}
        assert people == {"i-1": "alice", "i-2": "dave", "i-3": ""}
    finally:
        made.close()


def test_what_a_hidden_parameter_is_made_of_is_covered(formed: FormStage, tmp_path: Path) -> None:
    (tmp_path / "gate.yml").write_text(run_stage.GATE)
    args = {"note": "note", "password": "word"}
    rule = policy.FormRule(stage.PLATFORM, "hire", "gate", args, "ops", "form")
    formed.deployment = dataclasses.replace(
        formed.deployment, book=run_stage.book(forms=(rule,)), catalog=loader.load(tmp_path)
    )
    formed.agree(fields={"note": "n", "word": "hunter2", "field-7": "hunter2", "else": ""})
    formed.work()
    assert formed.request(1).command == "gate"
    [event] = agreed(formed)
    told = {key: event.data[key] for key in ("note", "word", "field-7", "else")}
    assert told == {"note": "n", "word": "***", "field-7": "***", "else": ""}
    assert "hunter2" not in str([event.plain() for event in formed.events()])


def test_without_rules_a_form_is_an_event_too(tmp_path: Path) -> None:
    """So that a rule can be tried on it before it does anything."""
    made = FormStage(tmp_path)
    try:
        made.agree()
        made.work()
        assert [event.type for event in made.events()] == ["approval.approved"]
    finally:
        made.close()


# ----------------------------------------------------------------------------- without a command

OTHER = "expenses"


def others(made: FormStage) -> list[model.CloudEvent]:
    return [event for event in agreed(made) if event.data["form"] == OTHER]


@pytest.mark.parametrize(
    ("when", "heard"),
    [
        ('$.source == "chat.approval"', True),
        ('$.type == "approval.approved" && $.data.days > 2', True),
        ('$.data.form == "expenses"', True),
        ('{"detail": {"form": [{"prefix": "exp"}], "days": [{"numeric": [">", 2]}]}}', True),
        ('$.data.form == "other"', False),
        ('$.data.form == "expenses" && $.source == "shop"', False),
        ('$.type == "shop.order"', False),
        ('$.data.days > 2', False),
        ('$.id != null', False),
    ],
)  # fmt: skip
def test_a_form_without_a_command_is_read_where_a_rule_asks_for_it(
    tmp_path: Path, when: str, heard: bool
) -> None:
    """And nowhere else: what people file there is nobody's business here."""
    made = FormStage(tmp_path, rules(other=(when, webhook())))
    try:
        made.agree(of=OTHER, fields={"days": fields.number(3).plain()})
        done = made.work()
        assert any(isinstance(body, model.FetchForm) for body in done) == heard
        assert [event.data["days"] for event in others(made)] == [3] * heard
        assert any(isinstance(body, model.Deliver) for body in done) == heard
        assert made.read(lambda reader: reader.recent_requests(1)) == ()
        assert not [body for body in done if isinstance(body, model.Say)]
    finally:
        made.close()


def test_without_rules_no_other_form_is_read(tmp_path: Path) -> None:
    made = FormStage(tmp_path)
    try:
        made.agree(of=OTHER)
        assert made.work() == []
    finally:
        made.close()


@pytest.mark.parametrize(
    "form", [{"status": "rejected"}, {"action": "revoke", "original": "i-0"}, {"action": "modify"}]
)
def test_a_form_without_a_command_that_is_no_agreement_is_no_event(
    formed: FormStage, form: dict[str, Any]
) -> None:
    formed.agree(of=OTHER, **form)
    assert formed.deliveries() == []
    assert others(formed) == []


def test_a_form_without_a_command_that_reads_undecided_is_read_again(formed: FormStage) -> None:
    formed.agree(of=OTHER, status="running")
    assert formed.deliveries() == []
    formed.form = {"fields": {"x": "1"}}
    formed.clock.advance(3)
    sent = formed.deliveries()
    formed.clock.advance(3)
    assert len([*sent, *formed.deliveries()]) == 1
    assert [event.data["x"] for event in others(formed)] == ["1"]


def test_people_in_a_form_are_told_by_their_ids(formed: FormStage) -> None:
    """Whoever is nobody that is known is told so that they are nobody's id."""
    who = fields.people([("u-bob", "Bob"), ("u-mallory", "carol")]).plain()
    formed.agree(of=OTHER, fields={"who": who})
    formed.work()
    [event] = others(formed)
    assert event.data["who"] == ["bob", "chat:u-mallory"]


# ----------------------------------------------------------------------------- nobody else's


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "countersign"},
        {"source": "countersign/5f2c81"},
        {"type": "countersign.run.completed", "data": {"InvocationStatus": "Success"}},
    ],
)
def test_nobody_outside_makes_the_bots_own_events(tmp_path: Path, fields: dict[str, Any]) -> None:
    made = Stage(tmp_path, rules(all=("$.id != null", webhook())))
    try:
        receipt = made.arrive("forged", **fields)
        assert receipt.tone == "error"
        assert made.facts("event.refused") == {
            "via": "hr",
            "reason": "reserved",
            "event": "forged",
        }
        assert "forged" not in [event.id for event in made.events()]
        told = [body for body in made.work() if isinstance(body, model.Deliver)]
        assert [body.event["type"] for body in told] == ["countersign.event.refused"]
    finally:
        made.close()


def test_what_comes_from_elsewhere_is_taken(tmp_path: Path) -> None:
    made = Stage(tmp_path, rules(all=("$.id != null", group("hello"))))
    try:
        made.arrive("1", source="hr.countersign", type="hr/countersign.run.completed")
        assert [event.id for event in made.events()] == ["1"]
        assert made.actions() == []
        assert len(made.letters("queued")) == 1
    finally:
        made.close()
