"""What is wrong with a template that could be read: everything that would surprise half-way
through a run is said before the first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot import source
from bot.model import ports
from bot.oos.check import apis, children, jumps, literals
from bot.oos.check.context import Known, Look, joined
from bot.oos.engine import actions as table
from bot.oos.expr import conditions, expressions, functions, scripts
from bot.oos.expr.functions import base as base_of
from bot.oos.parameters import defaults, limits
from bot.oos.template import model, names
from bot.source import suggest

_ASSOCIATIONS = ("Targets", "RateControl")
"""What this side takes in a way of its own; the others only draw the console's form."""
_PSEUDO = frozenset(map(model.fold, names.PSEUDO))


def validate(
    template: model.Template,
    known_templates: Mapping[str, model.Template] | None = None,
    allow_unknown_products: bool = False,
    away: bool = False,
    models: ports.Models | None = None,
) -> list[source.Fault]:
    """Every fault, in the order of the file; none: the template can be run. ``known_templates``
    are those that its actions may name. ``allow_unknown_products``: a product action without a
    template is left to the other side. ``away``: OOS itself runs it, so that what only this side
    cannot do, or does not know, is no fault. ``models``: what is known of the products' APIs."""
    known = known_templates if isinstance(known_templates, Known) else Known(known_templates or {})
    look = Look(template, known, allow_unknown_products, away)
    checks = (_parameters, _tasks, _states, _outputs, _conditions)
    for task in template.tasks if models is not None else ():
        look.faults.extend(apis.faults(look, models, task.mark.path, task))  # type: ignore[arg-type]
    for check in checks if template.tasks or template.states else (_parameters,):
        look.faults.extend(check(look))
    unique = dict.fromkeys(fault for fault in look.faults if not (away and model.local(fault)))
    return sorted(unique, key=lambda fault: (fault.mark.line, fault.mark.column))


# ----------------------------------------------------------------------------- expressions


def _expressions(
    look: Look, base: str, value: object, scope: Callable[[str, str], str]
) -> Iterator[source.Fault]:
    """Faults of syntax, functions and jq, and of what the references name: ``scope`` says what is
    wrong with one; empty: nothing."""
    if value is None or isinstance(value, int | float):
        return
    yield from expressions.check(value, look.inside(base))
    for path, message in literals.computed(value):
        yield look.fault(joined(base, path), message)
    for name, dotted, path in expressions.references(value):
        wrong = scope(name, dotted)
        if wrong:
            needle = f"{name}.{dotted}" if dotted else name
            yield source.Fault(look.within(joined(base, path), needle), wrong)


def _scope(look: Look, index: int, loop_item: bool) -> Callable[[str, str], str]:
    """What a reference may name in the task of that index (past the last: in the outputs)."""
    parameters, tasks = look.parameters, look.tasks

    def wrong(name: str, dotted: str) -> str:
        folded = model.fold(name)
        if folded.startswith(("oos:", "oos-secret:")):
            return ""
        if folded.startswith("acs::"):
            if folded == model.fold(names.LOOP_ITEM):
                return "" if loop_item else f"`{name}` means something inside a Loop only"
            if folded in _PSEUDO:
                return ""
            said = f"unknown `{name}`{suggest.expected(name, names.PSEUDO)}"
            return names.unknown(said, name, names.PSEUDO)
        if not dotted:
            return "" if folded in parameters else _unknown_parameter(name, parameters, tasks)
        if folded not in tasks:
            return _unknown_task(name, dotted, parameters, look.template)
        at, task = tasks[folded]
        outputs = _outputs_of(task)
        if model.fold(dotted) not in map(model.fold, outputs):
            near = suggest.expected(dotted, outputs)
            return f"the task `{task.name}` has no output `{dotted}`{near}"
        if at >= index:
            when = "is this task itself" if at == index else "runs later"
            return f"`{name}.{dotted}`: the task `{task.name}` {when}, its output is not known yet"
        return ""

    return wrong


