"""From start to stop: store, engine, outbox, timers and adapters, each a supervised task.

What is taken is on disk before it is acknowledged, and what is claimed is looked up after a crash:
so stopping is only a matter of manners. On SIGTERM nothing more is taken, calls in flight are
waited for, and the rest stays in the store for the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import gc
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import capture, cards, config, core, model, policy, release, source, store, texts
from bot.app import agreement, capturing, control, operate, reload, sharing, supervisor, traces
from bot.app import bus as bus_
from bot.app import key as key_
from bot.app import outside as outside_
from bot.model import manifests, ports
from bot.runtime import (
    calendars,
    clock,
    engine,
    logs,
    matcher,
    outbox,
    poller,
    scheduler,
    usage,
    watcher,
)
from bot.web import health

log = logging.getLogger("countersign")

ABSENCE = timedelta(minutes=5)
"""Platforms deliver again for a few minutes at least; after longer we look ourselves."""
UNKNOWN_ABSENCE = timedelta(hours=1)
COLLECT_AFTER = (10_000, 5, 2)
"""So many more objects than before are looked through, and so many such collections lead to one of
the next generation; see ``gc.set_threshold``."""
QUIET = ("apscheduler", "asyncio", "urllib3")
"""Libraries that only speak up when something is wrong, beside those of the adapters."""


class Stopped(Exception):
    """Something the bot cannot live without ended; the message says what."""


class App:
    """The whole bot. ``wall`` is the machine's clock unless a test brings its own."""

    def __init__(self, settings: config.Config, wall: ports.Wall | None = None) -> None:
        self.settings = settings
        self._wall = sharing.wall_of(settings) if wall is None else None
        self.clock = clock.Steady(wall or self._wall or clock.MachineClock())
        self.deployment = reload.deployment_of(settings)
        for warning in self.deployment.catalog.warnings:
            log.warning("%s", warning)
        self.used = usage.Counter(settings.book.quotas)
        self._hangup = asyncio.Event()
        self.supervisor = supervisor.Supervisor()
        self._began = time.monotonic()
        self._failed: asyncio.Future[None] | None = None
        self._wakers: list[Callable[[], None]] = []
        self._recorder: capture.Recorder | None = None

    def reload_soon(self) -> None:
        """Take up the configuration as it is now, once the bot works; SIGHUP asks for it."""
        self._hangup.set()

    def wake(self) -> None:
        """Look at everything that waits for a time now: a test let time pass."""
        self.clock.pass_by()
        self._look_again()

    async def run(self, stop: asyncio.Event, ready: Callable[[], None] | None = None) -> None:
        """Work until ``stop`` is set. Raises BadCredentials, CannotListen, Invalid, Stopped, or
        what broke the store."""
        self.deployment = dataclasses.replace(self.deployment, key=key_.of(self.settings))
        running = reload.loaded(self.settings, self.deployment)
        self._recorder = capturing.recorder(self.settings, self.deployment)
        mark = self.settings.mark or store.place_of_mark(self.settings.database)
        if self.settings.bot.store is not None:
            provide(self.settings.data)
        with store.opened(self.settings.location, mark=mark) as opened:
            if self.settings.bot.store is not None:
                key_.agreed(self.deployment.key, opened)
            assert opened.writer is not None
            if self._wall is not None:
                self._wall.set(opened.writer.time())
                self.clock.begin()
            self._recognise(opened)
            self._failed = asyncio.get_running_loop().create_future()
            door = engine.Engine(
                opened,
                lambda event: core.read(self.deployment, event),
                self.clock,
                failed_toast=lambda: texts.say(self.deployment.book.locale, "receipt.error"),
                failed=self._fail,
                judge=lambda effect, view, now: core.refusal_of_claim(
                    self.deployment, effect, capturing.learned(self._recorder, view), now
                ),
                used=self.used,
            )
            reloader = reload.Reloader(door, self.clock, running, self._take, self._hangup)
            async with operate.traced(self.settings, door, opened.writer.installation):
                door.start()
                try:
                    shared = self._shared(door, reloader)
                    if shared is not None and not await shared.agreed(stop):
                        return
                    await reloader.begin()
                    async with (
                        capturing.captured(self._recorder, door),
                        contextlib.nullcontext() if shared is None else shared.joined(),
                    ):
                        await self._serve(door, opened, shared, stop, ready, reloader)
                finally:
                    await door.close()

    def _shared(self, door: engine.Engine, reloader: reload.Reloader) -> sharing.Shared | None:
        """This process among those that share the store; None: it is alone."""
        if self.settings.bot.store is None:
            return None
        return sharing.Shared(
            self.settings, door, self.clock, self._wall, reloader, self._look_again
        )

    def _take(self, loaded: reload.Loaded) -> None:
        """From here on everything is decided by this configuration."""
        self.settings, self.deployment = loaded.settings, loaded.deployment

    def _recognise(self, opened: store.sql.store.Store) -> None:
        """Is it an older copy that was put back by other means than ``restore``?"""
        done = store.recognise(opened, self.clock.now())
        if done is not None:
            log.warning("the store is older than the one that was here. %s", _put_back(done))

    async def _look_for_traces(
        self, door: engine.Engine, opened: store.sql.store.Store, outside: outside_.Outside
    ) -> None:
        """Was something started that this store does not know? Then it is an older copy."""
        token = await traces.unknown(door, outside.executor)
        if token:
            now = self.clock.now()
            done = await door.write(lambda _: store.take_for_old(opened, now))
            log.warning("%s was started, and not by this store. %s", token, _put_back(done))

    def _fail(self, fault: BaseException) -> None:
        if self._failed is not None and not self._failed.done():
            self._failed.set_exception(fault)

    async def _serve(
        self,
        door: engine.Engine,
        opened: store.sql.store.Store,
        shared: sharing.Shared | None,
        stop: asyncio.Event,
        ready: Callable[[], None] | None,
        reloader: reload.Reloader,
    ) -> None:
        key, tap = self.deployment.key, self._recorder
        outside = outside_.Outside.of(self.settings, self.clock, key, self.used, tap)
        chats = outside.chats
        bus = bus_.Bus.of(self.settings, outside, door.submit, self.clock, self._book, tap)
        routes = bus_.Routes(bus, self.clock, key, tap)
        matching = matcher.Matcher(lambda: self.deployment.rules)
        inlet = bus_.inlet_of(self.settings, chats, self.clock, matching.look, tap)
        queue = outbox.Outbox(
            door,
            routes.to,
            self.settings.budgets,
            self.clock,
            account=routes.account,
            draw=self._draw,
            membership=None if shared is None else shared.membership,
        )
        leads = (lambda: True) if shared is None else shared.membership.is_leader
        ticker = scheduler.Ticker(self.clock, leads)
        looker = self._scheduled(door, ticker, routes)
        self._wakers = [queue.wake, ticker.wake_all]
        watch = clock.Watch(door, self.clock, self._look_again, leads)
        set_by = await watch.begin()
        await queue.recover()
        await self._look_for_traces(door, opened, outside)
        await self._tell_of_restore(door)
        await self._look_back(door, set_by)
        ticker.start()
        waiting = {name: asyncio.Event() for name in chats}
        side: dict[str, Awaitable[None]] = {"outbox": queue.run(), "clock": watch.run()}
        if shared is not None:
            shared.membership.calls = queue
            shared.membership.unreached = lambda: health.unreached(chats, self.clock.now())
            side |= shared.tasks()
        side |= self._reloading(reloader, routes, queue, inlet)
        for name, chat in chats.items():
            side[name] = chat.run(door.submit, waiting[name].set)
        if inlet is not None:
            waiting["http"] = asyncio.Event()
            side["http"] = inlet.run(door.submit, looker.hurry, waiting["http"].set)
        parts = health.Parts(door, self.clock, queue, waiting, chats, self.settings.data)
        operating = operate.listener_of(self.settings, parts)
        if operating is not None:
            waiting["web"] = asyncio.Event()
            side["web"] = operating.run(waiting["web"].set)
        if self.supervisor.every is not None:
            side["watchdog"] = self.supervisor.run()
        side["ready"] = self._announce(waiting, ready)
        tasks = {name: asyncio.ensure_future(task) for name, task in side.items()}
        self.supervisor.tell(READY=1, STATUS=f"connecting to {', '.join(waiting)}")
        try:
            await self._watch(tasks, stop)
        finally:
            await self._take_no_more(tasks, ticker, queue)
            await routes.bus.close()
            if inlet is not None:
                await inlet.close()
            matching.close()

    def _scheduled(
        self, door: engine.Engine, ticker: scheduler.Ticker, routes: bus_.Routes
    ) -> poller.Poller:
        """Everything that the ticker calls; what looks at runs is told when one may have ended."""
        scheduler.Timer(door, self.clock, ticker)
        remember = self.settings.http.remember if self.settings.http is not None else None
        scheduler.Janitor(door, self.clock, ticker, remember=remember, texts=self.settings.bot.keep)
        scheduler.UsageKeeper(door, self.clock, ticker, self.used)
        if self.settings.book.watch is not None:
            region = self.settings.oos.region or self.settings.cloud.region
            watcher.Watcher(door, routes.bus.outside.oos, region, self.clock, ticker)
        calendars.Reader(
            door,
            routes.bus.outside.calendars,
            lambda: self.settings.calendars,
            self.clock,
            ticker,
        )
        return poller.Poller(door, routes.executor, self.clock, ticker, ticker.leads)

    async def _take_no_more(
        self,
        tasks: Mapping[str, asyncio.Future[None]],
        ticker: scheduler.Ticker,
        queue: outbox.Outbox,
    ) -> None:
        """Shut every way in, and wait for the calls in flight."""
        log.info("stopping: nothing more is taken")
        self.supervisor.tell(STOPPING=1, STATUS="stopping")
        needed = {"outbox", "replica"}
        await _cancel(task for name, task in tasks.items() if name not in needed)
        ticker.stop()
        if not await queue.drain():
            log.warning("some calls were still in flight; they are looked up at the next start")
        await asyncio.gather(tasks["outbox"], return_exceptions=True)
        await _cancel(tasks[name] for name in tasks.keys() & {"replica"})

    def _reloading(
        self,
        reloader: reload.Reloader,
        routes: bus_.Routes,
        queue: outbox.Outbox,
        inlet: ports.Inlet | None,
    ) -> dict[str, Awaitable[None]]:
        """The tasks by which the configuration is reloaded; whoever has a part in it is told."""
        outside, recorder, partial = routes.bus.outside, self._recorder, functools.partial
        reloader.parties += [
            lambda now: routes.follow(self.settings, now.settings),
            lambda now: partial(queue.limit, now.settings.budgets),
        ]
        if inlet is not None:
            reloader.parties.append(
                lambda now: inlet.follow(bus_.sources_of(now.settings, outside.chats))
            )
        if recorder is not None:
            reloader.parties.append(
                lambda now: capturing.follow(recorder, now.settings, now.deployment)
            )
        reloader.watchers.append(lambda settings: outside.follow(settings, self.clock))
        by_socket = control.Control(
            self.settings.data, {"reload": reloader.answer, control.PUT_IN_USE: reloader.answer}
        )
        return {"reload": reloader.run(), "control": by_socket.run()}

    async def _tell_of_restore(self, door: engine.Engine) -> None:
        """Tell the core of each request that was open when the store was put back from a copy."""
        when = await door.read(lambda reader: reader.restored())
        if when is None:
            return
        for number in await door.read(lambda reader: reader.open_numbers()):
            id_ = f"restored:{int(when.timestamp() * 1000)}:{number}"
            await door.submit(model.Restored(id_, self.clock.now(), number))
        await door.write(lambda writer: writer.forget_restore())

    def _book(self) -> policy.Book:
        return self.deployment.book

    def _draw(self, effect: model.StoredEffect, view: model.View) -> model.CardEffect:
        now = self.deployment.as_of(self.clock.now(), view.archive)
        return cards.draw(now, effect, view)

    def _look_again(self) -> None:
        for waker in self._wakers:
            waker()

    async def _look_back(self, door: engine.Engine, set_by: timedelta) -> None:
        """Tell the core how long the bot was away, if that was long enough to miss something; a
        clock that was set back meanwhile can't say, so a good while is looked back."""
        since, now = await door.read(lambda reader: reader.last_event()), self.clock.now()
        if since is not None and (set_by or since > now):
            since = now - UNKNOWN_ABSENCE
        if since is not None and now - since > ABSENCE:
            await door.submit(model.Started(f"started:{int(now.timestamp() * 1000)}", now, since))

    async def _announce(
        self, waiting: Mapping[str, asyncio.Event], ready: Callable[[], None] | None
    ) -> None:
        for event in waiting.values():
            await event.wait()
        self.supervisor.tell(STATUS=f"ready: {', '.join(waiting)}")
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


