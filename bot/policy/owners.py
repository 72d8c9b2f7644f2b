"""Approvers by a tag of the targets: ``"tag:owner"`` is whoever the tag names at each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot import model
from bot.policy import identity
from bot.policy.model import TAG, Book, Person, Policy, Refusal


def person_of(book: Book, value: str) -> Person | None:
    """The person whose id, or RAM user, a tag has as its value; None: it is nobody's."""
    return book.people.get(value) or (identity.of_ram(book, value) if value else None)


def resolved(book: Book, one: Policy, instances: Sequence[model.Instance]) -> Policy:
    """A policy whose approvers by tag are the people whom these instances name."""
    if not one.by_tag:
        return one
    stages = tuple(
        replace(stage, approvers=tuple(_people(book, stage.approvers, instances)))
        for stage in one.stages
    )
    return replace(one, approvers=tuple(_people(book, one.approvers, instances)), stages=stages)


def _people(
    book: Book, approvers: Iterable[str], instances: Sequence[model.Instance]
) -> dict[str, None]:
    people: dict[str, None] = {}
    for who in approvers:
        if not who.startswith(TAG):
            people[who] = None
            continue
        for instance in instances:
            owner = person_of(book, dict(instance.tags).get(who.removeprefix(TAG), ""))
            if owner is not None:
                people[owner.id] = None
    return people


def refusal_of_owner(
    book: Book, policies: Iterable[Policy], instances: Sequence[model.Instance]
) -> Refusal | None:
    """Is each owner that a policy calls for somebody here?"""
    for one in policies:
        for who in one.people:
            if not who.startswith(TAG):
                continue
            tag = who.removeprefix(TAG)
            for instance in instances:
                value = dict(instance.tags).get(tag, "")
                shown = {"tag": tag, "target": instance.name or instance.id, "policy": one.name}
                if not value:
                    return Refusal("refused.owner_missing", shown)
                if person_of(book, value) is None:
                    return Refusal("refused.owner", shown | {"value": value})
            if not instances:
                return Refusal("refused.owner_of_nothing", {"tag": tag, "policy": one.name})
    return None
