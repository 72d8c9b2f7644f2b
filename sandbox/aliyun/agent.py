"""The Cloud Assistant agents: one script per task, really run with bash, in the instance's folder.

Modelled on https://github.com/aliyun/aliyun_assist_client: the script is written to a file and run
in a process group of its own; at its time-out the group is killed; standard output and error share
one buffer of which the middle is dropped when it grows too long.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shlex
import signal
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from sandbox.aliyun import tools
from sandbox.aliyun.state import Cloud, Task
from sandbox.base import Clock, Faults

log = logging.getLogger(__name__)

DELIVERY = 60
"""Seconds within which a task must reach its agent."""
POWER_OFF = 193
"""The exit code by which a script asks the agent to switch the instance off."""
REASONS = {
    "InstanceReleased": "the instance has released when create task",
    "InstanceNotRunning": "the instance is not running when create task",
    "AccountNotExists": "the specified account does not exists",
    "DirectoryNotExists": "the specified directory does not exists",
    "ClientNotRunning": "the aliyun service is not running on the instance",
    "ClientNotResponse": "the aliyun service in the instance does not response",
    "DeliveryTimeout": "the command delivery has been timeout",
    "ExecutionTimeout": "the command execution has been timeout",
    "ExecutionException": "the command execution got an exception",
    "ExecutionInterrupted": "the command execution has been interrupted",
    "ExitCodeNonzero": "the command execution exit code is not zero.",
    "InvalidEnvironmentParameter": "the built-in environment parameter is invalid",
    "CommandNotApplicable": "the command is not applicable",
}
_BUILT_IN = re.compile(r"\{\{\s*ACS\s*::\s*([\w.-]+)\s*\}\}", re.IGNORECASE)
_STORED = re.compile(r"\{\{\s*oos(?:-secret)?\s*:\s*([\w.-]+)\s*\}\}")


def directory(task: Task) -> Path:
    """Where a script runs: a working directory is taken inside the instance's own folder."""
    folder = task.machine.folder
    wanted = task.invocation.workdir
    if wanted in ("", "/", "/root", "~"):
        return folder
    inside = (folder / wanted.lstrip("/")).resolve()
    return inside if inside.is_relative_to(folder.resolve()) else folder / "?"


