"""What the configuration needs to be allowed in the cloud, by its commands and templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot import config, policy
from bot.commands import registry
from bot.model.rights import Api, Kind, Operation, Right
from bot.oos.check import children
from bot.oos.engine import actions
from bot.oos.parameters import known_values
from bot.oos.template import model as oos

SELECTED = Api("ecs", "DescribeInstances")
"""What ACS::SelectTargets calls."""


@dataclass(frozen=True, slots=True)
class Rights:
    """``own``: of the bot's identity; with ``assumed``, the role that it assumes, of this role.
    ``roles``: what each role is allowed as which the cloud's engine runs templates, by name; "*" is
    one that a value of the template names. ``notes``: what the files don't tell."""

    own: tuple[Right, ...]
    assumed: str = ""
    roles: Mapping[str, tuple[Right, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def of(settings: config.Config, catalog: registry.Catalog) -> Rights:
    """The rights for all that is configured, and no others. Secrets may be unread."""
    adapters, cloud = settings.adapters, settings.tables[settings.adapters.cloud.name]
    each = tuple(operations(settings, catalog))
    own = list(adapters.cloud.rights(cloud, each))
    region = settings.oos.region or settings.cloud.region
    own += adapters.engine.rights(region, each, settings.oos.watch)
    own += adapters.bus.rights(settings.buses, settings.cloud.region)
    roles: dict[str, tuple[Right, ...]] = {}
    for operation in each:
        if operation.role:
            calls = adapters.cloud.calls(settings.cloud.region, operation)
            roles[operation.role] = (*roles.get(operation.role, ()), *calls)
    notes = dict.fromkeys(note for one in each for note in remarks(one, settings, catalog))
    return Rights(tuple(own), adapters.cloud.assumed(cloud), roles, tuple(notes))


# ----------------------------------------------------------------------------- operations


def operations(settings: config.Config, catalog: registry.Catalog) -> Iterator[Operation]:
    """The operations that can be asked for."""
    for name, rule in settings.book.commands.items():
        command = catalog.find(name)
        if command is None or command.kind != "operation":
            continue
        if command.template is not None:
            yield templated(settings, command, command.template, rule, catalog)
            continue
        kind: Kind = "script"
        if rule.command_id:
            kind = "invoked" if rule.invoke else "stored"
        yield Operation(
            name,
            kind,
            (rule.region or settings.cloud.region,),
            instances_of(settings, rule),
            tags_of(command, rule),
            rule.user,
            rule.command_id,
            patterns=tuple(rule.allowed_targets),
        )


def templated(
    settings: config.Config,
    command: registry.Command,
    template: oos.Template,
    rule: policy.CommandRule,
    catalog: registry.Catalog,
) -> Operation:
    """A template as an operation, with the calls of all that it may run."""
    apis = {
        api: None
        for one in reach(command, catalog)
        for task in one.tasks
        for api in apis_of(one, task)
    }
    made = Operation(
        command.name,
        "template",
        (rule.region,) if rule.region else (),
        apis=tuple(apis),
        patterns=tuple(rule.allowed_targets),
        text=template.source,
    )
    if rule.engine != "oos":
        return replace(made, instances=instances_of(settings, rule))
    parts = any(oos.fold(task.action) == "acs::template" for task in template.tasks)
    role = role_of(template)
    return replace(
        made,
        kind="remote",
        stored=rule.oos_template,
        version=rule.oos_version,
        parts=parts,
        role=role,
    )


def reach(command: registry.Command, catalog: registry.Catalog) -> Iterator[oos.Template]:
    """The templates that a command may run, itself among them."""
    for digest in command.templates.values():
        template = catalog.template(digest)
        if template is not None:
            yield template


def instances_of(settings: config.Config, rule: policy.CommandRule) -> tuple[str, ...]:
    """The ids that are all a command may touch; none: it may touch others, too."""
    known = settings.adapters.cloud.instance
    ids = tuple(rule.allowed_targets)
    return ids if ids and all(known(one) for one in ids) else ()


def tags_of(command: registry.Command, rule: policy.CommandRule) -> tuple[str, ...]:
    """The tags that its instances have where nobody can name others; none: they need none."""
    tags = tuple(one.removeprefix("tag:") for one in rule.targets if one.startswith("tag:"))
    free = command.parameter("targets") is not None
    return tags if tags and len(tags) == len(rule.targets) and not free else ()


# ----------------------------------------------------------------------------- templates


def apis_of(template: oos.Template, task: oos.Task) -> Iterator[Api]:
    """What a task calls, as far as the text of its template and usual values say."""
    properties = {oos.fold(name): value for name, value in task.properties.items()}
    if oos.fold(task.action) == "acs::selecttargets":
        yield SELECTED
    elif actions.calls_api(task.action):
        service, name = (usual(template, properties.get(key)) for key in ("service", "api"))
        inner = properties.get("parameters")
        for key, value in inner.items() if isinstance(inner, Mapping) else ():
            if oos.fold(str(key)) == "regionid":
                properties["regionid"] = value
        if service and name:
            for region in regions_of(template, properties.get("regionid")):
                yield Api(service.lower(), name, region)


def regions_of(template: oos.Template, value: object) -> tuple[str, ...]:
    """Where a call is made: in the region that is written; where that is an expression, in what it
    is by default and in those that are configured ("")."""
    region = usual(template, value)
    if not isinstance(value, str) or "{{" in value:
        return ("", region) if region else ("",)
    return (region,)


def usual(template: oos.Template, value: object) -> str:
    """A text by the values that the template's parameters have by default; "": it is none, or only
    the run will know."""
    defaults = {oos.fold(one.name): one.default for one in template.parameters if not one.required}
    known, text = known_values.evaluated(value, known_values.Scope(defaults))
    return text.strip() if known and isinstance(text, str) and "{{" not in text else ""


def role_of(template: oos.Template) -> str:
    """The role that a template is run as by default; "*": which one is worked out in the run."""
    role = usual(template, template.ram_role)
    return role or ("*" if template.ram_role else "")


def remarks(
    operation: Operation, settings: config.Config, catalog: registry.Catalog
) -> Iterator[str]:
    """What the files of an operation don't tell about its calls."""
    command = catalog.find(operation.command)
    if command is None or command.template is None:
        return
    name = operation.command
    if operation.kind == "remote" and operation.stored:
        yield f"{name}: what {operation.stored} calls as it is stored may differ from the file"
    templates = tuple(reach(command, catalog))
    names = {oos.fold(one.name) for one in templates}
    names |= {children.action_of(one.name) for one in templates}
    for template in templates:
        for task in template.tasks:
            place = f"{name}: the task {task.name} of {template.name}"
            if actions.calls_api(task.action) and not any(apis_of(template, task)):
                yield f"{place} calls what is worked out in the run"
            elif actions.find(task.action) is None and oos.fold(task.action) not in names:
                yield f"{place} is {task.action}, whose calls are known to the cloud alone"
