"""The example company as DingTalk names it: staff ids, encrypted sender ids, conversations."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import world

PERSON = {p.id: p for p in world.EVERYBODY}
BY_USER = {p.dingtalk: p for p in world.PEOPLE}


@dataclass(frozen=True)
class Chat:
    """A conversation with the bot in it. ``members`` are world ids; ``direct`` the one person of a
    one-to-one chat ("" for a group); ``guests`` those of another company."""

    id: str
    title: str
    members: tuple[str, ...]
    direct: str = ""
    guests: tuple[str, ...] = ()

    def holds(self, person: str) -> bool:
        return person in self.members or person in self.guests


GROUPS = {
    id: Chat(id, title, tuple(p.id for p in world.PEOPLE), guests=(world.GUEST.id,))
    for id, title in world.DINGTALK_GROUPS.items()
}
DIRECT = {p.id: Chat(f"cidONE+{p.id}==", p.name, (p.id,), p.id) for p in world.PEOPLE}
CHATS = GROUPS | {chat.id: chat for chat in DIRECT.values()}


def chat_named(name: str) -> Chat:
    """A chat by conversation id, group title, or the person of a one-to-one chat."""
    if name in CHATS:
        return CHATS[name]
    for chat in GROUPS.values():
        if chat.title == name:
            return chat
    if name in DIRECT:
        return DIRECT[name]
    raise ValueError(f"no chat {name!r}: there are {sorted(world.DINGTALK_GROUPS.values())}")


def person(id: str) -> world.Person:
    """An example person by world id."""
    if id not in PERSON:
        raise ValueError(f"no person {id!r}: there are {sorted(PERSON)}")
    return PERSON[id]


def sender_id(person: world.Person) -> str:
    """The encrypted id under which a chat message names its sender."""
    return f"$:LWCP_v1:${person.id}"


def corp_id(person: world.Person) -> str:
    """The organisation that somebody belongs to."""
    return world.GUEST_CORP if person is world.GUEST else world.DINGTALK_CORP


def staff_id(person: world.Person) -> str:
    """The user id under which this organisation knows somebody; "" for one of another."""
    return "" if person is world.GUEST else person.dingtalk


def union_id(person: world.Person) -> str:
    return f"union{person.id}iEiE"
