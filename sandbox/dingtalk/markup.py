"""What a DingTalk client shows of a text or of the platform's small Markdown.

Known are headings, quotes, bold, italic, links, images, lists, rules and ``<font>``
(https://open.dingtalk.com/document/development/custom-robots-send-group-messages). Where the
documents are silent, the reading is the one that is worse for a careless bot: bare addresses are
clickable, and ``@all`` anywhere in a text reaches everybody.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PUNCTUATION = r"!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~"
_BARE = re.compile(r"(?:https?|dtmd|dingtalk)://[^\s<>\"'，。；）)\]]+", re.IGNORECASE)
_ESCAPE = re.compile(rf"\\([{PUNCTUATION}])")
_LINK = re.compile(
    r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?([^\s<>()]*(?:\([^\s()]*\))?)>?[^)]*\)"
)
_ANCHOR = re.compile(r"<a\b([^>]{0,800})>(.{0,800}?)</a\s*>", re.IGNORECASE | re.DOTALL)
_HREF = re.compile(r"href\s*=\s*[\"']?([^\s\"'>]+)", re.IGNORECASE)
_AT_ID = re.compile(r"atId\s*=\s*[\"']?([^\s\"'>]+)", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_FONT = re.compile(r"</?(?:font|b|i|strong|em|span)\b[^>]*>", re.IGNORECASE)
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.{1,800}?)(?<=\S)\1")
_ITALIC = re.compile(
    r"(?<![\w*])\*(?=\S)(.{1,800}?)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)(.{1,800}?)(?<=\S)_(?!\w)"
)
_RULE = re.compile(r"^\s{0,3}([-*_])(?:\s*\1){2,}\s*$")
_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)")
_EVERYBODY = re.compile(r"@\s?(?:all\b|所有人)", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """What people see: the plain text, and each address a tap would open."""

    text: str
    links: list[str] = field(default_factory=list)


def plain(source: str) -> Shown:
    """A text message: no markup at all, but the client makes addresses clickable."""
    return Shown(source, _addresses(source))


def _addresses(text: str) -> list[str]:
    return [url.rstrip(".,;:!?") for url in _BARE.findall(text)]


@functools.lru_cache(maxsize=256)
def markdown(source: str) -> Shown:
    """A Markdown text as the client shows it, without the marks."""
    links: list[str] = []
    lines: list[str] = []
    fence = ""
    for line in source.replace("\r\n", "\n").split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                fence = ""
            else:
                lines.append(line)
        elif mark:
            fence = mark[1]
        else:
            lines.extend(_line(line, links).split("\n"))
    return Shown("\n".join(line.rstrip() for line in lines).strip("\n"), links)


def _line(line: str, links: list[str]) -> str:
    if _RULE.match(line):
        return "———"
    head = ""
    while quote := re.match(r"\s{0,3}>\s?", line):
        head += "│ "
        line = line[quote.end() :]
    if heading := re.match(r"\s{0,3}#{1,6}\s+", line):
        line = line[heading.end() :]
    elif bullet := re.match(r"(\s*)[-*+]\s+", line):
        head += bullet[1] + "• "
        line = line[bullet.end() :]
    return head + _inline(line, links)


def _inline(line: str, links: list[str]) -> str:
    """One line's marks read. Code and escapes are set aside first: nothing in them is markup."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\x00{len(kept) - 1}\x00"

    def link(found: re.Match[str]) -> str:
        target = html.unescape(restore(found[3]))
        if found[1]:
            return keep(f"[{found[2]}]" if found[2] else "[image]")
        links.append(target)
        return found[2]

    def anchor(found: re.Match[str]) -> str:
        if href := _HREF.search(found[1]):
            links.append(html.unescape(restore(href[1])))
        elif _AT_ID.search(found[1]) and not found[2].startswith("@"):
            return "@" + found[2]
        return found[2]

    def restore(text: str) -> str:
        while "\x00" in text:
            text = re.sub("\x00(\\d+)\x00", lambda m: kept[int(m[1])], text)
        return text

    line = line.replace("\x00", "")
    line = _ESCAPE.sub(lambda m: keep(m[1]), line)
    line = _CODE.sub(lambda m: keep(m[2].strip()), line)
    line = _ANCHOR.sub(anchor, line)
    line = _LINK.sub(link, line)
    line = _FONT.sub("", _BREAK.sub("\n", line))
    line = _BOLD.sub(r"\2", line)
    line = _ITALIC.sub(lambda m: m[1] or m[2], line)
    shown = restore(html.unescape(line))
    links.extend(url for url in _addresses(shown) if url not in links)
    return shown


def everybody_called(source: str) -> bool:
    """Whether a text names everybody without asking for it in ``at``."""
    return bool(_EVERYBODY.search(source))


def named(source: str, user: str) -> bool:
    """Whether a text holds ``@user`` exactly; ``@u-bob`` is not in ``@u-bobby``."""
    return bool(re.search(rf"@{re.escape(user)}(?![\w-])", source))


def names_shown(text: str, names: Mapping[str, str]) -> str:
    """The client shows ``@Name`` where ``@userId`` notified somebody."""
    for user, name in names.items():
        shown = f"@{name}".replace("\\", r"\\")
        text = re.sub(rf"@{re.escape(user)}(?![\w-])", shown, text)
    return text