def _outputs_of(task: model.Task) -> list[str]:
    looped = [item.name for item in task.loop.outputs] if task.loop else []
    return [item.name for item in task.outputs] + looped


def _unknown_parameter(name: str, parameters: Mapping[str, str], tasks: Mapping[str, Any]) -> str:
    if model.fold(name) in tasks:
        outputs = _outputs_of(tasks[model.fold(name)][1])
        such = suggest.listed(f"{name}.{output}" for output in outputs[:8])
        return f"`{name}` is a task; name an output of it{': ' + such if such else ''}"
    return f"unknown parameter `{name}`{suggest.expected(name, parameters.values())}"


def _unknown_task(
    name: str, dotted: str, parameters: Mapping[str, str], template: model.Template
) -> str:
    if any(not task.name for task in template.tasks):
        return ""
    if model.fold(name) in parameters:
        return f"`{name}` is a parameter; take a part of it with Fn::Select: [{dotted}, …]"
    near = suggest.nearest(name, [task.name for task in template.tasks])
    hint = f", did you mean `{near}.{dotted}`?" if near else ""
    return f"unknown task `{name}` in `{name}.{dotted}`{hint}"


# ----------------------------------------------------------------------------- the parts


def _parameters(look: Look) -> Iterator[source.Fault]:
    """Defaults: they may name pseudo parameters and other parameters, and must fit what they are
    defaults of."""
    scope = _scope(look, 0, False)
    for item in look.template.parameters:
        base = joined(item.mark.path, "Default")
        for name, dotted, path in expressions.references(item.default):
            wrong = scope(name, dotted)
            if dotted and wrong:
                wrong = (
                    f"a Default knows parameters and `{{{{ ACS::… }}}}` only, not `{name}.{dotted}`"
                )
            if wrong:
                yield source.Fault(look.within(joined(base, path), name), wrong)
        message = defaults.fault(item)
        if message:
            yield look.fault(base, f"`{item.name}`: {message}")
        plain = item.association and "::" not in item.association
        near = suggest.surely(item.association, _ASSOCIATIONS) if plain else ""
        if near and near != item.association:
            where = joined(item.mark.path, "AssociationProperty")
            yield look.fault(where, f"unknown `{item.association}`, did you mean `{near}`?")
        way = defaults.circle(item, look.template.parameters)
        if way:
            shown = " → ".join(f"`{one.name}`" for one in way)
            yield look.fault(base, f"`{item.name}`: its Default needs itself: {shown}")


def _tasks(look: Look) -> Iterator[source.Fault]:
    for index, task in enumerate(look.template.tasks):
        faults = list(_task(look, index, task))
        yield from faults
        said, places = {fault.mark.line for fault in faults}, set[tuple[int, int]]()
        for fault in literals.faults(look, task.mark.path, task):
            if fault.mark.line not in said and (place := _place(fault)) not in places:
                places.add(place)
                yield fault


def _place(fault: source.Fault) -> tuple[int, int]:
    return fault.mark.line, fault.mark.column


def _task(look: Look, index: int, task: model.Task) -> Iterator[source.Fault]:
    base = task.mark.path
    yield from _action(look, base, index, task)
    inside = look.inside(base)
    yield from jumps.faults(look.template, index, inside, look.keys_inside(base))
    yield from limits.task_faults(task, look.inside(base))
    yield from _values(look, base, index, task)
    yield from _task_outputs(look, base, task)


def _states(look: Look) -> Iterator[source.Fault]:
    scope = _scope(look, 0, False)
    for state in look.template.states:
        yield from _expressions(look, f"{state.mark.path}.Properties", state.properties, scope)


def _key(template: model.Template, name: str) -> str:
    """A top-level keyword as it is written in this template."""
    folded = model.fold(name)
    return next((path for path in template.marks if model.fold(path) == folded), name)


