"""What there is to see: values by collection and key, each with the number of its last change."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping

Value = Mapping[str, object]
Name = tuple[str, str]
REMOVED = 5000
"""So many removed values are remembered, for pages that come back after a while."""


class Board:
    """Values are kept as JSON, so that showing all of them costs no more than joining texts.

    A page knows how far it has read by a mark, ``start-number``: the name of this board's life and
    the number of a change.
    """

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self.clear()

    def clear(self) -> None:
        """Begin anew: whoever read before gets everything again."""
        self._start = secrets.token_hex(4)
        self._number = 0
        self._texts: dict[Name, str] = {}
        self._changed: dict[Name, int] = {}
        self._removed: dict[Name, None] = {}
        self._forgotten = 0
        self._ring()

    @property
    def mark(self) -> str:
        """How far somebody has read who has read everything."""
        return f"{self._start}-{self._number}"

    def put(self, collection: str, key: str, value: Value) -> None:
        """Show a value; one that is shown already is no change."""
        name, text = (collection, key), json.dumps(value, ensure_ascii=False, default=str)
        if self._texts.get(name) != text:
            self._removed.pop(name, None)
            self._texts[name] = text
            self._note(name)

    def remove(self, collection: str, key: str) -> None:
        name = (collection, key)
        if self._texts.pop(name, None) is None:
            return
        self._note(name)
        self._removed[name] = None
        if len(self._removed) > REMOVED:
            oldest = next(iter(self._removed))
            del self._removed[oldest]
            self._forgotten = self._changed.pop(oldest)

    def holds(self, collection: str, key: str) -> bool:
        return (collection, key) in self._texts

    def keys(self, collection: str) -> list[str]:
        return [key for kind, key in self._texts if kind == collection]

    def value(self, collection: str, key: str) -> Value | None:
        text = self._texts.get((collection, key))
        return None if text is None else json.loads(text)

    def since(self, mark: str) -> tuple[bool, str]:
        """What is new to somebody who has read up to a mark, as JSON [[collection, key, value], …],
        a removed value being null; True: it is everything, as what they know is of no use."""
        number = self._read(mark)
        if number is None:
            return True, self._listed(list(self._texts))
        names = []
        for name in reversed(self._changed):
            if self._changed[name] <= number:
                break
            names.append(name)
        return False, self._listed(names[::-1])

    async def newer(self, mark: str, patience: float) -> bool:
        """Wait until there is something that is new to a reader; False: there was nothing for so
        many seconds."""
        if mark != self.mark:
            return True
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            await asyncio.wait_for(event.wait(), patience)
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(event)
        return True

    def _read(self, mark: str) -> int | None:
        """The number of a mark; None: it is of another life, or too old."""
        start, _, number = mark.partition("-")
        if start != self._start or not number.isascii() or not number.isdigit():
            return None
        return int(number) if self._forgotten <= int(number[:18]) <= self._number else None

    def _listed(self, names: list[Name]) -> str:
        rows = (
            f"[{json.dumps(kind)},{json.dumps(key)},{self._texts.get((kind, key), 'null')}]"
            for kind, key in names
        )
        return f"[{','.join(rows)}]"

    def _note(self, name: Name) -> None:
        self._number += 1
        self._changed.pop(name, None)
        self._changed[name] = self._number
        self._ring()

    def _ring(self) -> None:
        for event in self._waiting:
            event.set()
