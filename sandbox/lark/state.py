"""What the stand-in remembers: who is where, what was said, which cards hang where."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox import base, world

BOT_NAME = "Countersign"
PEOPLE = {person.lark: person for person in world.EVERYBODY}


def union_id(open_id: str) -> str:
    return "on_" + open_id.removeprefix("ou_")


def user_id(open_id: str) -> str:
    return "u_" + open_id.removeprefix("ou_")


def tenant_key(open_id: str) -> str:
    """The tenant that somebody belongs to."""
    return world.GUEST_TENANT if open_id == world.GUEST.lark else world.LARK_TENANT


def person(world_id: str) -> world.Person:
    """One of the example people; raises KeyError with the names there are."""
    for someone in world.EVERYBODY:
        if world_id in (someone.id, someone.lark):
            return someone
    raise KeyError(f"nobody is called {world_id!r}: {[p.id for p in world.EVERYBODY]}")


ID_TYPES: dict[str, Callable[[str], str]] = {
    "open_id": str,
    "union_id": union_id,
    "user_id": user_id,
    "email": lambda open_id: f"{user_id(open_id)}@x.test",
}


def resolve_as(id_type: str, one: str) -> str:
    """The open_id behind an id of that type; "" if nobody has it."""
    spelled = ID_TYPES[id_type]
    return next((open_id for open_id in PEOPLE if spelled(open_id) == one), "")


def resolve(any_id: str) -> str:
    """The open_id behind an open_id, union_id, user_id or e-mail; "" if nobody has it."""
    return next(filter(None, (resolve_as(id_type, any_id) for id_type in ID_TYPES)), "")


@dataclass
class Chat:
    id: str
    title: str
    members: list[str]
    kind: str = "group"
    bot: bool = True
    at_all: bool = False
    bot_manages: bool = False


@dataclass
class Shown:
    """What people see of one message or of one revision of a card."""

    text: str = ""
    mentions: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    buttons: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Entry:
    """One message in a chat. ``type`` is its msg_type; ``source`` is the "content" as sent;
    ``card`` the decoded card now; ``revisions`` every card there was, with what was seen of it,
    oldest first; ``clicks`` how many clicks wait for an answer; ``robot``
    the name of a custom bot that sent it; ``port`` where the one came in who sent or changed it
    last."""

    id: str
    chat: str
    at: float
    sender: str
    kind: str
    source: str
    shown: Shown
    type: str = "text"
    parent: str = ""
    root: str = ""
    thread: str = ""
    recalled: bool = False
    revisions: list[tuple[dict[str, Any], Shown]] = field(default_factory=list)
    clicks: int = 0
    urgent: list[str] = field(default_factory=list)
    robot: str = ""
    port: int = field(default_factory=base.port_served)

    @property
    def card(self) -> dict[str, Any]:
        return self.revisions[-1][0]

    def show(self, card: dict[str, Any], shown: Shown) -> None:
        """Put a new revision of the card in front of everybody."""
        self.revisions.append((card, shown))
        self.shown = shown
        self.port = base.port_served() or self.port


class State:
    """The tenant: chats, messages, and the ids handed out."""

    def __init__(self, clock: base.Clock, changes: base.Changes | None = None) -> None:
        self.clock = clock
        self.changes = changes or base.Changes()
        everybody = [p.lark for p in world.PEOPLE]
        self.chats = {
            key: Chat(key, title, list(everybody)) for key, title in world.LARK_GROUPS.items()
        }
        for someone in world.PEOPLE:
            key = f"oc_p2p_{someone.id}"
            self.chats[key] = Chat(key, someone.name, [someone.lark], kind="p2p")
        self.entries: dict[str, Entry] = {}
        self._numbers = itertools.count(1)

    def new_id(self, prefix: str) -> str:
        """``prefix`` plus a number, so that ids sort by age, and a random part."""
        return f"{prefix}{next(self._numbers):06d}{secrets.token_hex(8)}"

    def chat(self, name: str) -> Chat:
        """A chat by id or by title; the "ops" group for ""."""
        for chat in self.chats.values():
            if (name or "ops") in (chat.id, chat.title):
                return chat
        raise KeyError(f"no chat {name!r}: {[c.title for c in self.chats.values()]}")

    def direct(self, open_id: str) -> Chat | None:
        """Somebody's chat with the bot alone; None: of another company, they have none."""
        return self.chats.get(f"oc_p2p_{PEOPLE[open_id].id}")

    def add(self, entry: Entry) -> Entry:
        self.entries[entry.id] = entry
        self.changed(entry)
        return entry

    def changed(self, entry: Entry) -> None:
        """Note that a message looks different now."""
        self.changes.note("entry", entry.id)

    def thread_of(self, root: Entry) -> str:
        """The topic that hangs on ``root``, started if there was none."""
        if not root.thread:
            root.thread = self.new_id("omt_")
            self.changed(root)
        return root.thread
