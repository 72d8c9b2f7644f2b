"""What happens in the groups, printed as it happens."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from rich.console import Console

from sandbox import play, view, words

Entry = dict[str, Any]
EVERY = 0.1
"""Seconds between two looks. A card's states in between are not missed: each is kept."""


class Live:
    """Prints what is new on one platform: messages, cards with their buttons, and every change of
    a card. ``brief`` cuts plans of which the like was shown before."""

    def __init__(self, console: Console, stage: play.Play, locale: str, brief: bool) -> None:
        self.console, self.stage, self.locale, self.brief = console, stage, locale, brief
        self._seen: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._known: set[str] = set()
        self._looking = asyncio.Lock()

    async def look(self, silent: bool = False) -> None:
        """Print what came since the last look; ``silent`` only takes it as seen."""
        async with self._looking:
            entries: list[Entry] = await self.stage.groups()
            known = {str(entry["id"]): entry for entry in entries}
            for entry in sorted(entries, key=self._turn):
                self._entry(entry, known, silent)

    def _entry(self, entry: Entry, known: dict[str, Entry], silent: bool) -> None:
        id_, states = str(entry["id"]), view.states(entry)
        seen = self._seen.get(id_, 0)
        for state in states[seen:]:
            before, self._texts[id_] = self._texts.get(id_, ""), str(state["text"])
            if silent or (before == state["text"] and seen):
                continue
            if not before:
                self.console.print(view.entry_view(state, known, self._most(state), self.locale))
            else:
                self.console.print(view.change(state, before, self.locale))
        if len(states) == seen and self._texts.get(id_) != entry["text"]:
            self._texts[id_] = str(entry["text"])
            if not silent:
                self.console.print(view.entry_view(entry, known, None, self.locale))
        self._seen[id_] = len(states)

    def _turn(self, entry: Entry) -> int:
        """What came since the last look is told in this order: what people wrote, what became of
        cards, what the bot wrote."""
        if str(entry["id"]) in self._seen:
            return 1
        return 0 if entry["from"] != "bot" else 2

    def _most(self, entry: Entry) -> int | None:
        """How many lines to print of it: a plan of each kind is shown whole once."""
        if not self.brief or not entry["buttons"]:
            return None
        name = next(iter(play.title(entry).split(" ")[1:2]), "")
        if name in self._known:
            return 6
        self._known.add(name)
        return None

    async def told(self, _: play.Play, key: str, facts: dict[str, str]) -> None:
        """Something that is seen in no group, after what led to it."""
        await self.look()
        shown = {k: v.capitalize() if k in ("who", "approver") else v for k, v in facts.items()}
        self.console.print(view.act(words.say(self.locale, f"act.{key}", **shown)))

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            with contextlib.suppress(RuntimeError):
                await self.look()
            await asyncio.sleep(EVERY)
