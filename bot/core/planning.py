"""From an answer to "which instances?" to a frozen plan with its digest, ready to be voted on."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot import model, policy
from bot.core import running
from bot.core.draft import Draft
from bot.house import House

SCRIPT_BYTES = 18 * 1024
"""Cloud Assistant takes 24 KB after Base64, which is 18 KB before."""
PLAN_WITHIN = timedelta(minutes=2)


def finding_of_script(draft: Draft, command: str, script: str) -> policy.Finding:
    """What the patterns and the platform's limit say of a rendered script."""
    size = len(script.encode())
    if size > SCRIPT_BYTES:
        facts = {"size": size, "most": SCRIPT_BYTES}
        return policy.Finding(policy.Refusal("refused.script_too_long", facts))
    return examined(draft.house, command, "script", script)


@functools.lru_cache(maxsize=256)
def examined(house: House, command: str, where: str, text: str) -> policy.Finding:
    """``policy.examine``, remembered: the same script and values are asked for again and again."""
    return policy.examine(house.book, command, where, text)


def instances_of(data: Mapping[str, Any]) -> tuple[model.Instance, ...]:
    return tuple(
        model.Instance(
            id=str(found["id"]),
            name=str(found.get("name", "")),
            region=str(found.get("region", "")),
            status=str(found.get("status", "")),
            agent=bool(found.get("agent", True)),
        )
        for found in data.get("instances", ())
    )


def refusal_of_found(
    draft: Draft, rule: policy.CommandRule, data: Mapping[str, Any]
) -> policy.Refusal | None:
    """May the plan run on what was found? Nothing is left out or guessed to make it fit."""
    if data.get("unknown"):
        return policy.Refusal("refused.unknown_targets", {"targets": list(data["unknown"])})
    for target, ids in dict(data.get("ambiguous", {})).items():
        return policy.Refusal("refused.ambiguous_target", {"target": target, "ids": list(ids)})
    found = instances_of(data)
    if not found:
        return policy.Refusal("refused.no_targets")
    regions = sorted({instance.region for instance in found})
    if len(regions) > 1:
        return policy.Refusal("refused.several_regions", {"regions": regions})
    stopped = [i.name or i.id for i in found if i.status and i.status != "Running"]
    if stopped:
        return policy.Refusal("refused.not_running", {"targets": stopped})
    deaf = [i.name or i.id for i in found if not i.agent]
    if deaf:
        return policy.Refusal("refused.no_agent", {"targets": deaf})
    return policy.refusal_of_targets(rule, found)


def freeze(draft: Draft, rule: policy.CommandRule, data: Mapping[str, Any]) -> model.Plan:
    """The plan, from what the command rendered when it was asked for and what was found now."""
    effect = draft.view.effect
    assert effect is not None
    found = instances_of(data)
    return model.Plan(
        command=draft.it.command,
        version=str(effect.context.get("version", "")),
        instances=tuple(model.Instance(i.id, i.name, i.region) for i in found),
        region=found[0].region or rule.region or draft.house.region,
        script="" if rule.command_id else str(effect.context["script"]),
        script_type=str(effect.context.get("script_type", "RunShellScript")),
        command_id=rule.command_id,
        parameters=dict(effect.context.get("parameters", {})) if rule.command_id else {},
        user=rule.user,
        workdir=rule.workdir,
        timeout=rule.timeout,
    )


def ask_for_votes(draft: Draft, plan: model.Plan) -> None:
    """Freeze the plan and put it to the vote; an OA form may have decided it already."""
    book, now = draft.house.book, draft.now
    rule = policy.policy_of(book, draft.it.policy)
    code = model.digest(plan)
    draft.change(state=model.State.PENDING, plan=plan, digest=code, expires_at=now + rule.expires)
    draft.cleared.append("plan")
    draft.enter(
        "countersign",
        "request.planned",
        digest=code,
        instances=[instance.id for instance in plan.instances],
        policy=rule.name,
        version=plan.version,
    )
    if draft.it.form is not None and rule.form_counts and not draft.it.form.late:
        count_form(draft, rule)
    verdict = policy.tally(rule, draft.it.person, draft.votes).verdict
    if verdict == "approved":
        running.start(draft)
        draft.show_card()
        return
    draft.show_card()
    draft.remind("expire", rule.expires)
    if timedelta() < rule.remind < rule.expires:
        draft.remind("remind", rule.remind)


def count_form(draft: Draft, rule: policy.Policy) -> None:
    """Take the people who agreed to the OA form as votes; accounts of nobody known don't count."""
    book, request = draft.house.book, draft.it
    assert request.form is not None
    for account in request.form.approvers:
        person = policy.person_of(book, account)
        if person is None or any(vote.person == person.id for vote in draft.votes):
            why = "unknown account" if person is None else "counted already"
        elif person.id == request.person and not rule.self_approval:
            why = "asked for it"
        else:
            draft.vote(
                model.Vote(
                    request.id, person.id, account, True, request.digest, draft.now, via="form"
                )
            )
            draft.enter(person.id, "vote.cast", approve=True, digest=request.digest, via="form")
            continue
        draft.enter("countersign", "vote.not_counted", account=account.id, reason=why)
