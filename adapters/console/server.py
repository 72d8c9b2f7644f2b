"""The HTTP API, for programs of this machine alone.

Every request carries ``Authorization: Bearer TOKEN``, by which its person is known. All answers are
JSON; a fault is ``{"error": "…"}``. What people and the bot said has no control characters in it:
those are named (``⟨U+001B⟩``), so it can be printed as it is.

- ``GET /v1/me`` → ``{"account", "chats"}``
- ``GET /v1/events?after=CURSOR&wait=SECONDS`` → ``{"entries", "cursor", "more", "missed"}``: what
  is new or changed since, in order; it waits up to 60 s for the first. Without ``after`` all that
  is kept. ``missed``: something since then is not kept any more.
- ``POST /v1/messages`` ``{"chat", "text", "reply_to", "id"}`` → the message. A second one with the
  same ``id`` (optional) is not taken again.
- ``POST /v1/clicks`` ``{"card", "revision", "action", "reason", "id"}`` → ``{"toast", "tone"}``
- ``POST /v1/recalls`` ``{"message"}`` → ``{}``
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import os
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import ConfigDict, TypeAdapter, ValidationError

from adapters.console import render
from adapters.console.history import Entry, History
from adapters.console.people import People, Refusal, may_see
from adapters.console.settings import Settings
from bot.model import ports
from bot.source.values import of_this_machine

log = logging.getLogger(__name__)

MOST_TEXT = 16 << 10
MOST_BODY = 64 << 10
MOST_WAITING = 16
"""Requests of one person that wait for news."""
LONGEST_WAIT = 60.0
PAGE = 200
LONGEST_CHAT = 256
"""Of the id of a ``[[group]]`` in bot.toml."""
MUTE = logging.Logger(f"{__name__}.mute")
"""For aiohttp, which writes headers that it can't read to the log, and with them tokens."""
MUTE.disabled = True
_NAME = re.compile(r"[\w-]{0,64}", re.ASCII)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = TypeVar("Body")
ACCOUNT = web.RequestKey("account", str)


