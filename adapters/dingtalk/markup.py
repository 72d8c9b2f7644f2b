"""Untrusted text → DingTalk markdown in which it is only text.

DingTalk documents neither escapes nor the exact dialect (``robot-message-type`` on
open.dingtalk.com lists headings, quotes, emphasis, links, images and lists; clients differ on
code). So nothing relies on backslashes: a character that could mean something is replaced by its
full-width twin, which looks the same to people and means nothing to any renderer.
"""

from __future__ import annotations

import re

_WIDE = {char: chr(ord(char) + 0xFEE0) for char in "!#&()*+-.:<=>@[\\]_`|~"}

_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")

# What may mention or link, in prose and in code alike. A match is widened character by character.
_LIVE = re.compile(
    r"@(?![\"',;)}])"  # a mention
    r"|:(?=//)|(?<!\w)(?:https?|ftp|dtmd|dingtalk|mailto|tel|javascript):"  # an address
    r"|(?<!\w)(?:file|data):(?=\S)|(?<!\w)www\."
    r"|\](?=\s*[(\[:])|!(?=\[)"  # a link or an image
    r"|<(?=[A-Za-z/!?])|<$"  # a tag
    r"|&(?=[#A-Za-z])|&$",  # an entity
    re.I,
)
_FENCE = re.compile(r"`{3,}|~{3,}")
_MARK = re.compile(r"[*\[\]`\\|~]|(?<!\w)_|_(?!\w)")
_START = re.compile(r"^\s*(#|>|[-+=](?=[-+=\s]|$)|\d{1,9}[.)](?=\s|$))")


def _wide(text: str) -> str:
    return "".join(_WIDE.get(char, char) for char in text)


def _quiet(text: str) -> str:
    """Break what is live: mentions, addresses, links, tags, entities."""

    def broken(match: re.Match[str]) -> str:
        whole = match[0]
        if len(whole) == 1:
            return _wide(whole)
        return whole[:-1] + _wide(whole[-1])  # the scheme stays, its colon or dot goes

    return _LIVE.sub(broken, text)


def shown(match: re.Match[str]) -> str:
    """A character that can't be seen, as something that can."""
    return f"⟨U+{ord(match[0]):04X}⟩"


def lines(text: str) -> list[str]:
    return _BREAKS.split(text)


def plain(text: str) -> str:
    """One line without hidden characters, for places that know no markup, such as titles."""
    one = _SPACES.sub(" ", _HIDDEN.sub("", text)).strip()
    return _quiet(one)


def prose(text: str) -> str:
    """One line of text as it may stand anywhere in a line of markdown."""
    one = _SPACES.sub(" ", _HIDDEN.sub("", " ".join(lines(text))))
    return _MARK.sub(lambda match: _wide(match[0]), _quiet(one))


def start(line: str) -> str:
    """A line of markdown whose beginning is no heading, quote, list or rule."""
    return _START.sub(lambda match: _wide(match[1]), line)


def code(text: str) -> str:
    """An inline code span; what is hidden in it is shown, because people decide by it."""
    one = _HIDDEN.sub(shown, " ".join(lines(text))).replace("`", _WIDE["`"]).replace("\t", " ")
    return f"`{_quiet(one)}`" if one.strip() else ""


def pre(text: str) -> list[str]:
    """The lines of a code block, without its fences."""
    return [
        _FENCE.sub(lambda match: _wide(match[0]), _quiet(_HIDDEN.sub(shown, line)))
        for line in lines(text.rstrip("\n"))
    ]
