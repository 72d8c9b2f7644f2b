"""The bus: every event once in its table, and what rules make of it once on its way."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import model
from bot.rules import retry
from bot.runtime import outbox, scheduler
from tests import properties
from tests.bot import bus_stage, rig
from tests.bot import stage as stage_
from tests.bot.bus_stage import Stage, command, group, rules, webhook
from tests.bot.stage import START

HIRED = '$.source == "hr.approval"'
ENDED = '$.type == "countersign.run.completed"'


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def with_rules(stage: Stage, **made: Any) -> Stage:
    stage.deployment = dataclasses.replace(stage.deployment, rules=rules(**made))
    return stage


# ----------------------------------------------------------------------------- what is stored


def test_an_event_is_stored_as_it_came_with_or_without_rules(stage: Stage) -> None:
    stage.arrive("e-1", subject="E123", extra={"traceparent": "00-1"}, data={"n": [1, None, "会"]})
    with_rules(stage, notify=(HIRED, webhook())).arrive("e-2")
    first, second = stage.events()
    assert first.plain() == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "hr.approval",
        "type": "ProvisionRequest",
        "subject": "E123",
        "time": "2026-01-05T09:00:00+00:00",
        "datacontenttype": "application/json",
        "traceparent": "00-1",
        "data": {"n": [1, None, "会"]},
    }
    assert second.id == "e-2"
    assert len(stage.letters("queued")) == 1


def test_without_rules_the_bot_publishes_nothing_of_its_own(stage: Stage) -> None:
    stage.planned("alice", "restart web-01")
    assert stage.actions()
    assert stage.events() == []


def test_the_audit_log_is_on_the_bus_entry_by_entry(stage: Stage) -> None:
    with_rules(stage, never=('$.type == "never"', webhook()))
    request = stage.planned("alice", "restart web-01")
    stage.click("bob", request.id, "approve", request.code)
    stage.work()
    stage.observe(request.id)
    own = [event for event in stage.events() if event.type != "countersign.run.completed"]
    assert [event.type for event in own] == [f"countersign.{action}" for action in stage.actions()]
    [ended] = [event for event in stage.events() if event.type == "countersign.run.completed"]
    assert (ended.id, ended.data["InvocationStatus"]) == (f"run-1-{ended.id[6:]}", "Success")


ONE = st.tuples(st.sampled_from(("a", "a:b", "b")), st.sampled_from(("1", "b:1", "2")))


@settings(
    max_examples=properties.examples(20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(arrivals=st.lists(ONE, max_size=12), doors=st.lists(st.integers(0, 2), max_size=12))
def test_an_event_that_is_published_twice_is_stored_and_delivered_once(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[tuple[str, str]], doors: list[int]
) -> None:
    """Also when it comes by other doors, whose events have other ids."""
    stage = Stage(tmp_path_factory.mktemp("bus"), rules(all=("$.id != null", webhook())))
    try:
        for number, (source, id_) in enumerate(arrivals):
            door = doors[number] if number < len(doors) else 0
            event = model.CloudEvent(id_, source, "t", stage.clock.now(), data={"n": number})
            name = f"door-{door} {source} {id_}"
            stage.submit(model.EventReceived(name, stage.clock.now(), event, "hr"))
        stored = [(event.source, event.id) for event in stage.events()]
        first = {pair: number for number, pair in reversed(list(enumerate(arrivals)))}
        assert stored == list(dict.fromkeys(arrivals))
        assert [event.data["n"] for event in stage.events()] == [first[pair] for pair in stored]
        sent = [(c.effect.body.event["source"], c.effect.body.event["id"]) for c in stage.claim()]
        assert sorted(sent) == sorted(stored)
    finally:
        stage.close()


def test_events_are_read_in_pages_by_time_and_type(stage: Stage) -> None:
    for number in range(25):
        stage.arrive(str(number), type="even" if number % 2 == 0 else "odd")
        stage.clock.advance(60)
    numbered = stage.read(lambda reader: list(reader.bus_events(page=4)))
    assert [number for number, _ in numbered] == list(range(1, 26))
    assert [event.id for _, event in numbered] == [str(n) for n in range(25)]
    since = START + timedelta(minutes=20)

    def ids(**options: Any) -> list[str]:
        found = stage.read(lambda reader: list(reader.bus_events(page=3, **options)))
        return [event.id for _, event in found]

    assert ids(since=since) == ["20", "21", "22", "23", "24"]
    assert ids(since=since, types=("odd",)) == ["21", "23"]
    assert ids(after=22) == ["22", "23", "24"]
    assert ids(since=stage.clock.now()) == []
    newest = stage.read(lambda reader: reader.newest_events(2, types=("even", "other")))
    assert [(number, event.id) for number, event in newest] == [(25, "24"), (23, "22")]
    assert stage.read(lambda reader: reader.newest_events(9, since=stage.clock.now())) == ()
    assert stage.read(lambda reader: reader.status()).events == 25


def test_what_rules_made_of_an_event_is_found_by_it(stage: Stage) -> None:
    with_rules(stage, one=(HIRED, webhook(), webhook("robot:hr")), two=(HIRED, group("hello")))
    stage.arrive("1")
    stage.arrive("1:one")
    event = stage.read(lambda reader: reader.bus_event(1))
    found = stage.read(lambda reader: reader.letters_of(event))
    assert [(one.deliver.rule, one.deliver.target) for one in found] == [
        ("one", 0),
        ("one", 1),
        ("two", 0),
    ]
    assert {one.deliver.event["id"] for one in found} == {"1"}
    assert stage.read(lambda reader: reader.bus_event(99)) is None


# ----------------------------------------------------------------------------- retries


@pytest.mark.parametrize("policy", retry.POLICIES)
def test_a_delivery_is_tried_as_its_rule_says_and_is_then_a_dead_letter(
    stage: Stage, policy: retry.Policy
) -> None:
    with_rules(stage, notify=(HIRED, webhook(retry=policy)))
    stage.arrive()
    began, times = stage.clock.now(), []
    total = retry.total(policy)
    while taken := stage.claim():
        times.append(stage.clock.now())
        stage.settle(taken[0], model.NotSent("HTTP 503"))
        due = stage.read(lambda r: r.connection.execute("SELECT due_at FROM outbox").fetchone()[0])
        stage.clock.time = max(stage.clock.time, model.EPOCH + timedelta(milliseconds=due + 1))
    assert len(times) == total.retries + 1
    slack = timedelta(seconds=1)
    assert total.least - slack <= times[-1] - began <= total.most + slack
    [letter] = stage.letters()
    assert (letter.state, letter.reason, letter.code) == (
        "refused",
        "gave up: HTTP 503",
        "gave_up",
    )
    assert (letter.attempts, letter.tried_at) == (total.retries + 1, times[-1])
    assert stage.facts("rule.undelivered")["letter"] == letter.number
    assert stage.read(lambda reader: reader.status()).dead == {"refused": 1}


def test_the_target_is_never_asked_again_sooner_than_it_said(stage: Stage) -> None:
    with_rules(stage, notify=(HIRED, webhook()))
    stage.arrive()
    stage.settle(stage.claim()[0], model.NotSent("busy", retry_after=90.0))
    stage.clock.advance(89)
    assert stage.claim() == ()
    stage.clock.advance(2)
    assert len(stage.claim()) == 1


def test_other_effects_keep_their_own_patience(stage: Stage) -> None:
    stage.ask("alice", "whoami")
    stage.fail(model.NotSent("down"), rounds=6)
    assert len(stage.claim()) == 1
    assert "tell.failed" not in stage.actions()


def test_what_may_have_arrived_is_a_dead_letter_and_says_so(stage: Stage) -> None:
    with_rules(stage, notify=(HIRED, webhook()))
    stage.arrive()
    stage.fail(model.Unknown("the connection broke after the request was sent"))
    [letter] = stage.letters()
    assert letter.state == "unknown"
    assert stage.read(lambda reader: reader.status()).dead == {"unknown": 1}
    assert stage.claim() == ()


# ----------------------------------------------------------------------------- commands and loops


def test_a_rule_asks_for_a_command_on_behalf_of_whom_the_event_is_from(stage: Stage) -> None:
    with_rules(stage, hire=(HIRED, command("provision", bus_stage.HIRE)))
    stage.arrive()
    [claimed] = stage.claim()
    assert stage.carry(claimed) == model.Done("1")
    request = stage.request(1)
    assert (request.person, request.command, request.rules) == ("alice", "provision", ("hire",))
    assert request.args["emp_id"] == "E123"


def test_a_command_that_is_refused_is_a_dead_letter_with_the_sentence(stage: Stage) -> None:
    with_rules(stage, hire=(HIRED, command("provision", bus_stage.HIRE)))
    stage.arrive(person="dave")
    outcome = stage.carry(stage.claim()[0])
    assert isinstance(outcome, model.Refused)
    assert "provision" in outcome.reason
    assert [letter.reason for letter in stage.letters()] == [outcome.reason]
    assert {"rule.refused", "rule.undelivered"} <= set(stage.actions())


def test_a_loop_of_rules_stops(stage: Stage) -> None:
    """Two rules that ask for each other's command at the end of each run."""
    again = command("provision", {"emp_id": "E1", "role": "dev"})
    when = ENDED + ' && $.data.request.command == "{}"'
    with_rules(
        stage,
        hire=(HIRED, command("restart", {"targets": "web-01"}, person="bob")),
        ping=(when.format("restart"), again),
        pong=(when.format("provision"), command("restart", {"targets": "web-01"}, person="bob")),
    )
    stage.arrive()
    for _ in range(40):
        for claimed in stage.claim():
            if isinstance(claimed.effect.body, model.Deliver):
                stage.carry(claimed)
            else:
                stage.settle(claimed, stage.answer(claimed))
        for request in stage.read(lambda reader: reader.open_requests()):
            if request.state is model.State.PENDING:
                stage.click("carol", request.id, "approve", request.code)
            stage.observe(request.id)
    found = stage.read(lambda reader: reader.recent_requests(100))
    assert [(one.command, one.rules) for one in reversed(found)] == [
        ("restart", ("hire",)),
        ("provision", ("hire", "ping")),
        ("restart", ("hire", "ping", "pong")),
    ]
    assert {one.state for one in found} == {model.State.SUCCEEDED}
    assert stage.actions().count("rule.loop") == 1


