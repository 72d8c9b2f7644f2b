"""Reading an approval instance: its state, who agreed to it as it is now, its fields, and whether
it revokes or modifies another.

https://open.feishu.cn/document/server-docs/approval-v4/instance/get
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from adapters.lark import widgets

log = logging.getLogger(__name__)

STATUS = {
    "PENDING": "running",
    "APPROVED": "approved",
    "REJECTED": "rejected",
    "CANCELED": "withdrawn",
    "DELETED": "withdrawn",
}
BY_ITSELF = frozenset({"AUTO_PASS", "AUTO_REJECT"})
PASSED_BY_ITSELF = frozenset({"AUTO_PASS", "REMOVE_REPEAT"})
ROLLBACKS = frozenset({"ROLLBACK", "ROLLBACK_SELECTED"})
START_NODES = frozenset({"START", "发起"})


def form(data: Mapping[str, object]) -> dict[str, Any]:
    """An approval instance as ``model.FetchForm`` documents it; ``status`` is "" for an unknown
    one."""
    reverted = "reverted" if data.get("reverted") is True else ""
    action, original, unclear = _relation(data)
    people, automatic = _agreed(data)
    return {
        "status": reverted or STATUS.get(str(data.get("status")), ""),
        "title": str(data.get("approval_name") or ""),
        "originator": str(data.get("open_id") or ""),
        "approvers": people,
        "automatic": automatic,
        "fields": fields(data.get("form")),
        "action": action,
        "original": original,
        "decided": _whole_number(data.get("end_time")),
        "attached": [],
        "unclear": unclear,
    }


def _relation(data: Mapping[str, object]) -> tuple[str, str, bool]:
    """Which instance it revokes or modifies, if any; and whether what it says of that makes no
    sense. One that revokes never does anything else."""
    own = data.get("instance_code")
    unclear = False
    for action, key in (("revoke", "reverted_instance_code"), ("modify", "modified_instance_code")):
        other = data.get(key)
        if isinstance(other, str) and other:
            if other != own:
                return action, other, False
            unclear = True
    return "", "", unclear


# ----------------------------------------------------------------------------- who agreed


def _agreed(data: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """Who agreed by hand to the form as it is now, in order and once; and for whom it passed by
    itself. What was agreed to before a rollback is void, its filer agrees to nothing, and where
    the timeline tells who agreed, a task that it does not tell of passed by itself."""
    filer = data.get("open_id")
    tasks, timeline = _dicts(data.get("task_list")), _in_order(_dicts(data.get("timeline")))
    if timeline:
        people, automatic, void = _of_timeline(tasks, timeline)
        automatic += [who for task in tasks if (who := _agreed_by(task)) and who not in void]
    else:
        agreed = sorted(tasks, key=lambda task: _whole_number(task.get("end_time")))
        automatic = [_open_id(task) for task in agreed if _word(task, "type") in BY_ITSELF]
        people = [_agreed_by(task) for task in agreed if _word(task, "type") not in BY_ITSELF]
    known = [who for who in dict.fromkeys(people) if who and who != filer]
    alone = [who for who in dict.fromkeys(automatic) if who and who not in (*people, filer)]
    return known, alone


def _of_timeline(
    tasks: list[Mapping[str, object]], timeline: list[Mapping[str, object]]
) -> tuple[list[str], list[str], set[str]]:
    """Agreements and automatic passes since the last rollback, and who had agreed before it."""
    kinds = {str(task.get("id")): _word(task, "type") for task in tasks}
    starts = {str(task.get("id")) for task in tasks if _is_start(task)}
    people: list[str] = []
    automatic: list[str] = []
    void: set[str] = set()
    for entry in timeline:
        kind, who = _word(entry, "type"), _open_id(entry)
        task = str(entry.get("task_id") or "")
        if kind in ROLLBACKS:
            void.update(people, automatic)
            people, automatic = [], []
        elif task in starts or entry.get("node_key") == "START":
            continue
        elif kind == "PASS" and kinds.get(task) not in BY_ITSELF:
            people.append(who)
        elif kind in PASSED_BY_ITSELF or kind == "PASS":
            automatic.append(who)
    return people, automatic, void


def _agreed_by(task: Mapping[str, object]) -> str:
    """Whose agreement an approved task is, "" if no person's: the filer's resubmission is a task of
    the node at which the form starts."""
    return _open_id(task) if task.get("status") == "APPROVED" and not _is_start(task) else ""


def _is_start(task: Mapping[str, object]) -> bool:
    names = (task.get("node_name"), task.get("node_id"), task.get("custom_node_id"))
    return any(isinstance(name, str) and name.strip() in START_NODES for name in names)


def _in_order(timeline: list[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """As it happened; as it is listed, where an entry does not say when it was."""
    times = [_whole_number(entry.get("create_time")) for entry in timeline]
    if not all(times):
        return timeline
    return [entry for _, entry in sorted(zip(times, timeline, strict=True), key=lambda it: it[0])]


def _open_id(entry: Mapping[str, object]) -> str:
    return _word(entry, "open_id")


def _word(entry: Mapping[str, object], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _dicts(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _whole_number(value: object) -> int:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 20 else 0


# ----------------------------------------------------------------------------- fields


def fields(form: Any) -> dict[str, Any]:
    """The widgets as JSON of ``bot.model.fields``, by custom id, id and name; where two widgets
    would share a key, custom ids win over ids and ids over names."""
    try:
        return widgets.plain(json.loads(form) if isinstance(form, str) else form)
    except (ValueError, RecursionError):
        log.warning("an approval form's fields are not JSON")
        return {}
