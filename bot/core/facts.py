"""The facts that the gate of ``policy`` judges, as the core knows them. Nothing is worked out
before a condition asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from bot import model, policy
from bot.core import plan_preview, plan_template, standing_uses, subjects, systems, values
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.policy import limits, locking, needs, planning, starting

ADOPTED = "found"
"""The batch of a step that somebody else started: it carries no tag of ours, and is looked at by
itself."""


def planning_of(builder: DecisionBuilder, draft: subjects.Draft | None = None) -> planning.Facts:
    """A request that is being planned, before anything more became known of it. ``draft``: its
    plan; None: not all is known that it takes."""
    request, book = builder.it, builder.deployment.book
    facts = planning.Facts(
        book, builder.now, request.command, request.place, request, archive=builder.view.archive
    )
    if draft is None:
        return facts
    return replace(facts, subject=lambda: subjects.of_draft(builder, draft))


def refusal_of_systems(
    builder: DecisionBuilder, context: Mapping[str, Any], data: Mapping[str, Any]
) -> policy.Refusal | None:
    """Can what was noted when it was asked for run on the operating systems that were found?"""
    command, name = builder.it.command, context.get("template")
    if not name:
        rule = builder.deployment.book.commands[command]
        return systems.refusal_of_script(command, rule, context, data)
    template = builder.template(str(name), context["templates"][name])
    return systems.refusal_of_template(command, template, tuple(context["targets"]), data)


def starting_of(
    deployment: Deployment,
    request: model.Request,
    view: model.View,
    now: datetime,
    since: datetime | None = None,
    targets: tuple[model.Instance, ...] | None = None,
    call: model.Effect | None = None,
) -> starting.Facts:
    """A request that is to be approved or started, as the store and this decision have it.
    ``targets``: its instances as they were found again; None: as they stand in its plan.
    ``call``: what is to leave, as it was queued."""
    if view.request is not request:
        view = replace(view, request=request)
    builder, name = DecisionBuilder(deployment, view, now), request.command
    book = builder.deployment.book
    return _Starting(
        book,
        now,
        name,
        request.place,
        request,
        view.votes,
        any(step.batch == ADOPTED for step in view.steps),
        name in book.commands and deployment.catalog.find(name) is not None,
        since,
        builder,
        targets,
        call,
    )


@dataclass(frozen=True)
class _Starting(starting.Facts):
    builder: DecisionBuilder
    targets: tuple[model.Instance, ...] | None
    call: model.Effect | None

    @property
    def intact(self) -> bool:
        plan = self.request.plan
        return plan is None or model.intact(plan, self.builder.deployment.key)

    @property
    def unchanged(self) -> bool:
        plan, voted = self.request.plan, self.request.digest
        if plan is not None and model.digest(plan) != voted:
            return False
        match self.call:
            case model.StartRun(plan=carried, digest=digest):
                return (carried, digest) == (plan, voted)
            case model.RunCall(digest=digest):
                return digest in (voted, "")  # "": queued by an earlier release
            case _:
                return True

    @property
    def mentioned(self) -> tuple[tuple[model.Instance, str], ...]:
        plan = self.request.plan
        if plan is None:
            return ()
        return plan_template.mentioned(self.book.commands[self.command], plan)

    @property
    def decided_unseen(self) -> bool:
        plan = self.request.plan
        if not isinstance(plan, model.TemplateOperation) or plan.format > 1 or not plan.hidden:
            return False
        return bool(plan_preview.faults_of(plan_template.subject_of(self.builder, plan)))

    @property
    def forbidden_value(self) -> limits.ForbiddenValue | None:
        return values.forbidden_now(self.builder, self.book.commands[self.command])

    @cached_property
    def screened(self) -> policy.Verdict:
        return values.screened_now(self.builder)

    @cached_property
    def standing(self) -> policy.Refusal | None:
        return standing_uses.refusal_of(self.builder, self.targets)

    @property
    def freezes(self) -> Sequence[model.Freeze]:
        archive = self.builder.view.archive
        return archive.freezes(self.now) if archive is not None else ()

    @property
    def contention(self) -> locking.Contention | None:
        request = self.request
        if self.foreign or request.state in (model.State.RUNNING, model.State.WAITING):
            return None
        needed = locking.needs_of(self.book, request)
        turn = locking.turn_of(request, self.now)
        return locking.contention(self.builder.view.archive, needed, request.id, turn)

    @property
    def subject(self) -> needs.Subject | None:
        plan = self.request.plan
        return subjects.of_plan(self.builder, plan, self.targets) if plan is not None else None
