"""The faults that the page offers, and those that wait to happen, on the board."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.page.board import Board
from sandbox.standins import StandIns

LANGUAGES = ("zh-CN", "en")
Words = tuple[str, str]
"""In Chinese and in English."""


@dataclass(frozen=True)
class Kind:
    """A fault that can be ordered: of which call, doing what, what it is called and means."""

    api: str
    do: str
    title: Words
    about: Words
    args: Mapping[str, object] = field(default_factory=dict)


_PUSHES = {
    "drop-ack": Kind(
        "push.chat",
        "drop_ack",
        ("丢消息应答", "Drop an ack"),
        (
            "机器人收到了消息，但它的应答丢了：平台会再推一次。",
            "The bot's acknowledgement of a message is lost: it is pushed again.",
        ),
    ),
    "drop-click-ack": Kind(
        "push.card",
        "drop_ack",
        ("丢点击应答", "Drop a click's ack"),
        (
            "点击生效了，但点的人看到的是失败。",
            "A click takes effect, and the clicker sees a failure.",
        ),
    ),
    "duplicate": Kind(
        "push.chat",
        "duplicate",
        ("消息推两次", "Duplicate message"),
        ("同一条消息推两次，只能有一个申请。", "A message is pushed twice; there is one request."),
    ),
    "duplicate-click": Kind(
        "push.card",
        "duplicate",
        ("点击推两次", "Duplicate click"),
        ("同一次点击推两次，只能算一票。", "A click is pushed twice; it is one vote."),
    ),
    "duplicate-form": Kind(
        "push.event",
        "duplicate",
        ("审批事件推两次", "Duplicate form"),
        (
            "同一个审批单事件推两次，只能执行一次。",
            "An event of a form is pushed twice; it runs once.",
        ),
    ),
    "reorder": Kind(
        "push.chat",
        "reorder",
        ("消息乱序", "Reorder"),
        ("这条消息被后一条赶上，晚到一步。", "A message is overtaken by the next one."),
    ),
    "slow-click": Kind(
        "push.card",
        "slow",
        ("点击晚到", "Slow click"),
        ("点击晚 2 秒才送到机器人。", "A click reaches the bot two seconds late."),
        {"seconds": 2.0},
    ),
    "cut": Kind(
        "push.chat",
        "hang_up",
        ("推送时断线", "Cut at a push"),
        (
            "推消息的那一刻连接断了，重连后平台再推。",
            "The connection breaks at a message, which is pushed again later.",
        ),
    ),
}
_CALLS = {
    "lose-answer": Kind(
        "*",
        "lose_answer",
        ("丢应答", "Lose the answer"),
        (
            "平台照做了，但应答丢在路上：机器人不知道做没做成。",
            "The call is carried out and its answer lost: the bot cannot know.",
        ),
    ),
    "throttle": Kind(
        "*",
        "throttle",
        ("限流", "Throttle"),
        (
            "平台说调用太频繁，什么也没做。",
            "The platform says that there are too many calls, and does nothing.",
        ),
    ),
    "5xx": Kind(
        "*",
        "error",
        ("报错 500", "Error 500"),
        ("平台自己出错，什么也没做。", "The platform fails, and does nothing."),
        {"status": 500},
    ),
    "html": Kind(
        "*",
        "html",
        ("代理错误页", "A proxy's page"),
        (
            "中间的代理返回一页 HTML，而不是应答。",
            "A proxy answers with a page of HTML in place of the platform.",
        ),
    ),
    "hang-up": Kind(
        "*",
        "hang_up",
        ("直接断开", "Hang up"),
        ("什么也没做，连接就断了。", "Nothing is done, and the connection is closed."),
    ),
}
_RUNS = {
    "lose-run": Kind(
        "RunCommand",
        "lose_answer",
        ("下发后丢应答", "Lose a run's answer"),
        (
            "脚本已经开始跑，应答却丢了：不能再跑第二次。",
            "The script runs and the answer is lost: it must not run twice.",
        ),
    ),
    "slow": Kind(
        "*",
        "slow",
        ("应答变慢", "Slow answer"),
        ("照做，但应答晚 3 秒。", "The call is carried out, and answered three seconds late."),
        {"seconds": 3.0},
    ),
    "hold": Kind(
        "deliver",
        "hold",
        ("脚本晚到", "Hold a script"),
        (
            "脚本晚 5 秒才到机器，这期间还能停下它。",
            "A script reaches its machine five seconds late, and can be stopped until then.",
        ),
        {"seconds": 5.0},
    ),
}
_SINK = {
    "5xx": Kind(
        "*",
        "status",
        ("报错 503", "Error 503"),
        (
            "外部系统不可用：机器人按重试策略再投，最后成为死信。",
            "The endpoint is unavailable: the bot tries again, until it is a dead letter.",
        ),
        {"status": 503},
    ),
    "404": Kind(
        "*",
        "status",
        ("地址不存在 404", "Not found 404"),
        ("外部系统拒收，马上成为死信。", "The endpoint refuses it: a dead letter at once."),
        {"status": 404},
    ),
    "lose-answer": Kind(
        "*",
        "lose_answer",
        ("丢应答", "Lose the answer"),
        (
            "外部系统收下了，但应答丢了：不确定是否送达。",
            "It is taken and the answer lost: nobody knows whether it arrived.",
        ),
    ),
    "hang-up": Kind(
        "*",
        "hang_up",
        ("直接断开", "Hang up"),
        ("没有收下，连接就断了。", "Nothing is taken, and the connection is closed."),
    ),
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
            title, about = (
                dict(zip(LANGUAGES, words, strict=True)) for words in (kind.title, kind.about)
            )
            value = {"platform": platform, "name": name, "title": title, "about": about}
            board.put("faultkinds", f"{platform}/{name}", value | {"args": dict(kind.args)})


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
