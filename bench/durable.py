"""Runs of templates on the real store, core, outbox and timers, with an outside that answers every
call at once: what is left is what a run costs that survives everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bench import frames, processes
from bot import cards, core, model, store
from bot.app import adapters
from bot.app import main as app
from bot.runtime import clock, engine, outbox, scheduler

PATIENCE = 300.0
LOOKS = 0.01
"""Seconds between looks at the store, whether all runs are where they should be."""
_RULES = """
[role.dev]
commands = ["*"]

[[webhook.robot]]
name = "ops"
platform = "plain"
url = { file = "robot-url" }
"""
_COMMAND = """
[command.{name}]
policy = "one"
most_targets = 1000
"""


def configuration(folder: Path, url: str, templates: Mapping[str, str]) -> Path:
    """A fresh folder with a ``bot.toml`` whose commands are these templates (name → text)."""
    commands = folder / "commands"
    rules = _RULES + "".join(_COMMAND.format(name=name) for name in templates)
    path = processes.configuration(folder, url, commands, rules)
    (folder / "robot-url").write_text(f"{url}/robot", "utf-8")
    commands.mkdir()
    for name, text in templates.items():
        (commands / f"{name}.yml").write_text(text, "utf-8")
    return path


class Outside:
    """Does whatever it is asked at once. ``documents`` is what each API answers."""

    def __init__(self, documents: Mapping[str, Any]) -> None:
        self._answers = {
            api: model.Done(data={"document": document}) for api, document in documents.items()
        }

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        match effect:
            case model.RunCall(what=model.calls.Api(api=api)):
                return self._answers[api]
            case model.RunCall():
                return model.Done()
            case model.ShowCard():
                return model.Done(f"card-{effect.drawing.request}")
            case _:
                return model.Done()


class Durable:
    """The bot without its platforms. Made by ``opened``."""

    def __init__(self, path: Path, documents: Mapping[str, Any]) -> None:
        self.app = app.App(adapters.load(path))
        self.deployment = self.app.deployment
        self.store = store.Store(self.app.settings.database)
        self.outside = Outside(documents)
        self.clock = clock.Steady(clock.MachineClock())
        self._asked = 0
        self.engine = engine.Engine(
            self.store,
            lambda event: core.read(self.deployment, event),
            self.clock,
        )

    def draw(
        self, effect: model.StoredEffect, view: model.View
    ) -> model.ShowCard | model.UpdateCard:
        return cards.draw(self.deployment, effect, view)

    async def ask(self, text: str, count: int = 1) -> list[int]:
        """Ask for an operation so many times. Returns the numbers of the requests, all of which
        wait for a vote."""
        first = self._asked + 1
        numbers = range(first, first + count)
        self._asked += count
        await self._all(self._asking(number, text) for number in numbers)
        await self.until(numbers, model.State.PENDING)
        return list(numbers)

    async def begin(self, numbers: Iterable[int]) -> None:
        """Have requests approved."""
        await self._all([await self._approval(number) for number in numbers])

    async def until(self, numbers: Iterable[int], *states: model.State) -> None:
        """Wait until these requests, whose numbers follow each other, are in one of the states.
        RuntimeError: one ended otherwise."""
        numbers = list(numbers)
        names = {state.value for state in states}

        def there(reader: store.Reader) -> bool:
            found = _states(reader.connection, numbers[0], numbers[-1])
            if any(model.State(name).final for name in found.keys() - names):
                raise RuntimeError(f"the runs should be {names}, and are {found}")
            return found.keys() <= names and sum(found.values()) == len(numbers)

        await self._until(there)

    async def settled(self) -> None:
        """Wait until nothing is left in the queue."""
        await self._until(lambda reader: not reader.status().effects)

    async def _until(self, there: Callable[[store.Reader], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not await self.engine.read(there):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the runs did not get on within {PATIENCE:.0f} s")
            await asyncio.sleep(LOOKS)

    async def _all(self, events: Iterable[model.Event]) -> None:
        for future in [self.engine.submit(event) for event in events]:
            await future

    def _account(self, person: str) -> model.Account:
        return model.Account("dingtalk", frames.CORP, person, person)

    def _asking(self, number: int, text: str) -> model.Event:
        place = model.Place("dingtalk", frames.CORP, frames.CHAT, f"m{number}")
        asker = self._account(frames.person("dingtalk", number % frames.PEOPLE))
        return model.MessageReceived(f"ask:{number}", self.clock.now(), asker, place, text)

    async def _approval(self, number: int) -> model.Event:
        request = await self.engine.read(lambda reader: reader.request(number))
        assert request is not None
        return model.CardAction(
            f"approve:{number}",
            self.clock.now(),
            self._account("u-approver"),
            request.place,
            request.card,
            "approve",
            number,
            request.code,
        )


@contextlib.asynccontextmanager
async def opened(path: Path, documents: Mapping[str, Any]) -> AsyncIterator[Durable]:
    """The bot of a configuration, at work; ``documents`` is what each API answers."""
    durable = Durable(path, documents)
    with contextlib.closing(durable.store):
        door = durable.engine
        door.start()
        ticker = scheduler.Ticker(durable.clock)
        scheduler.Timer(door, durable.clock, ticker)
        queue = outbox.Outbox(
            door, lambda effect: durable.outside, (), durable.clock, draw=durable.draw
        )
        await queue.recover()
        ticker.start()
        working = asyncio.create_task(queue.run())
        try:
            yield durable
        finally:
            ticker.stop()
            await queue.drain()
            await working
            await door.close()


def _states(connection: sqlite3.Connection, first: int, last: int) -> dict[str, int]:
    query = "SELECT state, COUNT(*) FROM requests WHERE id BETWEEN ? AND ? GROUP BY state"
    return dict(connection.execute(query, (first, last)).fetchall())
