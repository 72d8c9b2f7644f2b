"""What the bot publishes is what its JSON Schemas, and the page about them, say."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
from click.testing import CliRunner

from bot import __main__ as cli
from bot import event_schemas, model
from bot.core import bus
from tests import test_docs
from tests.bot import event_shapes, stage
from tests.bot.bus_stage import rules, webhook
from tests.bot.run_stage import RunStage, book

PAGE = test_docs.ROOT / "docs" / "reference" / "cloudevents.md"
NOT_PUBLISHED = {
    "clock.stepped",
    "event.failed",
    "rule.redone",
    "store.restored",
    "texts.removed",
    "person.forgotten",
}
EVERYTHING = rules(all=("$.id != null", webhook()))


class Stage(RunStage):
    """Rules mean everything, so that everything is published."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, book())
        self.deployment = dataclasses.replace(self.deployment, rules=EVERYTHING)

    def own(self) -> list[model.CloudEvent]:
        return [event for _, event in self.read(lambda reader: list(reader.bus_events()))]

    def form(self, instance: str, status: Any = "approved") -> None:
        now, number = self.clock.now(), self.number()
        place = (stage.PLATFORM, stage.TENANT, "hire", instance)
        self.submit(model.FormChanged(f"form:{number}", now, *place, status))


@pytest.fixture
def acted(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def run(acted: Stage) -> None:
    request = acted.planned("alice", "restart web-01,web-02")
    acted.click("alice", request.id, "approve", request.code)  # no right
    acted.click("bob", request.id, "approve", "00000000")  # an outdated card
    acted.approve("bob", request.id)
    acted.work()
    acted.ask("alice", f"cancel {request.id}")  # too late
    acted.observe(request.id)
    acted.ask("bob", f"stop {request.id}")  # over


def fail(acted: Stage) -> None:
    request = acted.planned("alice", "restart web-01")
    acted.approve("bob", request.id)
    acted.work()
    acted.tick(24 * 3600)
    acted.ask("bob", f"stop {request.id}")
    acted.work()
    acted.observe(request.id, "Failed", None)


def reject(acted: Stage) -> None:
    request = acted.planned("alice", "restart web-01")
    acted.click("bob", request.id, "reject", request.code, reason="not now")
    acted.ask("alice", "restart web-77")
    acted.work()
    acted.ask("mallory", "restart web-01")
    acted.ask("dave", "restart web-01")
    acted.ask("alice", "approve 99")
    acted.ask("alice", "redrive 99")


def let_lie(acted: Stage) -> None:
    acted.planned("alice", "restart web-01")
    for _ in range(3):
        acted.tick(900)
        acted.work()
    request = acted.planned("alice", "restart web-02")
    acted.ask("alice", f"cancel {request.id}")


def forms(acted: Stage) -> None:
    acted.form("i-1")
    acted.work()
    acted.form("i-1", "withdrawn")
    acted.form("i-2", "rejected")
    acted.form("i-3", "changed")
    acted.work()
    now = acted.clock.now()
    acted.submit(model.Started("start:1", now, now))
    for claimed in acted.claim():
        if isinstance(claimed.effect.body, model.ListForms):
            acted.settle(claimed, model.Refused("no right"))


def template(acted: Stage) -> None:
    acted.planned("alice", "gate note=hello password=hunter2")
    acted.approve()
    acted.work()
    acted.approve("bob")
    acted.approve("carol")
    acted.work()


def break_template(acted: Stage) -> None:
    acted.apis["TouchInstance"] = lambda _: model.Refused("Forbidden", "no")
    acted.planned("alice", "fleet targets=web-01,web-02")
    acted.approve()
    acted.fleet.remove("web-02")
    acted.work()
    request = acted.request(1)
    acted.approve("bob", request.id)
    acted.work()


def nap(acted: Stage) -> None:
    acted.planned("alice", "nap")
    acted.approve()
    acted.work()
    acted.tick(3700)
    acted.work()
    acted.ask("dave", "resume 1")
    acted.ask("bob", "resume 1")
    acted.work()


def turn_away(acted: Stage) -> None:
    now = acted.clock.now()
    acted.submit(model.IngressRejected("t:1", now, "hr", "duplicate", "192.0.2.1", 3))
    acted.submit(model.IngressRejected("t:2", now, "hr", "signature", "192.0.2.1", 3))
    forged = model.CloudEvent("1", "countersign/x", "countersign.run.completed", now)
    acted.submit(model.EventReceived("ce:1", now, forged, "hr"))


def refuse(acted: Stage) -> None:
    """The platforms say no to whatever they can."""
    acted.planned("alice", "restart web-01")
    acted.approve()
    for outcome in (model.Unknown("lost"), model.Refused("no right")):
        for _ in range(4):
            for claimed in acted.claim():
                acted.settle(claimed, outcome)
            acted.tick(600)


PLAYS: tuple[tuple[Callable[[Stage], None], set[str]], ...] = (
    (run, {"request.asked", "request.planned", "vote.cast", "vote.refused", "run.completed"}),
    (fail, {"run.overdue", "run.stop", "run.stop_sent", "run.finished"}),
    (reject, {"request.rejected", "request.refused", "ask.refused", "act.refused"}),
    (let_lie, {"request.reminded", "request.expired", "request.cancelled"}),
    (forms, {"form.approved", "form.withdrawn", "form.rejected", "forms.not_listed"}),
    (template, {"run.begun", "run.waiting", "call.made", "run.ended", "run.completed"}),
    (break_template, {"plan.drifted", "run.not_started", "run.completed"}),
    (nap, {"run.resumed", "steer.refused", "run.ended"}),
    (turn_away, {"event.repeated", "event.refused"}),
    (refuse, {"run.unclear", "run.not_started", "tell.failed"}),
)


@pytest.mark.parametrize(("play", "expected"), PLAYS, ids=lambda one: getattr(one, "__name__", ""))
def test_whatever_is_published_is_as_its_schema_says(
    acted: Stage, play: Callable[[Stage], None], expected: set[str]
) -> None:
    play(acted)
    published = acted.own()
    types = {event.type for event in published}
    assert {f"countersign.{action}" for action in expected} - types == set()
    for event in published:
        assert event_shapes.faults([event]) == [], event
    assert ("approval.approved" in types) == (play is forms)


def test_the_schemas_say_no() -> None:
    """A validator that takes everything would prove nothing."""
    event = {
        "specversion": "1.0",
        "id": "7",
        "source": "countersign/x",
        "type": "countersign.vote.cast",
        "time": "2026-01-31T08:00:00+00:00",
        "datacontenttype": "application/json",
        "data": {
            "actor": "bob",
            "facts": {"approve": True, "digest": "d", "via": "card"},
            "request": None,
        },
    }
    open_ = jsonschema.Draft202012Validator(event_schemas.of("countersign.vote.cast"))
    whole = jsonschema.Draft202012Validator(event_schemas.all_of_them())
    assert open_.is_valid(event)
    assert whole.is_valid(event)
    for path, value in (
        (("source",), "hr"),
        (("type",), "countersign.vote.refused"),
        (("data", "facts", "via"), "fax"),
        (("data", "facts", "approve"), "yes"),
        (("data", "facts"), {}),
        (("data", "request"), {"id": 1}),
    ):
        spoiled = json.loads(json.dumps(event))
        inner = spoiled
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        assert not open_.is_valid(spoiled), path
        assert not whole.is_valid(spoiled), path


@pytest.mark.parametrize("type_", event_schemas.TYPES)
def test_each_is_a_schema(type_: str) -> None:
    jsonschema.Draft202012Validator.check_schema(event_schemas.of(type_))


def test_the_schemas_have_the_actions_and_facts_that_the_audit_log_documents() -> None:
    documented = {
        action: facts
        for action, facts in test_docs.documented_actions().items()
        if not action.startswith(bus.QUIET) and action not in NOT_PUBLISHED
    }
    known = {
        action: set(facts)
        for family in event_schemas.FAMILIES.values()
        for action, facts in family.items()
    }
    assert known == documented


def test_what_the_schemas_repeat_is_what_the_code_has() -> None:
    waits = get_args(get_type_hints(model.ApprovalStep)["kind"])
    assert "|".join(waits) == event_schemas.WAITS
    assert event_schemas.COMPLETED_DATA["properties"]["InvocationStatus"]["enum"] == [
        *bus.ENDS.values()
    ]
    assert event_schemas.OWN == bus.OWN
    assert "|".join(get_args(get_type_hints(model.Vote)["via"])) == event_schemas.VIA


# ----------------------------------------------------------------------------- page and command


def test_the_page_is_printed_from_the_code() -> None:
    page = PAGE.read_text("utf-8")
    assert page == event_schemas.page(), "python -m bot docs events > docs/reference/cloudevents.md"
    assert CliRunner().invoke(cli.main, ["docs", "events"]).stdout == page
    for type_ in event_schemas.TYPES:
        assert type_ in page
    for _, text in test_docs.blocks(PAGE, "json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(text))


def test_a_schema_can_be_printed() -> None:
    one = CliRunner().invoke(cli.main, ["events", "schema", "countersign.run.completed"])
    assert json.loads(one.stdout) == event_schemas.of("countersign.run.completed")
    every = CliRunner().invoke(cli.main, ["events", "schema"])
    assert json.loads(every.stdout) == event_schemas.all_of_them()
    none = CliRunner().invoke(cli.main, ["events", "schema", "countersign.vote.casted"])
    assert none.exit_code == 1
    assert "did you mean countersign.vote.cast" in none.stderr
