"""What is wrong with a template that could be read: everything that would surprise half-way
through a run is said before the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.oos import actions as table
from bot.oos import expressions, functions, jumps, limits, model, names, places, selectors

Templates = Mapping[str, model.Template]


class Known(dict[str, model.Template]):
    """Templates by their folded names: many can be validated without folding them for each."""


def validate(
    template: model.Template,
    actions: Mapping[str, table.ActionSpec] = table.BUILT_IN,
    known_templates: Templates | None = None,
    allow_unknown_products: bool = False,
) -> list[model.Fault]:
    """Every fault, in the order of the file; none: the template can be run. ``known_templates``
    are those that its actions may name. ``allow_unknown_products``: a product action without a
    template is left to the other side."""
    given = known_templates or {}
    known = (
        given
        if isinstance(given, Known)
        else {model.fold(name): item for name, item in given.items()}
    )
    look = _Look(template, actions, known, allow_unknown_products)
    for check in (_parameters, _tasks, _outputs, _conditions):
        look.faults.extend(check(look))
    unique = dict.fromkeys(look.faults)
    return sorted(unique, key=lambda fault: (fault.mark.line, fault.mark.column))


@dataclass(slots=True)
class _Look:
    """One template under validation, and the faults found so far. ``known``: the other templates,
    by folded name; ``lenient``: product actions without one are left alone."""

    template: model.Template
    actions: Mapping[str, table.ActionSpec]
    known: Templates
    lenient: bool
    faults: list[model.Fault] = field(default_factory=list)

    def fault(self, path: str, message: str) -> model.Fault:
        return model.Fault(self.mark(path), message)

    def mark(self, path: str) -> model.Mark:
        marks = self.template.marks
        if isinstance(marks, places.Places):
            return marks.at(path)
        return marks.get(path, model.Mark(self.template.name, 1, 1, path))

    def inside(self, base: str) -> Callable[[str], model.Mark]:
        """Marks of the parts of what stands at ``base``."""
        return lambda path: self.mark(joined(base, path))

    def key(self, path: str) -> model.Mark:
        marks = self.template.marks
        return marks.key(path) if isinstance(marks, places.Places) else self.mark(path)

    def within(self, path: str, needle: str) -> model.Mark:
        marks = self.template.marks
        return marks.within(path, needle) if isinstance(marks, places.Places) else self.mark(path)


def joined(base: str, path: str) -> str:
    """The path of a part inside the value at ``base``."""
    if not path or not base or path[0] in "[.":
        return base + path
    return f"{base}.{path}"


# ----------------------------------------------------------------------------- expressions


def _expressions(
    look: _Look, base: str, value: Any, scope: Callable[[str, str], str]
) -> Iterator[model.Fault]:
    """Faults of syntax, functions and jq, and of what the references name: ``scope`` says what is
    wrong with one; empty: nothing."""
    yield from expressions.check(value, look.inside(base))
    for name, dotted, path in expressions.references(value):
        wrong = scope(name, dotted)
        if wrong:
            needle = f"{name}.{dotted}" if dotted else name
            yield model.Fault(look.within(joined(base, path), needle), wrong)


def _scope(look: _Look, index: int, loop_item: bool) -> Callable[[str, str], str]:
    """What a reference may name in the task of that index (past the last: in the outputs)."""
    parameters = {model.fold(item.name): item.name for item in look.template.parameters}
    tasks = {model.fold(task.name): (at, task) for at, task in _numbered(look.template)}
    pseudo = {model.fold(name) for name in names.PSEUDO}

    def wrong(name: str, dotted: str) -> str:
        folded = model.fold(name)
        if folded.startswith(("oos:", "oos-secret:")):
            return ""
        if folded.startswith("acs::"):
            if folded == model.fold(names.LOOP_ITEM):
                return "" if loop_item else f"`{name}` means something inside a Loop only"
            known = folded in pseudo
            return "" if known else f"unknown `{name}`{names.suggestion(name, names.PSEUDO)}"
        if not dotted:
            return "" if folded in parameters else _unknown_parameter(name, parameters, tasks)
        if folded not in tasks:
            return _unknown_task(name, dotted, parameters, tasks)
        at, task = tasks[folded]
        given = _given(task)
        if model.fold(dotted) not in map(model.fold, given):
            near = names.suggestion(dotted, given)
            return f"the task `{task.name}` has no output `{dotted}`{near}"
        if at >= index:
            when = "is this task itself" if at == index else "runs later"
            return f"`{name}.{dotted}`: the task `{task.name}` {when}, its output is not known yet"
        return ""

    return wrong


def _numbered(template: model.Template) -> Iterator[tuple[int, model.Task]]:
    return reversed(list(enumerate(template.tasks)))


def _given(task: model.Task) -> list[str]:
    looped = [item.name for item in task.loop.outputs] if task.loop else []
    return [item.name for item in task.outputs] + looped


def _unknown_parameter(name: str, parameters: Mapping[str, str], tasks: Mapping[str, Any]) -> str:
    if model.fold(name) in tasks:
        outputs = _given(tasks[model.fold(name)][1])
        such = names.listed(f"{name}.{output}" for output in outputs[:8])
        return f"`{name}` is a task; name an output of it{': ' + such if such else ''}"
    return f"unknown parameter `{name}`{names.suggestion(name, parameters.values())}"


def _unknown_task(
    name: str, dotted: str, parameters: Mapping[str, str], tasks: Mapping[str, Any]
) -> str:
    if model.fold(name) in parameters:
        return f"`{name}` is a parameter; take a part of it with Fn::Select: [{dotted}, …]"
    near = names.nearest(name, [task.name for _, task in tasks.values()])
    hint = f", did you mean `{near}.{dotted}`?" if near else ""
    return f"unknown task `{name}` in `{name}.{dotted}`{hint}"


# ----------------------------------------------------------------------------- the parts


def _parameters(look: _Look) -> Iterator[model.Fault]:
    """Defaults: they may name pseudo parameters only, and must fit what they are defaults of."""
    pseudo = {model.fold(name) for name in names.PSEUDO} - {model.fold(names.LOOP_ITEM)}
    for item in look.template.parameters:
        base = joined(item.mark.path, "Default")
        for name, dotted, path in expressions.references(item.default):
            folded = model.fold(name)
            if folded in pseudo or folded.startswith(("oos:", "oos-secret:")):
                continue
            whole = f"{name}.{dotted}" if dotted else name
            message = f"a Default knows `{{{{ ACS::… }}}}` only, not `{whole}`"
            yield model.Fault(look.within(joined(base, path), name), message)
        message = limits.default_fault(item)
        if message:
            yield look.fault(base, f"`{item.name}`: {message}")


def _tasks(look: _Look) -> Iterator[model.Fault]:
    for index, task in enumerate(look.template.tasks):
        base = f"{_key(look.template, 'Tasks')}[{index}]"
        yield from _action(look, base, index, task)
        yield from jumps.faults(look.template, index, look.inside(base))
        yield from limits.task_faults(task, look.inside(base))
        yield from _values(look, base, index, task)
        yield from _task_outputs(look, base, task)


def _key(template: model.Template, name: str) -> str:
    """A top-level keyword as it is written in this template."""
    folded = model.fold(name)
    return next((path for path in template.marks if model.fold(path) == folded), name)


def _values(look: _Look, base: str, index: int, task: model.Task) -> Iterator[model.Fault]:
    """The expressions of a task. Its outputs may name the loop's item, the loop itself not."""
    looped = _scope(look, index, task.loop is not None)
    plain = _scope(look, index, False)
    parts: list[tuple[str, Any]] = [
        ("Properties", task.properties),
        ("When", task.when), ("Retries", task.retries), ("Delay", task.delay),
        ("DelayType", task.delay_type), ("BackOff", task.back_off),
        ("MaxRetryInterval", task.max_retry_interval),
    ]  # fmt: skip
    for name, value in parts:
        yield from _expressions(look, joined(base, name), value, looped)
    for output in task.outputs:
        for name, dotted, _ in expressions.references(output.value):
            wrong = looped(name, dotted)
            if wrong:
                where = f"{output.mark.path}.ValueSelector"
                yield model.Fault(look.within(where, name), wrong)
    if task.loop is not None:
        yield from _expressions(look, f"{base}.Loop.Items", task.loop.items, plain)
        rate = task.loop.rate
        where = f"{base}.Loop.RateControl"
        if not isinstance(rate, model.RateControl):
            yield from _expressions(look, where, rate, plain)
            return
        for value in (rate.mode, rate.concurrency, rate.batch, rate.max_errors, rate.batch_pause):
            yield from _expressions(look, where, value, plain)


