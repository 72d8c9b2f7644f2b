"""OA approval forms: an event without fields, the form fetched, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot import cards, model, policy, texts
from bot.commands.line import parser
from bot.core import (
    form_amendments,
    form_mapping,
    form_reading,
    form_recheck,
    form_relations,
    intake,
)
from bot.core.decision import DecisionBuilder, reason_of, refusal_text
from bot.deployment import Deployment
from bot.policy import access, identity

APPROVED = "approval.approved"
"""The type of the event that a form which was agreed to is."""
FILED_BEFORE = timedelta(hours=24)
"""How long before an absence a form may have been filed that was agreed to in it."""
MOST_OPEN = 10_000
"""Open requests whose forms are read again after an absence."""
NO_FORM = "no_form"
GAVE_UP = "gave_up"
OTHER_FORM = "other_form"


def rule_of(book: policy.Book, platform: str, form: str) -> policy.FormRule | None:
    for rule in book.forms:
        if rule.platform == platform and rule.form == form:
            return rule
    return None


def place_of(book: policy.Book, rule: policy.FormRule, tenant: str) -> model.Place:
    """The group that a form's card and audit reply go to."""
    for group in book.groups:
        if group.platform == rule.platform and group.name == rule.group:
            return model.Place(rule.platform, tenant, group.chat)
    raise LookupError(f"no group {rule.group} on {rule.platform}")


def original_of(outcome: model.Outcome) -> str:
    """Of a form that was read: the instance that it revokes or modifies, or ""."""
    original = outcome.data.get("original") if isinstance(outcome, model.Done) else ""
    return original if isinstance(original, str) else ""


def changed(
    deployment: Deployment, event: model.FormChanged, view: model.View, now: datetime
) -> model.Decision:
    """Something happened to a form; only forms named in the configuration matter. What it is now,
    and whether it is about another one, is only told by reading it."""
    builder = DecisionBuilder(deployment, view, now)
    rule = rule_of(deployment.book, event.platform, event.form)
    if rule is None:
        notice(builder, event)
        return builder.receipt()
    facts = {"form": event.form, "instance": event.instance}
    if event.tenant not in deployment.book.tenants.get(event.platform, frozenset()):
        builder.enter(f"{event.platform}:form", "ask.refused", reason="refused.tenant", **facts)
        return builder.receipt()
    builder.enter(f"{event.platform}:form", f"form.{event.status}", **facts)
    if event.status == "withdrawn" and view.request is not None:
        form_amendments.withdraw(builder)
        return builder.receipt()
    loud = event.status == "approved" and view.request is None
    body = model.FetchForm(event.platform, event.tenant, event.form, event.instance)
    form_reading.read(builder, body, event.id, {} if loud else form_reading.QUIET)
    return builder.receipt()


# ----------------------------------------------------------------------------- events alone


def notice(builder: DecisionBuilder, event: model.FormChanged) -> None:
    """A form that no command is mapped to was agreed to: it is read where a rule asks for it, by
    its source, type or code. All others are ignored."""
    deployment = builder.deployment
    facts = {"source": source_of(event), "type": APPROVED, "data": {"form": event.form}}
    ours = event.tenant in deployment.book.tenants.get(event.platform, frozenset())
    if (
        event.status == "approved"
        and ours
        and deployment.rules
        and deployment.rules.asks_for(facts)
    ):
        body = model.FetchForm(event.platform, event.tenant, event.form, event.instance)
        form_reading.read(builder, body, event.id, {})


def publish(builder: DecisionBuilder, body: model.FetchForm, outcome: model.Outcome) -> None:
    """It was read: if it is agreed to, it is an event. One that revokes or modifies another is
    none, as of those that are mapped."""
    data = outcome.data if isinstance(outcome, model.Done) else {}
    if data.get("status") == "approved":
        if not data.get("action"):
            builder.published.append(approved(builder, None, body, data))
    elif not is_decided(data, outcome):
        form_reading.patience(builder, body, is_late_answer(outcome))


# ----------------------------------------------------------------------------- what was read


