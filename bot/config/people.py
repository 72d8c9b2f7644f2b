"""People and their accounts: whose is which, on which platform, of which organisation."""

from __future__ import annotations

from bot.config import schema
from bot.config.sight import Sight
from bot.source import paths

Account = tuple[str, str, str]
"""Platform, organisation, id. An organisation "" is not said, where there are several."""


def written(file: schema.File, person: schema.Person) -> dict[str, str]:
    """A person's account on each platform where they have one, as it is written."""
    accounts = {name: getattr(person, name) for name in file.adapters.platforms}
    return {name: account for name, account in accounts.items() if account is not None}


def account(file: schema.File, platform: str, written: str) -> Account:
    """An account as it is written: `id`, or `organisation:id`."""
    known = file.tenants(platform)
    tenant, colon, name = written.partition(":")
    if colon and tenant in known:
        return platform, tenant, name
    return platform, known[0] if len(known) == 1 else "", written


def accounts(file: schema.File, person: schema.Person) -> tuple[Account, ...]:
    """All accounts of a person that are written as they should be."""
    found = [account(file, *each) for each in written(file, person).items()]
    for text in person.accounts:
        platform, _, rest = text.partition(":")
        if platform in file.adapters.platforms and rest:
            found.append(account(file, platform, rest))
    return tuple(dict.fromkeys(found))


def has_account(file: schema.File, person: schema.Person, platform: str) -> bool:
    return any(one[0] == platform for one in accounts(file, person))


def check_people(sight: Sight) -> None:
    """One person per id, per RAM user and per account."""
    seen: dict[str, paths.Path] = {}
    holders: dict[Account, tuple[str, paths.Path]] = {}
    users: dict[str, tuple[str, paths.Path]] = {}
    sessions: dict[str, str] = {}
    for path, person in sight.parts.entries("person"):
        if person.id in seen:
            line = sight.notes.line(seen[person.id])
            sight.notes.fault((*path, "id"), f"{person.id} is already the person of line {line}")
            continue
        seen[person.id] = path
        _check_user(sight, path, person, users)
        _check_sessions(sight, path, person, sessions)
        for place, text, key in _written(sight, path, person):
            for chat in sight.file.adapters.chats:
                start = chat.account_start
                if start and chat.name != key[0] and key[2].startswith(start):
                    message = f"is an account of {chat.title} by its beginning ({start}): nobody "
                    sight.notes.warn(place, f"{message}has it on {key[0]}")
            if not key[1] and sight.file.tenants(key[0]):
                sight.notes.fault(place, _which(sight.file, key[0], text))
                continue
            if key in holders and holders[key][0] != person.id:
                sight.notes.fault(place, _claimed(sight, key, person.id, *holders[key]))
            holders.setdefault(key, (person.id, place))
        # A person of whom an account is faulty is not one without accounts.
        if not sight.told(*path) and not accounts(sight.file, person):
            sight.notes.warn(path, f"{person.id} has no account, so can neither ask nor approve")


def _written(
    sight: Sight, path: paths.Path, person: schema.Person
) -> list[tuple[paths.Path, str, Account]]:
    """Every account that a person is given: where, as it is written, and which it is."""
    found: list[tuple[paths.Path, str, Account]] = []
    for platform, text in written(sight.file, person).items():
        found.append(((*path, platform), text, account(sight.file, platform, text)))
    for index, text in enumerate(person.accounts):
        place = (*path, "accounts", index)
        platform, _, rest = text.partition(":")
        tenant, _, name = rest.partition(":")
        if not name or tenant not in sight.file.tenants(platform):
            example = f"platform:organisation:id, such as {sight.file.adapters.chats[0].example}"
            message = f"is no account of an organisation that the bot listens to: {example}"
            sight.notes.fault(place, message)
        else:
            found.append((place, rest, (platform, tenant, name)))
    return found


def _which(file: schema.File, platform: str, text: str) -> str:
    """What is said of an account that does not say of which organisation it is."""
    choices = " or ".join(f'"{tenant}:{text}"' for tenant in file.tenants(platform))
    return (
        f"of which organisation? [{platform}] names several, and the same id may be somebody else "
        f"in another; write {choices}"
    )


def _check_user(
    sight: Sight,
    path: paths.Path,
    person: schema.Person,
    users: dict[str, tuple[str, paths.Path]],
) -> None:
    """One person per RAM user."""
    user, place = person.ram, (*path, "ram")
    if user is not None and "@" in user:
        sight.notes.fault(place, "is the name of the RAM user alone, the part before @")
    elif user is not None and user in users:
        other, first = users[user]
        message = (
            f"the RAM user {user} is already {other} (line {sight.notes.line(first)}); "
            "an approval that names it must mean one person"
        )
        sight.notes.fault(place, message)
    elif user is not None:
        users[user] = (person.id, place)


def _check_sessions(
    sight: Sight, path: paths.Path, person: schema.Person, sessions: dict[str, str]
) -> None:
    """One person per session of a RAM role."""
    for at, session in enumerate(person.ram_sessions):
        if session in sessions:
            message = f"the session {session} is already {sessions[session]}'s"
            sight.notes.fault((*path, "ram_sessions", at), message)
        sessions[session] = person.id


def _claimed(sight: Sight, key: Account, person: str, other: str, path: paths.Path) -> str:
    platform, _, name = key
    return (
        f"the {platform} account {name} is already that of {other} (line "
        f"{sight.notes.line(path)}). Votes are counted by person: with two people behind one "
        f"account, {other} or {person} could approve their own request or vote twice, so the "
        "account would lose the right to ask and to approve. Keep it at one of them"
    )
