"""The stage of the core with rules: events arrive, and deliveries are made, claimed and settled."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot import model
from bot.rules import pattern, ruleset, transform
from bot.runtime import command_target
from tests.bot import stage as stage_

CHAT, PLATFORM, TENANT = stage_.CHAT, stage_.PLATFORM, stage_.TENANT
HIRE = {"emp_id": "$.data.emp_id", "role": "$.data.role"}


def values(paths: Mapping[str, str]) -> dict[str, transform.Transform]:
    """Parameters from JSON paths of the event; what is no path is a constant."""
    return {
        name: transform.compile("JSONPATH" if path.startswith("$") else "CONSTANT", path)
        for name, path in paths.items()
    }


def command(name: str, paths: Mapping[str, str], **to: Any) -> ruleset.Target:
    return ruleset.Target(model.ToCommand(name, "ops", PLATFORM, **to), values=values(paths))


def webhook(uri: str = "robot:ops", retry: model.Retry = "BACKOFF_RETRY") -> ruleset.Target:
    return ruleset.Target(model.ToWebhook(uri), retry=retry)


def group(text: str, *mentions: str) -> ruleset.Target:
    to = model.ToGroup(PLATFORM, TENANT, CHAT, mentions)
    return ruleset.Target(to, transform.compile("CONSTANT", text))


def rules(**made: tuple[str, *tuple[ruleset.Target, ...]]) -> ruleset.Rulebook:
    """Rules by name: a pattern in its short form, then targets."""
    return ruleset.Rulebook(
        {
            name: ruleset.Rule(name, pattern.compile(when), tuple(targets))
            for name, (when, *targets) in made.items()
        }
    )


class Stage(stage_.Stage):
    """``post`` performs what is due, with the real clerk for commands."""

    def __init__(self, folder: Path, rulebook_: ruleset.Rulebook | None = None) -> None:
        super().__init__(folder)
        self.deployment = dataclasses.replace(self.deployment, rules=rulebook_)
        self.clerk = command_target.CommandTarget(self.engine.submit, self.clock)

    def arrive(self, id: str = "1", person: str = "alice", **event: Any) -> model.Receipt:
        """An event from outside: the founding document's, unless told otherwise."""
        fields = {
            "source": "hr.approval",
            "type": "ProvisionRequest",
            "data": {"emp_id": "E123", "role": "devops"},
            **event,
        }
        made = model.CloudEvent(id=id, time=self.clock.now(), **fields)
        name = f"ce:{made.source}:{made.id}"
        return self.submit(model.EventReceived(name, self.clock.now(), made, "hr", person))

    def carry(self, claimed: Any) -> model.Outcome:
        """A delivery to a command, carried out and settled."""
        work = self.clerk.perform(claimed.effect.body, claimed.attempt)
        outcome = self.loop.run_until_complete(work)
        self.settle(claimed, outcome)
        return outcome

    def fail(self, outcome: model.Outcome, rounds: int = 1) -> list[model.Effect]:
        """Whatever is due ends like this, so often; time passes in between."""
        seen: list[model.Effect] = []
        for _ in range(rounds):
            for claimed in self.claim():
                seen.append(claimed.effect.body)
                self.settle(claimed, outcome)
            self.clock.advance(600)
        return seen

    def letters(self, state: str | None = None) -> list[model.Letter]:
        return list(self.read(lambda reader: reader.letters(state)))

    def events(self) -> list[model.CloudEvent]:
        return [event for _, event in self.read(lambda reader: list(reader.bus_events()))]

    def actions(self) -> list[str]:
        return [row.action for row in self.read(lambda reader: list(reader.chain()))]

    def facts(self, action: str) -> dict[str, Any]:
        """Of the newest entry of this action."""
        rows = self.read(lambda reader: list(reader.chain()))
        return next(dict(row.facts) for row in reversed(rows) if row.action == action)
