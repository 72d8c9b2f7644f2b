"""What the demo itself says, in Chinese and in English."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

LOCALES = ("zh-CN", "en")


def usual(environ: Mapping[str, str] = os.environ) -> str:
    """The language of the terminal: Chinese where LANG says so, English elsewhere."""
    named = next((v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := environ.get(k))), "")
    return "zh-CN" if named.lower().startswith("zh") else "en"


def say(locale: str, key: str, **facts: Any) -> str:
    return PHRASES[key][LOCALES.index(locale)].format(**facts)


PHRASES: dict[str, tuple[str, str]] = {
    "starting": (
        "正在启动模拟的钉钉、飞书、ECS 和真正的机器人 …… （Ctrl-C 随时退出）",
        "Starting stand-ins for DingTalk, Lark and ECS, and the real bot … (Ctrl-C leaves at any time)",
    ),
    "page": (
        "打开这个地址，两个群就在眼前（Ctrl-C 结束）：\n\n  {address}\n",
        "Open this address; both groups are there (Ctrl-C ends it):\n\n  {address}\n",
    ),
    "no.port": ("端口 {port} 用不了：{why}", "Port {port} cannot be used: {why}"),
    "no.database": (
        '几个机器人要共用一个 PostgreSQL 数据库，这里用不了（{why}）：make demo ARGS="--replicas 3" 会把它装好，也可以用环境变量 COUNTERSIGN_DEMO_POSTGRES 指明一台服务器上的数据库地址。',
        'Several bots share a database of PostgreSQL, which cannot be used here ({why}): make demo ARGS="--replicas 3" installs one, or the environment variable COUNTERSIGN_DEMO_POSTGRES is the URL of a database on your server.',
    ),
    "ready": (
        "{seconds:.1f} 秒后，机器人连上了两个平台。",
        "After {seconds:.1f} s the bot is connected to both platforms.",
    ),
    "shown": (
        "故事同时在两个平台上演；这里显示的是 {platform} 的群。",
        "The stories are played on both platforms at once; you see the groups of {platform}.",
    ),
    "both": ("机器人停掉一次，时钟也拨动一次", "Now the bot is killed, and its clock is set"),
    "story.failed": ("✗ 与预期不符", "✗ not as told"),
    "story.done": ("✓ {seconds:.1f} 秒", "✓ {seconds:.1f} s"),
    "other": ("{platform}: ✓ {done} 个故事", "{platform}: ✓ {done} stories"),
    "lasted": (
        "{count} 个故事，两个平台，共 {seconds:.1f} 秒。",
        "{count} {stories} on each platform in {seconds:.1f} s.",
    ),
    "failed.some": ("有故事与预期不符：", "Not everything went as told:"),
    "act.click": ("{who} 点了【{what}】：{card}", "{who} presses [{what}] on: {card}"),
    "act.toast": ("{who} 看到提示：{said}", "{who} is told: {said}"),
    "act.form": (
        "{who} 提交入职审批单（{employee}、{role}），{approver} 同意",
        "{who} files the new-hire form ({employee}, {role}); {approver} agrees to it",
    ),
    "act.broken": (
        "{machine} 从现在起重启会失败",
        "from now on {machine} cannot be rebooted",
    ),
    "act.event": (
        "人事系统发来事件：{text}",
        "the HR system sends an event: {text}",
    ),
    "act.answered": ("机器人应答 {status}", "the bot answers {status}"),
    "act.down": (
        "薪资系统的地址不存在了（404）",
        "the payroll server answers 404",
    ),
    "act.up": ("薪资系统恢复了", "the payroll server is back"),
    "act.arrived": ("薪资系统收到：{text}", "the payroll server has got: {text}"),
    "act.kill": (
        "脚本正在执行时 kill -9",
        "kill -9 while a script is running",
    ),
    "act.again": ("机器人重新启动", "the bot is started again"),
    "act.ran": ("脚本执行了 {count} 次", "the script ran {count} time(s)"),
    "act.clock": (
        "机器人所在机器的时钟被拨动 {minutes} 分钟",
        "the clock of the bot's machine is set by {minutes} minutes",
    ),
    "card.changed": ("卡片变为", "the card changes"),
    "card.rest": ("…… 另有 {count} 行（/show 显示全部）", "… {count} more lines (/show shows all)"),
    "rows.platform": ("平台", "platform"),
    "rows.story": ("故事", "story"),
    "rows.seconds": ("秒", "seconds"),
    "no.card": ("这里没有提供“{action}”的卡片。", "No card here offers {action!r}."),
    "no.number": (
        "#{number} 的卡片现在没有提供“{action}”；能按的有：{offered}",
        "The card of #{number} does not offer {action!r} now. What can be pressed: {offered}",
    ),
    "no.person": ("没有叫 {name} 的人：{people}", "Nobody is called {name}: {people}"),
    "no.place": ("没有 {name}：{places}", "There is no {name}: {places}"),
    "no.command": ("没有 /{name}。", "There is no /{name}."),
    "no.form": ("写法：/form E124 dev", "Write it as: /form E124 dev"),
    "nothing": ("（无）", "nothing"),
    "in.words": (
        "钉钉的卡片没有填原因的地方，所以由 {who} 发消息：{text}",
        "DingTalk's card has no field for a reason, so {who} writes: {text}",
    ),
    "ended": (
        "机器人结束了，状态 {code}；日志：{log}",
        "The bot ended with status {code}; its log: {log}",
    ),
    "log.ends": ("日志的结尾：", "its log ends:"),
    "bye": (
        "演示结束。数据留在 {folder}，到下一次演示为止。",
        "The demo is over. Its data stays in {folder} until the next.",
    ),
    "bye.database": (
        "演示结束。日志留在 {folder}，到下一次演示为止；数据库已删除。",
        "The demo is over. The logs stay in {folder} until the next; the database is gone.",
    ),
    "toolbar": (
        " {who} · {platform} · {chat} 群 — /help 帮助，Tab 补全，Ctrl-D 退出 ",
        " {who} on {platform}, group {chat} — /help, Tab completes, Ctrl-D leaves ",
    ),
    "help": (
        """现在你在群里。直接输入的内容就是对机器人说的话，例如
  restart web-01 reason="memory leak"     help     pending
  reboot-with-approval web-01 web-02 rateControl=1     一份运维编排模板
