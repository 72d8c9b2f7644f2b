"""A command that a rule asks for: checked as a person's request is, asked in a group, voted on."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, policy, texts
from bot.commands.line import parser
from bot.core import intake
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import access, identity


def ordered(
    deployment: Deployment, event: model.CommandRequested, view: model.View, now: datetime
) -> model.Decision:
    """Make the request that a rule asks for, or say in the group why not. The receipt tells whoever
    delivers it: an error is a dead letter."""
    builder = DecisionBuilder(deployment, view, now)
    book = deployment.book
    group = next(
        (g for g in book.groups if (g.platform, g.name) == (event.platform, event.group)), None
    )
    if group is None:
        builder.enter("countersign", "rule.refused", rule=event.rule, reason="no such group")
        return builder.receipt(f"there is no group {event.group} on {event.platform}", "error")
    tenant = next(iter(sorted(book.tenants.get(group.platform, ()))), "")
    place = model.Place(group.platform, tenant, group.chat)
    locale = access.locale_of(book, place)
    refusal = file(builder, event, place, locale)
    if refusal is None:
        return builder.receipt(str(builder.it.id), "success")
    text = refusal_text(locale, refusal)
    builder.enter(
        event.person or "countersign",
        "rule.refused",
        rule=event.rule,
        reason=refusal.key,
        cause=event.cause,
        command=event.command,
    )
    title = texts.say(locale, "rule.title", rule=event.rule)
    sentence = texts.say(locale, "rule.refused", rule=event.rule, command=event.command, why=text)
    message = model.Message(title, (cards.para(*cards.words(sentence)),))
    key = f"say:{event.id}"
    builder.queue(key, key, model.Say(place, message, builder.fresh(key)))
    return builder.receipt(text, "error")


def file(
    builder: DecisionBuilder, event: model.CommandRequested, place: model.Place, locale: str
) -> policy.Refusal | None:
    """The checks of a person's request, in the same order."""
    deployment, book = builder.deployment, builder.deployment.book
    person = book.people.get(event.person)
    if person is None:
        return policy.Refusal("refused.rule_person", {"person": event.person or "?"})
    operation = intake.operation(deployment, event.command)
    if isinstance(operation, policy.Refusal):
        return operation
    line = parser.line_of(operation, event.values, locale)
    if isinstance(line.parsed, policy.Refusal):
        return line.parsed
    account = identity.account_of(book, person.id, place.platform, place.tenant)
    account = account or model.Account(place.platform, place.tenant, "", person.name)
    submission = intake.Submission(
        person,
        account,
        place,
        locale,
        operation,
        line,
        policy=event.policy,
        rules=event.rules,
        causes=event.causes,
        timeout=event.timeout,
    )
    return intake.file(builder, submission)
