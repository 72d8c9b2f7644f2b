"""The OA forms that can be filed on the page, and how the platforms write what was filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from sandbox import world
from sandbox.page.board import Board


@dataclass(frozen=True)
class Field:
    """One field, which has to be filled in; ``label`` by language."""

    id: str
    label: Mapping[str, str]
    example: str
    choices: tuple[str, ...] = ()
    type: Literal["text", "select", "number"] = "text"
    required: bool = True


@dataclass(frozen=True)
class Kind:
    """One form: its code by platform, and whom it asks if nobody else is named. ``typed``: its
    numbers and choices are such on the platform, too, and not plain text."""

    title: Mapping[str, str]
    codes: Mapping[str, str]
    fields: tuple[Field, ...]
    approvers: tuple[str, ...]
    typed: bool = True


def _both(chinese: str, english: str) -> dict[str, str]:
    return {"zh-CN": chinese, "en": english}


RESOURCES = ("cpu", "memory", "disk")
KINDS = {
    "new-hire": Kind(
        _both("入职审批", "New hire"),
        {"dingtalk": world.DINGTALK_FORM, "lark": world.LARK_FORM},
        (
            Field("emp_id", _both("工号", "Employee number"), "E123"),
            Field("role", _both("岗位", "Role"), "devops", ("devops", "dev", "ops"), "select"),
        ),
        ("bob",),
        typed=False,
    ),
    "resource": Kind(
        _both("资源申请", "Resource request"),
        {"dingtalk": world.DINGTALK_RESOURCE_FORM, "lark": world.LARK_RESOURCE_FORM},
        (
            Field("project", _both("项目", "Project"), "shop"),
            Field(
                "resource", _both("资源", "Resource"), "cpu", ("cpu", "memory", "disk"), "select"
            ),
            Field("amount", _both("数量", "Amount"), "8", type="number"),
        ),
        ("dave",),
    ),
}
"""Whoever agrees to a new hire has approved it; a resource request only asks, by a card."""


def show(board: Board) -> None:
    """Which forms can be filed."""
    for name, kind in KINDS.items():
        about = {"title": kind.title, "fields": [asdict(field) for field in kind.fields]}
        about["approvers"] = list(kind.approvers)
        for platform, code in kind.codes.items():
            value = {"platform": platform, "name": name, "code": code, **about}
            board.put("formkinds", f"{platform}/{name}", value)


def name_of(platform: str, code: str) -> str:
    """What the form of a code is called here; of another one the code."""
    found = (name for name, kind in KINDS.items() if kind.codes[platform] == code)
    return next(found, code)


def written(platform: str, kind: Kind, values: Mapping[str, str]) -> list[dict[str, object]]:
    """The fields of a form that are no plain text, as the platform's form writes them."""
    write = _component if platform == "dingtalk" else _widget
    return [
        write(field, values[field.id])
        for field in kind.fields
        if kind.typed and field.type != "text"
    ]


def _component(field: Field, value: str) -> dict[str, object]:
    kind = "NumberField" if field.type == "number" else "DDSelectField"
    one: dict[str, object] = {"id": f"{kind}-{field.id}", "name": field.id, "componentType": kind}
    if field.type == "select":
        one["extValue"] = json.dumps({"label": value, "key": f"option_{value}"})
    return one | {"value": value, "bizAlias": ""}


def _widget(field: Field, value: str) -> dict[str, object]:
    one: dict[str, object] = {"id": f"typed_{field.id}", "custom_id": field.id, "name": field.id}
    if field.type == "number":
        return one | {"type": "number", "value": int(value)}
    option = {"key": f"option_{value}", "text": value}
    return one | {"type": "radioV2", "value": value, "option": option}
