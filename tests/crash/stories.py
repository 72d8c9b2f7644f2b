"""The stories that are played, and beside each what must have happened in the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot import model
from sandbox import play
from tests import settings
from tests.crash import crowd, runbooks
from tests.crash.crowd import Crowd

State = model.State


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
    ``often``: words of messages that may come any number of times, each in words of its own.
    ``runs``: the instances on which a script must have been started, each once per entry; ``acts``:
    the same of what happened to machines, as "reboot web-01". ``executions``: how many OOS must
    have run, and ``notified``: how often it must have been told something. ``robot``: how the
    message begins that a robot must have sent once; its group is on DingTalk.
    """

    play: Callable[[Crowd], Awaitable[None]]
    ends: tuple[State, ...]
    told: tuple[tuple[str, ...], ...]
    runs: tuple[str, ...] = ()
    perhaps: tuple[tuple[str, ...], ...] = ()
    chat: str = "ops"
    often: tuple[tuple[str, ...], ...] = ()
    acts: tuple[str, ...] = ()
    executions: int = 0
    notified: int = 0
    robot: str = ""
    setting: settings.Setting = settings.AS_SHIPPED


SCRIPTS = {
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
        perhaps=((crowd.WHICH,),),
    ),
    "cancelled": Story(
        play.cancelled,
        (State.CANCELLED,),
        (("已取消 #1",), ("#1", "已取消（Alice）")),
        perhaps=((crowd.WHICH,),),
    ),
    "stopped": Story(play.stopped, (State.CANCELLED,), (("#1", "已停止", "№"),), ("web-03",)),
    "expired": Story(
        expired,
        (State.EXPIRED,),
        (("#1", "已过期"),),
        perhaps=(("#1", "仍待审批"),),
    ),
    "questions": Story(questions, (), (("web-01", "off-01"), ("mallory",))),
}
ENDED = ("#1", "执行成功", "№")
AGREE = ("#1", "执行到任务 agree", "Please agree to reboot")
ROBOT = "Please agree to reboot"
TWO = ("reboot web-01", "reboot web-02")
DOUBTS = (runbooks.DOUBT,)
TEMPLATES = {
    "reboot": Story(
        runbooks.with_mind(play.reboot),
        (State.SUCCEEDED,),
        (AGREE, ENDED),
        robot=ROBOT,
        acts=TWO,
        often=DOUBTS,
        setting=runbooks.HERE,
    ),
    "reboot_rejected": Story(
        play.reboot_rejected,
        (State.CANCELLED,),
        (AGREE, ("#1", "已取消", "Carol", "№")),
        robot=ROBOT,
        setting=runbooks.HERE,
    ),
    "reboot_failing": Story(
        runbooks.with_mind(play.reboot_failing),
        (State.FAILED,),
        (AGREE, ("#1", "执行失败", "OperationDenied", "№")),
        robot=ROBOT,
        often=DOUBTS,
        setting=runbooks.HERE,
    ),
    "fleet": Story(
        runbooks.fleet,
        (State.SUCCEEDED,),
        (ENDED,),
        acts=(*TWO, "reboot web-03"),
        often=DOUBTS,
        setting=runbooks.OWN,
    ),
    "scripts": Story(
        runbooks.scripts,
        (State.SUCCEEDED,),
        (ENDED,),
        ("web-01", "web-02", "web-03"),
        setting=runbooks.OWN,
    ),
    "cycle": Story(
        runbooks.cycle,
        (State.SUCCEEDED,),
        (ENDED,),
        acts=("stop web-01", "start web-01", "stop web-02", "start web-02"),
        setting=runbooks.OWN,
    ),
    "canary": Story(
        runbooks.canary,
        (State.SUCCEEDED,),
        (("#1", "approve 1", "web-01: Success"), ENDED),
        acts=TWO,
        often=DOUBTS,
        setting=runbooks.OWN,
    ),
    "pausing": Story(
        runbooks.pausing,
        (State.SUCCEEDED,),
        (("#1", "hold", "resume 1"), ENDED),
        acts=TWO,
        perhaps=(("#1", "已暂停", "resume 1"),),
        often=DOUBTS,
        setting=runbooks.OWN,
    ),
    "oos": Story(
        play.reboot,
        (State.SUCCEEDED,),
        (AGREE, ENDED),
        acts=TWO,
        executions=1,
        notified=1,
        setting=runbooks.OOS,
    ),
    "oos_rejected": Story(
        play.reboot_rejected,
        (State.CANCELLED,),
        (AGREE, ("#1", "已取消", "Carol", "№")),
        executions=1,
        notified=1,
        setting=runbooks.OOS,
    ),
    "oos_failing": Story(
        play.reboot_failing,
        (State.FAILED,),
        (AGREE, ("#1", "执行失败", "OperationDenied", "№")),
        executions=1,
        notified=1,
        setting=runbooks.OOS,
    ),
}
STORIES = {**SCRIPTS, **TEMPLATES}
