"""Forms that revoke or modify another, whatever order it becomes known in, and forms read again."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy
from tests.bot import stage
from tests.bot.stage import actions, cards, said, words

AGREED = {
    "status": "approved",
    "title": "New hire",
    "originator": "u-alice",
    "approvers": ["u-bob"],
    "fields": {"emp_id": "E123", "role": "devops"},
}
OPS = {"emp_id": "E123", "role": "ops"}


class Forms(stage.Stage):
    """``platform``: what the OA system answers of each instance; nothing: there is none."""

    def __init__(self, folder: Path, by_form: bool = False) -> None:
        rule = dataclasses.replace(stage.book().forms[0], policy="form" if by_form else "any")
        super().__init__(folder, stage.book(forms=(rule,)))
        self.platform: dict[str, Any] = {}
        self.heard: list[model.Effect] = []

    def answer(self, claimed: Any) -> model.Outcome:
        body = claimed.effect.body
        if isinstance(body, model.FetchForm):
            found = self.platform.get(body.instance)
            return model.Done(data=found) if found else model.Refused("none", "no_form")
        if isinstance(body, model.ListForms):
            return model.Done(data={"instances": list(self.platform)})
        return super().answer(claimed)

    def work(self) -> list[model.Effect]:
        done = super().work()
        self.heard += done
        return done

    def file(self, instance: str, **data: Any) -> None:
        self.platform[instance] = {**AGREED, **data}

    def tell(self, instance: str, status: str = "approved") -> None:
        """An event about an instance comes; nothing is read yet."""
        number, now = self.number(), self.clock.now()
        place = (stage.PLATFORM, stage.TENANT, "hire", instance)
        self.submit(model.FormChanged(f"form:{number}", now, *place, status))  # type: ignore[arg-type]

    def agree(self, instance: str, **data: Any) -> None:
        self.file(instance, **data)
        self.tell(instance)
        self.work()

    def begun(self) -> int:
        return sum(isinstance(effect, model.StartRun) for effect in self.heard)

    def state(self, number: int = 1) -> str:
        return self.request(number).state.value

    def claimed_start(self) -> Any:
        """What starts the run is under way; all else that was due is done."""
        taken = self.claim()
        while not any(isinstance(each.effect.body, model.StartRun) for each in taken):
            for each in taken:
                self.settle(each, self.answer(each))
            taken = self.claim()
        [start] = [each for each in taken if isinstance(each.effect.body, model.StartRun)]
        for each in taken:
            if each is not start:
                self.settle(each, self.answer(each))
        return start

    def requests(self) -> int:
        return len(self.read(lambda reader: reader.recent_requests(20)))

    def approve(self, number: int = 1, who: str = "carol") -> model.Receipt:
        return self.click(who, number, "approve", self.request(number).code)


@pytest.fixture
def forms(tmp_path: Path) -> Iterator[Forms]:
    made = Forms(tmp_path)
    yield made
    made.close()


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Forms]:
    """The form's decision is the approval."""
    made = Forms(tmp_path, by_form=True)
    yield made
    made.close()


def revoking(status: str = "running", original: str = "O") -> dict[str, Any]:
    return {**AGREED, "status": status, "action": "revoke", "original": original}


def modifying(status: str = "approved", original: str = "O", **more: Any) -> dict[str, Any]:
    new = {"action": "modify", "original": original, "fields": OPS}
    return {**AGREED, "status": status, **new, **more}


# ----------------------------------------------------------------------------- revoked


def test_a_revocation_cancels_what_waits_and_runs_nothing(forms: Forms) -> None:
    forms.agree("O")
    forms.agree("R", **revoking("approved"))
    assert forms.state() == "cancelled"
    assert "was revoked" in said(forms.heard)[-1]
    assert (forms.requests(), forms.begun()) == (1, 0)


