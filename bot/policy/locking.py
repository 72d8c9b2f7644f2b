"""One operation at a time on an instance or a resource: what a request needs for itself, and who
has it.

All that a request needs is taken at once, or nothing of it; and who waits goes before all that were
approved later and need the same. So nobody waits for somebody who waits for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import model
from bot.policy.locks import Mode
from bot.policy.model import Book

INSTANCE, RESOURCE = "instance:", "resource:"
"""How the names of locks begin."""
EXCLUSIVE = ("queue", "refuse")
LONGEST = 200
"""Characters of a name; what is longer is no id of an instance."""
MOST_SHOWN = 3
PLACE = re.compile(r"\{([^{}]*)\}")
"""A parameter in the name of a resource."""


@dataclass(frozen=True, slots=True)
class Need:
    """An instance or a resource that an operation needs, ``name`` and ``label`` as a lock has them,
    and what happens where another operation has it."""

    name: str
    label: str
    mode: Mode

    @property
    def exclusive(self) -> bool:
        return self.mode in EXCLUSIVE


@dataclass(frozen=True, slots=True)
class Contention:
    """What a request needs for itself and another one has, or is to get before: the other one's
    ``lock``, and what happens then."""

    lock: model.Lock
    mode: Mode


def modes(book: Book, command: str) -> tuple[Mode, Mode]:
    """What a command does about instances, and about resources."""
    rule = book.commands.get(command)
    if rule is None:
        return "off", "off"
    return rule.lock or book.locks.instances, rule.lock or book.locks.resources


def instances(book: Book, command: str, touched: Iterable[model.Instance]) -> tuple[Need, ...]:
    """These instances as a command needs them; none where it does not look."""
    mode, _ = modes(book, command)
    if mode == "off":
        return ()
    named = {one.id: one.name or one.id for one in touched if one.id and len(one.id) <= LONGEST}
    return tuple(Need(INSTANCE + id_, label, mode) for id_, label in named.items())


def resources(book: Book, command: str, values: Mapping[str, object]) -> tuple[Need, ...]:
    """The resources of a command, with its values in their names; none where it does not look."""
    _, mode = modes(book, command)
    if mode == "off":
        return ()
    labels = dict.fromkeys(resource(name, values) for name in book.commands[command].resources)
    return tuple(Need(RESOURCE + label.casefold(), label, mode) for label in labels)


def resource(name: str, values: Mapping[str, object]) -> str:
    """The name of a resource with these values in the places of parameters."""

    def value(place: re.Match[str]) -> str:
        one = values.get(place[1])
        return "" if one is None else str(one)

    return PLACE.sub(value, name)[:LONGEST]


def needs_of(book: Book, request: model.Request) -> tuple[Need, ...]:
    """What a planned request needs: the instances of its plan that are left, and its resources."""
    plan = request.plan
    if plan is None:
        return ()
    touched = (one for one in (*plan.instances, *plan.mentions) if one.id not in request.gone)
    return (
        *instances(book, request.command, touched),
        *resources(book, request.command, request.args),
    )


def turn_of(request: model.Request, now: datetime) -> datetime:
    """The place of a request in the queue: when it was approved, to the millisecond, by a clock
    that nobody set."""
    turn = (request.approved_at or now) - timedelta(seconds=request.shift)
    return turn.replace(microsecond=turn.microsecond // 1000 * 1000)


def contention(
    archive: model.Archive | None, needs: Iterable[Need], request: int, turn: datetime | None
) -> Contention | None:
    """The first that is in the way of a request which needs these: another request that has one of
    them, or that was to get it before this ``turn`` in the queue (None: nobody looks at the queue).
    What is refused goes before what waits. What the request has for itself is not looked at."""
    wanted = {one.name: one for one in needs if one.exclusive}
    if archive is None or not wanted:
        return None
    if request:
        held = {
            one.name for one in archive.locks_of(request) if one.state == "held" and one.exclusive
        }
        wanted = {name: one for name, one in wanted.items() if name not in held}
    for mode in ("refuse", "queue"):
        names = [name for name, one in wanted.items() if one.mode == mode]
        for lock in archive.locks_on(names, request, 1):
            before = turn is not None and (lock.since, lock.request) < (turn, request)
            if lock.state == "held" or before:
                return Contention(lock, wanted[lock.name].mode)
    return None


def others(book: Book, request: model.Request, archive: model.Archive | None) -> list[model.Lock]:
    """What other requests have at this moment of that which a request needs, to be shown."""
    looks = request.state in (
        model.State.PENDING, model.State.APPROVED, model.State.RUNNING, model.State.WAITING
    )  # fmt: skip
    if archive is None or not looks or request.lock_wait is not None:
        return []
    names = [one.name for one in needs_of(book, request)]
    locks = archive.locks_on(names, request.id, MOST_SHOWN) if names else ()
    return [one for one in locks if one.state == "held"]
