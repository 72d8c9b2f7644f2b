"""What was said, as the platform keeps it: in memory, and in a file that survives a restart.

The file holds one JSON object a line: first which history it is and since when it is whole, then an
entry each time that it changed; the last line about an entry counts. Whatever is written is on disk
before anybody is told that it was taken. A line that a crash cut off was promised to nobody.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

log = logging.getLogger(__name__)

MOST_CHARS = 4 << 20
"""Of all entries together."""
WASTE = 500
"""Lines that no longer count, before the file is written anew."""


@dataclass(frozen=True, slots=True)
class Button:
    action: str
    label: str
    style: str = "default"
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """What a card was about at one time: its request, the code of its plan, and the actions that it
    offered. A click names the revision that was seen, so it can't mean what came after. What else
    stands on the card may change within one."""

    request: int
    code: str
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A message or card. ``number`` is its place in the history; ``seq`` grows with every change of
    any entry, and ``changed_at`` is when it last did. ``author`` is an account, "" for the bot.
    ``key`` tells a repetition. ``open``: a person wrote it, and the bot has not taken it yet.
    ``reason``: the label of a card's field."""

    id: str
    number: int
    seq: int
    at: datetime
    changed_at: datetime
    chat: str
    author: str
    key: str
    kind: Literal["message", "card"]
    text: str
    title: str = ""
    tone: str = ""
    reply_to: str = ""
    mentions: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    reason: str = ""
    revisions: tuple[Revision, ...] = ()
    open: bool = False
    recalled: bool = False


@dataclass(slots=True)
class Head:
    """Which history it is; the newest ``seq`` and ``number``, and the newest ``seq`` of an entry
    that is no longer kept. All entries since ``since`` are there."""

    history: str
    since: datetime
    seq: int = 0
    number: int = 0
    lost: int = 0


_HEAD, _ENTRY = TypeAdapter(Head), TypeAdapter(Entry)


