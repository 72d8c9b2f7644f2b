"""Values as they must be written where they land, so that they stay values there."""

from __future__ import annotations

import json
import re
from typing import Literal
from urllib.parse import quote

from bot import source

Into = Literal["json", "text", "robot"]
"""Where a result lands: in JSON, in plain text, or in a message to a group's robot."""
_BREAKS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
)
_LIVE = re.compile(
    r"[*\[\]`\\|~<>&@]|(?<!\w)_|_(?!\w)"  # emphasis, links, code, tags, entities, mentions
    r"|:(?=//|$)|(?<=www)\.|(?<=mailto):|(?<=tel):|(?<=data):|(?<=javascript):"  # addresses
    r"|^\s*(?:\#|[-+=](?=[-+=\s]|$)|\d{1,9}[.)](?=\s|$))",  # headings, lists, rules
    re.IGNORECASE,
)


_BREAK = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_ACTING = re.compile(
    r"<(?=[\s/!]*[A-Za-z])|(?<![A-Za-z0-9])@|\](?=\s*[(\[])|\*(?=\*)|(?<=\*)\*"
    r"|:(?=//)|(?<=www)\.|(?<=mailto):|(?<=tel):|(?<=data):|(?<=javascript):",
    re.IGNORECASE,
)
_WEB = re.compile(r"https?://[^\s/?#<>\"\\]+[^\s<>\"\\\x00-\x1f]*", re.IGNORECASE)
_NO_ID = re.compile(r"[^A-Za-z0-9_.-]")
NOWHERE = "https://no-address.invalid/"
"""An address that no name server has: ``.invalid`` is reserved (RFC 2606)."""
NOBODY = "nobody"


class Unwritable(source.Invalid):
    """A value that cannot be written where it would land."""


def _wide(match: re.Match[str]) -> str:
    """The full-width twin of the character that acts, the last one that was found."""
    return match[0][:-1] + chr(ord(match[0][-1]) + 0xFEE0)


def text(value: object) -> str:
    """A value as text: text as it is, everything else as JSON. Null has no text: it is no value."""
    if isinstance(value, str):
        return value
    if value is None:
        raise Unwritable("it is null")
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except RecursionError as error:
        raise Unwritable("it is nested too deep to be written") from error
    except (ValueError, TypeError) as error:
        raise Unwritable(f"it cannot be written as JSON: {error}") from error


def markdown(value: object) -> str:
    """One line of text that no renderer of markdown takes for more than text: no mention, link,
    emphasis or heading. The chat platforms know no common escape, so what could act is replaced
    by its full-width twin, which looks the same and means nothing."""
    line = _HIDDEN.sub("", _BREAKS.sub(" ", text(value)))
    return _LIVE.sub(_wide, line)


def query(value: object) -> str:
    """A value within a URL. Half of a character, which no URL can hold, becomes a "?"."""
    return quote(text(value), safe="", errors="replace")


def words(value: object) -> str:
    """Text for a place that knows little markup, a text message or a paragraph of a post: no
    mention, tag, link or address in it acts. Line breaks stay."""
    lines = _HIDDEN.sub("", _BREAK.sub("\n", text(value)))
    return _ACTING.sub(_wide, lines)


def title(value: object) -> str:
    """``words`` on one line."""
    return words(_BREAKS.sub(" ", text(value)).strip())


def link(value: object) -> str:
    """A whole address. What is none of the web leads nowhere: another scheme may act for whoever
    clicks it, as ``dtmd:`` sends a message in their name."""
    written = text(value).strip()
    if not _WEB.fullmatch(written):
        return NOWHERE
    try:
        return quote(written, safe="!#$%&*+,-./:;=?@_~")
    except UnicodeEncodeError:
        return NOWHERE


def who(value: object) -> str:
    """The id of somebody who is called; never everybody."""
    id = _NO_ID.sub("", text(value))
    return NOBODY if not id or id.lower() == "all" else id