def test_what_ran_already_is_told_once_and_stays(forms: Forms) -> None:
    forms.agree("O")
    forms.approve()
    forms.work()
    forms.observe(1)
    forms.agree("R", **revoking("approved"))
    forms.tell("R")
    forms.work()
    told = [text for text in said(forms.heard) if "was revoked" in text]
    assert len(told) == 1
    assert "after it had started (succeeded)" in told[0]
    assert (forms.state(), forms.begun()) == ("succeeded", 1)


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize(
    ("data", "note"),
    [
        ({"status": "withdrawn"}, "the form was withdrawn"),
        ({"status": "reverted"}, "the form was withdrawn"),
        ({"attached": ["R"]}, "the form was revoked"),
    ],
)
def test_the_card_of_a_form_taken_back_says_so_and_names_nobody(
    forms: Forms, data: dict[str, Any], note: str, approved: bool
) -> None:
    """Nobody stopped it, and who took the form back no platform says for certain."""
    forms.agree("O")
    forms.file("R", **revoking("approved"))
    forms.file("O", **data)
    if approved:
        forms.approve()
    else:
        forms.tell("O", "changed")
    forms.work()
    forms.work()
    card = cards(forms.heard)[-1]
    said = card.note.split(" · Code ")[0]
    assert (forms.state(), card.tag, said) == ("cancelled", "cancelled", note)
    assert "Alice" not in card.note
    assert "alice" not in [
        row.actor
        for row in forms.read(lambda reader: list(reader.chain()))
        if row.action == "request.cancelled"
    ]


def test_a_revocation_known_before_its_form_keeps_that_from_asking(forms: Forms) -> None:
    """The events come in the wrong order."""
    forms.agree("R", **revoking("approved"))
    forms.agree("O")
    assert forms.requests() == 0
    assert "withdrawn after it was approved" in said(forms.heard)[-1]


def test_a_form_whose_revocation_is_listed_with_it_does_not_ask(forms: Forms) -> None:
    """No event of the revocation ever came."""
    forms.file("R", **revoking("approved"))
    forms.agree("O", attached=["R"])
    assert (forms.requests(), forms.begun()) == (0, 0)
    forms.agree("P", attached=["gone"])
    assert forms.state() == "pending"


def test_the_request_of_a_form_being_revoked_is_held_until_that_is_decided(forms: Forms) -> None:
    forms.agree("O")
    forms.file("R", **revoking())
    forms.tell("R", "changed")
    forms.work()
    assert forms.request(1).hold == "revoking"
    card = cards(forms.heard)[-1]
    assert [button.action for button in card.buttons] == ["reject"]
    assert "being revoked" in words(card)
    receipt = forms.approve()
    assert "is being revoked, so it cannot be approved now" in receipt.toast
    forms.ask("bob", f"approve 1 {forms.request(1).code}")
    assert forms.read(lambda reader: reader.votes(1)) == ()
    forms.tick(24 * 3600)
    assert forms.state() == "pending", "time on hold is not time to decide"
    forms.file("R", **revoking("rejected"))
    forms.tell("R", "rejected")
    forms.work()
    assert "neither revoked nor modified" in said(forms.heard)[-1]
    assert "approve" in [button.action for button in cards(forms.heard)[-1].buttons]
    forms.approve()
    forms.work()
    assert forms.begun() == 1


def test_a_held_request_can_be_rejected_and_cancelled(forms: Forms) -> None:
    forms.agree("O")
    forms.file("R", **revoking())
    forms.tell("R", "changed")
    forms.work()
    forms.click("carol", 1, "reject", forms.request(1).code)
    assert forms.state() == "rejected"


def test_the_end_of_a_revocation_is_found_without_its_event(forms: Forms) -> None:
    forms.agree("O")
    forms.file("R", **revoking())
    forms.tell("R", "changed")
    forms.work()
    forms.file("R", **revoking("withdrawn"))
    forms.tick(61)
    forms.work()
    assert forms.request(1).hold == ""


