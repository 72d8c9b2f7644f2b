"""Message bodies: what each ``msg_type`` may hold, how large it may be, what people see of it."""

from __future__ import annotations

import json
from typing import Any

from sandbox.lark import cards, markup, state
from sandbox.lark.gate import Refusal

MAX_TEXT = 150 * 1024
MAX_RICH = 30 * 1024
TYPES = ("text", "post", "interactive")

_STYLED = {"style": list}
_POST_NODES: dict[str, dict[str, type]] = {
    "text": {"text": str, "un_escape": bool, **_STYLED},
    "a": {"text": str, "href": str, **_STYLED},
    "at": {"user_id": str, "user_name": str, **_STYLED},
    "img": {"image_key": str},
    "media": {"file_key": str, "image_key": str},
    "emotion": {"emoji_type": str},
    "code_block": {"language": str, "text": str},
    "hr": {},
    "md": {"text": str},
}


def invalid(why: str) -> Refusal:
    return Refusal(230001, f"Your request contains an invalid request parameter, ext={why}")


def read(kind: str, source: str, chat: state.Chat) -> tuple[state.Shown, dict[str, Any] | None]:
    """What a new message shows and, for a card, the card; raises ``Refusal`` 230001/230025/230099.
    Sizes are those of ``content`` in bytes."""
    if kind not in TYPES:
        raise invalid(f"invalid msg_type {kind}, this stand-in knows {', '.join(TYPES)}")
    if len(source.encode()) > (MAX_TEXT if kind == "text" else MAX_RICH):
        raise Refusal(230025, "The length of the message content reaches its limit.")
    if kind == "interactive":
        return card(source, chat)
    try:
        body = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise invalid("content is not a string in json format") from error
    if not isinstance(body, dict):
        raise invalid("content is not a JSON object")
    seen = _text(body) if kind == "text" else _post(body)
    if markup.ALL in seen.mentions and not chat.at_all:
        raise Refusal(230018, "These operations are NOT allowed at current group settings.")
    shown = state.Shown(seen.text, cards.heard(seen.mentions, chat), seen.links)
    return shown, None


def card(source: str, chat: state.Chat) -> tuple[state.Shown, dict[str, Any]]:
    """A card in a message's ``content``."""
    if len(source.encode()) > MAX_RICH:
        raise Refusal(230025, "The length of the message content reaches its limit.")
    try:
        parsed = cards.parse(source)
        return cards.check(parsed, chat), parsed
    except cards.BadCard as bad:
        raise cards.refusal(bad) from bad


def _text(body: dict[str, Any]) -> markup.Read:
    if set(body) != {"text"} or not isinstance(body["text"], str) or not body["text"]:
        raise invalid("text message needs exactly one non-empty string: text")
    return markup.message(body["text"])


def _post(body: dict[str, Any]) -> markup.Read:
    """A post is {language: {"title", "content": [[node]]}}; the first language is what is shown."""
    if not body or not all(isinstance(one, dict) for one in body.values()):
        raise invalid("post message needs a language such as zh_cn")
    reads = [_language(one) for one in body.values()]
    return reads[0]


def _language(one: dict[str, Any]) -> markup.Read:
    lines = one.get("content")
    title = one.get("title", "")
    if set(one) - {"title", "content"} or not isinstance(lines, list) or not isinstance(title, str):
        raise invalid("post message takes title and content")
    whole = markup.Read()
    texts = [title] if title else []
    for line in lines:
        if not isinstance(line, list):
            raise invalid("post content is a list of lists of nodes")
        parts = [_node(node, len(line)) for node in line]
        texts.append("".join(part.text for part in parts))
        for part in parts:
            whole.mentions += part.mentions
            whole.links += part.links
    whole.text = "\n".join(texts)
    return whole


def _node(node: Any, siblings: int) -> markup.Read:
    tag = node.get("tag") if isinstance(node, dict) else None
    if tag not in _POST_NODES:
        raise invalid(f"unknown post tag {tag}")
    for key, value in node.items():
        expected = _POST_NODES[tag].get(key)
        if key != "tag" and (expected is None or not isinstance(value, expected)):
            raise invalid(f"post tag {tag}: {key} is unknown or of the wrong type")
    if tag == "md":
        if siblings > 1:
            raise invalid("md must be the only node of its line")
        return markup.post_md(node.get("text", ""))
    if tag == "at":
        return _at(node)
    if tag == "a":
        return markup.Read(node.get("text", ""), links=[node.get("href", "")])
    if tag == "text" and node.get("un_escape"):
        return markup.plain(markup.unescaped(node.get("text", "")))
    shown = {"img": "[image]", "media": "[video]", "hr": "———"}.get(tag)
    return markup.plain(shown or node.get("text", "") or node.get("emoji_type", ""))


def _at(node: dict[str, Any]) -> markup.Read:
    wanted = node.get("user_id", "")
    open_id = markup.ALL if wanted == markup.ALL else state.resolve(wanted)
    if not open_id:
        raise invalid(f"invalid at user_id {wanted}")
    return markup.Read("@" + markup.name_of(open_id), mentions=[open_id])
