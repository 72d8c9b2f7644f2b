"""What a client makes of text: mentions that notify, links that can be clicked, plain words.

Three dialects: the ``text`` message (``<at user_id="…">``, ``<b>``, ``[a](url)``, bare addresses),
``md`` of a ``post`` (the same mention, Markdown), and a card's Markdown (``<at id=…>``, CommonMark,
some HTML, character entities). Where the documents leave open what a client does with malformed
markup, the reading here is the generous one: what might mention or link, does.
https://open.feishu.cn/document/server-docs/im-v1/message-content-description/create_json
https://open.feishu.cn/document/feishu-cards/card-json-v2-components/content-components/rich-text
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.lark import state

ALL = "all"

_VALUE = r"""\s*=\s*["']?([^"'\s<>]+)["']?"""
_TEXT_AT = re.compile(r"<at\s[^<>]*?user_id" + _VALUE + r"[^<>]*>(?:([^<]*)</at>)?", re.I)
_CARD_AT = re.compile(r"<at\s[^<>]*?\b(id|ids|email)" + _VALUE + r"[^<>]*>(?:[^<]*</at>)?", re.I)
_PERSON = re.compile(r"<person\s[^<>]*?\bid" + _VALUE + r"[^<>]*>(?:[^<]*</person>)?", re.I)
_ANCHOR = re.compile(
    r"<(a|link)\s[^<>]*?(?:href|url)" + _VALUE + r"[^<>]*>(.{0,500}?)</\1>", re.I | re.S
)
_NUMBER = re.compile(
    r"<number_tag\s[^<>]*?\burl" + _VALUE + r"[^<>]*>(.{0,99}?)</number_tag>", re.I
)
_STYLE = re.compile(r"</?(?:font|text_tag|number_tag|raw|local_datetime)\b[^<>]*>", re.I)
_BREAK = re.compile(r"<br\s*/?>", re.I)
_RULE = re.compile(r"<hr\s*/?>|^\s*(?:-{3,}|\*{3,}|_{3,})\s*$", re.I | re.M)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^()\s]*)\)")
_LINK = re.compile(r"\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\(\s*([^()\s]+)[^()]*\)")
_AUTO = re.compile(r"<(https?://[^<>\s]+)>", re.I)
_BARE = re.compile(r"https?://[^\s<>()\[\]\"'`，。）】]*[^\s<>()\[\]\"'`，。）】.,;:!?]", re.I)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n`]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", re.S)
_STRUCK = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~", re.S)
_SLANTED = re.compile(r"\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*|(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)")
_LINE_MARK = re.compile(r"^ {0,3}(?:#{1,6}\s+|>\s?)", re.M)
_KEPT = re.compile("\ue000(\\d+)\ue001")
_MARKS = str.maketrans("", "", "\ue000\ue001")


@dataclass
class Read:
    """``mentions`` are open_ids or "all", ``people`` every id named in a tag, ``images`` the keys
    of pictures; ``unknown`` are ids that nobody has."""

    text: str = ""
    mentions: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def name_of(open_id: str) -> str:
    if open_id == ALL:
        return "所有人"
    someone = state.PEOPLE.get(open_id)
    return someone.name if someone else state.BOT_NAME


class _Reader:
    """Replaces markup by what is seen, and keeps what must not be read again out of sight."""

    def __init__(self) -> None:
        self.read = Read()
        self._kept: list[str] = []

    def keep(self, text: str) -> str:
        self._kept.append(text)
        return f"\ue000{len(self._kept) - 1}\ue001"

    def restore(self, text: str) -> str:
        while _KEPT.search(text):
            text = _KEPT.sub(lambda m: self._kept[int(m[1])], text)
        return text

    def mention(self, ids: str, fallback: str = "") -> str:
        names = []
        for one in filter(None, (part.strip() for part in ids.split(","))):
            open_id = ALL if one == ALL else state.resolve(one)
            if open_id:
                self.read.mentions.append(open_id)
                names.append("@" + name_of(open_id))
            else:
                self.read.unknown.append(one)
                names.append("@" + (fallback or one))
        return self.keep(" ".join(names))

    def person(self, one: str) -> str:
        open_id = state.resolve(one)
        if not open_id:
            self.read.unknown.append(one)
        return self.keep(name_of(open_id) if open_id else one)

    def link(self, text: str, url: str, decode: bool = False) -> str:
        """A link needs an http(s) address to be one; else only its words remain."""
        url = html.unescape(url) if decode else url
        if re.match(r"(?:https?|lark|tel|mailto)://", url, re.I):
            self.read.links.append(url)
        return _BARE.sub(lambda m: self.keep(m[0]), text)

    def image(self, alt: str, key: str) -> str:
        self.read.images.append(key)
        return self.keep(f"[{alt or 'image'}]")

    def bare(self, match: re.Match[str]) -> str:
        self.read.links.append(match[0])
        return self.keep(match[0])


def plain(text: str) -> Read:
    """Text that is shown as it is (``plain_text``, a post's ``text`` node)."""
    return Read(text=text)


def message(text: str) -> Read:
    """A ``text`` message."""
    reader = _Reader()
    text = _TEXT_AT.sub(lambda m: reader.mention(m[1], m[2] or ""), text.translate(_MARKS))
    text = _LINK.sub(lambda m: reader.link(m[1], m[2]) if _web(m[2]) else m[0], text)
    text = _BARE.sub(reader.bare, text)
    for _ in range(4):
        text = re.sub(r"<([bius])>((?:(?!<\1>).)*?)</\1>", r"\2", text, flags=re.S)
    reader.read.text = reader.restore(text)
    return reader.read


def _web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def markdown(text: str) -> Read:
    """A card's Markdown (``markdown``, ``lark_md``): entities are shown decoded."""
    reader = _Reader()
    text = _code_kept(text.translate(_MARKS), reader)
    text = _ESCAPED.sub(lambda m: reader.keep(m[1]), text)
    text = _CARD_AT.sub(lambda m: reader.mention(m[2]), text)
    text = _PERSON.sub(lambda m: reader.person(m[1]), text)
    text = _ANCHOR.sub(lambda m: reader.link(m[3] or m[2], m[2], True), text)
    text = _NUMBER.sub(lambda m: reader.link(m[2], m[1], True), text)
    text = _markdown_rest(text, reader)
    text = _STYLE.sub("", text)
    text = _RULE.sub("———", _BREAK.sub("\n", text))
    reader.read.text = reader.restore(_unstyled(text, html.unescape))
    return reader.read


def post_md(text: str) -> Read:
    """The ``md`` node of a post. Entities are not documented for it, so they are shown raw."""
    reader = _Reader()
    text = _code_kept(text.translate(_MARKS), reader)
    text = _TEXT_AT.sub(lambda m: reader.mention(m[1], m[2] or ""), text)
    text = _markdown_rest(text, reader)
    reader.read.text = reader.restore(_unstyled(_RULE.sub("———", text), str))
    return reader.read


def _code_kept(text: str, reader: _Reader) -> str:
    text = _FENCE.sub(lambda m: reader.keep(m[2].rstrip("\n")), text)
    return _CODE.sub(lambda m: reader.keep(m[2]), text)


def _markdown_rest(text: str, reader: _Reader) -> str:
    text = _IMAGE.sub(lambda m: reader.image(m[1], m[2]), text)
    text = _LINK.sub(lambda m: reader.link(m[1], m[2], True), text)
    text = _AUTO.sub(lambda m: reader.link(m[1], m[1], True), text)
    return _BARE.sub(reader.bare, text)


def _unstyled(text: str, decode: Callable[[str], str]) -> str:
    text = _STRONG.sub(r"\2", text)
    text = _STRUCK.sub(r"\1", text)
    text = _SLANTED.sub(lambda m: m[1] or m[2], text)
    return decode(_LINE_MARK.sub("", text))


def unescaped(text: str) -> str:
    """Character entities decoded: what ``un_escape`` asks for in a post's ``text`` node."""
    return html.unescape(text)
