"""A message in DingTalk's shape as Lark takes it, and the other way round.

https://open.dingtalk.com/document/development/custom-bot-to-send-group-chat-messages,
https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot import source

_EVERYBODY = "所有人"
_AT_TAG = re.compile(
    r"<at\s+(?:user_)?id\s*=\s*[\"']?([^\"'>\s]+)[\"']?\s*>([^<]*)(?:</at>)?", re.I
)
_LIVE_AT = re.compile(r"<(?=/?at\b)", re.I)
_WEB = re.compile(r"https?://[^\s()<>]+", re.I)
_MARKUP = re.compile(
    r"[*`\[\]\\]|(?<!\w)_|_(?!\w)|<(?=[A-Za-z/!])|(?<![A-Za-z0-9])@|~(?=~)|(?<=~)~"
    r"|^\#|^>|^[-+](?=\s)|(?<=^\d)\.(?=\s)",
    re.MULTILINE,
)
_LARK_PERSON = re.compile(r"(?:ou|on)_[A-Za-z0-9_-]{2,64}")


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


# ----------------------------------------------------------------------------- to Lark


def to_lark(said: Mapping[str, Any]) -> dict[str, object]:
    """A DingTalk body, already in order, for Lark: text stays text, Markdown becomes a card. Of
    ``at`` everybody and Lark's own ids are carried over; Lark knows nobody by a phone number.
    Raises Invalid."""
    kind = str(said["msgtype"])
    part = said.get(kind)
    if kind not in ("text", "markdown", "actionCard", "link", "feedCard") or not part:
        raise source.Invalid(f"a DingTalk message of msgtype {kind[:40]!r} cannot be told in Lark")
    at = said.get("at") or {}
    people = [who for who in at.get("atUserIds", ()) if _LARK_PERSON.fullmatch(who)]
    if kind == "text":
        tags = [f'<at user_id="{who}"></at>' for who in people]
        if at.get("isAtAll"):
            tags.append(f'<at user_id="all">{_EVERYBODY}</at>')
        text = "\n".join(filter(None, (_quiet(part.get("content")), " ".join(tags))))
        return {"msg_type": "text", "content": {"text": text}}
    if kind in ("markdown", "actionCard"):
        tags = [f"<at id={who}></at>" for who in people]
        if at.get("isAtAll"):
            tags.append("<at id=all></at>")
        return _card(part, tags)
    return _post(_maps(part.get("links")) if kind == "feedCard" else [part])


def _quiet(text: object) -> str:
    """Text that mentions nobody in Lark: what stood in a DingTalk message was no tag there."""
    return _LIVE_AT.sub("＜", str(text or ""))


def _card(part: Mapping[str, object], tags: list[str]) -> dict[str, object]:
    labelled = [
        (str(row.get("title") or ""), str(row.get("actionURL") or ""))
        for row in _maps(part.get("btns"))
    ]
    if part.get("singleTitle"):
        labelled = [(str(part["singleTitle"]), str(part.get("singleURL") or ""))]
    text = "\n".join(filter(None, (_quiet(part.get("text")), " ".join(tags))))
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": text}]
    elements += [
        {
            "tag": "button",
            "text": {"tag": "plain_text", "content": label},
            "behaviors": [{"type": "open_url", "default_url": url}],
        }
        for label, url in labelled
        if label and _WEB.fullmatch(url)
    ]
    card: dict[str, Any] = {"schema": "2.0", "body": {"elements": elements}}
    if title := str(part.get("title") or ""):
        card["header"] = {"title": {"tag": "plain_text", "content": title}}
    return {"msg_type": "interactive", "card": card}


def _post(rows: Sequence[Mapping[str, object]]) -> dict[str, object]:
    lines: list[list[dict[str, Any]]] = []
    for row in rows:
        title = str(row.get("title") or "")
        url = str(row.get("messageUrl") or row.get("messageURL") or "")
        link = {"tag": "a", "text": title or url, "href": url}
        lines.append([link if _WEB.fullmatch(url) else {"tag": "text", "text": title}])
        if text := str(row.get("text") or ""):
            lines.append([{"tag": "text", "text": text}])
    return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": "", "content": lines}}}}


# ----------------------------------------------------------------------------- Lark's own


def lark_read(said: Mapping[str, object]) -> dict[str, object]:
    """A Lark body whose content or card may have come as JSON text, as objects."""
    result = dict(said)
    for name in ("content", "card"):
        value = result.get(name)
        if isinstance(value, str):
            try:
                result[name] = json.loads(value)
            except (ValueError, RecursionError):
                result[name] = {"text": value} if name == "content" else value
    if result.get("msg_type") == "interactive" and "card" not in result and "content" in result:
        result["card"] = result.pop("content")
    return result


def lark_appended(said: Mapping[str, object], lines: tuple[str, ...]) -> dict[str, object]:
    """A Lark body with lines at the end of its text, post or card; other shapes as they are."""
    result = dict(said)
    kind, content, card = said.get("msg_type"), said.get("content"), said.get("card")
    if not lines:
        return result
    if kind == "text" and isinstance(content, Mapping):
        result["content"] = {**content, "text": "\n".join((str(content.get("text", "")), *lines))}
    elif kind == "post" and isinstance(content, Mapping):
        paragraphs = [[{"tag": "text", "text": line}] for line in lines]
        wrapped = isinstance(content.get("post"), Mapping)
        post = content["post"] if wrapped else content
        paragraph = {
            language: {**one, "content": [*one["content"], *paragraphs]}
            if isinstance(one, Mapping) and isinstance(one.get("content"), list)
            else one
            for language, one in post.items()
        }
        result["content"] = {**content, "post": paragraph} if wrapped else paragraph
    elif kind == "interactive" and isinstance(card, Mapping):
        result["card"] = _card_appended(card, lines)
    return result


def _card_appended(card: Mapping[str, Any], lines: tuple[str, ...]) -> dict[str, object]:
    body = card.get("body")
    text = "\n".join(lines)
    if isinstance(body, Mapping) and isinstance(body.get("elements"), list):
        last = {"tag": "div", "text": {"tag": "plain_text", "content": text}}
        return {**card, "body": {**body, "elements": [*body["elements"], last]}}
    if isinstance(card.get("elements"), list):
        last = {"tag": "div", "text": {"tag": "plain_text", "content": text}}
        return {**card, "elements": [*card["elements"], last]}
    return dict(card)


# ----------------------------------------------------------------------------- to DingTalk


def to_dingtalk(said: Mapping[str, Any]) -> dict[str, object]:
    """A Lark body for DingTalk: text stays text, posts and cards become Markdown. Of mentions
    everybody is carried over, others keep their names. Raises Invalid for what has no text."""
    kind, content = said.get("msg_type"), said.get("content")
    everybody: list[str] = []
    if kind == "text" and isinstance(content, Mapping):
        text = _untagged(str(content.get("text") or ""), everybody)
        result: dict[str, Any] = {"msgtype": "text", "text": {"content": text}}
    elif kind == "post" and isinstance(content, Mapping):
        title, text = _post_read(content, everybody)
        result = _markdown(title, text)
    elif kind == "interactive" and isinstance(said.get("card"), Mapping):
        title, text = _card_read(said["card"], everybody)
        result = _markdown(title, text)
    else:
        raise source.Invalid(
            f"a Lark message of msg_type {str(kind)[:40]!r} cannot be told in DingTalk"
        )
    if everybody:
        result["at"] = {"isAtAll": True}
    return result


def _markdown(title: str, text: str) -> dict[str, object]:
    first = next((line.strip("#> *") for line in text.splitlines() if line.strip("#> *")), "")
    return {"msgtype": "markdown", "markdown": {"title": title or first[:40] or "·", "text": text}}


def _untagged(text: str, everybody: list[str]) -> str:
    """The text with Lark's tags as names; everybody is noted, and named by DingTalk itself."""

    def name(match: re.Match[str]) -> str:
        if match[1] == "all":
            everybody.append(match[1])
            return ""
        return f"＠{match[2] or match[1]}"

    return _AT_TAG.sub(name, text).strip()


