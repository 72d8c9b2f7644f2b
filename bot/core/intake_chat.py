"""A message to the bot: from the text to an answer, a vote, or a request to be planned."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from bot import model, policy, redact, source, texts
from bot.commands import api, parameters, registry, reports, searches
from bot.commands.line import parser
from bot.core import (
    absences,
    calling,
    dead_letters,
    intake,
    openings,
    places,
    votes,
)
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import access, identity
from bot.source import masks

log = logging.getLogger(__name__)

_NOTHING = model.Needs()


@dataclass(frozen=True, slots=True)
class Message:
    """A message, parsed: ``event`` has the text as it may be shown, ``line`` the one that was
    typed. ``locale`` is the language to answer in, ``search`` what is looked for among requests,
    ``month`` whose numbers are wanted."""

    event: model.MessageReceived
    line: parser.Line
    locale: str
    search: model.Search | None = None
    month: model.Month | None = None


def read(deployment: Deployment, event: model.MessageReceived) -> Message:
    """A message, and what it asks for."""
    locale = access.locale_of(deployment.book, event.place)
    line = parser.read(deployment.catalog, event.text, locale)
    parsed, search, month = line.parsed, None, None
    try:
        if isinstance(parsed, parser.Parsed) and parsed.command.reads == "history":
            search = search_of(deployment, parsed, event)
        elif isinstance(parsed, parser.Parsed) and parsed.command.reads == "report":
            month = month_of(deployment, parsed, event)
    except source.Invalid as error:
        line = replace(line, parsed=parameters.refusal(error))
    return Message(replace(event, text=line.shown), line, locale, search, month)


def search_of(
    deployment: Deployment, parsed: parser.Parsed, event: model.MessageReceived
) -> model.Search:
    """The search that a line asks for. Invalid: a value of it is none."""
    words = {name: value for name, value in parsed.values.items() if name != "state"}
    state = parsed.values.get("state")
    typed = searches.Words(states=(state,) if state else (), **words)
    search = searches.of(typed, deployment.book, deployment.zone, event.at)
    return replace(search, sight=access.sight(deployment.book, event.account, event.place))


def month_of(
    deployment: Deployment, parsed: parser.Parsed, event: model.MessageReceived
) -> model.Month | None:
    """The month that a line asks about. None: its writer may not ask, so that nothing is counted.
    Invalid: it names none."""
    person = identity.person_of(deployment.book, event.account)
    name, place = parsed.command.name, event.place
    if person is None or not access.may_use(deployment.book, person, name, place):
        return None
    typed = str(parsed.values.get("month") or "")
    return reports.month_of(typed, deployment.zone, event.at)


def needs(message: Message) -> model.Needs:
    """What the store must show for a message."""
    # One without an id chooses its own name: all such share what one person may ask in a chat.
    event, parsed, who = message.event, message.line.parsed, message.event.account
    asks_by = f"{who.platform}:{who.tenant}:{who.id}" if who.id else f"::{event.place.chat}"
    if isinstance(parsed, policy.Refusal):
        return model.Needs(asks_by=asks_by)
    wanted = parsed.command.needs(parsed.values, event.place, event.quoted)
    if parsed.command.name in VOTES:
        wanted = replace(wanted, lead=True)
    if wanted == _NOTHING:
        return model.Needs(platform=event.place.platform, asks_by=asks_by, month=message.month)
    return replace(wanted, platform=event.place.platform, asks_by=asks_by, search=message.search)


def decide(
    deployment: Deployment, message: Message, view: model.View, now: datetime
) -> model.Decision:
    """Decide on a message: the place, the person, the words; then what it asks."""
    builder = DecisionBuilder(deployment, view, now)
    book, event, locale = deployment.book, message.event, message.locale
    builder.carried = message.line.shown != message.line.text
    parsed = message.line.parsed
    brake = is_brake(parsed)
    if view.recent_asks >= book.asks_per_minute and not brake:
        return refuse_rate(builder, event, locale)
    refusal = access.refusal_of_place(book, event.place, event.account)
    person = refusal or identity.known(book, event.account)
    if isinstance(person, policy.Refusal):
        if view.recent_asks >= book.asks_per_minute:
            return refuse_rate(builder, event, locale)
        return refuse(builder, event, person, locale)
    if not brake:
        refusal = refusal_of_age(builder, event, parsed)
        if refusal is not None:
            return refuse(builder, event, refusal, locale, person.id)
    if event.unread:
        what = texts.say(locale, f"unread.{event.unread}")
        parsed = policy.Refusal("refused.unread", {"what": what})
    if isinstance(parsed, policy.Refusal):
        return refuse(builder, event, parsed, locale, person.id)
    context = builder.asked_by(person, event.account, event.place, locale)
    if parsed.command.kind == "operation":
        return operation(builder, message, parsed.command, person)
    if parsed.command.by_role:
        refusal = access.refusal_of_role(
            deployment.book, person, parsed.command.name, event.place, locale
        )
        if refusal is not None:
            return refuse(builder, event, refusal, locale, person.id)
    result = calling.answer(parsed, context)
    if isinstance(result, policy.Refusal):
        return refuse(builder, event, result, locale, person.id)
    if isinstance(result, api.Act) and result.kind == "redrive":
        return dead_letters.by_text(builder, event, person, result)
    if isinstance(result, api.Act) and result.kind in ("away", "back"):
        return absences.by_text(builder, event, person, result)
    if isinstance(result, api.Act):
        decision = votes.by_text(builder, event, context, result)
        changed = decision.request or decision.journal or decision.standing
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
    reply = model.Message(result.title, result.blocks, mentions, event.text, result.file)
    builder.reply(event, reply)
    return builder.receipt()


VOTES = ("approve", "reject")
"""Words that are votes: of requests on one card, on all of them."""
BRAKES = frozenset({"stop", "reject", "cancel", "pause", "revoke"})
"""Words that only ever halt something. They are carried out however much somebody writes, and
however late they arrive."""


def is_brake(parsed: parser.Parsed | policy.Refusal) -> bool:
    """Does a message halt something? A word that changes nothing is no brake any more."""
    return isinstance(parsed, parser.Parsed) and parsed.command.name in BRAKES


def refusal_of_age(
    builder: DecisionBuilder, event: model.MessageReceived, parsed: parser.Parsed | policy.Refusal
) -> policy.Refusal | None:
    """Was a message that would start something, or be a vote, written too long ago?"""
    if not isinstance(parsed, parser.Parsed) or parsed.command.kind not in ("operation", "vote"):
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
    text = redact.typed(builder.deployment.catalog.hidden, event.text)
    carried = builder.carried or text != masks.without_tokens(event.text)
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


def chat_facts(event: model.MessageReceived) -> dict[str, object]:
    return {"account": event.account.id, "chat": event.place.chat}


# ----------------------------------------------------------------------------- operations


def operation(
    builder: DecisionBuilder, message: Message, command: registry.Command, person: policy.Person
) -> model.Decision:
    """An operation asked for in a chat."""
    event, locale = message.event, message.locale
    parsed = message.line.parsed
    assert isinstance(parsed, parser.Parsed)
    zone = builder.deployment.book.timezone
    starts = openings.start_of(parsed.start, zone, event.at, builder.now)
    if isinstance(starts, policy.Refusal):
        return refuse(builder, event, starts, locale, person.id)
    submission = intake.Submission(
        person, event.account, event.place, locale, command, message.line,
        written_at=event.at, starts_at=starts,
    )  # fmt: skip
    refusal = intake.file(builder, submission)
    if refusal is not None:
        return refuse(builder, event, refusal, locale, person.id)
    if builder.carried:
        builder.change(recall="wanted")
        builder.tell_sentence("hidden", "say.hidden.readable", builder.asker())
    return builder.receipt()
