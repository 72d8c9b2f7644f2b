"""Whether what was approved may start, judged by the configuration of that very moment.

Asked when a run is started, before each further start within it, and once more in the transaction
that claims the call. What only reads, and what stops, always goes on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot import model, policy, texts
from bot.core import endings
from bot.core.draft import Draft, refusal_text
from bot.house import House

NOT_AUTHORISED = "not_authorised"
"""The code of a refusal that was made here, and not by a platform."""
WORDS_THAT_START = ("approve", "confirm", "resume")


def refusal_of_claim(
    house: House, effect: model.StoredEffect, view: model.View, now: datetime
) -> model.Refused | None:
    """Why an effect that was just claimed must not be sent; None: it may be."""
    request = view.request
    if request is None or not starts(effect.body):
        return None
    refusal = refusal_of_start(house, request)
    if refusal is None:
        return None
    data = {"key": refusal.key, "facts": dict(refusal.facts)}
    return model.Refused(refusal_text(request.locale, refusal), NOT_AUTHORISED, data)


def starts(body: model.Effect) -> bool:
    """Does it start something, or change something?"""
    match body:
        case model.StartRun():
            return not body.lookup
        case model.TellRun():
            return body.word in WORDS_THAT_START
        case model.RunCall():
            kind = body.what["kind"]
            reads = kind in ("select_targets", "approve") or (kind == "api" and body.what["reads"])
            return not (body.lookup or body.cleanup or reads)
        case _:
            return False


def began(draft: Draft) -> bool:
    """Was anything of the request let out that starts or changes something?"""
    archive = draft.view.archive
    assert archive is not None
    return any(starts(body) for body in archive.sent(draft.it.id))


def not_started(draft: Draft, outcome: model.Refused) -> None:
    """It was approved, and refused before anything of it began: nothing ran."""
    for step in tuple(draft.steps.values()):
        draft.step(replace(step, state="failed", error=outcome.reason))
    draft.take_back("start:")
    draft.take_back("call:")
    draft.finish(model.State.NOT_STARTED, note=outcome.reason, ballot=None)
    draft.enter(
        "countersign",
        "request.not_started",
        reason=str(outcome.data.get("key", "")),
        why=outcome.reason,
        digest=draft.it.digest,
    )
    draft.update_card()
    endings.outcome(draft)


def refusal_of_start(house: House, request: model.Request) -> policy.Refusal | None:
    """Why nothing of this request may start now; None: it may."""
    if request.state.final:
        return policy.Refusal("authority.ended", {"id": request.id})
    if request.hold:
        return refusal_of_hold(request)
    if request.plan is not None and not model.intact(request.plan, house.key):
        return policy.Refusal("authority.sealed", {"id": request.id})
    return None


def refusal_of_hold(request: model.Request) -> policy.Refusal:
    """Why the request is held, as a sentence."""
    key = f"hold.{request.hold}"
    return policy.Refusal(key if key in texts.PHRASES else "hold.other", {"id": request.id})
