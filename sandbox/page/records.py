"""What the bot has on record, read beside it from its store: the audit chain, the events of the
bus, what rules made of them, and which of several bots live. This is the one module of the page
that reads the store."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bot import model, store, texts
from sandbox.page.board import Board
from sandbox.page.watch_wire import shown
from sandbox.process import LEASE

EVERY = 0.3
"""Seconds between two looks at whether the store has changed."""
KEPT = 300
"""So many events, and so many letters, stay on the board; of the audit chain all entries do."""
SETTLED = ("done", "dropped")
LANGUAGES = ("zh-CN", "en")
Row = tuple[str, str, dict[str, object]]


class Records:
    """Reads what is new: of a database at each look; of a file whenever it has changed, on a
    connection that is closed again, so that the one who writes never waits for it."""

    def __init__(self, board: Board, database: store.Location) -> None:
        self._board, self._database = board, database
        self._seen: tuple[int, ...] | None = ()
        self._kept_open: store.sql.store.Store | None = None
        self._audit = self._event = 0
        self._open: dict[int, None] = {}
        self._kept: dict[str, list[str]] = {"event": [], "letter": []}

    async def run(self) -> None:
        """Until cancelled."""
        reading: asyncio.Future[list[Row] | None] | None = None
        try:
            while True:
                if (now := self._fingerprint()) is None or now != self._seen:
                    reading = asyncio.ensure_future(asyncio.to_thread(self._read))
                    if (rows := await asyncio.shield(reading)) is not None:
                        self._seen = now
                        for row in rows:
                            self._put(*row)
                await asyncio.sleep(EVERY)
        finally:
            if reading is not None:
                await asyncio.wait({reading})
            if self._kept_open is not None:
                self._kept_open.close()

    def _fingerprint(self) -> tuple[int, ...] | None:
        """What changes with the file; None: it is a database."""
        if isinstance(self._database, str):
            return None
        found: list[int] = []
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                about = os.stat(f"{self._database}{suffix}")
                found += (about.st_mtime_ns, about.st_size)
        return tuple(found)

    def _put(self, collection: str, key: str, value: dict[str, object]) -> None:
        self._board.put(collection, key, value)
        kept = self._kept.get(key.partition("/")[0])
        if kept is not None and key not in kept:
            kept.append(key)
            if len(kept) > KEPT:
                self._board.remove(collection, kept.pop(0))

    def _read(self) -> list[Row] | None:
        """What is new; None: there is no store yet, or it cannot be read now."""
        try:
            with self._store() as opened, opened.reading() as reader:
                found = [*self._audited(reader), *self._happened(reader), *self._letters(reader)]
                return [*found, *self._replicas(reader)]
        except (FileNotFoundError, store.Unusable, *store.Broken):
            return None

    def _store(self) -> contextlib.AbstractContextManager[store.sql.store.Store]:
        """A file is closed again. A database stays open, for its server begins a process for each
        connection."""
        if isinstance(self._database, Path):
            return store.opened(self._database, readonly=True)
        if self._kept_open is None:
            self._kept_open = store.opened(self._database, readonly=True)
        return contextlib.nullcontext(self._kept_open)

    def _audited(self, reader: store.Reader) -> Iterator[Row]:
        for row in reader.chain(after=self._audit):
            self._audit = row.seq
            yield "audit", str(row.seq), _entry(row)

    def _happened(self, reader: store.Reader) -> Iterator[Row]:
        for number, event in reader.bus_events(after=self._event):
            self._event = number
            letters = reader.letters_of(event)
            self._open |= {letter.number: None for letter in letters}
            yield "events", f"event/{number}", _event(number, event, letters)

    def _letters(self, reader: store.Reader) -> Iterator[Row]:
        """Those that are not settled, and dead ones of requests."""
        self._open |= {letter.number: None for letter in reader.letters()}
        for number in list(self._open):
            letter = reader.letter(number)
            if letter is None or letter.state in SETTLED:
                del self._open[number]
            if letter is not None:
                yield "events", f"letter/{number}", _letter(letter)

    def _replicas(self, reader: store.Reader) -> Iterator[Row]:
        """The newest process of each of several bots, by the bot's name."""
        if isinstance(self._database, str):
            for one in reader.replicas():
                yield "replicas", one.name, _replica(one)


def _replica(one: store.shared.Replica) -> dict[str, object]:
    return {
        "number": one.number,
        "release": one.release,
        "state": one.state,
        "seen": one.seen_at.timestamp(),
        "leads": one.leads,
        "lease": LEASE,
    }


def _entry(row: model.AuditRow) -> dict[str, object]:
    words = {locale: _words(locale, row.action) for locale in LANGUAGES}
    return {
        "id": row.seq,
        "at": row.at.timestamp(),
        "action": row.action,
        "actor": row.actor,
        "request": row.request,
        "text": words["en"],
        "words": words,
        "facts": shown(dict(row.facts)),
        "hash": row.hash,
        "previous": row.prev,
    }


def _words(locale: str, action: str) -> str:
    try:
        return texts.say(locale, f"audit.action.{action}")
    except KeyError:
        return action


def _event(
    number: int, event: model.CloudEvent, letters: tuple[model.Letter, ...]
) -> dict[str, object]:
    rules = list(dict.fromkeys(letter.deliver.rule for letter in letters if letter.deliver.rule))
    return {
        "kind": "event",
        "id": number,
        "at": event.time.timestamp(),
        "source": event.source,
        "type": event.type,
        "event": event.id,
        "subject": event.subject,
        "state": "matched" if rules else "unmatched",
        "rule": ", ".join(rules),
        "problem": "",
        "body": shown(event.plain()),
    }


def _letter(letter: model.Letter) -> dict[str, object]:
    deliver = letter.deliver
    return {
        "kind": "letter",
        "id": letter.number,
        "at": (letter.tried_at or letter.at).timestamp(),
        "source": deliver.event.get("source", ""),
        "type": deliver.event.get("type", ""),
        "event": deliver.event.get("id", ""),
        "subject": "",
        "state": letter.state,
        "dead": letter.dead,
        "attempts": letter.attempts,
        "rule": deliver.rule,
        "target": deliver.to.how,
        "to": _name(deliver.to),
        "request": letter.request,
        "problem": " ".join(filter(None, (letter.code, letter.reason))),
        "body": shown(deliver.body),
    }


def _name(to: model.Destination) -> str:
    """The name of a target in the configuration; "": it has none. An address would hold a token."""
    match to:
        case model.ToCommand():
            return to.command
        case model.ToHttp():
            return to.target
        case model.ToBus():
            return to.bus
        case model.ToWebhook() if to.uri.startswith("robot:"):
            return to.uri.removeprefix("robot:")
        case _:
            return ""
