"""The same once more: a request that was approved and not started, or that is held after a restore,
put to the vote again as a request of its own, with votes anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot import cards, model, policy, texts
from bot.commands import registry
from bot.commands.line import parser
from bot.core import authority, batches, intake, run_control
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import access, humans, identity, starting

RESTORED = "restored"
"""Why a request of a backup is held: how it went on after the backup is not known."""
WAITING = (model.State.PLANNING, model.State.PENDING, model.State.APPROVED)


def revote(
    builder: DecisionBuilder, person: policy.Person, account: model.Account
) -> run_control.Answer:
    """Ask for the same again, on behalf of the person who asked for it, and say how that went."""
    before, locale = builder.it, builder.locale
    refusal = refusal_of(builder, person) or file(builder, person, account)
    if refusal is not None:
        builder.enter(person.id, "revote.refused", reason=refusal.key, state=before.state.value)
        return refusal_text(locale, refusal), "warning"
    if builder.it.alike == before.id:  # which ends with this
        builder.change(alike=0)
    close(builder, before, person)
    return texts.say(locale, "revote.done", id=before.id, number=builder.it.id), "success"


def refusal_of(builder: DecisionBuilder, person: policy.Person) -> policy.Refusal | None:
    """May this person put this request to the vote again now?"""
    book, request = builder.deployment.book, builder.it
    facts = {"id": request.id}
    asker = humans.holders(book, humans.requester(request))
    if person.id not in asker and not access.may_use(book, person, request.command, request.place):
        return policy.Refusal("revote.not_yours", {**facts, "command": request.command})
    if request.renewed:
        return policy.Refusal("revote.already", {**facts, "number": request.renewed})
    if request.removed:
        return policy.Refusal("revote.removed", facts)
    if request.state is model.State.NOT_STARTED:
        return None
    if request.hold == RESTORED and request.state in WAITING and not authority.began(builder):
        return None
    if request.hold and request.hold != RESTORED and not request.state.final:
        return starting.refusal_of_hold(request)
    key = "revote.running" if request.hold and not request.state.final else "revote.not_now"
    state = cards.state_word(builder.locale, replace(request, locale=builder.locale))
    return policy.Refusal(key, {**facts, "state": state})


def file(
    builder: DecisionBuilder, person: policy.Person, account: model.Account
) -> policy.Refusal | None:
    """Make the request anew, through every check, with the values that it had."""
    submission = submission_of(builder.deployment, builder.it, builder.now)
    if isinstance(submission, policy.Refusal):
        return submission
    causes = (*submission.causes, model.Party(person.id, account))
    return intake.file(builder, replace(submission, causes=causes))


def submission_of(
    deployment: Deployment, request: model.Request, now: datetime
) -> intake.Submission | policy.Refusal:
    """What a request asked for, by the people and commands of the deployment; or why nobody can ask
    for the same any more. ``now``: a start that was asked for before it is left out."""
    book = deployment.book
    asker = book.people.get(request.person) or identity.person_of(book, request.account)
    if asker is None:
        facts = {"id": request.id, "name": request.person}
        return policy.Refusal("authority.requester", facts)
    operation = intake.operation(deployment, request.command)
    if isinstance(operation, policy.Refusal):
        return operation
    place = replace(request.place, message="", webhook="", webhook_until=model.EPOCH)
    kept = bool(request.form or request.rules) and request.policy in book.policies
    shown = parser.read(deployment.catalog, request.text, request.locale).shown
    return intake.Submission(
        asker,
        request.account,
        place,
        request.locale,
        operation,
        parser.Line(request.text, shown, parsed_of(request, operation)),
        policy=request.policy if kept else "",
        rules=request.rules,
        causes=request.causes,
        timeout=request.timeout,
        starts_at=still_to_come(request.starts_at, now),
    )


def still_to_come(at: datetime | None, now: datetime) -> datetime | None:
    """A time that is not over; None: it is, or there is none."""
    return at if at is not None and at > now else None


def parsed_of(
    request: model.Request, operation: registry.Command
) -> parser.Parsed | policy.Refusal:
    """The values that it was asked for with; or why the command cannot take them any more."""
    values = values_of(request, operation.hidden)
    known = {parameter.name: parameter.required for parameter in operation.parameters}
    if values is None:
        return policy.Refusal("revote.not_kept", {"command": operation.name})
    lacking = (name for name, required in known.items() if required and name not in values)
    if any(lacking) or not set(values) <= set(known):
        return policy.Refusal("revote.other_values", {"command": operation.name})
    return parser.Parsed(operation, values, frozenset(values))


def values_of(request: model.Request, hidden: frozenset[str]) -> Mapping[str, object] | None:
    """The values that it was asked for with; those that are never shown are in its plan only. None:
    it has no plan yet, and so nobody knows them any more."""
    kept = request.plan.parameters if request.plan is not None else {}
    values: dict[str, Any] = {}
    for name, value in request.args.items():
        if name in hidden and value:
            if name not in kept:
                return None
            value = kept[name]
        values[name] = tuple(value) if isinstance(value, list) else value
    return values


def close(builder: DecisionBuilder, before: model.Request, person: policy.Person) -> None:
    """The earlier request says which one it became; nobody decides on it any more."""
    old = DecisionBuilder(builder.deployment, builder.view, builder.now)
    if not before.state.final:
        batches.leave(old)
        old.finish(model.State.CANCELLED, by=person.id, cancelled="called_off")
        old.take_back("start:")
        old.take_back("call:")
    old.change(renewed=builder.it.id)
    old.enter(person.id, "request.revoted", number=builder.it.id)
    old.update_card()
    old.tell_sentence("revoted", "say.revoted", name=person.name, number=builder.it.id)
    builder.take_over(old)
