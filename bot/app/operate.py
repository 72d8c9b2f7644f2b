"""What is served to those who operate the bot, in the wiring."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot import config, release
from bot.runtime import engine
from bot.web import health, listener

WAITING = (
    "Give this replica the files of the others, or `reload` one of the others with its files. Where"
    " those need a restart: `reload --put-in-use` here, and the others wait for the same files."
)


async def alive() -> listener.Page:
    return listener.of_json(200, {"alive": True, "version": release.version()})


async def serve_waiting(settings: config.Config, reason: Callable[[], str]) -> None:
    """Until cancelled, serve that this replica is alive and not ready, and why."""

    async def ready() -> listener.Page:
        problem = {"part": "configuration", "problem": reason(), "do": WAITING}
        return listener.of_json(503, {"ready": False, "problems": [problem]})

    if settings.web.operate is not None:
        pages = {"/healthz": alive, "/readyz": ready}
        await listener.Listener(settings.web.operate, "[web] operate", pages).run(lambda: None)


def listener_of(settings: config.Config, parts: health.Parts) -> listener.Listener | None:
    """The listener for health, readiness and metrics; None: the configuration has none."""
    address = settings.web.operate
    if address is None:
        return None
    from bot.web import metrics  # prometheus-client is loaded where it serves

    state = health.Health(parts)

    async def ready() -> listener.Page:
        problems = await state.problems()
        listing = [{"part": one.part, "problem": one.problem, "do": one.do} for one in problems]
        body = {"ready": not problems, "problems": listing}
        return listener.of_json(503 if problems else 200, body)

    served = metrics.Metrics(parts, state, settings.book.quotas)
    pages = {"/healthz": alive, "/readyz": ready, "/metrics": served.page}
    return listener.Listener(address, "[web] operate", pages)


@asynccontextmanager
async def traced(
    settings: config.Config, door: engine.Engine, installation: str
) -> AsyncIterator[None]:
    """Send traces of requests meanwhile, where the configuration says so. ``installation`` is the
    store's name."""
    if settings.web.traces is None:
        yield
        return
    from bot.web import otlp  # the extra is loaded where it is used

    traces = otlp.Traces(settings.web.traces, installation)
    door.follow(traces.follow)
    try:
        yield
    finally:
        await traces.close()
