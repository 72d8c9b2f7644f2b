"""A store whose database is elsewhere, and is lost when a test wants it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from bot import store
from bot.store import port, shared

NEVER_LOST = {"upkeep", "finish", "renew", "is_broken"}


class Breaking:
    """The writer of a store whose connection breaks at some of the things that are asked of it,
    counted from 1. ``kept``: what was to be committed at such a moment is on disk all the same;
    ``down``: so often it cannot be connected to after that."""

    def __init__(
        self, writer: store.Writer, breaks: Mapping[int, bool], down: int = 0, calls: str = ""
    ) -> None:
        self._writer, self._breaks, self._only = writer, breaks, calls
        self.down = down
        self.count = self.losses = self._refusals = 0
        self._landed: bool | None = None
        """None: the connection stands; else the last transaction is in the store."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._writer, name)
        if not callable(value) or name in NEVER_LOST:
            return value

        def call(*arguments: Any, **options: Any) -> Any:
            if self._only in ("", name):
                self.count += 1
                if self.count in self._breaks and self._landed is None:
                    self._break(name == "commit" and self._breaks[self.count])
            if self._landed is not None:
                raise port.Lost("the connection is gone")
            return value(*arguments, **options)

        return call

    def _break(self, kept: bool) -> None:
        self.losses += 1
        self._landed, self._refusals = kept, 0
        self._writer.commit() if kept else self._writer.rollback()

    def renew(self) -> bool:
        if self._refusals < self.down:
            self._refusals += 1
            raise port.Lost("nobody answers")
        landed, self._landed = bool(self._landed), None
        return landed

    def is_broken(self, fault: BaseException) -> bool:
        return isinstance(fault, port.Lost) or self._writer.is_broken(fault)


@dataclass
class Remote:
    """A store whose database is elsewhere."""

    own: store.Store
    writer: Any

    def listen(self, listener: shared.Listener) -> AbstractContextManager[None]:
        return self.own.listen(listener)

    def reading(self) -> AbstractContextManager[port.Reader]:
        return self.own.reading()
