"""Dead letters: who may say that one is to be sent once more, and what is kept of that."""

from __future__ import annotations

from dataclasses import replace

from bot import model, policy, texts
from bot.commands import api, deliveries
from bot.core.decision import DecisionBuilder
from bot.policy import access, quorum


def by_text(
    builder: DecisionBuilder, event: model.MessageReceived, person: policy.Person, wish: api.Act
) -> model.Decision:
    """``redrive 12`` by somebody whose role allows it."""
    book = builder.deployment.book
    locale = builder.spoken = access.locale_of(book, event.place)
    letter = next((one for one in builder.view.letters if one.number == wish.letter), None)
    trial = quorum.is_for_trial(book, event.account.platform)
    if letter is None or not letter.dead or trial:
        key = "redrive.evaluation" if trial else refusal_of(letter)
        builder.enter(person.id, "act.refused", reason=key, action=wish.kind)
        state = texts.say(locale, f"dead.state.{letter.state}") if letter else ""
        platform = event.account.platform
        text = texts.say(locale, key, number=wish.letter, state=state, platform=platform)
        builder.answer(event, text)
        return builder.receipt(text, "warning")
    builder.entries.append(entry(letter, person.id))
    key = "redrive.doubtful" if letter.state == "unknown" else "redrive.queued"
    where = deliveries.target(locale, book, letter.deliver)
    text = texts.say(
        locale, key, number=letter.number, subject=deliveries.subject(locale, letter), target=where
    )
    builder.answer(event, text)
    return replace(builder.receipt(text, "success"), redriven=(letter.number,))


def refusal_of(letter: model.Letter | None) -> str:
    """Why this one cannot be sent once more, as the key of a sentence."""
    if letter is None:
        return "redrive.none"
    return "redrive.done" if letter.state == "done" else "redrive.open"


def entry(letter: model.Letter, actor: str) -> model.AuditEntry:
    """What is kept of sending a letter once more."""
    return model.AuditEntry(
        actor=actor,
        action="letter.redriven",
        facts={
            "letter": letter.number,
            "rule": letter.deliver.rule,
            "target": letter.deliver.target,
            "source": letter.deliver.event["source"],
            "event": letter.deliver.event["id"],
            "state": letter.state,
            "attempts": letter.attempts,
        },
    )


def once_more(letter: model.Letter, actor: str) -> model.Decision:
    """The same without a chat, by whoever has the store at hand. ``letter`` must be dead."""
    return model.Decision(redriven=(letter.number,), audit=(entry(letter, actor),))
