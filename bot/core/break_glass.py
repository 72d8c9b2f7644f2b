"""Break-glass: a request starts at once without its votes, everybody who could have voted is told,
and they ratify it afterwards or object.

Who broke the glass, on which plan, and until when the approvers answer stands in the request, and
that time in a row of due times, too; all of it is written in the transaction that lets it start. So
a bot that is killed in between has either done nothing of it, or goes on with all of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from bot import cards, model, policy, texts
from bot.core import authority, batches, plan_reading, run_control
from bot.core.decision import DecisionBuilder, approvers_of, refusal_text
from bot.policy import access, glass, identity, quorum

TIMER = "ratify"
MOST = 1000
"""So many of the last are looked at for how often a person did it."""


def start(
    builder: DecisionBuilder, person: policy.Person, account: model.Account, reason: str
) -> run_control.Answer:
    """Start a request without its votes, if this person may, and tell everybody."""
    before, locale = builder.it, builder.locale
    refusal = refusal_of(builder, person, account, reason)
    if refusal is None:
        refusal = stand_in(builder, person, account, reason)
        if refusal is not None:
            builder.request = before
    if refusal is not None:
        builder.enter(person.id, "breakglass.refused", reason=refusal.key)
        return refusal_text(locale, refusal), "warning"
    record(builder, person)
    if before.state is model.State.PENDING:
        run_control.decide(builder)
    tell(builder)
    if before.state is model.State.PENDING:
        batches.part(builder)
    run_control.begin(builder)
    builder.update_card()
    return texts.say(locale, "glass.done", id=before.id), "success"


def refusal_of(
    builder: DecisionBuilder, person: policy.Person, account: model.Account, reason: str
) -> policy.Refusal | None:
    """Why this person may not do it: it is not voted on and does not wait, they have no right or no
    reason, or have not read the plan."""
    request, archive = builder.it, builder.view.archive
    assert archive is not None
    if request.state is not model.State.PENDING and not request.scheduled:
        state = cards.state_word(builder.locale, replace(request, locale=builder.locale))
        return policy.Refusal("glass.not_now", {"id": request.id, "state": state})
    others = archive.broken(builder.now - glass.WITHIN, MOST)
    book = builder.deployment.book
    refusal = glass.refusal_of_breaking(book, request, person, reason, builder.now, others)
    if refusal is not None:
        return refusal
    unread = plan_reading.still_to_read(builder, person, account)
    if unread is None:
        return None
    coming = unread.key == "vote.read_coming"
    return replace(unread, key="glass.read_coming" if coming else "glass.read_first")


def stand_in(
    builder: DecisionBuilder, person: policy.Person, account: model.Account, reason: str
) -> policy.Refusal | None:
    """Let it stand in for the votes by all policies of now; or why the request may not start.
    Policies that are needed only now are added to those of the request, so that their approvers
    ratify it, too."""
    request, book, now = builder.it, builder.deployment.book, builder.now
    by = glass.party(book, person, account)
    builder.change(glass=model.BrokenGlass(by, now, reason, request.digest, now))
    verdict = authority.verdict_of_start(builder)
    names = tuple(dict.fromkeys((*request.policy_names, *verdict.policies)))
    if verdict.refusal is None and names != request.policy_names:
        builder.change(policies=names)
        verdict = authority.verdict_of_start(builder)
    every = glass.rules(book, names)
    if verdict.refusal is not None or every is None:
        return verdict.refusal
    until = now + min(one.ratify for one in every)
    builder.change(glass=model.BrokenGlass(by, now, reason, request.digest, until))
    return None


def record(builder: DecisionBuilder, person: policy.Person) -> None:
    """Enter in the audit log that it starts without approval, how many had agreed, and what would
    have kept it from starting."""
    request, broken = builder.it, builder.it.glass
    assert broken is not None
    tally, opening = builder.tally(), request.opening
    builder.enter(
        person.id,
        "breakglass.used",
        reason=broken.reason,
        digest=broken.digest,
        policies=list(request.policy_names),
        approved=tally.verdict == "approved",
        by=approvers_of(builder.ballot()[1]),
        have=tally.have,
        need=tally.need,
        closed=(opening.name or opening.kind) if opening is not None else "",
        until=broken.until.isoformat(),
    )
    builder.timers.append(model.Timer(request.id, TIMER, broken.until))


# ----------------------------------------------------------------------------- who is told


def tell(builder: DecisionBuilder) -> None:
    """Tell the thread, mentioning everybody who may answer; each of them directly; the groups."""
    request, deployment = builder.it, builder.deployment
    people = quorum.electorate(glass.ratifiers(deployment.book, request))
    mentions = cards.accounts_of(deployment, people, builder.thread)
    key = "say.glass.opening" if builder.tally().verdict == "approved" else "say.glass"
    builder.tell(f"glass:v{request.version}", message(builder, key, request.locale, mentions))
    for who in people:
        account = account_of(builder, who)
        if account is not None:
            place = model.Place(account.platform, account.tenant, account.id, direct=True)
            say(builder, place, message(builder, key, request.locale))
    tell_groups(builder, key)


def tell_groups(builder: DecisionBuilder, key: str) -> None:
    """Say it in the groups that its policies name, but for the one that it was asked in."""
    request, book = builder.it, builder.deployment.book
    names = {one for rule in glass.rules(book, request.policy_names) or () for one in rule.groups}
    for group in book.groups:
        here = (group.platform, group.chat) == (request.place.platform, request.place.chat)
        if group.name in names and not here:
            tenant = min(book.tenants.get(group.platform, frozenset()), default="")
            place = model.Place(group.platform, tenant, group.chat)
            say(builder, place, message(builder, key, access.locale_of(book, place)))


def message(
    builder: DecisionBuilder, key: str, locale: str, mentions: tuple[model.Account, ...] = ()
) -> model.Message:
    tally = builder.tally()
    return cards.glass_message(builder.deployment, builder.it, tally, key, locale, mentions)


def say(builder: DecisionBuilder, place: model.Place, said: model.Message) -> None:
    """Say something outside of the request's thread, once for this version of it."""
    where = f"{place.platform}:{place.chat}"
    key = f"say:{builder.name}:glass:v{builder.it.version}:{where}"
    builder.queue(key, key, model.Say(place, said, builder.fresh(key)))


