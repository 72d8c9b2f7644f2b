"""What a message may have meant that begins with no command: a hint in words, never a guess that
is carried out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot import texts

if TYPE_CHECKING:
    from bot.commands import registry

LONGEST = 200
"""Characters of a line that is suggested; a longer one is not repeated."""
_LOOKED_AT = 6
"""Words behind the first one among which a command is looked for."""
_AGREED = frozenset(
    ("ok", "okay", "okey", "k", "yes", "y", "yep", "yeah", "sure", "fine", "agree", "agreed",
     "accept", "accepted", "allow", "go", "lgtm", "+1", "👍", "好", "好的", "可以", "行", "没问题",
     "同意了", "批了", "通过了", "赞成", "收到")
)  # fmt: skip
_DISAGREED = frozenset(
    ("no", "n", "nope", "nack", "deny", "denied", "decline", "disagree", "-1", "👎", "不", "不行",
     "不可以", "不要", "别")
)  # fmt: skip
_DENIED = re.compile(r"[不别勿没未禁]|^(?:no|not|never|cannot)$|n[’']?t$", re.IGNORECASE)
_INSTANCE = re.compile(r"i-[a-z0-9]{6,}|tag:\S+=\S+|[A-Za-z][\w.]*-[\w.-]*\d[\w.-]*", re.ASCII)
_FILLER = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")


def hint(
    catalog: registry.Catalog, word: str, rest: str, locale: str, fits: Callable[[str], bool]
) -> tuple[str, tuple[str, ...]]:
    """A sentence for somebody who wrote ``word``, which is no command, and ``rest``; and what it
    suggests. ``fits``: may a line be shown, and does it parse?"""
    if vote := _vote(catalog, word):
        line = f"{vote} {' '.join(rest.split())}"
        if rest.strip() and len(line) <= LONGEST and fits(line):
            return texts.say(locale, "hint.did_you_mean", names=(line,)), (line,)
        return texts.say(locale, "hint.vote", word=vote), (vote,)
    if _DENIED.search(word):
        words: tuple[str, ...] = ()
    elif word.isascii():
        words = catalog.nearest(word) or _behind(catalog, word, rest, fits)
        words = words or _for_instance(catalog, word, fits)
    else:
        words = _within(catalog, word, rest, fits) or _behind(catalog, word, rest, fits)
        words = words or catalog.nearest(word)
    if not words:
        return texts.say(locale, "hint.help"), ()
    return texts.say(locale, "hint.did_you_mean", names=words), words


def _vote(catalog: registry.Catalog, word: str) -> str:
    """The vote that somebody may have meant who only agreed, or did not; "" for all else."""
    folded = word.casefold().rstrip("!！.。~")
    name = "approve" if folded in _AGREED else "reject" if folded in _DISAGREED else ""
    return name if name and catalog.find(name) else ""


def _within(
    catalog: registry.Catalog, word: str, rest: str, fits: Callable[[str], bool]
) -> tuple[str, ...]:
    """The line from a command on that stands within the word, as in 帮我重启一下."""
    for known in catalog.words():
        place = word.find(known) if not known.isascii() else -1
        if place >= 0:
            tail = word[place + len(known) :]
            filler = _FILLER.match(tail)
            tail = tail[filler.end() :] if filler else tail
            return _line(known, f"{tail} {rest}", fits)
    return ()


def _behind(
    catalog: registry.Catalog, word: str, rest: str, fits: Callable[[str], bool]
) -> tuple[str, ...]:
    """The line of a command that stands some words behind, with the instances before it; nothing
    where what stands before it may say the contrary."""
    before, behind = word, rest
    instances: list[str] = []
    for _ in range(_LOOKED_AT):
        if _DENIED.search(before):
            return ()
        if _INSTANCE.fullmatch(before):
            instances.append(before)
        before, _, behind = behind.strip().partition(" ")
        if before and (known := _command(catalog, before)):
            return _line(known, " ".join((*instances, behind)), fits)
    return ()


def _command(catalog: registry.Catalog, word: str) -> str:
    """The command that a word is, or begins with before nothing but filler, as 重启一下 does."""
    if catalog.find(word) is not None:
        return word
    for known in catalog.words():
        filler = word.removeprefix(known)
        if not known.isascii() and filler != word and _FILLER.fullmatch(filler):
            return "" if _DENIED.search(filler) else known
    return ""


def _line(command: str, rest: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """The whole line where it may be sent as it is, else the command alone."""
    line = " ".join(f"{command} {rest}".split()) if "\n" not in rest else ""
    return (line,) if line and len(line) <= LONGEST and fits(line) else (command,)


def _for_instance(
    catalog: registry.Catalog, word: str, fits: Callable[[str], bool]
) -> tuple[str, ...]:
    """What can be done with what looks like an instance, if that is all that was written."""
    if not _INSTANCE.fullmatch(word):
        return ()
    able = [command for command in catalog if command.parameter("targets") is not None]
    lines = [
        f"{command.name} {word}" for command in sorted(able, key=lambda one: one.kind != "lookup")
    ]
    return tuple(line for line in lines if len(line) <= LONGEST and fits(line))[:3]
