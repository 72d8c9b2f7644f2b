"""A message to the bot: from the text to an answer, a vote, or a request to be planned."""

from __future__ import annotations

import functools
import logging
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bot import cards, model, policy, texts
from bot.commands import api, registry
from bot.commands.line import parser
from bot.core import (
    calling,
    dead_letters,
    drift,
    endings,
    facts,
    hidden_values,
    machines,
    new_request,
    places,
    plan_preview,
    plan_template,
    proposal,
    run_template,
    votes,
    waits,
)
from bot.core.decision import DecisionBuilder, reason_of, refusal_text
from bot.deployment import Deployment
from bot.policy import access, identity

log = logging.getLogger(__name__)

_NOTHING = model.Needs()


@functools.lru_cache(maxsize=512)
def parsed(commands: registry.Catalog, text: str, locale: str) -> parser.Parsed | policy.Refusal:
    """``parse.parse``, remembered, as ``needs`` and ``asked`` both ask for it."""
    return parser.parse(commands, text, locale)


def needs(deployment: Deployment, event: model.MessageReceived) -> model.Needs:
    # One without an id chooses its own name: all such share what one person may ask in a chat.
    who = event.account
    asks_by = f"{who.platform}:{who.tenant}:{who.id}" if who.id else f"::{event.place.chat}"
    found = parsed(deployment.catalog, event.text, access.locale_of(deployment.book, event.place))
    if isinstance(found, policy.Refusal):
        return model.Needs(asks_by=asks_by)
    wanted = found.command.needs(found.values, event.place, event.quoted)
    if wanted == _NOTHING:
        return model.Needs(platform=event.place.platform, asks_by=asks_by)
    return replace(wanted, platform=event.place.platform, asks_by=asks_by)


def asked(
    deployment: Deployment, event: model.MessageReceived, view: model.View, now: datetime
) -> model.Decision:
    """Decide on a message: the place, the person, the words, the right; then what it asks."""
    builder = DecisionBuilder(deployment, view, now)
    book, locale = deployment.book, access.locale_of(deployment.book, event.place)
    typed = event.text
    event = replace(event, text=parser.shown(deployment.catalog, typed, locale))
    builder.carried = event.text != typed
    found = parsed(deployment.catalog, typed, locale)
    brake = is_brake(found)
    if view.recent_asks >= book.asks_per_minute and not brake:
        return refuse_rate(builder, event, locale)
    refusal = access.refusal_of_place(book, event.place, event.account)
    refusal = refusal or identity.refusal_of_person(book, event.account)
    if refusal is not None and view.recent_asks >= book.asks_per_minute:
        return refuse_rate(builder, event, locale)
    if refusal is not None:
        return refuse(builder, event, refusal, locale)
    person = identity.person_of(book, event.account)
    assert person is not None
    if not brake:
        refusal = refusal_of_age(builder, event, found)
        if refusal is not None:
            return refuse(builder, event, refusal, locale, person.id)
    if event.unread:
        what = texts.say(locale, f"unread.{event.unread}")
        found = policy.Refusal("refused.unread", {"what": what})
    if isinstance(found, policy.Refusal):
        return refuse(builder, event, found, locale, person.id)
    context = builder.asked_by(person, event.account, event.place, locale)
    if found.command.kind == "operation":
        return operation(builder, event, typed, found, context)
    if found.command.by_role:
        refusal = access.refusal_of_role(
            deployment.book, person, found.command.name, event.place, locale
        )
        if refusal is not None:
            return refuse(builder, event, refusal, locale, person.id)
    result = calling.answer(found, context)
    if isinstance(result, policy.Refusal):
        return refuse(builder, event, result, locale, person.id)
    if isinstance(result, api.Act) and result.kind == "redrive":
        return dead_letters.by_text(builder, event, person, result)
    if isinstance(result, api.Act):
        decision = votes.by_text(builder, event, context, result)
        changed = decision.request is not None or decision.journal
        if view.recent_asks >= book.asks_per_minute and not changed:
            return refuse_rate(DecisionBuilder(deployment, view, now), event, locale)
        return decision
    if isinstance(result, api.Lookup):
        key = f"lookup:{event.id}"
        origin = {
            "place": places.pack(event.place),
            "account": asdict(event.account),
            "locale": locale,
            "text": event.text,
            "event": event.id,
        }
        builder.queue(key, key, model.ResolveTargets(result.targets), context=origin)
        return builder.receipt()
    assert isinstance(result, api.Reply)
    mentions = (event.account,)
    message = model.Message(result.title, result.blocks, mentions, event.text, result.file)
    builder.reply(event, message)
    return builder.receipt()


BRAKES = frozenset({"stop", "reject", "cancel", "pause"})
"""Words that only ever halt something. They are carried out however much somebody writes, and
however late they arrive."""


def is_brake(found: parser.Parsed | policy.Refusal) -> bool:
    """Does a message halt something? A word that changes nothing is no brake any more."""
    return isinstance(found, parser.Parsed) and found.command.name in BRAKES


