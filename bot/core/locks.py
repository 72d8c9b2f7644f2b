"""One operation at a time on an instance or a resource: what is approved waits for its turn.

What a request has, and what it waits for, are rows of the store: they are written in the
transaction that lets it start or wait, and gone with the one that ends it. That one also makes
those due that wait, which are judged anew then. No timer ever frees a lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot import cards, model
from bot.core import openings
from bot.core.decision import DecisionBuilder
from bot.policy import locking, starting

MOST_NOTED = 200
"""Names that an audit entry lists."""


def of(builder: DecisionBuilder) -> tuple[model.Lock, ...]:
    """What the request has or waits for, as changed so far."""
    archive = builder.view.archive
    if builder.locks is not None or archive is None:
        return builder.locks or ()
    return tuple(archive.locks_of(builder.it.id))


def take(builder: DecisionBuilder) -> None:
    """It may start: it gets all that it needs, and waits for nothing any more."""
    if builder.it.lock_wait is not None:
        freed = [one.freed_at for one in of(builder) if one.freed_at is not None]
        builder.change(lock_wait=None, opened_at=max(freed, default=builder.now))
    put(builder, locking.needs_of(builder.deployment.book, builder.it))


def add(builder: DecisionBuilder, needs: Iterable[locking.Need], alone: bool) -> None:
    """Its run is about to act on these, too; not ``alone``, where others may have them."""
    new = [one if alone else replace(one, mode="warn") for one in needs]
    if new:
        put(builder, new, of(builder))


def put(
    builder: DecisionBuilder, needs: Iterable[locking.Need], have: tuple[model.Lock, ...] = ()
) -> None:
    """Let the request have these besides what it has already; nobody else does."""
    if builder.view.archive is None:
        return
    request, now = builder.it, builder.now
    before = {one.name: one for one in of(builder) if one.state == "held"}
    locks = [*have]
    for one in needs:
        lock = model.Lock(one.name, one.label, request.id, one.exclusive, now)
        old = before.get(one.name)
        locks.append(old if old is not None and old.exclusive == lock.exclusive else lock)
    if set(locks) == set(of(builder)):
        return
    builder.locks = tuple(locks)
    new = [one.name for one in locks if one.exclusive and one not in before.values()]
    if new:
        builder.enter("countersign", "lock.taken", locks=new[:MOST_NOTED], digest=request.digest)


def wait(builder: DecisionBuilder, refusal: model.Refused) -> bool:
    """Let it wait for its turn, where another request has what it needs; its thread is told once.
    False: it was refused for another reason."""
    if refusal.data.get("key") != starting.LOCKED:
        return False
    openings.over(builder)
    request, other = builder.it, refusal.data["facts"]
    turn = locking.turn_of(request, builder.now)
    builder.locks = tuple(
        model.Lock(one.name, one.label, request.id, True, turn, "waiting")
        for one in locking.needs_of(builder.deployment.book, request)
        if one.exclusive
    )
    lock_wait = model.LockWait(int(other["number"]), str(other["name"]))
    if request.lock_wait == lock_wait:
        return True
    builder.change(lock_wait=lock_wait)
    builder.enter(
        "countersign",
        "request.queued",
        number=lock_wait.holder,
        name=lock_wait.label,
        digest=request.digest,
    )
    why = cards.lock_text(request.locale, lock_wait)
    builder.tell_sentence("queued", "say.queued", builder.asker(), why=why)
    builder.update_card()
    return True
