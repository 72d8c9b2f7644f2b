"""What is served to those who operate the bot, in the wiring."""

from __future__ import annotations

from bot import config, release
from bot.web import health, listener


def listener_of(settings: config.Config, parts: health.Parts) -> listener.Listener | None:
    """The listener for health, readiness and metrics; None: the configuration has none."""
    address = settings.web.operate
    if address is None:
        return None
    state = health.Health(parts)

    async def alive() -> listener.Page:
        return listener.of_json(200, {"alive": True, "version": release.version()})

    async def ready() -> listener.Page:
        problems = await state.problems()
        listing = [{"part": one.part, "problem": one.problem, "do": one.do} for one in problems]
        body = {"ready": not problems, "problems": listing}
        return listener.of_json(503 if problems else 200, body)

    return listener.Listener(address, "[web] operate", {"/healthz": alive, "/readyz": ready})
