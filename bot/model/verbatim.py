"""Text that decides what runs, written so that people can tell every character of it.

A character that would not be seen, that looks like another one, or that the platform would act on
stands between ``⟨`` and ``⟩``: as it is (``⟨@⟩``) where only its effect must be broken, else by its
code point (``⟨U+200B⟩``). Nothing else is changed, so ``original`` gives the text back exactly.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

GOES_ON = "⟨…⟩"
"""Ends a line that was broken for its length and goes on in the next."""
LONGEST_LINE = 800
"""Bytes of UTF-8."""

_PLAIN = re.compile(r"[\x20-\x7e]*")
_CONTROLS = {
    "\0": "NUL",
    "\t": "TAB",
    "\n": "LINE FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
}
_UNSEEN = re.compile("[\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]")
"""Characters of no width that Unicode calls letters or symbols."""
_HAN = re.compile(
    "[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af]"
)
_LIKE_ASCII = re.compile(
    "[\u3007\u30fb\u30fc\u4e00\u4e28\u4e36\u4e3f\u4e40\u4e85\u4e8c\u531a\u5341\u53e3\u56d7]"
)
"""Chinese and Japanese characters that may be taken for ASCII where no other stands beside them."""
_PUNCTUATION = frozenset("、。《》「」『』【】")
"""What nobody takes for code either; it is kept beside Chinese characters only."""
_TYPOGRAPHY = frozenset("×·•…→←")
"""Signs that are part of no shell; they are kept, and counted."""
_LETTER = re.compile(r"⟨([!-~])⟩")
_MARK = re.compile(r"⟨(?:U\+([0-9A-F]{4,6})|(.))⟩", re.DOTALL)

Live = Callable[[str], Iterable[int]]
"""The places of a text at which a platform would act: mention, link, end a block."""


@dataclass(frozen=True, slots=True)
class Written:
    """``text`` is what to show. ``marked`` counts the characters that stand in it as marks,
    ``kept`` those that stand in it as they are and are not ASCII."""

    text: str
    marked: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)


class Codes:
    """The code within one block as it is written there, strictly where the block has a legend; and
    the marks in it."""

    def __init__(self, legend: tuple[str, str]) -> None:
        self._legend = legend
        self._marked: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()

    @property
    def strict(self) -> bool:
        return bool(self._legend[0])

    def take(self, written: Written) -> str:
        self._marked += written.marked
        self._kept += written.kept
        return written.text

    def notes(self) -> list[str]:
        """What the marks are and how many, for below the block. Chinese alone is not worth a line:
        nobody takes it for code."""
        if not self.strict:
            return []
        notes = [f"{self._legend[0]}{listed(self._marked)}"] if self._marked else []
        if not all(map(_is_chinese, self._kept)):
            notes.append(f"{self._legend[1]}{listed(self._kept)}")
        return notes


def named(char: str) -> str:
    return f"⟨U+{ord(char):04X}⟩"


def written(text: str, live: Live, *, strict: bool = True, line: bool = False) -> Written:
    """``text`` with its marks. ``line``: it stands on one line among others, where line ends and
    blanks would be lost. Without ``strict`` only what can't be seen and what is live is marked."""
    acts = set(live(text))
    if _PLAIN.fullmatch(text) and not acts and not (strict and _loses_blanks(text, line)):
        return Written(broken(text) if strict and not line else text)
    marked: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    parts: list[str] = []
    for place, char in enumerate(text):
        if _must_be_named(text, place, strict, line):
            parts.append(named(char))
            marked[char] += 1
        elif place in acts:
            parts.append(named(char) if char == "`" and line else f"⟨{char}⟩")
            marked[char] += 1
        else:
            parts.append(char)
            if not ("\x20" <= char <= "\x7e" or char == "\n"):
                kept[char] += 1
    shown = "".join(parts)
    return Written(shown if line or not strict else broken(shown), marked, kept)


