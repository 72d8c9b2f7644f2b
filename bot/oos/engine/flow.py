"""How a template goes: task after task, jumps, loops, templates within templates.

Tasks only jump forward, so that each is done at most once in an execution.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot import source
from bot.oos.engine import actions, calls, loops, units
from bot.oos.engine.units import Failure, Result
from bot.oos.expr import conditions, language
from bot.oos.parameters import defaults
from bot.oos.template import model

DEEPEST = 10
_END, _NEXT = "acs::end", "acs::next"
_SHOWN_FAILURES = 3
_LONGEST_ITEM = 64


class Desk(units.Desk, Protocol):
    """The run's state, as executions see it."""

    def began_loop(self, loop: LoopRun) -> None: ...
    def task_ended(self, path: str, action: str, result: Result, at: datetime) -> None: ...


class Parent(Protocol):
    def execution_ended(self, execution: Execution, result: Result, at: datetime) -> None: ...


def template_of(library: Mapping[str, model.Template], name: str) -> model.Template | None:
    """The template of a name, as written or in any case; an action's "::" may be "-" in it."""
    for wanted in (name, name.replace("::", "-")):
        if wanted in library:
            return library[wanted]
    folded = {model.fold(name), model.fold(name.replace("::", "-"))}
    return next((template for key, template in library.items() if model.fold(key) in folded), None)


class Execution:
    """One going-through of a template. ``prefix``: what its tasks' paths begin with; ``looped``:
    an item of a loop does this; ``cleanup``: OnError led here, in it or before."""

    def __init__(
        self,
        desk: Desk,
        parent: Parent,
        template: model.Template,
        prefix: str = "",
        depth: int = 0,
        looped: bool = False,
        cleanup: bool = False,
    ) -> None:
        self.desk, self.parent, self.template = desk, parent, template
        self.prefix, self.depth, self.looped, self.cleanup = prefix, depth, looped, cleanup
        self.places = {model.fold(task.name): i for i, task in enumerate(template.tasks)}
        self.conditions = conditions.folded(template)
        self.parameters: dict[str, object] = {}
        self.outputs: dict[str, dict[str, object]] = {}
        self.place = 0
        self.current: TaskRun | None = None
        self.over = False
        self._moving = False

    def begin(self, arguments: Mapping[str, object], at: datetime) -> None:
        """Bind the parameters and go."""
        if self.template.states:
            message = f"{self.template.name} is state configuration: there is nothing to run"
            self._end(Result("Failed", failure=self._failure("NothingToRun", message)), at)
            return
        try:
            self._bind(arguments, at)
        except language.ERRORS as error:
            self._end(Result("Failed", failure=self._failure("InvalidParameter", str(error))), at)
            return
        self.advance(at)

    def advance(self, at: datetime) -> None:
        """Go on until something must be waited for."""
        if self._moving:
            return
        self._moving = True
        while self.current is None and not self.over:
            if self.place >= len(self.template.tasks):
                self._succeed(at)
            else:
                self.current = TaskRun(self, self.template.tasks[self.place])
                self.current.begin(at)
        self._moving = False

    def task_ended(self, task: model.Task, result: Result, target: str, at: datetime) -> None:
        """Note what a task gave, and go where it says."""
        self.current = None
        kept = self.outputs.setdefault(model.fold(task.name), {})
        kept.update({model.fold(name): value for name, value in result.outputs.items()})
        if not self.looped:
            self.desk.task_ended(f"{self.prefix}{task.name}", task.action, result, at)
        self._go(task, result, target, at)
        self.advance(at)

    def scope(self, at: datetime, more: Mapping[str, object] | None = None) -> language.Scope:
        """What expressions see. Times are those of the task's beginning, so that a replay gives
        the same values."""
        return language.scope(self._facts(more), self.parameters, self.outputs, at)

    # ------------------------------------------------------------------ within

    def _facts(self, more: Mapping[str, object] | None) -> dict[str, object]:
        return {**self.desk.run.pseudo(), "ACS::TemplateName": self.template.name, **(more or {})}

    def _bind(self, arguments: Mapping[str, object], at: datetime) -> None:
        known = {model.fold(parameter.name): parameter for parameter in self.template.parameters}
        for name in arguments:
            if model.fold(name) not in known:
                raise source.Invalid(f"{self.template.name} has no parameter {name!r}")
        folded = {model.fold(name): value for name, value in arguments.items() if value is not None}
        scope = self.scope(at)
        for parameter in defaults.in_order(self.template.parameters):
            name = model.fold(parameter.name)
            if name in folded:
                self.parameters[name] = language.converted(parameter.type, folded[name])
            elif parameter.required:
                raise source.Invalid(f"{self.template.name} needs the parameter {parameter.name!r}")
            else:
                default = language.evaluate(parameter.default, scope)
                self.parameters[name] = language.converted(parameter.type, default)
        for task in self.template.tasks:
            names = [output.name for output in task.outputs]
            kept = self.outputs[model.fold(task.name)] = {model.fold(name): None for name in names}
            for aggregate in task.loop.outputs if task.loop else ():
                kept[model.fold(aggregate.name)] = _of_nothing(aggregate)

    def _go(self, task: model.Task, result: Result, target: str, at: datetime) -> None:
        where = model.fold(target)
        if where == _NEXT:
            self.place += 1
        elif where != _END:
            place = self.places.get(where)
            if place is None or place <= self.place:
                word = "there is no such task" if place is None else "it does not come later"
                failure = self._failure("InvalidJump", f"cannot go to {target!r}: {word}", task)
                self._end(Result("Failed", failure=failure), at)
            else:
                self.cleanup = self.cleanup or result.status == "Failed"
                self.place = place
        elif result.status == "Failed":
            self._end(result, at)
        else:
            self._succeed(at)

    def _succeed(self, at: datetime) -> None:
        outputs: dict[str, Any] = {}
        scope = self.scope(at)
        for output in self.template.outputs:
            try:
                outputs[output.name] = language.evaluate(output.value, scope)
            except language.ERRORS as error:
                message = f"output {output.name!r}: {error}"
                failure = self._failure("InvalidOutput", message)
                self._end(Result("Failed", failure=failure), at)
                return
        self._end(Result("Success", outputs), at)

    def _end(self, result: Result, at: datetime) -> None:
        self.over = True
        self.parent.execution_ended(self, result, at)

    def _failure(self, code: str, message: str, task: model.Task | None = None) -> Failure:
        path = f"{self.prefix}{task.name}" if task else self.prefix.rstrip("/")
        return Failure(path, code, message)


