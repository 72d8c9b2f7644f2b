"""Untrusted text → DingTalk markdown in which it is only text.

DingTalk documents neither escapes nor the exact dialect (``robot-message-type`` on
open.dingtalk.com lists headings, quotes, emphasis, links, images and lists; clients differ on
code). So nothing relies on backslashes: a character that would act (mention, link, tag) stands
between ``⟨`` and ``⟩``, in code and in prose alike; in prose, one that would only format is
replaced by its full-width twin. Code that decides what runs is written by ``model.verbatim``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.model import verbatim

_WIDE = {char: chr(ord(char) + 0xFEE0) for char in "!#&()*+-.:<=>@[\\]_`|~"}

_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_BREAKS = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")

# What may mention or link, in prose and in code alike. A match is widened character by character.
_LIVE = re.compile(
    r"@(?![\"',;)}]|我(?!\w))"  # a mention; "@我" is one of nobody
    r"|:(?=//)|(?<!\w)(?:https?|ftp|dtmd|dingtalk|mailto|tel|javascript):"  # an address
    r"|(?<!\w)(?:file|data):(?=\S)|(?<!\w)www\."
    r"|\](?=\s*[(\[:])|!(?=\[)"  # a link or an image
    r"|<(?=[A-Za-z/!?])|<$"  # a tag
    r"|&(?=[#A-Za-z])|&$",  # an entity
    re.I,
)
_FENCE = re.compile(r"`{3,}|~{3,}")
_MARK = re.compile(r"[*\[\]`\\|~]|(?<!\w)_|_(?!\w)")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~]|\Z)")
_ADDRESS = re.compile(r"([A-Za-z][\w+.-]*://\S+)")
_START = re.compile(r"^\s*(#|>|[-+=](?=[-+=\s]|$)|\d{1,9}[.)](?=\s|$))")


def _wide(text: str) -> str:
    return "".join(_WIDE.get(char, char) for char in text)


def _places(text: str) -> Iterator[int]:
    """Where a text is live: mentions, addresses, links, tags, entities. Of an address, only its
    colon or dot."""
    return (match.end() - 1 for match in _LIVE.finditer(text))


def _held(text: str, places: set[int]) -> str:
    """The text with the characters at these places held between brackets."""
    return "".join(f"⟨{char}⟩" if at in places else char for at, char in enumerate(text))


def _quiet(text: str) -> str:
    return _held(text, set(_places(text)))


def _address(text: str) -> str:
    """An address, of which every character that is not shown as it is can be told."""
    formats = {match.start() for match in _MARK.finditer(text)}
    held = set(_places(text))
    return "".join(
        f"⟨{char}⟩" if at in held - formats else verbatim.named(char) if at in formats else char
        for at, char in enumerate(text)
    )


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
    one = _SPACES.sub(" ", _HIDDEN.sub(shown, " ".join(lines(text))))
    return "".join(
        _address(part) if place % 2 else _MARK.sub(lambda match: _wide(match[0]), _quiet(part))
        for place, part in enumerate(_ADDRESS.split(one))
    )


def start(line: str) -> str:
    """A line of markdown whose beginning is no heading, quote, list or rule."""
    return _START.sub(lambda match: _wide(match[1]), line)


def _in_span(text: str) -> Iterator[int]:
    """Where a text within a code span is live; a backtick would end it."""
    yield from _places(text)
    yield from (at for at, char in enumerate(text) if char == "`")
    yield from (match.start() for match in _ESCAPE.finditer(text))


def _in_block(text: str) -> Iterator[int]:
    """Where a text within a code block is live; a row of backticks would end it."""
    yield from _places(text)
    for match in _FENCE.finditer(text):
        yield from range(*match.span())


def code(text: str, strict: bool) -> verbatim.Written:
    """The inside of a code span; what is hidden in it is shown, because people decide by it."""
    return verbatim.written(text, _in_span, strict=strict, line=True)


def pre(text: str, strict: bool) -> verbatim.Written:
    """The inside of a code block, without its fences."""
    text = text if strict else "\n".join(lines(text.rstrip("\n")))
    return verbatim.written(text, _in_block, strict=strict)
