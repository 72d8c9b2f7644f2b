"""Deliveries as the outbox hands them over, and what the outlets' tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from bot import model
from bot.model import ports
from sandbox.base import Clock as Time
from sandbox.sink import Sink

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
CAUSE = {"source": "my.dingtalk", "id": "e-1", "type": "ProvisionRequest"}
EVENT = model.CloudEvent("e-1", "my.dingtalk", "ProvisionRequest", AT, "s", {"role": "devops"})


@dataclass
class Clock(ports.Clock):
    """The machine's time, and ``off`` it."""

    off: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off


def delivery(to: model.Destination, body: Any, **more: Any) -> model.Deliver:
    return model.Deliver(more.pop("rule", "r"), more.pop("target", 0), to, body, CAUSE, **more)


@asynccontextmanager
async def served_sink() -> AsyncIterator[Sink]:
    sink = Sink(Time())
    runner = web.AppRunner(sink.app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sink.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield sink
    finally:
        await sink.close()
        await runner.cleanup()
