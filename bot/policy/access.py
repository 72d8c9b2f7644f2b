"""Who may ask for what, and where."""

from __future__ import annotations

from bot import model, texts
from bot.policy.model import Book, Group, Person, Refusal


def group_of(book: Book, platform: str, chat: str) -> Group | None:
    for group in book.groups:
        if group.platform == platform and group.chat == chat:
            return group
    return None


def locale_of(book: Book, place: model.Place) -> str:
    group = group_of(book, place.platform, place.chat)
    return (group.locale if group else "") or book.locale


def refusal_of_place(book: Book, place: model.Place, account: model.Account) -> Refusal | None:
    """Is this organisation and chat one of ours?"""
    tenants = book.tenants.get(place.platform, frozenset())
    if place.tenant not in tenants:
        return Refusal("refused.tenant", {"tenant": place.tenant or "?"})
    if account.tenant not in tenants or not account.id:
        return Refusal("refused.outsider", {"account": account.id or account.name or "?"})
    if place.direct:
        return None if book.direct_chats else Refusal("refused.direct")
    if group_of(book, place.platform, place.chat) is None:
        return Refusal("refused.group", {"chat": place.chat})
    return None


def may_use(book: Book, person: Person, command: str, place: model.Place | None = None) -> bool:
    """Does a role of this person, and the chat it is asked in, allow this command?"""
    granted = any(
        "*" in role.commands or command in role.commands
        for name in person.roles
        if (role := book.roles.get(name)) is not None
    )
    if not granted or place is None or place.direct:
        return granted
    group = group_of(book, place.platform, place.chat)
    return group is not None and ("*" in group.commands or command in group.commands)


def refusal_of_right(
    book: Book, person: Person, name: str, place: model.Place, locale: str
) -> Refusal | None:
    """May this person ask for this operation here?"""
    if name not in book.commands:
        return Refusal("refused.not_enabled", {"command": name})
    return refusal_of_role(book, person, name, place, locale)


def refusal_of_role(
    book: Book, person: Person, name: str, place: model.Place, locale: str
) -> Refusal | None:
    """Has this person a role for this command, and is it for this chat?"""
    if may_use(book, person, name, place):
        return None
    if may_use(book, person, name):
        return Refusal("refused.here", {"command": name})
    roles = sorted(
        role.name for role in book.roles.values() if "*" in role.commands or name in role.commands
    )
    key = "refused.role.who" if roles else "refused.role.nobody"
    who = texts.say(locale, key, roles=roles)
    return Refusal("refused.role", {"command": name, "who": who})