def _post_read(content: Mapping[str, object], everybody: list[str]) -> tuple[str, str]:
    """Title and Markdown of a post's first language."""
    post = _map(content.get("post")) or content
    first = _map(next(filter(_map, post.values()), None))
    lines = first.get("content")
    texts = [
        "".join(_node(node, everybody) for node in _maps(line))
        for line in (lines if isinstance(lines, list) else ())
    ]
    title = str(first.get("title") or "")
    return title, "\n\n".join(filter(None, (f"#### {title}" if title else "", *texts)))


def _node(node: Mapping[str, object], everybody: list[str]) -> str:
    text = str(node.get("text") or "")
    if node.get("tag") == "a":
        return _link(text, str(node.get("href") or ""))
    if node.get("tag") == "at":
        if node.get("user_id") == "all":
            everybody.append("all")
            return ""
        return f"＠{node.get('user_name') or node.get('user_id')} "
    return _untagged(text, everybody) if node.get("tag") == "md" else _literal(text)


def _link(text: str, url: str) -> str:
    return f"[{_literal(text) or url}]({url})" if _WEB.fullmatch(url) else _literal(text)


def _literal(text: str) -> str:
    """Text that knows no markup, as Markdown that shows it: what would act there is replaced by its
    full-width twin, for DingTalk documents no escapes."""
    return _MARKUP.sub(lambda match: chr(ord(match[0]) + 0xFEE0), text)


def _card_read(card: Mapping[str, object], everybody: list[str]) -> tuple[str, str]:
    """Title and Markdown of a card, of either schema: its texts and links in their order."""
    title = next(iter(_texts(_map(card.get("header")), everybody)), "")
    elements = card.get("elements") or _map(card.get("body")).get("elements")
    return title, "\n\n".join(
        filter(None, (f"#### {title}" if title else "", *_texts(elements, everybody)))
    )


def _texts(node: object, everybody: list[str]) -> Iterator[str]:
    if isinstance(node, list):
        for inner in node:
            yield from _texts(inner, everybody)
    elif isinstance(node, Mapping):
        if node.get("tag") == "button":
            yield _button(node)
        elif isinstance(node.get("content"), str):
            words = _untagged(node["content"], everybody)
            yield _literal(words) if node.get("tag") == "plain_text" else words
        else:
            for name, inner in node.items():
                if name not in ("value", "behaviors", "config"):
                    yield from _texts(inner, everybody)


def _button(node: Mapping[str, object]) -> str:
    text = str(_map(node.get("text")).get("content") or "")
    urls = [node.get("url")] + [one.get("default_url") for one in _maps(node.get("behaviors"))]
    return _link(text, next((str(url) for url in urls if url), ""))