class History:
    """At most ``keep`` entries. One task writes at a time; reading needs no lock."""

    def __init__(self, file: Path, keep: int, now: datetime) -> None:
        self._file, self._keep = file, keep
        self.head = Head(secrets.token_hex(4), now)
        self.entries: dict[str, Entry] = {}
        self._lines = 0
        self._torn = False
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()
        self._read()
        self._rewrite()

    # ------------------------------------------------------------------------- reading

    def by_key(self, key: str) -> Entry | None:
        """The entry that was made under this key, while it is kept."""
        return next((entry for entry in self.entries.values() if entry.key == key), None)

    def after(self, seq: int) -> list[Entry]:
        """The entries that changed since, as they are now, in the order of their changes."""
        changed = (entry for entry in self.entries.values() if entry.seq > seq)
        return sorted(changed, key=lambda entry: entry.seq)

    async def changed(self) -> None:
        """Wait until ``wake`` is called next."""
        await self._changed.wait()

    # ------------------------------------------------------------------------- writing

    async def add(self, entry: Entry) -> Entry:
        """Keep a new entry; where there is one with its key, that is it. An entry without an id is
        given one. Raises OSError."""
        async with self._lock:
            known = self.by_key(entry.key)
            if known is not None:
                return known
            self.head.number += 1
            name = entry.id or f"{self.head.history}-{self.head.number}"
            return await self._put(replace(entry, id=name, number=self.head.number))

    async def change(
        self, name: str, change: Callable[[Entry], Entry], quiet: bool = False
    ) -> None:
        """Put what ``change`` makes of an entry in its place, if it is kept. ``quiet``: nobody who
        reads along needs to know. Raises OSError."""
        async with self._lock:
            if name in self.entries:
                await self._put(change(self.entries[name]), quiet)

    async def erase(self, name: str) -> None:
        """Keep that there was an entry, and nothing of what it said: not in the file, either.
        Raises OSError."""
        await self.change(name, _blank)
        async with self._lock:
            await asyncio.to_thread(self._rewrite)

    async def _put(self, entry: Entry, quiet: bool = False) -> Entry:
        entry = entry if quiet else replace(entry, seq=self.head.seq + 1)
        await asyncio.to_thread(self._append, entry)
        self.head.seq = max(self.head.seq, entry.seq)
        self.entries[entry.id] = entry
        self._forget(entry.id)
        if self._lines > len(self.entries) + WASTE:
            await asyncio.to_thread(self._rewrite)
        self.wake()
        return entry

    def wake(self) -> None:
        """Let everybody who waits for a change look."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _forget(self, newest: str) -> None:
        """Let entries go while there are too many, those first that changed longest ago; what waits
        for the bot or offers buttons goes only where there is nothing else. ``newest`` stays."""
        chars = sum(len(entry.text) for entry in self.entries.values())
        while len(self.entries) > self._keep or (chars > MOST_CHARS and len(self.entries) > 1):
            others = (entry for entry in self.entries.values() if entry.id != newest)
            oldest = min(others, key=lambda entry: (entry.open or bool(entry.buttons), entry.seq))
            del self.entries[oldest.id]
            if oldest.buttons:
                self._warn(oldest)
            chars -= len(oldest.text)
            self.head.lost = max(self.head.lost, oldest.seq)
            self.head.since = max(self.head.since, oldest.at)

    def _warn(self, card: Entry) -> None:
        """Say in the log that the buttons of a card are gone, and what does the same."""
        revision = card.revisions[-1] if card.revisions else Revision(0, "", ())
        log.warning(
            "card %s of request #%d is not kept any more, as %d newer ones offer buttons, too: "
            "its vote is cast by `approve %d %s`; [console] keep says how many are kept",
            card.id, revision.request, len(self.entries), revision.request, revision.code,
        )  # fmt: skip

    # ------------------------------------------------------------------------- the file

    def _append(self, entry: Entry) -> None:
        if self._torn:
            self._rewrite()
        self._torn = True
        with self._file.open("ab") as file:
            _write(file.fileno(), [_ENTRY.dump_json(entry)])
        self._torn = False
        self._lines += 1

    def _rewrite(self) -> None:
        """Write the file anew, with what counts alone."""
        fresh = self._file.with_name(self._file.name + ".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write(
                descriptor,
                [_HEAD.dump_json(self.head), *map(_ENTRY.dump_json, self.entries.values())],
            )
        finally:
            os.close(descriptor)
        fresh.replace(self._file)
        _settle(self._file.parent)
        self._lines, self._torn = len(self.entries), False

    def _read(self) -> None:
        """Take up what the file has. One that is no history is put aside, and a new one begun."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            first, *rest = self._file.read_bytes().split(b"\n")[:-1]
            head, entries = (
                _HEAD.validate_json(first),
                [_ENTRY.validate_json(line) for line in rest],
            )
        except FileNotFoundError:
            return
        except ValueError as fault:
            aside = self._file.with_name(self._file.name + ".unreadable")
            log.error(
                "%s is no history (%s): it is now %s", self._file, type(fault).__name__, aside
            )
            self._file.replace(aside)
            return
        self.head, self.entries = head, {entry.id: entry for entry in entries}
        for entry in entries:
            head.seq, head.number = max(head.seq, entry.seq), max(head.number, entry.number)


def key_of(kind: Literal["said", "sent", "card"], *names: str) -> str:
    """The key of an entry: what a person ``said``, an effect that was ``sent``, or a ``card`` that
    is shown anew."""
    return ":".join((kind, *names))


def _blank(entry: Entry) -> Entry:
    return replace(entry, text="", title="", buttons=(), open=False, recalled=True)


def _write(descriptor: int, lines: Iterable[bytes]) -> None:
    content = b"".join(line + b"\n" for line in lines)
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def _settle(folder: Path) -> None:
    """Write the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
