"""The words of a chat message, whatever kind it is, and what it quotes.

Quoting is undocumented; the shapes are those that public clients agree on. Every nested field may
be missing or of another type.
"""

from __future__ import annotations

from typing import Any


def read(data: dict[str, object]) -> tuple[Any, Any]:
    """(text, reference of what is quoted). Pictures, files and the like have the text ""."""
    text = data.get("text")
    content = data.get("content")
    if type(text) is dict:
        return text.get("content"), _quoted(data, text)
    if isinstance(text, str):
        return text, _quoted(data, data)
    if isinstance(content, dict):
        parts = content.get("richText", content.get("richTextList"))
        words = _words(parts, bool(data.get("atUsers"))) if isinstance(parts, list) else ""
        return words, _quoted(data, content)
    if isinstance(content, str) and data.get("msgtype") in (None, "text", "richText"):
        return content, _quoted(data, data)
    return "", ""


UNREAD = {
    "picture": "picture",
    "file": "file",
    "audio": "voice",
    "video": "video",
    "interactiveCard": "card",
    "chatRecord": "forward",
}
"""What people call the kinds of message that hold no words; all others are "other"."""


def unread(data: dict[str, object], words: str) -> str:
    """What was sent in place of words; "" where there are some, or where none were meant."""
    kind, content = data.get("msgtype"), data.get("content")
    if words or kind in (None, "", "text"):
        return ""
    if kind != "richText":
        return UNREAD.get(kind, "other") if isinstance(kind, str) else "other"
    parts = content.get("richText", content.get("richTextList")) if type(content) is dict else None
    types = [part.get("type") for part in parts or () if isinstance(part, dict)]
    return "picture" if "picture" in types else ""


def _quoted(data: dict[str, object], holder: dict[str, object]) -> object:
    """The reference that sending gave for the quoted message (its process query key), else the
    message id; "" unless the message says that it is a reply."""
    if str(holder.get("isReplyMsg", "")).lower() not in ("true", "1"):
        return ""
    replied = holder.get("repliedMsg")
    quoted = replied.get("msgId") if isinstance(replied, dict) else ""
    for place in (data, holder):
        if place.get("originalProcessQueryKey"):
            return place["originalProcessQueryKey"]
    return quoted or data.get("originalMsgId") or holder.get("originalMsgId") or ""


def _words(parts: list[object], named: bool) -> str:
    """The text parts in one piece. Rich text keeps mentions as parts of their own (``@name``),
    where plain text has lost them: they go, the leading ones in any case."""
    words: list[str] = []
    texts = [_part(part) for part in parts]
    for place, text in enumerate(texts):
        bare = text.strip()
        leading = not any(word.strip() for word in words)
        if bare.startswith("@") and (leading or (named and " " not in bare)):
            more = any(rest.strip() for rest in texts[place + 1 :])
            # one that is all there is holds the request, too: where its name ends is not known here
            text = " " if more or " " not in bare else " " + bare
        words.append(text)
    return "".join(words)


def unaddressed(text: str, name: str) -> str:
    """A text without the name that it begins with behind an ``@``, whatever the name is made of."""
    begins = f"@{name}".casefold()
    if not name or text[: len(begins)].casefold() != begins:
        return text
    rest = text[len(begins) :]
    return rest.strip() if not rest or rest[0].isspace() else text


def _part(part: object) -> str:
    """A part's text, whatever kind of part it is, so that no word is lost; a space for what has
    none."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type") == "picture":
        return " "
    text = part.get("text", part.get("content"))
    return text if isinstance(text, str) else " "
