"""The door for events over HTTP: who is it, what does it bring, and a yes only after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from adapters.inlet import (
    accepting,
    callback,
    dingtalk,
    gate,
    lark,
    refusal,
    shapes,
    strict,
    tally,
    wire,
)
from adapters.inlet.settings import CALLBACKS, Settings, Source
from bot import failpoints, model
from bot.model import ports

log = logging.getLogger(__name__)

LONGEST_ID = 200
LINGER = 1.0
"""Seconds that the rest of a refused body is read, so that the refusal arrives."""
DRAIN = 5.0
"""Seconds that requests in flight get when the server stops."""
RUN_ENDED = ("acs.ecs", "ecs:CloudAssistant:TaskCompleted")
"""https://www.alibabacloud.com/help/en/ecs/user-guide/subscribe-to-cloud-assistant-events"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a request before its content is looked at."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    address: str
    now: datetime


class Inlet:
    """The server (implements ports.Inlet). ``port`` is the one it listens on, once it does."""

    def __init__(
        self,
        settings: Settings,
        clock: ports.Clock,
        look: ports.Look | None = None,
        tap: ports.Tap | None = None,
    ) -> None:
        self._settings = settings
        self._tap = tap
        self._look = look or _unseen
        self._clock = clock
        self._nonces: dict[str, gate.Nonces] = {}
        self._gates: dict[str, gate.Gate] = {}
        self._admit(self._gates_of(settings.sources))
        self._tally = tally.Tally(settings.tell_every)
        self._noted = asyncio.Event()
        self._busy = 0
        self._submit: ports.Submit = _closed
        self._hurry: Callable[[], None] = _nothing
        self._server: wire.Server | None = None
        self._acceptor: accepting.Acceptor | None = None
        self._runner: web.ServerRunner | None = None
        self.port = settings.port

    def follow(self, sources: Sequence[Source]) -> Callable[[], None]:
        """Make ready for these sources; what is returned lets them in, and nobody else. One that is
        as it was keeps its pace, and no nonce is forgotten."""
        return functools.partial(self._admit, self._gates_of(sources))

    def _admit(self, gates: dict[str, gate.Gate]) -> None:
        self._gates = gates

    def _gates_of(self, sources: Sequence[Source]) -> dict[str, gate.Gate]:
        gates: dict[str, gate.Gate] = {}
        for source in sources:
            former = self._gates.get(source.path)
            nonces = self._nonces.setdefault(source.secret, gate.Nonces())
            same = former is not None and former.source == source
            gates[source.path] = former if former and same else gate.Gate(source, nonces)
        return gates

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._server.lines) if self._server is not None else 0

    async def run(
        self, submit: ports.Submit, hurry: Callable[[], None], ready: Callable[[], None]
    ) -> None:
        """Serve until cancelled; see ports.Inlet. Raises ports.CannotListen."""
        self._submit, self._hurry = submit, hurry
        try:
            await self._listen()
            ready()
            await self._tell()
        finally:
            await self.close()
            await tally.tell(self._tally.due(self._clock.now(), all_of_it=True), submit)
            self._submit = _closed

    async def close(self) -> None:
        """Take nothing more, and let what was taken be answered."""
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            await acceptor.close()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _listen(self) -> None:
        settings = self._settings
        most = accepting.most_of(settings.max_connections)
        options = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": settings.head_timeout,
            "lingering_time": LINGER,
        }
        self._server = wire.Server(self._handle, most, **options)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=DRAIN)
        await self._runner.setup()
        self._acceptor = accepting.Acceptor(
            self._server, most, settings.patience, settings.tell_every
        )
        try:
            self.port = await self._acceptor.listen(settings.host, settings.port)
        except OSError as fault:
            where = f"{settings.host}:{settings.port}"
            why = fault.strerror or fault
            raise ports.CannotListen(
                f"can't listen on {where} for events ({why}): see [http]"
            ) from None
        log.info("listening on %s:%d for %d sources", settings.host, self.port, len(self._gates))

    async def _tell(self) -> None:
        """Report refusals, for as long as the server runs."""
        while True:
            self._noted.clear()
            await tally.tell(self._tally.due(self._clock.now()), self._submit)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.tell_every):
                    await self._noted.wait()

    def _note(self, source: Source, word: str, address: str) -> None:
        self._tally.note(source.name, word, address, self._clock.now())
        self._noted.set()

    # ------------------------------------------------------------------------- a request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; nothing that it can be is an error of ours."""
        entry = self._gates.get(request.rel_url.raw_path)
        if entry is None:
            return wire.refused(refusal.Refusal(404, "", "nothing is here"))
        bodies: list[object] = [None]
        response = await self._answered(entry, request, bodies)
        if self._tap is not None:
            self._tap(wire.exchange(request, response, entry.source.name, bodies[-1]))
        return response

    async def _answered(
        self, entry: gate.Gate, request: web.BaseRequest, bodies: list[object]
    ) -> web.StreamResponse:
        """``bodies`` gets what the request brings, and what it says where it is encrypted."""
        address = request.remote or ""
        try:
            return await self._take(entry, request, address, bodies)
        except refusal.Refusal as fault:
            if fault.word:
                self._note(entry.source, fault.word, address)
            return wire.refused(fault)
        except ports.TooCostly as fault:
            self._note(entry.source, "too large", address)
            return wire.refused(refusal.Refusal(413, "too large", str(fault)))
        except ports.Closed:
            return wire.refused(later(""))
        except Exception:
            log.exception("a request to the source %s could not be handled", entry.source.name)
            return wire.refused(refusal.Refusal(500, "", "this went wrong here, send it again"))

    async def _take(
        self, entry: gate.Gate, request: web.BaseRequest, address: str, bodies: list[object]
    ) -> web.StreamResponse:
        entry.check_address(address)
        headers, query = wire.headers_of(request), request.rel_url.query
        source, kind = entry.source, shapes.media_type(headers)
        if request.method != "POST":
            raise refusal.Refusal(405, "method", "only POST", {"Allow": "POST"})
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise refusal.Refusal(415, "media type", "the body must not be compressed")
        shapes.check_type(source, kind, headers)
        if source.kind not in CALLBACKS:
            entry.check_presence(headers, query)
        settings = self._settings
        body = await wire.body_of(request, settings.max_bytes, settings.body_timeout)
        bodies.append(body)
        arrival = Arrival(headers, query, body, address, self._clock.now())
        if source.kind in CALLBACKS:
            call = self._read(source, arrival)
            bodies.append(call.payload)
            return await self._called_back(entry, arrival, call)
        nonce = entry.check(headers, query, body, arrival.now)
        try:
            return await self._events(entry, kind, arrival)
        except (ports.Closed, refusal.Refusal) as fault:
            if nonce and (isinstance(fault, ports.Closed) or fault.status >= 429):
                entry.nonces.forget(nonce)
            raise

    async def _events(self, entry: gate.Gate, kind: str, arrival: Arrival) -> web.StreamResponse:
        events = shapes.read(
            entry.source, kind, arrival.headers, arrival.query, arrival.body, arrival.now
        )
        entry.pace(len(events), arrival.now)
        arrived = [arrived_of(entry.source, event, person, arrival.now) for event, person in events]
        receipts = await self._commit(arrived)
        for receipt in receipts:
            if receipt.tone == "error":
                status = 409 if receipt.code == "conflict" else 422
                raise refusal.Refusal(status, "", receipt.toast)
        for _ in [receipt for receipt in receipts if receipt.duplicate]:
            self._note(entry.source, "duplicate", arrival.address)
        both = zip(arrived, receipts, strict=True)
        new = [one for one, receipt in both if not receipt.duplicate and not receipt.code]
        if any((one.event.source, one.event.type) == RUN_ENDED for one in new):
            self._hurry()
        return wire.answer(202 if new else 200, {"ids": [one.formerly for one in arrived]})

    async def _called_back(
        self, entry: gate.Gate, arrival: Arrival, call: callback.Callback
    ) -> web.StreamResponse:
        """Answer a chat platform, whose payload becomes what its adapter makes of it."""
        source, said = entry.source, None
        event = source.decode(call.payload) if source.decode and call.payload is not None else None
        if event is not None:
            entry.pace(1, arrival.now)
            [receipt] = await self._commit([event])
            if receipt.duplicate:
                self._note(source, "duplicate", arrival.address)
            if source.answer is not None and isinstance(event, model.CardAction):
                said = source.answer(receipt)
        return wire.answer(200, call.reply(said))

    def _read(self, source: Source, arrival: Arrival) -> callback.Callback:
        if source.kind == "lark":
            return lark.read(source, arrival.headers, arrival.body, arrival.now)
        return dingtalk.read(source, arrival.headers, arrival.query, arrival.body, arrival.now)

    async def _commit(self, events: Sequence[model.Event]) -> list[model.Receipt]:
        """Hand events over and wait until they are on disk. Raises Closed, and Refusal when that
        takes too long: they may yet be taken, and are known again when they come again."""
        if self._busy >= self._settings.max_in_flight:
            raise later("busy")
        self._busy += 1
        try:
            futures = []
            for event in await self._looked(events):
                future = asyncio.ensure_future(self._submit(event))
                future.add_done_callback(_log_fault)
                futures.append(future)
            _, pending = await asyncio.wait(futures, timeout=self._settings.answer_timeout)
        finally:
            self._busy -= 1
        if pending:
            raise later("busy")
        failpoints.reach("inlet.before_answer")
        return [future.result() for future in futures]

    async def _looked(self, events: Sequence[model.Event]) -> Sequence[model.Event]:
        """The events with the rules that mean them, before any of them is handed over: a request
        is taken as a whole or not at all."""
        arrived = [event for event in events if isinstance(event, model.EventReceived)]
        if len(arrived) == len(events):
            try:
                async with asyncio.timeout(self._settings.answer_timeout):
                    events = await self._look(arrived)
            except TimeoutError:
                raise later("busy") from None
        failpoints.reach("inlet.before_submit")
        return events


