"""What stays of a request once its texts are removed: who, what, when, where, and every digest."""

from __future__ import annotations

from dataclasses import replace

from bot import model


def stripped(request: model.Request, why: str) -> model.Request:
    """A request that has ended, without what people typed, the values it ran with, and what came
    out. ``why``: the reason as ``Request.removed`` has it."""
    form = request.form
    return replace(
        request,
        text="",
        args={},
        reason="",
        note="",
        incident="",
        escalated="",
        progress=None,
        passed=(),
        clickers=(),
        place=replace(request.place, webhook=""),
        form=replace(form, title="", changes=()) if form is not None else None,
        plan=plan_of(request.plan) if request.plan is not None else None,
        removed=why,
    )


def plan_of(plan: model.Plan) -> model.Plan:
    """A plan without values and contents; its digest goes on standing for them."""
    match plan:
        case model.StoredCommandPlan():
            return replace(plan, script="", parameters={})
        case model.ScriptPlan():
            return replace(plan, script="")
        case model.RemoteTemplatePlan():
            return replace(
                plan, script="", parameters={}, targets=(), selectors=(), preview="", sealed={}
            )
        case model.TemplatePlan():
            return replace(plan, parameters={}, targets=(), selectors=(), preview="", sealed={})


def vote(of: model.Vote) -> model.Vote:
    return replace(of, reason="")


def step(of: model.Step) -> model.Step:
    return replace(of, error="")


def result(of: model.InstanceResult) -> model.InstanceResult:
    return replace(of, output="", error="", dropped=0)
