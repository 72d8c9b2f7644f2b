"""The metrics, each declared once: its name, what it means, its labels, and where it is read.

A metric is one more entry of ``FAMILIES``. What happens often is counted in ``bot.runtime.meter``;
what the store knows is read when somebody asks (``Snapshot``). Labels are words of a fixed set.
``python -m bot docs metrics`` prints the reference.
"""

from __future__ import annotations

import types
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot import model, policy, release, store
from bot.model import ports
from bot.runtime import limits, meter
from bot.store import shared

Values = Iterable[tuple[tuple[str, ...], float | meter.Histogram]]
"""Values of the labels, and what was counted by them."""
ANSWERS = ("new", "duplicate", "failed")
OUTCOMES = tuple(
    outcome.kind
    for outcome in (model.Done(), model.Refused(""), model.NotSent(""), model.Unknown(""))
)
ENGINES = ("ecs", "oos")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known when somebody asks. ``free``: bytes left on the store's disk (None: it has
    gone). ``there``: do the events of each platform come? ``connections``: of those that keep one.
    ``usage``: what was used of the platforms, by the month, and ``quotas`` what they allow.
    ``replicas``: those that share the store (none: it is that of one process)."""

    meter: meter.Meter
    now: datetime
    ready: bool
    status: store.Status
    queues: tuple[store.Queue, ...]
    runs: Mapping[tuple[str, str], int]
    sizes: Mapping[str, int]
    free: int | None
    there: Mapping[str, bool]
    connections: Mapping[str, ports.Connection]
    budgets: tuple[limits.Usage, ...]
    usage: tuple[model.Usage, ...]
    quotas: Mapping[str, policy.Quota]
    replicas: tuple[shared.Replica, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. A counter's name ends in ``_total``."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...]
    values: Callable[[Snapshot], Values]


# ----------------------------------------------------------------------------- what was counted


def _events(shot: Snapshot) -> Values:
    """All kinds are there from the start, so that the first of a kind is an increase."""
    counts = shot.meter.events.copy()
    for kind in typing.get_args(model.Event):
        for answer in ANSWERS:
            yield (kind.__name__, answer), counts[kind.__name__, answer]


def _acks(shot: Snapshot) -> Values:
    for kind in typing.get_args(model.Event):
        yield (kind.__name__,), shot.meter.acks.get(kind.__name__) or meter.Histogram(meter.QUICK)


def _effects(shot: Snapshot) -> Values:
    counts = shot.meter.effects.copy()
    pairs = {(kind, party) for kind, party, _ in counts} | set(_pairs(shot))
    for kind, party in sorted(pairs):
        for outcome in OUTCOMES:
            yield (kind, party, outcome), counts[kind, party, outcome]


def _pairs(shot: Snapshot) -> Iterable[tuple[str, str]]:
    """The kinds of effects and where they go, as far as that is known before any is sent."""
    for kind in _kinds(ports.ChatEffect):
        yield from ((kind, platform) for platform in shot.there)
    yield from ((kind, meter.CLOUD) for kind in _kinds(ports.RunEffect))


def _kinds(union: types.UnionType) -> list[str]:
    """What the effects of a union are called."""
    hints = (typing.get_type_hints(one)["kind"] for one in typing.get_args(union))
    return [typing.get_args(hint)[0] for hint in hints]


def _polls(shot: Snapshot) -> Values:
    counts = shot.meter.polls.copy()
    engines = {engine for engine, _ in counts} | set(ENGINES)
    for engine in sorted(engines):
        for result in ("ok", "failed"):
            yield (engine, result), counts[engine, result]


# ----------------------------------------------------------------------------- what is


def _states(shot: Snapshot) -> Values:
    for state in model.State:
        if not state.final:
            yield (state.value,), shot.status.requests.get(state.value, 0)


def _replicas(shot: Snapshot) -> Values:
    states = Counter(one.state for one in shot.replicas)
    for state in typing.get_args(shared.State):
        yield (state,), states[state]


def _queued(shot: Snapshot) -> Values:
    for queue in shot.queues:
        party = queue.party or meter.CLOUD
        yield (queue.kind, party, "queued"), queue.queued
        yield (queue.kind, party, "in_flight"), queue.in_flight


def _ages(shot: Snapshot) -> Values:
    for queue in shot.queues:
        if queue.due is not None:
            age = (shot.now - queue.due).total_seconds()
            yield (queue.kind, queue.party or meter.CLOUD), max(0.0, age)


def _budget(usage: limits.Usage) -> tuple[str, ...]:
    budget = usage.budget
    return (
        budget.platform or meter.CLOUD,
        "+".join(budget.kinds),
        budget.per,
        f"{budget.seconds:g}",
    )


def _late_timer(shot: Snapshot) -> Values:
    due = shot.status.next_timer
    yield (), max(0.0, (shot.now - due).total_seconds()) if due is not None else 0.0


def _used(shot: Snapshot) -> Values:
    """What is used in this month, which begins where the platform is."""
    for platform in shot.there:
        month = _month(shot, platform)
        for each in model.METERS:
            yield (platform, each), month.of(each)


def _spared(shot: Snapshot) -> Values:
    for platform in shot.there:
        month = _month(shot, platform)
        for what in model.SPARES:
            yield (platform, what), month.spared(what)


def _month(shot: Snapshot, platform: str) -> model.Usage:
    name = policy.month_of(shot.quotas.get(platform), shot.now)
    return next(
        (each for each in shot.usage if (each.platform, each.month) == (platform, name)),
        model.Usage(platform, name),
    )


def _configuration(shot: Snapshot) -> tuple[meter.Configuration, ...]:
    """The one in use, once it is known."""
    return (shot.meter.configuration,) if shot.meter.configuration is not None else ()


FAMILIES: tuple[Family, ...] = (
    Family(
        "countersign_info",
        "gauge",
        "Always 1; the release that runs.",
        ("version",),
        lambda shot: [((release.version(),), 1)],
    ),
    Family(
        "countersign_ready",
        "gauge",
        "1: the bot can do its work. 0: /readyz says what keeps it from that.",
        (),
        lambda shot: [((), shot.ready)],
    ),
    Family(
        "countersign_configuration_info",
        "gauge",
        "Always 1; the first digits of the digest of the configuration in use.",
        ("digest",),
        lambda shot: [((one.digest,), 1) for one in _configuration(shot)],
    ),
    Family(
        "countersign_configuration_taken_up_seconds",
        "gauge",
        "When it was taken up, at the start or by a reload, in seconds since 1970.",
        (),
        lambda shot: [((), one.since.timestamp()) for one in _configuration(shot)],
    ),
    Family(
        "countersign_configuration_reload_successful",
        "gauge",
        "0: the newest reload was refused, and the configuration in use is not that of the files.",
        (),
        lambda shot: [((), not one.refused) for one in _configuration(shot)],
    ),
    Family(
        "countersign_events_total",
        "counter",
        "Events that were taken, by their kind; `answer`: new, duplicate (delivered again), or "
        "failed (it could not be decided; the log has a traceback).",
        ("kind", "answer"),
        _events,
    ),
    Family(
        "countersign_ack_seconds",
        "histogram",
        "From taking an event to its commit, after which it is acknowledged.",
        ("kind",),
        _acks,
    ),
    Family(
        "countersign_decisions_total",
        "counter",
        "What was decided, by the action of the audit log.",
        ("action",),
        lambda shot: [((action,), n) for action, n in shot.meter.decisions.copy().items()],
    ),
    Family(
        "countersign_effects_total",
        "counter",
        "Tries to send something, by how they ended: done, refused, not_sent (tried again), or "
        "unknown.",
        ("kind", "party", "outcome"),
        _effects,
    ),
    Family(
        "countersign_call_seconds",
        "histogram",
        "How long a try took.",
        ("kind", "party"),
        lambda shot: list(shot.meter.calls.items()),
    ),
    Family(
        "countersign_queue_effects",
        "gauge",
        "What waits in the outbox, now or for a later time, or is in flight.",
        ("kind", "party", "state"),
        _queued,
    ),
    Family(
        "countersign_queue_age_seconds",
        "gauge",
        "For how long the oldest of those that are queued is due.",
        ("kind", "party"),
        _ages,
    ),
    Family(
        "countersign_budget_calls",
        "gauge",
        "Calls that count against a budget now, in the chat where most do.",
        ("party", "kinds", "per", "seconds"),
        lambda shot: [(_budget(usage), usage.calls) for usage in shot.budgets],
    ),
    Family(
        "countersign_budget_limit",
        "gauge",
        "Calls that a budget allows within so many seconds.",
        ("party", "kinds", "per", "seconds"),
        lambda shot: [(_budget(usage), usage.budget.count) for usage in shot.budgets],
    ),
    Family(
        "countersign_budget_paused_seconds",
        "gauge",
        "For how long a platform asked not to be called, from now.",
        ("party", "kinds", "per", "seconds"),
        lambda shot: [(_budget(usage), usage.paused) for usage in shot.budgets],
    ),
    Family(
        "countersign_quota_used",
        "gauge",
        "What the bot used of a platform this month: calls of its API, and pushes.",
        ("platform", "meter"),
        _used,
    ),
    Family(
        "countersign_quota_limit",
        "gauge",
        "What `[[quota]]` says that the platform allows in a month; only where it does.",
        ("platform", "meter"),
        lambda shot: [
            ((platform, each), quota.of(each))
            for platform, quota in shot.quotas.items()
            for each in model.METERS
            if quota.of(each)
        ],
    ),
    Family(
        "countersign_quota_spared",
        "gauge",
        "Updates of cards and reminders that were not sent this month, to save the quota.",
        ("platform", "what"),
        _spared,
    ),
    Family(
        "countersign_requests_open",
        "gauge",
        "Requests that have not ended, by state.",
        ("state",),
        _states,
    ),
    Family(
        "countersign_runs_open",
        "gauge",
        "Invocations and executions that run in the cloud.",
        ("engine", "state"),
        lambda shot: list(shot.runs.items()),
    ),
    Family(
        "countersign_polls_total",
        "counter",
        "Looks at what runs in the cloud.",
        ("engine", "result"),
        _polls,
    ),
    Family(
        "countersign_connection_up",
        "gauge",
        "1: the platform's events come. One that keeps no connection is up once it is there.",
        ("platform",),
        lambda shot: [((name,), up) for name, up in shot.there.items()],
    ),
    Family(
        "countersign_connection_age_seconds",
        "gauge",
        "For how long the connection has stood, or has been missing.",
        ("platform",),
        lambda shot: [((name,), one.seconds) for name, one in shot.connections.items()],
    ),
    Family(
        "countersign_connections_opened_total",
        "counter",
        "Connections that were opened; an old one is replaced by the hour.",
        ("platform",),
        lambda shot: [((name,), one.opened) for name, one in shot.connections.items()],
    ),
    Family(
        "countersign_clock_behind_seconds",
        "gauge",
        "By how much the machine's clock is behind the platform's, as its answers say.",
        ("platform",),
        lambda shot: [
            ((name,), one.ahead) for name, one in shot.connections.items() if one.ahead is not None
        ],
    ),
    Family(
        "countersign_dead_letters",
        "gauge",
        "What could not be delivered and waits for somebody: refused, or unknown.",
        ("state",),
        lambda shot: [
            ((state,), shot.status.dead.get(state, 0)) for state in ("refused", "unknown")
        ],
    ),
    Family(
        "countersign_audit_head",
        "gauge",
        "The number of the newest audit entry.",
        (),
        lambda shot: [((), shot.status.audit.sequence)],
    ),
    Family(
        "countersign_timer_late_seconds",
        "gauge",
        "For how long the earliest timer is due; more than some seconds, and timers do not fire.",
        (),
        _late_timer,
    ),
    Family(
        "countersign_bus_events",
        "gauge",
        "Events that the bus keeps.",
        (),
        lambda shot: [((), shot.status.events)],
    ),
    Family(
        "countersign_replicas",
        "gauge",
        "Processes that share the database: living now, and dead or left within the last day.",
        ("state",),
        _replicas,
    ),
    Family(
        "countersign_store_bytes",
        "gauge",
        "Size of the store's files: the database, and the log that is not copied into it yet.",
        ("file",),
        lambda shot: [((name,), size) for name, size in shot.sizes.items()],
    ),
    Family(
        "countersign_store_free_bytes",
        "gauge",
        "Bytes that are left on the store's disk.",
        (),
        lambda shot: [((), shot.free or 0)],
    ),
    Family(
        "countersign_commit_seconds",
        "histogram",
        "How long a commit took, the disk included.",
        (),
        lambda shot: [((), shot.meter.commits)],
    ),
    Family(
        "countersign_commit_jobs_total",
        "counter",
        "Events and other writes that were committed; under load many share a commit.",
        (),
        lambda shot: [((), shot.meter.jobs)],
    ),
)
