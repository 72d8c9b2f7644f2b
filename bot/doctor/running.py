"""Checks made all at once, each until its deadline: a host that hangs holds nobody up."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from bot.doctor import lines
from bot.model import checks

log = logging.getLogger(__name__)

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Group:
    """Checks that belong together. ``key``: the name of an adapter, or of what is not one's."""

    key: str
    title: checks.Sentence
    checks: tuple[checks.Check, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A group, and what its checks found."""

    group: Group
    findings: tuple[checks.Finding, ...]


class Threads(ThreadPoolExecutor):
    """A thread for each call, which the program's end does not wait for: looking up a name, or a
    call of an SDK that hangs, can't be cancelled."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is waited for."""


def run(main: Coroutine[object, object, T]) -> T:
    """The result of ``main``, in a loop that leaves threads which hang behind."""

    async def within() -> T:
        asyncio.get_running_loop().set_default_executor(Threads())
        return await main

    return asyncio.run(within())


async def sections(groups: Sequence[Group], seconds: float) -> list[Section]:
    """What the checks of all groups find. One that takes longer than ``seconds`` is a problem, and
    what one raises is told as something of which nobody is sure."""
    tasks = {
        check: asyncio.ensure_future(check.run()) for group in groups for check in group.checks
    }
    if tasks:
        _, late = await asyncio.wait(tasks.values(), timeout=seconds)
        for task in late:
            task.cancel()
    return [
        Section(
            group,
            _once(
                finding
                for check in group.checks
                for finding in _findings(check, tasks[check], seconds)
            ),
        )
        for group in groups
    ]


def _once(findings: Iterable[checks.Finding]) -> tuple[checks.Finding, ...]:
    """Each finding once: several checks may meet the same obstacle."""
    each: list[checks.Finding] = []
    for finding in findings:
        if finding not in each:
            each.append(finding)
    return tuple(each)


def _findings(
    check: checks.Check, task: asyncio.Future[Sequence[checks.Finding]], seconds: float
) -> Sequence[checks.Finding]:
    if not task.done() or task.cancelled():
        return (lines.problem(check.id, "doctor.slow", check=check.id, seconds=round(seconds)),)
    error = task.exception()
    if error is None:
        return task.result()
    log.debug("the check %s failed", check.id, exc_info=error)
    why = type(error).__name__
    return (lines.unsure(check.id, "doctor.broken", check=check.id, error=why),)
