"""What the items of ListExecutions and ListTaskExecutions say, in the words of the house.

https://www.alibabacloud.com/help/en/oos/developer-reference/api-oos-2019-06-01-listtaskexecutions
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from bot import model
from bot.source import masks

Item = Mapping[str, Any]
Status = Literal["Started", "Queued", "Running", "Waiting", "Success", "Failed", "Cancelled"]

FINAL = frozenset({"Success", "Failed", "Cancelled"})
ASKING = frozenset({"acs::approve", "acs::pause"})
"""The actions that do nothing but wait for people."""
ENDED = FINAL | {"Skipped"}
_STAGES = {
    "Started": "Running",
    "Queued": "Running",
    "Pending": "",
    "Cancelled": "Failed",
}


def parsed(text: object) -> Any:
    """JSON in a field; what is none stays what it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def mapping(text: object) -> dict[str, Any]:
    """An object in a field; anything else is empty."""
    value = parsed(text)
    return dict(value) if isinstance(value, Mapping) else {}


def in_order(rows: Iterable[Item]) -> list[Item]:
    """Task executions in the order in which they began; the end of an id counts within a second."""
    return sorted(rows, key=lambda row: (row.get("StartDate") or "", row.get("TaskExecutionId")))


def open_row(rows: Sequence[Item], status: str) -> Item | None:
    """The task for which an execution waits; None: it does not. The execution and its tasks are
    read one after the other: a task that runs by now waits for nothing, unless waiting is all that
    it does."""
    if status != "Waiting":
        return None
    open_rows = [row for row in rows if row.get("Status") not in ENDED]
    waits = [row for row in open_rows if row.get("Status") == "Waiting"]
    asking = [row for row in open_rows if str(row.get("TaskAction")).lower() in ASKING]
    return next(iter(waits or asking), None)


def progress(
    item: Item, rows: Sequence[Item], counts: tuple[int, int, int, int]
) -> model.RunStatus:
    """How far an execution is. ``counts``: done, failed, running and all items of its loop."""
    status, outputs = str(item.get("Status")), parsed(item.get("Outputs"))
    error = ""
    if status in ("Failed", "Cancelled"):
        error = str(item.get("StatusMessage") or "") or _why(rows)
    run_status = model.RunStatus(tuple(map(stage, rows)), *counts, error=error)
    ended = status == "Success" and isinstance(outputs, Mapping)
    return replace(run_status, outputs=dict(outputs)) if ended else run_status


def _why(rows: Sequence[Item]) -> str:
    for row in rows:
        if row.get("Status") == "Failed" and row.get("StatusMessage"):
            return f"{row.get('TaskName')}: {row['StatusMessage']}"
    return ""


def stage(row: Item) -> model.TaskStatus:
    status = str(row.get("Status") or "")
    detail = str(row.get("StatusMessage") or "")
    if status == "Cancelled":
        detail = detail or status
    name, action = str(row.get("TaskName") or ""), str(row.get("TaskAction") or "")
    return model.TaskStatus(name, action, _STAGES.get(status, status), detail)


def counted(loop: Mapping[str, object]) -> tuple[int, int, int, int] | None:
    """Done, failed, running and all items, from the statistics of a loop. Their names are not
    documented: None where they are not plain."""
    counts: dict[str, int] = {}
    for part in (loop, *(inner for inner in loop.values() if isinstance(inner, Mapping))):
        for name, value in part.items():
            if isinstance(value, bool) or not isinstance(value, int):
                continue
            word = re.sub(r"(tasks?|items?|counts?|ed|ful|ure|num(ber)?)", "", str(name).lower())
            if word in ("total", "success", "succe", "fail", "running"):
                counts.setdefault(word[:4], value)
    if not {"tota", "succ", "fail"} <= counts.keys():
        return None
    return counts["succ"], counts["fail"], counts.get("runn", 0), counts["tota"]


def added_up(loop: Mapping[str, object], rows: Sequence[Item]) -> tuple[int, int, int, int]:
    """The same, from the task executions of the loop's items."""
    statuses = [str(row.get("Status")) for row in rows]
    items = parsed(loop.get("Items"))
    total = max(len(items) if isinstance(items, list) else 0, len(rows))
    failed = sum(status in ("Failed", "Cancelled") for status in statuses)
    done = sum(status in ("Success", "Skipped") for status in statuses)
    pending = sum(status == "Pending" for status in statuses)
    return done, failed, len(rows) - done - failed - pending, total


def waiting(row: Item, path: str, inside: bool) -> model.Waiting:
    """What a task waits for. ``inside``: items of its loop wait, not the loop as a whole."""
    id, action = str(row.get("TaskExecutionId") or ""), str(row.get("TaskAction") or "").lower()
    properties = mapping(row.get("Properties"))
    if action == "acs::approve":
        people = properties.get("Approvers") or []
        people = people if isinstance(people, list) else [people]
        names = tuple(str(person).partition("@")[0] for person in people if person)
        return model.Waiting("approval", path, names, need_of(row), _message(properties), id)
    pauses = {"FirstBatchPause", "EveryBatchPause"}
    batch = str(mapping(row.get("Loop")).get("BatchPauseOption", "")) in pauses
    if action == "acs::pause" or (batch and not inside):
        return model.Waiting("pause", path, id=id)
    return model.Waiting("confirm", path, shown=_call(properties), id=id)


def need_of(row: Item) -> int:
    """How many approvals a task needs."""
    need = str(mapping(row.get("Properties")).get("MinRequiredApprovals") or 1)
    return max(int(need), 1) if need.isdecimal() and len(need) < 10 else 1


def _message(properties: Mapping[str, object]) -> str:
    """The text of the notification that asks for an approval."""
    content = mapping(mapping(properties.get("WebHook")).get("Content"))
    for part, name in (("text", "content"), ("markdown", "text"), ("content", "text")):
        said = mapping(content.get(part)).get(name)
        if isinstance(said, str):
            return said
    return ""


def _call(properties: Mapping[str, object]) -> str:
    """The call that a task of high risk is about to make, and all that it is given."""
    name = ".".join(str(properties[key]) for key in ("Service", "API") if properties.get(key))
    names = {"Service", "API", "Parameters", "Risk"}
    more = {key: value for key, value in properties.items() if key not in names}
    lines = [*([name] if name else []), *_lines(more)]
    return "\n".join([*lines, *_lines(mapping(properties.get("Parameters")))])


def about(item: Item) -> str:
    """Which execution it is, for people who did not start it: template, description, and its
    parameters but for secrets."""
    version = item.get("TemplateVersion")
    head = str(item.get("TemplateName") or "") + (f" {version}" if version else "")
    lines = [head, str(item.get("Description") or "")]
    return "\n".join([line for line in lines if line] + _lines(mapping(item.get("Parameters"))))


def _lines(values: Mapping[str, object]) -> list[str]:
    return [
        f"{name}: {masks.MASK if masks.SECRET_NAME.fullmatch(str(name)) else _word(value)}"
        for name, value in values.items()
        if value not in (None, "", [], {})
    ]


def _word(value: object) -> str:
    if isinstance(value, str):
        return masks.without_tokens(value.strip()) if masks.robot(value) else value
    return model.canonical(value)


def status_of(item: Item) -> Status:
    """The status; one that this bot does not know counts as Running."""
    status = str(item.get("Status") or "")
    known = FINAL | {"Started", "Queued", "Running", "Waiting"}
    return cast(Status, status if status in known else "Running")
