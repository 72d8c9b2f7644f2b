"""A stored command that was run by its id: what ran is compared with what was shown."""

from __future__ import annotations

from collections.abc import Mapping

from bot import cards, model, texts
from bot.core.decision import DecisionBuilder


def note(builder: DecisionBuilder, invocation: str, data: Mapping[str, object]) -> None:
    """Tell at once, and on the card for good, that something else ran, or that nobody can say."""
    content = data.get("content")
    request = builder.it
    plan, locale = request.plan, request.locale
    if content not in ("different", "unseen") or not isinstance(plan, model.StoredCommandPlan):
        return
    facts = {"name": plan.command_id, "id": request.id, "why": str(data.get("why", ""))}
    what = texts.say(locale, f"incident.{content}", **facts)
    builder.change(incident=what)
    builder.enter(
        "countersign",
        "run.incident",
        what=content,
        command=plan.command_id,
        invocation=invocation,
        shown=plan.definitions[0].digest if plan.definitions else "",
        why=facts["why"],
    )
    text = texts.say(locale, "say.incident", id=request.id, command=request.command, what=what)
    blocks: tuple[model.Block, ...] = ()
    if content == "different":
        head = texts.say(locale, "say.incident.ran")
        blocks = (cards.para(cards.span(head)), model.Block("pre", text=str(data.get("ran", ""))))
    accounts = list(builder.asker())
    for vote in builder.votes:
        if vote.approve and vote.account.platform == request.place.platform and vote.account.id:
            accounts.append(vote.account)
    mentions = tuple(dict.fromkeys(accounts))
    message = cards.sentence(cards.title_of(request), text, mentions, quote=request.text)
    whole = model.Message(message.title, (*message.blocks, *blocks), mentions, message.quote)
    builder.tell(f"incident:{invocation}", whole)
