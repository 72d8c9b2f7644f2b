"""Which policies are needed besides the usual one: ``[[policy.when]]`` held to what is asked for.

What is not known yet does not hold yet: the targets when something is asked for. It is judged anew
when they are known, and when the request starts.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from bot import model, regexes, texts
from bot.policy import oncall, screening
from bot.policy.model import Book, Refusal, Verdict, together
from bot.policy.when import When

NO_ROTAS = oncall.Roster()


@dataclass(frozen=True)
class Subject:
    """What is asked for. ``group``: the name of the chat ("": a direct one); ``roles``: those of
    the requester; ``risks``: what its risk is, then and now; ``arguments``: values by parameter,
    some of them perhaps twice; ``passages``: what a pattern is held to, or why that cannot be told;
    ``targets``: None where they are not known yet; ``at``: now, or when its run began."""

    command: str
    group: str
    roles: frozenset[str]
    risks: frozenset[str]
    arguments: tuple[tuple[str, object], ...]
    passages: Callable[[], Iterable[screening.Passage] | Refusal]
    targets: tuple[model.Instance, ...] | None
    at: datetime


class _Unjudged(Exception):
    """Whether a table holds cannot be told."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.key)
        self.refusal = refusal


def judged(book: Book, subject: Subject) -> Verdict:
    """The policies of every table that holds, each with its reason: the same whatever the order of
    the tables. What cannot be told is refused."""
    roster, away = book.oncall, book.absences.known
    try:
        tables = [table for table in book.when if holds(table, subject, roster, away)]
    except _Unjudged as unjudged:
        return Verdict(unjudged.refusal)
    tables.sort(key=lambda table: (table.policy, table.reason))
    return together(map(verdict_of, tables))


def verdict_of(table: When) -> Verdict:
    """The policy that a table adds, and why."""
    chinese = texts.spoken("zh-CN", table.reason)
    reason = texts.Bilingual(f"{table.reason} ({table.policy})", f"{chinese}（{table.policy}）")
    return Verdict(None, (table.policy,), (reason,))


def holds(
    table: When,
    subject: Subject,
    roster: oncall.Roster = NO_ROTAS,
    away: Collection[str] = (),
) -> bool:
    """Does a table hold, as far as that is known now? Whoever is ``away`` is not there on call."""
    if not narrowed(table, subject):
        return False
    answers = _answers(table, subject, roster, away)
    first = next(answers, True)
    return first or any(answers) if table.any_of else first and all(answers)


def keys_of(book: Book) -> frozenset[str]:
    """The keys of all tags that tables ask for."""
    return frozenset(key for table in book.when for key, _ in table.tags)


def by_tags(book: Book, subject: Subject) -> bool:
    """Do tags decide which policies it needs?"""
    return any(table.tags and narrowed(table, subject) for table in book.when)


def narrowed(table: When, subject: Subject) -> bool:
    """Is it about this command, group and requester?"""
    if table.commands and not any(fnmatchcase(subject.command, glob) for glob in table.commands):
        return False
    if table.groups and subject.group not in table.groups:
        return False
    return not table.roles or bool(table.roles & subject.roles)


def _answers(
    table: When, subject: Subject, roster: oncall.Roster, away: Collection[str]
) -> Iterator[bool]:
    """Whether each of the conditions that the table has holds; what takes work comes last."""
    targets = subject.targets
    if table.risk:
        yield bool(table.risk & subject.risks)
    if table.more_targets_than is not None:
        yield targets is not None and len({one.id for one in targets}) > table.more_targets_than
    if table.tags:
        yield any(
            key == name and fnmatchcase(value, glob)
            for one in targets or ()
            for name, value in one.tags
            for key, glob in table.tags
        )
    if table.values:
        yield _has_value(table.values, subject.arguments)
    if table.hours:
        local = subject.at.astimezone(ZoneInfo(table.zone))
        yield any(hours.holds(local) for hours in table.hours)
    if table.on_call:
        yield any(who not in away for who in roster.on_call(table.on_call, subject.at))
    if table.off_call:
        yield all(who in away for who in roster.on_call(table.off_call, subject.at))
    if table.regex is not None:
        yield _has_match(table, table.regex, subject)


def _has_value(
    wanted: Mapping[str, tuple[str, ...]], arguments: Iterable[tuple[str, object]]
) -> bool:
    globs = {name.casefold(): globs for name, globs in wanted.items()}
    return any(
        fnmatchcase(text, glob)
        for name, value in arguments
        for glob in globs.get(name.casefold(), ())
        for text in parts_of(value)
    )


def parts_of(value: object) -> Iterator[str]:
    """A value, or each of its parts, as people write them."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from parts_of(part)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif value is not None:
        yield str(value)


def _has_match(table: When, regex: regexes.Regex, subject: Subject) -> bool:
    passages = subject.passages()
    if isinstance(passages, Refusal):
        raise _Unjudged(passages)
    try:
        return any(_matches(regex, one.text) for one in passages if one.where in table.where)
    except regexes.TooSlow:
        raise _Unjudged(screening.too_slow(table.reason)) from None


@functools.lru_cache(maxsize=256)
def _matches(regex: regexes.Regex, text: str) -> bool:
    """Is a pattern found in any reading of a text, also with its lines as one?"""
    looks = screening.readings(text)
    lines = (" ".join(look.split()) for look in looks)
    return any(regex.search(look) for look in dict.fromkeys((*looks, *lines)))
