"""The interpreter: what a run does next follows from its template, its parameters and its journal.

``State`` takes the journal entry by entry, each at the cost of what it changes; ``step`` is the
same from the beginning. Write ``Started`` before a call is made and ``Finished`` after; when the
bot starts, write ``Finished(…, Unknown())`` for each key of ``State.running``: nobody saw it end.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Literal

from bot.oos.engine import calls, flow, journal, loops, units
from bot.oos.engine.units import Failure, Run
from bot.oos.template import model

__all__ = [
    "Approval",
    "Await",
    "Calls",
    "Done",
    "Failure",
    "JournalError",
    "Pause",
    "Progress",
    "Run",
    "State",
    "Step",
    "Wait",
    "progress",
    "step",
]


class JournalError(Exception):
    """The journal speaks of a call that the template does not make here: it is of another run, or
    the template changed."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Make these now (``calls.Call``: write ``Started`` first; ``calls.Lookup``: only look)."""

    calls: tuple[calls.Call | calls.Lookup, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before the earliest due time ``until`` (None: nothing is due), unless one of
    the ``running`` calls ends before."""

    until: datetime | None
    running: int = 0


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval that waits for votes under ``key``; ``voted``: who approved so far; ``notice``:
    the message that asks for it; ``shown``: what a canary's first items gave."""

    key: str
    task: str
    kind: Literal["approval", "canary"]
    approvers: tuple[str, ...]
    min_required: int
    voted: tuple[str, ...]
    shown: object = None
    notice: calls.Notify | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Something that waits to be resumed: a Pause task, a batch, or (``key`` "") the whole run,
    paused by a person or held by the bot."""

    key: str
    task: str
    kind: Literal["pause", "batch", "person", "held"]
    person: str = ""


@dataclass(frozen=True, slots=True)
class Await:
    """People must say something. Other parts may go on meanwhile, as in ``Wait``."""

    approvals: tuple[Approval, ...]
    pauses: tuple[Pause, ...]
    until: datetime | None = None
    running: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """The end. Unknown: only a person can find out how the calls ``unknown`` ended; a ``Signalled``
    retry or skip lets the run go on. ``steps`` includes what failed and was handled."""

    status: Literal["Success", "Failed", "Cancelled", "Unknown"]
    outputs: Mapping[str, object] = field(default_factory=dict)
    error: Failure | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A task that ended, outside of loops, for the story of the run."""

    path: str
    action: str
    status: Literal["Success", "Failed", "Skipped"]
    at: datetime
    outputs: Mapping[str, object]
    failure: Failure | None


Progress = Calls | Wait | Await | Done


@dataclass(slots=True)
class _Open:
    """A call and the unit that made it."""

    call: calls.Call
    unit: units.Unit
    looked: bool = False


@dataclass(slots=True)
class _Held:
    hold: units.Hold
    holder: units.Holder
    voted: dict[str, None] = field(default_factory=dict)


class State:
    """A run as its journal left it. ``running``: calls that were started and have not ended;
    ``steps``: what ended, in order; ``root``: the going-through of the template itself."""

    def __init__(
        self,
        template: model.Template,
        parameters: Mapping[str, object],
        library: Mapping[str, model.Template],
        run: Run,
        entries: Iterable[journal.Entry] = (),
    ) -> None:
        self._run, self._library = run, library
        self.running: dict[str, _Open] = {}
        self.steps: list[Step] = []
        self._ready: dict[str, _Open] = {}
        self._lookups: dict[str, _Open] = {}
        self._unknown: dict[str, _Open] = {}
        self._known: set[str] = set()
        self._timers: list[tuple[datetime, int, units.Unit]] = []
        self._order = count()
        self._holds: dict[str, _Held] = {}
        self._paused = ""
        self._kept = False
        self._end: Done | None = None
        self._cancelled: Failure | None = None
        self._loop: flow.LoopRun | None = None
        self.root = flow.Execution(self, self, template)
        self.root.begin(parameters, run.started)
        for entry in entries:
            self.apply(entry)

    # ------------------------------------------------------------------ what happened

    def apply(self, entry: journal.Entry) -> None:
        """Take an entry in. JournalError: it does not belong to this run."""
        self._advance(entry.at)
        match entry:
            case journal.Started():
                self._started(entry)
            case journal.Finished():
                self._finished(entry)
            case journal.Voted():
                self._voted(entry)
            case journal.Signalled():
                self._signalled(entry)

    def _started(self, entry: journal.Started) -> None:
        if entry.key in self._ready:
            self.running[entry.key] = self._ready.pop(entry.key)
        elif entry.key not in self._known:
            raise JournalError(f"no such call: {entry.key}")

    def _finished(self, entry: journal.Finished) -> None:
        key, outcome = entry.key, entry.outcome
        for place in (self.running, self._lookups, self._ready, self._unknown):
            if key in place:
                opened = place.pop(key)
                break
        else:
            if key not in self._known:
                raise JournalError(f"no such call: {key}")
            return
        if isinstance(outcome, journal.NotMade):
            opened.unit.not_made(outcome, entry.at)
        elif not isinstance(outcome, journal.Unknown):
            opened.unit.finished(outcome, entry.at)
        elif opened.looked or not opened.unit.doubt(entry.at):
            place = self._unknown if opened.looked else self._lookups
            opened.looked = True
            place[key] = opened

    def _voted(self, entry: journal.Voted) -> None:
        held = self._holds.get(entry.key)
        if held is None or held.hold.ask is None or self._cancelled:
            return
        if not entry.approve:
            message = f"{entry.person} rejected it"
            self._cancelled = Failure(held.hold.task, "Rejected", message)
            return
        held.voted[entry.person] = None
        if len(held.voted) >= held.hold.ask.min_required:
            self._release(entry.key, entry.at)

    def _signalled(self, entry: journal.Signalled) -> None:
        if entry.word == "stopped":
            if self._end is None and self._cancelled is None:
                self._cancelled = Failure("", "Stopped", f"{entry.person} stopped it")
        elif entry.word in ("paused", "held"):
            self._paused, self._kept = entry.person, entry.word == "held"
        elif entry.word == "resumed":
            self._resumed(entry)
        else:
            for key in [k for k in self._unknown if entry.key in ("", k)]:
                opened = self._unknown.pop(key)
                if entry.word == "retry":
                    opened.unit.again(entry.at)
                else:
                    opened.unit.end(units.Result("Skipped"), entry.at)

    def _resumed(self, entry: journal.Signalled) -> None:
        if self._paused and not entry.key:
            self._paused = ""
            return
        for key in list(self._holds):
            if self._holds[key].hold.ask is None and entry.key in ("", key):
                self._release(key, entry.at)

    def _release(self, key: str, at: datetime) -> None:
        held = self._holds.pop(key)
        notices = [k for k, opened in self._ready.items() if opened.call.task == held.hold.task]
        for call in notices:
            del self._ready[call]
        held.holder.released(at)

    def _advance(self, now: datetime) -> None:
        """Let the times that are due come."""
        while self._timers and self._timers[0][0] <= now and not self._cancelled:
            due, _, unit = heapq.heappop(self._timers)
            unit.woken(due)

    # ------------------------------------------------------------------ what is next

    def next(self, now: datetime) -> Progress:
        """What to do at ``now``, which must not be before the last entry. Asking changes nothing
        but that the due times until ``now`` have come."""
        self._advance(now)
        if self._end is not None and self._cancelled is None:
            return self._end
        stuck = bool(self._cancelled or self._unknown)
        made: list[calls.Call | calls.Lookup] = [
            calls.Lookup(key, opened.call.token, opened.call)
            for key, opened in self._lookups.items()
        ]
        if not stuck:
            made += [opened.call for opened in self._ready.values() if self._goes(opened.call)]
        if made:
            return Calls(tuple(made))
        if stuck:
            return Wait(self._due(), len(self.running)) if self.running else self._stuck()
        return self._waiting()

    def _goes(self, call: calls.Call) -> bool:
        """Is a call made that is ready? While the run is held, only what is harmless."""
        return not self._paused or (self._kept and call.harmless)

    @property
    def template(self) -> model.Template:
        """The template that runs."""
        return self.root.template

    @property
    def current(self) -> str:
        """The task of the template itself that the run is at; empty: it has ended."""
        task = self.root.current
        return "" if task is None or self.root.over else task.task.name

    def counts(self) -> loops.Counts | None:
        """Where the latest loop stands, loops within its items apart. None: none began yet."""
        return None if self._loop is None else self._loop.line.counts()

    @property
    def loop(self) -> flow.LoopRun | None:
        """The latest loop, loops within its items apart. None: none began yet."""
        return self._loop

    def due(self) -> datetime | None:
        """When the next due time comes, whatever else there is to do. None: there is none."""
        return self._timers[0][0] if self._timers else None

    def call(self, key: str) -> calls.Call | None:
        """A call that is ready, running or in doubt."""
        for place in (self._ready, self.running, self._lookups, self._unknown):
            if key in place:
                return place[key].call
        return None

    def _stuck(self) -> Done:
        unknown = tuple(sorted(self._unknown))
        if self._cancelled is not None:
            return Done("Cancelled", error=self._cancelled, unknown=unknown)
        message = f"nobody knows what became of {', '.join(unknown)}"
        return Done("Unknown", error=Failure("", "Unknown", message), unknown=unknown)

    def _due(self) -> datetime | None:
        """When something comes of itself. None: it does not, for now."""
        paused = self._paused and not self._kept
        return None if paused or self._cancelled or not self._timers else self._timers[0][0]

    def _waiting(self) -> Wait | Await:
        until = self._due()
        approvals = tuple(_approval(held) for held in self._holds.values() if held.hold.ask)
        pauses = [
            Pause(held.hold.key, held.hold.task, "batch" if held.hold.kind == "batch" else "pause")
            for held in self._holds.values()
            if held.hold.ask is None
        ]
        if self._paused:
            kind: Literal["person", "held"] = "held" if self._kept else "person"
            pauses.insert(0, Pause("", "", kind, self._paused))
        if approvals or pauses:
            return Await(approvals, tuple(pauses), until, len(self.running))
        return Wait(until, len(self.running))

    # ------------------------------------------------------------------ the desk of the units

    @property
    def run(self) -> Run:
        return self._run

    @property
    def library(self) -> Mapping[str, model.Template]:
        return self._library

    def offer(self, call: calls.Call, unit: units.Unit) -> None:
        self._known.add(call.key)
        self._ready[call.key] = _Open(call, unit)

    def wake(self, due: datetime, unit: units.Unit) -> None:
        heapq.heappush(self._timers, (due, next(self._order), unit))

    def hold(self, hold: units.Hold, holder: units.Holder) -> None:
        self._holds.setdefault(hold.key, _Held(hold, holder))

    def began_loop(self, loop: flow.LoopRun) -> None:
        self._loop = loop

    def task_ended(self, path: str, action: str, result: units.Result, at: datetime) -> None:
        self.steps.append(Step(path, action, result.status, at, result.outputs, result.failure))

    def execution_ended(
        self, execution: flow.Execution, result: units.Result, at: datetime
    ) -> None:
        status: Literal["Success", "Failed"] = "Failed" if result.failure else "Success"
        self._end = Done(status, result.outputs, result.failure)


def step(
    template: model.Template,
    parameters: Mapping[str, object],
    entries: Iterable[journal.Entry],
    now: datetime,
    library: Mapping[str, model.Template],
    run: Run,
) -> Progress:
    """What a run does next, from its whole journal."""
    return State(template, parameters, library, run, entries).next(now)


def progress(
    template: model.Template,
    parameters: Mapping[str, object],
    entries: Iterable[journal.Entry],
    library: Mapping[str, model.Template],
    run: Run,
) -> loops.Counts | None:
    """Where the latest loop of a run stands, from its whole journal."""
    return State(template, parameters, library, run, entries).counts()


def _approval(held: _Held) -> Approval:
    ask, hold = held.hold.ask, held.hold
    assert ask is not None
    kind: Literal["approval", "canary"] = "canary" if hold.kind == "canary" else "approval"
    names, voted = ask.approvers, tuple(held.voted)
    return Approval(
        hold.key, hold.task, kind, names, ask.min_required, voted, ask.shown, ask.notice
    )
