"""What people do → what the bot is told of it. A message is on disk before the bot hears of it, and
the bot hears of it again after a restart until it has taken it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace

from adapters.console.history import Entry, History, key_of
from adapters.console.settings import NAME, TENANT
from bot import model
from bot.model import ports

_MENTION = re.compile(r"(?<!\S)@([\w.-]+)")


class Refusal(Exception):
    """What somebody wants can't be done; the message says why. ``status`` is that of HTTP."""

    def __init__(self, reason: str, status: int = 409) -> None:
        super().__init__(reason)
        self.status = status


def own_chat(account: str) -> str:
    """The chat in which somebody is alone with the bot."""
    return f"@{account}"


def may_see(account: str, chat: str) -> bool:
    """Groups are open to all; of direct chats everybody has their own."""
    return not chat.startswith("@") or chat == own_chat(account)


def place_of(entry: Entry) -> model.Place:
    direct = entry.chat.startswith("@")
    return model.Place(NAME, TENANT, entry.chat.removeprefix("@"), entry.id, direct=direct)


class People:
    """Hands over what people say and press. ``accounts`` are all that there are, ``submit`` is the
    engine's."""

    def __init__(
        self,
        accounts: Iterable[str],
        history: History,
        clock: ports.Clock,
        submit: ports.Submit,
    ) -> None:
        self._accounts = {account.casefold(): account for account in accounts}
        self._history, self._clock, self._submit = history, clock, submit

    async def redeliver(self) -> None:
        """Hand over again what the bot had not taken when it stopped. Raises ports.Closed."""
        for entry in list(self._history.entries.values()):
            if entry.open:
                await self._hand_over(entry)

    async def say(self, account: str, chat: str, text: str, reply_to: str, name: str) -> Entry:
        """Somebody writes. ``name`` is how a repetition is recognised, "" for none. Raises
        ports.Closed: it is kept, and handed over at the next start. Raises OSError."""
        if not may_see(account, chat):
            raise Refusal("this is somebody else's chat with the bot", 403)
        if reply_to and not self._visible(account, reply_to):
            raise Refusal("the message to answer is not kept here any more")
        key = key_of("said", account, name or secrets.token_hex(8))
        now = self._clock.now()
        new = Entry("", 0, 0, now, now, chat, account, key, "message", text, open=True)
        entry = await self._history.add(replace(new, reply_to=reply_to))
        if entry.open:
            await self._hand_over(entry)
        return entry

    async def _hand_over(self, entry: Entry) -> None:
        account = model.Account(NAME, TENANT, entry.author)
        event = model.MessageReceived(
            f"{NAME}:msg:{entry.id}",
            entry.at,
            account,
            place_of(entry),
            entry.text.strip(),
            self._mentions(entry.text),
            entry.reply_to,
        )
        await self._submit(event)
        await self._history.change(entry.id, lambda now: replace(now, open=False), quiet=True)

    def _mentions(self, text: str) -> tuple[model.Account, ...]:
        """Everybody who is called by ``@name``."""
        names = (match.casefold().rstrip(".") for match in _MENTION.findall(text))
        known = dict.fromkeys(self._accounts[name] for name in names if name in self._accounts)
        return tuple(model.Account(NAME, TENANT, account) for account in known)

    async def click(
        self, account: str, card: str, revision: int, action: str, reason: str, name: str
    ) -> model.Receipt:
        """Somebody presses a button of a card as it was at ``revision``. Raises ports.Closed."""
        entry = self._visible(account, card)
        if entry is None or not 0 <= revision < len(entry.revisions):
            raise Refusal(
                "this card, or what it said then, is not kept here any more: write approve or "
                "reject with the number and the code that it showed"
            )
        shown = entry.revisions[revision]
        if action not in shown.actions:
            offered = ", ".join(shown.actions) or "nothing"
            raise Refusal(f"the card did not offer this; it offered {offered}")
        return await self._submit(
            model.CardAction(
                f"{NAME}:click:{account}:{name or secrets.token_hex(8)}",
                self._clock.now(),
                model.Account(NAME, TENANT, account),
                place_of(entry),
                entry.id,
                action,
                shown.request,
                shown.code,
                reason.strip(),
            )
        )

    async def recall(self, account: str, message: str) -> None:
        """Somebody takes back what they wrote. Raises ports.Closed and OSError."""
        entry = self._visible(account, message)
        if entry is None or entry.author != account:
            raise Refusal("this is no message of yours that is kept here", 404)
        await self._submit(
            model.MessageRecalled(
                f"{NAME}:recall:{entry.id}", self._clock.now(), NAME, TENANT, entry.id, "author"
            )
        )
        await self._history.erase(entry.id)

    def _visible(self, account: str, name: str) -> Entry | None:
        entry = self._history.entries.get(name)
        return entry if entry is not None and may_see(account, entry.chat) else None
