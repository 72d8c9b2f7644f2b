"""Whether people enough are left to approve what a request asks, and telling when they are not."""

from __future__ import annotations

from bot import model
from bot.commands import needs
from bot.core.decision import DecisionBuilder
from bot.policy import quorum

TIMER = "people"
"""The kind of the timer by which a request is looked at again."""


def asks(request: model.Request) -> bool:
    """Is it voted on now?"""
    if request.hold:
        return False
    return request.state is model.State.PENDING or (
        request.ballot is not None and request.ballot.voted
    )


def recheck(builder: DecisionBuilder) -> None:
    """Note whether it can still be approved; tell its thread once when it cannot any more. The card
    says so for as long as it is true."""
    request = builder.it
    if not asks(request):
        return
    short = quorum.shortages(*builder.ballot())
    if bool(short) == request.unreachable:
        return
    builder.change(unreachable=bool(short))
    builder.update_card()
    if not short:
        builder.enter("countersign", "request.reachable")
    else:
        builder.enter("countersign", "request.unreachable", policy=short[0].policy.name)
        why = needs.shortage_text(builder.deployment.book, request.locale, short[0])
        what = f"unreachable:v{builder.it.version}"
        builder.tell_sentence(what, "say.unreachable", builder.asker(), why=why)
