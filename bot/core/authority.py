"""Whether what was approved may start, judged by the configuration of that very moment.

Asked when a run is started, before each further start within it, and once more in the transaction
that claims the call. What only reads, and what stops, always goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot import model, policy, texts
from bot.core import endings, plan_preview, plan_template, values
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import access, identity, limits, quorum

NOT_AUTHORISED = "not_authorised"
"""The code of a refusal that was made here, and not by a platform."""
FOUND = "found"
"""The batch of a step that somebody else started: it carries no tag of ours, and is looked at by
itself."""
FORM_HOLDS = ("revoking", "modifying")
"""Why a request is held: a form about its own is being decided. Its time does not run then."""
WORDS_THAT_START = ("approve", "confirm", "resume")


def refusal_of_claim(
    deployment: Deployment, effect: model.StoredEffect, view: model.View, now: datetime
) -> model.Refused | None:
    """Why an effect that was just claimed must not be sent; None: it may be."""
    request = view.request
    if request is None or not starts(effect.body):
        return None
    refusal = refusal_of_start(deployment, request, view, now, since(effect, request, view))
    return refused(request.locale, refusal) if refusal is not None else None


def refused(locale: str, refusal: policy.Refusal) -> model.Refused:
    """A refusal as the outcome of what was not sent."""
    data = {"key": refusal.key, "facts": dict(refusal.facts)}
    return model.Refused(refusal_text(locale, refusal), NOT_AUTHORISED, data)


def since(effect: model.StoredEffect, request: model.Request, view: model.View) -> datetime | None:
    """When an effect could first have been sent, by the clock as it goes now; None: nobody noted
    it."""
    if isinstance(effect.body, model.RunCall):
        return effect.body.at
    if "at" in effect.context:
        return datetime.fromisoformat(str(effect.context["at"]))
    return approved(request, view)


def approved(request: model.Request, view: model.View) -> datetime | None:
    """When a request was approved, by the clock as it goes now."""
    lag = view.shift - timedelta(seconds=request.shift)
    return request.approved_at + lag if request.approved_at is not None else None


def starts(body: model.Effect) -> bool:
    """Does it start something, or change something?"""
    match body:
        case model.StartRun():
            return not body.lookup
        case model.SignalRun():
            return body.word in WORDS_THAT_START
        case model.RunCall():
            return not (body.lookup or body.cleanup or model.calls.harmless(body.what))
        case _:
            return False


def began(builder: DecisionBuilder, refused: model.Refused | None = None) -> bool:
    """Was anything of the request let out that starts or changes something? Not what was claimed
    and ``refused`` together with the effect that this is about."""
    archive = builder.view.archive
    assert archive is not None
    together = refused.data.get(model.TOGETHER, ()) if refused is not None else ()
    return any(starts(body) for body in archive.sent(builder.it.id, tuple(together)))


def may_start(builder: DecisionBuilder) -> bool:
    """May the request that was just approved, or whose targets were just looked at, start now?
    Where it may not, it ends here."""
    at = approved(builder.it, builder.view)
    refusal = refusal_of_start(builder.deployment, builder.it, builder.seen(), builder.now, at)
    if refusal is not None:
        not_started(builder, refused(builder.it.locale, refusal))
    return refusal is None


def not_started(builder: DecisionBuilder, outcome: model.Refused) -> None:
    """It was approved, and refused before anything of it began: nothing ran."""
    for step in tuple(builder.steps.values()):
        builder.step(replace(step, state="failed", error=outcome.reason))
    builder.take_back("start:")
    builder.take_back("call:")
    builder.finish(model.State.NOT_STARTED, note=texts.plain(outcome.reason))
    builder.enter(
        "countersign",
        "request.not_started",
        reason=str(outcome.data.get("key", "")),
        why=outcome.reason,
        digest=builder.it.digest,
    )
    builder.update_card()
    endings.outcome(builder)


# ----------------------------------------------------------------------------- what is judged


def refusal_of_start(
    deployment: Deployment,
    request: model.Request,
    view: model.View,
    now: datetime,
    at: datetime | None,
) -> policy.Refusal | None:
    """Why nothing of this request may start now; None: it may. ``at``: when it first could have."""
    if request.plan is not None and not model.intact(request.plan, deployment.key):
        return policy.Refusal("authority.sealed", {"id": request.id})
    refusal = refusal_of_request(deployment, request, view.steps)
    refusal = refusal or refusal_of_hidden(deployment, request, view, now)
    builder = DecisionBuilder(deployment, replace(view, request=request), now)
    refusal = refusal or refusal_of_values(builder)
    asked = request if is_found(view.steps) else values.stricter(builder)
    refusal = refusal or refusal_of_votes(deployment.book, asked, view)
    within = quorum.of(deployment.book, request).run_within
    if refusal is None and at is not None and now - at > within:
        facts = {"id": request.id, "age": now - at, "within": within}
        return policy.Refusal("authority.too_late", facts)
    return refusal


def refusal_of_request(
    deployment: Deployment, request: model.Request, steps: Iterable[model.Step]
) -> policy.Refusal | None:
    """Why this request can neither be approved nor started, whatever votes there are."""
    if request.state.final:
        return policy.Refusal("authority.ended", {"id": request.id})
    if request.hold:
        return refusal_of_hold(request)
    if is_found(steps):
        return None
    rule = deployment.book.commands.get(request.command)
    if rule is None or deployment.catalog.find(request.command) is None:
        facts = {"id": request.id, "command": request.command}
        return policy.Refusal("authority.command", facts)
    refusal = refusal_of_requester(deployment.book, request)
    if refusal is None and request.plan is not None:
        here = tuple(one for one in request.plan.instances if one.id not in request.gone)
        refusal = limits.refusal_of_targets(rule, here)
        refusal = refusal or plan_template.refusal_of_mentions(rule, request.plan)
    return refusal


def refusal_of_hidden(
    deployment: Deployment, request: model.Request, view: model.View, now: datetime
) -> policy.Refusal | None:
    """Could something hidden decide what a plan does, so that nobody read what they approved? Such
    plans are no longer made; earlier releases put them to the vote."""
    plan = request.plan
    if plan is None or plan.format > 1 or not plan.template or not plan.hidden:
        return None
    if is_found(view.steps):
        return None
    faults = plan_preview.faults_of(
        plan_template.subject_of(DecisionBuilder(deployment, view, now), plan)
    )
    return policy.Refusal("authority.hidden", {"id": request.id}) if faults else None


def refusal_of_values(builder: DecisionBuilder) -> policy.Refusal | None:
    """May the values of a plan still be used? Nobody judges those of what others started."""
    rule = builder.deployment.book.commands.get(builder.it.command)
    if rule is None or builder.it.plan is None or is_found(builder.steps.values()):
        return None
    return values.refusal_now(builder, rule)


def refusal_of_requester(book: policy.Book, request: model.Request) -> policy.Refusal | None:
    """Is whoever asked still known, and may they still ask for this here? Where the account is
    another person's now, both must be allowed."""
    holder = identity.person_of(book, request.account)
    then = book.people.get(request.person)
    facts = {"id": request.id, "command": request.command, "name": request.person}
    if (then is None and holder is None) or (request.account.id and holder is None):
        return policy.Refusal("authority.requester", facts)
    for person in (then, holder):
        if person is not None and not access.may_use(book, person, request.command, request.place):
            return policy.Refusal("authority.right", {**facts, "name": person.name})
    return None


def refusal_of_votes(
    book: policy.Book, request: model.Request, view: model.View
) -> policy.Refusal | None:
    """Do the votes on the plan, and on what its run asked, still suffice? Those on a question that
    took the same agreement as the plan stand in for those on the plan."""
    asked = [replace(request, ballot=ballot) for ballot in request.passed]
    if not is_found(view.steps) and not any(ballot.whole for ballot in request.passed):
        asked.append(replace(request, ballot=None))
    for one in asked:
        needed, digest = quorum.ballot_of(book, one)
        if quorum.tally(needed, quorum.votes_on(digest, view.votes)).verdict != "approved":
            return policy.Refusal("authority.votes", {"id": request.id, "policy": needed.name})
    return None


def is_found(steps: Iterable[model.Step]) -> bool:
    """Did somebody else start it, on another engine?"""
    return any(step.batch == FOUND for step in steps)


def refusal_of_hold(request: model.Request) -> policy.Refusal:
    """Why the request is held, as a sentence."""
    key = f"hold.{request.hold}"
    return policy.Refusal(key if key in texts.PHRASES else "hold.other", {"id": request.id})