class TaskRun:
    """One task of an execution: its condition, its loop, and where it goes from there."""

    def __init__(self, execution: Execution, task: model.Task) -> None:
        self.execution, self.task = execution, task
        self.key = f"{execution.prefix}{task.name}"
        self.when = conditions.expanded(task.when, execution.conditions)

    def begin(self, at: datetime) -> None:
        task, spec = self.task, actions.find(self.task.action)
        try:
            scope = self.execution.scope(at)
            if not self.per_item() and not self.holds(scope):
                self.execution.task_ended(task, Result("Skipped"), _NEXT, at)
                return
            if task.loop is not None and spec is not None and not spec.loops:
                raise source.Invalid(f"{task.action} cannot loop")
            chosen = self._chosen(scope) if spec is not None and spec.does == "choice" else ""
            loop = LoopRun(self, task.loop, scope, at) if task.loop is not None else None
        except language.ERRORS as error:
            failure = Failure(self.key, "InvalidValue", str(error))
            self.ended(Result("Failed", failure=failure), at)
            return
        if chosen:
            self.execution.task_ended(task, Result("Success"), chosen, at)
        elif loop is not None:
            loop.begin(at)
        else:
            unit_of(self.execution, self, task, self.key, scope).begin(at)

    def holds(self, scope: language.Scope) -> bool:
        """The task's condition: none is true."""
        return self.when is None or language.met(language.evaluate(self.when, scope))

    def unit_ended(self, unit: units.Unit, result: Result, at: datetime) -> None:
        self.ended(result, at)

    def ended(self, result: Result, at: datetime) -> None:
        """Go where OnError or OnSuccess say; a skipped task is simply followed by the next."""
        target = {
            "Success": self.task.on_success or _NEXT,
            "Failed": self.task.on_error or _END,
        }.get(result.status, _NEXT)
        self.execution.task_ended(self.task, result, target, at)

    def per_item(self) -> bool:
        """The condition of a loop that speaks of the item is asked for each item."""
        if self.task.loop is None or self.when is None:
            return False
        return "acs::taskloopitem" in json.dumps(self.when, default=str).casefold()

    def _chosen(self, scope: language.Scope) -> str:
        properties = {model.fold(name): value for name, value in self.task.properties.items()}
        choices = properties.get("choices") or []
        if not isinstance(choices, list) or not all(isinstance(c, Mapping) for c in choices):
            raise source.Invalid("Choices is not a list of objects with When and NextTask")
        for choice in choices:
            parts = {model.fold(name): value for name, value in choice.items()}
            when = conditions.expanded(parts.get("when"), self.execution.conditions)
            if language.met(language.evaluate(when, scope)):
                return str(parts.get("nexttask") or _NEXT)
        return str(properties.get("defaulttask") or _NEXT)


