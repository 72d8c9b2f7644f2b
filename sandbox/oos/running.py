"""Executions really run: the interpreter says what is next, the sandbox's cloud does it.

An execution waits for an approval or a pause of its template; and, unless it is told to Skip it,
for the confirmation of a task whose call has a ``Risk`` other than Normal.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bot.oos.engine import calls, flow, interpreter, journal
from bot.oos.expr import language
from bot.oos.template import model
from sandbox.base import Clock
from sandbox.oos.acts import Acts
from sandbox.oos.state import FINAL, Execution, Executions, Row

log = logging.getLogger(__name__)

ACCOUNT = "1234567890123456"


class Runner:
    """Drives executions, each in an asyncio task of its own."""

    def __init__(self, executions: Executions, acts: Acts, clock: Clock) -> None:
        self.executions = executions
        self.acts = acts
        self.clock = clock
        self.jobs: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for job in self.jobs:
            job.cancel()
        await asyncio.gather(*self.jobs, return_exceptions=True)
        await self.acts.close()

    def launch(self, one: Execution, library: Mapping[str, model.Template]) -> None:
        """Begin an execution."""
        run = interpreter.Run(
            id=one.id,
            started=self.tick(one),
            region=one.region,
            account=ACCOUNT,
            user=one.executed_by,
        )
        one.state = interpreter.State(one.template, one.parameters, library, run)
        one.log(one.created, f"The execution {one.id} was started by {one.executed_by}.")
        self._spawn(self._drive(one))

    def tick(self, one: Execution) -> datetime:
        """Now, and never before what was noted last."""
        one.last = max(one.last, datetime.fromtimestamp(self.clock.now(), UTC))
        return one.last

    def tell(self, one: Execution, entry: journal.Entry) -> None:
        """Add what a person said to an execution, and let it go on."""
        assert one.state is not None
        one.state.apply(entry)
        one.changed.set()

    def finish(
        self, one: Execution, status: str, message: str, outputs: Mapping[str, Any] | None = None
    ) -> None:
        """End an execution; what is under way in it ends with it."""
        at = self.clock.now()
        left = "Failed" if status == "Failed" else "Cancelled"
        for part in (one, *one.children.values()):
            for row in part.rows:
                if row.status not in (*FINAL, "Skipped"):
                    row.change(at, status=left)
            if not part.over:
                part.status, part.ended, part.waiting = status, at, ""
                part.log(at, f"The execution ended: {status}. {message}".strip())
        one.message, one.outputs = message, dict(outputs or {})
        one.held.clear()
        one.changed.set()

    # ------------------------------------------------------------------ within

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        job = asyncio.get_running_loop().create_task(work)
        self.jobs.add(job)
        job.add_done_callback(self.jobs.discard)

    async def _drive(self, one: Execution) -> None:
        try:
            while not one.over:
                one.changed.clear()
                self._go_on(one)
                if not one.over:
                    await self._rest(one)
        except Exception as error:
            log.exception("the execution %s", one.id)
            self.finish(one, "Failed", f"InternalError: {error}")

    def _go_on(self, one: Execution) -> None:
        """Start what may be started, until there is only waiting left."""
        state = one.state
        assert state is not None
        while True:
            now = self.tick(one)
            progress = state.next(now)
            started = False
            for call in progress.calls if isinstance(progress, interpreter.Calls) else ():
                if isinstance(call, calls.Lookup):
                    continue
                path = path_of(call.task)
                if risky(one, call) and path not in one.confirmed:
                    one.held.add(path)
                    continue
                state.apply(journal.Started(call.key, now))
                self._spawn(self._make(one, call))
                started = True
            if not started:
                break
        Watch(self, one).note(progress)
        if isinstance(progress, interpreter.Done):
            message = str(progress.error) if progress.error else ""
            self.finish(one, progress.status, message, progress.outputs)

    async def _make(self, one: Execution, call: calls.Call) -> None:
        try:
            outcome = await self.acts.perform(one, call)
        except Exception as error:
            log.exception("the call %s of %s", call.key, one.id)
            outcome = journal.Failed("InternalError", str(error))
        if one.state is not None and not one.over:
            one.state.apply(journal.Finished(call.key, self.tick(one), outcome))
            one.changed.set()

    async def _rest(self, one: Execution) -> None:
        """Wait for a call to end, a person to speak, or the next due time to come."""
        assert one.state is not None
        due = one.state.due()
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(one.changed.wait())]
        if due is not None:
            waits.append(asyncio.ensure_future(self.clock.sleep_until(due.timestamp())))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            for each in waits:
                with suppress(asyncio.CancelledError):
                    await each


def path_of(key: str) -> str:
    """The task of a call's place: what is done for the items of a loop belongs to its task."""
    return min(key.partition("[")[0], key.partition("#")[0], key=len)


def risky(one: Execution, call: calls.Call) -> bool:
    """Does somebody have to confirm this call?"""
    what = call.what
    high = isinstance(what, calls.Api) and what.risk.lower() not in ("", "normal")
    return high and one.safety_check != "Skip"