@pytest.mark.parametrize("role", [None, ...])
def test_a_rule_that_fails_is_an_event_for_rules_and_a_line_of_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, role: Any
) -> None:
    """Also where the value is null. A rule that fails on that event is on record, and no event."""
    with_rules(
        stage,
        hire=(HIRED, command("provision", bus_stage.HIRE)),
        told=('$.type == "countersign.rule.failed" && $.data.facts.rule == "hire"', webhook()),
        bad=('$.type == "countersign.rule.failed"', command("provision", bus_stage.HIRE)),
    )
    stage.arrive(data={"emp_id": "E1"} if role is ... else {"emp_id": "E1", "role": role})
    [sent] = [claimed.effect.body for claimed in stage.claim()]
    assert sent.rule == "told"
    facts = sent.body["data"]["facts"]
    assert (facts["rule"], facts["target"], facts["source"]) == ("hire", 0, "hr.approval")
    assert "role" in facts["error"]
    failed = list(stage.read(lambda reader: list(reader.chain())))[-2:]
    assert [(row.action, row.facts["rule"]) for row in failed] == [
        ("rule.failed", "hire"),
        ("rule.failed", "bad"),
    ]
    assert [event.type for event in stage.events()] == [
        "ProvisionRequest",
        "countersign.rule.failed",
    ]
    assert stage.events()[1].id.split("-")[0] == str(failed[0].seq)
    lines = [one.getMessage() for one in caplog.records if one.name == "countersign.requests"]
    assert [line.split(":")[0] for line in lines] == ["rule hire", "rule bad"]
    assert "role" in lines[0]