def refusal_of_age(
    builder: DecisionBuilder, event: model.MessageReceived, found: parser.Parsed | policy.Refusal
) -> policy.Refusal | None:
    """Was a message that would start something, or be a vote, written too long ago?"""
    if not isinstance(found, parser.Parsed) or found.command.kind not in ("operation", "vote"):
        return None
    age, most = builder.now - event.at, builder.deployment.book.oldest_message
    return policy.Refusal("refused.too_old", {"age": age, "most": most}) if age > most else None


def refuse_rate(
    builder: DecisionBuilder, event: model.MessageReceived, locale: str
) -> model.Decision:
    """Too many messages: said and kept once, then neither, until the minute is over."""
    most = builder.deployment.book.asks_per_minute
    if builder.view.recent_asks > most:
        log.info("a message of %s is over the limit of %d a minute", event.account.id, most)
        return builder.receipt()
    return refuse(builder, event, policy.Refusal("refused.rate", {"most": most}), locale)


def refuse(
    builder: DecisionBuilder,
    event: model.MessageReceived,
    refusal: policy.Refusal,
    locale: str,
    actor: str = "",
) -> model.Decision:
    """Say why not, and keep it in the audit log."""
    who = actor or f"{event.account.platform}:{event.account.id or event.account.name or '?'}"
    text = hidden_values.typed(builder.deployment.catalog, event.text)
    carried = builder.carried or text != hidden_values.unaddressed(event.text)
    event = replace(event, text=text)
    builder.enter(
        who, "ask.refused", reason=refusal.key, text=event.text[:200], **chat_facts(event)
    )
    title = texts.say(locale, "refused.title")
    text = refusal_text(locale, refusal)
    if carried:
        text = f"{text} {texts.say(locale, 'refused.hidden.readable')}"
    builder.answer(event, text, title)
    return builder.receipt()


def chat_facts(event: model.MessageReceived) -> dict[str, Any]:
    return {"account": event.account.id, "chat": event.place.chat}


# ----------------------------------------------------------------------------- operations


def operation(
    builder: DecisionBuilder,
    event: model.MessageReceived,
    typed: str,
    found: parser.Parsed,
    context: api.Context,
) -> model.Decision:
    """An operation asked for in a chat; not in one where its approvers could not see the card.
    ``typed`` is the message itself, with what must not be shown again."""
    locale, person = context.locale, context.person
    submission = new_request.Submission(
        person, event.account, event.place, locale, found, typed, written_at=event.at
    )
    refusal = new_request.file(builder, submission)
    if refusal is not None:
        return refuse(builder, event, refusal, locale, person.id)
    if builder.carried:
        builder.change(recall="wanted")
        builder.tell_sentence("hidden", "say.hidden.readable", builder.asker())
    return builder.receipt()


# ----------------------------------------------------------------------------- what came back


def resolved(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The instances were looked up: for a request's plan, or for the ``instances`` command."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is None:
        return listed(builder, outcome)
    if not view.request.state.final:
        waits.over(builder)
    if view.request.state is model.State.APPROVED:
        drift.looked(builder, outcome)
    elif view.request.state is model.State.PLANNING:
        planned(builder, outcome)
    elif view.request.state in run_template.GOING:
        run_template.looked(builder, outcome)
    return builder.receipt()


def planned(builder: DecisionBuilder, outcome: model.Outcome) -> None:
    """Freeze the plan on what was found and put it to the vote, or say why not."""
    context, locale = builder.context, builder.it.locale
    template = bool(context.get("template"))
    if isinstance(outcome, model.Done):
        data = machines.apart(outcome.data, context.get("strays", ()))
        planning = facts.Planning(builder, data, noted=context, scripted=not template)
    else:
        planning = facts.Planning(builder, failure=reason_of(locale, outcome))
    refusal = proposal.refusal_of_plan(builder, planning)
    if refusal is not None or planning.data is None:
        assert refusal is not None
        return endings.refuse(builder, refusal)
    freeze = plan_template.freeze if template else proposal.freeze
    rule = builder.deployment.book.commands[builder.it.command]
    try:
        plan = freeze(builder, rule, planning.data)
    except plan_preview.Untold as untold:
        return endings.refuse(builder, untold.refusal)
    return proposal.ask_for_votes(builder, plan)


def listed(builder: DecisionBuilder, outcome: model.Outcome) -> model.Decision:
    """Answer the ``instances`` command."""
    effect = builder.view.effect
    assert effect is not None
    origin = effect.context
    account, locale = model.Account(**origin["account"]), str(origin["locale"])
    if isinstance(outcome, model.Done):
        instances = machines.instances_of(outcome.data)
        message = cards.instances_message(locale, instances, (account,), str(origin["text"]))
        unknown = machines.targets_of(outcome.data, scripted=False).refusal_of_unknown()
        if unknown is not None:
            text = refusal_text(locale, unknown)
            extra = cards.para(*cards.words(text))
            message = model.Message(
                message.title, (*message.blocks, extra), message.mentions, message.quote
            )
    else:
        text = texts.say(locale, "say.lookup_failed", reason=reason_of(locale, outcome))
        message = cards.sentence("", text, (account,), str(origin["text"]))
    key = f"say:{origin['event']}"
    builder.queue(key, key, model.Say(places.unpack(origin["place"]), message, builder.fresh(key)))
    return builder.receipt()