def fetched(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The form is here: make the request it asks for, or let the request of the form that it is
    about be as it wants it; or tell the group why not."""
    builder = DecisionBuilder(deployment, view, now)
    effect = view.effect
    assert effect is not None
    assert isinstance(effect.body, model.FetchForm)
    body, data = effect.body, outcome.data if isinstance(outcome, model.Done) else {}
    rule = rule_of(deployment.book, body.platform, body.form)
    if form_reading.context_of(builder).get("as") == form_reading.BEFORE_START:
        form_recheck.read_again(builder, body, outcome)
        return builder.receipt()
    if rule is None:
        publish(builder, body, outcome)
        return builder.receipt()
    link = form_amendments.link_of(body, data)
    if link is not None and effect.context.get("as") != "own":
        original = str(effect.context.get("for") or link.original)
        form_relations.related(builder, body, replace(link, original=original))
    elif effect.context.get("watch") and not data:
        form_relations.lost(builder, body)
    elif view.request is not None:
        form_relations.looked(builder, body, data)
    else:
        asks(builder, rule, body, outcome)
    return builder.receipt()


def asks(
    builder: DecisionBuilder, rule: policy.FormRule, body: model.FetchForm, outcome: model.Outcome
) -> None:
    """A form that has no request: the one that it asks for, if it is agreed to."""
    data = dict(outcome.data) if isinstance(outcome, model.Done) else {}
    agreed = data.get("status") == "approved"
    if agreed and form_reading.waited(builder):
        return form_reading.at_once(builder, body)
    word = form_amendments.standing(form_amendments.known(builder).values())
    if agreed and word in ("revoked", "modified"):
        data["status"], agreed = "reverted" if word == "revoked" else "replaced", False
    elif agreed and form_relations.unread(builder, body, data):
        return None
    if not agreed and form_reading.context_of(builder).get("quiet"):
        return None
    refusal: policy.Refusal | None
    locale = access.locale_of(
        builder.deployment.book, place_of(builder.deployment.book, rule, body.tenant)
    )
    if not agreed and not is_decided(data, outcome):
        if not form_reading.patience(builder, body, is_late_answer(outcome)):
            return None
        refusal = refusal_of_reading(locale, data, outcome)
    elif agreed or data:
        if agreed and not word and not form_reading.context_of(builder).get("replaced"):
            builder.published.append(approved(builder, rule, body, data))
        refusal = file_form(
            builder, rule, body, data, word if word in form_amendments.HOLDS else ""
        )
    else:
        refusal = refusal_of_reading(locale, data, outcome)
    if refusal is not None:
        say_refused(builder, rule, body, refusal, str(data.get("title") or ""))
    return None


def is_decided(data: Mapping[str, object], outcome: model.Outcome) -> bool:
    """Is what was read the last word? Not while the form is being decided, or cannot be read."""
    if isinstance(outcome, model.Done):
        return data.get("status") in ("rejected", "withdrawn", "reverted", "replaced")
    return isinstance(outcome, model.Refused) and outcome.code == OTHER_FORM


def is_late_answer(outcome: model.Outcome) -> bool:
    """Is it worth waiting for a better answer? Not where something is not allowed."""
    return not isinstance(outcome, model.Refused) or outcome.code in (NO_FORM, GAVE_UP)


def refusal_of_reading(
    locale: str, data: Mapping[str, object], outcome: model.Outcome
) -> policy.Refusal:
    """Why a form that is said to be agreed to could not be taken, after some patience."""
    if not isinstance(outcome, model.Done) and getattr(outcome, "code", "") != NO_FORM:
        return policy.Refusal("refused.form_fetch", {"reason": reason_of(locale, outcome)})
    word = "missing" if not isinstance(outcome, model.Done) else str(data.get("status"))
    key = f"form.status.{word}"
    facts = {
        "title": str(data.get("title") or "") or texts.say(locale, "form.plain"),
        "status": texts.say(locale, key if key in texts.PHRASES else "form.status.unknown"),
        "waited": form_reading.WAITED,
    }
    return policy.Refusal("refused.form_waiting", facts)


def say_refused(
    builder: DecisionBuilder,
    rule: policy.FormRule,
    body: model.FetchForm,
    refusal: policy.Refusal,
    title: str,
) -> None:
    """Tell the group of the form why nothing came of it; the same only once."""
    place = place_of(builder.deployment.book, rule, body.tenant)
    locale = access.locale_of(builder.deployment.book, place)
    actor, instance = f"{body.platform}:form", body.instance
    builder.enter(actor, "ask.refused", reason=refusal.key, instance=instance)
    heading = texts.say(locale, "form.title" if title else "form.plain", title=title)
    message = cards.sentence(heading, refusal_text(locale, refusal), quote=heading)
    key = f"say:form:{body.platform}:{instance}:{refusal.key}"
    builder.queue(key, key, model.Say(place, message, builder.fresh(key)))


def source_of(about: model.FormChanged | model.FetchForm) -> str:
    """The source of the event that a form is."""
    return f"{about.platform}.approval"


def approved(
    builder: DecisionBuilder,
    rule: policy.FormRule | None,
    body: model.FetchForm,
    data: Mapping[str, Any],
) -> model.CloudEvent:
    """The form as an event, for rules: also where it becomes no request. Its fields are called as
    whoever made the form likes, so what the bot adds goes before them."""
    originator, book = str(data.get("originator") or ""), builder.deployment.book
    account = model.Account(body.platform, body.tenant, originator)
    person = identity.person_of(book, account)
    command = builder.deployment.catalog.find(rule.command) if rule is not None else None
    people = form_mapping.People(book, body.platform, body.tenant)
    return model.CloudEvent(
        id=body.instance,
        source=source_of(body),
        type=APPROVED,
        time=builder.now,
        subject=body.instance,
        data={
            **form_mapping.shown(rule, command, dict(data.get("fields") or {}), people),
            "form": body.form,
            "instance": body.instance,
            "title": str(data.get("title") or ""),
            "originator": originator,
            "approvers": [str(each) for each in data.get("approvers", ())],
            "person": person.id if person is not None else "",
            "late": is_late(builder),
        },
    )


def is_late(builder: DecisionBuilder) -> bool:
    """Was the form found after an absence, so that it may have been agreed to long ago?"""
    return bool(builder.view.effect and builder.view.effect.context.get("late"))


def look_back(
    deployment: Deployment, event: model.Started, view: model.View, now: datetime
) -> model.Decision:
    """After an absence: ask which forms were filed, for no platform repeats its events for ever;
    and read again those of open requests, which may have been filed long before."""
    builder = DecisionBuilder(deployment, view, now)
    for rule in deployment.book.forms:
        for tenant in sorted(deployment.book.tenants.get(rule.platform, ())):
            since = event.since - FILED_BEFORE
            body = model.ListForms(rule.platform, tenant, rule.form, since, event.at)
            key = f"forms:{rule.platform}:{tenant}:{rule.form}:{event.id}"
            builder.queue(key, key, body)
    for request in view.listing:
        if (form := request.form) is not None:
            look = model.FetchForm(form.platform, form.tenant, form.form, form.instance)
            own = {**form_reading.QUIET, "as": "own", "for": form.instance}
            form_reading.read(builder, look, f"seen:{event.id}", own)
    builder.enter("countersign", "bot.started", since=event.since.isoformat())
    builder.reopened = True
    return builder.receipt()


def listed(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """Read every form that was listed; those that have their request change nothing."""
    builder = DecisionBuilder(deployment, view, now)
    effect = view.effect
    assert effect is not None
    body = effect.body
    assert isinstance(body, model.ListForms)
    if not isinstance(outcome, model.Done):
        reason = getattr(outcome, "reason", "")
        builder.enter("countersign", "forms.not_listed", form=body.form, reason=reason)
        return builder.receipt()
    for instance in outcome.data.get("instances", ()):
        fetch = model.FetchForm(body.platform, body.tenant, body.form, str(instance))
        form_reading.read(builder, fetch, f"seen:{effect.id}", {**form_reading.QUIET, "late": True})
    return builder.receipt()


def file_form(
    builder: DecisionBuilder,
    rule: policy.FormRule,
    body: model.FetchForm,
    data: Mapping[str, Any],
    hold: str,
) -> policy.Refusal | None:
    """Check the form as a person's request is checked, then create the request; held, if the form
    is being revoked or modified already."""
    deployment, book = builder.deployment, builder.deployment.book
    place = place_of(book, rule, body.tenant)
    locale = access.locale_of(book, place)
    title = str(data.get("title") or "") or texts.say(locale, "form.plain")
    if data.get("status") != "approved":
        word = f"form.status.{data.get('status')}"
        word = word if word in texts.PHRASES else "form.status.unknown"
        facts = {"title": title, "status": texts.say(locale, word)}
        return policy.Refusal("refused.form_status", facts)
    account = model.Account(body.platform, body.tenant, str(data.get("originator") or ""))
    person = access.person(book, account)
    if isinstance(person, policy.Refusal):
        return person
    operation = intake.operation(deployment, rule.command)
    if isinstance(operation, policy.Refusal):
        return operation
    people = form_mapping.People(book, body.platform, body.tenant, strict=True)
    values = form_mapping.values_of(rule, operation, dict(data.get("fields") or {}), people)
    if isinstance(values, policy.Refusal):
        return values
    line = parser.line_of(operation, values, locale)
    if isinstance(line.parsed, policy.Refusal):
        return line.parsed
    account = identity.account_of(book, person.id, body.platform, body.tenant) or account
    submission = intake.Submission(
        person,
        account,
        place,
        locale,
        operation,
        line,
        form=origin_of(builder, body, data, title),
        policy=rule.policy,
        hold=hold,
    )
    refusal = intake.file(builder, submission)
    if refusal is None:
        for user in data.get("automatic", ()):
            builder.enter("countersign", "vote.not_counted", account=str(user), reason="automatic")
    return refusal


def origin_of(
    builder: DecisionBuilder, body: model.FetchForm, data: Mapping[str, Any], title: str
) -> model.FormOrigin:
    """What is kept of the form with its request; also why its decision is doubtful, if it is."""
    accounts = [str(each) for each in data.get("approvers", ())]
    before = form_reading.context_of(builder).get("replaced")
    doubt = ""
    if data.get("unclear"):
        doubt = "form.doubt.unclear"
    elif before is not None and (not before.get("request") or before.get("several")):
        doubt = "form.doubt.original"
    elif not accounts:
        doubt = "form.doubt.automatic" if data.get("automatic") else "form.doubt.nobody"
    before = before or {}
    return model.FormOrigin(
        body.platform,
        body.tenant,
        body.form,
        body.instance,
        title,
        tuple(model.Account(body.platform, body.tenant, each) for each in accounts),
        is_late(builder),
        doubt,
        str(before.get("original") or ""),
        int(before.get("request") or 0),
        str(before.get("ran") or ""),
        tuple((name, intake.shown(value), "") for name, value in before.get("args", {}).items()),
    )
