"""The limits of a command, held to the calls that a run is about to make.

``allowed_targets`` and ``most_targets`` are judged on the parameters of each call that changes
something, whatever found them: a template may select instances while it runs, and a parameter may
name one. What a call acts on is told by the parameters that name instances in the API's own schema;
a call without any cannot be judged, and ``unjudged_calls`` says what becomes of it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import parse_qsl

from bot import model, policy
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.oos.engine import calls
from bot.oos.template import model as oos
from bot.policy import calling, limits
from bot.policy.limits import Bounds

REFUSED = "OutOfBounds"
"""The code of a call that was refused by this."""
INSTANCE = re.compile(r"(?<![\w-])i-[0-9a-z]{8,}(?![\w-])", re.IGNORECASE)
NO_INSTANCE = re.compile(r"reservedinstanceid|enableinstanceid\w*|launchtemplate\w*")
"""Parameters whose names only sound as if they named an instance."""
OF_MANY_KINDS = frozenset({"resourceid", "serverid", "resourcearn", "backendserver", "nodeid"})
"""Parameters that name an instance where the value is shaped like one's id."""
SELECTING = frozenset({"resourcetag", "tagfilter", "filter"})
"""Parameters that choose instances by something else than their ids."""
OTHERS = frozenset({"oos", "ros", "computenest", "fnf", "fc"})
"""Products whose calls run something that makes calls of its own."""


@dataclass(frozen=True)
class Aim:
    """What a call acts on: ``named`` in parameters that name instances, ``mentioned`` anywhere
    else. ``closed``: these are all, as far as its parameters say."""

    named: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    closed: bool = False

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """All of them; asked for at each later call of the run."""
        return tuple(dict.fromkeys((*self.named, *self.mentioned)))


# ----------------------------------------------------------------------------- which limits


def of_rule(rule: policy.CommandRule) -> Bounds:
    return Bounds(rule.allowed_targets, rule.most_targets, limits.unjudged(rule))


def of_now(deployment: Deployment, request: model.Request) -> tuple[Bounds, ...]:
    """The limits of now; none: there is no such command any more."""
    rule = deployment.book.commands.get(request.command)
    return (of_rule(rule),) if rule is not None else ()


def voted_on(request: model.Request) -> tuple[Bounds, ...]:
    """The limits that stand in the plan; none: an earlier release made it."""
    terms = request.plan.terms if request.plan is not None else {}
    if "allowed_targets" not in terms:
        return ()
    allowed = tuple(map(str, terms["allowed_targets"]))
    usual = "allow" if "*" in allowed else "refuse"
    unjudged = str(terms.get("unjudged_calls") or usual)
    most = int(terms.get("most_targets", 100))
    return (Bounds(allowed, most, "allow" if unjudged == "allow" else "refuse"),)


def names_of(plan: model.Plan) -> dict[str, str]:
    """The instances of a plan by id, with their names."""
    return {one.id: one.name for one in plan.instances}


def tags_of(plan: model.Plan) -> dict[str, model.Tags]:
    """The instances of a plan by id, with their tags."""
    return {one.id: one.tags for one in (*plan.instances, *plan.mentions)}


def names_in(what: calls.What, document: object) -> dict[str, str]:
    """The names of instances that an answer of the platform tells: of a selection, or of
    DescribeInstances at its own place. Other answers are no proof of what something is called."""
    return {
        str(item["InstanceId"]): str(item.get("InstanceName") or "")
        for item in _instances_in(what, document)
        if "InstanceName" in item
    }


def tags_in(what: calls.What, document: object) -> dict[str, model.Tags]:
    """The tags of instances that such an answer tells."""
    return {
        str(item["InstanceId"]): _tags(item["Tags"])
        for item in _instances_in(what, document)
        if "Tags" in item
    }


def _tags(box: object) -> model.Tags:
    """The tags of an instance as DescribeInstances tells them, sorted."""
    listed = box.get("Tag") if isinstance(box, Mapping) else None
    return tuple(
        sorted(
            (str(tag["TagKey"]), str(tag.get("TagValue") or ""))
            for tag in (listed if isinstance(listed, list) else ())
            if isinstance(tag, Mapping) and tag.get("TagKey")
        )
    )


def _instances_in(what: calls.What, document: object) -> Iterator[Mapping[str, Any]]:
    match what:
        case calls.SelectTargets():
            pass
        case calls.Api(endpoint="", uri="", version=""):
            if (what.service.casefold(), what.api.casefold()) != ("ecs", "describeinstances"):
                return
        case _:
            return
    box = document.get("Instances") if isinstance(document, Mapping) else None
    items = box.get("Instance") if isinstance(box, Mapping) else None
    for item in items or ():
        if isinstance(item, Mapping) and item.get("InstanceId"):
            yield item


# ----------------------------------------------------------------------------- the judgement


