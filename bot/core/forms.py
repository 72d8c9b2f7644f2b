"""OA approval forms: an event without fields, the form fetched, and the request it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot import cards, model, parse, policy, texts
from bot.core import asking, filing, running, voting
from bot.core.draft import Draft, reason_of, refusal_text
from bot.house import House

QUIET: dict[str, bool] = {"quiet": True}
"""The context of a look at a form that nobody waits for: only an approved one matters."""
APPROVED = "approval.approved"
"""The type of the event that a form which was agreed to is."""
HIDDEN = "***"
"""What stands in events for a value that is never shown."""
FILED_BEFORE = timedelta(hours=24)
"""How long before an absence a form may have been filed that was agreed to in it."""


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


def changed(
    house: House, event: model.FormChanged, view: model.View, now: datetime
) -> model.Decision:
    """A form was agreed to, refused or withdrawn; only forms named in the configuration matter."""
    draft = Draft(house, view, now)
    rule = rule_of(house.book, event.platform, event.form)
    if rule is None:
        return draft.receipt()
    facts = {"form": event.form, "instance": event.instance}
    if event.tenant not in house.book.tenants.get(event.platform, frozenset()):
        draft.enter(f"{event.platform}:form", "ask.refused", reason="refused.tenant", **facts)
        return draft.receipt()
    lane = f"form:{event.platform}:{event.instance}"
    fetch = model.FetchForm(event.platform, event.tenant, event.form, event.instance)
    draft.enter(f"{event.platform}:form", f"form.{event.status}", **facts)
    if event.status == "withdrawn" and view.request is not None:
        withdraw(draft)
    elif event.status == "withdrawn":
        draft.dropped.append(lane)
        draft.queue(f"{lane}:again", lane, fetch, context=QUIET)
    elif event.status == "approved" and view.request is None:
        draft.queue(lane, lane, fetch)
    return draft.receipt()


def withdraw(draft: Draft) -> None:
    """Taken back: cancels what has not begun, and warns about what has."""
    request = draft.it
    if request.state in (model.State.PLANNING, model.State.PENDING):
        voting.call_off(draft, request.person, "say.cancelled.withdrawn")
    elif request.state is model.State.APPROVED and running.never_began(draft):
        running.drop_unsent(draft)
        voting.call_off(draft, request.person, "say.cancelled.withdrawn")
    elif request.state is not model.State.CANCELLED:
        word = cards.state_word(request.locale, request)
        draft.tell_sentence("withdrawn", "say.withdrawn.late", draft.asker(), state=word)


def fetched(
    house: House, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The form's fields are here: make the request they ask for, or tell the group why not."""
    draft = Draft(house, view, now)
    effect = view.effect
    assert effect is not None
    assert isinstance(effect.body, model.FetchForm)
    body = effect.body
    rule = rule_of(house.book, body.platform, body.form)
    if rule is None:
        return draft.receipt()
    if view.request is not None:
        status = outcome.data.get("status") if isinstance(outcome, model.Done) else ""
        if status in ("withdrawn", "reverted"):
            withdraw(draft)
        return draft.receipt()
    agreed = isinstance(outcome, model.Done) and outcome.data.get("status") == "approved"
    if effect.context.get("quiet") and not agreed:
        return draft.receipt()
    place = place_of(house.book, rule, body.tenant)
    locale = policy.locale_of(house.book, place)
    if isinstance(outcome, model.Done):
        if agreed:
            draft.published.append(approved(draft, rule, body, outcome.data))
        refusal = file_form(draft, rule, body, outcome.data, place, locale)
    else:
        reason = reason_of(locale, outcome)
        refusal = policy.Refusal("refused.form_fetch", {"reason": reason})
    if refusal is not None:
        text = refusal_text(locale, refusal)
        draft.enter(
            f"{body.platform}:form", "ask.refused", reason=refusal.key, instance=body.instance
        )
        heading = heading_of(locale, outcome)
        message = cards.sentence(heading, text, quote=heading)
        key = f"say:form:{body.platform}:{body.instance}"
        draft.queue(key, key, model.Say(place, message, draft.fresh(key)))
    return draft.receipt()


def approved(
    draft: Draft, rule: policy.FormRule, body: model.FetchForm, data: Mapping[str, Any]
) -> model.CloudEvent:
    """The form as an event, for rules: also where it becomes no request. Its fields are called as
    whoever made the form likes, so what the bot adds goes before them."""
    originator = str(data.get("originator") or "")
    account = model.Account(body.platform, body.tenant, originator)
    person = policy.person_of(draft.house.book, account)
    return model.CloudEvent(
        id=body.instance,
        source=f"{body.platform}.approval",
        type=APPROVED,
        time=draft.now,
        subject=body.instance,
        data={
            **shown(draft, rule, dict(data.get("fields") or {})),
            "form": body.form,
            "instance": body.instance,
            "title": str(data.get("title") or ""),
            "originator": originator,
            "approvers": [str(each) for each in data.get("approvers", ())],
            "person": person.id if person is not None else "",
            "late": is_late(draft),
        },
    )