async def _cancel(tasks: Iterable[asyncio.Future[None]]) -> None:
    """End tasks, and wait until they have."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)


def _put_back(done: store.Restored) -> str:
    """What was found out about a copy, for the log."""
    return (
        f"A copy as of audit entry {done.contents.stamp} was put back: {done.held} undecided "
        f"requests are held, and people are told; the next is #{done.first}"
    )


def banner(settings: config.Config) -> str:
    """What starts here, from which file, and what it is going to connect to."""
    adapters = settings.adapters
    parts = [connected(settings, adapters.chat(name)) for name in settings.platforms]
    parts.append(connected(settings, adapters.cloud))
    if settings.http is not None:
        parts.append(f"http {settings.http.listen}")
    return (
        f"countersign {release.version()} starts: configuration {settings.path}, "
        f"data {settings.data}, {len(settings.book.commands)} commands, {', '.join(parts)}"
    )


def connected(settings: config.Config, manifest: manifests.Manifest[Any]) -> str:
    """An adapter's name, and where it is going to connect to."""
    table = settings.tables[manifest.name]
    places = [str(getattr(table, key)) for key in manifest.shown]
    return f"{manifest.name} {next(filter(None, places), '')}"


def provide(folder: Path) -> None:
    """Make the folder of runtime data, as the SQLite store does. Raises Unusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise store.Unusable(
            f"the folder {folder} cannot be made: {fault.strerror}. Let [bot] data be a folder "
            "that this user may write"
        ) from fault


def settle() -> None:
    """Leave what was made by the start out of all collections of garbage to come: going over it
    again and again would stop everything for a tenth of a second each time. Nor is what a few dozen
    events are made of looked through while they are under way."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def hangup_of(bot: App, stop: asyncio.Event) -> Callable[[], None]:
    """What SIGHUP does: a reload. Where the terminal was closed in which the bot was started, it
    stops, unless it was told to outlive that (nohup)."""
    outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN or not has_terminal()

    def hang_up() -> None:
        if outlives or has_terminal():
            bot.reload_soon()
        else:
            log.info("the terminal was closed")
            stop.set()

    return hang_up


