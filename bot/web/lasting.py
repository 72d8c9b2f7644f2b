"""What is worked out for whoever asks, and is good for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lasting(Generic[T]):
    """A value that ``make`` makes at most once in so many ``seconds`` of the clock ``tick``: all
    who ask meanwhile get the same one, however many they are. What failed is made again."""

    def __init__(
        self, make: Callable[[], Awaitable[T]], seconds: float, tick: Callable[[], float]
    ) -> None:
        self._make, self._seconds, self._tick = make, seconds, tick
        self._made = 0.0
        self._value: asyncio.Future[T] | None = None

    async def get(self) -> T:
        """The value; what ``make`` raises."""
        tick, value = self._tick(), self._value
        if value is None or (value.done() and (tick - self._made >= self._seconds or _bad(value))):
            self._made = tick
            value = self._value = asyncio.ensure_future(self._make())
        return await asyncio.shield(value)


def _bad(value: asyncio.Future[T]) -> bool:
    return value.cancelled() or value.exception() is not None
