"""What is voted on beside the calls: policies, limits and checks, frozen with the plan."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot import model, policy
from bot.core.decision import DecisionBuilder
from bot.policy import limits, quorum

FORMAT = 2
"""How the digests of new plans are made."""


def complete(builder: DecisionBuilder, plan: model.Plan) -> model.Plan:
    """The plan with all that its digest covers: the terms, the request's nonce, and hidden values
    sealed with the key of the installation. A plan that is put to the vote again keeps its nonce,
    so that the same plan of the same request has the same code."""
    before = builder.it.plan
    nonce = before.nonce if before is not None and before.nonce else builder.it.nonce
    plan = replace(plan, format=FORMAT, nonce=nonce, terms=terms(builder, plan))
    return plan.seal(builder.deployment.key)


def terms(builder: DecisionBuilder, plan: model.Plan) -> Mapping[str, object]:
    """Policies, risk, limits and checks as they are now. Of the patterns their digest, for they are
    many and say nothing about this plan."""
    book, request = builder.deployment.book, builder.it
    rule = book.commands.get(request.command)
    facts: dict[str, Any] = {
        "policies": policy.snapshot(quorum.policies_of(book, request, plan)),
        "least": request.least,
        "risk": request.risk,
        "patterns": patterns_of(book, request.command),
    }
    if rule is not None:
        facts |= {
            "allowed_targets": list(rule.allowed_targets),
            "most_targets": rule.most_targets,
            "unjudged_calls": limits.unjudged(rule),
            "allowed_values": {name: list(values) for name, values in rule.allowed_values.items()},
            "drift": rule.drift,
        }
    if request.starts_at is not None:
        facts["starts_at"] = request.starts_at.isoformat()
    if plan.away:
        facts["safety_check"] = builder.deployment.safety_check
    return facts


def patterns_of(book: policy.Book, command: str) -> str:
    """The SHA-256 of all patterns that a command is held to; "" where there are none."""
    return _digest(book.patterns, command)


@functools.lru_cache(maxsize=256)
def _digest(patterns: tuple[policy.Pattern, ...], command: str) -> str:
    facts = [
        {
            "regex": pattern.regex.pattern,
            "where": sorted(pattern.where),
            "action": pattern.action,
            "reason": pattern.reason,
            "policy": pattern.policy,
        }
        for pattern in patterns
        if not pattern.commands or command in pattern.commands
    ]
    return hashlib.sha256(model.canonical(facts).encode()).hexdigest() if facts else ""
