"""The one place that wires: configuration → store, engine, outbox, timers, adapters; start to stop.

What is taken is on disk before it is acknowledged, and what is claimed is looked up after a crash:
so stopping is only a matter of manners. On SIGTERM nothing more is taken, calls in flight are
waited for, and the rest stays in the store for the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot import (
    config,
    core,
    engine,
    house,
    loading,
    model,
    outbox,
    poller,
    ports,
    store,
    texts,
    timer,
)
from bot.config import schema

log = logging.getLogger("countersign")

ABSENCE = timedelta(minutes=5)
"""Platforms deliver again for a few minutes at least; after longer we look ourselves."""
QUIET = ("apscheduler", "asyncio", "urllib3", "alibabacloud", "Lark", "dingtalk_stream")


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Stopped(Exception):
    """Something the bot cannot live without ended; the message says what."""


class App:
    """The whole bot. ``clock`` is the machine's unless a test brings its own."""

    def __init__(self, settings: config.Config, clock: ports.Clock | None = None) -> None:
        self.settings = settings
        self.clock: ports.Clock = clock or SystemClock()
        rules = settings.book.commands
        elsewhere = [name for name, rule in rules.items() if rule.engine == "oos"]
        commands = loading.load(settings.commands, elsewhere)
        self.house = house.House(
            settings.book,
            commands,
            settings.aliyun.region,
            settings.zone,
        )
        self._began = time.monotonic()
        self._failed: asyncio.Future[None] | None = None
        self._wakers: list[Callable[[], None]] = []

    def wake(self) -> None:
        """Look at everything that waits for a time now: somebody moved the clock."""
        for waker in self._wakers:
            waker()

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] | None = None) -> None:
        """Work until ``stop`` is set. Raises BadCredentials, Stopped, or what broke the store."""
        with contextlib.closing(store.Store(self.settings.database)) as opened:
            self._failed = asyncio.get_running_loop().create_future()
            door = engine.Engine(
                opened,
                lambda event: core.needs(self.house, event),
                lambda event, view, now: core.decide(self.house, event, view, now),
                self.clock,
                failed_toast=texts.say(self.settings.book.locale, "receipt.error"),
                failed=self._fail,
            )
            door.start()
            try:
                await self._serve(door, stop, ready)
            finally:
                await door.close()

    def _fail(self, fault: BaseException) -> None:
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(fault)

    async def _serve(
        self, door: engine.Engine, stop: asyncio.Event, ready: Callable[[], None] | None
    ) -> None:
        chats, executor = self._adapters()
        queue = outbox.Outbox(door, self._route(chats, executor), self._budgets(), self.clock)
        ticker = timer.Ticker(self.clock)
        timer.Timer(door, self.clock, ticker)
        timer.Janitor(door, ticker)
        poller.Poller(door, lambda _engine: executor, self.clock, ticker)
        self._wakers = [queue.wake]
        self._wakers += [
            functools.partial(ticker.wake, name) for name in (timer.Timer.NAME, poller.Poller.NAME)
        ]
        await queue.recover()
        await self._look_back(door)
        ticker.start()
        waiting = {name: asyncio.Event() for name in chats}
        side: dict[str, Awaitable[None]] = {"outbox": queue.run()}
        for name, chat in chats.items():
            side[name] = chat.run(door.submit, waiting[name].set)
        side["ready"] = self._announce(waiting, ready)
        tasks = {name: asyncio.ensure_future(task) for name, task in side.items()}
        try:
            await self._watch(tasks, stop)
        finally:
            log.info("stopping: nothing more is taken")
            for name in (*chats, "ready"):
                tasks[name].cancel()
            await asyncio.gather(
                *(tasks[name] for name in (*chats, "ready")), return_exceptions=True
            )
            ticker.stop()
            if not await queue.drain():
                log.warning("some calls were still in flight; they are looked up at the next start")
            await asyncio.gather(tasks["outbox"], return_exceptions=True)
            for chat in chats.values():
                await chat.close()
            await executor.close()

    async def _look_back(self, door: engine.Engine) -> None:
        """Tell the core how long the bot was away, if that was long enough to miss something."""
        since, now = await door.read(lambda reader: reader.last_event()), self.clock.now()
        if since is not None and now - since > ABSENCE:
            await door.submit(model.Started(f"started:{int(now.timestamp() * 1000)}", now, since))

    async def _announce(
        self, waiting: Mapping[str, asyncio.Event], ready: Callable[[], None] | None
    ) -> None:
        for event in waiting.values():
            await event.wait()
        log.info("ready after %.2f s: %s", time.monotonic() - self._began, ", ".join(waiting))
        if ready is not None:
            ready()

    async def _watch(self, tasks: Mapping[str, asyncio.Future[None]], stop: asyncio.Event) -> None:
        """Wait for the order to stop; a side task that ends before is the end of all."""
        assert self._failed is not None
        stopping = asyncio.ensure_future(stop.wait())
        names = {task: name for name, task in tasks.items()}
        living: set[asyncio.Future[Any]] = {*tasks.values(), stopping, self._failed}
        while not stopping.done():
            done, living = await asyncio.wait(living, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():  # what else ended did so because of it
                self._failed.result()
            for task in done - {stopping}:
                task.result()
                if names[task] != "ready":
                    raise Stopped(f"{names[task]} ended by itself")

    # ------------------------------------------------------------- from settings to adapters

    def _adapters(self) -> tuple[dict[str, ports.Chat], ports.Executor]:
        chats: dict[str, ports.Chat] = {}
        settings = self.settings
        if settings.dingtalk is not None:
            chats["dingtalk"] = self._dingtalk(settings.dingtalk)
        if settings.lark is not None:
            chats["lark"] = self._lark(settings.lark)
        return chats, self._aliyun()

    def _dingtalk(self, table: schema.DingTalk) -> ports.Chat:
        from adapters import dingtalk

        return dingtalk.DingTalk(
            dingtalk.Settings(
                client_id=table.client_id,
                client_secret=table.client_secret.reveal(),
                robot_code=table.robot_code,
                endpoint=table.endpoint,
                webhook_hosts=table.webhook_hosts,
                card_template=table.card_template,
                plain_template=table.plain_template,
                card_value_bytes=table.card_value_bytes,
                idle_seconds=table.idle_seconds,
                call_timeout=table.call_timeout,
                late_reply=table.late_reply,
                ca_file=str(table.ca_file or ""),
            ),
            self.clock,
        )

    def _lark(self, table: schema.Lark) -> ports.Chat:
        from adapters import lark

        forms = tuple(rule.form for rule in self.settings.book.forms if rule.platform == "lark")
        return lark.Lark(
            lark.Settings(
                app_id=table.app_id,
                app_secret=table.app_secret.reveal(),
                domain=table.domain,
                forms=forms,
                idle_seconds=table.idle_seconds,
                call_timeout=table.call_timeout,
                reply_in_thread=table.reply_in_thread,
                ca_file=str(table.ca_file or ""),
            ),
            self.clock,
        )

    def _aliyun(self) -> ports.Executor:
        from adapters import aliyun

        table = self.settings.aliyun
        keys = table.credentials
        return aliyun.Aliyun(
            aliyun.Settings(
                region=table.region,
                endpoint=table.endpoint,
                credentials=aliyun.Credentials(
                    kind=keys.type,
                    key_id=keys.key_id,
                    key_secret=keys.key_secret.reveal() if keys.key_secret else "",
                    security_token=keys.security_token.reveal() if keys.security_token else "",
                    role_arn=keys.role_arn,
                    external_id=keys.external_id,
                    sts_endpoint=keys.sts_endpoint or "",
                ),
                read_timeout=table.call_timeout,
                max_instances_per_call=table.max_instances_per_call,
                page_size=table.page_size,
                ca_file=str(table.ca_file or ""),
            ),
            self.clock,
        )

    def _budgets(self) -> list[outbox.Budget]:
        return [
            outbox.Budget(b.platform, frozenset(b.kinds), b.per, b.count, b.seconds)
            for b in self.settings.budgets
        ]

    @staticmethod
    def _route(chats: Mapping[str, ports.Chat], executor: ports.Executor) -> outbox.Route:
        def route(effect: model.Effect) -> outbox.Performer:
            match effect:
                case (
                    model.Resolve()
                    | model.StartRun()
                    | model.StopRun()
                    | model.TellRun()
                    | model.RunCall()
                ):
                    return executor
                case model.FetchForm() | model.ListForms():
                    return chats.get(effect.platform) or Nowhere()
                case _:
                    return chats.get(effect.place.platform) or Nowhere()

        return route


class Nowhere:
    """Stands in for a platform that is no longer configured: everything sent there is refused."""

    async def perform(self, effect: model.Effect, doubt: bool) -> model.Outcome:
        return model.Refused("this platform is not configured in bot.toml", code="not_configured")


def log_to_stderr(level: str) -> None:
    """One line per event of the bot itself; the SDKs only speak up when something is wrong."""
    logging.basicConfig(
        level=level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def settle() -> None:
    """Leave what was made by the start out of all collections of garbage to come: going over it
    again and again would stop everything for a tenth of a second each time."""
    gc.collect()
    gc.freeze()


def run(settings: config.Config, clock: ports.Clock | None = None) -> int:
    """Run the bot until SIGTERM or SIGINT. Returns the exit status: 0 stopped as asked, 1 not."""
    log_to_stderr(settings.bot.log_level)

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await App(settings, clock).run(stop, settle)

    return ended(main())


def ended(main: Coroutine[Any, Any, None]) -> int:
    try:
        asyncio.run(main)
    except ports.BadCredentials as error:
        log.critical("%s", error)
        return 1
    except (loading.CatalogError, store.Locked, store.Unusable, Stopped) as error:
        log.critical("%s", error)
        return 1
    except store.Broken as error:
        log.critical(
            "the store failed: %s. Nothing was acknowledged that is not on disk: make room or mend "
            "the disk under [bot] data, and start again",
            error,
        )
        return 1
    return 0
