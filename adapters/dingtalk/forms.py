"""Reading an OA approval form: ``obtains-the-details-of-a-single-approval-instance-pop``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from adapters.common import http
from adapters.dingtalk import components
from adapters.dingtalk.api import Api
from adapters.dingtalk.records import agreement, text
from bot import model

LIST = "/v1.0/workflow/processes/instanceIds/query"
PATH = "/v1.0/workflow/processInstances?processInstanceId="


async def fetch(api: Api, effect: model.FetchForm) -> model.Outcome:
    """``Done.data`` as ``model.FetchForm`` documents it."""
    outcome = await api.call("GET", PATH + quote(effect.instance, safe=""))
    if isinstance(outcome, model.Refused) and is_missing(outcome.code):
        return model.Refused(outcome.reason, "no_form")
    if not isinstance(outcome, model.Done):
        return outcome
    result = outcome.data.get("result")
    if not isinstance(result, dict):
        return model.Refused("the form's details are missing from the answer", "no_result")
    return model.Done(effect.instance, read(result, effect.instance))


def is_missing(code: str) -> bool:
    """Does the platform say that it knows no such instance? A new one may take a moment to be
    found. The codes are not documented in one place, so they are told by their words."""
    low = code.lower()
    named = "processinst" in low or "process_inst" in low or low.startswith("instance")
    return named and any(word in low for word in ("param", "notexist", "not_exist", "notfound"))


async def filed(api: Api, effect: model.ListForms) -> model.Outcome:
    """Every instance filed in the window, but those that were withdrawn:
    ``obtain-an-approval-list-of-instance-ids``."""
    ids: list[str] = []
    page: int | None = 0
    while page is not None:
        body = {
            "processCode": effect.form,
            "startTime": int(effect.since.timestamp() * 1000),
            "endTime": int(effect.until.timestamp() * 1000),
            "nextToken": page,
            "maxResults": 20,
            "statuses": ["RUNNING", "COMPLETED"],
        }
        outcome = await api.call("POST", LIST, body)
        if not isinstance(outcome, model.Done):
            return outcome
        result = outcome.data.get("result")
        result = result if isinstance(result, dict) else {}
        listed = result.get("list")
        ids += [text(each) for each in listed if text(each)] if isinstance(listed, list) else []
        after = http.number_of(text(result.get("nextToken")))
        page = after if after > page else None
    return model.Done(data={"instances": list(dict.fromkeys(ids))})


def read(result: Mapping[str, object], instance: str = "") -> dict[str, Any]:
    """An instance as ``model.FetchForm`` documents it."""
    agreed = agreement(result)
    action, original, unclear = _relation(result, instance)
    attached = result.get("attachedProcessInstanceIds")
    return {
        "status": _status(result),
        "title": text(result.get("title")),
        "originator": text(result.get("originatorUserId")),
        "approvers": list(agreed.people),
        "automatic": list(agreed.automatic),
        "fields": components.plain(result.get("formComponentValues")),
        "action": action,
        "original": original,
        "decided": _milliseconds(result.get("finishTime")),
        "attached": [text(each) for each in attached or () if text(each)]
        if isinstance(attached, list)
        else [],
        "unclear": unclear or agreed.unclear,
    }


def _status(result: Mapping[str, object]) -> str:
    status = text(result.get("status")).upper()
    verdict = text(result.get("result")).lower()
    if status == "COMPLETED" and verdict in ("agree", "refuse"):
        return "approved" if verdict == "agree" else "rejected"
    return "withdrawn" if status in ("TERMINATED", "CANCELED", "CANCELLED") else "running"


def _relation(result: Mapping[str, object], instance: str) -> tuple[str, str, bool]:
    """Which instance it revokes or modifies, if any; and whether what it says of that makes no
    sense. What belongs to another instance in whatever way is never a form of its own."""
    wanted = text(result.get("bizAction")).strip().upper()
    original = text(result.get("mainProcessInstanceId")).strip()
    if wanted == "REVOKE":
        return "revoke", original, False
    if original and original == instance:
        return "", "", True
    if wanted == "MODIFY" or original:
        return "modify", original, wanted != "MODIFY"
    return "", "", wanted not in ("", "NONE")


def _milliseconds(value: object) -> int:
    """A time of an answer, which has minutes only, as a number to compare by; 0 if it is none."""
    try:
        return int(datetime.fromisoformat(text(value)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0
