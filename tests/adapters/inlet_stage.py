"""The server for events on a real socket, before a real engine on a real store."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from adapters import inlet
from adapters.inlet import gate, server
from bot import core, deployment, model, store
from bot.model import ports
from bot.runtime import engine
from tests.bot import catalogs, rig
from tests.bot import stage as core_stage

SECRET = "s3cret-of-the-source"
_nonces = itertools.count(1)
EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "shop",
    "type": "order.paid",
    "time": "2026-03-01T16:00:00+08:00",
    "data": {"amount": 12.5, "who": "张三"},
}
Submit = Callable[[model.Event], Any]


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]


class Stage:
    """``taken`` are the events that the engine was given, ``hurried`` how often it was hurried."""

    def __init__(self, path: Path) -> None:
        self.clock = rig.Clock()
        self.taken: list[model.Event] = []
        self.hurried = 0
        self.opened = store.Store(path)
        around = deployment.Deployment(core_stage.book(), catalogs.of(core_stage.COMMANDS))
        self.door = engine.Engine(
            self.opened,
            lambda event: core.read(around, event),
            self.clock,
        )
        self.answerer: Submit | None = None
        self.inlet: server.Inlet
        self.session: aiohttp.ClientSession
        self.serving: asyncio.Task[None]

    async def submit(self, event: model.Event) -> model.Receipt:
        self.taken.append(event)
        if self.answerer is not None and not isinstance(event, model.IngressRejected):
            receipt: model.Receipt = await self.answerer(event)
            return receipt
        return await self.door.submit(event)

    def hurry(self) -> None:
        self.hurried += 1

    @property
    def events(self) -> list[model.CloudEvent]:
        return [one.event for one in self.taken if isinstance(one, model.EventReceived)]

    def audit(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The entries of the audit log about events from outside."""
        with self.opened.reading() as reader:
            rows = list(reader.chain())
        return [(row.action, row.facts) for row in rows if row.action.startswith("event.")]

    def signed(self, body: bytes, secret: str = SECRET, **changed: str) -> dict[str, str]:
        """The headers of a signed request."""
        timestamp = changed.get("timestamp") or str(int(self.clock.now().timestamp()))
        nonce = changed.get("nonce") or f"nonce-{next(_nonces):08}"
        made = changed.get("signature") or gate.signature(secret, timestamp, nonce, body)
        return {gate.TIMESTAMP: timestamp, gate.NONCE: nonce, gate.SIGNATURE: made}

    async def post(
        self, path: str, body: bytes | Any, kind: str = "", method: str = "POST", **headers: str
    ) -> Answer:
        """Send one request; names of headers are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.send(path, body, {"Content-Type": kind, **sent} if kind else sent, method)

    async def send(
        self, path: str, body: bytes | Any, headers: Mapping[str, str], method: str = "POST"
    ) -> Answer:
        data = body if isinstance(body, bytes) else dumped(body)
        url = f"http://127.0.0.1:{self.inlet.port}{path}"
        async with self.session.request(method, url, data=data, headers=headers) as answer:
            text = await answer.text()
            if method == "HEAD":
                return Answer(answer.status, None, answer.headers)
            assert text.count("\n") == 1, f"not one line: {text!r}"
            return Answer(answer.status, json.loads(text), answer.headers)

    async def signed_post(
        self, path: str, body: Any, kind: str = "application/cloudevents+json", **changed: str
    ) -> Answer:
        data = body if isinstance(body, bytes) else dumped(body)
        return await self.send(path, data, {"Content-Type": kind, **self.signed(data, **changed)})

    async def raw(self, *pieces: bytes) -> bytes:
        """What comes back to bytes written piece by piece, until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.inlet.port)
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()

    async def told(self, *words: str) -> None:
        """Wait until the audit log has these reasons of refusals, in order."""

        def reasons() -> list[str]:
            return [str(facts.get("reason", "duplicate")) for _, facts in self.audit()]

        await rig.until(lambda: reasons() == list(words))

    async def stop(self) -> None:
        self.serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.serving


def source(kind: str = "cloudevents", **changed: Any) -> inlet.Source:
    fields = {"name": "shop", "path": "/in/shop", "kind": kind, "secret": SECRET, **changed}
    return inlet.Source(**fields)


@asynccontextmanager
async def staged(
    path: Path, *sources: inlet.Source, look: ports.Look | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        made = Stage(path / "inlet.db")
        stack.callback(made.opened.close)
        made.door.start()
        stack.push_async_callback(made.door.close)
        made.session = await stack.enter_async_context(
            aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(total=15))
        )
        wanted = inlet.Settings(listen="127.0.0.1:0", sources=sources or (source(),), **settings)
        made.inlet = server.Inlet(wanted, made.clock, look)
        ready = asyncio.Event()
        made.serving = asyncio.create_task(made.inlet.run(made.submit, made.hurry, ready.set))
        stack.push_async_callback(made.stop)
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({made.serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if made.serving.done():
            waiting.cancel()
            made.serving.result()
        yield made
