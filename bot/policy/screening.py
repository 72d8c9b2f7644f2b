"""What the patterns of the configuration say of a text."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot import regexes
from bot.policy.model import Book, Pattern, Refusal, Verdict, together


def readings(text: str) -> tuple[str, ...]:
    """The text as it is; as people read it (compatibility forms, accents and invisible characters
    undone); and as a shell does (its quotes, backslashes and continued lines undone as well)."""
    if text.isascii():
        plain = text
    else:
        apart = unicodedata.normalize("NFKD", text)
        visible = "".join(char for char in apart if unicodedata.category(char) not in ("Cf", "Mn"))
        plain = unicodedata.normalize("NFC", visible)
    unquoted = re.sub(r"['\"\\]", "", re.sub(r"\\\r?\n", "", plain))
    return tuple(dict.fromkeys((text, plain, unquoted)))


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that patterns are held to: what was typed, a value, or a script as it would run.
    ``most``: so many bytes of UTF-8 it may have; 0: any number."""

    where: Literal["text", "value", "script"]
    text: str
    most: int = 0


class _TooSlow(Exception):
    """What the pattern of this ``number`` says could not be told in time."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def too_slow(reason: str) -> Refusal:
    """Whether a pattern is found could not be told in time; ``reason`` is what it is for."""
    return Refusal("refused.unjudged_pattern", {"reason": reason, "seconds": f"{regexes.LIMIT:g}"})


def examine(book: Book, command: str, where: str, text: str) -> Verdict:
    """Look a text over for forbidden, required and escalating patterns; refusals come first.

    Every pattern is looked for in all ``readings`` of the text, an escalating one also with its
    lines as one. All escalations that match count. What is computed when the script runs (``$(…)``,
    variables), and letters of other alphabets that look alike, are not seen through: for that
    people read the script before they vote. What a pattern cannot tell in time is refused.
    """
    try:
        matches = [
            book.patterns[number] for number in _matches(book.patterns, command, where, text)
        ]
    except _TooSlow as slow:
        return Verdict(too_slow(book.patterns[slow.number].reason))
    for pattern in matches:
        if pattern.action == "require":
            return Verdict(Refusal("refused.required", {"reason": pattern.reason}))
        if pattern.action == "refuse":
            return Verdict(Refusal("refused.forbidden", {"reason": pattern.reason}))
    return together(Verdict(None, (one.policy,), (one.reason,)) for one in matches)


@functools.lru_cache(maxsize=256)
def _matches(patterns: tuple[Pattern, ...], command: str, where: str, text: str) -> tuple[int, ...]:
    """The numbers of the patterns that refuse or escalate a text, up to the first that refuses;
    remembered, as the same scripts and values are asked for again and again."""
    matches: list[int] = []
    texts = readings(text)
    lines = tuple(" ".join(reading.split()) for reading in texts)
    for number, pattern in enumerate(patterns):
        if where not in pattern.where or (pattern.commands and command not in pattern.commands):
            continue
        looked = (*texts, *lines) if pattern.action == "escalate" else texts
        try:
            match = any(pattern.regex.search(reading) for reading in looked)
        except regexes.TooSlow:
            raise _TooSlow(number) from None
        if match is (pattern.action != "require"):
            matches.append(number)
            if pattern.action != "escalate":
                break
    return tuple(matches)


def screened(book: Book, command: str, passages: Iterable[Passage]) -> Verdict:
    """What the patterns say of all that is asked for, and the platform's limit of a script."""
    return together(_screened(book, command, passage) for passage in passages)


def _screened(book: Book, command: str, passage: Passage) -> Verdict:
    size = len(passage.text.encode()) if passage.most else 0
    if size > passage.most:
        facts = {"size": size, "most": passage.most}
        return Verdict(Refusal("refused.script_too_long", facts))
    return examine(book, command, passage.where, passage.text)
