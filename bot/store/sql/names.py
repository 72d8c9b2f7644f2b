"""Names in columns that an index of PostgreSQL covers: it takes 2,700 bytes of a row and no NUL,
while platforms and senders may name things as they like."""

from __future__ import annotations

import hashlib
import re

LONGEST = 800
"""Bytes of a name; three stand in one index."""
LONGEST_PART = 250
"""Bytes of a part of a name, which is what colons divide it into: so names that begin with the
same parts still do. Where unit separators divide it, none of these sections is longer, either."""
SIGN = "\U0010fffe"
"""Stands before the digest of what was too long; no text uses it, as it is no character."""
_PART = re.compile(r"[^:]+")


def bounded(name: str) -> str:
    """The name itself; where it is too long or holds a NUL, its beginning and a digest of it. What
    this returned stays as it is."""
    if len(name) * (1 if name.isascii() else 4) <= LONGEST_PART and "\0" not in name:
        return name
    sections = name.split("\x1f")
    longest = LONGEST if len(sections) == 1 else LONGEST_PART
    return _short("\x1f".join(_section(one, longest) for one in sections), LONGEST, ":")


def _section(text: str, longest: int) -> str:
    return _short(_PART.sub(lambda match: _short(match[0], LONGEST_PART), text), longest, ":")


def _short(text: str, longest: int, joint: str = "") -> str:
    content = text.encode()
    if len(content) <= longest and "\0" not in text:
        return text
    begin = content[: longest - 100].decode(errors="ignore").replace("\0", "")
    return f"{begin}{joint}{SIGN}{hashlib.sha256(content).hexdigest()}"
