"""What a person can do on the page: one function for each action, called with the fields of a JSON
object. Its annotations say what the fields hold."""

from __future__ import annotations

import itertools
import types
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from sandbox.page.board import Board
from sandbox.page.watch_bot import Bot
from sandbox.standins import StandIns

Platform = Literal["dingtalk", "lark"]
KINDS: dict[type, tuple[str, str]] = {
    str: ("一段文字", "a text"),
    bool: ("true 或 false", "true or false"),
    int: ("一个整数", "a whole number"),
    float: ("一个数字", "a number"),
    dict[str, str]: ("名称到文字的对象", "an object of texts"),
    list[str]: ("一组文字", "a list of texts"),
}
TOASTS = 20
MOST_TEXT = 20_000


class Refused(Exception):
    """An action cannot be, and why, in both languages."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.said = {"zh-CN": chinese, "en": english}


class World:
    """What actions act on: the stand-ins, the bot, and the board."""

    def __init__(self, company: StandIns, bot: Bot, board: Board) -> None:
        self.company, self.bot, self.board = company, bot, board
        self._toasts = itertools.count(1)

    def toast(self, platform: str, person: str, text: str, kind: str) -> None:
        number = next(self._toasts)
        value = {"platform": platform, "person": person, "text": text, "kind": kind}
        self.board.put("toasts", str(number), value | {"at": self.company.clock.now()})
        self.board.remove("toasts", str(number - TOASTS))


Act = Callable[..., Awaitable[object]]
ACTS: dict[str, Act] = {}


def act(name: str) -> Callable[[Act], Act]:
    def named(function: Act) -> Act:
        ACTS[name] = function
        return function

    return named


async def perform(world: World, name: str, body: object) -> object:
    """The result of an action. Raises Refused: there is no such action, its fields are wrong, or
    the platform's client would not let a person do that."""
    function = ACTS.get(name)
    if function is None:
        raise Refused(f"没有“{name[:60]}”这个操作。", f"There is no action {name[:60]!r}.")
    fields = fitting(function, body)
    try:
        return await function(world, **fields)
    except RuntimeError as error:
        said = str(error).partition(": ")[2] or str(error)
        raise Refused(f"平台不允许：{said}", f"The platform does not allow that: {said}") from error


def fitting(function: Act, body: object) -> dict[str, object]:
    """The fields of a body as a function's arguments. Raises Refused."""
    if not isinstance(body, Mapping):
        raise Refused("请求应当是一个 JSON 对象。", "Send a JSON object.")
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    hints.pop("world", None)
    defaults = function.__kwdefaults__ or {}
    for name in body:
        if name not in hints:
            raise Refused(f"没有“{name}”这个字段。", f"There is no field {name!r}.")
    for name, hint in hints.items():
        if name not in body:
            if name not in defaults:
                raise Refused(f"缺少字段“{name}”。", f"The field {name!r} is missing.")
        elif (wanted := _misfit(hint, body[name])) is not None:
            chinese, english = wanted
            raise Refused(
                f"字段“{name}”应当是{chinese}。", f"The field {name!r} must be {english}."
            )
    return dict(body)


def _misfit(hint: Any, value: object) -> tuple[str, str] | None:
    """What a value should be; None: it is."""
    if isinstance(hint, types.UnionType):
        first, *_ = typing.get_args(hint)
        return None if value is None else _misfit(first, value)
    if typing.get_origin(hint) is Literal:
        choices = typing.get_args(hint)
        listed = ", ".join(map(repr, choices))
        return None if value in choices else (f"其中之一：{listed}", f"one of {listed}")
    fits = {
        str: isinstance(value, str) and len(value) <= MOST_TEXT,
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9,
        float: isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 10**9,
        dict[str, str]: isinstance(value, dict)
        and all(isinstance(each, str) for each in value.values()),
        list[str]: isinstance(value, list) and all(isinstance(each, str) for each in value),
    }
    return None if fits[hint] else KINDS[hint]


def _known(world: World, person: str) -> None:
    if world.board.value("people", person) is None:
        raise Refused(f"没有“{person}”这个人。", f"There is nobody called {person!r}.")


# ----------------------------------------------------------------------------- chats


@act("say")
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


@act("click")
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


@act("recall")
async def recall(world: World, *, platform: Platform, message: str) -> object:
    """Take a message back."""
    await world.company.call(platform, "recall", message=message)
    return {}


# ----------------------------------------------------------------------------- the bot


@act("bot.kill")
async def kill(world: World) -> object:
    """SIGKILL."""
    await world.bot.kill()
    return {}


@act("bot.start")
async def start(world: World) -> object:
    """Start it, if it does not run."""
    if not world.bot.runs:
        await world.bot.launch()
    return {}


@act("bot.stop")
async def stop(world: World) -> object:
    """Stop it as an operator does."""
    await world.bot.stop()
    return {}


@act("bot.locale")
async def speak(world: World, *, locale: Literal["zh-CN", "en"]) -> object:
    """Start it anew in another language."""
    await world.bot.speak(locale)
    return {}
