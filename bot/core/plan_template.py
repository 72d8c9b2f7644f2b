"""From a template and its values to a plan: what is checked, looked up and frozen before a vote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from typing import Any

from bot import model, policy, texts
from bot.commands import registry
from bot.core import bounds, machines, plan_preview
from bot.core import plan_definitions as kept
from bot.core.decision import DecisionBuilder, parsed
from bot.oos.expr import placeholders
from bot.oos.template import model as oos
from bot.policy import limits, quorum
from bot.source import masks

NO_DATA: Mapping[str, object] = {"instances": []}


def checked(subject: plan_preview.Subject, locale: str) -> str | policy.Refusal:
    """The plan as it will be, with nothing hidden; or why it cannot be put to the vote: it cannot
    be shown whole, or something hidden would decide what is done."""
    faults = plan_preview.faults_of(subject)
    if faults:
        problems = "; ".join(map(str, faults[:3]))
        return policy.Refusal("refused.hidden", {"problems": problems})
    try:
        plan_preview.text(subject, locale)
        return plan_preview.real(subject)
    except plan_preview.Unshowable as error:
        return error.refusal


def strays_of(
    rule: policy.CommandRule, values: Mapping[str, object], targets: tuple[str, ...]
) -> dict[str, str]:
    """The instances that are named outside of the parameters that hold instances, each with the
    parameter that names it, where the command is held to some and the id alone does not fit. By
    what else a template may find instances, nobody can tell."""
    strays: dict[str, str] = {}
    if "*" in rule.allowed_targets:
        return strays
    known = set(masks.strings([values[name] for name in targets]))
    for name in (name for name in values if name not in targets):
        for text in masks.strings(values[name]):
            for one in bounds.INSTANCE.findall(text):
                if one not in known and not any(fnmatchcase(one, g) for g in rule.allowed_targets):
                    strays.setdefault(str(one), name)
    return strays


def mentioned(rule: policy.CommandRule, plan: model.Plan) -> tuple[tuple[model.Instance, str], ...]:
    """The instances that parameters of a template name beside its targets, as they were called when
    the plan was made; each with the hidden parameter that names it, as that is shown ("": it is not
    hidden)."""
    named = {one.id: one for one in (*plan.instances, *plan.mentions)}
    if not isinstance(plan, model.TemplateOperation):
        return ()
    strays = strays_of(rule, plan.parameters, plan.targets)
    return tuple(
        (named.get(id_, model.Instance(id_)), veiled(name) if name in plan.hidden else "")
        for id_, name in strays.items()
    )


def veiled(name: str) -> str:
    """An instance that a hidden parameter names, as it is shown."""
    return f"{masks.MASK} ({name})"


def template_of(command: registry.Command) -> oos.Template:
    assert command.template is not None
    return command.template


def forbidden_value(
    rule: policy.CommandRule, template: oos.Template, values: Mapping[str, object]
) -> limits.ForbiddenValue | None:
    """The first value that is none of those that the configuration allows. An empty one is taken
    only where that is the template's own Default: it may well mean everything."""
    items = {oos.fold(item.name): item for item in template.parameters}
    for name, allowed in rule.allowed_values.items():
        item = items.get(oos.fold(name))
        value = values.get(item.name) if item is not None else None
        empty = value in (None, "", [], {})
        if item is None or (empty and not item.required and not item.default):
            continue
        for part in value if isinstance(value, list) and value else (value,):
            if str(part) not in allowed:
                shown = masks.MASK if item.no_echo else str(part)[:80]
                return limits.ForbiddenValue(name, shown, allowed)
    return None


# ----------------------------------------------------------------------------- targets


def selector_of(item: oos.Parameter, value: object, region: str) -> Mapping[str, object] | None:
    """What a parameter's instances are found by; None: it holds none."""
    if value in (None, "", [], {}):
        return None
    if item.association == "Targets":
        document = json.loads(value) if isinstance(value, str) else value
        document = document[0] if isinstance(document, list) and len(document) == 1 else document
        return document if isinstance(document, Mapping) else {"Type": "Any", "Filters": document}
    if is_instances(item):
        ids = value if isinstance(value, list) else [value]
        if any(placeholders.names(str(one)) for one in ids):
            return None
        place = {"RegionId": region} if region else {}
        return {"Type": "ResourceIds", "ResourceIds": [str(one) for one in ids], **place}
    return None


def is_instances(item: oos.Parameter) -> bool:
    """Is it instances by id: one (String) or several (List)?"""
    named = item.association.casefold().endswith("::ecs::instance::instanceid")
    return named and item.type in ("String", "List")


def frozen(item: oos.Parameter, ids: list[str], region: str) -> object:
    """The value of a parameter that holds exactly these instances."""
    if is_instances(item):
        return ids if item.type == "List" else ids[0]
    place = {"RegionId": region} if region else {}
    targets = {"Type": "ResourceIds", "ResourceIds": ids, **place}
    if item.type == "String":
        return json.dumps(targets)
    return [targets] if item.type == "List" else targets


def without(value: Any, gone: tuple[str, ...]) -> Any:
    """A frozen value less some instances."""
    if isinstance(value, Mapping):
        rest = [each for each in value["ResourceIds"] if each not in gone]
        return {**value, "ResourceIds": rest}
    if isinstance(value, list):
        return [without(each, gone) for each in value if each not in gone]
    if value.startswith("{"):
        return json.dumps(without(json.loads(value), gone))
    return "" if value in gone else value


