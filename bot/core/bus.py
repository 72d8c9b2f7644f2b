"""The bus: what happened becomes CloudEvents, and rules say who is to be told.

The bot's own events are made of its audit log, entry by entry, so that what rules see is exactly
what is on record; and of every run that has ended there is one more, ``run.completed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from bot import model
from bot.core import intake_form
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.rules import effort, escapes, ruleset, transform
from bot.source import masks

ENDS: Mapping[model.State, str] = {
    model.State.SUCCEEDED: "Success",
    model.State.FAILED: "Failed",
    model.State.CANCELLED: "Cancelled",
    model.State.UNKNOWN: "Unknown",
}
QUIET = ("rule.refused", "rule.undelivered", "event.delivered")
"""What becomes of what rules made is no event for rules."""
OWN = "countersign."
"""How the types of the bot's own events begin."""
WHOLE = transform.Transform("ORIGINAL")


def published(
    deployment: Deployment,
    event: model.Event,
    view: model.View,
    decision: model.Decision,
    now: datetime,
) -> model.Decision:
    """The decision with the events that it is, and with what rules make of them."""
    assert deployment.rules is not None
    request = decision.request or view.request
    own = tuple(own_events(deployment, view, decision, now))
    if not own and not decision.published:
        return decision
    made = list(made_of(deployment, event, (*decision.published, *own), view, request))
    failed = [one for one in made if isinstance(one, model.AuditEntry)]
    at = view.audit_seq + 1 + len(decision.audit)
    failures = tuple(
        entered(deployment, view, number, entry, request, now)
        for number, entry in enumerate(failed, at)
    )
    if failures:
        made += made_of(deployment, event, failures, view, request)
    return replace(
        decision,
        published=(*decision.published, *own, *failures),
        effects=(*decision.effects, *(one for one in made if isinstance(one, model.NewEffect))),
        audit=(*decision.audit, *(one for one in made if isinstance(one, model.AuditEntry))),
    )


def made_of(
    deployment: Deployment,
    event: model.Event,
    published: Iterable[model.CloudEvent],
    view: model.View,
    request: model.Request | None,
) -> Iterator[model.NewEffect | model.AuditEntry]:
    """What rules make of events, and why where they make nothing. That a rule failed is an event,
    too; that one failed on such an event is none, or it would never end."""
    assert deployment.rules is not None
    for one in published:
        origin = Origin(
            person_of(event, one, request), causes_of(deployment, event, one, view, request)
        )
        try:
            rules = meaning(deployment.rules, event, one)
        except effort.TooCostly as fault:
            yield model.AuditEntry(
                actor="countersign",
                action="event.unmatched",
                request=request.id if request is not None else 0,
                facts={"source": one.source, "event": one.id, "error": str(fault)},
            )
            continue
        for rule in rules:
            for number, target in enumerate(rule.targets):
                yield deliver(rule, number, target, one, origin, request)


def meaning(
    rules: ruleset.Rulebook, event: model.Event, published: model.CloudEvent
) -> tuple[ruleset.Rule, ...]:
    """The rules that mean an event: as found before it came here, if these rules found it."""
    if isinstance(event, model.EventReceived) and is_one(published, event.event):
        matches = event.meant
        if matches is not None and matches.number == rules.number:
            return tuple(map(rules.rules.__getitem__, matches.rules))
    return rules.matching(published)


def is_one(published: model.CloudEvent, came: model.CloudEvent) -> bool:
    """Is this the event that came, whatever was noted on it since?"""
    names = (published.source, published.id, published.type)
    return published.data is came.data and names == (came.source, came.id, came.type)


