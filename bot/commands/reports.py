"""How the numbers of a month are told, in a chat and on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot import model, policy, source, texts
from bot.policy import access
from bot.source import unicode

_MONTH = re.compile(r"([0-9]{4})-([0-9]{1,2})")
Rows = list[tuple[str, str]]


def month_of(text: str, zone: tzinfo, now: datetime) -> model.Month:
    """The month of this name ("2026-11"; "": that of ``now``), by the clock of a zone. Invalid: it
    is none."""
    local = now.astimezone(zone)
    match = _MONTH.fullmatch(text or f"{local:%Y-%m}")
    try:
        if match is None:
            raise ValueError(text)
        begin = datetime(int(match[1]), int(match[2]), 1, tzinfo=zone)
        late = begin + timedelta(days=31)
        end = datetime(late.year, late.month, 1, tzinfo=zone)
    except (ValueError, OverflowError):
        raise source.Invalid.phrase("report.month", month=unicode.shown(text)) from None
    return model.Month(f"{begin:%Y-%m}", begin, end)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report in words: its title, the facts of the whole month, and the same by command and by
    group, those with most requests first; each as (label, text)."""

    title: str
    facts: Rows
    commands: Rows
    groups: Rows


def sheet(locale: str, book: policy.Book, report: model.Report) -> Sheet:
    def group(key: tuple[str, str]) -> str:
        known = access.group_of(book, *key)
        return f"{known.name if known else key[1]} · {key[0]}"

    return Sheet(
        texts.say(locale, "report.title", month=report.month.name),
        _facts(locale, book, report),
        _activities(locale, report.commands.items()),
        _activities(locale, ((group(key), one) for key, one in report.groups.items())),
    )


def _facts(locale: str, book: policy.Book, report: model.Report) -> Rows:
    def say(key: str, **facts: object) -> str:
        return texts.say(locale, f"report.{key}", **facts)

    def people(counts: Mapping[str, int]) -> list[str]:
        often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        names = ((book.people[who].name if who in book.people else who, n) for who, n in often)
        return [f"{name} {count}" for name, count in names]

    states = [
        say("count", word=texts.say(locale, f"state.{state}"), count=count)
        for state, count in report.total.states.items()
    ]
    none, requests, pending = say("none"), report.total.count, report.pending
    half, oldest = timedelta(seconds=pending.half), timedelta(seconds=report.oldest)
    expired, votes = report.expired, sum(report.long_votes.values())
    never = [
        say("never.of", name=name, count=approved)
        for name, (approved, rejected) in report.policies.items()
        if approved and not rejected
    ]
    return [
        (say("asked"), say("counts", count=requests, words=states) if requests else none),
        (say("approved"), _times(locale, report.total.approvals) or none),
        (
            say("pending"),
            say("ages", count=pending.count, half=half, oldest=oldest) if pending.count else none,
        ),
        (say("reminders"), str(report.reminders)),
        (
            say("expired"),
            say("unseen", count=expired, people=people(report.unseen) or [none])
            if expired
            else none,
        ),
        (
            say("read"),
            say("hasty", count=votes, people=people(report.hasty_votes) or [none])
            if votes
            else none,
        ),
        (
            say("break_glass"),
            texts.joined(locale, _actions(locale, report.break_glass), "list") or none,
        ),
        (say("never"), texts.joined(locale, never, "list") or none),
    ]


def _times(locale: str, times: model.Times) -> str:
    """How long approvals took; "": there was none."""
    if not times.count:
        return ""
    half, most = timedelta(seconds=times.half), timedelta(seconds=times.most)
    return texts.say(locale, "report.times", count=times.count, half=half, most=most)


def _actions(locale: str, counts: Mapping[str, int]) -> Iterable[str]:
    """Actions of the audit log in words, where there are such, each with how often it is there."""
    for action, count in counts.items():
        key = f"audit.action.{action}"
        word = texts.say(locale, key) if key in texts.PHRASES else action
        yield f"{word} {count}"


def _activities(locale: str, activities: Iterable[tuple[str, model.Activity]]) -> Rows:
    ordered = sorted(activities, key=lambda item: (-item[1].count, item[0]))
    return [(name, _activity(locale, one)) for name, one in ordered]


def _activity(locale: str, one: model.Activity) -> str:
    approvals = one.approvals
    if not approvals.count:
        return texts.say(locale, "report.row.none", count=one.count)
    half = timedelta(seconds=approvals.half)
    return texts.say(locale, "report.row", count=one.count, approved=approvals.count, half=half)
