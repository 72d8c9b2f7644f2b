"""The people of the example company on Lark: they write and take back."""

from __future__ import annotations

import json
from typing import Any

from sandbox import base, world
from sandbox.lark import events, gate, hooks, state
from sandbox.lark.platform import Platform


class People(Platform):
    @base.control
    async def say(
        self,
        user: str,
        text: str,
        chat: str = "",
        quote: str = "",
        mention: tuple[str, ...] = (),
        direct: bool = False,
        at_bot: bool = True,
        age: float = 0.0,
        kind: str = "text",
        content: dict[str, Any] | None = None,
        changes: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Write to the bot: "@bot text" in a group, or ``text`` alone in the private chat. Without
        ``at_bot`` a group's message is not pushed, as the app may only read what names it. It was
        written ``age`` seconds ago, and is delivered now. ``kind`` and ``content`` are those of
        rich text, a picture and the like; ``changes`` replace fields of the message as it is pushed
        (None: leave the field out).

        Returns {"message", "delivery"}.
        """
        who = state.person(user).lark
        where = self.tenant.direct(who) if direct else self.tenant.chat(chat)
        if where is None:
            raise ValueError(f"{user} is not in a chat with the bot alone")
        quoted = self.tenant.entries[quote] if quote else None
        if quoted is not None:
            where = self.tenant.chats[quoted.chat]
        heard = at_bot and where.kind == "group"
        named = [world.LARK_BOT] * heard + [state.person(one).lark for one in mention]
        source, mentions = events.spoken(text, named)
        shown = state.Shown(_readable(text, named), [one for one in named if one in state.PEOPLE])
        entry = state.Entry(
            id=self.tenant.new_id("om_"),
            chat=where.id,
            at=self.clock.now() - age,
            sender=who,
            kind="message",
            source=source,
            shown=shown,
        )
        if quoted is not None:
            entry.parent, entry.root = quoted.id, quoted.root or quoted.id
            entry.thread = quoted.thread
        self.tenant.add(entry)
        if not where.bot or not (heard or where.kind == "p2p"):
            return {"message": entry.id, "delivery": ""}
        event = events.received(entry, where, mentions, self.user_ids)
        told = event[1]["event"]["message"]
        told["message_type"] = kind
        if content is not None:
            told["content"] = json.dumps(content, ensure_ascii=False)
        for name, value in (changes or {}).items():
            told[name] = value
            if value is None:
                del told[name]
        return {"message": entry.id, "delivery": self.push("push.chat", event).id}

    @base.control
    async def recall(self, message: str, by: str = "message_owner") -> dict[str, Any]:
        """The author takes a message back, or somebody else does (``by``: "group_owner",
        "group_manager", "enterprise_manager")."""
        entry = self.tenant.entries[message]
        entry.recalled = True
        self.tenant.changed(entry)
        delivery = self.push("push.event", events.recalled(entry, by, str(self.clock.ms())))
        return {"delivery": delivery.id}

    @base.control
    async def move_bot(self, chat: str, inside: bool, by: str = "alice") -> None:
        """Put the bot into a group or out of it; the event about it is pushed."""
        where = self.tenant.chat(chat)
        where.bot = inside
        operator = state.person(by).lark
        event = events.bot_moved(where, operator, inside, str(self.clock.ms()))
        self.push("push.event", event)

    @base.control
    async def permit(self, scope: str, granted: bool = True) -> None:
        """Grant the app a permission, or take it away; it has all it needs at first."""
        change = self.gate.revoked.discard if granted else self.gate.revoked.add
        change(scope)

    @base.control
    async def permit_only(self, scopes: list[str]) -> None:
        """Grant the app these permissions, and take all others away."""
        self.gate.revoked = {scope for _, scope in gate.SCOPES} - set(scopes)

    @base.control
    async def set_app(self, active: int = 2, bot: bool = True, **about: Any) -> None:
        """Change what the developer console has of the app: the state in the organisation, whether
        it has a bot, and fields of ``application/v6/applications``, tables merged."""
        self.application.active, self.application.bot = active, bot
        for name, value in about.items():
            known = self.application.about[name]
            self.application.about[name] = {**known, **value} if isinstance(known, dict) else value

    @base.control
    async def let_bot_manage(self, chat: str, manages: bool = True) -> None:
        """Whether the bot is a manager of that group (not so at first)."""
        self.tenant.chat(chat).bot_manages = manages

    @base.control
    async def allow_at_all(self, chat: str, allowed: bool = True) -> None:
        """Whether the bot may mention everybody in that group (not so at first)."""
        self.tenant.chat(chat).at_all = allowed

    @base.control
    async def add_robot(
        self,
        token: str,
        chat: str = "",
        secret: str = "",
        keywords: list[str] | tuple[str, ...] = (),
        addresses: list[str] | tuple[str, ...] = (),
    ) -> str:
        """A custom bot in a group; returns its webhook."""
        place = self.tenant.chat(chat).id
        self.hooks.bots[token] = hooks.Bot(token, place, secret, tuple(keywords), tuple(addresses))
        return f"{self.base_url}/open-apis/bot/v2/hook/{token}"

    @base.control
    async def hide_user_ids(self, hidden: bool = True) -> None:
        """Take the scope away that puts ``user_id`` into events."""
        self.user_ids = not hidden


def _readable(text: str, named: list[str]) -> str:
    """What the group sees of the message: names where the wire has keys."""
    names = [state.PEOPLE[one].name if one in state.PEOPLE else state.BOT_NAME for one in named]
    for name in names:
        if f"@{name}".lower() not in text.lower():
            text = f"@{name} {text}" if name == state.BOT_NAME else f"{text} @{name}"
    return text
