"""Whether people enough are left to approve what a request asks, and telling when they are not; and
who is told when others come on call who may approve it."""

from __future__ import annotations

from dataclasses import replace

from bot import cards, model
from bot.commands import needs
from bot.core.decision import DecisionBuilder
from bot.policy import quorum

TIMER = "people"
"""The kind of the timer by which a request is looked at again."""


def asks(request: model.Request) -> bool:
    """Is it voted on now?"""
    if request.hold or not request.leads:
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


def follow_people(builder: DecisionBuilder) -> None:
    """Note who is on call by the rotas of its policies and which of its approvers are away, and
    look at it again when that changes."""
    needed, _ = builder.ballot()
    if needed.rotas:
        builder.change(on_call=needed.on_call)
    away = tuple(sorted(quorum.absent(needed).items()))
    if away != builder.it.away:
        builder.change(away=away)
    wait_for_change(builder, needed)


def wait_for_change(builder: DecisionBuilder, needed: quorum.Quorum) -> None:
    """Look at it again when others come on call, or somebody is to be back."""
    known = needed.book.absences.known
    changes = [known[who].until for who in quorum.absent(needed)]
    shift = needed.book.oncall.next_change(needed.rotas, builder.now)
    changes += [shift] if shift is not None else []
    if changes:
        builder.timers.append(model.Timer(builder.it.id, TIMER, min(changes)))


def look_again(builder: DecisionBuilder) -> None:
    """Other people than before may approve it: those of a changed configuration, those who came on
    call, or those who stand in for somebody who is away."""
    recheck(builder)
    if asks(builder.it):
        hand_over(builder)
        stand_in(builder)
    if asks(replace(builder.it, hold="")):
        wait_for_change(builder, builder.ballot()[0])


def stand_in(builder: DecisionBuilder) -> None:
    """Where an approver left or came back, the card says so; those who stand in now are told."""
    needed, votes = builder.ballot()
    before, absent, request = builder.it.away, quorum.absent(needed), builder.it
    if before == tuple(sorted(absent.items())):
        return
    builder.change(away=tuple(sorted(absent.items())))
    builder.update_card()
    known = {other for _, other in before}
    waiting = quorum.tally(needed, votes).waiting_for
    people = tuple(
        who for who in dict.fromkeys(absent.values()) if who in waiting and who not in known
    )
    until = request.ballot.expires_at if request.ballot is not None else request.expires_at
    if not people or until is None:
        return
    builder.enter("countersign", "request.handed_over", people=list(people))
    message = builder.sentence(
        "say.stand_in",
        cards.accounts_of(builder.deployment, people, request.place),
        absent=cards.names_of(
            builder.deployment, (who for who, other in absent.items() if other in people)
        ),
        time=cards.moment(builder.deployment, until),
        left=until - builder.now,
    )
    builder.tell(f"stand_in:v{builder.it.version}", message, spare="reminder")


def hand_over(builder: DecisionBuilder) -> None:
    """Where others came on call, the card says so, and those who may vote now are told."""
    needed, votes = builder.ballot()
    before, now, request = set(builder.it.on_call), set(needed.on_call), builder.it
    if before == now:
        return
    builder.change(on_call=needed.on_call)
    builder.update_card()
    waiting = quorum.tally(needed, votes).waiting_for
    people = [who for who in waiting if who in now - before]
    builder.enter("countersign", "request.handed_over", people=people)
    until = request.ballot.expires_at if request.ballot is not None else request.expires_at
    if not people or until is None:
        return
    message = builder.sentence(
        "say.on_call",
        cards.accounts_of(builder.deployment, people, request.place),
        time=cards.moment(builder.deployment, until),
        left=until - builder.now,
    )
    builder.tell(f"on_call:v{builder.it.version}", message, spare="reminder")
