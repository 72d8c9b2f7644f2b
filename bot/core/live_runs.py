"""Runs of templates as their journals left them, kept in the archive's cache while they go on.

What is kept is only a shortcut: it counts the entries that it has taken in, and where the store has
others (another process, a transaction that was undone), it is made anew from the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot import model
from bot.core import bounds, plan_template
from bot.core.decision import DecisionBuilder
from bot.oos.engine import interpreter, journal

MOST = 256
"""Runs kept in memory; the others cost nothing but their rows."""


@dataclass(slots=True)
class Live:
    """``count`` entries were taken in, the last one at ``at``. ``digest`` and ``nonce`` are those
    of the request that runs. ``names`` and ``tags`` are those of instances by id, as the platform
    told them in this run; ``touched``: on which instances each changing call acts, by its key;
    ``unnamed``: the calls that wait for the names of their instances (forgotten with the memory,
    and then they count, too)."""

    digest: str
    nonce: str
    state: interpreter.State
    count: int
    at: datetime
    names: dict[str, str] = field(default_factory=dict)
    tags: dict[str, model.Tags] = field(default_factory=dict)
    touched: dict[str, bounds.Aim] = field(default_factory=dict)
    unnamed: set[str] = field(default_factory=set)


def of(builder: DecisionBuilder) -> Live:
    """The run of the request, up to the last entry of its journal. LookupError, or
    ``interpreter.JournalError``: it cannot be gone on with."""
    request, archive = builder.it, builder.view.archive
    assert archive is not None
    have = builder.view.journal + len(builder.journal)
    live = archive.cache.pop(request.id, None)
    if (
        not isinstance(live, Live)
        or (live.digest, live.nonce) != (request.digest, request.nonce)
        or live.count > have
    ):
        live = _begun(builder)
    if live.count < have:
        for row in [*archive.entries(request.id, live.count), *builder.journal]:
            if row.seq > live.count:
                _take(live, journal.entry(row.entry))
    archive.cache[request.id] = live
    while len(archive.cache) > MOST:
        del archive.cache[next(iter(archive.cache))]
    return live


def write(builder: DecisionBuilder, live: Live, entry: journal.Entry) -> None:
    """Add an entry to the journal, and let the run take it in."""
    _take(live, entry)
    builder.journal.append(model.JournalRow(builder.it.id, live.count, journal.plain(entry)))


def moment(builder: DecisionBuilder, live: Live) -> datetime:
    """Now, as if nobody had set the clock since the run began, and never before the last entry."""
    return max(builder.now - builder.lag(), live.at)


def forget(builder: DecisionBuilder) -> None:
    """The run has ended, or nobody can say where it is."""
    if builder.view.archive is not None:
        builder.view.archive.cache.pop(builder.it.id, None)


def _take(live: Live, entry: journal.Entry) -> None:
    live.count += 1
    live.at = max(live.at, entry.at)
    call = live.state.call(entry.key)
    live.state.apply(entry)
    if call is None:
        return
    what = call.what
    if isinstance(entry, journal.Started) and bounds.changes(what):
        live.touched[entry.key] = bounds.aim_of(what)
    elif isinstance(entry, journal.Finished):
        if isinstance(entry.outcome, journal.Done):
            live.names |= bounds.names_in(what, entry.outcome.document)
            live.tags |= bounds.tags_in(what, entry.outcome.document)
        elif _never_made(entry.outcome):
            live.touched.pop(entry.key, None)


def _never_made(outcome: journal.Outcome) -> bool:
    """Did a call surely not even leave?"""
    if isinstance(outcome, journal.Failed):
        return outcome.code in (bounds.REFUSED, "Stopped")
    return isinstance(outcome, journal.NotMade)


def _begun(builder: DecisionBuilder) -> Live:
    request = builder.it
    plan, began = request.plan, request.started_at
    assert isinstance(plan, model.TemplatePlan)
    assert began is not None
    library = builder.library(plan.templates)
    run = interpreter.Run(
        id=execution_id(builder),
        started=began,
        region=plan.region,
        user=request.person,
        pause_after=plan.canary,
    )
    state = interpreter.State(
        library[plan.template], parameters_in_force(request, plan), library, run
    )
    return Live(request.digest, request.nonce, state, 0, began)


def execution_id(builder: DecisionBuilder) -> str:
    """What ``{{ ACS::ExecutionId }}`` is, and what the client tokens are made of."""
    return f"cs-{builder.name.replace(':', '-')}"


def parameters_in_force(request: model.Request, plan: model.TemplatePlan) -> Mapping[str, object]:
    """The plan's parameters, without the instances that no longer fitted when the run began."""
    if not request.gone:
        return plan.parameters
    return {
        name: plan_template.without(value, request.gone) if name in plan.targets else value
        for name, value in plan.parameters.items()
    }
