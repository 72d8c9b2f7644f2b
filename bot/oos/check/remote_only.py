"""What only OOS itself can run: known to the language, refused for a chat before the first run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot import source
from bot.oos.engine import actions as table
from bot.oos.expr import expressions
from bot.oos.template import model, places

_STORED = ("oos:", "oos-secret:")


def faults(template: model.Template) -> list[source.Fault]:
    """Why the bot's own engine cannot run a template; none: it can. Templates that it uses are
    judged by their own."""
    if template.states:
        message = "state configuration is not run here: OOS keeps machines in such states itself"
        return [source.Fault(_mark(template, template.states[0].mark.path), message)]
    messages = []
    for task in template.tasks:
        base = task.mark.path
        spec = table.find(task.action)
        if spec is not None and spec.elsewhere:
            message = f"`{task.action}` runs on OOS itself only: {spec.elsewhere}"
            messages.append(source.Fault(_mark(template, f"{base}.Action"), message))
    messages += [
        source.Fault(
            _within(template, path, name),
            f"`{{{{ {name} }}}}` stands in the parameter store of OOS, which is not read here; "
            "make it a parameter of the template",
        )
        for name, path in _stored(template)
    ]
    return messages


def _stored(template: model.Template) -> Iterator[tuple[str, str]]:
    """References to the parameter store, and where."""
    parts: list[tuple[str, Any]] = [
        (f"{item.mark.path}.Default", item.default) for item in template.parameters
    ]
    for task in template.tasks:
        base = task.mark.path
        parts += [(f"{base}.Properties", task.properties), (f"{base}.When", task.when)]
        if task.loop is not None:
            parts.append((f"{base}.Loop.Items", task.loop.items))
    parts.append(("Conditions", template.conditions))
    parts += [(f"{item.mark.path}.Value", item.value) for item in template.outputs]
    for base, value in parts:
        for name, _, path in expressions.references(value):
            if model.fold(name).startswith(_STORED):
                yield name, f"{base}.{path}".rstrip(".") if path[:1] != "[" else base + path


def _within(template: model.Template, path: str, name: str) -> source.Mark:
    marks = template.marks
    return marks.within(path, name) if isinstance(marks, places.Places) else _mark(template, path)


def _mark(template: model.Template, path: str) -> source.Mark:
    marks = template.marks
    if isinstance(marks, places.Places):
        return marks.at(path)
    return marks.get(path, source.Mark(template.name, 1, 1, path))