def broken(shown: str) -> str:
    """Lines that are too long for a chat, broken between two characters with a mark."""
    if len(shown) <= LONGEST_LINE // 4:
        return shown
    lines = []
    for line in shown.split("\n"):
        while len(raw := line.encode("utf-8", "replace")) > LONGEST_LINE:
            end = len(raw[:LONGEST_LINE].decode("utf-8", "ignore"))
            inside = line.rfind("⟨", end - 9, end)
            if inside > 0 and line.find("⟩", inside, end) < 0:
                end = inside
            if line[end - 1] == " ":
                end = len(line[:end].rstrip(" ")) or end
            lines.append(line[:end] + GOES_ON)
            line = line[end:]
        lines.append(line)
    return "\n".join(lines)


def original(shown: str) -> str:
    """The text that ``written`` was given, from what it wrote."""
    whole = shown.replace(GOES_ON + "\n", "")
    return _MARK.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], whole)


def pasted(text: str) -> str:
    """A text that people send, which they may have copied from a message of the bot: the letters
    that were only marked there (``https⟨:⟩//``) are themselves again."""
    return _LETTER.sub(r"\1", text)


def before_pasting(text: str, place: int) -> int:
    """Where in ``text`` a place of ``pasted(text)`` is."""
    marks = enumerate(_LETTER.finditer(text))
    return place + 2 * sum(mark.start() - 2 * number < place for number, mark in marks)


def listed(counts: Counter[str]) -> str:
    """Each character with its code point and how often it is there: "⟨@⟩ U+0040 ×2"; Chinese ones
    that nobody takes for code together, as ``CJK``."""
    together = sum(count for char, count in counts.items() if _is_chinese(char))
    words = [
        f"{_called(char)} ×{count}"
        for char, count in sorted(counts.items())
        if not _is_chinese(char)
    ]
    return ", ".join(words + ([f"CJK ×{together}"] if together else []))


def _called(char: str) -> str:
    code = f"U+{ord(char):04X}"
    if "\x21" <= char <= "\x7e":
        return code if char == "`" else f"⟨{char}⟩ {code}"
    if unicodedata.category(char)[0] in "CMZ" or _UNSEEN.match(char) or char in "⟨⟩":
        name = _CONTROLS.get(char) or unicodedata.name(char, "")
        return f"{code} {name}".strip()
    return f"{char} {code}"


def _is_han(char: str) -> bool:
    usual = _HAN.match(char) and not _LIKE_ASCII.match(char)
    return bool(usual) and unicodedata.category(char)[0] == "L"


def _is_chinese(char: str) -> bool:
    """Is it worth no line of its own where it was kept?"""
    return char in _PUNCTUATION or _is_han(char)


def _loses_blanks(text: str, line: bool) -> bool:
    return text != text.strip(" ") or (line and "  " in text)


def _must_be_named(text: str, place: int, strict: bool, line: bool) -> bool:
    char = text[place]
    if "\x21" <= char <= "\x7e":
        return False
    if char == "\n":
        return line or (strict and _edge(text, place))
    if char in " \t":
        if not strict:
            return False
        after = text[place + 1 : place + 2]
        if line:
            before = text[place - 1 : place]
            return char == "\t" or not after or not before or before == " "
        return after in ("", "\n") or (after == "\r" and text[place + 2 : place + 3] == "\n")
    if char in "⟨⟩" or _UNSEEN.match(char):
        return True
    kind = unicodedata.category(char)
    if not strict:
        return kind in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp") or 0x180B <= ord(char) <= 0x180F
    if _is_han(char):
        return False
    if kind == "So" or char in _TYPOGRAPHY:
        return False
    usual_in_chinese = kind[0] in "PS" or bool(_LIKE_ASCII.match(char))
    return not (usual_in_chinese and _beside_han(text, place))


def _beside_han(text: str, place: int) -> bool:
    """Does it stand next to a character that nobody takes for code?"""
    around = (text[place - 1 : place], text[place + 1 : place + 2])
    return any(_is_han(char) for char in around if char)


def _edge(text: str, place: int) -> bool:
    """A line end before everything else, or behind it but for the one that ends the last line."""
    if not text[:place].strip("\n"):
        return True
    rest = text[place:]
    return len(rest) > 1 and not rest.strip("\n")
