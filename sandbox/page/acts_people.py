"""What the people of the example company do in the chats."""

from __future__ import annotations

from typing import Any

from sandbox.page.acts import Act, Platform, Refused, World


def _known(world: World, person: str) -> None:
    if world.board.value("people", person) is None:
        raise Refused(f"没有“{person}”这个人。", f"There is nobody called {person!r}.")


async def say(
    world: World,
    *,
    platform: Platform,
    person: str,
    chat: str,
    text: str,
    quote: str = "",
    mention: list[str] = [],  # noqa: B006
) -> object:
    """Write to the bot, in a group or (``chat`` "direct") alone with it."""
    _known(world, person)
    if not text.strip():
        raise Refused("请先写点什么。", "Write something first.")
    direct = chat in ("direct", f"direct:{person}")
    if not direct and chat not in ("ops", "hr"):
        raise Refused(f"没有“{chat}”这个群。", f"There is no chat {chat!r}.")
    more: dict[str, Any] = {"direct": True} if direct else {"chat": chat}
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
    values: dict[str, str] = {},  # noqa: B006
) -> object:
    """Press a button of a card, as it hangs there or as it was in an earlier ``revision``."""
    _known(world, person)
    more: dict[str, Any] = {"fields": values} if platform == "lark" else {}
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
    text, kind = str(answer["toast"] or answer["error"]), str(answer["toast_type"])
    if not answer["acked"]:
        kind = "error"
    if text:
        world.toast(platform, person, text, kind or "info")
    return {"toast": text, "kind": kind, "acked": answer["acked"], "code": answer["code"]}


async def recall(world: World, *, platform: Platform, message: str) -> object:
    """Take a message back."""
    await world.company.call(platform, "recall", message=message)
    return {}


ACTS: dict[str, Act] = {
    "say": say,
    "click": click,
    "recall": recall,
}
