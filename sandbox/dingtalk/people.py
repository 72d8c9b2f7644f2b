"""The example company as DingTalk names it: staff ids, encrypted sender ids, conversations."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import world

PERSON = {p.id: p for p in world.PEOPLE}
BY_USER = {p.dingtalk: p for p in world.PEOPLE}


@dataclass(frozen=True)
class Chat:
    """A conversation with the bot in it. ``members`` are world ids; ``direct`` the one person of a
    one-to-one chat ("" for a group)."""

    id: str
    title: str
    members: tuple[str, ...]
    direct: str = ""


GROUPS = {id: Chat(id, title, tuple(PERSON)) for id, title in world.DINGTALK_GROUPS.items()}
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


def union_id(person: world.Person) -> str:
    return f"union{person.id}iEiE"