def test_a_revocation_that_is_no_longer_there_counts_as_taken_back(forms: Forms) -> None:
    forms.agree("O")
    forms.file("R", **revoking())
    forms.tell("R", "changed")
    forms.work()
    del forms.platform["R"]
    forms.tick(61)
    forms.work()
    assert forms.request(1).hold == "revoking", "it may only be late"
    for _ in range(4):
        forms.tick(1801)
        forms.work()
    assert forms.request(1).hold == ""


def test_a_form_that_waits_again_by_itself_is_held(forms: Forms) -> None:
    """As it does where its revocation is being decided."""
    forms.agree("O")
    forms.file("O", status="running")
    forms.tell("O", "changed")
    forms.work()
    assert forms.request(1).hold == "revoking"
    forms.file("O")
    forms.tell("O")
    forms.work()
    assert forms.request(1).hold == ""
    forms.file("O", status="reverted")
    forms.tell("O", "withdrawn")
    assert forms.state() == "cancelled"


# ----------------------------------------------------------------------------- unheard of


UNHEARD: list[tuple[str, dict[str, Any] | None, str, str]] = [
    ("taken back", {"status": "withdrawn"}, "cancelled", "was withdrawn"),
    ("revoked", {"status": "reverted"}, "cancelled", "was withdrawn"),
    ("being revoked", {"status": "running"}, "pending", "being revoked"),
    ("refused", {"status": "rejected"}, "not_started", "it is now: rejected"),
    ("not found", None, "not_started", "not to be found"),
]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("found", "state", "told"), [each[1:] for each in UNHEARD], ids=[each[0] for each in UNHEARD]
)
def test_a_form_taken_back_unheard_of_never_runs_though_it_is_approved(
    forms: Forms, found: dict[str, Any] | None, state: str, told: str, late: bool
) -> None:
    """As while the bot was down: nothing was read of it when people approved. Or the platform's
    answer reached the bot while the form was read once more, in whatever order."""
    forms.agree("O")
    if found is None:
        del forms.platform["O"]
    else:
        forms.file("O", **found)
    forms.approve()
    if late:
        forms.tell("O", "withdrawn" if state == "cancelled" else "changed")
    for _ in range(4):
        forms.work()
        forms.clock.advance(6)
    assert (forms.state(), forms.begun()) == (state, 0)
    assert any(told in each for each in said(forms.heard))


@pytest.mark.parametrize(
    ("about", "state"),
    [
        (revoking("approved"), "cancelled"),
        (revoking("running"), "pending"),
        (modifying("approved"), "cancelled"),
        (revoking("rejected"), "approved"),
    ],
)
def test_a_revocation_that_is_listed_with_the_form_is_read_before_it_runs(
    forms: Forms, about: dict[str, Any], state: str
) -> None:
    forms.agree("O")
    forms.file("R", **about)
    forms.file("O", attached=["R"])
    forms.approve()
    forms.work()
    forms.work()
    assert forms.begun() == (state == "approved")
    assert forms.state() in (state, "running")


def test_a_form_whose_decision_counts_is_read_once_more_too(counted: Forms) -> None:
    counted.file("O")
    counted.tell("O")
    taken = counted.claim()
    while not any(isinstance(each.effect.body, model.ResolveTargets) for each in taken):
        for each in taken:
            counted.settle(each, counted.answer(each))
        taken = counted.claim()
    counted.file("O", status="reverted")
    for each in taken:
        counted.settle(each, counted.answer(each))
    counted.work()
    assert (counted.state(), counted.begun()) == ("cancelled", 0)


def test_an_answer_that_lags_once_is_waited_for(forms: Forms) -> None:
    forms.agree("O")
    kept = forms.platform.pop("O")
    forms.approve()
    forms.work()
    assert (forms.state(), forms.begun()) == ("approved", 0)
    forms.platform["O"] = kept
    forms.clock.advance(6)
    forms.work()
    assert forms.begun() == 1