def _task_outputs(look: _Look, base: str, task: model.Task) -> Iterator[model.Fault]:
    """Selectors must be jq; what a loop gathers must be an output of its task."""
    for output in task.outputs:
        where = f"{output.mark.path}.ValueSelector"
        wrong = selectors.fault(output.value)
        if wrong:
            yield look.fault(where, f"`{output.name}`: ValueSelector: {wrong}")
    for name, value in task.properties.items():
        if model.fold(name) == "propertyselector":
            wrong = selectors.fault(value)
            if wrong:
                yield look.fault(f"{base}.Properties.{name}", f"PropertySelector: {wrong}")
    outputs = [output.name for output in task.outputs]
    for item in task.loop.outputs if task.loop else ():
        where = f"{item.mark.path}.AggregateField"
        if model.fold(item.field) not in map(model.fold, outputs):
            near = names.suggestion(item.field, outputs)
            yield look.fault(where, f"the task `{task.name}` has no output `{item.field}`{near}")
        if functions.find(item.function) is None:
            near = functions.nearest(item.function)
            where = f"{item.mark.path}.AggregateType"
            yield look.fault(where, f"unknown AggregateType `{item.function}`{near}")


def _outputs(look: _Look) -> Iterator[model.Fault]:
    scope = _scope(look, len(look.template.tasks), False)
    for output in look.template.outputs:
        yield from _expressions(look, f"{output.mark.path}.Value", output.value, scope)
    where = _key(look.template, "RamRole")
    none_yet = _scope(look, 0, False)
    yield from _expressions(look, where, look.template.ram_role, none_yet)


