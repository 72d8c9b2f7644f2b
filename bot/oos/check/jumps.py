"""Where a template may jump: to tasks that exist, and forward only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot import source
from bot.oos.template import model, names
from bot.source import suggest

_ENDS = {model.fold(names.END), model.fold(names.NEXT)}


def faults(
    template: model.Template,
    index: int,
    mark: Callable[[str], source.Mark],
    key: Callable[[str], source.Mark],
) -> Iterator[source.Fault]:
    """What is wrong with the jumps of one task; ``mark`` takes a path inside it and says where its
    value stands, ``key`` where its name does."""
    task = template.tasks[index]
    for path, target in _jumps(task):
        wrong = _wrong(template, index, target)
        if wrong:
            said = model.like(wrong, f"{path.rpartition('.')[2]}: {wrong}")
            yield source.Fault(mark(path), said)
    if model.fold(task.action) == "acs::choice":
        yield from _choices(task, mark, key)


def _jumps(task: model.Task) -> Iterator[tuple[str, object]]:
    yield "OnError", task.on_error
    yield "OnSuccess", task.on_success
    if model.fold(task.action) != "acs::choice":
        return
    for key, value in task.properties.items():
        if model.fold(key) == "defaulttask" and value not in (None, ""):
            yield f"Properties.{key}", value
        if model.fold(key) == "choices" and isinstance(value, list):
            for at, choice in enumerate(value):
                for inner, target in choice.items() if isinstance(choice, dict) else ():
                    if model.fold(inner) == "nexttask" and target not in (None, ""):
                        yield f"Properties.{key}[{at}].{inner}", target


def _wrong(template: model.Template, index: int, target: object) -> str:
    if not isinstance(target, str):
        return f"expected the name of a task, found {names.kind(target)}"
    folded = model.fold(target.strip())
    if folded in _ENDS:
        return ""
    places = [at for at, task in enumerate(template.tasks) if model.fold(task.name) == folded]
    if not places and any(not task.name for task in template.tasks):
        return ""
    if not places:
        later = [task.name for task in template.tasks[index + 1 :]]
        return f"unknown task `{target}`{suggest.expected(target, [*later, names.END, names.NEXT])}"
    if places[0] <= index:
        back = "itself" if places[0] == index else "an earlier task"
        return model.Local(f"`{target}` is {back}; jumps go forward only")
    return ""


def _choices(
    task: model.Task, mark: Callable[[str], source.Mark], key: Callable[[str], source.Mark]
) -> Iterator[source.Fault]:
    """Each choice needs both of its parts."""
    for property, value in task.properties.items():
        if model.fold(property) != "choices":
            continue
        path = f"Properties.{property}"
        if not isinstance(value, list):
            yield source.Fault(mark(path), f"Choices: expected a list, found {names.kind(value)}")
            continue
        for at, choice in enumerate(value):
            inner = f"{path}[{at}]"
            if not isinstance(choice, dict):
                expected = f"expected When and NextTask, found {names.kind(choice)}"
                yield source.Fault(mark(inner), expected)
                continue
            keys = {model.fold(name): name for name in choice}
            meant: set[str] = set()
            for name in choice:
                if model.fold(name) not in ("when", "nexttask", "description"):
                    meant.add(suggest.nearest(name, ("When", "NextTask")))
                    near = suggest.expected(name, ("When", "NextTask"))
                    unknown = f"unknown key `{name}` of a choice{near}"
                    unknown = names.unknown(unknown, name, ("When", "NextTask"))
                    yield source.Fault(key(f"{inner}.{name}"), unknown)
            for name in ("When", "NextTask"):
                blank = choice.get(keys.get(model.fold(name), "")) in (None, "")
                if blank and name not in meant:
                    yield source.Fault(mark(inner), f"a choice needs {name}")
