"""What Lark was sent, as Lark shows it: its cards and rich-text messages as HTML."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from docs.pictures import look

TONES = {"orange": "#ff8800", "green": "#2ea121", "blue": "#3370ff", "red": "#d83931"}
TONES |= {"grey": "#646a73"}
STYLE = """
.lark .head { padding: 9px 14px; font-weight: 600; font-size: 14px; display: flex; gap: 8px }
.lark .tag { font-size: 11px; font-weight: 400; padding: 1px 7px; border-radius: 4px; color: #fff }
.lark .body { padding: 10px 14px 12px } .lark .body > * { margin-bottom: 9px }
.lark .body > :last-child { margin: 0 }
.lark .field { border: 1px solid #d0d3d6; border-radius: 6px; height: 34px; padding: 6px 10px;
  color: #8f959e; margin: 4px 0 10px }
.lark button { font: inherit; border-radius: 6px; padding: 4px 16px; margin-right: 8px;
  background: #fff; border: 1px solid #d0d3d6 }
.lark button.primary { color: #3370ff; border-color: #3370ff }
.lark button.danger { color: #d83931; border-color: #d83931 }
"""


def items(calls: list[dict[str, Any]]) -> list[look.Item]:
    """The messages that these calls sent, each as it was changed last."""
    found: dict[str, look.Item] = {}
    for call in calls:
        api, body = call["api"], call["request"].get("body") or {}
        if api in ("im/v1/messages/reply", "im/v1/messages/create"):
            id, content = call["answer"]["data"]["message_id"], json.loads(body["content"])
            shown = card(content) if body["msg_type"] == "interactive" else post(content)
            found[id] = look.Item(call["at"], "bot", shown)
        elif api == "im/v1/messages/patch":
            id = call["request"]["path"].rpartition("/")[2]
            found[id].shown = card(json.loads(body["content"]))
    return list(found.values())


def mention(id: str) -> str:
    return f'<span class="at">@{id.removeprefix("ou_").capitalize()}</span>'


def markdown(text: str) -> str:
    """A card's Markdown as HTML, as far as the bot writes it."""
    if code := re.fullmatch(r"```\n(.*)\n```", text, re.DOTALL):
        return f"<pre>{html.escape(code[1])}</pre>"
    text = re.sub(r"<at id=(\w+)></at>", lambda at: mention(at[1]), text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return "<div>" + text.replace("\n", "<br>") + "</div>"


def element(item: dict[str, Any]) -> str:
    """One element of a card as HTML. KeyError: a kind that the bot had not used before."""
    tag = item["tag"]
    if tag == "markdown":
        return markdown(item["content"])
    if tag == "div":
        return f'<div class="note">{html.escape(item["text"]["content"])}</div>'
    if tag == "input":
        label = html.escape(item["label"]["content"])
        return f'<div>{label}<div class="field">…</div></div>'
    if tag == "button":
        return f'<button class="{item["type"]}">{html.escape(item["text"]["content"])}</button>'
    inner = item["columns"] if tag == "column_set" else item["elements"]
    space = "inline" if tag == "column" else "block"
    return f'<div style="display:{space}">' + "".join(map(element, inner)) + "</div>"


def card(content: dict[str, Any]) -> str:
    head = content["header"]
    tone = TONES[head["template"]]
    tags = "".join(
        f'<span class="tag" style="background:{tone}">{html.escape(tag["text"]["content"])}</span>'
        for tag in head["text_tag_list"]
    )
    title = html.escape(head["title"]["content"])
    body = "".join(map(element, content["body"]["elements"]))
    return (
        f'<div class="card"><div class="head" style="background:{tone}22">{title}{tags}</div>'
        f'<div class="body">{body}</div></div>'
    )


def post(content: dict[str, Any]) -> str:
    """A rich-text message as HTML."""
    lines = []
    for line in content["zh_cn"]["content"]:
        parts = ""
        for part in line:
            text = html.escape(part.get("text", ""))
            if part["tag"] == "at":
                parts += mention(part["user_id"])
            elif part["tag"] == "code_block":
                parts += f"<pre>{text}</pre>"
            else:
                parts += f"<b>{text}</b>" if "bold" in part.get("style", ()) else text
        lines.append(f"<div>{parts}</div>")
    return f'<div class="bubble">{"".join(lines)}</div>'
