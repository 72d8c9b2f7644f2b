"""What a template will do, told before it is voted on: task by task, in order, with the values that
are known by then. It only tells; what runs is decided by the interpreter alone.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot import model
from bot.cards import runs
from bot.oos import model as oos
from bot.oos import placeholders, printing

DEEPEST = 3
_INDENT = "   "


def stages(template: oos.Template) -> tuple[model.Stage, ...]:
    """The tasks of a template, none begun."""
    return tuple(model.Stage(task.name, task.action) for task in template.tasks)


def text(
    template: oos.Template,
    parameters: Mapping[str, Any],
    hidden: tuple[str, ...],
    library: Mapping[str, oos.Template],
) -> str:
    """The tasks in order, each with what it is given; a template that a task runs stands below it,
    with what it is given put in."""
    known = {
        oos.fold(name): runs.HIDDEN if name in hidden else value
        for name, value in parameters.items()
    }
    return "\n".join(_tasks(template, known, library, "", 1))


def _tasks(
    template: oos.Template,
    known: Mapping[str, Any],
    library: Mapping[str, oos.Template],
    indent: str,
    depth: int,
) -> Iterator[str]:
    for number, task in enumerate(template.tasks, 1):
        yield f"{indent}{number}. {task.name}: {task.action}{_times(task, known)}"
        inner = indent + _INDENT
        if task.when is not None:
            yield f"{inner}only if {_inline(task.when, known)}"
        given = filled(task.properties, known)
        yield from _yaml(given, inner)
        child = _child(task, library)
        if child is not None and depth < DEEPEST:
            values = _given(given, child)
            yield from _tasks(child, values, library, inner + "| ", depth + 1)
        for word, target, usual in (
            ("if it fails", task.on_error, "acs::end"),
            ("then", task.on_success, "acs::next"),
        ):
            if target and oos.fold(target) != usual:
                yield f"{inner}{word}: {target}"


def _times(task: oos.Task, known: Mapping[str, Any]) -> str:
    if task.loop is None:
        return ""
    items = filled(task.loop.items, known)
    many = str(len(items)) if isinstance(items, list) else str(items)
    rate = task.loop.rate
    if isinstance(rate, oos.RateControl):
        pace = f"{rate.batch or rate.concurrency} at a time, MaxErrors {rate.max_errors}"
    else:
        pace = _inline(rate, known)
    return f" × {many} ({filled(pace, known)})"


def _child(task: oos.Task, library: Mapping[str, oos.Template]) -> oos.Template | None:
    """The template that ``ACS::Template`` runs. A product action is told by its name alone."""
    if oos.fold(task.action) != "acs::template":
        return None
    name = _property(task.properties, "templatename")
    return next(
        (found for key, found in library.items() if oos.fold(key) == oos.fold(str(name))), None
    )


def _given(given: Mapping[str, Any], child: oos.Template) -> dict[str, Any]:
    """What the inner template knows of its parameters: what it is given, else its defaults."""
    passed = _property(given, "parameters")
    values = {oos.fold(item.name): item.default for item in child.parameters if not item.required}
    for name, value in passed.items() if isinstance(passed, Mapping) else ():
        values[oos.fold(name)] = value
    return values


def _property(properties: Mapping[str, Any], folded: str) -> Any:
    return next((value for name, value in properties.items() if oos.fold(name) == folded), None)


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with the parameters that are known put in; all else stays as it is written."""
    if isinstance(value, str):
        return _filled_text(value, known)
    if isinstance(value, Mapping):
        return {str(filled(key, known)): filled(part, known) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [filled(part, known) for part in value]
    return value


def _filled_text(text: str, known: Mapping[str, Any]) -> Any:
    parts = placeholders.split(text)

    def found(name: placeholders.Name) -> tuple[bool, Any]:
        key = oos.fold(name.name)
        return name.output is None and key in known, known.get(key)

    if len(parts) == 1 and isinstance(parts[0], placeholders.Name):
        there, value = found(parts[0])
        return _masked(value) if there else text
    written = []
    for part in parts:
        there, value = found(part) if isinstance(part, placeholders.Name) else (False, None)
        if there:
            written.append(value if isinstance(value, str) else model.canonical(value))
        else:
            written.append(str(part))
    return _masked("".join(written))


def _masked(value: Any) -> Any:
    """The token of a robot's address is a secret."""
    return runs.unsigned(value) if isinstance(value, str) else value


def _inline(value: Any, known: Mapping[str, Any]) -> str:
    found = filled(value, known)
    return found if isinstance(found, str) else model.canonical(found)


def _yaml(value: Any, indent: str) -> Iterator[str]:
    if value:
        for line in _lines(json.dumps(value, ensure_ascii=False)):
            yield f"{indent}{line}"


@functools.lru_cache(maxsize=512)
def _lines(text: str) -> tuple[str, ...]:
    """A value, given as JSON, in lines of YAML, remembered: a plan is told twice before it is
    voted on, and most of it is alike each time that somebody asks."""
    return tuple(printing.written(json.loads(text)).rstrip("\n").split("\n"))
