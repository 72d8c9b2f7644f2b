"""The templates that a template uses: they must be there, take what they are given, and come to an
end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bot import source
from bot.oos.check.context import Look
from bot.oos.engine import actions
from bot.oos.expr import expressions
from bot.oos.expr.functions import base
from bot.oos.parameters import defaults
from bot.oos.template import model, names
from bot.source import suggest


def product(look: Look, base: str, task: model.Task) -> Iterator[source.Fault]:
    """An action that is a template: it must be there, and take what it is given."""
    child = look.known.get(model.fold(task.action))
    if child is not None:
        yield from _starts(look, f"{base}.Action", child)
        yield from _circle(look, f"{base}.Action", child)
        yield from _passed(look, f"{base}.Properties", task.properties, child)
        return
    parts = task.action.split("::")
    if look.lenient and len(parts) >= 3 and parts[0].casefold() == "acs":
        return
    known = [*actions.BUILT_IN, *_others(look)]
    hint = suggest.meant(task.action, known)
    if not hint and len(parts) >= 3:
        hint = "; there is no template of that name here"
    yield look.fault(f"{base}.Action", f"unknown action `{task.action}`{hint}")


def named(look: Look, base: str, task: model.Task) -> Iterator[source.Fault]:
    """``ACS::Template``: the template that it names, unless the name is worked out in the run."""
    name = child_name(task)
    if not name:
        return
    properties = {model.fold(key): (key, value) for key, value in task.properties.items()}
    key, _ = properties["templatename"]
    child = look.known.get(model.fold(name))
    if child is not None:
        yield from _starts(look, f"{base}.Properties.{key}", child)
        yield from _circle(look, f"{base}.Properties.{key}", child)
        key, values = properties.get("parameters", ("Parameters", {}))
        if isinstance(values, dict):
            yield from _passed(look, f"{base}.Properties.{key}", values, child)
    elif not look.lenient:
        near = suggest.expected(name, _others(look))
        yield look.fault(f"{base}.Properties.{key}", f"unknown template `{name}`{near}")


def _others(look: Look) -> list[str]:
    return [item.name for item in look.known.values() if item.name != look.template.name]


def child_name(task: model.Task) -> str:
    """The template that a task runs, as it is written; empty: it runs none, or which one is worked
    out in the run."""
    if model.fold(task.action) != "acs::template":
        return task.action
    properties = {model.fold(key): value for key, value in task.properties.items()}
    name = properties.get("templatename")
    return name if isinstance(name, str) and "{{" not in name else ""


def reach(
    template: model.Template,
    known: Mapping[str, model.Template],
    open: Callable[[model.Template], bool],
) -> dict[str, model.Template]:
    """The template and every one that it may run, by name. ``known``: by folded name. One whose
    name is worked out in the run may be any that is ``open`` to it."""
    templates = {template.name: template}
    waiting = [template]
    while waiting:
        for name, child in _run_by(waiting.pop(), known, open):
            if name not in templates and child is not template:
                templates[name] = child
                waiting.append(child)
    return templates


def _run_by(
    template: model.Template,
    known: Mapping[str, model.Template],
    open: Callable[[model.Template], bool],
) -> Iterator[tuple[str, model.Template]]:
    for task in template.tasks:
        name = child_name(task)
        child = known.get(model.fold(name))
        if child is not None:
            yield child.name, child
        elif not name:
            yield from ((each.name, each) for each in known.values() if open(each))


def action_of(name: str) -> str:
    """The action, folded, that a file of this name stands for (``ACS-ECS-Foo``: acs::ecs::foo);
    empty: it stands for none."""
    parts = name.split("-", 2)
    return model.fold("::".join(parts)) if len(parts) == 3 and parts[0].casefold() == "acs" else ""


def _starts(look: Look, path: str, child: model.Template) -> Iterator[source.Fault]:
    """No trigger in a template within one:
    https://www.alibabacloud.com/help/doc-detail/120869.html"""
    for task in child.tasks[:1]:
        spec = actions.find(task.action)
        if spec is not None and spec.trigger:
            said = f"`{child.name}` begins with `{task.action}`: a template that another one runs"
            yield look.fault(path, said + " may not start by itself")


def _circle(look: Look, path: str, child: model.Template) -> Iterator[source.Fault]:
    """A template that runs itself, through others or not, has no end that can be seen."""
    goal = model.fold(look.template.name)
    ways: list[tuple[model.Template, ...]] = [(child,)]
    visited: set[str] = set()
    while ways:
        way = ways.pop(0)
        name = model.fold(way[-1].name)
        if name == goal:
            shown = suggest.listed([way[0].name]) if len(way) == 1 else _arrows(way)
            yield look.fault(
                path, f"{shown} is this template itself; a template may not run itself"
            )
            return
        if name not in visited:
            visited.add(name)
            inner = (look.known.get(model.fold(child_name(task))) for task in way[-1].tasks)
            ways.extend((*way, template) for template in inner if template is not None)


def _arrows(way: tuple[model.Template, ...]) -> str:
    return " → ".join(f"`{template.name}`" for template in way)


def _passed(
    look: Look, path: str, values: Mapping[str, object], child: model.Template
) -> Iterator[source.Fault]:
    """Values for parameters that the template has not: a fault where one was clearly meant."""
    known = [item.name for item in child.parameters]
    names = {model.fold(key) for key in values}
    free = [name for name in known if model.fold(name) not in names]
    for key in values:
        item = next(
            (one for one in child.parameters if model.fold(one.name) == model.fold(key)), None
        )
        if item is not None:
            yield from _value(look, f"{path}.{key}", values[key], item, child)
            continue
        near = suggest.nearest(key, free)
        if near:
            message = f"unknown parameter `{key}` of `{child.name}`, did you mean `{near}`?"
            yield source.Fault(look.key(f"{path}.{key}"), message)


def _value(
    look: Look, path: str, value: object, item: model.Parameter, child: model.Template
) -> Iterator[source.Fault]:
    """A value that is written out must be one that the template takes."""
    if value is None or expressions.references(value) or base.is_call(value):
        return
    kinds = {"String": (str, int, float), "Number": (str, int, float), "Boolean": (str, bool)}
    if not isinstance(value, kinds.get(item.type, object)):
        said = f"expected a {item.type}, found {names.kind(value)}"
        yield look.fault(path, f"`{item.name}` of `{child.name}`: {said}")
        return
    wrong = defaults.fault(replace(item, default=value))
    if wrong:
        said = wrong.replace("its Default", "the value").replace("its ", "the parameter's ")
        yield look.fault(path, f"`{item.name}` of `{child.name}`: {said}")