def emptied(value: object, gone: tuple[str, ...]) -> bool:
    """Does a frozen value lose all of its instances by that? What it would then select, only the
    template knows: it could be everything."""
    return bool(held(value)) and not set(held(value)) - set(gone)


def held(value: Any) -> list[str]:
    """The instances that a frozen value holds."""
    if isinstance(value, Mapping):
        return list(value["ResourceIds"])
    if isinstance(value, list):
        return [one for each in value for one in held(each)]
    return held(json.loads(value)) if value.startswith("{") else [value] if value else []


def each_of(data: Mapping[str, Any], count: int) -> list[list[str]]:
    """The ids that each of ``count`` filters found."""
    if not count:
        return []
    every = [str(instance["id"]) for instance in data.get("instances", ())]
    if count == 1:
        return [every]
    return [[str(one) for one in ids] for ids in data["each"]]


# ----------------------------------------------------------------------------- the plan


def freeze(
    builder: DecisionBuilder, rule: policy.CommandRule, data: Mapping[str, object] | None
) -> model.TemplatePlan | model.RemoteTemplatePlan:
    """The plan of a template, from what was checked when it was asked for (the effect's context)
    and the instances that were found now. None: they were not looked up yet, so the parameters are
    as they were typed."""
    context = builder.context
    instances = machines.instances_of(data or NO_DATA)
    mentions = machines.instances_of({"instances": (data or NO_DATA).get("mentions", ())})
    region = instances[0].region if instances else str(context["region"])
    sources = dict(context["templates"])
    name = str(context["template"])
    template, values = builder.template(name, sources[name]), dict(context["parameters"])
    targets = tuple(context["targets"])
    items = {item.name: item for item in template.parameters}
    for target, ids in zip(targets, each_of(data, len(targets)), strict=True) if data else ():
        values[target] = frozen(items[target], ids, region)
    hidden = tuple(context["hidden"])
    definitions = kept.noted(context)
    local = model.TemplatePlan(
        command=builder.it.command,
        version=str(context["version"]),
        instances=tuple(each.bare for each in instances),
        region=region or rule.region or builder.deployment.region,
        parameters=values,
        template=name,
        templates=sources,
        targets=targets,
        selectors=tuple(context["filters"]),
        hidden=hidden,
        definitions=definitions,
        mentions=tuple(each.bare for each in mentions),
    )
    plan: model.TemplatePlan | model.RemoteTemplatePlan
    if rule.engine == "oos":
        plan = on_oos(rule, local, str(context.get("script") or template.source))
    else:
        canary = quorum.of(builder.deployment.book, builder.it).canary
        plan = replace(local, canary=canary)
    root, library = running_of(builder, plan)
    loose = tuple(dict.fromkeys(kept.unseen(root, library)))
    return replace(plan, preview=preview_of(builder, plan), loose=loose)


def on_oos(
    rule: policy.CommandRule, local: model.TemplatePlan, source: str
) -> model.RemoteTemplatePlan:
    """The plan of a template that OOS runs: as it is stored there, or by its text."""
    common = {each.name: getattr(local, each.name) for each in fields(model.TemplateOperation)}
    plan = model.RemoteTemplatePlan(**common, engine=rule.engine)
    if not rule.oos_template:
        return replace(plan, script=source)
    versions = {one.name: one.version for one in plan.definitions}
    version = versions.get(rule.oos_template, rule.oos_version)
    return replace(plan, command_id=rule.oos_template, version=version)


def items_of(builder: DecisionBuilder, plan: model.TemplateOperation) -> dict[str, oos.Parameter]:
    """The parameters of the plan's template, by name."""
    template = builder.template(plan.template, plan.templates[plan.template])
    return {item.name: item for item in template.parameters}


def running_of(
    builder: DecisionBuilder, plan: model.TemplateOperation
) -> tuple[oos.Template, dict[str, oos.Template]]:
    """The template that will run, and every one that it may run: on OOS, as they are there."""
    library = builder.library(plan.templates)
    library |= {one.name: builder.template(one.name, one.digest) for one in plan.definitions}
    if plan.script:
        return parsed(plan.script, plan.template), library
    return library[plan.command_id or plan.template], library


def preview_of(builder: DecisionBuilder, plan: model.TemplateOperation) -> str:
    """What a plan will do, with the values that it has now. ``plan_preview.Unshowable``: it
    cannot be shown whole."""
    locale = builder.it.locale
    text = plan_preview.text(subject_of(builder, plan), locale)
    if not plan.mentions:
        return text
    named = [f"{one.name} ({one.id})" if one.name else one.id for one in plan.mentions]
    return f"{text}\n{texts.say(locale, 'preview.mentions', instances=named)}"


def subject_of(builder: DecisionBuilder, plan: model.TemplateOperation) -> plan_preview.Subject:
    """What is told of a plan, to people and to the patterns."""
    root, library = running_of(builder, plan)
    values = dict(plan.parameters)
    if plan.command_id:
        usual = {item.name: item.default for item in root.parameters if not item.required}
        values = usual | values
    return plan_preview.Subject(root, values, plan.hidden, library, plan.region, plan.away)