def has_terminal() -> bool:
    """Has this process a terminal that is open?"""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def run(settings: config.Config, wall: ports.Wall | None = None) -> int:
    """Run the bot until SIGTERM or SIGINT. Returns the exit status: 0 stopped as asked, 1 not."""
    adapters = settings.adapters
    parties = (*adapters.chats, adapters.cloud)
    quiet = (*QUIET, *(name for one in parties for name in one.loggers))
    logs.to_stderr(settings.bot.log_level, settings.bot.log_format, quiet)
    log.info("%s", banner(settings))

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        bot = App(settings, wall)
        loop.add_signal_handler(signal.SIGHUP, hangup_of(bot, stop))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        await bot.run(stop, settle)

    return ended(main())


def ended(main: Coroutine[Any, Any, None]) -> int:
    try:
        asyncio.run(main)
    except (ports.BadCredentials, ports.CannotListen) as error:
        log.critical("%s", error)
        return 1
    except (source.Invalid, store.Locked, store.Unusable, agreement.Differs, Stopped) as error:
        log.critical("%s", error)
        return 1
    except store.Broken as error:
        log.critical(
            "the store failed: %s. Nothing was acknowledged that is not on disk: make room or mend "
            "the disk of the database, or under [bot] data, and start again",
            error,
        )
        return 1
    return 0
