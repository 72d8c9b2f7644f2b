"""What the sandbox's cloud remembers: machines, commands, invocations and what ran where."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox import base, world

OPEN = frozenset({"Pending", "Running", "Stopping"})
STOPPED = frozenset({"Cancelled", "Terminated"})
FAILED = frozenset({"Invalid", "Aborted", "Failed", "Timeout", "Error"})
HEAD, QUOTA = 6000, 24576
"""Bytes: the agent streams the head while the script runs; at its end, the tail that still fits."""


def iso(at: float) -> str:
    """UTC as the API writes it; "" for a time that has not come."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


class Output:
    """What a script printed, cut as the agent cuts it: head and tail kept, the middle dropped."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        room = HEAD - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        if (extra := len(self.tail) - (QUOTA - HEAD)) > 0:
            del self.tail[:extra]
            self.dropped += extra

    def text(self, ended: bool) -> str:
        """The head while it runs; head and tail once it ended."""
        data = self.head + self.tail if ended else self.head
        return data.decode(errors="replace")


@dataclass
class Machine:
    """An instance. ``agent_up`` is set while its Cloud Assistant agent runs; ``installed``: it has
    one, which starts with the machine. ``protected``: it may not be deleted. ``slow``: a task
    reaches the agent so many seconds later."""

    id: str
    name: str
    region: str
    status: str
    tags: dict[str, str]
    folder: Path
    created: float = 0.0
    description: str = ""
    host: str = ""
    kind: str = "ecs.c6.large"
    image: str = "aliyun_3_x64_20G_alibase_20240528.vhd"
    groups: tuple[str, ...] = ("sg-sandbox",)
    protected: bool = False
    agent_up: asyncio.Event = field(default_factory=asyncio.Event)
    installed: bool = True
    system: str = "linux"
    slow: float = 0.0

    @property
    def able(self) -> bool:
        return self.status == "Running" and self.agent_up.is_set()


@dataclass
class Command:
    id: str
    region: str
    name: str
    kind: str
    content: str
    created: float
    description: str = ""
    enable_parameter: bool = False
    timeout: int = 60
    workdir: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    kept: bool = True
    launcher: str = ""


@dataclass
class Task:
    """One instance's part of an invocation. ``runs`` counts how often its script really started;
    no API writes it. ``interrupted``: ``stop`` is set because the machine went down."""

    seq: int
    invocation: Invocation
    machine: Machine
    status: str = "Pending"
    exit_code: int | None = None
    error_code: str = ""
    error_info: str = ""
    started: float = 0.0
    finished: float = 0.0
    stopped: float = 0.0
    runs: int = 0
    interrupted: bool = False
    output: Output = field(default_factory=Output)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        return self.status not in OPEN

    @property
    def record_status(self) -> str:
        """The coarse InvokeRecordStatus; a non-zero exit is "Finished" too."""
        if self.status in ("Pending", "Running"):
            return "Running"
        if self.status in STOPPED:
            return "Stopped"
        if self.status in ("Success", "Failed"):
            return "Finished"
        return "Stopping" if self.status == "Stopping" else "Failed"


@dataclass
class Invocation:
    seq: int
    id: str
    command: Command
    region: str
    parameters: dict[str, str]
    timeout: int
    username: str
    workdir: str
    created: float
    termination: str
    tags: dict[str, str]
    token: str = ""
    key: str = ""
    tasks: list[Task] = field(default_factory=list)

    @property
    def status(self) -> str:
        """The aggregate of its tasks, by the rules of DescribeInvocations."""
        states = {task.status for task in self.tasks}
        for state in ("Stopping", "Running", "Pending"):
            if state in states:
                return state
        if states <= STOPPED:
            return "Stopped"
        if states <= STOPPED | {"Success"}:
            return "Success"
        if states <= STOPPED | FAILED:
            return "Failed"
        return "PartialFailed"

    @property
    def invoke_status(self) -> str:
        return "Finished" if self.status == "Success" else self.status


class Cloud:
    """Everything there is. Invocations and tasks are numbered, so that pages stay stable while new
    ones arrive."""

    def __init__(self, folder: Path, changes: base.Changes) -> None:
        self.folder = folder
        self.changes = changes
        self.agents_page = 0
        self.machines: dict[str, Machine] = {}
        self.commands: dict[str, Command] = {}
        self.invocations: dict[str, Invocation] = {}
        self.tasks: list[Task] = []
        self.started: list[dict[str, Any]] = []
        self.secrets = {"db_password": "sandbox-parameter-store-secret"}
        self._numbers = itertools.count(1)
        for machine in world.MACHINES:
            self.add(machine)

    def add(self, machine: world.Machine) -> Machine:
        added = Machine(
            machine.id,
            machine.name,
            machine.region,
            machine.status,
            dict(machine.tags),
            self.folder / machine.id,
            host=machine.name,
            installed=machine.agent or machine.status != "Running",
            system=machine.system,
        )
        if machine.agent:
            added.agent_up.set()
        self.machines[machine.id] = added
        self.changed(added)
        return added

    def changed(self, what: Machine | Task) -> None:
        """Note that a machine, or what it does for an invocation, is different now."""
        if isinstance(what, Machine):
            self.changes.note("machine", what.id)
        else:
            self.changes.note("task", f"{what.invocation.id}/{what.machine.id}")

    def interrupt(self, machine: Machine) -> None:
        """The machine goes down: its agent with it, and what its agent was doing."""
        machine.agent_up.clear()
        self.changed(machine)
        for task in self.tasks:
            if task.machine is machine and not task.ended:
                task.interrupted = True
                task.stop.set()

    def find(self, id: str, region: str = "") -> Machine | None:
        """The instance of an id, unless it is gone or in another region than asked for."""
        machine = self.machines.get(id)
        if machine is None or machine.status == "Released" or region not in ("", machine.region):
            return None
        return machine

    def number(self) -> int:
        return next(self._numbers)

    def alive(self, region: str) -> list[Machine]:
        """The instances of a region that exist."""
        return [m for m in self.machines.values() if m.region == region and m.status != "Released"]


def parameters_text(parameters: dict[str, str]) -> str:
    return json.dumps(parameters, ensure_ascii=False)