以斜杠开头的是给演示程序的：
  /as bob           以 alice、bob、carol、dave、mallory 或 guest 的身份说话
  /on lark          换到 dingtalk 或 lark         /in hr  换群
  /approve [28]     按申请 28 的卡片上的按钮；不写编号就是最新的卡片
  /reject [28] 原因    /stop    /pause  /resume  /retry  /skip
  /form E124 dev    提交一张入职审批单，由 bob 同意
  /show             重新显示整个群                /quit  退出（或 Ctrl-D）""",
        """You are in the groups now. What you type is said to the bot, for example
  restart web-01 reason="memory leak"     help     pending
  reboot-with-approval web-01 web-02 rateControl=1     a runbook
Lines that begin with a slash are for the demo:
  /as bob           speak as alice, bob, carol, dave, mallory or guest
  /on lark          change to dingtalk or lark    /in hr  change the group
  /approve [28]     press the button on the card of request 28; without a number, of the newest
  /reject [28] why     /stop    /pause  /resume  /retry  /skip
  /form E124 dev    file the new-hire form, agreed to by bob
  /show             print the whole group again   /quit  leave (as Ctrl-D does)""",
    ),
    "new-hire": ("入职审批单", "a new hire, by an OA form"),
    "restart": ("重启，经同意", "a restart, approved"),
    "two-groups": ("两方都要同意", "two groups must agree"),
    "frozen": ("冻结期间批准，解冻后启动", "approved in a freeze, run when it is lifted"),
    "escalated": ("无人决定，升级给值班的人", "nobody decides, so whoever is on call is alerted"),
    "rejected": ("无权的人点了按钮，然后被拒绝", "strangers press, then it is rejected"),
    "in-words": ("用文字拒绝", "rejected in words"),
    "cancelled": ("取消", "cancelled"),
    "stopped": ("中途停止", "stopped midway"),
    "expired": ("催办，然后过期", "reminded, then expired"),
    "runbook": ("模板，中途再次同意", "a runbook that asks again in the middle"),
    "runbook-rejected": ("模板，中途被拒绝", "a runbook, rejected in the middle"),
    "runbook-failing": ("模板，一台失败", "a runbook that fails on one instance"),
    "rule": ("规则：事件进，通知出", "a rule: an event comes in, a robot tells"),
    "dead-letter": ("死信，重新投递", "a dead letter, sent again"),
    "kill-9": ("执行中 kill -9", "kill -9 in the middle of a run"),
    "clock": ("时钟被拨快，再拨回", "the clock is set forward, and back"),
}
