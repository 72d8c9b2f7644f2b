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


def related(builder: DecisionBuilder, body: model.FetchForm, link: model.FormLink) -> None:
    """A form that revokes or modifies another one: by itself it asks for nothing."""
    if form_reading.waited(builder) and link.status != "running":
        return form_reading.at_once(builder, body)
    before = form_amendments.note(builder, link)
    form_amendments.apply(builder, link.instance)
    if link.status == "running" and (builder.request is None or not builder.request.state.final):
        form_reading.watch(builder, body, link.original)
    if before is not None and before.status == link.status:
        return None
    carry_on(builder, body, link)
    approved = before is not None and before.status == "approved"
    if link.action == "modify" and (link.status == "approved" or approved):
        own = {"as": "own", "for": link.instance, "replaced": replaced(builder, link)}
        late = {"late": True} if form_reading.context_of(builder).get("late") else {}
        form_reading.read(builder, body, f"own:{effect_id(builder)}", {**own, **late})
    return None


def carry_on(builder: DecisionBuilder, body: model.FetchForm, link: model.FormLink) -> None:
    """What is said of a form is said of those, too, that have replaced it meanwhile; and of two
    that replace it the one that was decided later counts."""
    for other in form_amendments.known(builder).values():
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
        why = f"for:{older.instance}:{effect_id(builder)}"
        form_reading.read(builder, replace(body, instance=newer.instance), why, context)


def replaced(builder: DecisionBuilder, link: model.FormLink) -> dict[str, object]:
    """What became of the request of the form that was modified, as it stands now."""
    request, links = builder.request, form_amendments.known(builder).values()
    several = any(
        other.action == "modify" and other.status == "approved" and other.instance != link.instance
        for other in links
    )
    facts: dict[str, Any] = {"original": link.original, "several": several}
    if request is not None:
        earlier = request.form.ran if request.form is not None else ""
        facts["request"] = request.id
        facts["ran"] = request.state.value if form_amendments.began(request) else earlier
        facts["args"] = dict(request.args)
    return facts


def looked(builder: DecisionBuilder, body: model.FetchForm, data: Mapping[str, object]) -> None:
    """A form that has its request was read again."""
    if form_reading.waited(builder) and data and data.get("status") != "running":
        return form_reading.at_once(builder, body)
    follow(builder, body, data)
    unread(builder, body, data)
    return None


def follow(builder: DecisionBuilder, body: model.FetchForm, data: Mapping[str, object]) -> None:
    """It may have been taken back, or wait again, which it does on some platforms while its
    revocation is decided: its request does alike."""
    status = data.get("status")
    if data.get("action") == "revoke":  # an earlier release made a request of it
        return form_amendments.withdraw(builder, "revocation")
    if status in ("withdrawn", "reverted"):
        return form_amendments.withdraw(builder)
    known = form_amendments.known(builder).get(body.instance)
    if status == "running" or (status == "approved" and known is not None):
        again: Any = "running" if status == "running" else "rejected"
        own = (body.platform, body.instance, body.instance, body.form)
        form_amendments.note(builder, model.FormLink(*own, "revoke", again))
        form_amendments.apply(builder, body.instance)
        if status == "running" and not builder.it.state.final:
            form_reading.watch(builder, body, body.instance, own=True)
    return None


def unread(builder: DecisionBuilder, body: model.FetchForm, data: Mapping[str, Any]) -> bool:
    """Read the forms about this one that its platform lists with it, before this one once more.
    False: there is none that was not read."""
    listed = [str(each) for each in data.get("attached") or ()][:MOST_ATTACHED]
    fresh = [each for each in listed if each not in form_amendments.known(builder)]
    context = form_reading.context_of(builder)
    if not fresh or context.get("attached"):
        return False
    late = {"late": True} if context.get("late") else {}
    for each in fresh:
        attached = replace(body, instance=each)
        why = f"attached:{effect_id(builder)}"
        form_reading.read(
            builder, attached, why, {**form_reading.QUIET, **late}, form_reading.lane_of(body)
        )
    if builder.request is None:
        again = {**context, "attached": True}
        form_reading.read(builder, body, f"attached:{effect_id(builder)}", again)
    return True


def lost(builder: DecisionBuilder, body: model.FetchForm) -> None:
    """A form that was being decided could not be read: one that is not found several times in a row
    counts as taken back."""
    context = form_reading.context_of(builder)
    known = form_amendments.known(builder).get(body.instance)
    gone = int(context.get("gone", 0)) + 1
    if known is None or known.status != "running":
        return
    if gone < form_reading.GONE:
        form_reading.watch(builder, body, known.original, gone=gone, own=context.get("as") == "own")
        return
    form_amendments.note(builder, replace(known, status="withdrawn"))
    form_amendments.apply(builder, body.instance)


def effect_id(builder: DecisionBuilder) -> int:
    assert builder.view.effect is not None
    return builder.view.effect.id