class LoopRun:
    """A task's loop: keeps as many items going as its rate control lets it."""

    def __init__(
        self, task_run: TaskRun, loop: model.Loop, scope: language.Scope, at: datetime
    ) -> None:
        self.task_run, self.loop = task_run, loop
        self.task, self.execution = task_run.task, task_run.execution
        self.key, self.began = task_run.key, at
        self.items = loops.items(language.evaluate(loop.items, scope))
        pace = loops.pace(_rate(loop, scope), len(self.items))
        run = self.execution.desk.run
        canary = run.pause_after if not self.execution.looped and changes(self.task) else 0
        self.line = loops.Line(pace, canary)
        self.results: dict[int, Result] = {}
        self._per_item = task_run.per_item()
        self._filling = False

    def begin(self, at: datetime) -> None:
        if not self.execution.looped:
            self.execution.desk.began_loop(self)
        self.fill(at)

    def fill(self, at: datetime) -> None:
        """Start the items that may start; end when there are none left."""
        if self._filling:
            return
        self._filling = True
        while (index := self.line.take()) is not None:
            self._start(index, at)
        self._filling = False
        if self.line.held:
            self.execution.desk.hold(self._hold(), self)
        elif self.line.over:
            self.task_run.ended(self._result(), at)

    def released(self, at: datetime) -> None:
        """People said to go on."""
        self.line.release()
        self.fill(at)

    def unit_ended(self, unit: units.Unit, result: Result, at: datetime) -> None:
        self.results[unit.index] = result
        self.line.finish(result.status == "Failed")
        self.fill(at)

    def _start(self, index: int, at: datetime) -> None:
        scope = self.execution.scope(self.began, {"ACS::TaskLoopItem": self.items[index]})
        unit = unit_of(self.execution, self, self.task, f"{self.key}[{index}]", scope)
        unit.index = index
        try:
            going = not self._per_item or self.task_run.holds(scope)
        except language.ERRORS as error:
            unit.fail("InvalidValue", str(error), at)
            return
        if going:
            unit.begin(at)
        else:
            unit.end(Result("Skipped"), at)

    def _hold(self) -> units.Hold:
        if self.line.held == "batch":
            return units.Hold(f"{self.key}#batch{self.line.batch}", self.key, "batch")
        shown = [
            {"item": self.items[i], "status": result.status, "outputs": dict(result.outputs)}
            | ({"error": str(result.failure)} if result.failure else {})
            for i, result in sorted(self.results.items())
        ]
        ask = calls.Approve(min_required=self.execution.desk.run.canary_votes, shown=shown)
        return units.Hold(f"{self.key}#canary", self.key, "canary", ask)

    def _result(self) -> Result:
        if self.line.full:
            return Result("Failed", failure=self._failure())
        outputs: dict[str, object] = {}
        done = [r for _, r in sorted(self.results.items()) if r.status == "Success"]
        for output in self.task.outputs:
            outputs[output.name] = [result.outputs.get(output.name) for result in done]
        try:
            for aggregate in self.loop.outputs:
                outputs[aggregate.name] = _aggregated(aggregate, done)
        except language.ERRORS as error:
            failure = Failure(self.key, "InvalidOutput", str(error))
            return Result("Failed", failure=failure)
        return Result("Success", outputs)

    def _named(self, index: int) -> str:
        """An item as people know it: itself where it is a short text, else its place."""
        item = self.items[index]
        return item if isinstance(item, str) and len(item) <= _LONGEST_ITEM else f"[{index}]"

    def _failure(self) -> Failure:
        failures = [
            f"{self._named(index)}: {result.failure}"
            for index, result in sorted(self.results.items())
            if result.failure
        ]
        counts, most = self.line.counts(), self.line.pace.max_errors
        said = [f"{counts.failed} of {counts.total} items failed, MaxErrors is {most}"]
        if counts.waiting:
            said.append(f"{counts.waiting} were not started")
        said += failures[:_SHOWN_FAILURES]
        if len(failures) > _SHOWN_FAILURES:
            said.append(f"and {len(failures) - _SHOWN_FAILURES} more")
        return Failure(self.key, "MaxErrorsExceeded", "; ".join(said))