def later(word: str) -> refusal.Refusal:
    """Not now; ``word`` is "" where the audit log can't be written, either."""
    return refusal.Refusal(503, word, "not now, send it again", {"Retry-After": "5"})


def arrived_of(
    source: Source, event: model.CloudEvent, person: str, now: datetime
) -> model.EventReceived:
    """The event as it arrived, with the names by which it is known again. Attributes of transport,
    as a new time of publishing, are no content."""
    base = arrival(event, source.name)
    content = strict.fingerprint([event.type, event.subject, event.data]).removeprefix("sha256-")
    return model.EventReceived(
        id=f"{base}:{content[:16]}",
        at=now,
        event=event,
        via=source.name,
        person=person,
        known_as=base,
        formerly=arrival(event),
        refuse=source.on_conflict == "refuse",
    )


def arrival(event: model.CloudEvent, via: str = "") -> str:
    """The name by which an event is known: two events have the same only if their source and their
    id are the same, and whoever sent them. Without the sender, it is what senders are told."""
    source = event.source.replace("%", "%25").replace(":", "%3A")
    wanted = f"ce:{source}:{event.id}"
    if via:
        sender = via.replace("%", "%25").replace(":", "%3A")
        wanted = f"in:{sender}:{source}:{event.id}"
    if len(wanted) <= LONGEST_ID:
        return wanted
    return f"{wanted[:2]}:sha256-" + hashlib.sha256(wanted.encode()).hexdigest()


def _log_fault(future: asyncio.Future[Any]) -> None:
    """Log how it ended: that may be after the sender has stopped waiting."""
    if not future.cancelled() and (fault := future.exception()) is not None:
        log.debug("an event was not taken: %r", fault)


async def _unseen(events: Sequence[model.EventReceived]) -> list[model.EventReceived]:
    """There are no rules to ask."""
    return list(events)


async def _closed(event: model.Event) -> model.Receipt:
    raise ports.Closed("not running")


def _nothing() -> None:
    """By default no run that ended hurries the poller."""
