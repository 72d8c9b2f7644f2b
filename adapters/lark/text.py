"""Making strings harmless: nobody's text may mention, link, hide or break anything on Lark.

Card Markdown is escaped by HTML entities, as documented for the rich text component:
https://open.feishu.cn/document/feishu-cards/card-json-v2-components/content-components/rich-text
Nothing documents an escape in text messages and posts, so a character that would act there stands
between ``⟨`` and ``⟩``. Code that decides what runs is written by ``model.verbatim``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.model import verbatim

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_AT = re.compile(r"<(?=[\s/]*(?:at|person)\b)", re.IGNORECASE)
_SCHEME = re.compile(r"(?<=[A-Za-z0-9]):(?=//)")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
_LINES = re.compile(r"\s*(?:\r\n|\r|\n|\v|\f|\x85|\u2028|\u2029)\s*")
_FENCE = re.compile("`{3,}|~{3,}")
_STRUCK = re.compile("(?<=~)~")

_ENTITIES = {
    ord(char): entity
    for char, entity in {
        "&": "&#38;",
        "<": "&#60;",
        ">": "&#62;",
        "*": "&#42;",
        "_": "&#95;",
        "[": "&#91;",
        "]": "&#93;",
        "(": "&#40;",
        ")": "&#41;",
        "`": "&#96;",
        "#": "&#35;",
        "!": "&#33;",
        "\\": "&#92;",
        ":": "&#58;",
        "-": "&#45;",
        "+": "&#43;",
        "$": "&#36;",
        '"': "&#34;",
        "'": "&#39;",
    }.items()
}


def visible(text: str) -> str:
    """``text`` with every invisible or direction-changing character shown by its number, lines
    ended by \\n, and what cannot be encoded replaced."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub(lambda c: f"⟨U+{ord(c[0]):04X}⟩", _HALVES.sub("\ufffd", text))


def one_line(text: str) -> str:
    """``visible`` on one line: nobody's name or parameter may pass for another line of a card."""
    return one_line_kept(text.strip())


def one_line_kept(text: str) -> str:
    """``one_line`` with the spaces around it kept, for a run that others stand next to."""
    return visible(_LINES.sub(" ⏎ ", text))


def clipped(text: str, most: int) -> str:
    """At most ``most`` characters of ``text``, with a sign where it was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _addresses(text: str) -> Iterator[int]:
    """Where an address would become a link: its colon, or the dot behind ``www``."""
    yield from (match.start() for match in _SCHEME.finditer(text))
    yield from (match.end() - 1 for match in _WWW.finditer(text))


def _in_post(text: str) -> Iterator[int]:
    """Where a text is live that Lark reads for addresses and ``<at …>``."""
    yield from _addresses(text)
    yield from (match.start() for match in _AT.finditer(text))


def _in_card(text: str) -> Iterator[int]:
    """Where a text is live in Markdown although it is escaped."""
    yield from _addresses(text)
    yield from (match.start() for match in _STRUCK.finditer(text))


def _in_block(text: str) -> Iterator[int]:
    """Where a text within a code block is live."""
    yield from (match.start() for match in _AT.finditer(text))
    for match in _FENCE.finditer(text):
        yield from range(*match.span())


def _held(text: str, places: set[int]) -> str:
    return "".join(f"⟨{char}⟩" if at in places else char for at, char in enumerate(text))


def inert(text: str) -> str:
    """``text`` for a place where Lark reads ``<at …>`` and makes addresses clickable: what would
    act is held between brackets."""
    return _held(text, set(_in_post(text)))


def escaped(text: str) -> str:
    """``text`` for the Markdown of a card, where it shows as it is and does nothing."""
    return _held(text, set(_in_card(text))).translate(_ENTITIES)


def posted(text: str) -> verbatim.Written:
    """A piece of code within a line of a post."""
    return verbatim.written(text, _in_post, line=True)


def carded(text: str) -> verbatim.Written:
    """A piece of code within a line of a card; it must be escaped, too."""
    return verbatim.written(text, _in_card, line=True)


def entities(text: str) -> str:
    """``text`` with what Markdown reads as markup encoded."""
    return text.translate(_ENTITIES)


def fenced(text: str, strict: bool) -> verbatim.Written:
    """``text`` for the inside of a code block, which it can't leave."""
    if not strict:
        text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return verbatim.written(text, _in_block, strict=strict)
