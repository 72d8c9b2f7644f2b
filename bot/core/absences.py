"""Who is away: said by the people themselves, kept as a row, and read within every transaction that
counts votes (``policy.absence``).

What is voted on is looked at again by a timer each, which is put in with the row: whom it may be
decided by has changed.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot import cards, model, policy, texts
from bot.commands import api
from bot.core import openings, reachability
from bot.core.decision import DecisionBuilder, refusal_text
from bot.policy import access, calendar, quorum

LONGEST = timedelta(days=366)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHINESE = "一二三四五六日"


def by_text(
    builder: DecisionBuilder, event: model.MessageReceived, person: policy.Person, wish: api.Act
) -> model.Decision:
    """``away until Monday delegate bob``, ``away`` alone, or ``back``."""
    builder.spoken = access.locale_of(builder.deployment.book, event.place)
    if wish.kind == "away" and not (wish.until or wish.delegate or wish.reason):
        builder.answer(event, listing(builder))
        return builder.receipt()
    if wish.kind == "away":
        change = leave(builder, event, person, wish)
    else:
        change = come_back(builder, person)
    if isinstance(change, policy.Refusal):
        builder.enter(person.id, "act.refused", reason=change.key, action=wish.kind)
        builder.answer(event, refusal_text(builder.spoken, change))
        return builder.receipt()
    for request in filter(reachability.asks, builder.view.listing):
        builder.timers.append(model.Timer(request.id, reachability.TIMER, builder.now))
    builder.answer(event, change)
    return builder.receipt(change, "success")


def leave(
    builder: DecisionBuilder, event: model.MessageReceived, person: policy.Person, wish: api.Act
) -> str | policy.Refusal:
    """Note that somebody is away; in words what comes of it."""
    book, locale = builder.deployment.book, builder.locale
    if quorum.is_for_trial(book, event.account.platform):
        return policy.Refusal("away.evaluation", {"platform": event.account.platform})
    until = end_of(wish.until, book.timezone, event.at, builder.now)
    if isinstance(until, policy.Refusal):
        return until
    delegate = delegate_of(builder, person, wish.delegate)
    if isinstance(delegate, policy.Refusal):
        return delegate
    absence = model.Absence(person.id, builder.now, until, delegate)
    builder.absences.append(absence)
    builder.enter(
        person.id,
        "person.away",
        until=until.isoformat(),
        **({"delegate": delegate} if delegate else {}),
        **({"reason": wish.reason} if wish.reason else {}),
    )
    key = "away.done.delegate" if delegate else "away.done"
    facts = {"time": calendar.shown(until, book.timezone)}
    if delegate:
        facts |= {
            "name": book.people[delegate].name,
            "policies": texts.joined(locale, policies_of(book, person.id, delegate), "list"),
        }
    return texts.say(locale, key, **facts)


def come_back(builder: DecisionBuilder, person: policy.Person) -> str | policy.Refusal:
    """Note that somebody is back."""
    known = builder.deployment.book.absences.known.get(person.id)
    if known is None:
        return policy.Refusal("away.not_away")
    builder.absences.append(model.Absence(person.id, known.since, builder.now))
    builder.enter(person.id, "person.back")
    return texts.say(builder.locale, "away.back")


def listing(builder: DecisionBuilder) -> str:
    """Who is away, until when, and who stands in for them."""
    deployment, locale = builder.deployment, builder.locale
    lines = []
    for who, one in deployment.book.absences.known.items():
        key = "away.line.delegate" if one.delegate else "away.line"
        time = calendar.shown(one.until, deployment.book.timezone)
        name, other = cards.name_of(deployment, who), cards.name_of(deployment, one.delegate)
        facts = {"delegate": other} if one.delegate else {}
        lines.append(texts.say(locale, key, name=name, time=time, **facts))
    return "\n".join(lines) or texts.say(locale, "away.nobody")


def end_of(text: str, zone: str, written: datetime, now: datetime) -> datetime | policy.Refusal:
    """Until when somebody is away: a day begins at midnight, and a day of the week is the next."""
    if not text:
        return policy.Refusal("away.until")
    days = re.fullmatch("([0-9]+)d", text)
    weekday = weekday_of(text)
    local = written.astimezone(ZoneInfo(zone))
    if days or weekday is not None:
        ahead = int(days[1]) if days else (weekday or 0) - local.weekday()
        ahead = ahead if ahead > 0 else ahead + 7
        at = written + ahead * timedelta(days=1) if days else midnight(local, ahead, zone)
    elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return end_of(f"{text}T00:00", zone, written, now)
    else:
        word = "in" if text.endswith("h") else "at"
        start = openings.start_of(f"{word}={text}", zone, written, now, LONGEST)
        assert start is not None
        return start
    if at > now + LONGEST:
        shown = {"time": calendar.shown(at, zone), "most": LONGEST}
        return policy.Refusal("start.far", shown)
    return at


def midnight(local: datetime, days: int, zone: str) -> datetime:
    """The beginning of the day so many days after a local time."""
    day = local.date() + timedelta(days=days)
    return calendar.moments(datetime(day.year, day.month, day.day), ZoneInfo(zone))[0]


def weekday_of(text: str) -> int | None:
    """The day of the week that a word means, 0 for Monday; None: it means none."""
    if text[:1] in "周星" and len(text) > 1:
        return CHINESE.index(text[-1].replace("天", "日"))
    word = text[:3].lower()
    return DAYS.index(word) if word in DAYS else None


def delegate_of(builder: DecisionBuilder, person: policy.Person, name: str) -> str | policy.Refusal:
    """The person who is named to stand in, by id or name, if a policy lets them; "": nobody is."""
    if not name:
        return ""
    book = builder.deployment.book
    wanted = name.removeprefix("@").casefold()
    matches = [one for one in book.people.values() if wanted in (one.id, one.name.casefold())]
    if len(matches) != 1:
        return policy.Refusal("away.unknown", {"name": name})
    other = matches[0]
    if other.id == person.id:
        return policy.Refusal("away.oneself")
    if other.id in book.absences.known:
        return policy.Refusal("away.both", {"name": other.name})
    if not policies_of(book, person.id, other.id):
        return policy.Refusal("away.not_allowed", {"name": other.name})
    return other.id


def policies_of(book: policy.Book, person: str, delegate: str) -> list[str]:
    """The policies by which somebody approves, and that let this person stand in for them."""
    return [
        one.name
        for one in book.policies.values()
        if person in book.oncall.potential(one.people)
        and delegate in book.oncall.potential(one.delegates)
    ]
