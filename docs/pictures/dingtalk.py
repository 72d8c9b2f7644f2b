"""What DingTalk was sent, as DingTalk shows it: its cards and Markdown messages as HTML."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from docs.pictures import look

STYLE = """
.dingtalk .title { font-weight: 600; font-size: 15px; padding: 12px 14px 0 }
.dingtalk .text { padding: 6px 14px 10px } .dingtalk p { margin: 0 0 8px }
.dingtalk .text > :last-child, .dingtalk .bubble > :last-child { margin-bottom: 0 }
.dingtalk code { background: #f2f3f5; border-radius: 3px; padding: 0 4px; font-size: 11px }
.dingtalk pre { margin: 0 0 8px }
.dingtalk blockquote { margin: 0 0 8px; padding-left: 9px; border-left: 3px solid #d5d8dc;
  color: #8f959e }
.dingtalk .buttons { display: flex; gap: 8px; padding: 0 14px 10px }
.dingtalk button { flex: 1; font: inherit; border: 0; border-radius: 6px; padding: 6px;
  background: #f2f3f5; color: #1f2329 }
.dingtalk button.blue { background: #1677ff; color: #fff }
.dingtalk button.red { background: #fff1f0; color: #e5484d }
.dingtalk .tips { padding: 0 14px 11px }
"""
CARDS = "/v1.0/card/instances"


def items(calls: list[dict[str, Any]]) -> list[look.Item]:
    """The messages that these calls sent, each as it was changed last."""
    found: dict[str, look.Item] = {}
    data: dict[str, dict[str, str]] = {}
    for number, call in enumerate(calls):
        api, body = call["api"], call["request"]
        if api in (f"{CARDS}/createAndDeliver", f"PUT {CARDS}"):
            id = body["outTrackId"]
            data[id] = data.get(id, {}) | body["cardData"]["cardParamMap"]
            item = found.setdefault(id, look.Item(call["at"], "bot", ""))
            item.shown = card(data[id])
        elif api == "/robot/sendBySession":
            shown = f'<div class="bubble">{markdown(body["markdown"]["text"])}</div>'
            found[str(number)] = look.Item(call["at"], "bot", shown)
    return list(found.values())


def inline(text: str) -> str:
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(
        r"@u-(\w+)", lambda at: f'<span class="at">@{at[1].capitalize()}</span>', text
    ).replace("  \n", "<br>")


def markdown(text: str) -> str:
    """DingTalk's Markdown as HTML, as far as the bot writes it."""
    parts = []
    for place, part in enumerate(re.split(r"^```\n(.*?)\n```$", text, flags=re.DOTALL | re.M)):
        if place % 2:
            parts.append(f"<pre>{html.escape(part)}</pre>")
            continue
        for block in filter(None, part.strip().split("\n\n")):
            tag = "blockquote" if block.startswith("> ") else "p"
            inner = inline(block.removeprefix("> ").replace("\n> ", "\n").strip())
            parts.append(f"<{tag}>{inner}</{tag}>")
    return "".join(parts)


def card(data: dict[str, str]) -> str:
    """A card of the template "MarkdownButton"."""
    buttons = "".join(
        f'<button class="{button["color"]}">{html.escape(button["text"])}</button>'
        for button in json.loads(data["sys_full_json_obj"])["msgButtons"]
    )
    row = f'<div class="buttons">{buttons}</div>' if buttons else ""
    tips = f'<div class="tips note">{html.escape(data["tips"])}</div>' if data["tips"] else ""
    return (
        f'<div class="card"><div class="title">{html.escape(data["title"])}</div>'
        f'<div class="text">{markdown(data["markdown"])}</div>{row}{tips}</div>'
    )
