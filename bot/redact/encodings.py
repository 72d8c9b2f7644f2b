"""Text that stands encoded in a text: each piece is taken out, changed, and put back as it was."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

Change = Callable[[str], str]
MOST_BYTES = 16 << 20
"""Of what was packed."""
GZIP = b"\x1f\x8b"
_PERCENT = re.compile(r"[\w.~+*:/@!$,;%-]+")
_ESCAPES = re.compile(r"(\\+)u[0-9a-fA-F]{4}(?:\1u[0-9a-fA-F]{4})*")
_BYTES = re.compile(r"(\\+)x[0-9a-fA-F]{2}(?:\1x[0-9a-fA-F]{2})*")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_LINES = re.compile(r"[A-Za-z0-9+/]{8,}(?:\r?\n[A-Za-z0-9+/]+)+={0,2}\s*")
_ODD = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\udc80-\udcff]")
_MOST_ODD = 4
"""One character in so many, at most, that isn't of a text: an output may be cut off within one."""
_SHORTEST_CHINESE = 12
"""Bytes from which on what isn't UTF-8 is read as what Windows prints in China."""
_SAFE = "/:@!$,;*~"


class Unreadable(ValueError):
    """What was packed can't be unpacked."""


def within(text: str, change: Change) -> str:
    """The text with ``change`` made in what stands in it as escapes of URLs or of JSON, or as
    Base64."""
    if "%" in text:
        text = _PERCENT.sub(lambda match: _unquoted(match[0], change), text)
    if "\\u" in text:
        text = _ESCAPES.sub(lambda match: _unescaped(match, change), text)
    if "\\x" in text:
        text = _BYTES.sub(lambda match: _of_bytes(match, change), text)
    if len(text) >= 8:
        if "\n" in text and _LINES.fullmatch(text):
            return _decoded("".join(text.split()), change)
        text = _BASE64.sub(lambda match: _decoded(match[0], change), text)
    return text


def _unquoted(text: str, change: Change) -> str:
    plain = unquote(text)
    if plain != text and (changed := change(plain)) != plain:
        text = quote(changed, safe=_SAFE + "+")
    if "+" in text:  # a space, in forms
        plain = unquote_plus(text)
        if (changed := change(plain)) != plain:
            text = quote_plus(changed, safe=_SAFE)
    return text


def _unescaped(match: re.Match[str], change: Change) -> str:
    sign = f"{match[1]}u"
    codes = bytes.fromhex(match[0].replace(sign, ""))
    plain = codes.decode("utf-16-be", "surrogatepass")
    changed = change(plain)
    if changed == plain:
        return match[0]
    units = changed.encode("utf-16-be", "surrogatepass")
    return "".join(f"{sign}{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _of_bytes(match: re.Match[str], change: Change) -> str:
    """Bytes as Python prints them."""
    sign = f"{match[1]}x"
    plain = bytes.fromhex(match[0].replace(sign, "")).decode("utf-8", "surrogateescape")
    changed = change(plain)
    if changed == plain:
        return match[0]
    return "".join(f"{sign}{byte:02x}" for byte in _encoded(changed, "utf-8"))


def _decoded(text: str, change: Change) -> str:
    body = text.rstrip("=")
    if len(body) % 4 == 1:
        return text
    address = "-" in body or "_" in body
    standard = body.replace("-", "+").replace("_", "/") + "=" * (-len(body) % 4)
    try:
        raw = base64.b64decode(standard, validate=True)
    except binascii.Error:
        return text
    fresh = _repacked(raw, change) if raw[:2] == GZIP else _reencoded(raw, change)
    if fresh == raw:
        return text
    result = (base64.urlsafe_b64encode if address else base64.b64encode)(fresh).decode()
    return result if text.endswith("=") or len(text) % 4 == 0 else result.rstrip("=")


def _repacked(raw: bytes, change: Change) -> bytes:
    try:
        packed = unpacked(raw)
    except Unreadable:
        return raw
    fresh = _reencoded(packed, change)
    return raw if fresh == packed else repacked(fresh)


def _reencoded(raw: bytes, change: Change) -> bytes:
    """Bytes with ``change`` made in the text that they are."""
    for plain, encoding in _readings(raw):
        if (changed := change(plain)) != plain:
            return _encoded(changed, encoding)
    return raw


def _readings(raw: bytes) -> Iterator[tuple[str, str]]:
    """What bytes may be as a text, with its encoding; of other bytes nothing."""
    if len(raw) % 2 == 0 and (raw[:2] == b"\xff\xfe" or raw[1::2].count(0) * 8 > len(raw)):
        yield raw.decode("utf-16-le", "surrogatepass"), "utf-16-le"
    plain = raw.decode("utf-8", "surrogateescape")
    if len(_ODD.findall(plain)) * _MOST_ODD <= len(plain):
        yield plain, "utf-8"
    if len(raw) >= _SHORTEST_CHINESE and not _valid(raw, "utf-8") and _valid(raw, "gb18030"):
        yield raw.decode("gb18030"), "gb18030"


def _valid(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "surrogatepass" if encoding != "gb18030" else "replace")


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