def person_of(
    event: model.Event, published: model.CloudEvent, request: model.Request | None
) -> str:
    """On whose behalf a rule asks for a command: of the person the event is from."""
    if isinstance(event, model.EventReceived):
        return event.person
    if published.type == intake_form.APPROVED:
        return str(published.data["person"])
    return request.person if request is not None else ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Of whom an event is: ``person`` is on whose behalf a rule asks for a command where it names
    nobody, ``causes`` are all who brought the event about."""

    person: str
    causes: tuple[model.Party, ...] = ()


def causes_of(
    deployment: Deployment,
    event: model.Event,
    published: model.CloudEvent,
    view: model.View,
    request: model.Request | None,
) -> tuple[model.Party, ...]:
    """Everybody who brought an event about. Whatever a rule asks for because of it, they are
    requesters of it, too, on whosever behalf it is asked."""
    nowhere = model.Account("", "", "")
    if isinstance(event, model.EventReceived):
        return (model.Party(event.person, nowhere),) if event.person else ()
    causes: list[model.Party] = []
    body = view.effect.body if view.effect is not None else None
    if published.type == intake_form.APPROVED and isinstance(body, model.FetchForm):
        filer = model.Account(body.platform, body.tenant, str(published.data["originator"]))
        causes.append(model.Party(str(published.data["person"]), filer))
    if request is not None:
        causes += [model.Party(request.person, request.account), *request.causes]
    actor = published.data.get("actor") if published.type.startswith(OWN) else None
    if actor in deployment.book.people:
        causes.append(model.Party(str(actor), nowhere))
    return tuple(dict.fromkeys(causes))


def needs(event: model.EventReceived) -> model.Needs:
    """What must be known of the store to take an event from outside."""
    if not event.known_as:
        return model.Needs()
    came = event.event
    return model.Needs(known_as=event.known_as, marked=(came.source, came.id, marks_of(event)))


def marks_of(event: model.EventReceived) -> tuple[str, str]:
    """The marks of an event: as one that is new, and as one that was changed."""
    return event.via, event.via + event.id.removeprefix(event.known_as)


def marked(
    event: model.EventReceived, view: model.View, mark: str, now: datetime
) -> tuple[model.CloudEvent, ...]:
    """The event under a mark of its own. Where its names were forgotten sooner than what came of
    it, it is another one now."""
    if mark in view.marks:
        mark = f"{mark}@{now:%Y%m%d%H%M%S}-{view.nonce[:4]}"
    return (replace(event.event, person=event.person, mark=mark),)


def arrived(
    deployment: Deployment, event: model.EventReceived, view: model.View, now: datetime
) -> model.Decision:
    """Publish what came from outside, unless it says that it is one of the bot's own events: rules
    may trust these, so nobody else makes them."""
    came = event.event
    if any(name.casefold().startswith(ruleset.AUDIT_SOURCE) for name in (came.source, came.type)):
        builder = DecisionBuilder(deployment, view, now)
        builder.enter(
            "countersign", "event.refused", via=event.via, reason="reserved", event=came.id
        )
        return builder.receipt(
            f"only the bot's own events are from {ruleset.AUDIT_SOURCE}", "error"
        )
    if not event.known_as:
        return model.Decision(published=(replace(came, person=event.person),))
    if not view.known:
        return model.Decision(published=marked(event, view, event.via, now))
    builder = DecisionBuilder(deployment, view, now)
    facts = {"via": event.via, "source": came.source, "event": came.id}
    if event.refuse:
        builder.enter(
            "countersign", "event.refused", via=event.via, reason="conflict", event=came.id
        )
        sentence = "another event came by this source and id; give each its own id"
        made, code = builder.receipt(sentence, "error"), "conflict"
    else:
        builder.enter("countersign", "event.changed", **facts)
        sentence = "another event came by this source and id; this one is kept beside it"
        made, code = builder.receipt(sentence, "warning"), "changed"
        made = replace(made, published=marked(event, view, marks_of(event)[1], now))
    return replace(made, receipt=replace(made.receipt, code=code))


def turned(
    deployment: Deployment, event: model.IngressRejected, view: model.View, now: datetime
) -> model.Decision:
    """Note how often something was refused before it became an event."""
    builder = DecisionBuilder(deployment, view, now)
    via, address, count, reason = event.via, event.address, event.count, event.reason
    if reason == "duplicate":
        builder.enter("countersign", "event.repeated", via=via, address=address, count=count)
    else:
        builder.enter(
            "countersign", "event.refused", via=via, reason=reason, address=address, count=count
        )
    return builder.receipt()


# ----------------------------------------------------------------------------- our own events


def source_of(installation: str) -> str:
    return f"{ruleset.AUDIT_SOURCE}/{installation}"


def fresh(view: model.View, id_: str) -> str:
    """An event's id with random bits in it: numbers come again in a store that was put back, and
    whoever has had the old event must not take the new one for its repetition."""
    return f"{id_}-{view.nonce[:12]}" if view.nonce else id_


def own_events(
    deployment: Deployment, view: model.View, decision: model.Decision, now: datetime
) -> Iterator[model.CloudEvent]:
    """An event for each audit entry of a decision, and one for a run that has ended."""
    request = decision.request or view.request
    for number, entry in enumerate(decision.audit, view.audit_seq + 1):
        if entry.action.startswith(QUIET):
            continue
        yield entered(deployment, view, number, entry, request, now)
    ended = decision.request
    before = view.request.state if view.request is not None else None
    if ended is not None and ended.approved_at and ended.state in ENDS and before != ended.state:
        yield completed(deployment, view, decision, ended, now)


def entered(
    deployment: Deployment,
    view: model.View,
    number: int,
    entry: model.AuditEntry,
    request: model.Request | None,
    now: datetime,
) -> model.CloudEvent:
    """The event that the audit entry of this number is."""
    about = request if request is not None and request.id == entry.request else None
    return model.CloudEvent(
        id=fresh(view, str(number)),
        source=source_of(view.installation),
        type=f"{OWN}{entry.action}",
        time=now,
        subject=str(entry.request or ""),
        data={
            "actor": entry.actor,
            "facts": dict(entry.facts),
            "request": summary(deployment, about) if about is not None else None,
        },
    )


def completed(
    deployment: Deployment,
    view: model.View,
    decision: model.Decision,
    request: model.Request,
    now: datetime,
) -> model.CloudEvent:
    """A run has ended: how, where, and with what."""
    results = {result.instance: result for result in (*view.results, *decision.results)}
    return model.CloudEvent(
        id=fresh(view, f"run-{request.id}"),
        source=source_of(view.installation),
        type=f"{OWN}run.completed",
        time=now,
        subject=str(request.id),
        data={
            "InvocationStatus": ENDS[request.state],
            "note": request.note,
            "request": summary(deployment, request),
            "results": [
                {
                    "instance": one.instance,
                    "status": one.status,
                    "exit_code": one.exit_code,
                    "output": one.output,
                }
                for one in results.values()
            ],
            "outputs": dict(request.progress.outputs) if request.progress is not None else {},
        },
    )


def summary(deployment: Deployment, request: model.Request) -> dict[str, object]:
    """A request as events tell it. Hidden values are not told."""
    plan, command = request.plan, deployment.catalog.find(request.command)
    hidden = command.hidden if command is not None else frozenset()
    return {
        "id": request.id,
        "command": request.command,
        "state": request.state.value,
        "person": request.person,
        "args": {name: masks.TYPED if name in hidden else v for name, v in request.args.items()},
        "reason": request.reason,
        "policy": request.policy,
        "risk": request.risk,
        "code": model.short(request.digest),
        "digest": request.digest,
        "instances": [_summary_of(one) for one in plan.instances] if plan is not None else [],
        "platform": request.place.platform,
        "chat": request.place.chat,
        "form": request.form.instance if request.form is not None else "",
        "rules": list(request.rules),
    }


def _summary_of(instance: model.Instance) -> dict[str, object]:
    """An instance as events tell it: without its tags."""
    return {name: value for name, value in asdict(instance).items() if name != "tags"}


# ----------------------------------------------------------------------------- what rules make


def deliver(
    rule: ruleset.Rule,
    number: int,
    target: ruleset.Target,
    event: model.CloudEvent,
    origin: Origin,
    request: model.Request | None,
) -> model.NewEffect | model.AuditEntry:
    """What is to be delivered to one target; or, if it cannot be made, why not."""
    about = request.id if request is not None else 0
    chain = request.rules if request is not None else ()
    to = target.to
    if isinstance(to, model.ToCommand) and rule.name in chain:
        return stopped("rule.loop", about, rule, number, event, rules=list(chain))
    if isinstance(to, model.ToThread) and request is None:
        error = "the event is about no request, so there is no thread to tell it in"
        return stopped("rule.failed", about, rule, number, event, error=error)
    try:
        body = body_of(target, event)
    except escapes.Unwritable as fault:
        return stopped("rule.failed", about, rule, number, event, error=str(fault))
    if isinstance(to, model.ToCommand):
        person = to.person or origin.person
        to = replace(to, person=person, rules=(*chain, rule.name), causes=origin.causes)
    place = request.place if isinstance(to, model.ToThread) and request is not None else None
    named = {"source": event.source, "id": event.id, "type": event.type}
    if event.mark:
        named["mark"] = event.mark
    made = model.Deliver(rule.name, number, to, body, named, place, target.retry)
    return model.NewEffect(made.key, made.key, made)


def stopped(
    action: str,
    about: int,
    rule: ruleset.Rule,
    number: int,
    event: model.CloudEvent,
    **why: object,
) -> model.AuditEntry:
    """Why a target gets nothing of an event that its rule means."""
    named = {"rule": rule.name, "target": number, "source": event.source, "event": event.id}
    return model.AuditEntry("countersign", action, about, {**named, **why})


def body_of(target: ruleset.Target, event: model.CloudEvent) -> object:
    """What a target gets. Unwritable: the event does not hold it."""
    plain = event.plain()
    if isinstance(target.to, model.ToCommand):
        return {
            name: str(transform.render(value, plain, "text"))
            for name, value in target.values.items()
        }
    into = ruleset.PLACES.get(target.to.how, "json")
    if target.body is None:
        return transform.render(WHOLE, plain, into) if into == "robot" else plain
    return transform.render(target.body, plain, into)


def delivered(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """A delivery ended; one that could not be made is a dead letter, and on record."""
    builder = DecisionBuilder(deployment, view, now)
    effect = view.effect
    assert effect is not None
    assert isinstance(effect.body, model.Deliver)
    if isinstance(outcome, model.Done):
        return builder.receipt()
    builder.enter(
        "countersign",
        "rule.undelivered",
        rule=effect.body.rule,
        target=effect.body.target,
        letter=effect.id,
        source=effect.body.event["source"],
        event=effect.body.event["id"],
        reason=getattr(outcome, "reason", ""),
    )
    return builder.receipt()
