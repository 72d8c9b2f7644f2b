"""``{ name }`` with single braces, where ``{{ name }}`` was meant: it stays text, in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot import source
from bot.oos.template import model, places

_SINGLE = re.compile(r"(?<![{$\w%#])\{ *([A-Za-z][\w-]*)(?:\.([\w-]+))? *\}(?!\})")


def warnings(template: model.Template) -> Iterator[source.Fault]:
    """Each place where a parameter, or an output of a task, stands in single braces. It may be
    meant so, as the text of another language."""
    parameters = {model.fold(item.name) for item in template.parameters}
    outputs = {
        (model.fold(task.name), model.fold(output.name))
        for task in template.tasks
        for output in task.outputs
    }
    parts: list[tuple[str, Any]] = []
    for task in template.tasks:
        base = task.mark.path
        parts += [(f"{base}.Properties", task.properties), (f"{base}.When", task.when)]
        if task.loop is not None:
            parts.append((f"{base}.Loop.Items", task.loop.items))
    parts += [(f"{item.mark.path}.Value", item.value) for item in template.outputs]
    while parts:
        path, value = parts.pop(0)
        if isinstance(value, dict):
            parts += [(f"{path}.{key}", part) for key, part in value.items()]
        elif isinstance(value, list):
            parts += [(f"{path}[{at}]", part) for at, part in enumerate(value)]
        for match in _SINGLE.finditer(value) if isinstance(value, str) else ():
            name, output = model.fold(match[1]), match[2]
            if (name, model.fold(output)) in outputs if output else name in parameters:
                said = f"`{match[0]}` is text; a reference is `{{{match[0]}}}`"
                yield source.Fault(_mark(template, path, match[0]), said)


def _mark(template: model.Template, path: str, needle: str) -> source.Mark:
    marks = template.marks
    if isinstance(marks, places.Places):
        return marks.within(path, needle)
    return source.Mark(template.name, 1, 1, path)
