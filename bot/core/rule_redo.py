"""Stored events, handed to a rule again: what is delivered then, and on whose behalf."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import model, policy
from bot.core import bus, intake_form
from bot.rules import ruleset

UNDER_WAY = ("queued", "in_flight")


@dataclass(frozen=True, slots=True)
class Again:
    """One target of one stored event (``event`` is its number). ``effect`` is what would be
    delivered; without one ``why`` says why nothing is. ``dead`` is the number of a dead letter of
    the same, which stays as it is."""

    event: int
    target: int
    effect: model.NewEffect | None = None
    why: str = ""
    dead: int = 0


def again(
    rule: ruleset.Rule,
    number: int,
    event: model.CloudEvent,
    origin: bus.Origin,
    request: model.Request | None,
    letters: Iterable[model.Letter],
    name: str,
) -> list[Again]:
    """What each target of the rule gets of an event once more. ``request`` is the one that the
    event is about, ``letters`` are those of the event; ``name`` names this time."""
    own = [letter for letter in letters if letter.deliver.rule == rule.name]
    made = []
    for place, target in enumerate(rule.targets):
        here = [letter for letter in own if letter.deliver.target == place]
        if any(letter.state in UNDER_WAY for letter in here):
            made.append(Again(number, place, why="it is on its way already"))
            continue
        dead = next((letter.number for letter in here if letter.dead), 0)
        queued = bus.deliver(rule, place, target, event, origin, request)
        if isinstance(queued, model.AuditEntry):
            why = str(queued.facts.get("error") or "it came of this very rule")
            made.append(Again(number, place, why=why, dead=dead))
            continue
        assert isinstance(queued.body, model.Deliver)
        body = replace(queued.body, redo=name)
        effect = replace(queued, key=body.key, lane=body.key, body=body)
        made.append(Again(number, place, effect, dead=dead))
    return made


def decision(rule: str, made: Sequence[Again], actor: str, since: datetime) -> model.Decision:
    """Queue what is to be delivered, on record."""
    effects = tuple(one.effect for one in made if one.effect is not None)
    facts = {
        "rule": rule,
        "since": since.isoformat(timespec="seconds"),
        "events": sorted({one.event for one in made if one.effect is not None}),
        "deliveries": len(effects),
    }
    entry = model.AuditEntry(actor=actor, action="rule.redone", facts=facts)
    return model.Decision(effects=effects, audit=(entry,))


# ----------------------------------------------------------------------------- whose it is


def about(event: model.CloudEvent) -> int:
    """The number of the request that an event of the bot's own is about; 0: none."""
    return int(event.subject) if is_own(event) and event.subject.isdecimal() else 0


def is_own(event: model.CloudEvent) -> bool:
    return event.source.startswith(f"{ruleset.AUDIT_SOURCE}/")


def origin(
    book: policy.Book,
    event: model.CloudEvent,
    request: model.Request | None,
    senders: Iterable[str],
) -> bus.Origin:
    """Of whom a stored event is. ``senders`` are the persons whom sources send for: of an event
    that an earlier release kept, any of them may have brought it about."""
    nowhere = model.Account("", "", "")
    if is_own(event):
        causes = []
        if request is not None:
            causes += [model.Party(request.person, request.account), *request.causes]
        actor = event.data.get("actor") if isinstance(event.data, dict) else None
        if actor in book.people:
            causes.append(model.Party(str(actor), nowhere))
        return bus.Origin(request.person if request else "", tuple(dict.fromkeys(causes)))
    if event.person is not None:
        return bus.Origin(
            event.person, (model.Party(event.person, nowhere),) if event.person else ()
        )
    if event.type == intake_form.APPROVED and isinstance(event.data, dict):
        platform = event.source.partition(".")[0]
        person = str(event.data.get("person") or "")
        filer = str(event.data.get("originator") or "")
        accounts = [
            model.Account(platform, tenant, filer) for tenant in book.tenants.get(platform, ())
        ]
        return bus.Origin(person, tuple(model.Party(person, one) for one in accounts or [nowhere]))
    return bus.Origin("", tuple(model.Party(one, nowhere) for one in dict.fromkeys(senders)))
