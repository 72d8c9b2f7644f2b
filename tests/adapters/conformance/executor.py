"""What an engine wires, and one set up: the stand-in of Alibaba Cloud and an executor for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from bot import model
from bot.model import ports
from sandbox.aliyun import Aliyun as Party
from tests.adapters.aliyun_plans import Clock
from tests.sandbox.aliyun_party import until


@dataclass(frozen=True)
class Engine:
    """An engine that runs approved plans."""

    name: str
    """As plans name it."""
    executor: Callable[..., AbstractAsyncContextManager[ports.Executor]]
    """Makes an executor: ``executor(base URL of the stand-in, clock, **settings)``."""
    start: Callable[..., model.StartRun]
    """The effect that starts a short plan: ``start(token="token-1", **fields of the plan)``."""
    long: Mapping[str, Any]
    """Fields of a plan that does not end by itself."""
    other: Mapping[str, Any]
    """Fields of another plan."""
    script: Callable[[str], Mapping[str, Any]]
    """Fields of a plan that holds a text."""
    too_long: int
    """Characters of a text that the platform does not take."""
    runs: Callable[[Party], Awaitable[list[dict[str, Any]]]]
    """What was started, each with "id", "token" and "tags"."""
    starting: str
    """The call that starts a run."""
    before: str
    """A call that is made before a start, and changes nothing."""
    looking: str
    """The call that looks for a run by its tag."""
    stopping: str
    reading: str
    """The call that reads how runs stand."""
    permission: str
    """What RAM calls the permission to start a run."""
    foreign: tuple[Any, ...]
    """Effects that are another engine's."""


class Stage:
    """One engine on loopback and an executor for it; ``clock`` is the bot's."""

    def __init__(self, engine: Engine, party: Party, clock: Clock, executor: Any) -> None:
        self.engine = engine
        self.party = party
        self.clock = clock
        self.executor = executor

    def another(self, **settings: Any) -> AbstractAsyncContextManager[ports.Executor]:
        """Another executor for the same stand-in."""
        return self.engine.executor(self.party.base_url, self.clock, **settings)

    async def perform(self, effect: Any, uncertain: bool = False) -> model.Outcome:
        outcome: model.Outcome = await self.executor.perform(
            effect, model.Attempt(1 + uncertain, uncertain=uncertain)
        )
        return outcome

    async def started(self) -> model.StartRun:
        """A run that does not end by itself."""
        effect = self.engine.start(**self.engine.long)
        outcome = await self.perform(effect)
        assert isinstance(outcome, model.Done), outcome
        return effect

    async def runs(self) -> list[str]:
        return [run["id"] for run in await self.engine.runs(self.party)]

    async def calls(self, api: str = "") -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = await self.party.calls(api or self.engine.starting)
        return calls

    async def later(self, seconds: float) -> None:
        """Both clocks go on."""
        self.party.clock.advance(seconds)
        self.clock.ahead += seconds

    async def quiet(self) -> None:
        """Wait until no script runs."""
        await until(lambda: not self.party.agents.jobs)
