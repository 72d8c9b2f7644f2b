"""Who may ask for what, and where."""

from __future__ import annotations

from collections.abc import Collection

from bot import model, texts
from bot.policy import identity
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
    refusal = refusal_of_outsider(tenants, account)
    if refusal is not None:
        return refusal
    if place.direct:
        return None if book.direct_chats else Refusal("refused.direct")
    if group_of(book, place.platform, place.chat) is None:
        return Refusal("refused.group", {"chat": place.chat})
    return None


def refusal_of_outsider(tenants: Collection[str], account: model.Account) -> Refusal | None:
    """Is an account of one of our organisations?"""
    if account.tenant in tenants and account.id:
        return None
    return Refusal("refused.outsider", {"account": account.id or account.name or "?"})


def person(book: Book, account: model.Account) -> Person | Refusal:
    """The one known human of an allowed organisation behind an account; or why there is none."""
    tenants = book.tenants.get(account.platform, frozenset())
    return refusal_of_outsider(tenants, account) or identity.known(book, account)


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


def sight(book: Book, account: model.Account, place: model.Place) -> model.Sight | None:
    """Which requests somebody may see at most who asks in a place: no more than these, and of these
    what ``Context.may_see`` says; None: who votes may see requests of any place."""
    person = identity.person_of(book, account)
    if person is None:
        return model.Sight(f"{account.platform}:{account.id}")
    policies = book.policies.values()
    named = (book.oncall.potential(one.people) for one in policies)
    if person.ram or any(one.by_tag for one in policies) or any(person.id in one for one in named):
        return None
    usable = (
        (group.platform, group.chat)
        for group in book.groups
        for command in book.commands
        if may_use(book, person, command, model.Place(group.platform, "", group.chat))
    )
    places = dict.fromkeys([(place.platform, place.chat), *usable])
    return model.Sight(person.id, tuple(places))


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