def calling_of(
    builder: DecisionBuilder,
    what: calls.Api,
    aim: Aim,
    bounds: tuple[Bounds, ...],
    names: Mapping[str, str],
    touched: Collection[str],
) -> calling.Facts:
    """A call that changes something, as the gate judges it. ``aim``: what it acts on; ``names``: of
    instances by id, as far as they are known; ``touched``: what earlier calls of the run acted
    on."""
    return calling.Facts(
        builder.deployment.book,
        builder.now,
        builder.it.command,
        builder.it.place,
        f"{what.service} {what.api}",
        aim.ids,
        aim.closed,
        bounds,
        names,
        {one for one in aim.ids if one not in names and INSTANCE.fullmatch(one)},
        touched,
    )


def changes(what: calls.What) -> TypeGuard[calls.Api]:
    """Does a call change something? A path that is written to does, whatever its API is called."""
    return isinstance(what, calls.Api) and not what.reads


# ----------------------------------------------------------------------------- what a call names


def aim_of(what: calls.What) -> Aim:
    """The instances of a call, by its parameters, query, body and path."""
    if not isinstance(what, calls.Api):
        return Aim()
    path, _, tail = what.uri.partition("?")
    parts = (what.parameters, what.query, _opened(what.body), dict(parse_qsl(tail)))
    fields = [each for part in parts for each in _fields(part)]
    named = dict.fromkeys(INSTANCE.findall(path))
    mentioned: dict[str, None] = {}
    selects = False
    for way, text in fields:
        ids = _named(way, text)
        named |= dict.fromkeys(ids)
        mentioned |= dict.fromkeys(one for one in INSTANCE.findall(text) if one not in ids)
        selects = selects or (bool(text) and any(part in SELECTING for part in way))
    if what.headers:
        written = json.dumps(dict(what.headers), ensure_ascii=False)
        mentioned |= dict.fromkeys(INSTANCE.findall(written))
    others = what.service.strip().casefold() in OTHERS
    return Aim(tuple(named), tuple(mentioned), bool(named) and not selects and not others)


def names_instance(field: str) -> bool:
    """Is a parameter of this name, folded, one that names instances?"""
    return "instanceid" in field and not NO_INSTANCE.fullmatch(field)


@functools.lru_cache(maxsize=1024)
def folded(name: str) -> str:
    """The name of a parameter, of one or of several, as they are compared."""
    text = re.sub(r"[^a-z0-9]", "", name.casefold())
    return text.removesuffix("s")


def _named(way: tuple[str, ...], text: str) -> list[str]:
    """The ids in a parameter that names instances: as they are, in a list, or in JSON."""
    field = way[-1] if way else ""
    if names_instance(field):
        opened = _opened(text)
        parts = list(_texts(opened)) if not isinstance(opened, str) else re.split(r"[\s,;]+", text)
        return [part for part in parts if part]
    return INSTANCE.findall(text) if field in OF_MANY_KINDS else []


def _fields(value: object, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text of the parameters with the names that lead to it: numbers are no names."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            steps = tuple(folded(step) for step in str(name).split(".") if not step.isdigit())
            yield from _fields(part, (*way, *steps))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _fields(part, way)
    elif value is not None and not isinstance(value, bool):
        yield way, str(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif value is not None:
        yield str(value)


def _opened(value: object) -> object:
    """What JSON text stands for; all else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# ----------------------------------------------------------------------------- before the vote


def unjudgeable(templates: Iterable[oos.Template]) -> Iterator[str]:
    """The tasks whose calls can never be judged: they change something, and have no parameter that
    names instances."""
    for template in templates:
        for task in template.tasks:
            properties = {oos.fold(key): value for key, value in task.properties.items()}
            service, api = str(properties.get("service", "")), str(properties.get("api", ""))
            parts = [properties.get("parameters"), properties.get("body"), properties.get("query")]
            if oos.fold(task.action) != "acs::executeapi" or "{{" in service + api:
                continue
            if any(
                isinstance(part, str) and "{{" in part for part in (*parts, properties.get("uri"))
            ):
                continue
            uri, method = (str(properties.get(name) or "") for name in ("uri", "method"))
            if not (calls.reads(api, uri, method) or _could_be_judged(service, uri, parts)):
                yield f"{template.name}/{task.name}: {service} {api}"


def _could_be_judged(service: str, uri: str, parts: Iterable[object]) -> bool:
    """Is there a parameter that may name instances once the run fills it?"""
    if service.strip().casefold() in OTHERS:
        return False
    ways = [way for part in parts for way, _ in _fields(part)]
    last = [way[-1] for way in ways if way]
    selects = any(step in SELECTING for way in ways for step in way)
    named = any(names_instance(field) or field in OF_MANY_KINDS for field in last)
    return (named or "{{" in uri) and not selects
