"""Which rules events from outside mean, found before the writer has them.

The writer's thread serves everybody, and how long matching takes is up to whoever sends an event.
So a thread of its own does that, one request after the other and within a limit; what comes to the
writer says what was found, and by which rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bot import model
from bot.model import ports
from bot.rules import effort, ruleset


class Matcher:
    """``look`` gives the events of one request back with the rules that mean them (``meant``), by
    what ``rules`` are at that moment."""

    def __init__(self, rules: Callable[[], ruleset.Rulebook | None]) -> None:
        self._rules = rules
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rules")

    async def look(self, events: Sequence[model.EventReceived]) -> list[model.EventReceived]:
        """Raises ports.TooCostly where all of them together would take too long."""
        rules = self._rules()
        if rules is None:
            return list(events)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, _matched, rules, events)
        except effort.TooCostly as fault:
            raise ports.TooCostly(str(fault)) from fault

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _matched(
    rules: ruleset.Rulebook, events: Sequence[model.EventReceived]
) -> list[model.EventReceived]:
    spent, matched = effort.Effort(), []
    for one in events:
        names = tuple(rule.name for rule in rules.matching(one.event, spent))
        matched.append(replace(one, meant=model.Meant(rules.number, names)))
    return matched
