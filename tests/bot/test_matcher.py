"""Rules are asked about events from outside before the writer has them, and not for ever."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model
from bot.model import ports
from bot.rules import effort, ruleset
from bot.runtime import matcher
from tests.bot import bus_stage
from tests.bot.bus_stage import Stage, webhook

HIRED = '$.type == "ProvisionRequest"'


class Watched(ruleset.Rulebook):
    """Rules that remember on which threads they were asked."""

    threads: list[str]

    def matching(
        self, event: model.CloudEvent, spent: effort.Effort | None = None
    ) -> tuple[ruleset.Rule, ...]:
        self.threads.append(threading.current_thread().name)
        return super().matching(event, spent)


def watched(when: str = HIRED) -> Watched:
    made = Watched(bus_stage.rules(told=(when, webhook())).rules)
    made.threads = []
    return made


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def looked(
    stage: Stage, rules: ruleset.Rulebook, *events: model.EventReceived
) -> list[model.EventReceived]:
    matching = matcher.Matcher(lambda: rules)
    try:
        return stage.loop.run_until_complete(matching.look(events))
    finally:
        matching.close()


def arrived(stage: Stage, data: Any, id_: str = "1") -> model.EventReceived:
    event = model.CloudEvent(id_, "hr", "ProvisionRequest", stage.clock.now(), data=data)
    return model.EventReceived(f"ce:{id_}", stage.clock.now(), event, "hr")


def test_the_writer_does_not_match_what_was_matched_before_it(stage: Stage) -> None:
    rules = watched()
    stage.deployment = dataclasses.replace(stage.deployment, rules=rules)
    [event] = looked(stage, rules, arrived(stage, {}))
    stage.submit(event)
    assert [claimed.effect.body.rule for claimed in stage.claim()] == ["told"]
    assert len(rules.threads) == 1
    assert rules.threads[0].startswith("rules")


def test_what_other_rules_found_is_not_believed(stage: Stage) -> None:
    """Rules that were put in the place of others are asked themselves."""
    [event] = looked(stage, watched('$.type == "never"'), arrived(stage, {}))
    assert event.meant is not None
    assert event.meant.rules == ()
    stage.deployment = dataclasses.replace(stage.deployment, rules=watched())
    stage.submit(event)
    assert [claimed.effect.body.rule for claimed in stage.claim()] == ["told"]


def many() -> ruleset.Rulebook:
    """Rules that must look at every element of an array, for all else of the event is as asked."""
    when = "$.source == 'hr' && $.data.a prefix 'x' && $.data.b == {}"
    return bus_stage.rules(**{f"r{n}": (when.format(n), webhook()) for n in range(50)})


def test_events_that_are_too_costly_together_are_all_refused(stage: Stage) -> None:
    data = {"a": [f"y{n}" for n in range(3000)], "b": list(range(50))}
    few = {"a": [f"y{n}" for n in range(3000)], "b": [1]}
    assert len(looked(stage, many(), arrived(stage, few))) == 1
    one = [arrived(stage, data, str(n)) for n in range(2)]
    with pytest.raises(ports.TooCostly, match="send less in one event"):
        looked(stage, many(), *one)


def test_an_own_event_that_is_too_costly_is_told_and_harms_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rules = bus_stage.rules(
        all=("$.id != null", webhook()),
        told=('$.type == "countersign.event.unmatched"', webhook()),
    )
    stage.deployment = dataclasses.replace(stage.deployment, rules=rules)
    usual = ruleset.Rulebook.matching

    def costly(
        self: ruleset.Rulebook, event: model.CloudEvent, spent: effort.Effort | None = None
    ) -> tuple[ruleset.Rule, ...]:
        if event.type == "countersign.request.planned":
            spent = effort.Effort(0)
        return usual(self, event, spent)

    monkeypatch.setattr(ruleset.Rulebook, "matching", costly)
    request = stage.planned("alice", "restart web-01")
    assert request.state is model.State.PENDING
    assert "comparisons" in stage.facts("event.unmatched")["error"]
    [event] = [one for one in stage.events() if one.type == "countersign.event.unmatched"]
    told = stage.read(lambda reader: reader.letters_of(event))
    assert [one.deliver.rule for one in told] == ["all", "told"]
    assert any("no rule was asked" in one.getMessage() for one in caplog.records)
