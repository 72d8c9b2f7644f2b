"""``python -m bot events``: the bus and its dead letters, read from the store."""

from __future__ import annotations

import json
import os
import pwd
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from bot import model, policy, store
from bot.commands import deliveries
from bot.core import dead_letters
from bot.source import unicode

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
MOST_WHY = 200


def span(text: str) -> timedelta:
    """ "90s", "30m", "2h" or "7d". ValueError: it is none of these."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is no length of time; write 90s, 30m, 2h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


# ----------------------------------------------------------------------------- looking


def event_line(number: int, event: model.CloudEvent) -> str:
    about = f"  #{event.subject}" if event.subject.isdecimal() else ""
    about = about or (f"  {event.subject}" if event.subject else "")
    line = f"{number:>8}  {event.time:%Y-%m-%d %H:%M:%S%z}  {event.type}  {event.source}{about}"
    return unicode.visible(line)  # whoever sent it must not command the terminal


def event_json(event: model.CloudEvent, indent: int | None = None) -> str:
    """An event as CloudEvents writes it."""
    return json.dumps(event.plain(), ensure_ascii=False, indent=indent)


def letter_line(book: policy.Book, letter: model.Letter) -> str:
    where = deliveries.target("en", book, letter.deliver)
    tries = f"{letter.attempts} {'try' if letter.attempts == 1 else 'tries'}"
    when = f"{letter.tried_at or letter.at:%Y-%m-%d %H:%M:%S%z}"
    state = {"unknown": "may have arrived", "refused": "not delivered"}.get(
        letter.state, letter.state
    )
    subject = letter.deliver.rule or deliveries.subject("en", letter)
    why = f": {' '.join(letter.reason.split())[:MOST_WHY]}" if letter.reason else ""
    line = f"{letter.number:>8}  {when}  {tries}  {subject} -> {where}  {state}{why}"
    return unicode.visible(line)


def letter_lines(
    book: policy.Book, letter: model.Letter, hidden: Collection[str] = ()
) -> Iterator[str]:
    """A letter with all that is in it, but for the values of ``hidden`` parameters."""
    event = letter.deliver.event
    yield letter_line(book, letter)
    yield unicode.visible(f"event: {event['type']} {event['source']} {event['id']}")
    yield f"retry: {letter.deliver.retry}"
    yield ""
    yield unicode.visible(deliveries.contents(letter.deliver, hidden))


# ----------------------------------------------------------------------------- redriving


def console() -> str:
    """Who sits at the console, for the audit log."""
    try:
        return f"console:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"console:{os.getuid()}"


def redrive(
    opened: store.sql.store.Store, numbers: Sequence[int], actor: str, now: datetime
) -> tuple[list[int], dict[int, str]]:
    """Queue dead letters once more, all in one commit, each on record: those that were, and why not
    the others."""
    writer = opened.writer
    assert writer is not None
    queued: list[int] = []
    refused: dict[int, str] = {}
    writer.begin()
    try:
        for number in dict.fromkeys(numbers):
            view = writer.view(model.Needs(listing="dead", letter=number), now)
            letter = view.letters[0] if view.letters else None
            if letter is None or not letter.dead:
                refused[number] = f"is {letter.state}" if letter else "there is no such letter"
                continue
            writer.apply(view, dead_letters.once_more(letter, actor), now)
            queued.append(number)
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
    return queued, refused
