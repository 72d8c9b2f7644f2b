"""The targets of an approved template, looked at once more before it runs: what changed since the
vote is shown, and left out or asked again as the configuration says."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot import cards, model, texts
from bot.core import (
    authority,
    endings,
    facts,
    machines,
    plan_preview,
    plan_template,
    proposal,
    run_control,
    run_template,
    standing_uses,
)
from bot.core.decision import DecisionBuilder, reason_of, refusal_text
from bot.policy import quorum

log = logging.getLogger(__name__)

Template = model.TemplatePlan | model.RemoteTemplatePlan


def looked(builder: DecisionBuilder, outcome: model.Outcome) -> None:
    """The targets as they are now. Nothing that was not voted on ever runs."""
    try:
        compare(builder, outcome)
    except run_template.BROKEN as e:
        log.exception("the targets of request %d cannot be compared", builder.it.id)
        give_up(builder, f"{type(e).__name__}: {e}"[:300])


def compare(builder: DecisionBuilder, outcome: model.Outcome) -> None:
    """Go on with the targets that were voted on, with fewer, or ask again: also where the tags that
    they have now call for more people. On another engine what was approved runs as it is: there
    fewer are asked for again, too."""
    plan = builder.it.plan
    assert isinstance(plan, Template)
    if not authority.may_start(builder):
        return None
    rule = builder.deployment.book.commands[builder.it.command]
    if not isinstance(outcome, model.Done):
        return give_up(builder, reason_of(builder.it.locale, outcome))
    now = {instance.id: instance for instance in machines.instances_of(outcome.data)}
    then = [instance.id for instance in plan.instances]
    gone = tuple(one for one in then if one not in now)
    new = tuple(one for one in now if one not in then)
    more = authority.refusal_on(builder, tuple(now[one] for one in then if one in now))
    if not gone and not new and more is None:
        return run_control.go(builder)
    way = rule.drift if more is None else "ask"
    builder.enter("countersign", "plan.drifted", gone=list(gone), new=list(new), then=way)
    if way == "intersect" and not (plan.away and gone):
        return leave_out(builder, plan, gone, [now[one] for one in new])
    return ask_again(builder, plan, outcome, gone)


def names(instances: list[model.Instance]) -> list[str]:
    return [cards.instance_name(one) for one in instances]


def leave_out(
    builder: DecisionBuilder, plan: Template, gone: tuple[str, ...], new: list[model.Instance]
) -> None:
    """Run on those that were voted on and are still there."""
    if any(plan_template.emptied(plan.parameters[name], gone) for name in plan.targets):
        return give_up(builder, texts.say(builder.it.locale, "drift.none_left"))
    left_out = names([one for one in plan.instances if one.id in gone])
    builder.change(gone=gone)
    if gone:
        builder.tell_sentence("drift", "say.drift.left_out", builder.asker(), gone=left_out)
    if new:
        builder.tell_sentence("drift.new", "say.drift.not_run", builder.asker(), new=names(new))
    return run_control.go(builder)


def renewed(builder: DecisionBuilder, plan: Template, outcome: model.Done) -> Template:
    """The plan with the targets as they are now. ``plan_preview.Unshowable``: it cannot be shown
    whole."""
    values = dict(plan.parameters)
    items = plan_template.items_of(builder, plan)
    ids = plan_template.each_of(outcome.data, len(plan.targets))
    for name, each in zip(plan.targets, ids, strict=True):
        values[name] = plan_template.frozen(items[name], each, plan.region)
    bare = tuple(each.bare for each in machines.instances_of(outcome.data))
    fresh = replace(plan, instances=bare, parameters=values)
    return replace(fresh, preview=plan_template.preview_of(builder, fresh))


def ask_again(
    builder: DecisionBuilder,
    plan: Template,
    outcome: model.Done,
    gone: tuple[str, ...],
) -> None:
    """Put the plan to the vote anew, with the targets as they are now."""
    targets = machines.targets_of(outcome.data, scripted=False)
    known = facts.planning_of(builder, lambda: renewed(builder, plan, outcome))
    planning = replace(known, targets=targets)
    refusal = proposal.refusal_of_plan(builder, planning)
    if refusal is not None:
        return give_up(builder, refusal_text(builder.it.locale, refusal))
    instances = machines.instances_of(outcome.data)
    new = [one for one in instances if one.id not in {each.id for each in plan.instances}]
    left_out = names([one for one in plan.instances if one.id in gone])
    try:
        fresh = renewed(builder, plan, outcome)
    except plan_preview.Unshowable as error:
        return give_up(builder, refusal_text(builder.it.locale, error.refusal))
    builder.change(approved_at=None)
    needed = proposal.put(builder, fresh)
    if builder.tally().verdict == "approved" or standing_uses.cover(builder):
        run_control.start(builder)
        return builder.update_card()
    waiting = quorum.tally(needed, ()).waiting_for
    mentions = cards.accounts_of(builder.deployment, waiting, builder.it.place)
    key = "say.drift.again" if left_out or new else "say.drift.tags"
    builder.tell_sentence(
        f"drift:{builder.it.digest[:16]}:v{builder.it.version}", key, mentions,
        gone=left_out or ["–"], new=names(new) or ["–"], why=builder.it.escalated,
    )  # fmt: skip
    builder.update_card()
    proposal.wait_for_votes(builder, needed)
    return None


def give_up(builder: DecisionBuilder, reason: str) -> None:
    """It cannot run: nothing was started."""
    builder.finish(model.State.FAILED, note=texts.plain(reason))
    builder.enter("countersign", "run.not_started", reason=reason)
    builder.update_card()
    endings.sentence(builder, "outcome", "say.not_started", reason=reason)
