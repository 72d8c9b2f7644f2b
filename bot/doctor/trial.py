"""The doctor's trial: a card is sent to a group, and what comes of it is told.

Only what belongs to the trial is taken: the message with its word, and the click on its card. All
else that comes meanwhile is left to the platform, which delivers it again, to the bot.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bot import model, texts
from bot.doctor import lines
from bot.model import checks, ports
from bot.model.consoles import Console

WORDS = ("doctor", "诊断")
"""What people write to the bot."""
CONNECTING = 20.0
"""Seconds until a connection must stand."""
ACTION = "doctor"
Tell = Callable[[str, int], None]
"""Told what is waited for, and for how many seconds yet."""


@dataclass
class Trial:
    """One trial in one group. ``place``: the group. ``console``: the clicks that mend."""

    chat: ports.Chat
    place: model.Place
    console: Console | None
    locale: str
    code: str = field(default_factory=lambda: secrets.token_hex(4))
    ref: str = ""
    message: model.Account | None = None
    click: model.Account | None = None
    refusal: str = f"> {CONNECTING:.0f} s"
    event: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, seconds: float, tell: Tell) -> list[checks.Finding]:
        """Connect, send the card, wait for both, and say what arrived."""
        ready = asyncio.Event()
        connection = asyncio.create_task(self.chat.run(self.submit, ready.set))
        try:
            if not await self._connected(connection, ready):
                return [lines.problem("try.connection", "doctor.try.unconnected", why=self.refusal)]
            shown = await self.chat.perform(self._card(), model.Attempt())
            if not isinstance(shown, model.Done):
                return [lines.problem("try.card", "doctor.try.unsent", why=shown.reason)]
            self.ref = shown.ref
            try:
                await self._wait(seconds, tell)
            finally:
                over = model.UpdateCard(self.place, self._drawing(over=True), self.ref)
                await self.chat.perform(over, model.Attempt())
            return list(self._findings())
        finally:
            connection.cancel()
            await asyncio.gather(connection, return_exceptions=True)

    async def submit(self, event: model.Event) -> model.Receipt:
        """Take what belongs to the trial. Raises ports.Closed for all else."""
        match event:
            case model.CardAction() if self._ours(event):
                self.click = event.account
                self.event.set()
                toast = texts.say(self.locale, "doctor.try.toast")
                return model.Receipt(toast, "success", self._drawing())
            case model.MessageReceived() if self._here(event):
                self.message = event.account
                self.event.set()
                if event.text.strip().casefold() in WORDS:
                    return model.Receipt()
        raise ports.Closed("this is left to the bot")

    # ------------------------------------------------------------------------- within

    def _ours(self, event: model.CardAction) -> bool:
        """Is it a click on the card? One may come before the sending is answered."""
        return event.action == ACTION and (event.code == self.code or event.card == self.ref)

    def _here(self, event: model.MessageReceived) -> bool:
        return event.place.chat == self.place.chat and not event.place.direct

    async def _connected(self, connection: asyncio.Task[None], ready: asyncio.Event) -> bool:
        waiting = asyncio.create_task(ready.wait())
        tasks = {connection, waiting}
        await asyncio.wait(tasks, timeout=CONNECTING, return_when="FIRST_COMPLETED")
        waiting.cancel()
        if connection.done() and not connection.cancelled():
            error = connection.exception()
            self.refusal = str(error or "") or self.refusal
        return ready.is_set() and not connection.done()

    async def _wait(self, seconds: float, tell: Tell) -> None:
        """Until both have arrived, or the time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (seconds := end - loop.time()) > 0 and not (self.message and self.click):
            missing = [name for name in ("message", "click") if getattr(self, name) is None]
            tell(" + ".join(missing), round(seconds))
            self.event.clear()
            try:
                await asyncio.wait_for(self.event.wait(), min(seconds, 1.0))
            except TimeoutError:
                continue

    def _card(self) -> model.ShowCard:
        return model.ShowCard(self.place, self._drawing(), f"doctor-{self.code}")

    def _drawing(self, over: bool = False) -> model.Card:
        """The card as it stands: clearly a test."""

        def said(key: str, **facts: object) -> str:
            return texts.say(self.locale, f"doctor.try.{key}", **facts)

        rows = [
            (said("mark.yes" if done else "mark.no"), said(f"card.{key}", word=WORDS[0]))
            for key, done in (("message", self.message), ("click", self.click))
        ]
        blocks = [model.Block("para", (model.Span(said("card.text")),))]
        blocks += [model.Block("para", (model.Span(f"{mark} {text}"),)) for mark, text in rows]
        button = model.Button(ACTION, said("card.button"), "primary")
        arrived = bool(self.message and self.click)
        return model.Card(
            request=0,
            code=self.code,
            title=said("card.title"),
            tone="green" if arrived else "grey" if over else "blue",
            tag=said("card.over" if over else "card.tag"),
            mark="🩺",
            blocks=tuple(blocks),
            buttons=() if over or self.click else (button,),
        )

    def _findings(self) -> Iterator[checks.Finding]:
        yield lines.ok("try.card", "doctor.try.sent", chat=self.place.chat)
        for kind, account in (("message", self.message), ("click", self.click)):
            id_ = f"try.{kind}"
            if account is not None:
                who = account.name or account.id
                yield lines.ok(id_, f"doctor.try.{kind}", who=who)
                continue
            finding = lines.problem(id_, f"doctor.try.no_{kind}")
            mend = None
            if self.console is not None:
                mend = self.console.hearing if kind == "message" else self.console.clicking
            yield replace(finding, mend=mend or finding.mend)
