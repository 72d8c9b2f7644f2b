"""What the patterns of the configuration say of a text."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

from bot import regexes
from bot.policy.model import Book, Finding, Pattern, Refusal


def readings(text: str) -> tuple[str, ...]:
    """The text as it is; as people read it (compatibility forms, accents and invisible characters
    undone); and as a shell does (its quotes, backslashes and continued lines undone as well)."""
    if text.isascii():
        plain = text
    else:
        apart = unicodedata.normalize("NFKD", text)
        seen = "".join(char for char in apart if unicodedata.category(char) not in ("Cf", "Mn"))
        plain = unicodedata.normalize("NFC", seen)
    unquoted = re.sub(r"['\"\\]", "", re.sub(r"\\\r?\n", "", plain))
    return tuple(dict.fromkeys((text, plain, unquoted)))


class _TooSlow(Exception):
    """What the pattern of this ``number`` says could not be told in time."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def examine(book: Book, command: str, where: str, text: str) -> Finding:
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
        reason = book.patterns[slow.number].reason
        facts = {"reason": reason, "seconds": f"{regexes.LIMIT:g}"}
        return Finding(Refusal("refused.unjudged_pattern", facts))
    for pattern in matches:
        if pattern.action == "require":
            return Finding(Refusal("refused.required", {"reason": pattern.reason}))
        if pattern.action == "refuse":
            return Finding(Refusal("refused.forbidden", {"reason": pattern.reason}))
    return together(Finding(None, (one.policy,), (one.reason,)) for one in matches)


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


def finding_of_script(book: Book, command: str, script: str, most: int) -> Finding:
    """What the patterns say of a rendered script, and the platform's limit of ``most`` bytes."""
    size = len(script.encode())
    if size > most:
        return Finding(Refusal("refused.script_too_long", {"size": size, "most": most}))
    return examine(book, command, "script", script)


def together(findings: Iterable[Finding]) -> Finding:
    """What several say: the first refusal, or every escalation. None replaces another, so nobody
    weakens one by words that call for a lesser one."""
    found = tuple(findings)
    refusal = next((one.refusal for one in found if one.refusal is not None), None)
    if refusal is not None:
        return Finding(refusal)
    policies = dict.fromkeys(name for one in found for name in one.policies)
    reasons = dict.fromkeys(reason for one in found for reason in one.reasons)
    return Finding(None, tuple(policies), tuple(reasons))
