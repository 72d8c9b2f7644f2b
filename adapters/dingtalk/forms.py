"""Reading an OA approval form: ``obtains-the-details-of-a-single-approval-instance-pop``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from adapters.dingtalk.api import Api
from bot import model

LIST = "/v1.0/workflow/processes/instanceIds/query"
PATH = "/v1.0/workflow/processInstances?processInstanceId="


async def fetch(api: Api, effect: model.FetchForm) -> model.Outcome:
    """``Done.data`` as ``model.FetchForm`` documents it."""
    outcome = await api.call("GET", PATH + quote(effect.instance, safe=""))
    if not isinstance(outcome, model.Done):
        return outcome
    result = outcome.data.get("result")
    if not isinstance(result, dict):
        return model.Refused("the form's details are missing from the answer", "no_result")
    return model.Done(effect.instance, read(result))


async def filed(api: Api, effect: model.ListForms) -> model.Outcome:
    """Every finished instance filed in the window: ``obtain-an-approval-list-of-instance-ids``."""
    found: list[str] = []
    page: int | None = 0
    while page is not None:
        body = {
            "processCode": effect.form,
            "startTime": int(effect.since.timestamp() * 1000),
            "endTime": int(effect.until.timestamp() * 1000),
            "nextToken": page,
            "maxResults": 20,
            "statuses": ["COMPLETED"],
        }
        outcome = await api.call("POST", LIST, body)
        if not isinstance(outcome, model.Done):
            return outcome
        result = outcome.data.get("result")
        result = result if isinstance(result, dict) else {}
        found += [_text(each) for each in result.get("list") or () if _text(each)]
        token = _text(result.get("nextToken"))
        page = int(token) if token.isdigit() and int(token) > page else None
    return model.Done(data={"instances": list(dict.fromkeys(found))})


def read(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": _status(result),
        "title": _text(result.get("title")),
        "originator": _text(result.get("originatorUserId")),
        "approvers": _approvers(result),
        "fields": _fields(result.get("formComponentValues")),
    }


def _status(result: dict[str, Any]) -> str:
    status = _text(result.get("status")).upper()
    verdict = _text(result.get("result")).lower()
    if status == "COMPLETED" and verdict == "agree":
        # a form that revokes an earlier one must not run what the earlier one asked for
        return "reverted" if _text(result.get("bizAction")).upper() == "REVOKE" else "approved"
    if status == "COMPLETED" and verdict == "refuse":
        return "rejected"
    return "withdrawn" if status in ("TERMINATED", "CANCELED", "CANCELLED") else "running"


def _approvers(result: dict[str, Any]) -> list[str]:
    """Who agreed, in order and once. What was agreed before the form was sent back is void."""
    agreed: list[str] = []
    sent_back = False
    for record in _dicts(result.get("operationRecords")):
        kind = _text(record.get("type")).upper()
        if kind == "REDIRECT_PROCESS":
            agreed, sent_back = [], True
        elif kind.startswith("EXECUTE_TASK") and _agrees(record):
            agreed.append(_text(record.get("userId")))
    if not sent_back:
        agreed += [_text(t.get("userId")) for t in _dicts(result.get("tasks")) if _agrees(t)]
    return [user for user in dict.fromkeys(agreed) if user]


def _agrees(entry: dict[str, Any]) -> bool:
    return _text(entry.get("result")).upper() == "AGREE"


def _fields(components: Any) -> dict[str, str]:
    """Every value under its component's id, alias and name; where names clash the first wins."""
    fields: dict[str, str] = {}
    for key in ("id", "bizAlias", "name"):
        for component in _dicts(components):
            name = _text(component.get(key)).strip()
            if name:
                fields.setdefault(name, _text(component.get("value")))
    return fields


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, bool | dict | list) else str(value)
