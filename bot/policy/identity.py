"""Which person an account belongs to, and which accounts a person holds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot import model
from bot.policy.model import Book, Key, Person, Refusal


def key_of(account: tuple[str, ...]) -> Key:
    """An account of a person as the index has it."""
    return account[0], account[1] if len(account) > 2 else "", account[-1]


def index_accounts(people: Mapping[str, Person]) -> dict[Key, str | None]:
    """Who holds which account. An account claimed by two people belongs to neither."""
    index: dict[Key, str | None] = {}
    for person in people.values():
        for key in map(key_of, person.accounts):
            index[key] = None if key in index else person.id
    return index


def keys_of(book: Book, account: model.Account) -> tuple[Key, ...]:
    """By which keys of the index an account may be known: its own, and the one without a tenant
    where the platform has only one."""
    own = (account.platform, account.tenant, account.id)
    alone = len(book.tenants.get(account.platform, ())) == 1
    return (own, (account.platform, "", account.id)) if alone else (own,)


def accounts_held(book: Book, person: str) -> tuple[Key, ...]:
    """All accounts that a person holds now, with their tenants."""
    known = book.people.get(person)
    keys = []
    for platform, tenant, name in map(key_of, known.accounts if known else ()):
        tenants = sorted(book.tenants.get(platform, ()))
        only = tenants[0] if len(tenants) == 1 else ""
        keys.append((platform, tenant or only, name))
    return tuple(keys)


def of_ram(book: Book, user: str) -> Person | None:
    """The human behind a RAM user; None: nobody, or not just one."""
    people = [person for person in book.people.values() if person.ram and person.ram == user]
    return people[0] if len(people) == 1 else None


def starter_of(book: Book, by: str) -> Person | None:
    """The human who started an execution, as an engine names them: a RAM user ("alice",
    "alice@corp", "alice(123)"), or a session of a role or user ("role/session", "user:session").
    None: nobody knows who it was. Whoever assumes a role names the session, so a session is
    somebody's only where the configuration says so."""
    name = re.split("[@(]", by, maxsplit=1)[0].strip()
    parts = re.split("[:/]", name)
    if len(parts) == 1 and (person := of_ram(book, name)) is not None:
        return person
    holders = [one for one in book.people.values() if parts[-1] in one.ram_sessions]
    return holders[0] if len(holders) == 1 else None


def person_of(book: Book, account: model.Account) -> Person | None:
    """The human behind an account of an allowed organisation; None: nobody, or not just one."""
    if not account.id or account.tenant not in book.tenants.get(account.platform, frozenset()):
        return None
    who = {book.index[key] for key in keys_of(book, account) if key in book.index}
    person = who.pop() if len(who) == 1 else None
    return book.people[person] if person else None


def account_of(book: Book, person: str, platform: str, tenant: str) -> model.Account | None:
    """The account by which a person can be mentioned in an organisation, if they have one there."""
    for held in accounts_held(book, person):
        if held[:2] == (platform, tenant):
            return model.Account(*held, book.people[person].name)
    return None


def known(book: Book, account: model.Account) -> Person | Refusal:
    """The one human behind an account; or why nobody is known to be."""
    person = person_of(book, account)
    if person is not None:
        return person
    keys = [key for key in keys_of(book, account) if key in book.index]
    if len(keys) > 1 or any(book.index[key] is None for key in keys):
        return Refusal("refused.ambiguous_account", {"account": account.id})
    return Refusal("refused.unknown_account", {"account": account.id, "platform": account.platform})