def _values(look: Look, base: str, index: int, task: model.Task) -> Iterator[source.Fault]:
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
        where = f"{output.mark.path}.ValueSelector"
        if isinstance(output.value, dict):
            yield from _expressions(look, where, output.value, looped)
            continue
        for name, dotted, _ in expressions.references(output.value):
            wrong = looped(name, dotted)
            if wrong:
                yield source.Fault(look.within(where, name), wrong)
    if task.loop is not None:
        yield from _expressions(look, f"{base}.Loop.Items", task.loop.items, plain)
        rate = task.loop.rate
        where = f"{base}.Loop.RateControl"
        if not isinstance(rate, model.RateControl):
            yield from _expressions(look, where, rate, plain)
            return
        for part in dataclasses.fields(rate):
            yield from _expressions(look, where, getattr(rate, part.name), plain)


def _task_outputs(look: Look, base: str, task: model.Task) -> Iterator[source.Fault]:
    """Selectors must be jq; what a loop gathers must be an output of its task."""
    for output in task.outputs:
        where = f"{output.mark.path}.ValueSelector"
        wrong = scripts.fault(output.value)
        if wrong:
            said = model.like(wrong, f"`{output.name}`: ValueSelector: {wrong}")
            yield look.fault(where, said)
    for name, value in task.properties.items():
        if model.fold(name) == "propertyselector":
            wrong = scripts.fault(value)
            if wrong:
                said = model.like(wrong, f"PropertySelector: {wrong}")
                yield look.fault(f"{base}.Properties.{name}", said)
    outputs = [output.name for output in task.outputs]
    for item in task.loop.outputs if task.loop else ():
        where = f"{item.mark.path}.AggregateField"
        # A template gives what its own outputs are, without their being said here again.
        if not outputs and table.find(task.action) in (
            None,
            table.find("ACS::Template"),
        ):
            continue
        if item.field and model.fold(item.field) not in map(model.fold, outputs):
            near = suggest.expected(item.field, outputs)
            yield look.fault(where, f"the task `{task.name}` has no output `{item.field}`{near}")
        if functions.find(item.function) is None:
            near = functions.nearest(item.function)
            where = f"{item.mark.path}.AggregateType"
            yield look.fault(where, f"unknown AggregateType `{item.function}`{near}")


def _outputs(look: Look) -> Iterator[source.Fault]:
    scope = _scope(look, len(look.template.tasks), False)
    for output in look.template.outputs:
        yield from _expressions(look, f"{output.mark.path}.Value", output.value, scope)
    where = _key(look.template, "RamRole")
    role = look.template.ram_role
    if isinstance(role, dict) and role and not base_of.is_call(role):
        yield look.fault(where, "expected the name of a RAM role, found a mapping")
    none_yet = _scope(look, 0, False)
    yield from _expressions(look, where, look.template.ram_role, none_yet)


def _conditions(look: Look) -> Iterator[source.Fault]:
    """Each condition by itself, and who names which."""
    template, known = look.template, conditions.folded(look.template)
    anywhere = _scope(look, len(template.tasks), True)
    where = _key(template, "Conditions")
    for name, value in template.conditions.items():
        base = f"{where}.{name}"
        if not conditions.outermost(value):
            expected = suggest.listed(conditions.OUTERMOST)
            yield look.fault(base, f"the condition `{name}` is none of {expected}")
        elif conditions.names_itself(name, known):
            yield source.Fault(look.key(base), f"the condition `{name}` names itself")
        else:
            yield from _expressions(look, base, value, anywhere)
            yield from _unknown_conditions(look, base, value)
    for index, task in enumerate(template.tasks):
        for path, when in _whens(task):
            base = joined(task.mark.path, path)
            if path != "When" and not expressions.check(when):
                yield from literals.when(look, base, when)
                yield from literals.typed(look, base, "When", when)
            yield from _unknown_conditions(look, base, when)
            now = _scope(look, index, task.loop is not None)
            spelt = conditions.expanded(when, known)
            said = {(name, dotted) for name, dotted, _ in expressions.references(when)}
            for name, dotted, _ in expressions.references(spelt):
                wrong = now(name, dotted)
                if wrong and (name, dotted) not in said and not anywhere(name, dotted):
                    yield look.fault(base, wrong)