def _conditions(look: _Look) -> Iterator[model.Fault]:
    if look.template.conditions:
        where = _key(look.template, "Conditions")
        message = "Conditions are not known here; use When, or ACS::Choice"
        yield model.Fault(look.key(where), message)


# ----------------------------------------------------------------------------- actions


def _action(look: _Look, base: str, index: int, task: model.Task) -> Iterator[model.Fault]:
    if not task.action:
        return
    spec = table.find(task.action, look.actions)
    where = f"{base}.Action"
    if spec is None:
        yield from _product(look, base, task)
        return
    if spec.refusal:
        yield look.fault(where, f"`{task.action}`: {spec.refusal}")
        return
    if spec.trigger and index:
        yield look.fault(where, f"`{task.action}` starts an execution: it must be the first task")
    if task.loop is not None and not spec.loops:
        yield model.Fault(task.loop.mark, f"`{task.action}` cannot have a Loop")
    yield from _properties(look, base, task, spec)
    if spec.name == "ACS::Template":
        yield from _child(look, base, task)


def _properties(
    look: _Look, base: str, task: model.Task, spec: table.ActionSpec
) -> Iterator[model.Fault]:
    where = f"{base}.Properties"
    known = {model.fold(name): name for name in spec.properties}
    given: dict[str, tuple[str, Any]] = {}
    meant: set[str] = set()
    for key, value in task.properties.items():
        name = known.get(model.fold(key))
        if name is None:
            meant.add(names.nearest(key, spec.properties))
            near = names.suggestion(key, spec.properties)
            mark = look.key(f"{where}.{key}")
            yield model.Fault(mark, f"`{task.action}` has no property `{key}`{near}")
        else:
            given[name] = (f"{where}.{key}", value)
    blank = [name for name in spec.required if given.get(name, ("", None))[1] in (None, "")]
    missing = [name for name in blank if name not in meant]
    if missing:
        yield look.fault(where, f"`{task.action}` needs the property {' and '.join(missing)}")
    if spec.one_of and not any(name in given or name in meant for name in spec.one_of):
        yield look.fault(where, f"`{task.action}` needs {names.listed(spec.one_of)}")
    for name, (required, optional) in spec.nested.items():
        path, value = given.get(name, ("", None))
        if isinstance(value, dict):
            yield from _nested(look, path, name, value, required, optional)


