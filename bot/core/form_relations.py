"""What was read of a form that has a request, or that revokes or modifies another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot import model
from bot.core import form_amendments, form_reading
from bot.core.decision import DecisionBuilder

MOST_ATTACHED = 20
"""Instances attached to one form that are read."""


def related(draft: DecisionBuilder, body: model.FetchForm, link: model.FormLink) -> None:
    """A form that revokes or modifies another one: by itself it asks for nothing."""
    if form_reading.waited(draft) and link.status != "running":
        return form_reading.at_once(draft, body)
    before = form_amendments.note(draft, link)
    form_amendments.apply(draft, link.instance)
    if link.status == "running" and (draft.request is None or not draft.request.state.final):
        form_reading.watch(draft, body, link.original)
    if before is not None and before.status == link.status:
        return None
    carry_on(draft, body, link)
    taken = before is not None and before.status == "approved"
    if link.action == "modify" and (link.status == "approved" or taken):
        own = {"as": "own", "for": link.instance, "replaced": replaced(draft, link)}
        late = {"late": True} if form_reading.context_of(draft).get("late") else {}
        form_reading.read(draft, body, f"own:{effect_id(draft)}", {**own, **late})
    return None


def carry_on(draft: DecisionBuilder, body: model.FetchForm, link: model.FormLink) -> None:
    """What is said of a form is said of those, too, that have replaced it meanwhile; and of two
    that replace it the one that was decided later counts."""
    for other in form_amendments.known(draft).values():
        if other.instance in (link.instance, link.original):
            continue
        if (other.action, other.status) != ("modify", "approved"):
            continue
        older, newer = other, link
        if link.action == "modify" and link.status != "approved":
            continue
        if link.action == "modify" and link.decided < other.decided:
            older, newer = link, other
        context = {**form_reading.QUIET, "for": older.instance}
        why = f"for:{older.instance}:{effect_id(draft)}"
        form_reading.read(draft, replace(body, instance=newer.instance), why, context)


def replaced(draft: DecisionBuilder, link: model.FormLink) -> dict[str, Any]:
    """What became of the request of the form that was modified, as it stands now."""
    request, found = draft.request, form_amendments.known(draft).values()
    several = any(
        other.action == "modify" and other.status == "approved" and other.instance != link.instance
        for other in found
    )
    facts: dict[str, Any] = {"original": link.original, "several": several}
    if request is not None:
        earlier = request.form.ran if request.form is not None else ""
        facts["request"] = request.id
        facts["ran"] = request.state.value if form_amendments.began(request) else earlier
        facts["args"] = dict(request.args)
    return facts


def looked(draft: DecisionBuilder, body: model.FetchForm, data: Mapping[str, Any]) -> None:
    """A form that has its request was read again."""
    if form_reading.waited(draft) and data and data.get("status") != "running":
        return form_reading.at_once(draft, body)
    follow(draft, body, data)
    unread(draft, body, data)
    return None


def follow(draft: DecisionBuilder, body: model.FetchForm, data: Mapping[str, Any]) -> None:
    """It may have been taken back, or wait again, which it does on some platforms while its
    revocation is decided: its request does alike."""
    status = data.get("status")
    if data.get("action") == "revoke":  # an earlier release made a request of it
        return form_amendments.withdraw(draft, "revocation")
    if status in ("withdrawn", "reverted"):
        return form_amendments.withdraw(draft)
    known = form_amendments.known(draft).get(body.instance)
    if status == "running" or (status == "approved" and known is not None):
        again: Any = "running" if status == "running" else "rejected"
        own = (body.platform, body.instance, body.instance, body.form)
        form_amendments.note(draft, model.FormLink(*own, "revoke", again))
        form_amendments.apply(draft, body.instance)
        if status == "running" and not draft.it.state.final:
            form_reading.watch(draft, body, body.instance, own=True)
    return None


def unread(draft: DecisionBuilder, body: model.FetchForm, data: Mapping[str, Any]) -> bool:
    """Read the forms about this one that its platform lists with it, before this one once more.
    False: there is none that was not read."""
    listed = [str(each) for each in data.get("attached") or ()][:MOST_ATTACHED]
    fresh = [each for each in listed if each not in form_amendments.known(draft)]
    context = form_reading.context_of(draft)
    if not fresh or context.get("attached"):
        return False
    late = {"late": True} if context.get("late") else {}
    for each in fresh:
        attached = replace(body, instance=each)
        why = f"attached:{effect_id(draft)}"
        form_reading.read(
            draft, attached, why, {**form_reading.QUIET, **late}, form_reading.lane_of(body)
        )
    if draft.request is None:
        again = {**context, "attached": True}
        form_reading.read(draft, body, f"attached:{effect_id(draft)}", again)
    return True


def lost(draft: DecisionBuilder, body: model.FetchForm) -> None:
    """A form that was being decided could not be read: one that is not found several times in a row
    counts as taken back."""
    context = form_reading.context_of(draft)
    known = form_amendments.known(draft).get(body.instance)
    gone = int(context.get("gone", 0)) + 1
    if known is None or known.status != "running":
        return
    if gone < form_reading.GONE:
        form_reading.watch(draft, body, known.original, gone=gone, own=context.get("as") == "own")
        return
    form_amendments.note(draft, replace(known, status="withdrawn"))
    form_amendments.apply(draft, body.instance)


def effect_id(draft: DecisionBuilder) -> int:
    assert draft.view.effect is not None
    return draft.view.effect.id