def _whens(task: model.Task) -> Iterator[tuple[str, object]]:
    """Where conditions are asked for in a task, and by what."""
    yield "When", task.when
    if model.fold(task.action) != "acs::choice":
        return
    for key, value in task.properties.items():
        if model.fold(key) == "choices" and isinstance(value, list):
            for at, choice in enumerate(value):
                for name, when in choice.items() if isinstance(choice, dict) else ():
                    if model.fold(name) == "when":
                        yield f"Properties.{key}[{at}].{name}", when


def _unknown_conditions(look: Look, base: str, value: object) -> Iterator[source.Fault]:
    known = {model.fold(name): name for name in look.template.conditions}
    for name, path in conditions.named(value):
        if model.fold(name) not in known:
            near = suggest.expected(name, known.values()) or "; expected a condition, or true"
            yield look.fault(joined(base, path), f"unknown condition `{name}`{near}")


# ----------------------------------------------------------------------------- actions


def _action(look: Look, base: str, index: int, task: model.Task) -> Iterator[source.Fault]:
    if not task.action:
        return
    spec = table.find(task.action)
    where = f"{base}.Action"
    if spec is None:
        yield from children.product(look, base, task)
        return
    if spec.refusal and not look.away:
        yield look.fault(where, f"`{task.action}`: {spec.refusal}")
        return
    if spec.trigger and index:
        yield look.fault(where, f"`{task.action}` starts an execution: it must be the first task")
    if task.loop is not None and not spec.loops:
        yield source.Fault(task.loop.mark, f"`{task.action}` cannot have a Loop")
    yield from _properties(look, base, task, spec)
    if spec.name == "ACS::Template":
        yield from children.named(look, base, task)


def _properties(
    look: Look, base: str, task: model.Task, spec: table.ActionSpec
) -> Iterator[source.Fault]:
    where = f"{base}.Properties"
    known = {model.fold(name): name for name in spec.properties}
    values: dict[str, tuple[str, object]] = {}
    meant: set[str] = set()
    for key, value in task.properties.items():
        name = known.get(model.fold(key))
        if name is None:
            meant.add(suggest.nearest(key, spec.properties))
            near = suggest.expected(key, spec.properties)
            mark = look.key(f"{where}.{key}")
            said = f"`{task.action}` has no property `{key}`{near}"
            yield source.Fault(mark, names.unknown(said, key, spec.properties))
        else:
            values[name] = (f"{where}.{key}", value)
    blank = [name for name in spec.required if values.get(name, ("", None))[1] in (None, "")]
    missing = [name for name in blank if name not in meant]
    if missing:
        yield look.fault(where, f"`{task.action}` needs the property {' and '.join(missing)}")
    if spec.one_of and not any(name in values or name in meant for name in spec.one_of):
        yield look.fault(where, f"`{task.action}` needs {suggest.listed(spec.one_of)}")
    for name, (required, optional) in spec.nested.items():
        path, value = values.get(name, ("", None))
        if isinstance(value, dict):
            yield from _nested(look, path, name, value, required, optional)


def _nested(
    look: Look,
    path: str,
    name: str,
    value: Mapping[str, object],
    required: tuple[str, ...],
    optional: tuple[str, ...],
) -> Iterator[source.Fault]:
    known = (*required, *optional)
    meant: set[str] = set()
    for key in value:
        if model.fold(key) not in map(model.fold, known):
            meant.add(suggest.nearest(key, known))
            near = suggest.expected(key, known)
            said = names.unknown(f"{name} has no `{key}`{near}", key, known)
            yield source.Fault(look.key(f"{path}.{key}"), said)
    for key in required:
        if key not in meant and model.fold(key) not in map(model.fold, value):
            yield look.fault(path, f"{name} needs {key}")
