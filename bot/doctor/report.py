"""What the doctor found, for people and for programs."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from bot import texts
from bot.doctor.running import Section
from bot.model import checks

STATES: tuple[checks.State, ...] = ("problem", "unsure", "manual", "ok")
INDENT = 11
"""Columns before a sentence: two, the state, and two."""


def entries(locale: str, sections: Sequence[Section]) -> list[dict[str, str]]:
    """One dict for each finding: group, id, state, sentence, mend ("" where there is nothing to
    do)."""
    return [
        {
            "group": section.group.key,
            "id": finding.id,
            "state": finding.state,
            "sentence": said(locale, finding.sentence),
            "mend": said(locale, finding.mend),
        }
        for section in sections
        for finding in section.findings
    ]


def said(locale: str, sentence: checks.Sentence | None) -> str:
    """A sentence in one language, on one line; "" for none."""
    if sentence is None:
        return ""
    facts = {
        name: said(locale, fact) if isinstance(fact, checks.Sentence) else fact
        for name, fact in sentence.facts.items()
    }
    return " ".join(texts.filled(locale, sentence.pair, facts).split())


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the report. ``kind``: a state, "title" or "mend". ``label``: the word of the state,
    where the line begins a finding."""

    kind: str
    text: str
    label: str = ""

    def __str__(self) -> str:
        return self.label + self.text


def lines(locale: str, sections: Sequence[Section], width: int) -> Iterator[Line]:
    """The report line by line, at most ``width`` columns wide."""
    for section in sections:
        if not section.findings:
            continue
        yield Line("title", said(locale, section.group.title))
        for finding, following in zip_longest(section.findings, section.findings[1:]):
            word = texts.say(locale, f"doctor.state.{finding.state}")
            gap = " " * (INDENT - 2 - columns(word))
            first, *rest = wrapped(said(locale, finding.sentence), width - INDENT)
            yield Line(finding.state, gap + first, f"  {word}")
            for row in rest:
                yield Line(finding.state, " " * INDENT + row)
            mend = said(locale, finding.mend)
            if (
                following
                and following.state == finding.state
                and said(locale, following.mend) == mend
            ):
                continue  # it is said once, below the last of them
            for number, row in enumerate(wrapped(mend, width - INDENT - 2) if mend else ()):
                yield Line("mend", " " * INDENT + ("→ " if number == 0 else "  ") + row)
        yield Line("title", "")
    yield Line("title", total(locale, sections))


def total(locale: str, sections: Iterable[Section]) -> str:
    """How many findings there are of each state, in one line."""
    counts = Counter(one.state for section in sections for one in section.findings)
    parts = [
        texts.say(locale, f"doctor.count.{state}", count=counts[state])
        for state in STATES
        if counts[state] or state == "problem"
    ]
    return " · ".join(parts)


def problems(sections: Iterable[Section]) -> bool:
    """Is there anything that keeps the bot from working as configured?"""
    return any(one.state == "problem" for section in sections for one in section.findings)


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most ``width`` columns, broken between words or Chinese characters. A
    word that is longer than a line, such as an address, stays whole."""
    rows, row = [], ""
    for piece in _pieces(text):
        if row and columns(row) + columns(piece.rstrip()) > width:
            rows.append(row.rstrip())
            row = ""
        row += piece if row else piece.lstrip()
    return [*rows, row.rstrip()]


_CLOSING = "，。；：、！？）」』”’,.;:!?)"
"""What begins no line."""
_OPENING = "（「『“‘(["
"""What ends no line."""


def _pieces(text: str) -> Iterator[str]:
    """The parts of a text between which a line may end: each wide character, with what must follow
    it at once; each word, with the space after it."""
    piece = ""
    for char in text:
        wide = unicodedata.east_asian_width(char) in "WF"
        ends = piece and (piece[-1] == " " or unicodedata.east_asian_width(piece[-1]) in "WF")
        opened = piece and piece[-1] in _OPENING
        if piece and not opened and char not in _CLOSING and char != " " and (ends or wide):
            yield piece
            piece = ""
        piece += char
    if piece:
        yield piece
