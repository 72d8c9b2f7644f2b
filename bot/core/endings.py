"""How a request ended is told: in its thread, with the votes, the code and the audit stamp."""

from __future__ import annotations

from bot import cards, model, policy, texts
from bot.core.decision import DecisionBuilder, refusal_text


def outcome(builder: DecisionBuilder, run_name: str = "") -> None:
    """A run has ended, or was refused when it was to start."""
    results = tuple(builder.results.values())
    deployment, request, votes = builder.deployment, builder.it, builder.votes
    stamp = builder.stamp()
    message = cards.outcome_message(deployment, request, votes, results, stamp, run_name)
    builder.tell("outcome", message, final=stamp)


def sentence(builder: DecisionBuilder, what: str, key: str, why: str = "", **facts: object) -> None:
    """Nothing of it ran, which a sentence says: the phrase ``key``. ``why``: a voter's reason."""
    request = builder.it
    facts = {"id": request.id, "command": request.command, **facts}
    tell(builder, what, texts.say(request.locale, key, **facts), why)


def rejected(builder: DecisionBuilder, by: str, reason: str) -> None:
    """The votes are in, and against it."""
    builder.finish(model.State.REJECTED, by=by)
    builder.enter(by, "request.rejected", **({"reason": reason} if reason else {}))
    builder.update_card()
    name = cards.name_of(builder.deployment, by)
    sentence(builder, "rejected", "say.rejected", reason, name=name)


def refuse(builder: DecisionBuilder, refusal: policy.Refusal) -> None:
    """End a request that never got as far as a vote."""
    locale = builder.it.locale
    text = refusal_text(locale, refusal)
    builder.finish(model.State.REFUSED, note=texts.plain(text))
    builder.enter("countersign", "request.refused", reason=refusal.key)
    tell(builder, "refused", text, title=texts.say(locale, "refused.title"))


def tell(builder: DecisionBuilder, what: str, text: str, why: str = "", title: str = "") -> None:
    stamp = builder.stamp()
    message = cards.ending_message(
        builder.deployment, builder.it, builder.votes, stamp, text, builder.asker(), why, title
    )
    builder.tell(what, message, final=stamp)
