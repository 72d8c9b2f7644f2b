"""What the terminal itself says, in Chinese and in English."""

from __future__ import annotations

import os
from collections.abc import Mapping

PHRASES: dict[str, tuple[str, str]] = {
    "welcome": (
        "你是 {who}，在 {chat}。输入的内容发给机器人；输入编号即按下按钮；/help 查看帮助。",
        "You are {who}, in {chat}. What you type goes to the bot; a number presses a button. /help",
    ),
    "help": (
        """  restart web-01 reason="…"   对机器人说的话
  1                           按编号为 1 的按钮；也可输入按钮上的字
  2 理由                      按 2 号按钮并说明理由
  /reply m12 …                回复 m12 号消息        /recall m12   撤回自己的消息
  /in hr                      换到另一个群（/in @：与机器人单聊）
  /quit                       退出（或 Ctrl-D）""",
        """  restart web-01 reason="…"   is said to the bot
  1                           presses the button with this number; so does the word on the button
  2 because …                 presses button 2, with a reason
  /reply m12 …                answers message m12    /recall m12   takes back a message of yours
  /in hr                      goes to another chat (/in @: alone with the bot)
  /quit                       leaves, as Ctrl-D does""",
    ),
    "now": ("现在是", "is now"),
    "recalled": ("已撤回", "was taken back"),
    "you": ("（@你）", "(@you)"),
    "in": ("在 {chat}", "in {chat}"),
    "no.button": ("没有编号为 {number} 的按钮。", "No button has the number {number}."),
    "no.message": ("没有 {number} 号消息。", "There is no message {number}."),
    "no.command": ("没有 /{name}；/help 查看帮助。", "There is no /{name}; see /help."),
    "confirm": ("{question}（y 确认）", "{question} (y to confirm)"),
    "confirm.none": ("没有按。", "Not pressed."),
    "chats": ("机器人所在的群：{chats}", "The bot is in: {chats}"),
    "away": ("—— 机器人没有应答，正在重连 ——", "— the bot does not answer; trying again —"),
    "back": ("—— 机器人回来了 ——", "— the bot is back —"),
    "missed": (
        "—— 更早的消息已不再保留 ——",
        "— some of what was said before is not kept any more —",
    ),
}


def locale(environ: Mapping[str, str] = os.environ) -> int:
    """The language of the terminal: Chinese (0) where LANG says so, English (1) elsewhere."""
    names = (environ.get(key) for key in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return 0 if next(filter(None, names), "").lower().startswith("zh") else 1


def say(key: str, **facts: str) -> str:
    return PHRASES[key][locale()].format(**facts)