def test_a_request_can_be_stopped_while_its_form_is_read(forms: Forms) -> None:
    forms.agree("O")
    forms.approve()
    [look] = [e for e in forms.claim() if isinstance(e.effect.body, model.FetchForm)]
    forms.ask("alice", "stop 1")
    assert forms.state() == "cancelled"
    forms.settle(look, forms.answer(look))
    forms.work()
    assert forms.begun() == 0


def test_a_form_that_is_long_in_being_read_is_told_to_be_waited_for(forms: Forms) -> None:
    forms.agree("O")
    forms.approve()
    taken = forms.claim()
    [look] = [each for each in taken if isinstance(each.effect.body, model.FetchForm)]
    for each in taken:
        if each is not look:
            forms.settle(each, forms.answer(each))
    now = forms.clock.now()
    forms.submit(model.Delayed("delayed:1", now, "chat", "no answer", look.effect.id))
    assert "#1 provision waits for chat" in said(forms.work())[-1]
    forms.settle(look, forms.answer(look))
    assert "chat has answered" in " ".join(said(forms.work()))
    assert forms.begun() == 1


def test_a_form_that_cannot_be_read_is_given_up_after_a_quarter_of_an_hour(forms: Forms) -> None:
    forms.agree("O")
    forms.approve()
    for _ in range(40):
        for each in forms.claim():
            look = isinstance(each.effect.body, model.FetchForm)
            forms.settle(each, model.NotSent("down") if look else forms.answer(each))
        forms.clock.advance(60)
    assert (forms.state(), forms.begun()) == ("not_started", 0)


def test_a_start_that_was_faster_than_the_revocation_is_told(forms: Forms) -> None:
    forms.agree("O")
    forms.approve()
    start = forms.claimed_start()
    forms.file("R", **revoking())
    forms.tell("R", "changed")
    forms.work()
    assert (forms.state(), forms.request(1).hold) == ("approved", "")
    assert "being revoked, but it has started already" in said(forms.heard)[-1]
    forms.settle(start, forms.answer(start))
    forms.observe(1)
    assert forms.state() == "succeeded"


def test_a_queued_start_waits_while_a_revocation_is_decided(forms: Forms) -> None:
    forms.agree("O")
    forms.approve()
    now = forms.clock.now()
    forms.settle(forms.claimed_start(), model.NotSent("throttled", 600))
    assert forms.state() == "approved"
    code = forms.request(1).code
    forms.file("R", **revoking())
    forms.tell("R", "changed")
    forms.work()
    held = forms.request(1)
    assert (held.state.value, held.hold, held.approved_at) == ("pending", "revoking", None)
    forms.clock.advance(3600)
    forms.work()
    assert forms.begun() == 0
    assert "outdated" in forms.click("bob", 1, "approve", code).toast
    forms.file("R", **revoking("rejected"))
    forms.tell("R", "rejected")
    forms.work()
    assert forms.state() == "pending", f"nobody approved it since {now}"
    forms.approve(who="erin")
    forms.work()
    assert forms.begun() == 1
    forms.observe(1)
    assert forms.state() == "succeeded"


