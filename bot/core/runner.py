"""What a way to run a plan must be able to do. Each module that runs plans of some kind is one."""

from __future__ import annotations

from typing import Literal, Protocol

from bot import model
from bot.core.decision import DecisionBuilder

Signal = Literal["pause", "resume", "retry", "skip"]
"""What people say to a run that is under way."""


class Runner(Protocol):
    """One way to run: scripts in Cloud Assistant, templates here, templates on another engine.
    What comes back of a run is an event or an outcome of its own, which ``core`` gives to the
    module that is meant. ``person`` is the id of the person who acted."""

    def start(self, builder: DecisionBuilder, /) -> None:
        """The votes are in and the targets are as they were: queue the first calls."""

    def decided(self, builder: DecisionBuilder, person: str, approve: bool, /) -> None:
        """The votes on what the run waits for are in."""

    def signal(self, builder: DecisionBuilder, word: Signal, person: str, /) -> None:
        """A person said this word, and may."""

    def refusal_of_pause(self, request: model.Request, /) -> str:
        """Why the run cannot be paused now, as the key of a sentence; "": it can."""

    def stop(self, builder: DecisionBuilder, person: str, /) -> None:
        """Begin nothing more, and stop what is under way."""

    def timer_due(self, builder: DecisionBuilder, timer: str, /) -> None:
        """A due-time row of the run came due."""

    def expire(self, builder: DecisionBuilder, /) -> None:
        """The time to answer what the run asked is over."""
