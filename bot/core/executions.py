"""Executions that somebody started elsewhere and that wait for approval, taken up in a group."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot import model, policy, texts
from bot.core import facts, questions, run_remote, terms
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.policy import access, identity

UNKNOWN_STARTER = 2
"""So many people must agree where nobody knows who started it: one of them may be who did."""


def take_up(
    deployment: Deployment, event: model.ExecutionFound, view: model.View, now: datetime
) -> model.Decision:
    """Make a request of it, that runs already and waits: from now on it is followed like ours."""
    builder = DecisionBuilder(deployment, view, now)
    watch, execution = deployment.book.watch, event.execution
    place = place_of(deployment.book, watch) if watch is not None else None
    if watch is None or place is None or execution.waiting is None:
        return builder.receipt()
    rule = policy.policy_of(deployment.book, watch.policy)
    locale = access.locale_of(deployment.book, place)
    plan: model.Plan = model.RemoteTemplatePlan(
        command=execution.template or execution.id,
        version="",
        instances=(),
        region=event.region,
        engine=event.engine,
        template=execution.template or execution.id,
        preview=questions.with_note(execution.waiting.shown, locale, execution),
    )
    person = identity.starter_of(deployment.book, execution.by)
    account = model.Account(place.platform, place.tenant, "", execution.by)
    if person is not None:
        known = identity.account_of(deployment.book, person.id, place.platform, place.tenant)
        account = known or account
    builder.create(
        model.Request(
            id=view.next_request,
            state=model.State.RUNNING,
            version=1,
            command=plan.command,
            args={},
            person=person.id if person is not None else f"ram:{execution.by}",
            account=account,
            place=place,
            locale=locale,
            text=texts.say(locale, "watch.text", execution=execution.id),
            policy=rule.name,
            risk="high",
            created_at=now,
            expires_at=now + rule.expires,
            approved_at=now,
            started_at=now,
            least=1 if person is not None else UNKNOWN_STARTER,
            escalated=""
            if person is not None
            else texts.say(locale, "watch.unknown_starter", by=execution.by or "?"),
            shift=view.shift.total_seconds(),
            nonce=view.nonce,
        )
    )
    plan = terms.complete(builder, plan)
    builder.create(replace(builder.it, plan=plan, digest=model.digest(plan)))
    builder.enter("countersign", "execution.found", execution=execution.id, by=execution.by)
    builder.step(
        model.Step(
            request=builder.it.id,
            index=0,
            token=execution.id,
            batch=facts.ADOPTED,
            region=event.region,
            instances=(),
            invocation=execution.id,
            state="running",
        )
    )
    run_remote.follow(builder, execution)
    builder.show_card()
    return builder.receipt()


def place_of(book: policy.Book, watch: policy.Watch) -> model.Place | None:
    """The group that gets the card; None: it is no longer configured."""
    for group in book.groups:
        if group.name == watch.group and group.platform == watch.platform:
            tenant = next(iter(sorted(book.tenants.get(group.platform, ()))), "")
            return model.Place(group.platform, tenant, group.chat)
    return None
