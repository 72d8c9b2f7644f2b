"""Lark as the bot sees it: one door in, one door out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from adapters.common import http, websocket
from adapters.lark import api, connection, events, send
from adapters.lark.settings import Settings
from bot import model
from bot.model import ports

log = logging.getLogger(__name__)


class Lark:
    """The Lark/Feishu adapter (implements ports.Chat). ``settings`` say where and as whom,
    ``clock`` tells the time of tokens and of events that carry none."""

    name = events.PLATFORM

    def __init__(
        self,
        settings: Settings,
        clock: ports.Clock,
        count: ports.Count = ports.uncounted,
        tap: ports.Tap | None = None,
    ) -> None:
        self._settings = settings
        self._count = count
        self._clock = clock
        self._http = http.Http(
            settings.call_timeout,
            settings.connect_timeout,
            settings.ca_file,
            keep=30.0,
            party=self.name,
            tap=tap,
        )
        self._api = api.Api(settings, clock, self._http, count)
        self._sender = send.Sender(self._api, clock, settings.app_id, settings.reply_in_thread)
        self._open_id = self._name = ""
        self._connection: connection.Connection | None = None
        self._forms = list(settings.forms)
        self._subscribes = False
        self._subscribing: set[asyncio.Task[None]] = set()

    async def run(self, submit: ports.Submit, ready: Callable[[], None]) -> None:
        """Stay connected until cancelled; see ports.Chat. Raises ports.BadCredentials."""
        self._open_id, self._name = await self._itself()
        self._subscribes = True
        self._subscribe(self._forms)
        try:
            if self._settings.stream:
                self._connection = connection.Connection(
                    self._settings, self._clock, self._http, self._open_id, self._name
                )
                await self._connection.run(self._counted(submit), ready)
            else:
                ready()
                await asyncio.Event().wait()
        finally:
            for task in self._subscribing:
                task.cancel()

    def connection(self) -> ports.Connection | None:
        """How the long connection is; see ports.Chat."""
        if self._connection is None:
            return None
        return replace(self._connection.state(), ahead=self._http.ahead)

    def _counted(self, submit: ports.Submit) -> ports.Submit:
        """The same, with each event counted as a push."""

        def counted(event: model.Event) -> Awaitable[model.Receipt]:
            self._count("pushes")
            return submit(event)

        return counted

    def follow(self, forms: Sequence[str], groups: Sequence[str]) -> None:
        """Subscribe to the forms that are new. None is left: what came is judged by the bot."""
        new = [code for code in forms if code not in self._forms]
        self._forms += new
        if new and self._subscribes:
            self._subscribe(new)

    def decode(self, payload: Mapping[str, object]) -> model.Event | None:
        """The event in what came over HTTP, None for one of no interest. Raises ports.Closed before
        ``run`` has found out who the bot is."""
        if not self._open_id:
            raise ports.Closed("Lark has not said yet who the bot is")
        self._count("pushes")
        return events.to_event(payload, self._open_id, self._clock.now(), self._name)

    def answer(self, receipt: model.Receipt) -> Mapping[str, Any]:
        """What a card click that came over HTTP is answered."""
        return connection.content_of(receipt)

    async def perform(
        self,
        effect: ports.ChatEffect,
        attempt: model.Attempt,
    ) -> model.Outcome:
        """Send one effect; see ports.Chat. A repeated send is recognised by its uuid for an hour;
        one that was left unanswered for longer is looked for in the chat."""
        try:
            return await self._sender.perform(effect, attempt)
        except ports.Closed as over:
            log.info("%s is not gone on with: %s", effect.kind, over)
            return model.Unknown(str(over))
        except Exception as error:
            log.exception("%s could not be sent", effect.kind)
            return model.Unknown(f"{type(error).__name__} in the Lark adapter")

    async def close(self) -> None:
        """Close the pooled session."""
        await self._api.close()
        await self._http.close()

    async def _itself(self) -> tuple[str, str]:
        """The bot's open_id and name: without them it could not tell whether a group's message is
        for it. Tries until told. Raises ports.BadCredentials."""
        backoff = websocket.Backoff(self._settings.backoff_first, self._settings.backoff_most)
        while True:
            try:
                answer = await self._api.call("GET", "bot/v3/info")
                bot = answer.data.get("bot")
                known = bot if isinstance(bot, dict) else {}
                open_id, name = known.get("open_id"), known.get("app_name")
                if answer.code == 0 and isinstance(open_id, str) and open_id:
                    return open_id, name if isinstance(name, str) else ""
                problem = f"{answer.code}: {answer.message}; is the app's bot feature turned on?"
                if answer.code in api.TOKEN_STALE:
                    raise ports.BadCredentials(
                        f"Lark takes no token of this app ({answer.code}: {answer.message}). Check "
                        "app_id and app_secret in [lark]."
                    )
            except api.NoAnswer as error:
                problem = f"{error}; is domain in [lark] right, and reachable?"
            log.error("Lark does not say who the bot is (%s). Trying again.", problem)
            await asyncio.sleep(backoff.pause())

    def _subscribe(self, codes: Sequence[str]) -> None:
        task = asyncio.create_task(self._granted(codes), name="lark: subscribe")
        self._subscribing.add(task)
        task.add_done_callback(self._subscribing.discard)
        task.add_done_callback(_report)

    async def _granted(self, codes: Sequence[str]) -> None:
        """Ask for the events of these forms, until each is granted."""
        waiting = list(codes)
        backoff = websocket.Backoff(self._settings.backoff_first, 600.0, factor=4.0)
        while True:
            waiting = [code for code in waiting if not await self._subscribed(code)]
            if not waiting:
                return
            await asyncio.sleep(backoff.pause())

    async def _subscribed(self, code: str) -> bool:
        """Subscribe to one form's events. False: not granted now."""
        path = f"approval/v4/approvals/{quote(code, safe='')}/subscribe"
        try:
            answer = await self._api.call("POST", path)
        except (api.NoAnswer, ports.BadCredentials) as problem:
            log.error("cannot subscribe to the approval form %s: %s", code, problem)
            return False
        if answer.code in (0, api.ALREADY):
            return True
        reason = answer.outcome("approval:approval or approval:definition").reason
        log.error(
            "cannot subscribe to the approval form %s: %s. Its approvals will not be noticed until "
            "this is mended; trying again.",
            code,
            reason,
        )
        return False


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (problem := task.exception()) is not None:
        log.error("subscribing to approval forms failed", exc_info=problem)
