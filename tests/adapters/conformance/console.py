"""The console, as the suite needs it: the adapter is its own platform, and no wire lies between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adapters.console import Settings
from adapters.console.chat import Console
from bot import model
from bot.model import ports
from sandbox import world
from sandbox.console import Console as Party
from sandbox.console import token_of
from tests.adapters.conformance.chat import Way, Wiring

TOKENS = {person.id: token_of(person.id) for person in world.PEOPLE}


def chat(url: str, clock: ports.Clock, **settings: Any) -> ports.Chat:
    socket = Path(url.removeprefix("unix://"))
    file = socket.with_name("console.jsonl")
    return Console(Settings(TOKENS, socket=str(socket), file=file), clock)


def account(person: str) -> model.Account:
    return model.Account("console", "console", person, person.title())


WIRING = Wiring(
    name="console",
    party=Party,
    chat=chat,
    account=account,
    direct="alice",
    secrets=lambda party: TOKENS.values(),
    ways=(
        Way("reply", "", "say"),
        Way("in the chat", "", "say", "chat"),
        Way("direct", "", "say", "direct"),
        Way("card", "", "show"),
        Way("update", "", "update"),
    ),
    again=2.0,
)