class Watch:
    """Writes down, as tasks of the execution and of its parts, how far the interpreter is."""

    def __init__(self, runner: Runner, one: Execution) -> None:
        assert one.state is not None
        self.runner, self.one, self.state = runner, one, one.state
        self.at = runner.clock.now()

    def note(self, progress: interpreter.Progress) -> None:
        """Bring every row up to date."""
        for step in self.state.steps[self.one.seen :]:
            self._ended(step)
        self.one.seen = len(self.state.steps)
        waiting = dict.fromkeys(self.one.held, "Confirm")
        if isinstance(progress, interpreter.Await):
            waiting |= {hold.task: "Approve" for hold in progress.approvals}
            waiting |= {hold.task: "Pause" for hold in progress.pauses}
        running = {path_of(opened.call.task) for opened in self.state.running.values()}
        if self.state.root.current is not None:
            running.add(self.state.root.current.task.name)
        if not isinstance(progress, interpreter.Done):
            for path in sorted(running | set(waiting)):
                self._live(path, path in waiting)
        self._loop()
        self._statuses(waiting)

    def _statuses(self, waiting: Mapping[str, str]) -> None:
        for prefix, part in [("", self.one), *self._parts()]:
            within = [kind for path, kind in waiting.items() if path.startswith(prefix)]
            status = "Waiting" if within else "Running"
            if part.over or (part.status, part.waiting) == (status, "".join(within[:1])):
                continue
            part.status, part.waiting = status, "".join(within[:1])
            part.log(self.at, f"The execution is {status.lower()}.")

    def _parts(self) -> list[tuple[str, Execution]]:
        return [(f"{name}/", child) for name, child in self.one.children.items()]

    def _place(self, path: str) -> tuple[Execution, str]:
        """The execution, and the task's name in it. What is nested deeper than one template shows
        as a task of the first."""
        outer, _, inner = path.partition("/")
        if not inner:
            return self.one, path
        child = self.one.children.get(outer)
        if child is None:
            row = self._row(self.one, outer)
            child = self._child(outer, row)
        return child, inner

    def _child(self, name: str, row: Row) -> Execution:
        one = self.one
        task = next(task for task in one.template.tasks if task.name == name)
        wanted = str(row.properties.get("TemplateName", task.action))
        template = flow.template_of(self.state.library, wanted) or flow.template_of(
            self.state.library, task.action
        )
        assert template is not None
        child = self.runner.executions.add(
            region=one.region,
            template=template,
            version="v1",
            parameters=dict(row.properties),
            created=self.at,
            executed_by=one.executed_by,
            tags=one.tags,
            safety_check=one.safety_check,
            parent=one,
            status="Running",
        )
        one.children[name] = child
        row.change(self.at, child=child.id)
        return child

    def _row(self, part: Execution, name: str) -> Row:
        row = part.row(name)
        if row is None:
            task = next((task for task in part.template.tasks if task.name == name), None)
            row = part.add(self.at, name, task.action if task else "ACS::Template")
            row.properties = self._properties(part, task)
            part.log(self.at, f"The task {name} began.", row.id)
        return row

    def _properties(self, part: Execution, task: model.Task | None) -> dict[str, Any]:
        """The properties as the task has them; of an approval within a part what it asks for."""
        if task is None:
            return {}
        given = dict(task.properties)
        scope = self.state.root.scope(self.runner.tick(self.one))
        if part is self.one and task.loop is None:
            with suppress(*language.ERRORS):
                given = dict(language.evaluate(given, scope))
        return given

    def _live(self, path: str, waits: bool) -> None:
        part, name = self._place(path)
        status = "Waiting" if waits else "Running"
        row = self._row(part, name)
        if row.status not in (*FINAL, "Skipped"):
            row.change(self.at, status=status)
        if part is not self.one and waits:
            self._row(self.one, path.partition("/")[0]).change(self.at, status="Waiting")

    def _ended(self, step: interpreter.Step) -> None:
        part, name = self._place(step.path)
        row = self._row(part, name)
        message = str(step.failure) if step.failure else ""
        row.change(self.at, status=step.status, message=message, outputs=dict(step.outputs))
        part.log(self.at, f"The task {name} ended: {step.status}. {message}".strip(), row.id)
        child = self.one.children.get(step.path)
        if child is not None and not child.over:
            child.status, child.message, child.ended = step.status, message, self.at
            child.outputs = dict(step.outputs)

    def _loop(self) -> None:
        """The items of the latest loop, each a row below its task's."""
        loop = self.state.loop
        if loop is None or "/" in loop.key:
            return
        parent = self._row(self.one, loop.key)
        counts = loop.line.counts()
        parent.change(
            self.at,
            loop={
                "Items": loop.items,
                "MaxErrors": loop.line.pace.max_errors,
                "BatchPauseOption": loop.line.pace.pause,
                "TotalCount": counts.total,
                "SuccessCount": counts.done,
                "FailedCount": counts.failed,
                "RunningCount": counts.running,
            },
        )
        for index in range(self.one.begun.get(parent.id, 0), loop.line.begun):
            below = {"parent": parent.id, "item": loop.items[index], "index": index}
            row = self.one.add(self.at, parent.name, parent.action, **below)
            self.one.items[parent.id, index] = row
        self.one.begun[parent.id] = loop.line.begun
        for index, result in loop.results.items():
            row = self.one.items[parent.id, index]
            if row.status == "Running":
                message = str(result.failure) if result.failure else ""
                outputs = dict(result.outputs)
                row.change(self.at, status=result.status, message=message, outputs=outputs)
