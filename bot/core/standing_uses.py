"""Requests within the bounds of a standing approval: its votes count for them.

The approval is a row of the store that is read, and whose uses are counted, in the transaction in
which a request gets its plan; it is judged anew in every transaction that starts something of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from bot import model, policy
from bot.core.decision import DecisionBuilder, refusal_text
from bot.deployment import Deployment
from bot.policy import standing


def content_of(
    deployment: Deployment, command: str, version: str, templates: Mapping[str, str]
) -> str:
    """The digest of what a command runs: its files, and the settings by which they run."""
    rule = deployment.book.commands[command]
    facts = {
        "command": command,
        "version": version,
        "templates": dict(templates),
        "engine": rule.engine,
        "user": rule.user,
        "workdir": rule.workdir,
        "region": rule.region or deployment.region,
        "stored": [rule.command_id, rule.oos_template, rule.oos_version],
    }
    return hashlib.sha256(model.canonical(facts).encode()).hexdigest()


def use_of(
    deployment: Deployment,
    request: model.Request,
    plan: model.Plan,
    targets: tuple[model.Instance, ...] | None = None,
) -> standing.Use:
    """What a plan would do, on its own instances or on these."""
    templates = plan.templates if isinstance(plan, model.TemplateOperation) else {}
    content = content_of(deployment, request.command, plan.version, templates)
    instances = (*plan.instances, *plan.mentions) if targets is None else targets
    return standing.Use(request, instances, content)


def cover(builder: DecisionBuilder) -> bool:
    """Let the votes on a standing approval count for the plan that was just frozen, where one
    covers it. True: with them it is approved. Where one would, and does not count now, its thread
    is told why."""
    request, plan, archive = builder.it, builder.it.plan, builder.view.archive
    assert plan is not None
    if request.standing is not None:
        builder.change(standing=None)
    if archive is None or request.hold:
        return False
    approvals = archive.standing_for(request.command, builder.now)
    book = builder.deployment.book
    use = use_of(builder.deployment, request, plan)
    choice = standing.choice(book, approvals, use, builder.now)
    if choice.approval is not None:
        count(builder, choice.approval, request.standing)
        return builder.tally().verdict == "approved"
    if choice.refusals:
        refusal = choice.refusals[0]
        number = int(refusal.facts["number"])
        builder.enter("countersign", "standing.not_counted", standing=number, reason=refusal.key)
        why = refusal_text(request.locale, refusal)
        what = f"standing:{request.digest[:16]}:v{request.version}"
        builder.tell_sentence(what, "say.standing.not_counted", why=why)
    return False


def count(
    builder: DecisionBuilder, approval: model.StandingApproval, before: model.StandingUse | None
) -> None:
    """One more use of an approval; a request whose targets were looked at again is no other use."""
    request, use = builder.it, approval.uses + 1
    if before is not None and before.number == approval.number:
        use = before.use
    votes = standing.votes_for(builder.deployment.book, approval, request)
    known = {(vote.person, vote.digest) for vote in builder.votes}
    builder.votes += tuple(vote for vote in votes if (vote.person, vote.digest) not in known)
    builder.standing = replace(approval, uses=max(approval.uses, use))
    builder.change(
        standing=model.StandingUse(
            approval.number, approval.request.person, approval.until, use, approval.most
        )
    )
    builder.enter(
        "countersign",
        "standing.used",
        standing=approval.number,
        by=[vote.person for vote in votes],
        digest=request.digest,
        use=use,
    )


def refusal_of(
    builder: DecisionBuilder, targets: tuple[model.Instance, ...] | None
) -> policy.Refusal | None:
    """Why the standing approval by whose votes a request is approved does not count now; None: it
    does, or there is none."""
    request, use, archive = builder.it, builder.it.standing, builder.view.archive
    if use is None or request.plan is None or archive is None:
        return None
    approval = archive.standing(use.number)
    if approval is None:
        return policy.Refusal("standing.over", {"number": use.number})
    book = builder.deployment.book
    now = use_of(builder.deployment, request, request.plan, targets)
    at = request.started_at or builder.now
    refusal = standing.refusal_of(book, approval, now.content, at)
    if refusal is None and not standing.concerns(book, approval, now):
        refusal = policy.Refusal("standing.outside", {"number": use.number})
    return refusal
