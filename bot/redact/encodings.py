"""Text that stands encoded in a text: each piece is taken out, changed, and put back as it was."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable
from urllib.parse import quote, unquote

Change = Callable[[str], str]
MOST_BYTES = 16 << 20
"""Of what was packed."""
GZIP = b"\x1f\x8b"
_PERCENT = re.compile(r"[\w.~+*:/@!$,;%-]+")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_LINES = re.compile(r"[A-Za-z0-9+/]{8,}(?:\r?\n[A-Za-z0-9+/]+)+={0,2}\s*")
_TEXT = re.compile(r"[^\x00-\x08\x0e-\x1f\x7f]*")


class Unreadable(ValueError):
    """What was packed can't be unpacked."""


def within(text: str, change: Change) -> str:
    """The text with ``change`` made in what stands in it as escapes of URLs or of JSON, or as
    Base64."""
    if "%" in text:
        text = _PERCENT.sub(lambda match: _unquoted(match[0], change), text)
    if "\\u" in text:
        text = _ESCAPES.sub(lambda match: _unescaped(match[0], change), text)
    if len(text) >= 8:
        if "\n" in text and _LINES.fullmatch(text):
            return _decoded("".join(text.split()), change)
        text = _BASE64.sub(lambda match: _decoded(match[0], change), text)
    return text


def _unquoted(text: str, change: Change) -> str:
    plain = unquote(text) if "%" in text else text
    if plain == text:
        return text
    changed = change(plain)
    return text if changed == plain else quote(changed, safe="/:@!$,;*+~")


def _unescaped(text: str, change: Change) -> str:
    codes = bytes.fromhex(text.replace("\\u", ""))
    plain = codes.decode("utf-16-be", "surrogatepass")
    changed = change(plain)
    if changed == plain:
        return text
    units = changed.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _decoded(text: str, change: Change) -> str:
    body = text.rstrip("=")
    if len(body) % 4 == 1:
        return text
    address = "-" in body or "_" in body
    standard = body.replace("-", "+").replace("_", "/") + "=" * (-len(body) % 4)
    try:
        raw = base64.b64decode(standard, validate=True)
        plain = raw.decode() if raw[:2] != GZIP else ""
    except (binascii.Error, UnicodeDecodeError):
        return text
    if raw[:2] == GZIP:
        try:
            packed = unpacked(raw).decode()
        except (Unreadable, UnicodeDecodeError):
            return text
        changed = change(packed)
        fresh = raw if changed == packed else repacked(changed.encode("utf-8", "surrogatepass"))
    elif _TEXT.fullmatch(plain) and (changed := change(plain)) != plain:
        fresh = changed.encode("utf-8", "surrogatepass")
    else:
        return text
    if fresh == raw:
        return text
    result = (base64.urlsafe_b64encode if address else base64.b64encode)(fresh).decode()
    return result if text.endswith("=") or len(text) % 4 == 0 else result.rstrip("=")


def unpacked(data: bytes) -> bytes:
    """What was packed by gzip. Raises Unreadable, also for what is too much."""
    packer = zlib.decompressobj(wbits=31)
    try:
        plain = packer.decompress(data, MOST_BYTES)
    except zlib.error:
        raise Unreadable("damaged") from None
    if packer.unconsumed_tail or not packer.eof:
        raise Unreadable("cut off or too large")
    return plain


def repacked(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()
