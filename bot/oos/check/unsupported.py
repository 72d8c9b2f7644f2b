"""What a template may do on OOS and cannot do in a chat: said when it is loaded, not when it runs.

The bot starts a template when people ask for it, calls the products that it knows, and speaks by
webhook. A command that OOS itself runs (``engine = "oos"``) is free of these limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot import source
from bot.oos.check import children, remote_only
from bot.oos.engine import actions
from bot.oos.template import model, places
from bot.source import suggest

Services = Callable[[str], bool]
INSTANCES = "::ECS::Instance"
"""The end of the one type of resource that is found here."""
ELSEWHERE = 'give [command.NAME] engine = "oos" to run it on OOS itself'


def of(
    template: model.Template, services: Services | None, known: Mapping[str, model.Template]
) -> Iterator[source.Fault]:
    """Each thing in a template that the bot cannot do. ``services``: is this product known? Without
    it every one is. ``known``: the templates that its tasks may run, by folded names."""
    for fault in remote_only.faults(template):
        yield source.Fault(fault.mark, f"{fault.message}; {ELSEWHERE}")
    for task in template.tasks:
        base = task.mark.path
        spec = actions.find(task.action)
        properties = {model.fold(name): (name, value) for name, value in task.properties.items()}
        child = known.get(model.fold(children.child_name(task)))
        if child is not None:
            yield from _passed(template, base, task, properties, child)
        if spec is None:
            continue
        if spec.name == "ACS::SelectTargets":
            yield from _resource(template, base, properties)
        elif spec.name in ("ACS::Notify", "ACS::Approve"):
            yield from _notice(template, base, task, properties)
        elif "Service" in spec.required and services is not None:
            yield from _service(template, base, properties, services)


Items = dict[str, tuple[str, Any]]


def _passed(
    template: model.Template,
    base: str,
    task: model.Task,
    properties: Items,
    child: model.Template,
) -> Iterator[source.Fault]:
    """A run would stop in the middle where a template lacks a value or gets one that it does not
    know."""
    where, values = f"{base}.Properties", task.properties
    if model.fold(task.action) == "acs::template":
        key, inner = properties.get("parameters", ("", {}))
        where, values = (f"{where}.{key}", inner) if key else (where, {})
        if not isinstance(values, Mapping):
            return
    folded = {model.fold(name): name for name in values}
    known = {model.fold(item.name): item for item in child.parameters}
    for name in folded.keys() - known.keys():
        message = f"`{child.name}` has no parameter `{folded[name]}`"
        near = suggest.expected(folded[name], [item.name for item in child.parameters])
        yield _fault(template, f"{where}.{folded[name]}", message + near)
    missing = [
        item.name
        for item in child.parameters
        if item.required and model.fold(item.name) not in folded
    ]
    if missing:
        yield _fault(template, where, f"`{child.name}` needs {' and '.join(missing)}")


def _resource(template: model.Template, base: str, properties: Items) -> Iterator[source.Fault]:
    key, value = properties.get("resourcetype", ("", None))
    if _literal(value) and not model.fold(value.strip()).endswith(model.fold(INSTANCES)):
        message = (
            f"`ACS::SelectTargets` finds instances of ECS here (`…{INSTANCES}`), not `{value}`; "
            f"write that, or {ELSEWHERE}"
        )
        yield _fault(template, f"{base}.Properties.{key}", message)


def _notice(
    template: model.Template, base: str, task: model.Task, properties: Items
) -> Iterator[source.Fault]:
    key, value = properties.get("notifytype", ("", None))
    if not _literal(value) or model.fold(value.strip()) == "webhook":
        return
    by_mail = model.fold(value.strip()) == "mail"
    why = "the bot sends no mail" if by_mail else "there is no such way to notify here"
    message = f"`{task.action}`: NotifyType `{value}`: {why}; use `WebHook`, or {ELSEWHERE}"
    yield _fault(template, f"{base}.Properties.{key}", message)


def _service(
    template: model.Template, base: str, properties: Items, services: Services
) -> Iterator[source.Fault]:
    key, value = properties.get("service", ("", None))
    if not _literal(value) or services(value.strip()):
        return
    if {"version", "endpoint"} <= properties.keys():
        return
    message = (
        f"the product `{value}` is not known here; give the task its Version and Endpoint, or "
        f"{ELSEWHERE}"
    )
    yield _fault(template, f"{base}.Properties.{key}", message)


def _literal(value: object) -> bool:
    """Is it a text that no expression will change?"""
    return isinstance(value, str) and bool(value.strip()) and "{{" not in value


def _fault(template: model.Template, path: str, message: str) -> source.Fault:
    marks = template.marks
    if isinstance(marks, places.Places):
        return source.Fault(marks.at(path), message)
    return source.Fault(marks.get(path, source.Mark(template.name, 1, 1, path)), message)
