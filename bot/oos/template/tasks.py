"""The tasks of a template, as read: their flow, loops and outputs."""

from __future__ import annotations

import re
from typing import Any

from bot.oos.template import model, names, sheet

_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
_TASK = sheet.keys(
    "Name", "Action", "Description", "Properties", "When", "OnError", "OnSuccess", "Outputs",
    "Loop", "Retries", "Delay", "DelayType", "BackOff", "MaxRetryInterval",
)  # fmt: skip
_STATE = sheet.keys("Name", "ResourceType", "Description", "Properties")
_OUTPUT = sheet.keys("Type", "ValueSelector", "Description")
_RATE = (
    "Mode", "Concurrency", "Batch", "ConcurrencyInBatches", "BatchPauseOption", "MaxErrors",
)  # fmt: skip
_LOOP = sheet.keys("Items", "RateControl", "Outputs", *_RATE)
_RATE_CONTROL = sheet.keys(*_RATE)
_AGGREGATE = sheet.keys("AggregateType", "AggregateField", "Description")


def tasks(page: sheet.Sheet, fields: sheet.Fields) -> tuple[model.Task, ...]:
    """The tasks that could be read; what could not is noted."""
    path, value = fields.get("Tasks", ("", None))
    if not value:
        page.fault(path, "expected at least one task under `Tasks`")
        return ()
    if not isinstance(value, list):
        page.fault(path, f"Tasks: expected a list (`- Name: …`), found {names.kind(value)}")
        return ()
    items = []
    for index, item in enumerate(value):
        inner = f"{path}[{index}]"
        if isinstance(item, dict):
            items.append(_task(page, inner, item))
        else:
            page.fault(inner, f"expected a task with Name and Action, found {names.kind(item)}")
    page.unique([(task.name, task.mark) for task in items if task.name], "task")
    return tuple(items)


def states(page: sheet.Sheet, fields: sheet.Fields) -> tuple[model.State, ...]:
    """The states of a template of state configuration."""
    path, value = fields.get("States", ("", None))
    if not isinstance(value, list) or not value:
        page.fault(path, "expected at least one state under `States` (`- ResourceType: …`)")
        return ()
    items = []
    for index, item in enumerate(value):
        inner = f"{path}[{index}]"
        if not isinstance(item, dict):
            page.fault(inner, f"expected a state with ResourceType, found {names.kind(item)}")
            continue
        parts = page.fields(item, inner, _STATE, "a state")
        type = _required(page, parts, inner, "ResourceType", "a state")
        items.append(model.State(type, page.mapping(parts, "Properties"), page.places.at(inner)))
    return tuple(items)


def _task(page: sheet.Sheet, path: str, value: dict[str, object]) -> model.Task:
    fields = page.fields(value, path, _TASK, "a task")
    name = _required(page, fields, path, "Name", "a task")
    if name and not _NAME.fullmatch(name):
        page.fault(fields["Name"][0], f"`{name}`: a task's name is letters, digits, - and _")
    action = _required(page, fields, path, "Action", f"the task `{name}`" if name else "a task")
    outputs = page.outputs(fields, _OUTPUT, "a task's output", "ValueSelector")
    page.unique([(output.name, output.mark) for output in outputs], "output")
    return model.Task(
        name=name,
        action=action,
        mark=page.places.at(path),
        properties=page.mapping(fields, "Properties"),
        description=page.described(fields, "Description"),
        when=fields.get("When", ("", None))[1],
        on_error=page.text(fields, "OnError") or names.END,
        on_success=page.text(fields, "OnSuccess") or names.NEXT,
        outputs=outputs,
        loop=_loop(page, fields),
        retries=fields.get("Retries", ("", None))[1],
        delay=fields.get("Delay", ("", None))[1],
        delay_type=fields.get("DelayType", ("", None))[1],
        back_off=fields.get("BackOff", ("", None))[1],
        max_retry_interval=fields.get("MaxRetryInterval", ("", None))[1],
    )


def _required(page: sheet.Sheet, fields: sheet.Fields, path: str, name: str, what: str) -> str:
    text = page.text(fields, name).strip()
    value = fields.get(name, ("", None))[1]
    if not text and (not value or isinstance(value, str)):
        page.fault(fields[name][0] if name in fields else path, f"{what} has no {name}")
    return text


def _loop(page: sheet.Sheet, fields: sheet.Fields) -> model.Loop | None:
    path, value = fields.get("Loop", ("", None))
    if value is None:
        return None
    if not isinstance(value, dict):
        page.fault(path, f"Loop: expected a mapping with Items, found {names.kind(value)}")
        return None
    loop = page.fields(value, path, _LOOP, "a loop")
    if loop.get("Items", ("", None))[1] in (None, ""):
        page.fault(path, "a loop needs Items: a list, or an expression that gives one", key=True)
    items = loop.get("Items", ("", ""))[1]
    if items and not isinstance(items, (list, str, dict)):
        page.fault(loop["Items"][0], f"Items: expected a list, found {names.kind(items)}")
    return model.Loop(
        items=items,
        mark=page.places.key(path),
        rate=_rate(page, loop),
        outputs=_aggregates(page, loop),
    )


def _rate(page: sheet.Sheet, loop: sheet.Fields) -> Any:
    """How fast: from RateControl, else from its keys directly under Loop, as old templates have
    them."""
    path, value = loop.get("RateControl", ("", None))
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith("Fn::"):
            return value
        return _control(page.fields(value, path, _RATE_CONTROL, "RateControl"))
    if value not in (None, "", []):
        expected = "expected a mapping, or an expression that gives one"
        page.fault(path, f"RateControl: {expected}, found {names.kind(value)}")
    return _control(loop)


def _control(fields: sheet.Fields) -> model.RateControl:
    return model.RateControl.of({model.fold(name): item for name, (_, item) in fields.items()})


def _aggregates(page: sheet.Sheet, loop: sheet.Fields) -> tuple[model.Aggregate, ...]:
    items = []
    for name, path, fields in page.parts(loop, "Outputs", _AGGREGATE, "a loop's output"):
        field = page.text(fields, "AggregateField")
        if not field:
            page.fault(path, f"the loop's output `{name}` has no AggregateField", key=True)
        function = page.text(fields, "AggregateType") or "Fn::ListJoin"
        items.append(model.Aggregate(name, function, field, page.places.key(path)))
    page.unique([(item.name, item.mark) for item in items], "output")
    return tuple(items)