# ----------------------------------------------------------------------------- deaths and crowds


def test_dying_between_accept_and_delivery_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """The process ends before the claim, in flight, and after the call: nothing is forgotten, what
    may have happened is in doubt, and the clerk recognises what it asked for."""
    made = rules(
        hire=(HIRED, command("provision", bus_stage.HIRE)), tell=(HIRED, webhook("robot:x"))
    )
    stage = Stage(tmp_path, made)
    stage.arrive()
    stage.close()

    stage = Stage(tmp_path, made)
    assert stage.arrive().duplicate
    taken = stage.claim()
    assert [claimed.attempt.uncertain for claimed in taken] == [False, False]
    stage.close()

    stage = Stage(tmp_path, made)
    recover = lambda: stage.engine.write(lambda writer: writer.recover())  # noqa: E731
    assert stage.loop.run_until_complete(recover()) == 2
    taken = stage.claim()
    assert [claimed.attempt.uncertain for claimed in taken] == [True, True]
    body = next(c.effect.body for c in taken if c.effect.body.to.how == "command")
    stage.loop.run_until_complete(stage.clerk.perform(body, model.Attempt(uncertain=True)))
    assert stage.request(1).command == "provision"
    stage.close()

    stage = Stage(tmp_path, made)
    assert stage.loop.run_until_complete(recover()) == 2
    for claimed in stage.claim():
        if claimed.effect.body.kind == "deliver" and claimed.effect.body.to.how == "command":
            assert stage.carry(claimed) == model.Done("1")
        elif claimed.effect.body.kind == "deliver":
            assert claimed.attempt.uncertain
            stage.settle(claimed, model.Unknown("an earlier try may have arrived"))
    assert len(stage.read(lambda reader: reader.recent_requests(10))) == 1
    assert [letter.state for letter in stage.letters()] == ["unknown"]
    assert len([event for event in stage.events() if event.source == "hr.approval"]) == 1
    stage.close()


