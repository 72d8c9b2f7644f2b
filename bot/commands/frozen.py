"""What is frozen now, in words: by the configuration, and by people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot import model, policy, texts
from bot.policy import calendar


class Records(Protocol):
    """What the store holds of freezes that people asked for."""

    def freezes(self, at: datetime) -> Sequence[model.Freeze]: ...

    def votes(self, number: int, /) -> Sequence[model.Vote]: ...


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze that is in force: its ``name``, and in ``text`` what it concerns, until when, why,
    and who asked for it and agreed to it, or that it stands in the configuration."""

    name: str
    text: str


def frozen(
    book: policy.Book, records: Records | None, now: datetime, locale: str
) -> Iterator[Frozen]:
    """All freezes that are in force, those of the configuration first."""
    for period in book.freezes:
        if period.times.holds(now):
            yield Frozen(period.name, _of_file(book, period, now, locale))
    for freeze in records.freezes(now) if records is not None else ():
        votes = records.votes(freeze.request) if records is not None else ()
        approvers = [vote.person for vote in votes if vote.approve]
        yield Frozen(freeze.name, of_people(book, freeze, approvers, locale))


def _of_file(book: policy.Book, period: calendar.Period, now: datetime, locale: str) -> str:
    closure = calendar.closure([period], [], now)
    opens = closure.opens if closure is not None else None
    scope = [*sorted(period.groups), *(one for one in period.commands if one != "*")]
    return texts.say(
        locale,
        "frozen.file" if opens is not None else "frozen.file.ever",
        scope=texts.joined(locale, [*scope, *sorted(period.risks)] or ["all"], "list"),
        time=calendar.shown(opens, book.timezone) if opens is not None else "",
        reason=texts.spoken(locale, period.reason),
    )


def of_people(book: policy.Book, freeze: model.Freeze, approvers: list[str], locale: str) -> str:
    """A freeze that people agreed to."""

    def name(person: str) -> str:
        return book.people[person].name if person in book.people else person

    return texts.say(
        locale,
        "frozen.people",
        scope=texts.joined(locale, freeze.scope, "list"),
        time=calendar.shown(freeze.until, book.timezone),
        reason=freeze.reason,
        name=name(freeze.person),
        names=[name(person) for person in dict.fromkeys(approvers)],
    )
