"""Forms that revoke or modify another one: what that means for the request of the other.

Who may revoke a form is the platform's business. What was decided there is taken as it is, in
whatever order it becomes known: what is known of such forms is kept by the form that they are
about, also where that has no request (yet).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from bot import cards, model
from bot.core import authority, live_runs, proposal, questions, run_control, run_template, votes
from bot.core.decision import VOTE_TIMERS, DecisionBuilder
from bot.policy import quorum

HOLDS = authority.FORM_HOLDS
NOT_RUN = (
    model.State.REJECTED,
    model.State.EXPIRED,
    model.State.REFUSED,
    model.State.NOT_STARTED,
)


def link_of(body: model.FetchForm, data: Mapping[str, Any]) -> model.FormLink | None:
    """The form that was read as one that revokes or modifies another; None: it does not."""
    action, original = data.get("action"), str(data.get("original") or "")
    if action not in ("revoke", "modify"):
        return None
    status = str(data.get("status"))
    if status not in ("approved", "rejected", "running"):
        status = "withdrawn"
    return model.FormLink(
        body.platform,
        original,
        body.instance,
        body.form,
        action,
        status,  # type: ignore[arg-type]
        int(data.get("decided") or 0),
    )


def known(builder: DecisionBuilder) -> dict[str, model.FormLink]:
    """What is known of forms about the form at hand, by their instances, as changed so far."""
    return {link.instance: link for link in (*builder.view.links, *builder.links)}


def standing(links: Iterable[model.FormLink]) -> str:
    """How a form stands: revoked, modified, revoking, modifying (both not decided yet), or ""."""
    states = {(link.action, link.status) for link in links}
    for action, status, word in (
        ("revoke", "approved", "revoked"),
        ("modify", "approved", "modified"),
        ("revoke", "running", "revoking"),
        ("modify", "running", "modifying"),
    ):
        if (action, status) in states:
            return word
    return ""


def note(builder: DecisionBuilder, link: model.FormLink) -> model.FormLink | None:
    """Keep what became known of a form about another; returns what was known before. One that was
    decided does not become undecided by an answer that comes late."""
    before = known(builder).get(link.instance)
    own = link.instance == link.original
    stale = before is not None and before.status != "running" and link.status == "running"
    if before == link or (stale and not own):
        return before
    builder.links.append(link)
    if before is None or before.status != link.status:
        builder.enter(
            f"{link.platform}:form",
            f"form.{link.action}",
            form=link.form,
            instance=link.instance,
            original=link.original,
            status=link.status,
        )
    return before


def apply(builder: DecisionBuilder, cause: str) -> None:
    """Let the request of the form at hand be as the forms about it want it. ``cause``: the form
    that has just become known."""
    if builder.request is None:
        return
    word = standing(known(builder).values())
    if word in ("revoked", "modified"):
        withdraw(builder, word, cause)
    elif word:
        hold(builder, word, cause)
    else:
        lift(builder, cause)


# ----------------------------------------------------------------------------- taken back


def withdraw(builder: DecisionBuilder, why: str = "withdrawn", cause: str = "") -> None:
    """Cancel what has not begun, and warn about what has. ``why``: withdrawn, revoked, modified, or
    a revocation itself. No platform says for certain who did it, so the card names the deed."""
    request = builder.it
    if request.state in (model.State.PLANNING, model.State.PENDING):
        votes.call_off(builder, "", f"say.cancelled.{why}")
    elif not request.state.final and not authority.began(builder):
        builder.take_back("start:")
        builder.take_back("call:")
        live_runs.forget(builder)
        votes.call_off(builder, "", f"say.cancelled.{why}")
    elif began(request):
        state = cards.state_word(request.locale, request)
        key = f"{why}:{cause}" if cause else why
        builder.tell_sentence(key, f"say.{why}.late", builder.asker(), state=state)


def began(request: model.Request) -> bool:
    """May something of it have run?"""
    if request.cancelled == "called_off":
        return False
    if request.state in (model.State.FAILED, model.State.CANCELLED):
        return request.started_at is not None
    return request.state not in (*NOT_RUN, model.State.PLANNING, model.State.PENDING)


# ----------------------------------------------------------------------------- held


def hold(builder: DecisionBuilder, why: str, cause: str) -> None:
    """Let nobody approve it, and nothing of it start, while a form about it is decided. What has
    begun goes on, and its people are told."""
    request = builder.it
    if request.state.final or request.hold == why:
        return
    if request.hold and request.hold not in HOLDS:
        return
    waits = request.state in (model.State.PLANNING, model.State.PENDING)
    if not waits and authority.began(builder):
        return builder.tell_sentence(f"{why}:{cause}", f"say.hold.{why}.late", builder.asker())
    if request.state is model.State.APPROVED:
        take_approval_back(builder)
    builder.change(hold=why)
    builder.cleared.extend(("expire", "remind", *VOTE_TIMERS))
    builder.enter("countersign", "request.held", why=why)
    builder.update_card()
    return builder.tell_sentence(
        f"{why}:{cause}:v{builder.it.version}", f"say.hold.{why}", builder.asker()
    )


def take_approval_back(builder: DecisionBuilder) -> None:
    """It was approved, and certainly nothing of it has been sent: it waits for votes again, under a
    new code, so that no vote of before counts."""
    plan = builder.it.plan
    assert plan is not None
    builder.take_back("start:")
    fresh = replace(plan, nonce=builder.view.nonce)
    builder.change(approved_at=None, plan=fresh)
    proposal.put(builder, fresh)


def lift(builder: DecisionBuilder, cause: str) -> None:
    """The form about it came to nothing: it waits for votes again, for as long as a new one."""
    request = builder.it
    if request.state.final or request.hold not in HOLDS:
        return
    builder.change(hold="")
    builder.enter("countersign", "request.released", why=request.hold)
    if builder.it.state in run_template.GOING:
        return go_on(builder, cause)
    if builder.it.state is not model.State.PENDING:
        return
    rule = quorum.of(builder.deployment.book, builder.it)
    builder.change(expires_at=builder.now + rule.expires)
    if proposal.settled_by_form(builder, rule):
        run_control.start(builder)
        builder.tell_sentence(
            f"released:{cause}:v{builder.it.version}", "say.released", builder.asker()
        )
    else:
        proposal.wait_for_votes(builder, rule)
        mentions = cards.accounts_of(
            builder.deployment, builder.tally().waiting_for, builder.it.place
        )
        builder.tell_sentence(f"released:{cause}:v{builder.it.version}", "say.released", mentions)
    builder.update_card()


def go_on(builder: DecisionBuilder, cause: str) -> None:
    """Its run had begun, though nothing was started in it. What it waits for can be answered again,
    for as long as something new."""
    asks = builder.it.ballot
    people: tuple[str, ...] = ()
    if asks is not None and asks.voted:
        rule, votes = builder.ballot()
        people = quorum.tally(rule, votes).waiting_for
        if asks.expires_at is not None:
            builder.change(ballot=replace(asks, expires_at=builder.now + rule.expires))
            questions.wait_for_votes(builder, rule)
    elif asks is not None:
        people = questions.askers(builder, asks)
    mentions = cards.accounts_of(builder.deployment, people, builder.it.place)
    builder.tell_sentence(f"released:{cause}:v{builder.it.version}", "say.released", mentions)
    builder.update_card()
