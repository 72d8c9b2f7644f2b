"""What people type to search requests, in a chat or on the command line, as a search."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot import model, policy, source, texts
from bot.source import suggest, unicode

SPAN = re.compile(r"([0-9]{1,4})(s|m|h|d|w|秒|分钟?|小时|天|周)")
DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNITS = {"秒": "s", "分": "m", "分钟": "m", "小时": "h", "天": "d", "周": "w"}
STATES = tuple(state.value for state in model.State)
WORDS = {texts.say("zh-CN", f"state.{state}"): state for state in STATES} | {
    state: state for state in STATES
}


@dataclass(frozen=True, slots=True)
class Words:
    """A search as it was typed; "" and 0 are not asked about."""

    person: str = ""
    command: str = ""
    on: str = ""
    states: tuple[str, ...] = ()
    approver: str = ""
    since: str = ""
    until: str = ""
    before: int = 0


def of(words: Words, book: policy.Book, zone: tzinfo, now: datetime) -> model.Search:
    """The search that these words are. Invalid: a state or a time is none."""
    return model.Search(
        person=person_of(book, words.person),
        command=words.command,
        on=words.on,
        states=tuple(map(state_of, words.states)),
        approver=person_of(book, words.approver),
        since=moment(words.since, zone, now) if words.since else None,
        until=moment(words.until, zone, now) if words.until else None,
        before=words.before,
    )


def state_of(text: str) -> str:
    """The state of this name, in English or in Chinese. Invalid: there is none."""
    state = WORDS.get(text.casefold())
    if state is None:
        near = suggest.several(text.casefold(), tuple(WORDS))
        facts = {"state": unicode.shown(text), "states": list(near or STATES)}
        raise source.Invalid.phrase("search.state", **facts)
    return state


def person_of(book: policy.Book, text: str) -> str:
    """The id of the person of this id or name; what is nobody's stays as it is."""
    if not text or text in book.people:
        return text
    folded = text.casefold()
    named = [
        one.id for one in book.people.values() if folded in (one.id.casefold(), one.name.casefold())
    ]
    return named[0] if len(named) == 1 else text


def moment(text: str, zone: tzinfo, now: datetime) -> datetime:
    """A moment that is named by how long ago it is ("7d", "2小时"), or by its day ("2026-11-01",
    which begins in the zone). Invalid: it is neither."""
    if span := SPAN.fullmatch(text):
        unit = _UNITS.get(span[2], span[2])
        return now - timedelta(seconds=int(span[1]) * _SECONDS[unit])
    if date := DATE.fullmatch(text):
        try:
            return datetime(int(date[1]), int(date[2]), int(date[3]), tzinfo=zone)
        except ValueError:
            raise source.Invalid.phrase("search.day", day=text) from None
    raise source.Invalid.phrase("search.time", time=unicode.shown(text))
