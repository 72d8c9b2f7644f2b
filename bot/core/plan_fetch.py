"""What is kept in the cloud, read before the vote: round by round, until all of it is known, then
judged as what people typed was, and put into the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bot import model, policy, source
from bot.commands import rendering
from bot.core import (
    endings,
    facts,
    intake,
    plan_definitions,
    plan_pins,
    plan_preview,
    plan_template,
    proposal,
    subjects,
    waits,
)
from bot.core.decision import DecisionBuilder, parsed, reason_of
from bot.deployment import Deployment
from bot.oos.template import model as oos
from bot.policy import planning, screening

Cloud = dict[str, dict[str, Any]]
"""What was read of templates so far, by folded name: its name, version, what was asked for, and the
digest of its content."""


def fetched(
    deployment: Deployment, outcome: model.Outcome, view: model.View, now: datetime
) -> model.Decision:
    """The definitions came back, or could not be read."""
    builder = DecisionBuilder(deployment, view, now)
    if view.request is not None and view.request.state is model.State.PLANNING:
        waits.over(builder)
        refusal = refusal_of_read(builder, outcome)
        if refusal is not None:
            endings.refuse(builder, refusal)
    return builder.receipt()


def refusal_of_read(builder: DecisionBuilder, outcome: model.Outcome) -> policy.Refusal | None:
    """Go on with what was read; or why that cannot be."""
    effect, request = builder.view.effect, builder.it
    assert effect is not None
    assert isinstance(effect.body, model.FetchDefinition)
    rule = builder.deployment.book.commands.get(request.command)
    if rule is None:
        return policy.Refusal("refused.not_enabled", {"command": request.command})
    names = [name for name, _ in effect.body.names]
    if not isinstance(outcome, model.Done):
        facts = {"names": names, "reason": reason_of(request.locale, outcome)}
        return policy.Refusal("refused.definition", facts)
    if outcome.data.get("missing"):
        facts = {"names": list(outcome.data["missing"]), "region": effect.body.region or "–"}
        return policy.Refusal("refused.definition_missing", facts)
    if effect.body.engine == "ecs":
        return command_read(builder, rule, outcome.data["definitions"][0])
    return templates_read(builder, rule, outcome.data["definitions"])


def go_on(
    builder: DecisionBuilder,
    rule: policy.CommandRule,
    context: Mapping[str, object],
    facts: planning.Facts,
) -> policy.Refusal | None:
    """All is known: judge what will run, then look for the instances, or plan at once."""
    look = intake.look_of(builder, rule, context)
    if look is None:
        builder.noted = context
        facts = replace(facts, subject=lambda: subjects.of_draft(builder, draft))

    def draft() -> model.Plan:
        return plan_template.freeze(builder, rule, plan_template.NO_DATA)

    refusal = proposal.refusal_of_plan(builder, replace(facts, untargeted=look is None))
    if refusal is not None:
        return refusal
    builder.cleared.append("definition")
    if look is None:
        proposal.ask_for_votes(builder, draft())
    else:
        intake.queue_look(builder, look, context)
    return None


# ----------------------------------------------------------------------------- stored commands


def command_read(
    builder: DecisionBuilder, rule: policy.CommandRule, item: Mapping[str, object]
) -> policy.Refusal | None:
    """A command stored in Cloud Assistant: its text with the values in it is what is voted on."""
    context = dict(builder.context)
    definition = plan_definitions.stored(rule, item, dict(context["parameters"]))
    if isinstance(definition, policy.Refusal):
        return definition
    more = asdict(definition)
    more["script_type"] = more.pop("type")
    more["definitions"] = [more.pop("definition")]
    more["timeout"] = builder.it.timeout or more["timeout"]
    passage = screening.Passage("script", definition.script, rendering.SCRIPT_BYTES)
    known = replace(facts.planning_of(builder), passages=(passage,))
    return go_on(builder, rule, {**context, **more}, known)


# ----------------------------------------------------------------------------- templates on OOS


def templates_read(
    builder: DecisionBuilder, rule: policy.CommandRule, items: list[Mapping[str, object]]
) -> policy.Refusal | None:
    """Templates stored on OOS: those that they run are read next."""
    context = dict(builder.context)
    cloud: Cloud = {name: dict(one) for name, one in dict(context.get("cloud", {})).items()}
    effect = builder.view.effect
    assert effect is not None
    assert isinstance(effect.body, model.FetchDefinition)
    wanted = dict(effect.body.names)
    for item in items:
        name, content = str(item["name"]), str(item["content"])
        refusal = refusal_of_content(name, content)
        if refusal is not None:
            return refusal
        digest = plan_definitions.digest(content)
        builder.sources[digest] = content
        cloud[oos.fold(name)] = {
            "name": name,
            "version": str(item.get("version") or ""),
            "asked": wanted.get(name, ""),
            "digest": digest,
        }
    return closed(builder, rule, {**context, "cloud": cloud}, cloud)


def refusal_of_content(name: str, content: str) -> policy.Refusal | None:
    """Can a template be read and shown?"""
    if len(content.encode()) > plan_definitions.LONGEST_TEMPLATE:
        facts = {"name": name, "most": plan_definitions.LONGEST_TEMPLATE // 1024}
        return policy.Refusal("refused.definition_long", facts)
    try:
        parsed(content, name)
    except source.Invalid as error:
        facts = {"name": name, "problems": "; ".join(map(str, error.faults[:3]))}
        return policy.Refusal("refused.definition_unreadable", facts)
    return None


def closed(
    builder: DecisionBuilder, rule: policy.CommandRule, context: dict[str, Any], cloud: Cloud
) -> policy.Refusal | None:
    """Read what is still missing, or go on when nothing is."""
    root, named = root_of(builder, rule, context, cloud), rule.oos_template
    values, region = dict(context["parameters"]), str(context["region"])
    scope = plan_preview.Subject(root, values, (), {}, region, True).scope()
    have = {key: {**one, "content": builder.text(one["digest"])} for key, one in cloud.items()}
    closure = plan_definitions.closure(root, scope, have)
    if isinstance(closure, policy.Refusal):
        return closure
    if closure.wanted:
        queue(builder, model.FetchDefinition("oos", closure.wanted, region), context)
        return None
    refusal = refusal_of_parameters(root, values) if named else None
    if refusal is not None:
        return refusal
    if named:
        shy = [item.name for item in root.parameters if item.no_echo]
        context["hidden"] = list(dict.fromkeys((*context["hidden"], *shy)))
    else:
        root = plan_pins.pinned(root, scope, {key: one["version"] for key, one in cloud.items()})
        closure = plan_definitions.closure(root, scope, have)
        assert isinstance(closure, plan_definitions.Closure)
    context["script"] = "" if named else root.source
    context["definitions"] = [
        asdict(
            model.Definition(
                one["name"],
                one["version"],
                one["digest"],
                pinned=closure.pinned.get(key, key == oos.fold(named)),
            )
        )
        for key, one in cloud.items()
    ]
    return shown(builder, rule, context)


def shown(
    builder: DecisionBuilder, rule: policy.CommandRule, context: Mapping[str, object]
) -> policy.Refusal | None:
    """All that is stored is known: can it be shown whole, and may it run?"""
    builder.noted = context
    try:
        subject = plan_template.subject_of(builder, plan_template.freeze(builder, rule, None))
    except plan_preview.Unshowable as error:
        return error.refusal
    real = plan_template.checked(subject, builder.it.locale)
    known = facts.planning_of(builder)
    if isinstance(real, policy.Refusal):
        return go_on(builder, rule, context, replace(known, unshown=real))
    passages = (screening.Passage("script", real),)
    return go_on(builder, rule, context, replace(known, passages=passages))


def root_of(
    builder: DecisionBuilder, rule: policy.CommandRule, context: Mapping[str, Any], cloud: Cloud
) -> oos.Template:
    """The template that is started: the one on OOS that the rule names, else the file's."""
    if rule.oos_template:
        one = cloud[oos.fold(rule.oos_template)]
        return builder.template(one["name"], one["digest"])
    name = str(context["template"])
    return builder.template(name, dict(context["templates"])[name])


def refusal_of_parameters(
    root: oos.Template, values: Mapping[str, object]
) -> policy.Refusal | None:
    """Does the template on OOS take what the file says that people give?"""
    names = {oos.fold(item.name) for item in root.parameters}
    needed = {oos.fold(item.name) for item in root.parameters if item.required}
    own = {oos.fold(name) for name in values}
    if own <= names and needed <= own:
        return None
    facts = {
        "name": root.name,
        "takes": [item.name for item in root.parameters] or ["–"],
        "given": list(values) or ["–"],
    }
    return policy.Refusal("refused.definition_parameters", facts)


def queue(
    builder: DecisionBuilder, body: model.FetchDefinition, context: Mapping[str, Any]
) -> None:
    """Read these; ``context`` says how often it was read before."""
    turn = int(context.get("reads", 0)) + 1
    key = f"define:{builder.name}:{turn}"
    builder.queue(key, f"plan:{builder.it.id}", body, context={**context, "reads": turn})
