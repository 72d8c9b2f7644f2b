"""People and their accounts: whose is which, on which platform, of which organisation."""

from __future__ import annotations

from bot.config import schema
from bot.config.context import CheckContext
from bot.source import paths

Account = tuple[str, str, str]
"""Platform, organisation, id. An organisation "" is not said, where there are several."""


def account_texts(file: schema.File, person: schema.Person) -> dict[str, str]:
    """A person's account on each platform where they have one, as it is written."""
    accounts = {name: getattr(person, name) for name in file.adapters.platforms}
    return {name: account for name, account in accounts.items() if account is not None}


def account(file: schema.File, platform: str, text: str) -> Account:
    """An account as it is written: `id`, or `organisation:id`."""
    known = file.tenants(platform)
    tenant, colon, name = text.partition(":")
    if colon and tenant in known:
        return platform, tenant, name
    return platform, known[0] if len(known) == 1 else "", text


def accounts(file: schema.File, person: schema.Person) -> tuple[Account, ...]:
    """All accounts of a person that are written as they should be."""
    known = [account(file, *each) for each in account_texts(file, person).items()]
    for text in person.accounts:
        platform, _, rest = text.partition(":")
        if platform in file.adapters.platforms and rest:
            known.append(account(file, platform, rest))
    return tuple(dict.fromkeys(known))


def has_account(file: schema.File, person: schema.Person, platform: str) -> bool:
    return any(one[0] == platform for one in accounts(file, person))


def check_people(context: CheckContext) -> None:
    """One person per id, per RAM user and per account."""
    places: dict[str, paths.Path] = {}
    holders: dict[Account, tuple[str, paths.Path]] = {}
    users: dict[str, tuple[str, paths.Path]] = {}
    sessions: dict[str, str] = {}
    for path, person in context.parts.entries("person"):
        if person.id in places:
            line = context.diagnostics.line(places[person.id])
            context.diagnostics.fault(
                (*path, "id"), f"{person.id} is already the person of line {line}"
            )
            continue
        places[person.id] = path
        _check_user(context, path, person, users)
        _check_sessions(context, path, person, sessions)
        for place, text, key in _accounts(context, path, person):
            for chat in context.file.adapters.chats:
                start = chat.account_start
                if start and chat.name != key[0] and key[2].startswith(start):
                    message = f"is an account of {chat.title} by its beginning ({start}): nobody "
                    context.diagnostics.warn(place, f"{message}has it on {key[0]}")
            if not key[1] and context.file.tenants(key[0]):
                context.diagnostics.fault(place, _which(context.file, key[0], text))
                continue
            if key in holders and holders[key][0] != person.id:
                context.diagnostics.fault(place, _claimed(context, key, person.id, *holders[key]))
            holders.setdefault(key, (person.id, place))
        # A person of whom an account is faulty is not one without accounts.
        if not context.faulty(*path) and not accounts(context.file, person):
            context.diagnostics.warn(
                path, f"{person.id} has no account, so can neither ask nor approve"
            )


def _accounts(
    context: CheckContext, path: paths.Path, person: schema.Person
) -> list[tuple[paths.Path, str, Account]]:
    """Every account that a person is given: where, as it is written, and which it is."""
    known: list[tuple[paths.Path, str, Account]] = []
    for platform, text in account_texts(context.file, person).items():
        known.append(((*path, platform), text, account(context.file, platform, text)))
    for index, text in enumerate(person.accounts):
        place = (*path, "accounts", index)
        platform, _, rest = text.partition(":")
        tenant, _, name = rest.partition(":")
        if not name or tenant not in context.file.tenants(platform):
            example = f"platform:organisation:id, such as {context.file.adapters.chats[0].example}"
            message = f"is no account of an organisation that the bot listens to: {example}"
            context.diagnostics.fault(place, message)
        else:
            known.append((place, rest, (platform, tenant, name)))
    return known


def _which(file: schema.File, platform: str, text: str) -> str:
    """What is said of an account that does not say of which organisation it is."""
    choices = " or ".join(f'"{tenant}:{text}"' for tenant in file.tenants(platform))
    return (
        f"of which organisation? [{platform}] names several, and the same id may be somebody else "
        f"in another; write {choices}"
    )


def _check_user(
    context: CheckContext,
    path: paths.Path,
    person: schema.Person,
    users: dict[str, tuple[str, paths.Path]],
) -> None:
    """One person per RAM user."""
    user, place = person.ram, (*path, "ram")
    if user is not None and "@" in user:
        context.diagnostics.fault(place, "is the name of the RAM user alone, the part before @")
    elif user is not None and user in users:
        other, first = users[user]
        message = (
            f"the RAM user {user} is already {other} (line {context.diagnostics.line(first)}); "
            "an approval that names it must mean one person"
        )
        context.diagnostics.fault(place, message)
    elif user is not None:
        users[user] = (person.id, place)


def _check_sessions(
    context: CheckContext, path: paths.Path, person: schema.Person, sessions: dict[str, str]
) -> None:
    """One person per session of a RAM role."""
    for at, session in enumerate(person.ram_sessions):
        if session in sessions:
            message = f"the session {session} is already {sessions[session]}'s"
            context.diagnostics.fault((*path, "ram_sessions", at), message)
        sessions[session] = person.id


def _claimed(context: CheckContext, key: Account, person: str, other: str, path: paths.Path) -> str:
    platform, _, name = key
    line = context.diagnostics.line(path)
    return (
        f"the {platform} account {name} is already that of {other} (line {line}). "
        "Votes are counted by person: with two people behind one "
        f"account, {other} or {person} could approve their own request or vote twice, so the "
        "account would lose the right to ask and to approve. Keep it at one of them"
    )
