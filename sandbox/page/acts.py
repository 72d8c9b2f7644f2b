"""What a person can do on the page: one function for each action, called with the fields of a JSON
object. Its annotations say what the fields hold."""

from __future__ import annotations

import itertools
import types
import typing
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from sandbox.page.board import Board
from sandbox.page.tour import Tour
from sandbox.page.watch_bot import Bots
from sandbox.page.watch_wire import Wire
from sandbox.standins import StandIns

Platform = Literal["dingtalk", "lark"]
KINDS: dict[type, tuple[str, str]] = {
    str: ("一段文字", "a text"),
    bool: ("true 或 false", "true or false"),
    int: ("一个整数", "a whole number"),
    float: ("一个数字", "a number"),
    Mapping[str, str]: ("名称到文字的对象", "an object of texts"),
    Sequence[str]: ("一组文字", "a list of texts"),
}
SAID = (
    ("no button", "卡片上现在没有这个按钮。", "The card has no such button now."),
    ("button is disabled", "这个按钮现在不能按。", "This button cannot be pressed now."),
    ("taken back", "这张卡片已经撤回。", "The card was taken back."),
    ("no longer be pressed", "这张卡片已经不能再按。", "The card can no longer be pressed."),
    ("does not see", "这个人看不到这张卡片。", "This person does not see the card."),
    ("is a message", "这是一条消息，不是卡片。", "This is a message, not a card."),
    ("is not a card", "这是一条消息，不是卡片。", "This is a message, not a card."),
    ("required field", "请先填写必填项。", "Fill in what is required first."),
    ("has revisions", "这张卡片没有这个版本。", "The card has no such revision."),
    ("is not in", "这个人不在这个群里。", "This person is not in this group."),
    ("nothing in the conv", "找不到这条消息。", "There is no such message."),
    ("KeyError: 'om_", "找不到这条消息。", "There is no such message."),
    ("turn on", "还没有轮到这个人审批。", "It is not this person's turn to decide."),
    ("has no task", "还没有轮到这个人审批。", "It is not this person's turn to decide."),
    ("was not agreed", "只有已通过的审批单才能撤销。", "Only what was agreed to can be revoked."),
    ("that has passed", "只有已通过的审批单才能撤销。", "Only what was agreed to can be revoked."),
)
"""What errors of the stand-ins mean to a person."""
TOASTS = 20
MOST_TEXT = 20_000


class Refused(Exception):
    """An action cannot be, and why, in both languages."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.said = {"zh-CN": chinese, "en": english}


Anew = Callable[[], Awaitable[None]]
"""Makes another world in the place of this one."""


class World:
    """What actions act on: the stand-ins, the bots, the board, the wire, and the tour."""

    def __init__(self, company: StandIns, bots: Bots, board: Board, wire: Wire, anew: Anew) -> None:
        self.company, self.bots, self.board, self.wire, self.anew = company, bots, board, wire, anew
        self.tour = Tour(company, bots, board, self.toast)
        self._toasts = itertools.count(1)

    def toast(self, platform: str, person: str, text: str, kind: str) -> None:
        number = next(self._toasts)
        value = {"platform": platform, "person": person, "text": text, "kind": kind}
        self.board.put("toasts", str(number), value | {"at": self.company.clock.now()})
        self.board.remove("toasts", str(number - TOASTS))


Act = Callable[..., Awaitable[object]]


async def perform(acts: Mapping[str, Act], world: World, name: str, body: object) -> object:
    """The result of one of these actions. Raises Refused: there is no such action, its fields are
    wrong, or the platform's client would not let a person do that."""
    function = acts.get(name)
    if function is None:
        raise Refused(f"没有“{name[:60]}”这个操作。", f"There is no action {name[:60]!r}.")
    fields = fitting(function, body)
    try:
        return await function(world, **fields)
    except RuntimeError as error:
        raise _from_platform(str(error)) from error


def _from_platform(error: str) -> Refused:
    """What the client of a platform says to somebody who tries what cannot be."""
    for fragment, chinese, english in SAID:
        if fragment in error:
            return Refused(chinese, english)
    said = error.partition(": ")[2] or error
    return Refused(f"平台不允许：{said}", f"The platform does not allow that: {said}")


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


def _misfit(hint: type, value: object) -> tuple[str, str] | None:
    """What a value should be; None: it is."""
    if isinstance(hint, types.UnionType):
        first, *_ = typing.get_args(hint)
        return None if value is None else _misfit(first, value)
    if typing.get_origin(hint) is Literal:
        choices = typing.get_args(hint)
        listed = ", ".join(map(repr, choices))
        return None if value in choices else (f"其中之一：{listed}", f"one of {listed}")
    fits = {
        str: _text(value),
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9,
        float: isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 10**9,
        Mapping[str, str]: isinstance(value, dict) and all(map(_text, [*value, *value.values()])),
        Sequence[str]: isinstance(value, list) and all(map(_text, value)),
    }
    return None if fits[hint] else KINDS[hint]


def _text(value: object) -> bool:
    """Is it a text that can be sent anywhere?"""
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # a half of a surrogate pair
        return False
    return True
