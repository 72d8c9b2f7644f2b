"""Words and characters as people type them: compared, shown back, searched for hidden ones."""

from __future__ import annotations

import unicodedata

ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("\u3000"): " ",
    ord("。"): ".",
    ord("、"): ",",
    **dict.fromkeys(map(ord, "‐‑‒–−"), "-"),
}
"""Full-width forms and look-alike hyphens → what they stand for; lengths stay the same."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")
"""Letters and marks by name that no font draws."""


def fold(word: str) -> str:
    """The form in which words are compared."""
    return word.translate(ASCII).casefold().replace("_", "-")


def hidden(text: str) -> bool:
    """Does it hold characters that nobody sees: controls, bidi and zero-width characters?"""
    return not _plain(text) and any(_invisible(char) for char in text)


def visible(text: str) -> str:
    """The text without the characters that nobody sees; line breaks and tabs stay."""
    return text if _plain(text) else "".join(char for char in text if not _invisible(char))


def shown(text: str) -> str:
    """What somebody typed, short and harmless enough to repeat to them."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= 40 else flat[:39] + "…"


def _plain(text: str) -> bool:
    """Is every character surely seen? Told at once of almost everything that people type."""
    return text.isprintable() and (text.isascii() or _BLANK.isdisjoint(text))


def _invisible(char: str) -> bool:
    if char in "\n\r\t":
        return False
    return char in _BLANK or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
