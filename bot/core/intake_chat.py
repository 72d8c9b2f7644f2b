"""A message to the bot: from the text to an answer, a vote, or a request to be planned."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bot import cards, model, policy, texts
from bot.commands import api, registry
from bot.commands.line import parser
from bot.core import (
    access,
    calling,
    dead_letters,
    drift,
    endings,
    hidden_values,
    machines,
    new_request,
    places,
    plan_preview,
    plan_template,
    proposal,
    run_template,
    systems,
    votes,
    waits,
)
from bot.core.decision import DecisionBuilder, reason_of, refusal_text
from bot.deployment import Deployment

log = logging.getLogger(__name__)

_NOTHING = model.Needs()


@functools.lru_cache(maxsize=512)
def parsed(commands: registry.Catalog, text: str, locale: str) -> parser.Parsed | policy.Refusal:
    """``parse.parse``, remembered, as ``needs`` and ``asked`` both ask for it."""
    return parser.parse(commands, text, locale)


def needs(house: Deployment, event: model.MessageReceived) -> model.Needs:
    # One without an id chooses its own name: all such share what one person may ask in a chat.
    who = event.account
    asks_by = f"{who.platform}:{who.tenant}:{who.id}" if who.id else f"::{event.place.chat}"
    found = parsed(house.catalog, event.text, policy.locale_of(house.book, event.place))
    if isinstance(found, policy.Refusal):
        return model.Needs(asks_by=asks_by)
    wanted = found.command.needs(found.values, event.place, event.quoted)
    if wanted == _NOTHING:
        return model.Needs(platform=event.place.platform, asks_by=asks_by)
    return replace(wanted, platform=event.place.platform, asks_by=asks_by)


def asked(
    house: Deployment, event: model.MessageReceived, view: model.View, now: datetime
) -> model.Decision:
    """Decide on a message: the place, the person, the words, the right; then what it asks."""
    draft = DecisionBuilder(house, view, now)
    book, locale = house.book, policy.locale_of(house.book, event.place)
    typed = event.text
    event = replace(event, text=parser.shown(house.catalog, typed, locale))
    draft.carried = event.text != typed
    found = parsed(house.catalog, typed, locale)
    brake = is_brake(found)
    if view.recent_asks >= book.asks_per_minute and not brake:
        return refuse_rate(draft, event, locale)
    refusal = policy.refusal_of_place(book, event.place, event.account)
    refusal = refusal or policy.refusal_of_person(book, event.account)
    if refusal is not None and view.recent_asks >= book.asks_per_minute:
        return refuse_rate(draft, event, locale)
    if refusal is not None:
        return refuse(draft, event, refusal, locale)
    person = policy.person_of(book, event.account)
    assert person is not None
    if not brake:
        refusal = refusal_of_age(draft, event, found)
        if refusal is not None:
            return refuse(draft, event, refusal, locale, person.id)
    if event.unread:
        what = texts.say(locale, f"unread.{event.unread}")
        found = policy.Refusal("refused.unread", {"what": what})
    if isinstance(found, policy.Refusal):
        return refuse(draft, event, found, locale, person.id)
    context = draft.asked_by(person, event.account, event.place, locale)
    if found.command.kind == "operation":
        return operation(draft, event, typed, found, context)
    if found.command.by_role:
        refusal = access.refusal_of_role(house, person, found.command.name, event.place, locale)
        if refusal is not None:
            return refuse(draft, event, refusal, locale, person.id)
    result = calling.answer(found, context)
    if isinstance(result, policy.Refusal):
        return refuse(draft, event, result, locale, person.id)
    if isinstance(result, api.Act) and result.kind == "redrive":
        return dead_letters.by_text(draft, event, person, result)
    if isinstance(result, api.Act):
        decision = votes.by_text(draft, event, context, result)
        changed = decision.request is not None or decision.journal
        if view.recent_asks >= book.asks_per_minute and not changed:
            return refuse_rate(DecisionBuilder(house, view, now), event, locale)
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
        draft.queue(key, key, model.ResolveTargets(result.targets), context=origin)
        return draft.receipt()
    assert isinstance(result, api.Reply)
    mentions = (event.account,)
    message = model.Message(result.title, result.blocks, mentions, event.text, result.file)
    draft.reply(event, message)
    return draft.receipt()


BRAKES = frozenset({"stop", "reject", "cancel", "pause"})
"""Words that only ever halt something. They are carried out however much somebody writes, and
however late they arrive."""


def is_brake(found: parser.Parsed | policy.Refusal) -> bool:
    """Does a message halt something? A word that changes nothing is no brake any more."""
    return isinstance(found, parser.Parsed) and found.command.name in BRAKES


def refusal_of_age(
    draft: DecisionBuilder, event: model.MessageReceived, found: parser.Parsed | policy.Refusal
) -> policy.Refusal | None:
    """Was a message that would start something, or be a vote, written too long ago?"""
    if not isinstance(found, parser.Parsed) or found.command.kind not in ("operation", "vote"):
        return None
    age, most = draft.now - event.at, draft.house.book.oldest_message
    return policy.Refusal("refused.too_old", {"age": age, "most": most}) if age > most else None


def refuse_rate(
    draft: DecisionBuilder, event: model.MessageReceived, locale: str
) -> model.Decision:
    """Too many messages: said and kept once, then neither, until the minute is over."""
    most = draft.house.book.asks_per_minute
    if draft.view.recent_asks > most:
        log.info("a message of %s is over the limit of %d a minute", event.account.id, most)
        return draft.receipt()
    return refuse(draft, event, policy.Refusal("refused.rate", {"most": most}), locale)


def refuse(
    draft: DecisionBuilder,
    event: model.MessageReceived,
    refusal: policy.Refusal,
    locale: str,
    actor: str = "",
) -> model.Decision:
    """Say why not, and keep it in the audit log."""
    who = actor or f"{event.account.platform}:{event.account.id or event.account.name or '?'}"
    text = hidden_values.typed(draft.house.catalog, event.text)
    carried = draft.carried or text != hidden_values.unaddressed(event.text)
    event = replace(event, text=text)
    draft.enter(who, "ask.refused", reason=refusal.key, text=event.text[:200], **chat_facts(event))
    title = texts.say(locale, "refused.title")
    text = refusal_text(locale, refusal)
    if carried:
        text = f"{text} {texts.say(locale, 'refused.hidden.readable')}"
    draft.answer(event, text, title)
    return draft.receipt()


def chat_facts(event: model.MessageReceived) -> dict[str, Any]:
    return {"account": event.account.id, "chat": event.place.chat}


# ----------------------------------------------------------------------------- operations


def operation(
    draft: DecisionBuilder,
    event: model.MessageReceived,
    typed: str,
    found: parser.Parsed,
    context: api.Context,
) -> model.Decision:
    """An operation asked for in a chat; not in one where its approvers could not see the card.
    ``typed`` is the message itself, with what must not be shown again."""
    locale, person = context.locale, context.person
    alone = policy.Refusal("refused.alone") if event.place.direct else None
    refusal = alone or access.refusal_of_right(
        draft.house, person, found.command.name, event.place, locale
    )
    refusal = refusal or new_request.file_request(
        draft,
        found,
        context,
        text=typed,
        place=event.place,
        account=event.account,
        written_at=event.at,
    )
    if refusal is not None:
        return refuse(draft, event, refusal, locale, person.id)
    if draft.carried:
        draft.change(recall="wanted")
        draft.tell_sentence("hidden", "say.hidden.readable", draft.asker())
    return draft.receipt()


# ----------------------------------------------------------------------------- what came back


def resolved(
    house: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The instances were looked up: for a request's plan, or for the ``instances`` command."""
    draft = DecisionBuilder(house, view, now)
    if view.request is None:
        return listed(draft, outcome)
    if not view.request.state.final:
        waits.over(draft)
    if view.request.state is model.State.APPROVED:
        drift.looked(draft, outcome)
    elif view.request.state is model.State.PLANNING:
        planned(draft, outcome)
    elif view.request.state in run_template.GOING:
        run_template.looked(draft, outcome)
    return draft.receipt()


