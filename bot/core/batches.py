"""Requests of one person that are voted on together, on the card of the first of them.

Each of them holds the same ``Batch``: its members and one digest over all their plans. Votes are
cast on the first; the transaction that writes one puts in a due time for each of the others, which
takes it over and decides by itself. So a vote that is in the store is followed by all of them,
whenever the process ends. Who joins or leaves makes another batch of all that are still voted on,
with another digest, on which nobody has voted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot import model, policy, texts
from bot.core import authority, endings, reachability, reminders, run_control
from bot.core.decision import BATCH_TIMER, DecisionBuilder
from bot.policy import quorum

TIMER = BATCH_TIMER
SCRIPTS = (model.ScriptPlan, model.StoredCommandPlan)
"""Plans whose runs ask people nothing, so that they need no card of their own."""


# ----------------------------------------------------------------------------- who is in it


def join(builder: DecisionBuilder, needed: quorum.Quorum) -> bool:
    """Put a request that was just planned on the card of one like it. False: there is none, and it
    gets its own."""
    request, archive = builder.it, builder.view.archive
    if not needed.batch or archive is None or not is_alone(request):
        return False
    most = builder.deployment.book.most_per_batch
    pending = {one.id: one for one in archive.pending(request.person, request.command, 2 * most)}
    for one in pending.values():
        if builder.now - one.created_at >= needed.batch or not is_like(builder, needed, one):
            continue
        numbers = one.batch.members if one.batch is not None else (one.id,)
        members = [pending[number] for number in numbers if number in pending]
        if len(members) != len(numbers) or len(members) >= most:
            continue
        if any(each.batch != one.batch or archive.has_votes(each.id) for each in members):
            continue
        until = min(request.expires_at, members[0].expires_at)
        builder.change(expires_at=until)
        regroup(builder, (*members, builder.it))
        lead, count = members[0].id, len(members) + 1
        builder.tell_sentence("batch", "say.batch.joined", lead=lead, count=count)
        return True
    return False


def is_alone(request: model.Request) -> bool:
    """Is it a script that was asked for in a chat, to start at once, with nothing hidden in it, and
    without votes that were cast beforehand?"""
    return (
        isinstance(request.plan, SCRIPTS)
        and request.form is None
        and not request.rules
        and not request.recall
        and not request.hold
        and request.starts_at is None
        and request.standing is None
    )


def is_like(builder: DecisionBuilder, needed: quorum.Quorum, other: model.Request) -> bool:
    """Does another request need the same people for the same reasons, in the same place?"""
    request = builder.it
    here, there = request.place, other.place
    return (
        is_alone(other)
        and (here.platform, here.tenant, here.chat, here.thread)
        == (there.platform, there.tenant, there.chat, there.thread)
        and (request.locale, request.risk, request.escalated, request.policy_names)
        == (other.locale, other.risk, other.escalated, other.policy_names)
        and quorum.of(builder.deployment.book, other) == needed
    )


def leave(builder: DecisionBuilder) -> None:
    """Those that stay are another batch; the request itself is left as it is."""
    batch = builder.it.batch
    stay = [one for one in builder.peers() if waits(builder, one)]
    if batch is not None and stay:
        regroup(builder, stay)


def split(builder: DecisionBuilder, person: policy.Person) -> run_control.Answer:
    """Take a request out to a card of its own, where votes begin anew."""
    number, locale = builder.it.id, builder.locale
    key = refusal_of_split(builder, person)
    if key:
        builder.enter(person.id, "act.refused", reason=key, action="split")
        return texts.say(locale, key, id=number), "warning"
    part(builder)
    builder.enter(person.id, "batch.split")
    return texts.say(locale, "batch.split", id=number), "success"


def part(builder: DecisionBuilder) -> None:
    """Give a request that is voted on with others a card of its own."""
    request = builder.it
    if request.batch is not None:
        leave(builder)
        builder.change(batch=None)
        show(builder, anew=not request.leads)


def refusal_of_split(builder: DecisionBuilder, person: policy.Person) -> str:
    """Why this person may not take the request out now, as the key of a sentence; "": they may."""
    if not builder.peers():
        return "batch.none"
    if builder.it.state is not model.State.PENDING:
        return "batch.decided"
    people = quorum.electorate(quorum.of(builder.deployment.book, builder.it))
    return "" if person.id in (builder.it.person, *people) else "batch.not_yours"


def regroup(builder: DecisionBuilder, members: Sequence[model.Request]) -> None:
    """Let these be one batch, on the card of the first, which shows all of them; one alone is none.
    The audit log keeps who is voted on together from now on."""
    alone = len(members) == 1
    batch = None if alone else model.batch_of((one.id, one.digest) for one in members)
    for one in members:
        own = builder if one.id == builder.it.id else builder.beside(one)
        own.change(batch=batch)
        if one is members[0]:
            show(own, anew=not one.leads)
        if own is not builder:
            builder.regrouped[one.id] = own.it
            builder.effects += own.effects
            builder.timers += own.timers
    numbers, digest = [one.id for one in members], batch.digest if batch is not None else ""
    builder.enter("countersign", "batch.changed", requests=numbers, digest=digest)


def show(builder: DecisionBuilder, anew: bool) -> None:
    """Let the card tell what it is now; or send one, where it had none of its own."""
    if anew:
        builder.show_card()
        reachability.follow_people(builder)
        needed, until = builder.ballot()[0], builder.it.expires_at
        reminders.wait(builder, "remind", needed, until)
    else:
        builder.update_card()


# ----------------------------------------------------------------------------- votes


def refusal_of_approval(builder: DecisionBuilder) -> policy.Refusal | None:
    """Why nobody can agree now. One of a batch that may not start says so when it is to, and keeps
    the others from nothing: there must be none that may."""
    refusal = authority.refusal_of_approval(builder)
    others = map(builder.beside, builder.peers() if refusal is not None else ())
    if any(authority.refusal_of_approval(one) is None for one in others):
        return None
    return refusal


def follow(builder: DecisionBuilder) -> None:
    """Take over the votes that were cast on the card where the request stands with others, and do
    what they come to. Where the first of them was decided on otherwise, it is voted on anew."""
    request, batch = builder.it, builder.it.batch
    pending = request.state is model.State.PENDING and not request.hold
    if batch is None or request.leads or not pending:
        return
    for vote in votes_for(request, builder.view.batch_votes):
        if any((one.person, one.digest) == (vote.person, vote.digest) for one in builder.votes):
            continue
        builder.votes = (*builder.votes, vote)
        builder.change()
        builder.enter(
            vote.person,
            "vote.cast",
            approve=vote.approve,
            digest=request.digest,
            batch=batch.digest,
            via=vote.via,
            **({"reason": vote.reason} if vote.reason else {}),
        )
    verdict = builder.tally().verdict
    if verdict == "approved":
        run_control.start(builder)
        builder.update_card()
    elif verdict == "rejected":
        last = next(vote for vote in reversed(builder.ballot()[1]) if not vote.approve)
        endings.rejected(builder, last.person, last.reason)
    elif not is_led(builder) and builder.now < request.expires_at:
        stay = [one for one in builder.peers() if waits(builder, one)]
        members = sorted((builder.it, *stay), key=lambda one: one.id)
        regroup(builder, members)


def is_led(builder: DecisionBuilder) -> bool:
    """Is the request voted on whose card it is?"""
    host = builder.host()
    return host is not None and is_pending(host) and host.batch == builder.it.batch


def votes_for(request: model.Request, votes: Sequence[model.Vote]) -> Iterator[model.Vote]:
    """The votes on the card of a request's batch, as votes on the request itself."""
    if request.batch is None:
        return
    for vote in votes:
        if vote.digest.startswith(f"{request.batch.digest}:"):
            yield replace(vote, request=request.id, digest=request.subject)


def waits(builder: DecisionBuilder, other: model.Request) -> bool:
    """Is another request of the batch still voted on, by the votes that are in?"""
    votes = builder.votes if builder.it.leads else builder.view.batch_votes
    needed, _ = quorum.ballot_of(builder.deployment.book, other)
    verdict = quorum.tally(needed, tuple(votes_for(other, votes))).verdict
    return is_pending(other) and verdict == "waiting"


def is_pending(request: model.Request) -> bool:
    return request.state is model.State.PENDING


def numbers(requests: Sequence[model.Request]) -> list[str]:
    """What requests are called: "#42"."""
    return [f"#{one.id}" for one in requests]
