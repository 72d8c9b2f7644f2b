"""The journals of a store played again: each run must come to the end that its request has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from bot import deployment, model, store
from bot.app import adapters
from bot.commands import loader
from bot.core import live_runs
from bot.core.decision import DecisionBuilder
from bot.oos.engine import interpreter
from bot.store.sql import views
from tests.crash import crew

ENDS = {
    model.State.SUCCEEDED: "Success",
    model.State.FAILED: "Failed",
    model.State.CANCELLED: "Cancelled",
}


def faults(bot: crew.Bot) -> list[str]:
    """What the journals say of themselves, in words, where that is not as it must be."""
    settings = adapters.load(bot.config)
    rules = settings.book.commands
    elsewhere = [name for name, rule in rules.items() if rule.engine == "oos"]
    home = deployment.Deployment(settings.book, loader.load(settings.commands, elsewhere))
    with store.opened(bot.location, readonly=True) as opened, opened.reading() as reader:
        return [
            fault
            for request in reader.recent_requests(100)
            if isinstance(request.plan, model.TemplateOperation)
            for fault in of_run(home, reader, request)
        ]


def of_run(home: deployment.Deployment, reader: store.Reader, request: model.Request) -> list[str]:
    """No call was started twice under one key, and the journal alone tells how the run ended."""
    assert request.plan is not None
    rows = views.Archive(reader.connection).entries(request.id, 0)
    if request.plan.engine != "local":
        return [f"#{request.id} has a journal, though OOS ran it"] if rows else []
    started = Counter(row.entry["key"] for row in rows if row.entry["kind"] == "started")
    found = [f"{key} was started {n} times" for key, n in started.items() if n > 1]
    if [row.seq for row in rows] != list(range(1, len(rows) + 1)):
        found.append(f"the journal of #{request.id} has a gap")
    now = datetime.now(UTC)
    view = views.load(
        views.Archive(reader.connection),
        model.Needs(request=request.id),
        now,
        next_request=request.id + 1,
        audit_seq=0,
        audit_hash="",
        installation=reader.status().installation,
        recent_asks=0,
        nonce="",
    )
    run = live_runs.of(DecisionBuilder(home, view, now))
    progress = run.state.next(max(now, run.at))
    end = progress.status if isinstance(progress, interpreter.Done) else type(progress).__name__
    if end != ENDS.get(request.state):
        found.append(f"played again, #{request.id} comes to {end}; it is {request.state}")
    return found
