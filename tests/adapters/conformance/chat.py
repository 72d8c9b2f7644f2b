"""What a chat platform wires, and one set up: its stand-in, its adapter, and who takes the events.

The stand-ins share their control methods (``sandbox.base.Party``), so a platform says little more
than how its adapter is made and by which calls it is told something.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from aiohttp import web

from bot import model
from bot.model import ports
from sandbox import base

OPS = "ops"


@dataclass(frozen=True)
class Way:
    """One call by which people are told something. ``api``: how the stand-in names it; "" where the
    adapter is the platform itself and calls nobody. ``where``: answering a message, in the chat
    without one, or to a person alone. ``repeatable``: the platform recognises a repetition.
    ``refusal``, ``breakdown``: the details of an "error" by which it says no, and by which it
    leaves open what happened; None: the platform's usual ones."""

    name: str
    api: str
    what: Literal["say", "show", "update", "fetch"]
    where: Literal["thread", "chat", "direct"] = "thread"
    settings: Mapping[str, Any] = field(default_factory=dict)
    repeatable: bool = True
    refusal: Mapping[str, Any] | None = None
    breakdown: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Wiring:
    """A chat platform. What it does not have stays empty, and the cases about it leave it out."""

    name: str
    """Of the adapter, and of its table in bot.toml."""
    party: Callable[[base.Clock], Any]
    """Makes the stand-in."""
    chat: Callable[..., ports.Chat]
    """Makes an adapter: ``chat(base URL of the stand-in, clock, **settings)``."""
    account: Callable[[str], model.Account]
    """A person of the example company."""
    direct: str
    """The chat of alice and the bot, as the stand-in names it."""
    ways: tuple[Way, ...]
    secrets: Callable[[Any], Iterable[str]] = lambda party: ()
    """What no log may show."""
    refusal: Mapping[str, Any] = field(default_factory=dict)
    breakdown: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    """The call that gives out an access token."""
    opening: str = ""
    """The call that gives out the address of a connection."""
    wrong: Mapping[str, Any] = field(default_factory=dict)
    """Settings with a wrong secret."""
    keys: str = ""
    """How a sentence names the settings that say who we are."""
    form: str = ""
    """The code of the example form."""
    again: float = 0.0
    """Seconds after which the platform delivers again what was not acknowledged."""
    threads: bool = True
    """Does a reply stand below what it answers?"""

    def way(self, name: str) -> Way:
        return next(way for way in self.ways if way.name == name)


class Clock(ports.Clock):
    """The stand-in's time, so that both agree on when something ends."""

    def __init__(self, clock: base.Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)


class Engine:
    """Takes events as the bot's engine does; ``gate`` keeps it waiting, ``problem`` is raised."""

    def __init__(self) -> None:
        self.events: list[model.Event] = []
        self.receipt = model.Receipt()
        self.problem: Exception | None = None
        self.gate: asyncio.Event | None = None

    async def submit(self, event: model.Event) -> model.Receipt:
        self.events.append(event)
        if self.gate is not None:
            await self.gate.wait()
        if self.problem is not None:
            raise self.problem
        return self.receipt


