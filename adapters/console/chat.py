"""The door ``ports.Chat`` of the console: it is its own platform."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from adapters.console import render
from adapters.console.history import Button, Entry, History, Revision, key_of
from adapters.console.people import People, own_chat
from adapters.console.server import Server
from adapters.console.settings import NAME, Settings
from bot import model
from bot.model import ports

MOST_CHARS = 256 << 10
"""Of one message or card; a script that runs has far fewer."""
_REF = re.compile("[0-9a-f]{8}-[0-9]+")
AGAIN = 5.0
"""Seconds until a full or broken disk is tried again."""


class Console:
    """The console (implements ports.Chat). A message is sent once it is in the history, and known
    again there by the key of its effect."""

    name = NAME

    def __init__(self, settings: Settings, clock: ports.Clock) -> None:
        self._settings, self._clock = settings, clock
        self._chats = list(settings.chats)
        self._opened: History | None = None

    @property
    def _history(self) -> History:
        if self._opened is None:
            settings = self._settings
            self._opened = History(settings.file, settings.keep, self._clock.now())
        return self._opened

    async def run(self, submit: ports.Submit, ready: Callable[[], None]) -> None:
        """Serve until cancelled. Raises ports.CannotListen."""
        try:
            history = self._history
        except OSError as fault:
            why = fault.strerror or fault
            message = f"can't keep what is said in {self._settings.file} ({why}): see [bot] data"
            raise ports.CannotListen(message) from None
        people = People(self._settings.tokens, history, self._clock, submit)
        server = Server(self._settings, history, people, self._chats)
        try:
            await people.redeliver()
            await server.start()
            ready()
            await asyncio.Event().wait()
        finally:
            await server.close()

    def connection(self) -> ports.Connection | None:
        """None: terminals connect to it."""
        return None

    def follow(self, forms: Sequence[str], groups: Sequence[str]) -> None:
        """Show these groups to those who open a terminal from now on."""
        self._chats[:] = groups

    async def perform(self, effect: ports.ChatEffect, attempt: model.Attempt) -> model.Outcome:
        """Carry out one effect; whatever goes wrong is one of the four outcomes."""
        try:
            match effect:
                case model.Say():
                    return await self._say(effect, attempt)
                case model.ShowCard():
                    return await self._show(effect, attempt)
                case model.UpdateCard():
                    return await self._update(effect)
                case model.Recall():
                    return await self._recall(effect)
                case model.FetchForm():
                    return model.Refused("the console has no forms", "no_form")
                case model.ListForms():
                    return model.Done(data={"instances": []})
        except OSError as fault:
            reason = f"what is said can't be written to the disk: {fault.strerror or fault}"
            return model.NotSent(reason, AGAIN)

    async def close(self) -> None:
        """Nothing stays open."""

    async def _say(self, effect: model.Say, attempt: model.Attempt) -> model.Outcome:
        said, place = effect.message, effect.place
        gone = bool(place.message) and not self._stands(place.message)
        key = key_of("sent", effect.key)
        if gone and effect.fixed and self._history.by_key(key) is None:
            return model.Refused("the message to answer is not there any more", "gone")
        text = render.message(said)
        if said.quote and (gone or not place.message):
            text = f"> {render.one_line(said.quote)}\n{text}"
        entry = replace(
            self._entry(place, key),
            text=text,
            title=render.one_line(said.title),
            mentions=render.mentions(said.blocks, said.mentions),
        )
        return await self._add(entry, attempt)

    async def _show(self, effect: model.ShowCard, attempt: model.Attempt) -> model.Outcome:
        entry = self._entry(effect.place, key_of("sent", effect.key))
        return await self._add(_with_card(entry, effect.drawing), attempt)

    async def _update(self, effect: model.UpdateCard) -> model.Outcome:
        """Change the card; one that is not kept any more is shown anew, under its old name."""
        if not _REF.fullmatch(effect.ref):
            return model.Refused("an update of a card that was never shown", "no_ref")
        if len(render.card(effect.drawing)) > MOST_CHARS:
            return model.Refused("the card is too long for the console", "too_long")
        if effect.ref in self._history.entries:
            now = self._clock.now()
            await self._history.change(
                effect.ref, lambda entry: replace(_with_card(entry, effect.drawing), changed_at=now)
            )
        else:
            entry = replace(self._entry(effect.place, key_of("card", effect.ref)), id=effect.ref)
            await self._history.add(_with_card(entry, effect.drawing))
        return model.Done(effect.ref)

    async def _recall(self, effect: model.Recall) -> model.Outcome:
        await self._history.erase(effect.place.message)
        return model.Done(effect.place.message)

    def _stands(self, name: str) -> bool:
        entry = self._history.entries.get(name)
        return entry is not None and not entry.recalled

    def _entry(self, place: model.Place, key: str) -> Entry:
        """A message of the bot for a place, with nothing in it yet."""
        chat = own_chat(place.chat) if place.direct else place.chat
        reply_to = place.message if self._stands(place.message) else ""
        now = self._clock.now()
        return Entry("", 0, 0, now, now, chat, "", key, "message", "", reply_to=reply_to)

    async def _add(self, entry: Entry, attempt: model.Attempt) -> model.Outcome:
        """Keep an entry, unless an earlier try did; where that can't be told, nothing is done."""
        history = self._history
        if history.by_key(entry.key) is None:
            if attempt.uncertain and history.head.since >= attempt.uncertain_since:
                reason = "an earlier try may be among what is not kept here any more"
                return model.Unknown(reason, entry.key)
            if len(entry.text) > MOST_CHARS:
                return model.Refused("the message is too long for the console", "too_long")
        return model.Done((await history.add(entry)).id)


def _with_card(entry: Entry, card: model.Card) -> Entry:
    """An entry with a card as it is now, behind what it was."""
    buttons = tuple(
        Button(each.action, render.one_line(each.label), each.style, render.one_line(each.confirm))
        for each in card.buttons
    )
    revision = Revision(card.request, card.code, tuple(button.action for button in buttons))
    before = entry.revisions
    return replace(
        entry,
        kind="card",
        text=render.card(card),
        title=render.title(card),
        tone=card.tone,
        mentions=render.mentions(card.blocks, card.mentions),
        buttons=buttons,
        reason=render.one_line(card.ask_reason),
        revisions=before if before[-1:] == (revision,) else (*before, revision),
    )
