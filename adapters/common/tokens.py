"""An access token: fetched once for all who wait for it, early, and again when it is refused."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from bot.model import ports

Fetch = Callable[[], Awaitable[tuple[str, float]]]
"""Asks for a new token: it and its seconds. What it raises, everybody gets who waits for it."""


class Token:
    """The token of one application. ``early``: seconds before its end from which a new one is
    asked for, at most a quarter of its life."""

    def __init__(self, fetch: Fetch, clock: ports.Clock, early: float) -> None:
        self._fetch = fetch
        self._clock = clock
        self._early = early
        self._value = ""
        self._until = -math.inf
        self._fetching: asyncio.Task[str] | None = None

    async def get(self, refused: str = "") -> str:
        """A token that is not ``refused``, which the platform takes no more."""
        fresh = self._value != refused and self._clock.monotonic() < self._until
        if self._value and fresh:
            return self._value
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._renew(), name="fetch a token")
        return await asyncio.shield(self._fetching)

    async def close(self) -> None:
        """Wait for no token any more."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def _renew(self) -> str:
        value, seconds = await self._fetch()
        self._value = value
        self._until = self._clock.monotonic() + seconds - min(self._early, seconds / 4)
        return value
