"""The stories as people live them when the bot dies underneath: whoever gets no answer to a click
clicks again, and nobody says anything twice. What must have happened in the end is told beside.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot import model
from sandbox import play
from sandbox.client import Sandbox
from tests.crash import crew

State = model.State
CLICKS = 20
WHICH = "请写明"
"""Words of the question which request is meant. It is asked on DingTalk when the bot dies between
showing the card and noting by what name a reply quotes it: the platform tells that name once only.
"""


class Crowd(play.Play):
    """The people of one platform. They see nothing but the groups."""

    def __init__(self, sandbox: Sandbox, platform: str, bot: crew.Bot) -> None:
        super().__init__(sandbox, platform, patience=crew.PATIENCE)
        self.bot = bot

    async def say(self, user: str, text: str, **args: Any) -> str:
        """Say it; where the bot cannot tell which card was quoted, say the number, as it asks."""
        known = await self.ids()
        message = await super().say(user, text, **args)
        if args.get("quote"):
            answer = await self.told(("#1", WHICH), known)
            if WHICH in answer["text"]:
                verb, _, rest = text.partition(" ")
                await super().say(user, f"{verb} 1 {rest}")
        return message

    async def click(self, user: str, card: play.Entry, action: str, **args: Any) -> dict[str, Any]:
        """Press until it is answered; a button that is gone by then needs no pressing."""
        pressed = False
        for _ in range(CLICKS):
            await self.bot.up()
            try:
                answer = await super().click(user, card, action, **args)
            except RuntimeError as refused:
                if pressed and "no button" in str(refused):
                    return {"acked": True, "said": str(refused)}
                raise
            if answer["acked"]:
                return answer
            pressed = True
        raise play.StoryFailed(f"{user} pressed {action} {CLICKS} times and got no answer")


async def expired(people: Crowd) -> None:
    """Nobody decides. Whether the reminder came, ``truth`` asks: not if the bot was dead then."""
    known = await people.ids()
    await people.say("alice", 'restart db-01 reason="nobody looks"')
    await people.told(play.EXPIRED, known, to="alice")
    card = next(e for e in await people.transcript() if play.is_request_card(e))
    late = await people.click("bob", card, "approve", revision=0)
    people.check(play.has(late["said"], play.EXPIRED), f"a late click is told the truth: {late}")


async def late(people: Crowd) -> None:
    """What is approved after the session webhook has ended is told all the same (DingTalk: by
    another way; Lark has no such end)."""
    known = await people.ids()
    await people.say("alice", 'restart web-01 reason="after lunch"')
    card = await people.new_card("restart", known)
    await people.call("expire_webhooks")
    await people.click("bob", card, "approve")
    await people.card_says(card, play.SUCCEEDED)
    await people.told(play.AUDIT, known, to="alice")


async def failing(people: Crowd) -> None:
    """Two must agree, and the script fails on two instances."""
    known = await people.ids()
    await people.say("bob", "run web-01 web-02 -- echo broken >&2; exit 7")
    card = await people.new_card("run", known)
    await people.click("carol", card, "approve")
    told = await people.told(play.AUDIT, known, to="bob")
    people.check("broken" in told["text"], f"the output: {told['text']}")


async def long(people: Crowd) -> None:
    """A script for which DingTalk's card has no room: it is told in full before the vote."""
    known = await people.ids()
    words = " ".join(f"长长长长{number:04}" for number in range(690))
    await people.say("bob", f"run web-01 -- : {words}; echo done")
    card = await people.new_card("run", known)
    told = "".join(e["text"] for e in await people.transcript() if e["from"] == "bot")
    for word in ("长0000", "长0430", "长0689"):
        people.check(word in told, f"{word} can be read before the vote")
    await people.click("carol", card, "approve")
    await people.told(play.AUDIT, known, to="bob")


async def questions(people: Crowd) -> None:
    """What is only asked is answered, too."""
    known = await people.ids()
    await people.say("alice", "instances")
    await people.say("mallory", "restart web-01")
    await people.told("web-01", known, to="alice")
    await people.told("ou_mallory" if people.platform == "lark" else "u-mallory", known)


@dataclass(frozen=True, slots=True)
class Story:
    """``ends``: how the requests must have ended, in order. ``told``: for each message that must
    stand in the group once, words of it (all of them). ``perhaps``: the same, once or not at all.
    ``runs``: the instances on which a script must have been started, each once per entry."""

    play: Callable[[Crowd], Awaitable[None]]
    ends: tuple[State, ...]
    told: tuple[tuple[str, ...], ...]
    runs: tuple[str, ...] = ()
    perhaps: tuple[tuple[str, ...], ...] = ()
    chat: str = "ops"


STORIES = {
    "new_hire": Story(
        play.new_hire,
        (State.SUCCEEDED, State.SUCCEEDED),
        (("#1", "执行成功", "E123", "№"), ("#2", "执行成功", "E123", "№")),
        ("hr-01", "hr-01"),
        chat="hr",
    ),
    "restart": Story(
        play.restart, (State.SUCCEEDED,), (("#1", "执行成功", "№"),), ("web-01", "web-02")
    ),
    "late": Story(late, (State.SUCCEEDED,), (("#1", "执行成功", "№"),), ("web-01",)),
    "failing": Story(
        failing, (State.FAILED,), (("#1", "执行失败", "№", "broken"),), ("web-01", "web-02")
    ),
    "long": Story(long, (State.SUCCEEDED,), (("#1", "执行成功", "№"),), ("web-01",)),
    "rejected": Story(play.rejected, (State.REJECTED,), (("#1", "已拒绝（Bob）"),)),
    "rejected_by_text": Story(
        play.rejected_by_text,
        (State.REJECTED,),
        (("已拒绝 #1",), ("#1", "已拒绝（Carol）", "wait for the release")),
        perhaps=((WHICH,),),
    ),
    "cancelled": Story(
        play.cancelled,
        (State.CANCELLED,),
        (("已取消 #1",), ("#1", "已取消（Alice）")),
        perhaps=((WHICH,),),
    ),
    "stopped": Story(play.stopped, (State.CANCELLED,), (("#1", "已停止", "№"),), ("web-03",)),
    "expired": Story(
        expired,
        (State.EXPIRED,),
        (("#1", "已过期"),),
        perhaps=(("#1", "还在等待审批"),),
    ),
    "questions": Story(questions, (), (("web-01", "off-01"), ("mallory",))),
}
