"""The faults that the page offers, and those that wait to happen, on the board."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.page.board import Board
from sandbox.standins import StandIns


@dataclass(frozen=True)
class Kind:
    """A fault that can be ordered: of which call, doing what, and what it is called."""

    api: str
    do: str
    chinese: str
    english: str
    args: Mapping[str, Any] = field(default_factory=dict)


_PUSHES = {
    "drop-ack": Kind(
        "push.chat",
        "drop_ack",
        "丢掉对消息的确认（会再推一次）",
        "drop the acknowledgement of a message (it is pushed again)",
    ),
    "drop-click-ack": Kind(
        "push.card",
        "drop_ack",
        "丢掉对点击的确认（点的人看到失败）",
        "drop the acknowledgement of a click (the clicker sees a failure)",
    ),
    "duplicate": Kind("push.chat", "duplicate", "同一条消息推两次", "push a message twice"),
    "duplicate-click": Kind("push.card", "duplicate", "同一次点击推两次", "push a click twice"),
    "duplicate-form": Kind(
        "push.event", "duplicate", "同一个审批单事件推两次", "push an event of a form twice"
    ),
    "reorder": Kind(
        "push.chat", "reorder", "消息被后一条赶上", "let a message be overtaken by the next"
    ),
    "slow-click": Kind(
        "push.card", "slow", "点击晚 2 秒送到", "deliver a click 2 s late", {"seconds": 2.0}
    ),
    "cut": Kind("push.chat", "hang_up", "推消息时断线", "cut the connection at a message"),
}
_CALLS = {
    "lose-answer": Kind(
        "*", "lose_answer", "做了，但应答丢失", "do what is called for, and lose the answer"
    ),
    "throttle": Kind("*", "throttle", "限流", "throttle"),
    "5xx": Kind("*", "error", "服务器错误 500", "server error 500", {"status": 500}),
    "html": Kind("*", "html", "返回代理的错误页", "answer with a proxy's page"),
    "hang-up": Kind("*", "hang_up", "不做，直接断开", "do nothing, and hang up"),
}
_RUNS = {
    "lose-run": Kind(
        "RunCommand",
        "lose_answer",
        "脚本已下发，应答丢失",
        "start the script, and lose the answer",
    ),
    "slow": Kind("*", "slow", "应答晚 3 秒", "answer 3 s late", {"seconds": 3.0}),
    "hold": Kind(
        "deliver", "hold", "脚本晚 5 秒送到机器", "keep a script from its machine for 5 s",
        {"seconds": 5.0},
    ),
}  # fmt: skip
_SINK = {
    "5xx": Kind("*", "status", "服务器错误 503", "server error 503", {"status": 503}),
    "404": Kind("*", "status", "地址不存在 404", "not found 404", {"status": 404}),
    "lose-answer": Kind("*", "lose_answer", "收下了，但应答丢失", "take it, and lose the answer"),
    "hang-up": Kind("*", "hang_up", "不收，直接断开", "take nothing, and hang up"),
}
_NOT_ON_PUSHES = {name: kind for name, kind in _CALLS.items() if name != "hang-up"}
KINDS: Mapping[str, Mapping[str, Kind]] = {
    "dingtalk": _PUSHES | _NOT_ON_PUSHES,
    "lark": _PUSHES | _NOT_ON_PUSHES,
    "aliyun": _CALLS | _RUNS,
    "sink": _SINK,
}
"""By platform and name. "hang_up" of any call would meet pushes of the chat platforms, too."""


def show(board: Board) -> None:
    """What can be ordered."""
    for platform, kinds in KINDS.items():
        for name, kind in kinds.items():
            title = {"zh": kind.chinese, "zh-CN": kind.chinese, "en": kind.english}
            value = {"platform": platform, "name": name, "title": title, "args": dict(kind.args)}
            board.put("faultkinds", f"{platform}/{name}", value)


class Waiting:
    """Puts the faults that wait to happen on the board."""

    def __init__(self, board: Board, company: StandIns) -> None:
        self._board, self._company = board, company
        self._watches = {name: company.parties[name].changes.watch("faults") for name in KINDS}

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._follow(name) for name in self._watches))

    async def _follow(self, platform: str) -> None:
        while True:
            await self._watches[platform].changes()
            waiting = self._company.parties[platform].faults.waiting
            for number, fault in enumerate(waiting):
                value = {"platform": platform, "api": fault.api, "do": fault.do}
                value |= {"name": _name(platform, fault.api, fault.do)}
                more = {"times": fault.times, "args": fault.args}
                self._board.put("faults", f"{platform}/{number}", value | more)
            for key in self._board.keys("faults"):
                name, _, place = key.partition("/")
                if name == platform and int(place) >= len(waiting):
                    self._board.remove("faults", key)


def _name(platform: str, api: str, do: str) -> str:
    """By which the page offers such a fault; "" if it does not."""
    kinds = KINDS[platform].items()
    return next((name for name, kind in kinds if (kind.api, kind.do) == (api, do)), "")