def test_a_queued_start_of_a_revoked_form_never_runs(counted: Forms) -> None:
    counted.file("O")
    counted.tell("O")
    while counted.requests() == 0 or counted.state() == "planning":
        for claimed in counted.claim():
            counted.settle(claimed, counted.answer(claimed))
    assert counted.state() == "approved"
    counted.file("R", **revoking("approved"))
    counted.tell("R")
    taken = counted.claim()
    for claimed in taken:
        if isinstance(claimed.effect.body, model.StartRun):
            counted.settle(claimed, model.NotSent("throttled", 600))
    for claimed in taken:
        if not isinstance(claimed.effect.body, model.StartRun):
            counted.settle(claimed, counted.answer(claimed))
    counted.clock.advance(3600)
    counted.work()
    assert (counted.state(), counted.begun()) == ("cancelled", 0)


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
@pytest.mark.parametrize("order", list(itertools.permutations(["O", "R-filed", "R-decided"])))
@pytest.mark.parametrize("lost", ["", "O", "R-filed", "R-decided"])
def test_in_whatever_order_events_come_the_end_is_the_same(
    tmp_path: Path, verdict: str, order: tuple[str, ...], lost: str
) -> None:
    """Each event twice, or one of them never; after an absence the list brings what is missing."""
    made = Forms(tmp_path)
    try:
        for event in order:
            if event != lost:
                made.file("O")
                made.file("R", **revoking("running" if event == "R-filed" else verdict))
                for _ in range(2):
                    made.tell(event[0], "changed" if event == "R-filed" else "approved")
                    made.work()
        made.file("O")
        made.file("R", **revoking(verdict))
        now = made.clock.now()
        made.submit(model.Started("started:1", now, now - timedelta(hours=2)))
        made.work()
        made.tick(3600)
        made.work()
        assert made.begun() == 0
        if verdict == "approved":
            assert made.requests() == 0 or made.state() == "cancelled"
        else:
            assert made.requests() == 1
            assert made.request(1).hold == ""
    finally:
        made.close()


def test_a_revocation_is_no_event_for_rules(forms: Forms) -> None:
    forms.agree("R", **revoking("approved"))
    forms.agree("M", **modifying())
    assert forms.read(lambda reader: list(reader.bus_events())) == []


# ----------------------------------------------------------------------------- modified


def test_a_modified_form_takes_the_place_of_one_that_waits(forms: Forms) -> None:
    forms.agree("O")
    forms.agree("M", **modifying())
    assert (forms.state(1), forms.state(2)) == ("cancelled", "pending")
    card = words(cards(forms.heard)[-1])
    assert "#1, which that asked for, has not run and is replaced by this" in card
    assert "role: devops → ops" in card
    assert "emp_id:" not in card.split("What changed")[1]
    forms.approve(2)
    forms.work()
    forms.tell("M")
    forms.work()
    assert (forms.begun(), forms.requests()) == (1, 2)


def test_a_modified_form_counts_by_itself_where_the_original_has_not_run(counted: Forms) -> None:
    counted.agree("O", approvers=[])
    counted.agree("M", **modifying())
    assert (counted.state(1), counted.begun()) == ("cancelled", 1)
    assert [vote.person for vote in counted.read(lambda r: r.votes(2))] == ["bob"]


def test_a_form_modified_after_it_ran_never_runs_by_its_own_decision(counted: Forms) -> None:
    counted.agree("O")
    counted.observe(1)
    counted.agree("M", **modifying())
    assert (counted.begun(), counted.state(2)) == (1, "pending")
    card = words(cards(counted.heard)[-1])
    assert "#1, for which the original form asked, has run already (succeeded)" in card
    assert "role: devops → ops" in card
    counted.approve(2)
    counted.work()
    assert counted.begun() == 2


def test_a_modification_of_what_nobody_knows_is_asked_about(counted: Forms) -> None:
    counted.agree("M", **modifying())
    assert (counted.begun(), counted.state()) == (0, "pending")
    assert "I do not know whether it ran" in words(cards(counted.heard)[-1])
    counted.agree("O")
    assert (counted.begun(), counted.requests()) == (0, 1), "and the original asks no more"


def test_while_a_modification_is_decided_the_original_is_held(forms: Forms) -> None:
    forms.agree("O")
    forms.file("M", **modifying("running"))
    forms.tell("M", "changed")
    forms.work()
    assert forms.request(1).hold == "modifying"
    assert "being modified" in forms.approve().toast
    forms.agree("M", **modifying())
    assert (forms.state(1), forms.state(2)) == ("cancelled", "pending")


def test_revoking_what_was_modified_cancels_the_one_that_took_its_place(forms: Forms) -> None:
    """Whichever of the two the revocation names."""
    for number, named in enumerate("OM"):
        forms.agree(f"{number}O")
        forms.agree(f"{number}M", **modifying(original=f"{number}O"))
        forms.agree(f"{number}R", **revoking("approved", f"{number}{named}"))
        assert forms.state(2 * number + 2) == "cancelled", named