def account_of(builder: DecisionBuilder, who: str) -> model.Account | None:
    """Where a person is told directly: on the platform of the request, else where they are."""
    book, origin = builder.deployment.book, builder.it.place
    own = identity.account_of(book, who, origin.platform, origin.tenant)
    held = identity.accounts_held(book, who)
    if own is not None or not held:
        return own
    return model.Account(*held[0], book.people[who].name)


# ----------------------------------------------------------------------------- afterwards


def answer(
    builder: DecisionBuilder,
    person: policy.Person,
    account: model.Account,
    approve: bool,
    reason: str,
    via: Literal["card", "text"],
) -> run_control.Answer:
    """Count who ratifies it or objects; the last vote that is needed ends the question."""
    if is_late(builder):
        end(builder, "unanswered")
    request, book, locale = builder.it, builder.deployment.book, builder.locale
    refusal = glass.refusal_of_vote(book, request, builder.votes, person)
    if refusal is not None or request.glass is None:
        key = refusal.key if refusal is not None else "glass.nothing"
        builder.enter(person.id, "vote.refused", reason=key, via=via)
        return refusal_text(locale, refusal or policy.Refusal(key)), "warning"
    word, digest = "ratify" if approve else "object", request.glass.ballot
    builder.vote(
        model.Vote(request.id, person.id, account, approve, digest, builder.now, reason, via, word)
    )
    facts = {"reason": reason} if reason else {}
    builder.enter(
        person.id, "vote.cast", approve=approve, digest=digest, via=via, word=word, **facts
    )
    tally = quorum.tally(glass.ratifiers(book, request), glass.votes_on(request, builder.votes))
    if tally.verdict == "waiting":
        builder.update_card()
        return run_control.counted(builder, tally, approve), "success"
    outcome: Literal["ratified", "objected"] = (
        "ratified" if tally.verdict == "approved" else "objected"
    )
    end(builder, outcome)
    return texts.say(locale, f"glass.{outcome}", id=request.id), "success"


def is_late(builder: DecisionBuilder) -> bool:
    """Is the time to answer over, and nobody has noted that yet?"""
    broken = builder.it.glass
    return broken is not None and not broken.outcome and builder.now >= broken.until


def due(builder: DecisionBuilder) -> None:
    """The time to answer may be over."""
    if is_late(builder):
        end(builder, "unanswered")


def end(builder: DecisionBuilder, outcome: Literal["ratified", "objected", "unanswered"]) -> None:
    """Note what came of the question, and tell it. What was objected to and has not begun does not
    begin; of what runs, nothing more starts. That nobody answered is told to all once more."""
    request, broken = builder.it, builder.it.glass
    assert broken is not None
    cast = glass.votes_on(request, builder.votes)
    by = [vote.person for vote in cast if vote.approve is (outcome == "ratified")]
    builder.change(glass=replace(broken, outcome=outcome))
    builder.cleared.append(TIMER)
    builder.enter("countersign", f"breakglass.{outcome}", by=by, digest=broken.digest)
    names = cards.names_of(builder.deployment, by)
    key = f"say.glass.{outcome}"
    if outcome == "unanswered":
        needed = glass.ratifiers(builder.deployment.book, request)
        waiting = quorum.tally(needed, cast).waiting_for
        mentions = cards.accounts_of(builder.deployment, waiting, builder.thread)
        said = message(builder, key, request.locale, mentions)
        builder.tell(f"glass:{outcome}:{broken.ballot[:16]}", said)
        tell_groups(builder, key)
    else:
        who = cards.accounts_of(builder.deployment, (broken.by.person,), builder.thread)
        builder.tell_sentence(f"glass:{outcome}:{broken.ballot[:16]}", key, who, names=names)
    if outcome == "objected" and builder.it.scheduled:
        run_control.begin(builder)
    builder.update_card()
