"""How a request ended is told: in its thread, with the votes, the code and the audit stamp."""

from __future__ import annotations

from typing import Any

from bot import cards, model, policy, texts
from bot.core.decision import DecisionBuilder, refusal_text


def outcome(draft: DecisionBuilder, run_name: str = "") -> None:
    """A run has ended, or was refused when it was to start."""
    results = tuple(draft.results.values())
    house, request, votes = draft.house, draft.it, draft.votes
    stamp = draft.stamp()
    message = cards.outcome_message(house, request, votes, results, stamp, run_name)
    draft.tell("outcome", message, final=stamp)


def sentence(draft: DecisionBuilder, what: str, key: str, why: str = "", **facts: Any) -> None:
    """Nothing of it ran, which a sentence says: the phrase ``key``. ``why``: a voter's reason."""
    request = draft.it
    facts = {"id": request.id, "command": request.command, **facts}
    tell(draft, what, texts.say(request.locale, key, **facts), why)


def refuse(draft: DecisionBuilder, refusal: policy.Refusal) -> None:
    """End a request that never got as far as a vote."""
    locale = draft.it.locale
    text = refusal_text(locale, refusal)
    draft.finish(model.State.REFUSED, note=texts.plain(text))
    draft.enter("countersign", "request.refused", reason=refusal.key)
    tell(draft, "refused", text, title=texts.say(locale, "refused.title"))


def tell(draft: DecisionBuilder, what: str, text: str, why: str = "", title: str = "") -> None:
    stamp = draft.stamp()
    message = cards.ending_message(
        draft.house, draft.it, draft.votes, stamp, text, draft.asker(), why, title
    )
    draft.tell(what, message, final=stamp)
