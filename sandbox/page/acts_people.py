"""What the people of the example company do in the chats."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from sandbox.page import form_kinds
from sandbox.page.acts import Act, Platform, Refused, World
from sandbox.world import GUEST

FAILED = {
    "zh-CN": "出错了，请稍后重试（code: {code}）",
    "en": "Something went wrong, please try again later (code: {code})",
}
"""What Lark's client shows where the bot did not answer, or not as it must."""


def _known(world: World, person: str) -> None:
    if not world.board.holds("people", person):
        raise Refused(f"没有“{person}”这个人。", f"There is nobody called {person!r}.")


async def say(
    world: World,
    *,
    platform: Platform,
    person: str,
    chat: str,
    text: str,
    quote: str = "",
    mention: Sequence[str] = (),
) -> object:
    """Write to the bot, in a group or (``chat`` "direct") alone with it."""
    _known(world, person)
    if not text.strip():
        raise Refused("请先写点什么。", "Write something first.")
    direct = chat in ("direct", f"direct:{person}")
    if not direct and chat not in ("ops", "hr"):
        raise Refused(f"没有“{chat}”这个群。", f"There is no chat {chat!r}.")
    more: dict[str, object] = {"direct": True} if direct else {"chat": chat}
    answer = await world.company.call(
        platform, "say", user=person, text=text, quote=quote, mention=tuple(mention), **more
    )
    return {"message": answer["message"]}


async def click(
    world: World,
    *,
    platform: Platform,
    person: str,
    ref: str,
    action: str,
    reason: str = "",
    revision: int | None = None,
    values: Mapping[str, str] | None = None,
) -> object:
    """Press a button of a card, as it hangs there or as it was in an earlier ``revision``."""
    _known(world, person)
    more: dict[str, object] = {"fields": dict(values or {})} if platform == "lark" else {}
    answer = await world.company.call(
        platform,
        "click",
        user=person,
        card=ref,
        action=action,
        reason=reason,
        revision=revision,
        **more,
    )
    text, kind = str(answer["toast"]), str(answer["toast_type"])
    if answer["code"]:
        text, kind = text or FAILED[world.bots.locale].format(code=answer["code"]), "error"
    if text:
        world.toast(platform, person, text, kind or "info")
    return {"toast": text, "kind": kind, "acked": answer["acked"], "code": answer["code"]}


async def recall(world: World, *, platform: Platform, message: str) -> object:
    """Take a message back."""
    await world.company.call(platform, "recall", message=message)
    return {}


# ----------------------------------------------------------------------------- forms


async def file(
    world: World,
    *,
    platform: Platform,
    person: str,
    form: str,
    fields: Mapping[str, str],
    approvers: Sequence[str] = (),
) -> object:
    """Fill in a form and file it; its approvers are asked."""
    _known(world, person)
    kind = form_kinds.KINDS.get(form)
    if kind is None:
        raise Refused(f"没有“{form}”这种审批单。", f"There is no form {form!r}.")
    for field in kind.fields:
        _check_filled(field, fields.get(field.id, ""))
    for name in fields:
        if name not in [field.id for field in kind.fields]:
            raise Refused(f"这张审批单没有“{name}”这一项。", f"This form has no field {name!r}.")
    asked = list(approvers or kind.approvers)
    for each in (person, *asked):
        _known(world, each)
        if each == GUEST.id:
            raise Refused("外公司的人没有这里的审批。", "A guest has no forms of this company.")
    typed = form_kinds.written(platform, kind, fields)
    names = {component["name"] for component in typed}
    plain = {name: value for name, value in fields.items() if name not in names}
    given = {"user": person, "fields": plain, "components": typed, "approvers": asked}
    given |= {"decision": "", "form": kind.codes[platform]}
    answer = await world.company.call(platform, "form", **given)
    return {"id": answer["instance"]}


def _check_filled(field: form_kinds.Field, value: str) -> None:
    """Raises Refused for what the form's client would not take."""
    chinese, english = field.label["zh-CN"], field.label["en"]
    if not value.strip():
        raise Refused(f"请填写“{chinese}”。", f"Fill in {english!r}.")
    if field.choices and value not in field.choices:
        listed = ", ".join(field.choices)
        raise Refused(f"“{chinese}”只能是：{listed}。", f"{english!r} is one of: {listed}.")
    if field.type == "number" and not re.fullmatch("[0-9]{1,9}", value):
        raise Refused(f"“{chinese}”应当是数字。", f"{english!r} is a number.")


async def decide(
    world: World,
    *,
    platform: Platform,
    id: str,
    person: str,
    decision: Literal["agree", "refuse", "withdraw"],
) -> object:
    """An approver decides when it is their turn, or the filer takes the form back."""
    _known(world, person)
    filed = world.board.value("forms", f"{platform}/{id}")
    if filed is None:
        raise Refused("没有这张审批单。", "There is no such form.")
    if decision == "withdraw" and filed["by"] != person:
        raise Refused("只有提交人能撤回。", "Only its filer takes a form back.")
    by = "" if decision == "withdraw" else person
    await world.company.call(platform, "decide_form", instance=id, decision=decision, by=by)
    return {}


async def revoke(world: World, *, platform: Platform, id: str) -> object:
    """The filer wants an agreed form revoked; whoever agreed to it agrees to that."""
    await world.company.call(platform, "revoke_form", instance=id)
    return {}


ACTS: dict[str, Act] = {
    "say": say,
    "click": click,
    "recall": recall,
    "form.file": file,
    "form.decide": decide,
    "form.revoke": revoke,
}
