"""The OA forms that people have filed on both platforms, on the board."""

from __future__ import annotations

import asyncio
import json

from sandbox import dingtalk, lark
from sandbox.dingtalk import forms as dingtalk_forms
from sandbox.lark import approvals, state
from sandbox.page import form_kinds
from sandbox.page.board import Board

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


def _of_dingtalk(instance: dingtalk_forms.Instance, revoked: bool) -> dict[str, object]:
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


def _of_lark(instance: approvals.Instance) -> dict[str, object]:
    fields = {widget["name"]: str(widget["value"]) for widget in json.loads(instance.form)}
    tasks = [{"by": _id(task.who), "state": task.status, "result": ""} for task in instance.tasks]
    about = {"revokes": instance.reverts, "modifies": instance.modifies}
    state_ = "revoked" if instance.reverted else STATES.get(instance.status, "")
    shown = _form("lark", instance.code, instance.approval, _id(instance.who), fields)
    return {**shown, **about, "state": state_, "at": instance.started / 1000, "tasks": tasks} | {
        "approvers": list(dict.fromkeys(_id(task.who) for task in instance.tasks))
    }


def _form(platform: str, id: str, code: str, by: str, fields: dict[str, str]) -> dict[str, object]:
    name = form_kinds.name_of(platform, code)
    return {"platform": platform, "id": id, "form": name, "by": by, "fields": fields}


def _id(open_id: str) -> str:
    return state.PEOPLE[open_id].id if open_id in state.PEOPLE else open_id