def _nested(
    look: _Look,
    path: str,
    name: str,
    value: Mapping[str, Any],
    required: tuple[str, ...],
    optional: tuple[str, ...],
) -> Iterator[model.Fault]:
    known = (*required, *optional)
    meant: set[str] = set()
    for key in value:
        if model.fold(key) not in map(model.fold, known):
            meant.add(names.nearest(key, known))
            near = names.suggestion(key, known)
            yield model.Fault(look.key(f"{path}.{key}"), f"{name} has no `{key}`{near}")
    for key in required:
        if key not in meant and model.fold(key) not in map(model.fold, value):
            yield look.fault(path, f"{name} needs {key}")


def _product(look: _Look, base: str, task: model.Task) -> Iterator[model.Fault]:
    """An action that is a template: it must be there, and take what it is given."""
    child = look.known.get(model.fold(task.action))
    if child is not None:
        yield from _circle(look, f"{base}.Action", child)
        yield from _passed(look, f"{base}.Properties", task.properties, child)
        return
    parts = task.action.split("::")
    if look.lenient and len(parts) >= 3 and parts[0].casefold() == "acs":
        return
    known = [*look.actions, *_others(look)]
    hint = names.meant(task.action, known)
    if not hint and len(parts) >= 3:
        hint = "; there is no template of that name here"
    yield look.fault(f"{base}.Action", f"unknown action `{task.action}`{hint}")


def _child(look: _Look, base: str, task: model.Task) -> Iterator[model.Fault]:
    """``ACS::Template``: the template that it names, unless the name is worked out in the run."""
    name = child_name(task)
    if not name:
        return
    given = {model.fold(key): (key, value) for key, value in task.properties.items()}
    key, _ = given["templatename"]
    child = look.known.get(model.fold(name))
    if child is not None:
        yield from _circle(look, f"{base}.Properties.{key}", child)
        key, values = given.get("parameters", ("Parameters", {}))
        if isinstance(values, dict):
            yield from _passed(look, f"{base}.Properties.{key}", values, child)
    elif not look.lenient:
        near = names.suggestion(name, _others(look))
        yield look.fault(f"{base}.Properties.{key}", f"unknown template `{name}`{near}")


def _others(look: _Look) -> list[str]:
    return [item.name for item in look.known.values() if item.name != look.template.name]


def child_name(task: model.Task) -> str:
    """The template that a task runs, as it is written; empty: it runs none, or which one is worked
    out in the run."""
    if model.fold(task.action) != "acs::template":
        return task.action
    given = {model.fold(key): value for key, value in task.properties.items()}
    name = given.get("templatename")
    return name if isinstance(name, str) and "{{" not in name else ""


def _circle(look: _Look, path: str, child: model.Template) -> Iterator[model.Fault]:
    """A template that runs itself, through others or not, has no end that can be seen."""
    goal = model.fold(look.template.name)
    ways: list[tuple[model.Template, ...]] = [(child,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        name = model.fold(way[-1].name)
        if name == goal:
            shown = names.listed([way[0].name]) if len(way) == 1 else _arrows(way)
            yield look.fault(
                path, f"{shown} is this template itself; a template may not run itself"
            )
            return
        if name not in seen:
            seen.add(name)
            inner = (look.known.get(model.fold(child_name(task))) for task in way[-1].tasks)
            ways.extend((*way, template) for template in inner if template is not None)


def _arrows(way: tuple[model.Template, ...]) -> str:
    return " → ".join(f"`{template.name}`" for template in way)


def _passed(
    look: _Look, path: str, values: Mapping[str, Any], child: model.Template
) -> Iterator[model.Fault]:
    """Values for parameters that the template has not: a fault where one was clearly meant."""
    known = [item.name for item in child.parameters]
    given = {model.fold(key) for key in values}
    free = [name for name in known if model.fold(name) not in given]
    for key in values:
        if model.fold(key) in map(model.fold, known):
            continue
        near = names.nearest(key, free)
        if near:
            message = f"unknown parameter `{key}` of `{child.name}`, did you mean `{near}`?"
            yield model.Fault(look.key(f"{path}.{key}"), message)
