"""The one gate: may a request be asked for, planned, approved, started, and make this call?

``evaluate`` goes through the conditions of a moment in the order in which they stand here, and
stops at the first that refuses. A condition is a function of the facts of its moment; it answers
with a ``Refusal``, with a ``Verdict`` (these policies must be satisfied, too), or with None. What
takes work to know, the facts find out only when a condition asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bot.policy import asking, calling, conditions, planning, starting
from bot.policy.model import Refusal, Verdict, together

F = TypeVar("F")
Answer = Refusal | Verdict | None


@dataclass(frozen=True, slots=True)
class Agreement(Generic[F]):
    """A condition that judges the policies which those before it have called for."""

    judge: Callable[[F, Verdict], Answer]


@dataclass(frozen=True, slots=True)
class Moment(Generic[F]):
    """A moment at which it is judged whether a request may go on, and the conditions then."""

    name: str
    conditions: tuple[Callable[[F], Answer] | Agreement[F], ...]


ASK: Moment[asking.Facts] = Moment(
    "ask",
    (
        asking.group,
        conditions.enabled,
        asking.right,
        asking.content,
        asking.values,
        asking.stored_values,
        asking.hidden_target,
        asking.calls,
        asking.plan,
        conditions.patterns,
        asking.own_needs,
        asking.when,
        asking.targets,
        asking.open_of_person,
        asking.open_of_command,
        Agreement(conditions.electorate),
    ),
)
"""Somebody asks for it: in a chat, by a form, by a rule, or once more. Its targets are not known
yet."""

PLAN: Moment[planning.Facts] = Moment(
    "plan",
    (
        conditions.enabled,
        planning.plan,
        conditions.patterns,
        Agreement(planning.electorate),
        planning.lookup,
        planning.names,
        planning.mentions,
        planning.matches,
        planning.machines,
        planning.most,
        planning.systems,
        planning.when,
        Agreement(planning.electorate),
        Agreement(planning.owners_of_targets),
        planning.locks,
    ),
)
"""What is kept in the cloud has become known, or its targets have; it is not voted on yet."""

APPROVE: Moment[starting.Facts] = Moment(
    "approve",
    (
        starting.open_request,
        starting.hold,
        starting.command,
        starting.requester,
        starting.targets,
        starting.mentions,
        starting.calls,
        starting.values,
        starting.patterns,
        starting.when,
    ),
)
"""Somebody agrees to it."""

START: Moment[starting.Facts] = Moment(
    "start",
    (
        starting.plan,
        starting.sealed,
        starting.open_request,
        starting.hold,
        starting.command,
        starting.requester,
        starting.targets,
        starting.mentions,
        starting.shown,
        starting.calls,
        starting.values,
        starting.patterns,
        starting.when,
        Agreement(starting.votes),
        starting.time,
        starting.opening,
        starting.locks,
    ),
)
"""It starts, or something within it does; asked again in the transaction that claims the call."""


CALL: Moment[calling.Facts] = Moment(
    "call",
    (
        calling.scope,
        calling.names,
        calling.number,
        calling.locks,
        calling.when,
        Agreement(calling.votes),
    ),
)
"""A run is about to make a call that changes something; asked again when the call is claimed."""


def evaluate(moment: Moment[F], facts: F) -> Verdict:
    """No, and why; or yes, once the policies of the verdict are satisfied besides its own. The
    policies of a no are those that were called for until then."""
    verdict = Verdict()
    for condition in moment.conditions:
        if isinstance(condition, Agreement):
            answer = condition.judge(facts, verdict)
        else:
            answer = condition(facts)
        if isinstance(answer, Refusal):
            answer = Verdict(answer)
        if answer is None:
            continue
        if answer.refusal is not None:
            return replace(verdict, refusal=answer.refusal)
        if answer.policies or answer.reasons:
            verdict = together((verdict, answer))
    return verdict
