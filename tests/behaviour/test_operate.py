"""The whole bot, asked how it does while platforms come and go and people work."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from bot.web import health
from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing

LISTEN = '\n[web]\noperate = "127.0.0.1:0"\n'
PAGES = re.compile(r"listening on (127\.0\.0\.1:\d+) for /healthz")


class Operator:
    """Asks for the pages of a running bot."""

    def __init__(self, scene: Scene, address: str, session: aiohttp.ClientSession) -> None:
        self.scene, self.address, self._session = scene, address, session

    async def get(self, page: str) -> tuple[int, Any]:
        async with self._session.get(f"http://{self.address}{page}") as answer:
            text = await answer.text()
            json_ = answer.content_type == "application/json"
            return answer.status, await answer.json() if json_ else text

    async def parts(self) -> set[str]:
        """What keeps the bot from being ready."""
        status, answer = await self.get("/readyz")
        parts = {one["part"] for one in answer["problems"]}
        assert status == (503 if parts else 200)
        assert answer["ready"] is not bool(parts)
        return parts

    async def until(self, *parts: str) -> None:
        for _ in range(500):
            known = await self.parts()
            if known == set(parts):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"not ready are {known}, not {parts}")


@asynccontextmanager
async def operating(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, platform: str = "lark"
) -> AsyncIterator[Operator]:
    caplog.set_level(logging.INFO)
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports, LISTEN)
        async with playing(sandbox, platform, path) as scene, aiohttp.ClientSession() as session:
            *_, address = PAGES.findall(caplog.text)  # a replica listens before, too
            yield Operator(scene, address, session)


class Collector:
    """A collector of OpenTelemetry: takes OTLP over HTTP. ``bodies`` are what came."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def take(self, request: web.BaseRequest) -> web.Response:
        assert (request.method, request.path) == ("POST", "/v1/traces")
        body = await request.read()
        packed = request.headers.get("Content-Encoding") == "gzip"
        self.bodies.append(gzip.decompress(body) if packed else body)
        return web.Response(body=b"", content_type="application/x-protobuf")

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        runner = web.ServerRunner(web.Server(self.take))
        await runner.setup()
        await (site := web.TCPSite(runner, "127.0.0.1", 0)).start()
        yield site.name.replace(":0", f":{runner.addresses[0][1]}") + "/v1/traces"
        await runner.cleanup()

    def spans(self) -> list[trace_pb2.Span]:
        return [
            span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


async def test_a_request_is_one_trace_even_over_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # nothing on this machine asks it
    collector = Collector()
    async with collector.listening() as address, Sandbox() as sandbox:
        traced = f'\n[web]\ntraces = "{address}"\n'
        path = process.configuration(tmp_path, sandbox.ports, traced)
        async with playing(sandbox, "lark", path) as scene:
            known = await scene.ids()
            card = await scene.pending('restart web-01 reason="hush hush"')
            await scene.settled()
            await scene.end()
            before = {span.name for span in collector.spans()}
            await scene.start()
            await scene.click("bob", card, "approve")
            await scene.told(play.AUDIT, known)
            await scene.settled()
    assert before == {"intake", "effect resolve", "effect show_card"}
    spans = collector.spans()
    names = [span.name for span in spans]
    for name in ("intake", "approval", "run", "request restart", "effect start_run"):
        assert names.count(name) == 1, names
    assert len({span.trace_id for span in spans}) == 1
    assert len({span.span_id for span in spans}) == len(spans)
    by_name = {span.name: span for span in spans}
    whole, run = by_name["request restart"], by_name["run"]
    assert not whole.parent_span_id
    assert by_name["effect start_run"].parent_span_id == run.span_id
    assert {by_name[one].parent_span_id for one in ("intake", "approval", "run")} == {whole.span_id}
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
    assert whole.start_time_unix_nano <= run.start_time_unix_nano < whole.end_time_unix_nano
    for word in (b"hush", b"alice", b"bob", b"web-01", b"systemctl", b"oc_", b"ou_"):
        assert word not in b"".join(collector.bodies)


async def test_a_platform_that_is_away_is_named_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "GRACE", 0.0)
    async with operating(tmp_path, caplog) as operator:
        assert (await operator.get("/healthz"))[0] == 200
        assert await operator.parts() == set()
        openings = {"lark": "callback/ws/endpoint", "dingtalk": "/v1.0/gateway/connections/open"}
        for platform, call in openings.items():
            sandbox = operator.scene.sandbox
            await sandbox.call(platform, "fault", api=call, do="hang_up", times=1000)
            await sandbox.call(platform, "kill_sockets")
            await operator.until(platform)
            await sandbox.call(platform, "clear_faults")
            await operator.until()
