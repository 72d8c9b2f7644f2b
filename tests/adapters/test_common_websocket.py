"""Staying connected, without any platform: pauses, silence, age, and what closing waits for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.common import http, websocket
from adapters.common.websocket import Backoff, Keeper, Pace, Unreachable
from bot.model import ports
from tests.adapters.conformance.chat import until

log = logging.getLogger("tests.websocket")


class Server:
    """Counts connections; ``texts`` are what came, with the number of the connection, and ``story``
    is what opened and closed, in order."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.texts: list[tuple[int, str]] = []
        self.story: list[str] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        number = len(self.sockets)
        self.sockets.append(socket)
        self.story.append(f"opened {number}")
        async for message in socket:
            self.texts.append((number, message.data))
        self.story.append(f"closed {number}")
        return socket


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_get("/", made.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    for socket in made.sockets:
        await socket.close()
    await runner.cleanup()


class Echo(websocket.Link):
    """Answers each text with the same, when ``gate`` is open."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, gate: asyncio.Event) -> None:
        super().__init__(socket, "echo")
        self.gate = gate
        self.begin()

    def take(self, data: str | bytes) -> None:
        self.delivered += 1
        self.took()
        task = asyncio.create_task(self._answer(data))
        task.add_done_callback(lambda _: self.settled())

    async def _answer(self, data: str | bytes) -> None:
        await self.gate.wait()
        self.send(data)


class Rig:
    """A keeper of echoes; ``faults`` are raised by the next tries to connect."""

    def __init__(self, server: Server, **pace: float) -> None:
        self.server = server
        self.client = http.Http(2.0, 2.0)
        self.gate = asyncio.Event()
        self.gate.set()
        self.faults: list[Exception] = []
        times = {"idle": 60.0, "renew": 60.0, "first": 0.01, "most": 0.05}
        self.keeper = Keeper(
            self.dial, Pace(**{**times, "linger": 0.3, "patience": 0.3, **pace}), "Echo", log
        )

    async def dial(self) -> Echo:
        if self.faults:
            raise self.faults.pop(0)
        return Echo(await websocket.connect(self.client, self.server.url, 2.0), self.gate)

    async def __aenter__(self) -> Rig:
        ready = asyncio.Event()
        self.task = asyncio.create_task(self.keeper.run(ready.set))
        await asyncio.wait_for(ready.wait(), 5)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task], timeout=5)
        await self.client.close()
        assert not [each for each in asyncio.all_tasks() if each.get_name().startswith("echo")]


def test_pauses_grow_are_jittered_and_bounded() -> None:
    backoff = Backoff(1.0, 60.0)
    pauses = [backoff.pause() for _ in range(60)]
    assert all(0.5 * min(60, 2**n) <= pause <= min(60, 2**n) for n, pause in enumerate(pauses))
    assert len(set(pauses[10:])) > 40
    backoff.reset()
    assert backoff.pause() <= 1.0
    assert 30 <= backoff.pause(slow=True) <= 60
    backoff.limit = 20.0
    assert all(backoff.pause() <= 20 for _ in range(20))
    assert 30 <= backoff.pause(slow=True) <= 60


async def test_what_was_taken_is_answered_where_it_came_from(server: Server) -> None:
    """The first connection is asked to go while it owes an answer; the second one stands by then,
    and the first is read on for a while."""
    async with Rig(server, linger=5.0) as rig:
        rig.gate.clear()
        [first] = server.sockets
        await first.send_str("a")
        [link] = rig.keeper._standing
        await until(lambda: link.in_flight)
        link.leave("asked")
        await until(lambda: len(server.sockets) == 2)
        await first.send_str("b")
        await until(lambda: link.in_flight == 2)
        rig.gate.set()
        await until(lambda: server.texts == [(0, "a"), (0, "b")])
        assert not first.closed


async def test_stopping_lingers_for_nobody_and_answers_everything(server: Server) -> None:
    async with Rig(server, linger=60.0, patience=5.0) as rig:
        [link] = rig.keeper._standing
        link.leave("old")
        await until(lambda: len(server.sockets) == 2)
        rig.gate.clear()
        for number, socket in enumerate(server.sockets):
            await socket.send_str(str(number))
        await until(lambda: sum(each.delivered for each in (link, *rig.keeper._standing)) == 2)
        began = asyncio.get_running_loop().time()
        rig.task.cancel()
        await asyncio.sleep(0)
        rig.gate.set()
        await asyncio.wait([rig.task], timeout=5)
        assert asyncio.get_running_loop().time() - began < 2
        assert sorted(server.texts) == [(0, "0"), (1, "1")]


async def test_closing_waits_for_an_answer_no_longer_than_it_is_told(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with Rig(server, patience=0.05) as rig:
        rig.gate.clear()
        await server.sockets[0].send_str("a")
        [link] = rig.keeper._standing
        await until(lambda: link.in_flight)
        await link.close(0, 0.05)
        assert "closed with 1 events unanswered" in caplog.text
        rig.gate.set()


@pytest.mark.parametrize(("pace", "why"), [({"idle": 0.05}, "silent"), ({"renew": 0.05}, "old")])
async def test_a_silent_or_old_connection_gives_way(
    server: Server, pace: dict[str, float], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        async with Rig(server, **pace):
            await until(lambda: "closed 0" in server.story)
            assert server.story.index("opened 1") < server.story.index("closed 0")
    assert f"the connection to Echo is replaced: {why}" in caplog.text


async def test_while_we_do_not_listen_the_other_side_is_not_silent(server: Server) -> None:
    class Busy(Echo):
        async def room(self) -> None:
            await free.wait()

    free = asyncio.Event()
    client = http.Http(2.0, 2.0)
    gate = asyncio.Event()
    link = Busy(await websocket.connect(client, server.url, 2.0), gate)
    looks = [asyncio.get_running_loop().time()]

    def look() -> float:
        looks.append(asyncio.get_running_loop().time())
        return looks[-1]

    link.time = look
    waiting = asyncio.create_task(link.lasted(0.02, 60.0))
    await until(lambda: looks[-1] > looks[0] + 0.06)
    assert not waiting.done()
    free.set()
    assert await asyncio.wait_for(waiting, 2) == "silent"
    gate.set()
    await link.close(0, 1)
    await client.close()


async def test_no_connection_is_tried_again_and_refused_credentials_end_it(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with Rig(server) as rig:
        rig.faults = [Unreachable("away"), Unreachable("a no", slow=True), Unreachable("away")]
        await server.sockets[0].close()
        await until(lambda: len(server.sockets) == 2)
        assert not rig.faults
        said = [each for each in caplog.records if "no connection to Echo" in each.getMessage()]
        levels = [each.levelname for each in said]
        assert levels == ["WARNING", "ERROR", "WARNING"]
        rig.faults = [ports.BadCredentials("who are you?")]
        await server.sockets[1].close()
        await asyncio.wait([rig.task], timeout=5)
        with pytest.raises(ports.BadCredentials):
            await rig.task


async def test_an_error_that_nobody_expects_is_logged_and_tried_again_after_a_pause(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async with Rig(server) as rig:
        rig.faults = [ValueError("at wss://h/?ticket=hush"), OSError("\ud800"), AssertionError()]
        await server.sockets[0].close()
        await until(lambda: len(server.sockets) == 2)
        assert not rig.faults
        assert not rig.task.done()
    said = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(said) == 3
    assert "Traceback" in said[0].getMessage()
    assert "ticket=***" in said[0].getMessage()
    assert "hush" not in caplog.text
    assert caplog.text.encode()


async def test_an_address_is_not_told_with_what_went_wrong() -> None:
    client = http.Http(2.0, 2.0)
    addresses: list[Any] = ["ws://127.0.0.1:9/?ticket=hush", "nonsense ticket=hush", "ws://[::1/"]
    for address in addresses:
        with pytest.raises(Unreachable) as problem:
            await websocket.connect(client, address, 2.0)
        assert "hush" not in str(problem.value)
    await client.close()