def shown(draft: Draft, rule: policy.FormRule, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as rules may see them: what a hidden parameter is made of is covered, by whatever
    name it comes, for a field can have several."""
    found = draft.house.catalog.find(rule.command)
    hidden = found.hidden if found is not None else frozenset()
    secret = [
        fields[source]
        for name, source in rule.args.items()
        if name in hidden and fields.get(source)
    ]
    return {name: HIDDEN if value in secret else value for name, value in fields.items()}


def is_late(draft: Draft) -> bool:
    """Was the form found after an absence, so that it may have been agreed to long ago?"""
    return bool(draft.view.effect and draft.view.effect.context.get("late"))


def look_back(
    house: House, event: model.Started, view: model.View, now: datetime
) -> model.Decision:
    """After an absence: ask which forms were filed, for no platform repeats its events for ever."""
    draft = Draft(house, view, now)
    for rule in house.book.forms:
        for tenant in sorted(house.book.tenants.get(rule.platform, ())):
            since = event.since - FILED_BEFORE
            body = model.ListForms(rule.platform, tenant, rule.form, since, event.at)
            key = f"forms:{rule.platform}:{tenant}:{rule.form}:{event.id}"
            draft.queue(key, key, body)
    draft.enter("countersign", "bot.started", since=event.since.isoformat())
    return draft.receipt()


def listed(house: House, outcome: model.Outcome, view: model.View, now: datetime) -> model.Decision:
    """Read every form that was listed; those that have their request change nothing."""
    draft = Draft(house, view, now)
    effect = view.effect
    assert effect is not None
    body = effect.body
    assert isinstance(body, model.ListForms)
    if not isinstance(outcome, model.Done):
        reason = getattr(outcome, "reason", "")
        draft.enter("countersign", "forms.not_listed", form=body.form, reason=reason)
        return draft.receipt()
    for instance in outcome.data.get("instances", ()):
        lane = f"form:{body.platform}:{instance}"
        fetch = model.FetchForm(body.platform, body.tenant, body.form, str(instance))
        draft.queue(f"{lane}:seen:{effect.id}", lane, fetch, context={**QUIET, "late": True})
    return draft.receipt()


def heading_of(locale: str, outcome: model.Outcome) -> str:
    title = str(outcome.data.get("title") or "") if isinstance(outcome, model.Done) else ""
    key = "form.title" if title else "form.plain"
    return texts.say(locale, key, title=title)


def file_form(
    draft: Draft,
    rule: policy.FormRule,
    body: model.FetchForm,
    data: Mapping[str, Any],
    place: model.Place,
    locale: str,
) -> policy.Refusal | None:
    """Check the form as a person's request is checked, then create the request."""
    house, book = draft.house, draft.house.book
    title = str(data.get("title") or "") or texts.say(locale, "form.plain")
    if data.get("status") != "approved":
        word = f"form.status.{data.get('status')}"
        word = word if word in texts.PHRASES else "form.status.unknown"
        facts = {"title": title, "status": texts.say(locale, word)}
        return policy.Refusal("refused.form_status", facts)
    account = model.Account(body.platform, body.tenant, str(data.get("originator") or ""))
    unknown = voting.refusal_of_account(book, account)
    person = policy.person_of(book, account)
    if unknown is not None or person is None:
        return unknown
    found = house.catalog.find(rule.command)
    if found is None:
        return policy.Refusal("refused.not_enabled", {"command": rule.command})
    values = fields_of(rule, dict(data.get("fields") or {}))
    if isinstance(values, policy.Refusal):
        return values
    bound = parse.from_fields(found, values, locale)
    if isinstance(bound, policy.Refusal):
        return bound
    refused = asking.refusal_of_right(house, person, found.name, place, locale)
    if refused is not None:
        return refused
    approvers = tuple(
        model.Account(body.platform, body.tenant, str(each)) for each in data.get("approvers", ())
    )
    context = draft.asked_by(person, account, place, locale)
    account = policy.account_of(book, person.id, body.platform, body.tenant) or account
    words = " ".join([found.name, *(f"{name}={value}" for name, value in values.items())])
    return filing.file_request(
        draft,
        bound,
        context,
        text=words,
        place=place,
        account=account,
        form=model.FormOrigin(
            body.platform, body.tenant, body.form, body.instance, title, approvers, is_late(draft)
        ),
        stronger=rule.policy,
    )


def fields_of(rule: policy.FormRule, fields: Mapping[str, Any]) -> dict[str, str] | policy.Refusal:
    """The parameters' texts, from the form's fields as the rule maps them."""
    values: dict[str, str] = {}
    for name, source in rule.args.items():
        if source.startswith("="):
            values[name] = source[1:]
        elif source in fields and str(fields[source] or "").strip():
            values[name] = str(fields[source]).strip()
        else:
            return policy.Refusal("refused.form_field", {"field": source, "name": name})
    return values