class Stage:
    """One platform on loopback, an adapter connected to it, and the people who use both."""

    def __init__(self, wiring: Wiring, party: Any, **settings: Any) -> None:
        self.wiring = wiring
        self.party = party
        self.clock = Clock(party.clock)
        self.engine = Engine()
        self.settings = settings
        self.adapters: list[ports.Chat] = []
        self.chat = self.adapter()

    def adapter(self, **settings: Any) -> ports.Chat:
        """Another adapter, as after a restart."""
        hurry = {"backoff_first": 0.01, "backoff_most": 0.05, "call_timeout": 2.0}
        wanted = hurry | self.settings | settings
        self.adapters.append(self.wiring.chat(self.party.base_url, self.clock, **wanted))
        return self.adapters[-1]

    async def asked(self, text: str = "restart web-01", **more: Any) -> model.MessageReceived:
        """What the adapter made of something that alice wrote."""
        before = len(self.engine.events)
        await self.party.say("alice", text, **more)
        await until(lambda: len(self.engine.events) > before)
        event = self.engine.events[-1]
        assert isinstance(event, model.MessageReceived)
        return event

    async def effect(self, way: Way, mark: str = "mark1") -> Any:
        """The effect that makes the call of a way; ``mark`` is its key, and is in what it says."""
        if way.what == "fetch":
            return await self.form()
        place = (await self.asked(direct=way.where == "direct")).place
        if way.what == "update":
            shown = await self.chat.perform(
                model.ShowCard(place, card("before"), f"{mark}:card"), model.Attempt()
            )
            assert isinstance(shown, model.Done), shown
            return model.UpdateCard(place, card(mark, buttons=()), shown.ref)
        if way.where != "thread":
            place = bare(place)
        if way.what == "show":
            return model.ShowCard(place, card(mark), mark)
        return model.Say(place, message(mark), mark)

    async def form(self) -> model.FetchForm:
        """The reading of a form that alice filed and bob agreed to."""
        made = await self.party.form("alice", {"emp_id": "E123"}, ("bob",))
        tenant = self.wiring.account("alice").tenant
        return model.FetchForm(self.wiring.name, tenant, self.wiring.form, made["instance"])

    async def said(self, chat: str = "") -> list[dict[str, Any]]:
        """What the bot has said to the group and to alice, as people see it now."""
        chats = [chat] if chat else [OPS, self.wiring.direct]
        return [
            entry
            for each in chats
            for entry in await self.party.transcript(each)
            if entry["from"] == "bot"
        ]

    async def copies(self, mark: str = "mark1") -> int:
        """How many messages or cards show this text."""
        return sum(mark in entry["text"] for entry in await self.said())

    async def calls(self, way: Way) -> int:
        """How often the call of a way arrived."""
        return len(await self.party.calls(way.api))


@contextlib.asynccontextmanager
async def served(wiring: Wiring) -> AsyncIterator[Any]:
    """The stand-in of a platform on a free port of loopback."""
    party = wiring.party(base.Clock())
    runner = web.AppRunner(party.app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    party.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield party
    finally:
        await party.close()
        await runner.cleanup()


@contextlib.asynccontextmanager
async def connected(chat: ports.Chat, engine: Engine) -> AsyncIterator[asyncio.Task[None]]:
    """The adapter's ``run``, once it is ready. Raises what ``run`` raises before that."""
    ready = asyncio.Event()
    task = asyncio.create_task(chat.run(engine.submit, ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        async with asyncio.timeout(5):
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield task
    finally:
        waiting.cancel()
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
        await chat.close()


@contextlib.asynccontextmanager
async def staged(wiring: Wiring, **settings: Any) -> AsyncIterator[Stage]:
    """A platform with an adapter that is connected to it."""
    async with served(wiring) as party:
        stage = Stage(wiring, party, **settings)
        try:
            async with connected(stage.chat, stage.engine):
                yield stage
        finally:
            for adapter in stage.adapters:
                await adapter.close()


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until the condition holds, and return what it gave."""
    end = asyncio.get_running_loop().time() + seconds
    while not (value := condition()):
        assert asyncio.get_running_loop().time() < end, "it did not happen in time"
        await asyncio.sleep(0.003)
    return value


def again(stage: Stage, attempt: model.Attempt | None = None) -> model.Attempt:
    """The next try of what may have happened just now."""
    parts = dict(attempt.parts_done) if attempt else {}
    now = stage.clock.now()
    return model.Attempt(2, now, uncertain=True, uncertain_since=now, parts_done=parts)


def bare(place: model.Place) -> model.Place:
    """The same chat, without a message to answer and an address to answer it at."""
    return dataclasses.replace(place, message="", thread="", webhook="", webhook_until=model.EPOCH)


def message(text: str, *mentions: model.Account) -> model.Message:
    return model.Message("Result", (model.Block("para", (model.Span(text),)),), mentions)


BUTTONS = (
    model.Button("approve", "Approve", "primary"),
    model.Button("reject", "Reject", "danger"),
)


def card(
    text: str, buttons: tuple[model.Button, ...] = BUTTONS, *mentions: model.Account
) -> model.Card:
    block = model.Block("pre", text=text)
    return model.Card(
        7, "c0de1234", "Restart web-01", "orange", "PENDING", (block,), buttons, mentions=mentions
    )


def logged(records: Iterable[logging.LogRecord]) -> str:
    """Everything that was logged, tracebacks included."""
    return "\n".join(logging.Formatter().format(record) for record in records)
