"""What a message says, whom it names, and whether it is for the bot.

Content as documented under https://open.feishu.cn/document (im-v1/message/events/receive and
"message content"). A mention stands in the list of mentions, or, in rich text, in the content
alone; some apps are given another app's open_id of the bot, so its name counts as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.lark import values

UNREAD: Mapping[str, str] = {
    "image": "picture",
    "file": "file",
    "folder": "file",
    "audio": "voice",
    "media": "video",
    "sticker": "sticker",
    "interactive": "card",
    "merge_forward": "forward",
    "share_chat": "card",
    "share_user": "card",
    "location": "location",
}
"""What people call the kinds of message that hold no words; all others are "other"."""
_KEY = re.compile(r"@_user_\d+(?!\d)")
_LINK = re.compile(r"\[([^\[\]\n]+)\]\(((?:https?://|mailto:)[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)")
"""How a text message carries an address that was typed, or a word with a link behind it."""
_SCRIPT = re.compile(r"\n|```|(?:^|\s)(?:--|—)")
"""Where the part of a message may begin that is to be run as it stands."""
_AT = re.compile(r'<at\s+(?:user_)?id="?([^"\s>]*)"?[^>]*>([^<]*)</at>')


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself: its open_id as this app sees it, and its name."""

    open_id: str
    name: str = ""

    def named(self, id: str, name: str, kind: str = "") -> bool:
        """Is the bot meant? ``kind`` is the ``mentioned_type``, where the platform gives one."""
        if not self.open_id:
            return False
        if id == self.open_id:
            return True
        if kind in ("bot", "app"):
            return not self.name or _same(name, self.name)
        return not kind and bool(self.name) and _same(name, self.name)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a message names. ``key`` stands for them in the text."""

    key: str
    id: str
    name: str
    tenant: str
    kind: str
    me: bool


@dataclass(slots=True)
class Message:
    """``words`` are what was typed, without the bot's mention. ``unread`` names what could not be
    read ("" if all was)."""

    words: str = ""
    unread: str = ""
    named: list[Named] = field(default_factory=list)
    for_me: bool = False


def read(message: Mapping[str, object], me: Me) -> Message:
    """The message of an ``im.message.receive_v1`` event. Never raises."""
    named = [_named(values.dict_(one), me) for one in values.list_(message.get("mentions"))]
    kind = values.text(message.get("message_type"))
    content = values.parsed(message.get("content"))
    result = Message(named=named, for_me=any(one.me for one in named))
    if kind == "post":
        _read_post(result, content, me)
    elif kind == "text" and isinstance(content.get("text"), str):
        _read_text(result, values.text(content["text"]), me)
    else:
        result.unread = UNREAD.get(kind, "other")
    result.words = _resolved(result.words, result.named).strip()
    return result


def _named(mention: Mapping[str, object], me: Me) -> Named:
    id = values.text(values.dict_(mention.get("id")).get("open_id")) or values.text(
        mention.get("id")
    )
    name, kind = values.text(mention.get("name")), values.text(mention.get("mentioned_type"))
    return Named(
        values.text(mention.get("key")),
        id,
        name,
        values.text(mention.get("tenant_key")),
        kind,
        me.named(id, name, kind),
    )


def _read_text(result: Message, text: str, me: Me) -> None:
    result.words = _AT.sub(lambda at: _met(result, at[1], at[2], me), _unlinked(text))
    if not result.named and me.open_id and (key := _KEY.match(text)):
        # a key that nothing explains: the app is only given what names it
        result.for_me = True
        result.words = text[key.end() :]


def _read_post(result: Message, content: Mapping[str, object], me: Me) -> None:
    content = _unwrapped(content)
    lines, pictures = [], False
    for line in values.list_(content.get("content")):
        words, gap = "", False
        for element in map(values.dict_, line if isinstance(line, list) else [line]):
            tag = element.get("tag")
            pictures |= tag in ("img", "media")
            said = _said(result, element, me)
            touching = gap and words and not words[-1].isspace() and said[:1].isalnum()
            words += f" {said}" if touching else said
            gap = tag == "at" or ((gap or bool(words)) and not said)
        lines.append(words)
    title = values.text(content.get("title"))
    result.words = "\n".join([title, *lines] if title else lines)
    if pictures and not _resolved(result.words, result.named).strip():
        result.unread = "picture"


def _said(result: Message, element: Mapping[str, object], me: Me) -> str:
    """What an element of a post says. One of a kind that is not known has its text, so that no word
    is lost."""
    if element.get("tag") == "at":
        id, name = (values.text(element.get(part)) for part in ("user_id", "user_name"))
        return _met(result, id, name, me)
    text = element.get("text")
    if not isinstance(text, str):
        return ""
    if element.get("tag") == "md":
        return _AT.sub(lambda at: _met(result, at[1], at[2], me), _unlinked(values.text(text)))
    return values.text(text)


def _unwrapped(content: Mapping[str, object]) -> Mapping[str, object]:
    """The title and lines of a post, which may stand under ``post``, under a locale, or both."""
    for _ in range(2):
        if isinstance(content.get("content"), list):
            break
        content = next((one for one in content.values() if isinstance(one, dict)), {})
    return content


def _unlinked(text: str) -> str:
    """A text in which links are what people see of them. Where something may be run, only those
    that the platform made of an address, for what is run is what was typed."""
    script = _SCRIPT.search(text)
    end = script.start() if script else len(text)

    def label(link: re.Match[str]) -> str:
        bare = link[2].removeprefix("mailto:").split("://")[-1].rstrip("/")
        same = link[1] == link[2] or link[1].split("://")[-1].rstrip("/") == bare
        if not same and link.start() >= end:
            return link[0]
        return link[1] + (" " if text.startswith(("@", "<at"), link.end()) else "")

    return _LINK.sub(label, text)


def _met(result: Message, id: str, name: str, me: Me) -> str:
    """What a mention within the content stands for; one that no list has is added to it."""
    if any(id == one.key for one in result.named):
        return id
    known = next((one for one in result.named if one.id == id), None)
    if known is not None:
        return known.key or "@" + (known.name or id)
    mine = me.named(id, name)
    result.for_me |= mine
    if mine:
        return ""
    if id.startswith("ou_"):
        result.named.append(Named("", id, name, "", "user", False))
    return "@" + (name or id.lstrip("@")) if name or id else ""


def _resolved(written: str, named: Sequence[Named]) -> str:
    """The text with the bot's own mention taken out and the others' keys replaced by names."""
    by_key = {one.key: one for one in named if one.key}
    if not by_key:
        return written
    keys = "|".join(re.escape(key) for key in sorted(by_key, key=len, reverse=True))

    def name(result: re.Match[str]) -> str:
        one, before = by_key[result[1]], written[: result.start()][-1:]
        if one.me:
            return " " if before and not before.isspace() else ""
        apart = " " if before.isalnum() else ""
        behind = " " if not result[2] and written[result.end() :][:1].isalnum() else result[2]
        return apart + "@" + (one.name or result[1].lstrip("@")) + behind

    return re.sub(rf"({keys})(?!\d)( ?)", name, written)


def people(named: Sequence[Named]) -> Iterator[Named]:
    """The other people that a message names, each once."""
    ids: set[str] = set()
    for one in named:
        if one.id and one.id not in ids and one.id != "all" and not one.me:
            if one.kind in ("bot", "app"):
                continue
            ids.add(one.id)
            yield one


def _same(name: str, other: str) -> bool:
    return name.strip().casefold() == other.strip().casefold()