@pytest.mark.parametrize("many", [2_000, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_thousands_of_deliveries_all_leave_once(tmp_path: Path, many: int) -> None:
    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        if not isinstance(event, model.EventReceived):
            return model.Decision()
        made = []
        for number in range(100):
            named = {"source": event.event.source, "id": event.event.id, "type": "t"}
            to = model.ToWebhook(f"robot:{number % 7}")
            body = model.Deliver(f"rule-{number}", 0, to, {"n": number}, named)
            made.append(model.NewEffect(body.key, body.key, body))
        return model.Decision(published=(event.event,), effects=tuple(made))

    async with rig.running(tmp_path / "store.db", decide) as r:
        sent: list[str] = []

        class Far:
            async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
                sent.append(effect.key)
                return model.Done()

        box = outbox.Outbox(r.engine, lambda _: Far(), (), r.clock)
        events = [model.CloudEvent(str(n), "s", "t", rig.START) for n in range(many // 100)]
        arrivals = [model.EventReceived(f"ce:{one.id}", rig.START, one, "hr") for one in events]
        await asyncio.gather(*map(r.engine.submit, arrivals))
        assert r.rows("SELECT COUNT(*) FROM outbox WHERE state = 'queued'") == [(many,)]
        task = asyncio.create_task(box.run())
        await rig.until(
            lambda: r.rows("SELECT 1 FROM outbox WHERE state <> 'done' LIMIT 1") == [], 60
        )
        await box.drain()
        await task
        assert len(sent) == len(set(sent)) == many


# ----------------------------------------------------------------------------- tidying


async def test_old_events_go_after_30_days_and_dead_letters_after_90(tmp_path: Path) -> None:
    def decide(event: model.Event, view: model.View, now: object) -> model.Decision:
        if not isinstance(event, model.EventReceived):
            return model.Decision()
        named = {"source": "s", "id": event.event.id, "type": "t"}
        bodies = [model.Deliver("r", n, model.ToHttp("x"), {}, named) for n in range(3)]
        made = tuple(model.NewEffect(body.key, body.key, body) for body in bodies)
        return model.Decision(published=(event.event,), effects=made)

    async with rig.running(tmp_path / "store.db", decide) as r:

        async def arrive(id_: str) -> None:
            event = model.CloudEvent(id_, "s", "t", rig.START)
            await r.engine.submit(model.EventReceived(f"ce:{id_}", r.clock.now(), event, "hr"))

        for number in range(12):
            await arrive(f"old-{number}")
        outcomes = (model.Done(), model.Refused("no"), model.Unknown("perhaps"))
        for claimed in (await r.engine.claim(stage_.Everything())).effects:
            outcome = outcomes[claimed.effect.id % 3]
            await r.engine.submit(claimed.effect.completed(r.clock.now(), outcome))
        janitor = scheduler.Janitor(r.engine, r.clock, scheduler.Ticker(r.clock), bite=5)

        def left() -> tuple[int, dict[str, int]]:
            [(events,)] = r.rows("SELECT COUNT(*) FROM bus")
            return events, dict(r.rows("SELECT state, COUNT(*) FROM outbox GROUP BY 1"))  # type: ignore[arg-type]

        r.clock.advance(days=29)
        await janitor.tidy(r.clock.now())
        assert left() == (12, {"done": 12, "refused": 12, "unknown": 12})
        r.clock.advance(days=2)
        await arrive("new")
        await janitor.tidy(r.clock.now())
        assert left() == (1, {"refused": 12, "unknown": 12, "queued": 3})
        r.clock.advance(days=58)
        await janitor.tidy(r.clock.now())
        assert left()[1] == {"refused": 12, "unknown": 12, "queued": 3}
        r.clock.advance(days=2)
        await janitor.tidy(r.clock.now())
        assert left() == (0, {"queued": 3})


def test_events_are_json_that_others_can_read(stage: Stage) -> None:
    stage.arrive("1", data={"a": [True, 1.5, "\u2028", {"b": None}]})
    [body] = stage.read(lambda r: r.connection.execute("SELECT body FROM bus").fetchone())
    assert json.loads(body)["data"] == {"a": [True, 1.5, "\u2028", {"b": None}]}


@pytest.mark.parametrize("days", [1, 30, 60])
def test_an_event_is_known_again_for_as_long_as_it_is_set_and_then_it_is_another(
    stage: Stage, days: int
) -> None:
    with_rules(stage, notify=(HIRED, webhook()))
    janitor = scheduler.Janitor(
        stage.engine, stage.clock, scheduler.Ticker(stage.clock), remember=timedelta(days=days)
    )

    def arrive() -> bool:
        """Was it taken as a new one?"""
        now = stage.clock.now()
        event = model.CloudEvent("1", "hr.approval", "t", now, data={"emp_id": "E1"})
        known_as = "in:hr:hr.approval:1"
        arrived = model.EventReceived(f"{known_as}:c0", now, event, "hr", "alice", None, known_as)
        return not stage.submit(arrived).duplicate

    def later(hours: int) -> None:
        stage.clock.advance(3600 * hours)
        stage.loop.run_until_complete(janitor.tidy(stage.clock.now()))

    assert arrive()
    stage.fail(model.Refused("HTTP 404"))
    later(24 * days - 2)
    assert not arrive()
    later(4)
    assert arrive()
    assert len(stage.letters("queued")) == 1, "its delivery is not taken for the one of before"
    assert not arrive()


def test_what_was_matched_at_the_door_is_not_matched_again_by_the_writer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rules(stage, notify=(HIRED, webhook()))
    book = stage.deployment.rules
    assert book is not None
    asked: list[str] = []
    matching = type(book).matching

    def counted(self: Any, event: model.CloudEvent, spent: Any = None) -> Any:
        asked.append(event.source)
        return matching(self, event, spent)

    monkeypatch.setattr(type(book), "matching", counted)
    event = model.CloudEvent("1", "hr.approval", "t", stage.clock.now(), data={"emp_id": "E1"})
    meant = model.Meant(book.number, ("notify",))
    for n, content in enumerate(("a", "b")):
        id = f"in:hr:hr.approval:1:{content}"
        changed = dataclasses.replace(event, data={"n": n})
        known_as = "in:hr:hr.approval:1"
        stage.submit(
            model.EventReceived(id, stage.clock.now(), changed, "hr", "alice", meant, known_as)
        )
    assert "hr.approval" not in asked
    assert len(stage.letters("queued")) == 2
    assert {event.person for event in stage.events() if event.source == "hr.approval"} == {"alice"}
