"""What the doctors of Alibaba Cloud's products share: a call that is only made to see whether RAM
allows it, and what its answer means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from adapters.openapi import advice
from adapters.openapi.failures import Failure
from adapters.openapi.settings import Settings
from bot.model import checks
from bot.model.rights import Right

DENIALS = ("Forbidden.RAM", "NoPermission", "Forbidden.NoPermission", "Forbidden.SubUser")
KEYS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature")
TOKENS = ("InvalidSecurityToken", "MissingSecurityToken", "InvalidTimeStamp")


@dataclass(frozen=True, slots=True)
class Probe:
    """A call that changes nothing and whose refusal tells whether its ``action`` is allowed in a
    region. ``make`` raises Failure."""

    action: str
    region: str
    host: str
    make: Callable[[], Awaitable[object]]


def keyless(failure: Failure) -> bool:
    """Were there no credentials to ask with?"""
    return failure.kind == "unsent" and failure.reason.startswith("No credentials")


def signed_in(failure: Failure) -> bool:
    """False where the credentials themselves are refused, which is told once."""
    if keyless(failure):
        return False
    return not failure.code.startswith((*KEYS, *TOKENS)) and "assume" not in failure.reason


def denied(failure: Failure) -> bool:
    """Does RAM not allow it?"""
    return failure.kind == "refused" and failure.code.startswith(DENIALS)


def unanswered(id_: str, failure: Failure, action: str, host: str) -> checks.Finding:
    """A call that told nothing."""
    facts = {"action": action, "host": host, "reason": failure.reason}
    return checks.unsure(id_, advice.UNANSWERED, advice.UNANSWERED_MEND, **facts)


async def permissions(
    settings: Settings, rights: Iterable[Right], probes: Sequence[Probe]
) -> Sequence[checks.Finding]:
    """A line for each right that is missing, one for all that are there, and one for those that no
    call can try."""
    failures = await asyncio.gather(*(failed(probe) for probe in probes))
    answers = list(zip(probes, failures, strict=True))
    if any(failure is not None and not signed_in(failure) for _, failure in answers):
        return ()
    silent = [
        unanswered("rights", failure, probe.action, probe.host)
        for probe, failure in answers
        if failure is not None and failure.kind != "refused"
    ]
    if silent and len(silent) == len(answers):
        return silent[:1]
    who = settings.credentials.role_arn or settings.credentials.key_id or "the identity"
    lines: dict[str, checks.Finding] = {}
    for probe, failure in answers:
        id_ = f"right.{probe.action}"
        if failure is None or (failure.kind == "refused" and not denied(failure)):
            continue
        if failure.kind != "refused":
            lines.setdefault(id_, unanswered(id_, failure, probe.action, probe.host))
            continue
        facts = {"action": probe.action, "region": probe.region, "who": who}
        facts["console"] = advice.CONSOLE
        lines[id_] = checks.problem(id_, advice.DENIED, advice.DENIED_MEND, **facts)
    tried = {probe.action for probe in probes}
    allowed = sorted(tried - {id_.removeprefix("right.") for id_ in lines})
    findings = [lines[id_] for id_ in sorted(lines)]
    if allowed:
        findings.append(checks.ok("rights", advice.ALLOWED, actions=allowed))
    others = sorted({right.action for right in rights} - tried)
    if others:
        facts = {"console": advice.CONSOLE}
        findings.append(
            checks.manual(
                "rights.unasked", advice.UNASKED, advice.UNASKED_MEND, actions=others, **facts
            )
        )
    return findings


async def failed(probe: Probe) -> Failure | None:
    """How a probe failed; None: it did not."""
    try:
        await probe.make()
    except Failure as failure:
        return failure
    return None
