"""A calendar is fetched, or read from its file, and its events are told."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import yarl

from adapters.calendars import events
from adapters.common import http
from bot import model
from bot.model import ports

MOST_BYTES = 1 << 20


class Calendars:
    """One session for all. No redirect is followed, and no more than a megabyte read. Nothing of it
    is captured: it is full of names, and its address may be a secret."""

    def __init__(self) -> None:
        self._http = http.Http(timeout=20.0, connect_timeout=5.0)

    async def events(
        self, address: str, zone: str, begin: datetime, end: datetime
    ) -> tuple[model.CalendarEvent, ...]:
        """The events between two moments; ``zone`` is where times are read that name none. Raises
        ports.PollFailed, which tells nothing of the address."""
        if address.startswith(("https://", "http://")):
            text = await self._fetched(address)
        else:
            text = await asyncio.to_thread(_file, Path(address))
        return await asyncio.to_thread(events.between, text, zone, begin, end)

    async def close(self) -> None:
        """Release connections."""
        await self._http.close()

    async def _fetched(self, address: str) -> str:
        try:
            url = yarl.URL(address, encoded=True)
            answer = await self._http.call("GET", url, most=MOST_BYTES + 1)
        except http.NoAnswer as problem:
            reason = "its certificate is not trusted" if problem.untrusted else problem.kind
            raise ports.PollFailed(f"its server gave no answer ({reason})") from None
        if 300 <= answer.status < 400:
            raise ports.PollFailed("its server answers with a redirect, which is not followed")
        if answer.status != 200:
            raise ports.PollFailed(f"its server answers with HTTP status {answer.status}")
        return _bounded(answer.text)


def _file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(MOST_BYTES + 1).decode("utf-8", "replace"))
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or type(fault).__name__
        raise ports.PollFailed(f"its file cannot be read: {reason}") from None


def _bounded(text: str) -> str:
    if len(text.encode()) > MOST_BYTES:
        raise ports.PollFailed(f"it is too large: at most {MOST_BYTES >> 10} KB are read")
    return text
