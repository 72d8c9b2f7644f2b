"""Whether what was approved may start, judged by the configuration of that very moment.

Asked when a run is started, before each further start within it, and once more in the transaction
that claims the call. What only reads, and what stops, always goes on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot import model, policy, texts
from bot.core import endings, facts, locks, openings
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment

NOT_AUTHORISED = "not_authorised"
"""The code of a refusal that was made here, and not by a platform."""
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
    at = since(effect, request, view)
    refusal = refusal_of_start(deployment, request, view, now, at, call=effect.body)
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
    """When a request was approved, or could first start after that, by the clock as it goes now."""
    if request.approved_at is None:
        return None
    at = request.approved_at + view.shift - timedelta(seconds=request.shift)
    if request.lock_wait is not None:
        locks = view.archive.locks_of(request.id) if view.archive is not None else ()
        freed = [one.freed_at for one in locks if one.freed_at is not None]
        return max(at, *freed) if freed else None
    opened = request.opening.at if request.opening is not None else request.opened_at
    return max(at, opened) if opened is not None else at


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
    Where it may not yet, it waits for that; where it may not, it ends here."""
    at = approved(builder.it, builder.view)
    refusal = refusal_of_start(
        builder.deployment, builder.it, builder.current_view(), builder.now, at
    )
    if refusal is None:
        openings.over(builder)
        locks.take(builder)
        return True
    outcome = refused(builder.it.locale, refusal)
    if not wait(builder, outcome):
        not_started(builder, outcome)
    return False


def wait(builder: DecisionBuilder, outcome: model.Refused) -> bool:
    """Let it wait, where it may not start for a reason that ends by itself. False: for another."""
    return openings.wait(builder, outcome) or locks.wait(builder, outcome)


def put_back(builder: DecisionBuilder, outcome: model.Refused) -> bool:
    """Its first calls were refused as they were to leave: nothing of it began, and it waits as if
    they had never been queued. False: that reason does not end by itself."""
    if not wait(builder, outcome):
        return False
    for step in tuple(builder.steps.values()):
        builder.step(replace(step, state="held"))
    builder.take_back("start:")
    builder.change(nonce=builder.view.nonce or builder.it.nonce)
    return True


def refusal_on(
    builder: DecisionBuilder, targets: tuple[model.Instance, ...]
) -> policy.Refusal | None:
    """Why a request that may start may not start on its targets as they are now."""
    at, view = approved(builder.it, builder.view), builder.current_view()
    return refusal_of_start(builder.deployment, builder.it, view, builder.now, at, targets)


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


# ----------------------------------------------------------------------------- the gate


def refusal_of_start(
    deployment: Deployment,
    request: model.Request,
    view: model.View,
    now: datetime,
    since: datetime | None,
    targets: tuple[model.Instance, ...] | None = None,
    call: model.Effect | None = None,
) -> policy.Refusal | None:
    """Why nothing of this request may start now; None: it may. ``since``: when it first could
    have; ``targets``: its instances as they were found again; ``call``: what is to leave."""
    starting = facts.starting_of(deployment, request, view, now, since, targets, call)
    return policy.evaluate(policy.START, starting).refusal


def verdict_of_start(builder: DecisionBuilder) -> policy.Verdict:
    """May the request of this decision start at this moment, and by which further policies?"""
    starting = facts.starting_of(
        builder.deployment, builder.it, builder.current_view(), builder.now
    )
    return policy.evaluate(policy.START, starting)


def refusal_of_approval(builder: DecisionBuilder) -> policy.Refusal | None:
    """Why nobody can agree to this request now, whatever votes there are."""
    approving = facts.starting_of(
        builder.deployment, builder.it, builder.current_view(), builder.now
    )
    return policy.evaluate(policy.APPROVE, approving).refusal
