"""OA forms of both platforms, on the board: which there are, and those that people have filed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from sandbox import dingtalk, lark, world
from sandbox.dingtalk import forms as dingtalk_forms
from sandbox.lark import approvals, state
from sandbox.page.board import Board

CODES = {
    "dingtalk": {
        "new-hire": world.DINGTALK_FORM,
        "resource": world.DINGTALK_RESOURCE_FORM,
    },
    "lark": {"new-hire": world.LARK_FORM, "resource": world.LARK_RESOURCE_FORM},
}
"""By platform and name: the form's code."""


def _field(
    id: str, chinese: str, english: str, example: str, *choices: str, type: str = ""
) -> dict[str, Any]:
    return {
        "id": id,
        "label": {"zh-CN": chinese, "en": english},
        "type": type or ("select" if choices else "text"),
        "choices": list(choices),
        "required": True,
        "example": example,
    }


KINDS: dict[str, dict[str, Any]] = {
    "new-hire": {
        "title": {"zh-CN": "入职审批", "en": "New hire"},
        "fields": [
            _field("emp_id", "工号", "Employee number", "E123"),
            _field("role", "岗位", "Role", "devops", "devops", "dev", "ops"),
        ],
        "approvers": ["bob"],
    },
    "resource": {
        "title": {"zh-CN": "资源申请", "en": "Resource request"},
        "fields": [
            _field("project", "项目", "Project", "shop"),
            _field("resource", "资源", "Resource", "cpu", "cpu", "memory", "disk"),
            _field("amount", "数量", "Amount", "8", type="number"),
        ],
        "approvers": ["dave"],
    },
}
"""Whoever agrees to a new hire has approved it; a resource request only asks, by a card."""


def written(platform: str, name: str, fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fields of a form that are no plain text, as the platform's form writes them."""
    typed = [] if name == "new-hire" else [f for f in KINDS[name]["fields"] if f["type"] != "text"]
    write = _component if platform == "dingtalk" else _widget
    return [write(field["id"], field["type"], fields.get(field["id"], "")) for field in typed]


def _component(id: str, type: str, value: str) -> dict[str, Any]:
    kind = {"number": "NumberField", "select": "DDSelectField"}[type]
    one = {"id": f"{kind}-{id}", "name": id, "componentType": kind, "value": value, "bizAlias": ""}
    if type == "select":
        one["extValue"] = json.dumps({"label": value, "key": f"option_{value}"})
    return one


def _widget(id: str, type: str, value: str) -> dict[str, Any]:
    one: dict[str, Any] = {"id": f"typed_{id}", "custom_id": id, "name": id}
    if type == "number":
        return {**one, "type": "number", "value": int(value)}
    option = {"key": f"option_{value}", "text": value}
    return {**one, "type": "radioV2", "value": value, "option": option}


STATES = {
    "RUNNING": "open",
    "NEW": "open",
    "TERMINATED": "withdrawn",
    "CANCELED": "withdrawn",
    "PENDING": "open",
    "APPROVED": "agreed",
    "REJECTED": "refused",
    "DELETED": "withdrawn",
}


def show(board: Board) -> None:
    """Which forms can be filed."""
    for platform, codes in CODES.items():
        for name, code in codes.items():
            value = {"platform": platform, "name": name, "code": code, **KINDS[name]}
            board.put("formkinds", f"{platform}/{name}", value)


class Forms:
    """Puts each form that was filed on the board, and again when it changes."""

    def __init__(self, board: Board, company_dingtalk: dingtalk.DingTalk, one: lark.Lark) -> None:
        self._board, self._dingtalk, self._lark = board, company_dingtalk, one
        self._watches = (company_dingtalk.changes.watch("form"), one.changes.watch("form"))

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._follow_dingtalk(), self._follow_lark())

    async def _follow_dingtalk(self) -> None:
        instances = self._dingtalk.forms.instances
        while True:
            for _, id in await self._watches[0].changes():
                revoked = [i.revokes for i in instances.values() if _agreed(i)]
                for one in {id, instances[id].revokes} - {""}:
                    value = _of_dingtalk(instances[one], one in revoked)
                    self._board.put("forms", f"dingtalk/{one}", value)

    async def _follow_lark(self) -> None:
        while True:
            for _, code in await self._watches[1].changes():
                value = _of_lark(self._lark.approvals.instances[code])
                self._board.put("forms", f"lark/{code}", value)


def _agreed(instance: dingtalk_forms.Instance) -> bool:
    return instance.status == "COMPLETED" and instance.result == "agree"


def _of_dingtalk(instance: dingtalk_forms.Instance, revoked: bool) -> dict[str, Any]:
    state_ = STATES.get(instance.status, "")
    if instance.status == "COMPLETED":
        state_ = "revoked" if revoked else "agreed" if instance.result == "agree" else "refused"
    tasks = [
        {"by": task.person.id, "state": task.status, "result": task.result}
        for task in instance.tasks
    ]
    about = {"revokes": instance.revokes, "modifies": instance.modifies}
    fields = dict(instance.fields) | {one["name"]: one["value"] for one in instance.components}
    shown = _form("dingtalk", instance.id, instance.code, instance.by.id, fields)
    return {**shown, **about, "state": state_, "at": instance.created, "tasks": tasks} | {
        "approvers": list(dict.fromkeys(task.person.id for task in instance.tasks))
    }


def _of_lark(instance: approvals.Instance) -> dict[str, Any]:
    fields = {widget["name"]: str(widget["value"]) for widget in json.loads(instance.form)}
    tasks = [{"by": _id(task.who), "state": task.status, "result": ""} for task in instance.tasks]
    about = {"revokes": instance.reverts, "modifies": instance.modifies}
    state_ = "revoked" if instance.reverted else STATES.get(instance.status, "")
    shown = _form("lark", instance.code, instance.approval, _id(instance.who), fields)
    return {**shown, **about, "state": state_, "at": instance.started / 1000, "tasks": tasks} | {
        "approvers": list(dict.fromkeys(_id(task.who) for task in instance.tasks))
    }


def _form(platform: str, id: str, code: str, by: str, fields: dict[str, str]) -> dict[str, Any]:
    name = next((name for name, known in CODES[platform].items() if known == code), code)
    return {"platform": platform, "id": id, "form": name, "by": by, "fields": fields}


def _id(open_id: str) -> str:
    return state.PEOPLE[open_id].id if open_id in state.PEOPLE else open_id
