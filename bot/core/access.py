"""Who may ask for what, and where."""

from __future__ import annotations

from bot import model, policy, texts
from bot.deployment import Deployment


def refusal_of_right(
    deployment: Deployment, person: policy.Person, name: str, place: model.Place, locale: str
) -> policy.Refusal | None:
    """May this person ask for this operation here?"""
    if name not in deployment.book.commands:
        return policy.Refusal("refused.not_enabled", {"command": name})
    return refusal_of_role(deployment, person, name, place, locale)


def refusal_of_role(
    deployment: Deployment, person: policy.Person, name: str, place: model.Place, locale: str
) -> policy.Refusal | None:
    """Has this person a role for this command, and is it for this chat?"""
    if policy.may_use(deployment.book, person, name, place):
        return None
    if policy.may_use(deployment.book, person, name):
        return policy.Refusal("refused.here", {"command": name})
    roles = sorted(
        role.name
        for role in deployment.book.roles.values()
        if "*" in role.commands or name in role.commands
    )
    key = "refused.role.who" if roles else "refused.role.nobody"
    who = texts.say(locale, key, roles=roles)
    return policy.Refusal("refused.role", {"command": name, "who": who})