@dataclass(frozen=True, slots=True)
class Saying:
    """The body of a message."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    chat: str
    text: str
    reply_to: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Click:
    """The body of a click. ``revision`` is that of the card as it was seen."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    card: str
    revision: int
    action: str
    reason: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Recalling:
    """The body of a recall."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    message: str


_SAYING, _CLICK, _RECALLING = TypeAdapter(Saying), TypeAdapter(Click), TypeAdapter(Recalling)


class Server:
    """Serves what is kept in ``history``, and brings to ``people`` what they do."""

    def __init__(
        self, settings: Settings, history: History, people: People, chats: Sequence[str]
    ) -> None:
        self._settings, self._history, self._people = settings, history, people
        self._chats = chats
        self._tokens = [(who, _digest(token)) for who, token in settings.tokens.items()]
        self._waiting: Counter[str] = Counter()
        self._closing = False
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises ports.CannotListen."""
        app = web.Application(client_max_size=MOST_BODY, middlewares=[self._guard])
        app.router.add_get("/v1/me", self._me)
        app.router.add_get("/v1/events", self._events)
        app.router.add_post("/v1/messages", self._say)
        app.router.add_post("/v1/clicks", self._click)
        app.router.add_post("/v1/recalls", self._recall)
        self._runner = web.AppRunner(app, access_log=None, logger=MUTE, shutdown_timeout=2.0)
        await self._runner.setup()
        where = self._settings.socket or self._settings.listen
        try:
            await self._site(self._runner).start()
        except OSError as fault:
            why = fault.strerror or fault
            message = f"can't listen on {where} for the console ({why}): see [console]"
            raise ports.CannotListen(message) from None
        if self._settings.socket:
            os.chmod(self._settings.socket, 0o660)
        log.info("the console listens on %s, for %d people", where, len(self._tokens))

    def _site(self, runner: web.AppRunner) -> web.BaseSite:
        if self._settings.socket:
            return web.UnixSite(runner, self._settings.socket)
        host, _, port = self._settings.listen.rpartition(":")
        host = host.strip("[]").replace("localhost", "127.0.0.1")
        if not of_this_machine(host):
            raise OSError("it is no address of this machine alone")
        return web.TCPSite(runner, host, int(port))

    async def close(self) -> None:
        """Let those who wait go, answer what is being taken, and take nothing more."""
        self._closing = True
        self._history.wake()
        if self._runner is not None:
            await self._runner.cleanup()

    # ------------------------------------------------------------------------- who is it

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who is known, and tell what went wrong as JSON."""
        try:
            request[ACCOUNT] = self._account(request)
            return await handler(request)
        except Refusal as fault:
            return web.json_response({"error": str(fault)}, status=fault.status)
        except ports.Closed:
            return _later("the bot is stopping; send it again")
        except web.HTTPException as fault:
            return web.json_response({"error": fault.reason}, status=fault.status)
        except OSError as fault:
            log.error("what was said can't be written: %s", fault)
            return _later("the bot's disk takes nothing now; send it again")
        except Exception:
            log.exception("a request could not be answered")
            return web.json_response(
                {"error": "this went wrong in the bot; send it again"}, status=500
            )

    def _account(self, request: web.Request) -> str:
        """The person whose token it is. No page of a browser gets this far."""
        if "Origin" in request.headers or not _home(request.headers.get("Host", "")):
            raise Refusal("pages in a browser may not talk to the console", 403)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        digest = _digest(token)
        known = [who for who, own in self._tokens if hmac.compare_digest(own, digest)]
        if scheme.lower() != "bearer" or len(known) != 1:
            raise Refusal("this token is nobody's: see [console.tokens] in bot.toml", 401)
        return known[0]

    # ------------------------------------------------------------------------- requests

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response({"account": request[ACCOUNT], "chats": self._chats})

    async def _say(self, request: web.Request) -> web.Response:
        body = await _body(request, _SAYING)
        if not body.text.strip():
            raise Refusal("text: there is nothing in it", 400)
        if len(body.text.encode()) > MOST_TEXT:
            raise Refusal(f"text: is too long, a message has at most {MOST_TEXT >> 10} KB", 413)
        if not _is_chat(body.chat):
            raise Refusal("chat: must be the name of a chat", 400)
        entry = await self._people.say(
            request[ACCOUNT], body.chat, body.text, body.reply_to, _name_of(body.id)
        )
        return web.json_response(_json(entry))

    async def _click(self, request: web.Request) -> web.Response:
        body = await _body(request, _CLICK)
        receipt = await self._people.click(
            request[ACCOUNT],
            body.card,
            body.revision,
            body.action,
            body.reason[:MOST_TEXT],
            _name_of(body.id),
        )
        answer = {"toast": render.visible(receipt.toast), "tone": receipt.tone}
        return web.json_response(answer)

    async def _recall(self, request: web.Request) -> web.Response:
        body = await _body(request, _RECALLING)
        await self._people.recall(request[ACCOUNT], body.message)
        return web.json_response({})

    async def _events(self, request: web.Request) -> web.Response:
        account, seq, missed = request[ACCOUNT], *self._since(request.query.get("after", ""))
        if self._waiting[account] >= MOST_WAITING:
            raise Refusal(f"{MOST_WAITING} requests of yours wait already", 429)
        self._waiting[account] += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_seconds(request.query.get("wait", "0"))):
                    while not (news := self._news(account, seq)) and not self._closing:
                        await self._history.changed()
        finally:
            self._waiting[account] -= 1
        news = self._news(account, seq)
        page = news[:PAGE]
        # what is hidden from this person is behind the cursor, too
        newest = page[-1].seq if len(news) > PAGE else self._history.head.seq
        return web.json_response(
            {
                "entries": [_json(entry) for entry in page],
                "cursor": f"{self._history.head.history}:{newest}",
                "more": len(news) > PAGE,
                "missed": missed,
            }
        )

    def _news(self, account: str, seq: int) -> list[Entry]:
        return [entry for entry in self._history.after(seq) if may_see(account, entry.chat)]

    def _since(self, cursor: str) -> tuple[int, bool]:
        """The number that a cursor stands for, and whether something since then is lost."""
        name, _, number = cursor.partition(":")
        if cursor and not re.fullmatch("[0-9a-f]{8}:[0-9]{1,18}", cursor):
            raise Refusal("after: must be a cursor that an earlier answer had", 400)
        head = self._history.head
        if not cursor or name != head.history:
            return 0, bool(cursor)
        return int(number), int(number) < head.lost


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _home(host: str) -> bool:
    """Does a Host header name this machine's loopback? Over a Unix socket it may say anything that
    a client puts there, and mostly ``localhost``."""
    try:
        name = "" if "@" in host else urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return of_this_machine(name)


def _is_chat(name: str) -> bool:
    """May it be the id of a ``[[group]]``, or a direct chat?"""
    return 0 < len(name) <= LONGEST_CHAT and name == name.strip() and name.isprintable()


def _later(reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=503, headers={"Retry-After": "1"})


async def _body(request: web.Request, kind: TypeAdapter[Body]) -> Body:
    if request.content_type != "application/json":
        raise Refusal("send application/json", 415)
    try:
        return kind.validate_json(await request.read(), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refusal(f"{where}: {first['msg']}" if where else first["msg"], 400) from None


def _name_of(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Refusal("id: must be at most 64 letters, digits, - and _", 400)
    return name


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text):
        raise Refusal("wait: must be a number of seconds", 400)
    return min(float(text), LONGEST_WAIT)


def _json(entry: Entry) -> dict[str, object]:
    """An entry as people see it. ``author`` is null for the bot."""
    return {
        "id": entry.id,
        "number": entry.number,
        "at": entry.at.isoformat(),
        "changed_at": entry.changed_at.isoformat(),
        "chat": entry.chat,
        "author": entry.author or None,
        "kind": entry.kind,
        "title": entry.title,
        "text": render.visible(entry.text) if entry.author else entry.text,
        "tone": entry.tone,
        "reply_to": entry.reply_to,
        "mentions": entry.mentions,
        "buttons": [
            {"action": b.action, "label": b.label, "style": b.style, "confirm": b.confirm}
            for b in entry.buttons
        ],
        "reason": entry.reason,
        "revision": len(entry.revisions) - 1,
        "recalled": entry.recalled,
    }
