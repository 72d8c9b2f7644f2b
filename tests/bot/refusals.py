"""Every refusal with a scenario in which it may be said: the table that test_refusals.py plays.

A scenario is a function named in a table by the key of its sentence; it plays a company and gives
back all that was said. Sentences about asking are in ``refusals_asked``, the others in
``refusals_voted``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import model, policy, store, texts
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import CHAT, PLATFORM, TENANT, said

Scenario = Callable[["Play"], str]
SCENARIOS: dict[str, Scenario] = {}


def says(*keys: str) -> Callable[[Scenario], Scenario]:
    """The scenario ends with these sentences."""

    def add(scenario: Scenario) -> Scenario:
        for key in keys:
            assert key not in SCENARIOS, key
            SCENARIOS[key] = scenario
        return scenario

    return add


class Play:
    """One company, in one chat. ``outside``: what the outside answers to effects of a type."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside: dict[type, model.Outcome] = {}
        self._stage: RunStage | None = None

    @property
    def stage(self) -> RunStage:
        return self._stage or self.company()

    def company(
        self, templates: Mapping[str, str] = run_stage.TEMPLATES, program: str = "", **changes: Any
    ) -> RunStage:
        """``program``: a file of commands; they take the place of those that ship."""
        if program:
            (self.folder / "commands").mkdir()
            (self.folder / "commands" / "program.py").write_text(program)
        stage = RunStage(self.folder, run_stage.book(**changes), templates)
        usual = stage.answer
        stage.answer = lambda claimed: self.answer(claimed, usual)  # type: ignore[method-assign]
        self._stage = stage
        return stage

    def answer(
        self, claimed: store.Claimed, usual: Callable[[store.Claimed], model.Outcome]
    ) -> model.Outcome:
        return self.outside.get(type(claimed.effect.body)) or usual(claimed)

    def close(self) -> None:
        if self._stage is not None:
            self._stage.close()

    def told(self) -> str:
        """All that is said once everything was carried out."""
        return "\n".join(said(self.stage.work()))

    def writes(self, who: str, text: str, age: float = 0.0, **where: Any) -> str:
        """Somebody writes, ``age`` seconds before it arrives; returns what is said then."""
        stage, number = self.stage, self.stage.number()
        at = stage.clock.now() - timedelta(seconds=age)
        account = where.pop("account", stage.account(who))
        unread = where.pop("unread", "")
        place = model.Place(PLATFORM, TENANT, CHAT, f"m{number}")
        place = dataclasses.replace(place, **where)
        stage.submit(
            model.MessageReceived(f"msg:{number}", at, account, place, text, unread=unread)
        )
        return self.told()

    def clicks(self, who: str, action: str = "approve", number: int = 1, **button: Any) -> str:
        """Somebody presses a button of the request's card; returns what they are answered."""
        stage = self.stage
        request = stage.read(lambda reader: reader.request(number))
        code, card = (request.code, request.card) if request is not None else ("", "")
        event = model.CardAction(
            f"click:{stage.number()}",
            stage.clock.now(),
            button.pop("account", stage.account(who)),
            dataclasses.replace(stage.place(), **button.pop("place", {})),
            button.pop("card", card),
            action,
            number,
            button.pop("code", code),
        )
        assert not button
        return stage.submit(event).toast

    def form(self, **form: Any) -> str:
        """An OA form is agreed to; what the platform's record says of it beside the usual."""
        usual = {
            "status": "approved",
            "title": "New hire",
            "originator": "u-alice",
            "approvers": ["u-bob"],
            "fields": {"emp_id": "E123", "role": "devops"},
        }
        self.outside.setdefault(model.FetchForm, model.Done(data={**usual, **form}))
        stage = self.stage
        event = model.FormChanged(
            "form:1", stage.clock.now(), PLATFORM, TENANT, "hire", "instance-1", "approved"
        )
        stage.submit(event)
        return self.told()

    def changed(self, **fields: Any) -> None:
        """The configuration is changed."""
        book = dataclasses.replace(self.stage.deployment.book, **fields)
        self.stage.deployment = dataclasses.replace(self.stage.deployment, book=book)


def rule(*commands: str, usual: str = "any", **fields: Any) -> dict[str, policy.CommandRule]:
    return {name: policy.CommandRule(usual, "high", **fields) for name in commands}


def plain(text: str) -> str:
    """Without what differs between a phrase and how it is shown: its spaces, and signs of code."""
    return re.sub(r"[\s`]", "", text)


def is_said(key: str, told: str) -> bool:
    """Does the text hold the phrase, whatever its facts are?"""
    phrase = texts.PHRASES[key][1].replace("{{", "\1").replace("}}", "\2")
    parts = [re.escape(plain(part)) for part in re.split(r"\{[^}]*\}", phrase)]
    pattern = ".*".join(parts).replace("\1", r"\{").replace("\2", r"\}")
    return re.search(pattern, plain(told), re.DOTALL) is not None
