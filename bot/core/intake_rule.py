"""A command that a rule asks for: checked as a person's request is, asked in a group, voted on."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, policy, texts
from bot.commands.line import parser
from bot.core import access, new_request
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment


def ordered(
    house: Deployment, event: model.CommandRequested, view: model.View, now: datetime
) -> model.Decision:
    """Make the request that a rule asks for, or say in the group why not. The receipt tells whoever
    delivers it: an error is a dead letter."""
    draft = DecisionBuilder(house, view, now)
    book = house.book
    group = next(
        (g for g in book.groups if (g.platform, g.name) == (event.platform, event.group)), None
    )
    if group is None:
        draft.enter("countersign", "rule.refused", rule=event.rule, reason="no such group")
        return draft.receipt(f"there is no group {event.group} on {event.platform}", "error")
    tenant = next(iter(sorted(book.tenants.get(group.platform, ()))), "")
    place = model.Place(group.platform, tenant, group.chat)
    locale = policy.locale_of(book, place)
    refusal = file(draft, event, place, locale)
    if refusal is None:
        return draft.receipt(str(draft.it.id), "success")
    text = refusal_text(locale, refusal)
    draft.enter(
        event.person or "countersign",
        "rule.refused",
        rule=event.rule,
        reason=refusal.key,
        cause=event.cause,
        command=event.command,
    )
    title = texts.say(locale, "rule.title", rule=event.rule)
    told = texts.say(locale, "rule.refused", rule=event.rule, command=event.command, why=text)
    message = model.Message(title, (cards.para(*cards.words(told)),))
    key = f"say:{event.id}"
    draft.queue(key, key, model.Say(place, message, draft.fresh(key)))
    return draft.receipt(text, "error")


def file(
    draft: DecisionBuilder, event: model.CommandRequested, place: model.Place, locale: str
) -> policy.Refusal | None:
    """The checks of a person's request, in the same order."""
    house, book = draft.house, draft.house.book
    person = book.people.get(event.person)
    if person is None:
        return policy.Refusal("refused.rule_person", {"person": event.person or "?"})
    found = house.catalog.find(event.command)
    if found is None or found.kind != "operation":
        return policy.Refusal("refused.not_enabled", {"command": event.command})
    bound = parser.from_fields(found, dict(event.values), locale)
    if isinstance(bound, policy.Refusal):
        return bound
    refusal = access.refusal_of_right(house, person, found.name, place, locale)
    if refusal is not None:
        return refusal
    account = policy.account_of(book, person.id, place.platform, place.tenant)
    account = account or model.Account(place.platform, place.tenant, "", person.name)
    context = draft.asked_by(person, account, place, locale)
    words = " ".join([found.name, *(f"{name}={value}" for name, value in event.values.items())])
    return new_request.file_request(
        draft,
        bound,
        context,
        text=words,
        place=place,
        account=account,
        stronger=event.policy,
        rules=event.rules,
        causes=event.causes,
        timeout=event.timeout,
    )
