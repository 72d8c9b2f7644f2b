"""A store, an engine and a small core for the tests of the durable middle."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import model, store
from bot.model import ports
from bot.runtime import engine
from bot.store import port
from tests import stores

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ALICE = model.Account("chat", "corp", "u-alice", "Alice")
BOB = model.Account("chat", "corp", "u-bob", "Bob")
PLAN = model.ScriptPlan(
    "restart",
    "v1",
    (model.Instance("i-1", "web-01", "cn-hangzhou", "Running"),),
    "cn-hangzhou",
    script="systemctl restart web",
)
CARD = model.Card(1, "c0de", "Restart", "orange", "pending", ())


class Clock(ports.Clock):
    """Time that stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, **parts: float) -> datetime:
        self.time += timedelta(**parts)
        return self.time


def place(message: str = "", chat: str = "ops", platform: str = "chat") -> model.Place:
    return model.Place(platform, "corp", chat, message)


def asked(
    number: int | str, text: str = "restart web-01", at: datetime = START
) -> model.MessageReceived:
    return model.MessageReceived(f"ask-{number}", at, ALICE, place(f"m-{number}"), text)


def clicked(
    number: int | str, request: int, action: str = "approve", account: model.Account = BOB
) -> model.CardAction:
    return model.CardAction(f"click-{number}", START, account, place(), "", action, request, "c0de")


def new_request(view: model.View, event: model.MessageReceived, now: datetime) -> model.Request:
    return model.Request(
        id=view.next_request,
        state=model.State.PENDING,
        version=1,
        command="restart",
        args={"targets": ["web-01"]},
        person="alice",
        account=event.account,
        place=event.place,
        locale="en",
        text=event.text,
        policy="any",
        risk="high",
        created_at=now,
        expires_at=now + timedelta(minutes=30),
        plan=PLAN,
        digest=model.digest(PLAN),
    )


def show(number: int, at: model.Place, card: model.Card = CARD) -> model.NewEffect:
    body = model.ShowCard(at, card, f"card-{number}")
    return model.NewEffect(f"card:{number}", f"card:{number}", body, number)


def update(number: int, version: int, at: model.Place) -> model.NewEffect:
    body = model.UpdateCard(at, CARD)
    return model.NewEffect(f"card:{number}:{version}", f"card:{number}", body, number, True)


def say(
    key: str,
    lane: str = "",
    request: int = 0,
    chat: str = "ops",
    platform: str = "chat",
    context: Mapping[str, Any] | None = None,
) -> model.NewEffect:
    body = model.Say(place(chat=chat, platform=platform), model.Message(key, ()), key)
    return model.NewEffect(key, lane or key, body, request, context=context or {})


def needs(event: model.Event) -> model.Needs:
    match event:
        case model.MessageReceived():
            return model.Needs(
                platform=event.place.platform,
                message=event.place.message,
                asks_by=event.account.id,
            )
        case model.CardAction() | model.TimerDue() | model.InvocationPolled():
            return model.Needs(request=event.request)
        case model.EffectCompleted():
            return model.Needs(effect=event.effect)
    return model.Needs()


def entry(action: str, number: int = 0, **facts: Any) -> model.AuditEntry:
    return model.AuditEntry("alice", action, number, facts)


def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
    """Asks make requests with a card; approvals vote and update it; "boom" fails."""
    match event:
        case model.MessageReceived():
            if "boom" in event.text:
                raise RuntimeError("boom")
            if view.request is not None:
                return model.Decision(model.Receipt("asked before"))
            request = new_request(view, event, now)
            return model.Decision(
                receipt=model.Receipt(f"request {request.id}", "success"),
                request=request,
                effects=(show(request.id, event.place),),
                timers=(model.Timer(request.id, "expire", request.expires_at),),
                audit=(entry("asked", request.id, text=event.text),),
            )
        case model.CardAction():
            assert view.request is not None
            request = replace(
                view.request, state=model.State.APPROVED, version=view.request.version + 1
            )
            vote = model.Vote(request.id, event.account.id, event.account, True, "", now)
            return model.Decision(
                receipt=model.Receipt("approved", "success"),
                request=request,
                votes=(vote,),
                effects=(update(request.id, request.version, request.place),),
                clear_timers=("expire",),
                audit=(entry("approved", request.id),),
            )
        case model.TimerDue():
            assert view.request is not None
            request = replace(
                view.request, state=model.State.EXPIRED, version=view.request.version + 1
            )
            return model.Decision(request=request, audit=(entry("expired", request.id),))
    return model.Decision()


Needs = Callable[[model.Event], model.Needs]
Decide = Callable[[model.Event, model.View, datetime], model.Decision]


def reading(
    decide: Decide = decide, needs: Needs = needs
) -> Callable[[model.Event], model.Reading]:
    """A core of these two."""
    return lambda event: model.Reading(needs(event), lambda view, now: decide(event, view, now))


class Rig:
    """What a test gets: the parts, and the events that ``decide`` saw."""

    def __init__(self, opened: store.Store, door: engine.Engine, clock: Clock) -> None:
        self.store = opened
        self.engine = door
        self.clock = clock
        self.seen: list[model.Event] = []

    def audit_actions(self) -> list[str]:
        with self.store.reading() as reader:
            return [row.action for row in reader.chain()]

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.store.reading() as reader:
            return reader.connection.execute(sql, values).fetchall()


@contextlib.asynccontextmanager
async def running(
    path: Path,
    decider: Decide = decide,
    clock: Clock | None = None,
    remote: Callable[[store.Store], port.Store] = lambda opened: opened,
    **options: Any,
) -> AsyncIterator[Rig]:
    """A started engine on ``path``; closed, and its audit chain verified, at the end. ``remote``
    may put another store in front of the one that is opened."""
    clock = clock or Clock()
    with contextlib.closing(stores.opened(path)) as opened:
        seen: list[model.Event] = []

        def spying(event: model.Event, view: model.View, now: datetime) -> model.Decision:
            seen.append(event)
            return decider(event, view, now)

        door = engine.Engine(remote(opened), reading(spying), clock, **options)
        door.start()
        rig = Rig(opened, door, clock)
        rig.seen = seen
        try:
            yield rig
        finally:
            await door.close()
        with opened.reading() as reader:
            assert reader.verify_audit() == []


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for a condition; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        await asyncio.sleep(0.002)
