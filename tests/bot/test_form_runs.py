"""Forms that are taken back while a template's run waits, before anything of it was started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy, store
from tests.bot import run_stage, stage
from tests.bot.stage import cards, said, words
from tests.bot.test_form_links import AGREED, modifying, revoking

SLEEP = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: PT1M}
  - Name: act
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: ActNow}
"""


class Runs(run_stage.RunStage):
    """A form asks for a template. ``platform``: what the OA system answers of each instance."""

    def __init__(self, folder: Path, template: str) -> None:
        fields = {"note": "emp_id"} if template == "gate" else {}
        rule = policy.FormRule(stage.PLATFORM, "hire", template, fields, "ops", "any")
        commands = {**run_stage.book().commands, "doze": policy.CommandRule("any", "high")}
        book = run_stage.book(forms=(rule,), commands=commands)
        super().__init__(folder, book, {**run_stage.TEMPLATES, "doze": SLEEP})
        self.platform: dict[str, Any] = {}
        self.heard: list[model.Effect] = []

    def answer(self, claimed: store.Claimed) -> model.Outcome:
        body = claimed.effect.body
        if isinstance(body, model.FetchForm):
            found = self.platform.get(body.instance)
            return model.Done(data=found) if found else model.Refused("none", "no_form")
        return super().answer(claimed)

    def work(self) -> list[model.Effect]:
        done = super().work()
        self.heard += done
        return done

    def put(self, instance: str, event: str = "changed", /, **data: Any) -> None:
        self.platform[instance] = {**AGREED, **data}
        place = (stage.PLATFORM, stage.TENANT, "hire", instance)
        number, now = self.number(), self.clock.now()
        self.submit(model.FormChanged(f"form:{number}", now, *place, event))  # type: ignore[arg-type]
        self.work()

    def begin(self) -> None:
        self.put("O", "approved")
        self.approve()
        self.work()

    def card(self) -> model.Card:
        return cards(self.heard)[-1]

    def vote(self, who: str, action: str = "approve") -> str:
        request = self.request(1)
        toast = self.click(who, 1, action, request.code, request.card).toast
        self.work()
        return toast


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path, "gate")
    made.begin()
    assert made.request(1).ballot is not None
    yield made
    made.close()


@pytest.fixture
def doze(tmp_path: Path) -> Iterator[Runs]:
    made = Runs(tmp_path, "doze")
    made.begin()
    yield made
    made.close()


TAKEN_BACK: list[tuple[str, str, dict[str, Any]]] = [
    ("O", "withdrawn", {"status": "withdrawn"}),
    ("R", "approved", revoking("approved")),
    ("M", "approved", modifying("approved")),
]


@pytest.mark.parametrize(("instance", "event", "data"), TAKEN_BACK)
@pytest.mark.parametrize("word", ["approve", "reject"])
def test_a_question_of_a_run_that_was_cancelled_is_asked_no_more(
    gate: Runs, instance: str, event: str, data: dict[str, Any], word: str
) -> None:
    """Nor does a late vote, or the time for one, make it end a second time."""
    asked = gate.request(1)
    gate.put(instance, event, **data)
    card = next(one for one in reversed(cards(gate.heard)) if one.request == 1)
    assert (gate.request(1).state, card.buttons) == (model.State.CANCELLED, ())
    assert "the form was" in card.note
    gate.clock.advance(24 * 3600)
    gate.click("bob", 1, word, asked.code, asked.card)
    gate.ask("carol", f"{word} 1 {asked.code}")
    gate.tick(1)
    ends = [effect for effect in [*gate.heard, *gate.work()] if isinstance(effect, model.Say)]
    told = [words(effect.message) for effect in ends if "№" in words(effect.message)]
    assert len([each for each in told if "#1 gate" in each]) == 1
    assert gate.request(1).ended_by == ""
    assert gate.made("ActNow") == []


def test_a_question_on_hold_is_shown_so_and_has_its_time_afterwards(gate: Runs) -> None:
    gate.put("R", **revoking("running"))
    assert [button.action for button in gate.card().buttons] == ["reject", "stop"]
    assert "being revoked" in words(gate.card())
    assert "cannot be approved now" in gate.card().note
    assert "is being revoked" in gate.vote("bob")
    gate.tick(24 * 3600)
    assert "is being revoked" in gate.vote("bob"), "time on hold is not time to decide"
    gate.put("R", **revoking("rejected"))
    assert "goes on" in said(gate.heard)[-1]
    assert "approve" in [button.action for button in gate.card().buttons]
    gate.vote("bob")
    gate.vote("carol")
    assert len(gate.made("ActNow")) == 1
    assert gate.request(1).state is model.State.SUCCEEDED


def test_a_question_that_nobody_answers_after_the_hold_expires_as_ever(gate: Runs) -> None:
    gate.put("R", **revoking("running"))
    gate.put("R", **revoking("rejected"))
    gate.tick(24 * 3600)
    assert gate.request(1).word == "expired_within"


@pytest.mark.parametrize("verdict", ["rejected", "approved"])
def test_a_run_on_hold_starts_nothing_and_is_not_lost(doze: Runs, verdict: str) -> None:
    """It slept when the revocation was filed, and woke while that was being decided."""
    doze.put("R", **revoking("running"))
    doze.tick(61)
    doze.work()
    assert doze.request(1).state is model.State.WAITING
    assert [button.action for button in doze.card().buttons] == ["stop"]
    assert "is being revoked" in doze.vote("carol", "resume")
    doze.put("R", **revoking(verdict))
    if verdict == "rejected":
        assert doze.vote("carol", "resume") == "#1 goes on."
        assert doze.request(1).state is model.State.SUCCEEDED
    else:
        assert doze.request(1).state is model.State.CANCELLED
        assert doze.card().note.split(" · Code ")[0] == "the form was revoked"
    assert len(doze.made("ActNow")) == (verdict == "rejected")


def test_what_was_cancelled_at_a_question_is_never_told_to_have_started(gate: Runs) -> None:
    """Of a form that is taken back a second time, in another way or by a late event."""
    gate.put("O", "withdrawn", status="withdrawn")
    gate.put("O", "changed", status="reverted")
    gate.put("R", "approved", **revoking("approved"))
    told = [text for text in said(gate.heard) if "№" in text or "started" in text]
    assert len([each for each in told if "withdrawn" in each or "revoked" in each]) == 1
    assert not [each for each in told if "had started" in each]


def test_what_replaces_a_form_whose_run_only_waited_says_that_it_has_not_run(gate: Runs) -> None:
    gate.put("M", "approved", **modifying("approved"))
    assert gate.request(1).state is model.State.CANCELLED
    card = words(gate.card())
    assert "has not run and is replaced by this" in card
    assert "has run already" not in card


def test_status_and_pending_say_that_it_is_on_hold_and_ask_nobody(gate: Runs) -> None:
    gate.put("R", **revoking("running"))
    gate.tick(3 * 3600)
    for words_ in ("status 1", "pending", "status"):
        gate.ask("bob", words_)
        [told] = said(gate.work())
        assert "on hold" in told, words_
        assert "expires" not in told.lower(), words_
        assert "Waiting for" not in told, words_
    gate.put("R", **revoking("rejected"))
    gate.clock.advance(60)
    for words_ in ("status 1", "pending"):
        gate.ask("bob", words_)
        [told] = said(gate.work())
        assert "on hold" not in told
        assert "29 min" in told, "until when it can be answered, and not its request of before"
