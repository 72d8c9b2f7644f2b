"""Spans on their way to a collector of OpenTelemetry, by its own SDK, which the extra brings.

They wait in memory and leave in batches, from a thread of the SDK's own: a collector that is slow
or away costs spans and nothing else.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from urllib.parse import urlsplit

import requests
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from bot import release
from bot.runtime import moves
from bot.source import values
from bot.web import spans

TIMEOUT = 5.0
"""Seconds that a batch may take; what the collector has not taken by then is dropped."""
LAST = 2.0
"""Seconds that the end waits for the last batch."""
EVERY = 1.0
"""Seconds between two batches."""


class Traces:
    """Sends the spans of requests to an address. ``installation`` is the store's name."""

    def __init__(self, address: str, installation: str) -> None:
        self._installation = installation
        session = session_for(address)
        self._exporter = OTLPSpanExporter(endpoint=address, timeout=TIMEOUT, session=session)
        self._batches = BatchSpanProcessor(self._exporter, schedule_delay_millis=EVERY * 1000)
        self._scope = InstrumentationScope("countersign", release.version())
        self._resource = Resource.create(
            {
                "service.name": "countersign",
                "service.version": release.version(),
                "service.instance.id": installation,
            }
        )

    def follow(self, news: list[moves.Move]) -> None:
        """Send the spans that ended by these moves. Never waits."""
        for move in news:
            for span in spans.of_move(self._installation, move):
                self._batches.on_end(self._readable(span))

    async def close(self) -> None:
        """Send what waits, as far as the collector takes it at once."""
        ending = asyncio.ensure_future(asyncio.to_thread(self._batches.shutdown))
        _, late = await asyncio.wait({ending}, timeout=LAST)
        if late:
            # no try is made any more, and the waiting between two of them ends
            await asyncio.to_thread(self._exporter.shutdown)
        await ending

    def _readable(self, span: spans.Span) -> ReadableSpan:
        """The span as the SDK has it."""
        code = trace.StatusCode.ERROR if span.fault else trace.StatusCode.UNSET
        return ReadableSpan(
            name=span.name,
            context=_context(span.trace, span.id),
            parent=_context(span.trace, span.parent) if span.parent is not None else None,
            resource=self._resource,
            attributes=span.attributes,
            kind=trace.SpanKind.INTERNAL,
            status=trace.Status(code, span.fault or None),
            start_time=_nanoseconds(span.start),
            end_time=_nanoseconds(span.end),
            instrumentation_scope=self._scope,
        )


def session_for(address: str) -> requests.Session:
    """No redirect is followed, and no proxy asked for this very machine, as in every call of the
    bot's; headers for the collector come from the environment all the same."""
    session = requests.Session()
    session.max_redirects = 0
    session.trust_env = not values.of_this_machine(urlsplit(address).hostname or "")
    return session


def _context(trace_id: int, span_id: int) -> trace.SpanContext:
    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    return trace.SpanContext(trace_id, span_id, is_remote=False, trace_flags=sampled)


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000) * 1_000_000