def planned(draft: DecisionBuilder, outcome: model.Outcome) -> None:
    """Freeze the plan on what was found and put it to the vote, or say why not."""
    request = draft.it
    rule = draft.house.book.commands.get(request.command)
    if rule is None:
        refusal = policy.Refusal("refused.not_enabled", {"command": request.command})
        return refuse_request(draft, refusal)
    if not isinstance(outcome, model.Done):
        reason = reason_of(request.locale, outcome)
        return refuse_request(draft, policy.Refusal("refused.lookup", {"reason": reason}))
    template = bool(draft.context.get("template"))
    data = machines.apart(outcome.data, draft.context.get("strays", ()))
    unfit = machines.refusal_of_found(rule, data, scripts=not template)
    unfit = unfit or refusal_of_systems(draft, rule, data)
    if unfit is not None:
        return refuse_request(draft, unfit)
    freeze = plan_template.freeze if template else proposal.freeze
    try:
        plan = freeze(draft, rule, data)
    except plan_preview.Untold as untold:
        return refuse_request(draft, untold.refusal)
    return proposal.ask_for_votes(draft, plan)


def refusal_of_systems(
    draft: DecisionBuilder, rule: policy.CommandRule, data: Mapping[str, Any]
) -> policy.Refusal | None:
    """Can what was noted run on the operating systems that were found?"""
    command, context = draft.it.command, draft.context
    name = context.get("template")
    if not name:
        return systems.refusal_of_script(command, rule, context, data)
    template = draft.template(str(name), context["templates"][name])
    return systems.refusal_of_template(command, template, tuple(context["targets"]), data)


def refuse_request(draft: DecisionBuilder, refusal: policy.Refusal) -> None:
    """End a request that never got as far as a vote."""
    endings.refuse(draft, refusal)


def listed(draft: DecisionBuilder, outcome: model.Outcome) -> model.Decision:
    """Answer the ``instances`` command."""
    effect = draft.view.effect
    assert effect is not None
    origin = effect.context
    account, locale = model.Account(**origin["account"]), str(origin["locale"])
    if isinstance(outcome, model.Done):
        instances = machines.instances_of(outcome.data)
        message = cards.instances_message(locale, instances, (account,), str(origin["text"]))
        unknown = machines.refusal_of_unknown(outcome.data)
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
    draft.queue(key, key, model.Say(places.unpack(origin["place"]), message, draft.fresh(key)))
    return draft.receipt()
