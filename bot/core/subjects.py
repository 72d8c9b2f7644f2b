"""What is asked for, as the tables of ``[[policy.when]]`` are held to it: by its plan, and what was
typed for it."""

from __future__ import annotations

from collections.abc import Callable

from bot import model, policy
from bot.core import plan_preview, plan_template
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.policy import access, humans, needs, screening
from bot.source import masks

Draft = Callable[[], model.Plan]
"""Makes the plan as it would be put to the vote. May raise ``plan_preview.Unshowable``."""


def of_draft(builder: DecisionBuilder, draft: Draft) -> needs.Subject | None:
    """What is about to be put to the vote; None: it cannot be, as it cannot be shown."""
    try:
        return of_plan(builder, draft())
    except plan_preview.Unshowable:
        return None


def of_plan(
    builder: DecisionBuilder,
    plan: model.Plan,
    targets: tuple[model.Instance, ...] | None = None,
) -> needs.Subject:
    """A plan of the builder's request, on its own instances or on these. Its hours are those of the
    moment, or of that at which its run began."""
    request, book = builder.it, builder.deployment.book
    people = humans.holders(book, humans.requester(request))
    group = access.group_of(book, request.place.platform, request.place.chat)
    return needs.Subject(
        request.command,
        group.name if group is not None else "",
        frozenset().union(*(book.people[one].roles for one in people if one in book.people)),
        frozenset((request.risk, risk_of(builder.deployment, request.command))),
        (*request.args.items(), *plan.parameters.items()),
        lambda: passages_of(builder, plan),
        (*plan.instances, *plan.mentions) if targets is None else targets,
        request.started_at or builder.now,
    )


def risk_of(deployment: Deployment, command: str) -> str:
    """How the configuration rates a command, else its file; "": neither does."""
    rule, known = deployment.book.commands.get(command), deployment.catalog.find(command)
    usual = known.risk if known is not None else ""
    return (rule.risk if rule is not None else "") or usual


def passages_of(
    builder: DecisionBuilder, plan: model.Plan
) -> tuple[screening.Passage, ...] | policy.Refusal:
    """The words, every value, and what would run. Of the words only what is shown was kept: the
    hidden values stand beside them."""
    request, script = builder.it, plan.script
    if isinstance(plan, model.TemplateOperation):
        try:
            script = plan_preview.real(plan_template.subject_of(builder, plan))
        except plan_preview.Unshowable as error:
            return error.refusal
    hidden = [plan.parameters.get(name) for name in plan.hidden]
    typed = [text for text in masks.strings(dict(request.args)) if text != masks.MASK]
    values = dict.fromkeys(filter(None, (*typed, *masks.strings(dict(plan.parameters)))))
    return (
        *(screening.Passage("text", text) for text in (request.text, *masks.strings(hidden))),
        *(screening.Passage("value", text) for text in values),
        screening.Passage("script", script),
    )