@pytest.mark.parametrize("order", ["12", "21"])
def test_of_two_modifications_the_later_one_counts(forms: Forms, order: str) -> None:
    forms.agree("O")
    for number in order:
        forms.agree(f"M{number}", **modifying(decided=int(number)))
    states = {
        request.form.instance: request.state.value
        for request in forms.read(lambda reader: reader.recent_requests(9))
        if request.form is not None and request.form.instance != "O"
    }
    assert states.pop("M2") == "pending"
    assert set(states.values()) <= {"cancelled"}
    assert forms.begun() == 0


# ----------------------------------------------------------------------------- who agreed


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"approvers": [], "automatic": ["u-bob"]}, "passed by itself"),
        ({"approvers": []}, "nobody but its filer"),
        ({"unclear": True}, "what I cannot make out"),
    ],
)
def test_what_is_doubtful_in_a_form_is_asked_on_the_card(
    counted: Forms, data: dict[str, Any], why: str
) -> None:
    counted.agree("O", **data)
    assert counted.begun() == 0
    assert why in words(cards(counted.heard)[-1])
    assert counted.read(lambda reader: reader.votes(1)) == ()
    counted.approve()
    counted.work()
    assert counted.begun() == 1


def test_the_filer_never_counts_even_where_they_may_approve_their_own(tmp_path: Path) -> None:
    rule = policy.Policy("form", ("alice", "bob"), form_counts=True, self_approval=True)
    made = Forms(tmp_path, by_form=True)
    made.deployment = dataclasses.replace(
        made.deployment,
        book=dataclasses.replace(
            made.deployment.book, policies={**made.deployment.book.policies, "form": rule}
        ),
    )
    try:
        made.agree("O", approvers=["u-alice"])
        assert (made.begun(), made.state()) == (0, "pending")
    finally:
        made.close()


# ----------------------------------------------------------------------------- read again


@pytest.mark.parametrize("missing", [False, True])
def test_a_form_that_does_not_read_agreed_yet_is_read_again_before_anything_is_said(
    counted: Forms, missing: bool
) -> None:
    if not missing:
        counted.file("O", status="running", approvers=[])
    counted.tell("O")
    counted.work()
    for seconds in (2, 5, 15, 30):
        counted.clock.advance(seconds)
        counted.work()
    assert said(counted.heard) == []
    counted.file("O")
    counted.clock.advance(60)
    counted.work()
    assert counted.begun() == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [({"status": "running"}, "has shown it as not decided yet"), (None, "not to be found")],
)
def test_after_patience_the_truth_is_told_and_what_comes_later_is_confirmed(
    counted: Forms, data: Any, told: str
) -> None:
    if data:
        counted.file("O", **data)
    counted.tell("O")
    for _ in range(60):
        counted.work()
        counted.clock.advance(20)
    [text] = [each for each in said(counted.heard) if "nothing was run" in each]
    assert told in text
    assert "16 min" in text
    counted.file("O")
    counted.clock.advance(3600)
    counted.work()
    assert (counted.begun(), counted.state()) == (0, "pending")
    assert "confirm" in words(cards(counted.heard)[-1])


def test_a_form_is_not_read_for_ever(counted: Forms) -> None:
    counted.file("O", status="running")
    counted.tell("O")
    for _ in range(200):
        counted.work()
        counted.clock.advance(3600)
    reads = [effect for effect in counted.heard if isinstance(effect, model.FetchForm)]
    assert len(reads) < 20
    assert actions(counted).count("ask.refused") == 1


def test_a_request_that_an_earlier_release_made_of_a_revocation_is_cancelled(
    forms: Forms,
) -> None:
    forms.agree("R")
    forms.file("R", **revoking("approved", "O"))
    now = forms.clock.now()
    forms.submit(model.Started("started:1", now, now - timedelta(hours=1)))
    forms.work()
    assert forms.state() == "cancelled"