class TemplateUnit(units.Unit):
    """ACS::Template, or a product action that is a template of the library."""

    template: model.Template
    arguments: Mapping[str, object]
    gave: Mapping[str, object] = {}

    def __init__(self, execution: Execution, *rest: Any) -> None:
        super().__init__(execution.desk, *rest)
        self.execution = execution

    def prepare(self) -> None:
        if model.fold(self.task.action) == "acs::template":
            name, arguments = self.text("TemplateName"), self.mapping("Parameters")
        else:
            name, arguments = self.task.action, self.value(self.task.properties)
        template = template_of(self.desk.library, name)
        if template is None:
            raise source.Invalid(f"there is no template {name!r}")
        if self.execution.depth >= DEEPEST:
            raise source.Invalid(f"{name} is nested deeper than {DEEPEST} templates")
        self.template, self.arguments = template, arguments

    def woken(self, at: datetime) -> None:
        outer = self.execution
        attempt = f"#{self.attempt}" if self.attempt else ""
        inner = Execution(
            outer.desk,
            self,
            self.template,
            prefix=f"{self.key}{attempt}/",
            depth=outer.depth + 1,
            looped=outer.looped or isinstance(self.owner, LoopRun),
            cleanup=self.cleanup,
        )
        inner.begin(self.arguments, at)

    def execution_ended(self, execution: Execution, result: Result, at: datetime) -> None:
        if result.failure is not None:
            self.missed(result.failure, at)
            return
        self.gave = result.outputs
        self.accept(dict(result.outputs), at)

    def end(self, result: Result, at: datetime) -> None:
        """What the template gives can be used as it is, besides what the task selects of it."""
        if result.status == "Success":
            result = Result("Success", {**self.gave, **result.outputs})
        super().end(result, at)


def unit_of(
    execution: Execution, owner: units.Owner, task: model.Task, key: str, scope: language.Scope
) -> units.Unit:
    """What does a task once."""
    spec = actions.find(task.action)
    library = execution.desk.library
    unit: units.Unit
    if spec is not None and not isinstance(spec.does, str):
        unit = spec.does(execution.desk, owner, task, key, scope)
    elif spec is not None or template_of(library, task.action):
        unit = TemplateUnit(execution, owner, task, key, scope)
    else:
        unit = units.ProductUnit(execution.desk, owner, task, key, scope)
    unit.cleanup = execution.cleanup
    return unit


def changes(task: model.Task) -> bool:
    """May the task change something? False: its calls only read, by their names and methods."""
    spec = actions.find(task.action)
    if spec is None or not actions.calls_api(task.action):
        return spec is None or not spec.reads
    properties = {model.fold(key): str(value or "") for key, value in task.properties.items()}
    return not calls.reads(*(properties.get(name, "") for name in ("api", "uri", "method")))


_RATE = ("mode", "concurrency", "batch", "concurrency_in_batches", "batch_pause", "max_errors")


def _rate(loop: model.Loop, scope: language.Scope) -> model.RateControl:
    if not isinstance(loop.rate, model.RateControl):
        return loops.rate(language.evaluate(loop.rate, scope))
    rate = loop.rate
    return model.RateControl(
        **{name: language.evaluate(getattr(rate, name), scope) for name in _RATE}
    )


def _of_nothing(aggregate: model.Aggregate) -> object:
    """What a loop gives that was skipped, or not reached: an empty list of a ListJoin. The
    published templates rely on it."""
    try:
        return language.aggregate(aggregate.function, [])
    except language.ERRORS:
        return None


def _aggregated(aggregate: model.Aggregate, results: Sequence[Result]) -> object:
    wanted = model.fold(aggregate.field)
    values = [
        value
        for result in results
        for name, value in result.outputs.items()
        if model.fold(name) == wanted
    ]
    return language.aggregate(aggregate.function, values)