class Agents:
    """Runs tasks, each in an asyncio task of its own, and can stop them."""

    def __init__(self, cloud: Cloud, clock: Clock, faults: Faults) -> None:
        self.cloud = cloud
        self.clock = clock
        self.faults = faults
        self.jobs: set[asyncio.Task[None]] = set()
        self.leftovers: set[int] = set()

    def deliver(self, task: Task) -> None:
        """Hand a task to its instance's agent, or say at once why that cannot be."""
        machine = task.machine
        if machine.status == "Released":
            return self._end(task, "Aborted", "InstanceReleased")
        if machine.status != "Running":
            return self._end(task, "Aborted", "InstanceNotRunning")
        if not machine.agent_up.is_set():
            return self._end(task, "Aborted", "ClientNotRunning")
        job = asyncio.get_running_loop().create_task(self._work(task))
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)

    async def close(self) -> None:
        """Kill everything that still runs."""
        for job in list(self.jobs):
            job.cancel()
        await asyncio.gather(*self.jobs, return_exceptions=True)
        for group in self.leftovers:
            kill(group)

    def _end(self, task: Task, status: str, code: str = "", exit_code: int | None = None) -> None:
        if task.ended:
            return
        now = self.clock.now()
        task.status, task.exit_code, task.finished = status, exit_code, now
        task.error_code, task.error_info = code, REASONS.get(code, "")
        if status in ("Cancelled", "Terminated"):
            task.stopped = now
        self._changed(task)

    def _changed(self, task: Task) -> None:
        """It began or ended: the machine does something else now, too."""
        self.cloud.changed(task)
        self.cloud.changed(task.machine)

    async def _work(self, task: Task) -> None:
        try:
            if not await self._reach(task):
                return
            folder = task.machine.folder
            tools.furnish(folder, task.machine.name)
            windows = task.machine.system == "windows"
            if windows != (task.invocation.command.kind != "RunShellScript"):
                return self._end(task, "Invalid", "CommandNotApplicable")
            if windows:
                return self._end(task, "Success", exit_code=0)
            if task.invocation.username not in tools.users(folder) | {""}:
                return self._end(task, "Invalid", "AccountNotExists")
            if not directory(task).is_dir():
                return self._end(task, "Invalid", "DirectoryNotExists")
            try:
                script = self._text(task)
            except KeyError:
                return self._end(task, "Invalid", "InvalidEnvironmentParameter")
            await self._run(task, script)
        except OSError:
            log.exception("the script of %s could not be run", task.invocation.id)
            self._end(task, "Error", "ExecutionException")

    async def _reach(self, task: Task) -> bool:
        """Wait until the task is delivered. False: it was cancelled, or took too long."""
        held = self.faults.take("deliver", "hold")
        seconds = float(held.args.get("seconds", DELIVERY)) if held else task.machine.slow
        if not seconds:
            if task.stop.is_set():
                self._end(task, "Cancelled")
            return not task.ended
        due = self.clock.now() + min(seconds, DELIVERY)
        if await self._first(self.clock.sleep_until(due), task.stop.wait()) == 1:
            self._end(task, "Cancelled")
        elif seconds >= DELIVERY:
            self._end(task, "Aborted", "DeliveryTimeout")
        return not task.ended

    def _text(self, task: Task) -> str:
        """The script with its built-in and stored parameters filled in, as plain text, the way the
        platform does it. Raises KeyError for an unknown one."""
        invocation, machine = task.invocation, task.machine
        text = invocation.command.content
        if not invocation.command.enable_parameter:
            return text
        for name, value in invocation.parameters.items():
            pattern = re.compile(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", re.IGNORECASE)
            text = pattern.sub(value.replace("\\", r"\\"), text)
        known = {
            "regionid": machine.region,
            "accountid": "1234567890123456",
            "instanceid": machine.id,
            "instancename": machine.name,
            "invokeid": invocation.id,
            "commandid": invocation.command.id,
        }
        text = _BUILT_IN.sub(lambda m: known[m[1].lower()], text)
        return _STORED.sub(lambda m: self.cloud.secrets[m[1]], text)

    async def _run(self, task: Task, script: str) -> None:
        machine, invocation = task.machine, task.invocation
        path = machine.folder / ".agent" / f"{invocation.id}.sh"
        path.write_bytes(script.encode())
        path.chmod(0o755)
        due = self.clock.now() + invocation.timeout
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        closed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def read() -> None:
            data = os.read(reader, 65536)
            task.output.add(data)
            self.cloud.changed(task)
            if not data:
                loop.remove_reader(reader)
                closed.set()

        try:
            process = await asyncio.create_subprocess_exec(
                "bash",
                "-c",
                shlex.quote(str(path)),
                cwd=directory(task),
                env=self._environment(task),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                start_new_session=True,
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        run: dict[str, Any] = {
            "instance": machine.id,
            "invocation": invocation.id,
            "tags": dict(invocation.tags),
            "script": script,
            "exit_code": None,
        }
        self.cloud.started.append(run)
        task.runs += 1
        task.started = self.clock.now()
        if task.status == "Pending":
            task.status = "Running"
        self._changed(task)
        loop.add_reader(reader, read)
        try:
            await self._watch(task, process, due)
            run["exit_code"] = process.returncode
            await self._first(closed.wait(), asyncio.sleep(0.2))
        finally:
            if process.returncode is None:
                kill(process.pid)
                await process.wait()
            if not closed.is_set():
                self.leftovers.add(process.pid)
                loop.remove_reader(reader)
            os.close(reader)
        await self._report(task, process.returncode or 0)

    @staticmethod
    def _environment(task: Task) -> dict[str, str]:
        folder = task.machine.folder
        return {
            "PATH": f"{folder}/bin:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "USER": task.invocation.username or "root",
            "LANG": "C.UTF-8",
        }

    async def _watch(self, task: Task, process: asyncio.subprocess.Process, due: float) -> None:
        """Wait for the end of the process, or bring it about."""
        which = await self._first(process.wait(), task.stop.wait(), self.clock.sleep_until(due))
        if which == 0:
            return
        if task.invocation.termination == "Process":
            process.kill()
        else:
            kill(process.pid)
        await process.wait()
        if which == 2:
            self._end(task, "Timeout", "ExecutionTimeout")
        elif task.interrupted:
            self._end(task, "Failed", "ExecutionInterrupted")
        else:
            self._end(task, "Terminated")

    async def _report(self, task: Task, exit_code: int) -> None:
        """Tell the platform how it ended, which takes a running agent."""
        machine = task.machine
        if not task.ended and not machine.agent_up.is_set():
            lost = self.clock.now() + task.invocation.timeout + DELIVERY
            await self._first(machine.agent_up.wait(), self.clock.sleep_until(lost))
            if not machine.agent_up.is_set():
                return self._end(task, "Failed", "ClientNotResponse")
        if exit_code == 0:
            self._end(task, "Success", exit_code=0)
        else:
            shown = 128 - exit_code if exit_code < 0 else exit_code
            self._end(task, "Failed", "ExitCodeNonzero", shown)
        if exit_code == POWER_OFF:
            machine.status = "Stopped"
            machine.agent_up.clear()
            self.cloud.changed(machine)

    @staticmethod
    async def _first(*waits: Awaitable[Any]) -> int:
        """The position of whichever ends first; the others are cancelled."""
        tasks = [asyncio.ensure_future(w) for w in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(n for n, t in enumerate(tasks) if t.done())
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def kill(group: int) -> None:
    """Kill a process group that this module started; one already gone is fine."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        log.debug("process group %d has ended already", group)
