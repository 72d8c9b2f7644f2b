"""The client's side of the HTTP API."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError

Answer = TypeVar("Answer")
TRIES = 5
PATIENCE = 30.0
WAIT = 25


class Refused(Exception):
    """The bot said no; the message is its own."""


class Stranger(Refused):
    """The bot does not know the token."""


class Unreachable(Exception):
    """No bot answers there."""


@dataclass(frozen=True, slots=True)
class Button:
    """``confirm``: a question to be asked before it is pressed, "" for none."""

    action: str
    label: str
    style: str
    confirm: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A message or card as it is now; see ``adapters.console.server``."""

    id: str
    number: int
    at: str
    changed_at: str
    chat: str
    kind: str
    title: str
    text: str
    tone: str
    reply_to: str
    mentions: tuple[str, ...]
    buttons: tuple[Button, ...]
    reason: str
    revision: int
    recalled: bool
    author: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """News: ``more`` is to be had at once, ``missed`` is not to be had any more."""

    entries: tuple[Entry, ...]
    cursor: str
    more: bool
    missed: bool


@dataclass(frozen=True, slots=True)
class Me:
    """Who a token stands for, and the chats that the bot works in."""

    account: str
    chats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Toast:
    """What a click is answered."""

    toast: str
    tone: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a bot listens: a URL, or the path of a Unix socket."""

    url: str = "http://localhost"
    socket: Path | None = None


_PAGE, _ME, _TOAST = TypeAdapter(Page), TypeAdapter(Me), TypeAdapter(Toast)


class Client:
    """One person's connection. What is sent carries an id, so it is sent again without harm when
    its answer was lost."""

    def __init__(self, address: Address, token: str) -> None:
        self._address, self._token = address, token
        self._cursor = ""
        self._session: aiohttp.ClientSession | None = None

    async def me(self) -> Me:
        return _read(_ME, await self._call("GET", "/v1/me", tries=1))

    async def news(self, wait: int = WAIT) -> Page:
        """What is new or changed since the last page. Raises Unreachable and Refused."""
        query = {"after": self._cursor, "wait": str(wait)}
        page = _read(_PAGE, await self._call("GET", "/v1/events", query, tries=1))
        self._cursor = page.cursor
        return page

    async def say(self, chat: str, text: str, reply_to: str = "") -> None:
        body = {"chat": chat, "text": text, "reply_to": reply_to, "id": secrets.token_hex(8)}
        await self._call("POST", "/v1/messages", body=body)

    async def click(self, card: str, revision: int, action: str, reason: str = "") -> Toast:
        """Press a button as it was seen at a revision of its card."""
        body = {
            "card": card,
            "revision": revision,
            "action": action,
            "reason": reason,
            "id": secrets.token_hex(8),
        }
        return _read(_TOAST, await self._call("POST", "/v1/clicks", body=body))

    async def recall(self, message: str) -> None:
        await self._call("POST", "/v1/recalls", body={"message": message})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _call(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        tries: int = TRIES,
    ) -> bytes:
        """The answer. Raises Refused, Stranger, and after so many tries Unreachable."""
        for number in range(tries):
            if number:
                await asyncio.sleep(0.5 * 2**number)
            try:
                status, content = await self._request(method, path, query, body)
            except (aiohttp.ClientError, OSError, TimeoutError) as fault:
                reason = f"no bot answers there ({type(fault).__name__})"
                continue
            if status == 200:
                return content
            reason = _reason(content, status)
            if status == 401:
                raise Stranger(reason)
            if status < 500:
                raise Refused(reason)
        raise Unreachable(reason)

    async def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None,
        body: Mapping[str, object] | None,
    ) -> tuple[int, bytes]:
        if self._session is None:
            socket = self._address.socket
            self._session = aiohttp.ClientSession(
                trust_env=False,
                connector=aiohttp.UnixConnector(str(socket)) if socket else None,
                timeout=aiohttp.ClientTimeout(total=PATIENCE + WAIT),
            )
        headers = {"Authorization": f"Bearer {self._token}"}
        url = self._address.url + path
        async with self._session.request(
            method, url, params=query, json=body, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, await answer.read()


def _read(kind: TypeAdapter[Answer], content: bytes) -> Answer:
    try:
        return kind.validate_json(content)
    except ValidationError:
        raise Refused(
            "what answers there is no bot with a console, or of another version"
        ) from None


def _reason(content: bytes, status: int) -> str:
    try:
        return str(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {status}"
