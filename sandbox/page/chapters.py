"""What the guided tour shows: its chapters, and the sentence of each step, in Chinese and English.

A chapter plays a story. It has one step more than the story has acts (a message, a click, a form,
an event, something done to the bot): each step's sentence stands there until its act is asked for,
and the last one until the next chapter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox import play, stories

Story = Callable[[stories.Half], Awaitable[None]]


@dataclass(frozen=True)
class Step:
    """``look``: where to look, "group" or the name of a panel of backstage. ``chat``: the group."""

    chinese: str
    english: str
    look: str = "group"
    chat: str = "ops"


@dataclass(frozen=True)
class Chapter:
    name: str
    platform: str
    story: Story
    chinese: str
    english: str
    steps: tuple[Step, ...]


async def _restart(stage: stories.Half) -> None:
    await play.restart(stage)


async def _killed(stage: stories.Half) -> None:
    await stories.killed([stage])


async def _clock(stage: stories.Half) -> None:
    await stories.clock([stage])


CHAPTERS = (
    Chapter(
        "restart",
        "dingtalk",
        _restart,
        "申请、审批、执行",
        "Ask, approve, run",
        (
            Step(
                "Alice 要重启两台机器。点“下一步”，她在钉钉的运维群里 @机器人。",
                "Alice wants two machines restarted. Press Next: she mentions the bot in the DingTalk group.",
            ),
            Step(
                "看这张卡片：第一句写明谁要在哪里做什么、风险多高；Bob 和 Carol 被 @。下一步：Bob 点“同意”。",
                "Look at the card: its first sentence says who wants what, where, and the risk. Bob and "
                "Carol are mentioned. Next: Bob presses Approve.",
            ),
            Step(
                "脚本在“机器”里真的执行了。卡片随之变绿，群里的回复写明谁批准、每台的结果和审计编号。",
                "The script really ran; see Machines. The card has turned green, and a reply names who "
                "approved, each machine's result, and the number of the audit entry.",
                "machines",
            ),
        ),
    ),
    Chapter(
        "rejected",
        "lark",
        play.rejected,
        "谁能审批",
        "Who may approve",
        (
            Step(
                "这次在飞书。Alice 又要重启 web-01。",
                "In Lark this time. Alice asks for a restart of web-01.",
            ),
            Step(
                "先由不在名单里的 Mallory 点“同意”。",
                "First Mallory, whom the bot does not know, presses Approve.",
            ),
            Step(
                "提示说明她为什么不能点，申请没有变化。接着是 Dave：在群里，但没有审批权。",
                "A toast says why not, and nothing changed. Next is Dave: a member without the right to approve.",
            ),
            Step(
                "同样无效。再由申请人 Alice 自己点“同意”。",
                "No effect either. Next Alice tries to approve her own request.",
            ),
            Step(
                "自己的申请自己不能批。下一步：Bob 填写原因并拒绝。",
                "Nobody approves their own request. Next: Bob rejects it with a reason.",
            ),
            Step(
                "卡片变红并写明原因，什么都没有执行。下一步：Carol 点一张旧卡片上的“同意”。",
                "The card is red and gives the reason; nothing ran. Next: Carol presses Approve on an outdated card.",
            ),
            Step(
                "旧按钮不起作用，提示给出现在的状态。每次点击都在“审计”里。",
                "The old button does nothing, and the toast tells the present state. Each click is in Audit.",
                "audit",
            ),
        ),
    ),
    Chapter(
        "kill-9",
        "dingtalk",
        _killed,
        "执行中 kill -9",
        "kill -9 in the middle of a run",
        (
            Step(
                "Bob 申请在 web-03 上执行一段跑两秒的脚本。",
                "Bob asks for a script on web-03 that takes two seconds.",
            ),
            Step("下一步：Carol 同意，脚本开始。", "Next: Carol approves, and the script starts."),
            Step(
                "脚本正在执行。下一步：kill -9 机器人。",
                "The script is running. Next: the bot is killed, with kill -9.",
                "control",
            ),
            Step(
                "机器人没有了，机器上的脚本还在继续。下一步：重新启动它。",
                "The bot is gone; the script on the machine goes on. Next: the bot is started again.",
                "control",
            ),
            Step(
                "它查到了结果并更新了卡片：脚本只执行了一次，没有丢，也没有重复。",
                "It looked the result up and updated the card: the script ran once, neither lost nor repeated.",
                "machines",
            ),
        ),
    ),
    Chapter(
        "runbook",
        "lark",
        play.reboot,
        "带审批的运维编排",
        "A runbook with its own approval",
        (
            Step(
                "一份 OOS 编排模板就是一条命令：Alice 要逐台重启 web-01 和 web-02。",
                "An OOS template is a command: Alice wants web-01 and web-02 rebooted one by one.",
            ),
            Step(
                "卡片列出全部步骤。下一步：Bob 同意执行。",
                "The card lists every task. Next: Bob approves.",
            ),
            Step(
                "模板自己在中途又要一次审批，没有人同意之前什么都不重启。下一步：Carol 同意。",
                "The template asks once more in the middle; nothing is rebooted before. Next: Carol agrees.",
            ),
            Step(
                "进度条逐台推进，回复里写着两次审批的人。",
                "The bar advances machine by machine, and the reply names both who agreed.",
            ),
        ),
    ),
    Chapter(
        "new-hire",
        "dingtalk",
        stories.new_hire,
        "OA 审批单",
        "An OA approval form",
        (
            Step(
                "Alice 提交入职审批单，Bob 在钉钉审批里同意。不用再点卡片：审批单就是审批。",
                "Alice files the new-hire form and Bob agrees to it in DingTalk. That is the approval; no card to press.",
                chat="hr",
            ),
            Step(
                "账号已开通，人事群里有结果。下一步：同一个人再提交一次。",
                "The account is there, and the HR group is told. Next: the same form once more.",
                chat="hr",
            ),
            Step(
                "第二次什么都没有重复做。",
                "The second time nothing was done again.",
                chat="hr",
            ),
        ),
    ),
    Chapter(
        "rule",
        "lark",
        stories.rule,
        "事件触发",
        "An event asks",
        (
            Step(
                "人事系统通过 HTTP 发来“入职”事件，没有人 @机器人。",
                "The HR system sends a Hire event over HTTP; nobody mentions the bot.",
                "events",
                "hr",
            ),
            Step(
                "规则把事件变成申请，照样要人审批。下一步：Bob 同意。",
                "A rule turned the event into a request, which people vote on as on any other. Next: Bob approves.",
                chat="hr",
            ),
            Step(
                "执行完成后，另一条规则让群机器人通知运维群。",
                "When it had run, another rule let the group's robot tell the ops group.",
            ),
        ),
    ),
    Chapter(
        "clock",
        "dingtalk",
        _clock,
        "没有人处理",
        "Nobody decides",
        (
            Step(
                "Alice 申请重启 web-02，这次没有人理会。",
                "Alice asks for a restart of web-02, and this time nobody reacts.",
            ),
            Step(
                "下一步：把机器人的时钟拨快 31 分钟。",
                "Next: the bot's clock is set 31 minutes ahead.",
                "control",
            ),
            Step(
                "审批人先被 @ 催办，随后申请过期。下一步：把时钟拨回来。",
                "The approvers were reminded, then the request expired. Next: the clock is set back.",
            ),
            Step(
                "时钟拨回，过期的仍然过期。下一步：Bob 点旧卡片上的“同意”。",
                "Set back, and what expired stays expired. Next: Bob presses Approve on the outdated card.",
            ),
            Step(
                "导览到这里结束。轮到您：换个身份，写点什么，试着把它弄坏。",
                "That was the tour. Your turn: be anybody, write something, try to break it.",
            ),
        ),
    ),
)
