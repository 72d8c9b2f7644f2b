"""From a template and its values to a plan: what is checked, looked up and frozen before a vote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot import catalog, model, parse, policy
from bot.cards import runs
from bot.core import machines, patterns, preview, secrets
from bot.core.draft import Draft
from bot.oos import model as oos
from bot.oos import parameters, placeholders

NO_DATA: Mapping[str, Any] = {"instances": []}


@dataclass(frozen=True, slots=True)
class Bound:
    """A template's values, checked. ``filters`` are the Targets of the parameters ``targets``, in
    the same order; ``text`` is what was typed without what must not be shown."""

    parameters: Mapping[str, Any]
    targets: tuple[str, ...]
    filters: tuple[Mapping[str, Any], ...]
    hidden: tuple[str, ...]
    text: str
    preview: str
    region: str
    sources: Mapping[str, str] = field(default_factory=dict)


def bound(draft: Draft, asked: parse.Parsed, text: str) -> Bound | policy.Refusal:
    """The values of a template command as the template has them; or the first thing wrong."""
    house, template = draft.house, template_of(asked.command)
    rule = house.book.commands[asked.command.name]
    region = rule.region or house.region
    typed = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asked.command.inputs(asked.values).items()
        if value is not None and value != ()
    }
    for item in template.parameters:
        if rule.targets and item.association == "Targets" and item.name not in typed:
            typed[item.name] = list(rule.targets)
    values = parameters.bind(template, typed, {"ACS::RegionId": region, "ACS::AccountId": ""})
    if isinstance(values, list):
        problems = "; ".join(map(str, values))
        return policy.Refusal("refused.template_values", {"problems": problems})
    hidden = tuple(item.name for item in template.parameters if item.no_echo)
    refusal = refusal_of_values(rule, values, hidden)
    if refusal is not None:
        return refusal
    selected = {
        item.name: chosen
        for item in template.parameters
        if (chosen := selector_of(item, values[item.name], region)) is not None
    }
    library = draft.library(asked.command.templates)
    return Bound(
        values,
        tuple(selected),
        tuple(selected.values()),
        hidden,
        secrets.without(
            parse.shown(house.catalog, text, house.book.locale), [values[name] for name in hidden]
        ),
        preview.text(template, values, hidden, library),
        region,
        {digest: library[name].source for name, digest in asked.command.templates.items()},
    )


def template_of(command: catalog.Command) -> oos.Template:
    assert command.template is not None
    return command.template


def refusal_of_values(
    rule: policy.CommandRule, values: Mapping[str, Any], hidden: tuple[str, ...]
) -> policy.Refusal | None:
    """Are the values among those that the configuration allows?"""
    for name, allowed in rule.allowed_values.items():
        value = values.get(name)
        for each in value if isinstance(value, list) else (value,):
            if each is not None and each != "" and str(each) not in allowed:
                shown = runs.HIDDEN if name in hidden else str(each)[:80]
                facts = {"name": name, "value": shown, "values": list(allowed)}
                return policy.Refusal("refused.value", facts)
    return None


def strings(value: Any) -> Iterator[str]:
    """Every piece of text within a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)


def findings(draft: Draft, command: str, text: str, bound: Bound) -> list[policy.Finding]:
    """What the patterns say of the words, of every value, and of what will be done. What they find
    in something hidden is not repeated."""
    house = draft.house
    seen = [policy.examine(house.book, command, "text", text)]
    if seen[0].refusal is not None and text != bound.text:
        covered = policy.examine(house.book, command, "text", bound.text)
        seen = [covered if covered.refusal is not None else unsaid(seen[0])]
    hidden = set(strings({name: bound.parameters[name] for name in bound.hidden}))
    for value in filter(None, dict.fromkeys(strings(bound.parameters))):
        found = patterns.examined(house, command, "value", value)
        seen.append(unsaid(found) if value in hidden else found)
    seen.append(patterns.examined(house, command, "script", bound.preview))
    return seen


def unsaid(finding: policy.Finding) -> policy.Finding:
    """A finding that does not repeat what it found."""
    refusal = finding.refusal
    if refusal is None or "found" not in refusal.facts:
        return finding
    facts = {**refusal.facts, "found": runs.HIDDEN}
    return replace(finding, refusal=policy.Refusal(refusal.key, facts))


# ----------------------------------------------------------------------------- targets


def selector_of(item: oos.Parameter, value: Any, region: str) -> Mapping[str, Any] | None:
    """What a parameter's instances are found by; None: it holds none."""
    if value in (None, "", [], {}):
        return None
    if item.association == "Targets":
        given = json.loads(value) if isinstance(value, str) else value
        given = given[0] if isinstance(given, list) and len(given) == 1 else given
        return given if isinstance(given, Mapping) else {"Type": "Any", "Filters": given}
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


def frozen(item: oos.Parameter, ids: list[str], region: str) -> Any:
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
        left = [each for each in value["ResourceIds"] if each not in gone]
        return {**value, "ResourceIds": left}
    if isinstance(value, list):
        return [without(each, gone) for each in value if each not in gone]
    if value.startswith("{"):
        return json.dumps(without(json.loads(value), gone))
    return "" if value in gone else value


def emptied(value: Any, gone: tuple[str, ...]) -> bool:
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
    every = [str(found["id"]) for found in data.get("instances", ())]
    if count == 1:
        return [every]
    return [[str(one) for one in ids] for ids in data["each"]]


# ----------------------------------------------------------------------------- the plan


def freeze(draft: Draft, rule: policy.CommandRule, data: Mapping[str, Any]) -> model.Plan:
    """The plan of a template, from what was checked when it was asked for (the effect's context)
    and the instances that were found now."""
    context = draft.context
    instances = machines.instances_of(data)
    region = instances[0].region if instances else str(context["region"])
    sources = dict(context["templates"])
    name = str(context["template"])
    library = draft.library(sources)
    template, values = library[name], dict(context["parameters"])
    targets = tuple(context["targets"])
    items = {item.name: item for item in template.parameters}
    for target, ids in zip(targets, each_of(data, len(targets)) if targets else [], strict=True):
        values[target] = frozen(items[target], ids, region)
    hidden = tuple(context["hidden"])
    named = rule.engine == "oos" and rule.oos_template
    needed = policy.policy_of(draft.house.book, draft.it.policy)
    return model.Plan(
        command=draft.it.command,
        version=rule.oos_version if named else str(context["version"]),
        instances=tuple(model.Instance(i.id, i.name, i.region) for i in instances),
        region=region or rule.region or draft.house.region,
        script=template.source if rule.engine == "oos" and not named else "",
        command_id=rule.oos_template if named else "",
        parameters=values,
        engine=rule.engine or "local",
        template=name,
        templates=sources,
        targets=targets,
        selectors=tuple(context["filters"]),
        hidden=hidden,
        canary=needed.canary if rule.engine != "oos" else 0,
        preview=preview.text(template, values, hidden, library),
    )


def items_of(draft: Draft, plan: model.Plan) -> dict[str, oos.Parameter]:
    """The parameters of the plan's template, by name."""
    template = draft.template(plan.template, plan.templates[plan.template])
    return {item.name: item for item in template.parameters}


def preview_of(draft: Draft, plan: model.Plan) -> str:
    """What a plan will do, with the values that it has now."""
    library = draft.library(plan.templates)
    return preview.text(library[plan.template], plan.parameters, plan.hidden, library)
