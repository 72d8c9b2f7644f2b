"""The machines and what runs on them, on the board."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from sandbox.aliyun import Aliyun, tools
from sandbox.aliyun.state import Machine, Task
from sandbox.oos.state import Execution
from sandbox.page.board import Board

SHOWN = 4096
"""Bytes of a file that are shown."""
OUTPUT = 8192
"""The last so many characters of an output are shown."""
MOST_FILES = 60
"""A script may make any number of them: so many are shown, and so many entries of
each folder looked at."""
HIDDEN = ("bin", ".agent")
KEPT = 300
"""So many runs stay on the board."""
AGAIN = 0.5
"""Seconds between two looks at the files of a machine on which something runs."""


class Machines:
    """Puts each machine on the board, and each task of an invocation, and again when it changes."""

    def __init__(self, board: Board, cloud: Aliyun) -> None:
        self._board, self._cloud, self._oos = board, cloud.cloud, cloud.oos
        self._over: set[str] = set()
        self._runs: dict[str, None] = {}
        self._watch = cloud.changes.watch("machine", "task")
        for machine in self._cloud.machines.values():
            cloud.changes.note("machine", machine.id)

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._follow(), self._look_again())

    async def _follow(self) -> None:
        while True:
            for kind, key in await self._watch.changes():
                if kind == "machine":
                    self._show(self._cloud.machines[key])
                else:
                    invocation, _, machine = key.partition("/")
                    for task in self._cloud.invocations[invocation].tasks:
                        if task.machine.id == machine:
                            self._show_run(key, task)

    async def _look_again(self) -> None:
        """What a script writes into files is told by nobody."""
        while True:
            await asyncio.sleep(AGAIN)
            self._show_executions()
            for machine in {
                id(t.machine): t.machine for t in self._cloud.tasks if not t.ended
            }.values():
                self._show(machine)

    def _show_run(self, key: str, task: Task) -> None:
        if key not in self._runs:
            self._runs[key] = None
            if len(self._runs) > KEPT:
                oldest = next(iter(self._runs))
                del self._runs[oldest]
                self._board.remove("runs", oldest)
        self._board.put("runs", key, _run(task))

    def _show_executions(self) -> None:
        """Those on OOS, until they are over."""
        for one in self._oos.executions.all.values():
            if one.id not in self._over:
                self._board.put("executions", one.id, _execution(one))
                if one.over:
                    self._over.add(one.id)

    def _show(self, machine: Machine) -> None:
        if machine.status == "Released":
            self._board.remove("machines", machine.id)
            return
        runs = [t.invocation.id for t in self._cloud.tasks if t.machine is machine and not t.ended]
        self._board.put(
            "machines",
            machine.id,
            {
                "id": machine.id,
                "name": machine.name,
                "region": machine.region,
                "status": machine.status,
                "agent": machine.able,
                "tags": machine.tags,
                "slow": machine.slow,
                "files": _files(machine),
                "runs": runs,
            },
        )


def _files(machine: Machine) -> list[dict[str, str]]:
    """Some of its files, its tools left out."""
    tools.furnish(machine.folder, machine.name)
    found: dict[str, str] = {}
    for path in itertools.islice(_below(machine.folder, HIDDEN), MOST_FILES):
        with contextlib.suppress(OSError):  # a script may have removed it meanwhile
            found[str(path.relative_to(machine.folder))] = _text(path)
    return [{"name": name, "text": found[name]} for name in sorted(found)]


def _below(folder: Path, hidden: tuple[str, ...] = ()) -> Iterator[Path]:
    """The files of a folder, then those of its folders; of each no more than anybody looks at."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        some = sorted(itertools.islice(entries, MOST_FILES), key=lambda entry: entry.name)
        yield from (Path(one) for one in some if one.is_file(follow_symlinks=False))
        for one in some:
            if one.is_dir(follow_symlinks=False) and one.name not in hidden:
                yield from _below(Path(one))


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(SHOWN).decode("utf-8", "replace")


def _execution(one: Execution) -> dict[str, object]:
    return {
        "id": one.id,
        "parent": one.parent.id if one.parent else "",
        "template": one.template.name,
        "state": one.status,
        "by": one.executed_by,
        "request": one.tags.get("countersign-request", ""),
        "at": one.created,
        "message": one.message,
        "tasks": [
            {"name": row.name, "action": row.action, "state": row.status, "message": row.message}
            for row in one.rows
            if not row.parent
        ],
    }


def _run(task: Task) -> dict[str, object]:
    invocation = task.invocation
    return {
        "id": invocation.id,
        "machine": task.machine.id,
        "name": invocation.command.name,
        "request": invocation.tags.get("countersign-request", ""),
        "state": task.status,
        "exit": task.exit_code,
        "at": task.started or invocation.created,
        "seconds": task.finished - task.started if task.started and task.finished else None,
        "output": task.output.text(True)[-OUTPUT:],
        "script": invocation.command.content,
    }
