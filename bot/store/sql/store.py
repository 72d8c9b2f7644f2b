"""A store that is open, whichever database it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, Self

from bot.store import port
from bot.store.sql.reader import Reader
from bot.store.sql.writer import Writer


class Store(port.Store, Protocol):
    """As ``port.Store``, for the tools that need more of it than the bot."""

    @property
    def writer(self) -> Writer | None: ...

    def reading(self) -> AbstractContextManager[Reader]: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Let go of it."""
