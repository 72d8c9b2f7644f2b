"""Who really agreed to a form, as its records tell: ``operationRecords`` and ``tasks``.

https://open.dingtalk.com/document/development/obtains-the-details-of-a-single-approval-instance-pop
names the types of records; EXECUTE_TASK_AUTO is seen in real answers and in no document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BY_HAND = frozenset({"EXECUTE_TASK_NORMAL", "EXECUTE_TASK_AGENT"})
"""A person decided, or somebody in their place: either way whom the record names."""
BY_ITSELF = "EXECUTE_TASK_AUTO"
SENT_BACK = "REDIRECT_PROCESS"
NO_DECISION = frozenset(
    {
        "START_PROCESS_INSTANCE",
        "EXECUTE_TASK_TRANSFER",
        "APPEND_TASK_BEFORE",
        "APPEND_TASK_AFTER",
        "REDIRECT_TASK",
        "ADD_REMARK",
        "PROCESS_CC",
        "TERMINATE_PROCESS_INSTANCE",
        "FINISH_PROCESS_INSTANCE",
    }
)
"""Records that may carry AGREE and are no decision: asking others in, handing on, the end."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """``people`` agreed by hand to the form as it is now, in order and once; for ``automatic`` ones
    it passed by itself. ``unclear``: a record agrees of which nobody knows what it is."""

    people: tuple[str, ...]
    automatic: tuple[str, ...]
    unclear: bool


def agreement(result: Mapping[str, object]) -> Agreement:
    """What was agreed before the form was sent back is void, and its filer agrees to nothing."""
    filer = text(result.get("originatorUserId"))
    people: list[str] = []
    automatic: list[str] = []
    void: set[str] = set()
    unclear = False
    for record in dicts(result.get("operationRecords")):
        kind, user = text(record.get("type")).upper(), text(record.get("userId"))
        if kind == SENT_BACK:
            void.update(people, automatic)
            people, automatic, unclear = [], [], False
        elif not agrees(record) or kind in NO_DECISION:
            continue
        elif kind in BY_HAND:
            people.append(user)
        elif kind == BY_ITSELF:
            automatic.append(user)
        else:
            unclear = True
    # a task without a record of its result is no vote; one from before a sending back is void
    tasks = [text(task.get("userId")) for task in dicts(result.get("tasks")) if agrees(task)]
    automatic += [user for user in tasks if user not in void]
    known = [user for user in dict.fromkeys(people) if user and user != filer]
    alone = [user for user in dict.fromkeys(automatic) if user and user not in (*people, filer)]
    return Agreement(tuple(known), tuple(alone), unclear)


def agrees(entry: Mapping[str, object]) -> bool:
    return text(entry.get("result")).upper() == "AGREE"


def dicts(value: object) -> list[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, bool | dict | list) else str(value)
