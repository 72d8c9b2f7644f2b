"""What keeps the bot from being ready is named, and what to do; the listener that says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import model, store
from bot.model import manifests, ports
from bot.runtime import clock, engine, outbox
from bot.store import port
from bot.web import health, listener
from tests.bot import rig
from tests.bot.breaking import Breaking, Remote
from tests.bot.test_clock import Machine


@dataclass
class Chat:
    """A platform with a connection that a test chooses."""

    state: ports.Connection | None = None

    def connection(self) -> ports.Connection | None:
        return self.state


class Platform:
    """A performer of whom nobody hears, until ``gate`` opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.outcome: model.Outcome = model.Done("ref")

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        await self.gate.wait()
        return self.outcome


class Stage:
    """A bot's parts at work, and what is wrong with them."""

    def __init__(
        self, r: rig.Rig, machine: Machine, parts: health.Parts, platform: Platform
    ) -> None:
        self.rig, self.machine, self.parts, self.platform = r, machine, parts, platform
        self.health = health.Health(parts, good_for=0.0)

    def answer(self, outcome: model.Outcome) -> None:
        """Let every call come back with this."""
        self.platform.outcome = outcome
        self.platform.gate.set()

    async def parts_with_problems(self) -> dict[str, str]:
        return {one.part: one.problem for one in await self.health.problems()}


@contextlib.asynccontextmanager
async def staged(
    path: Path,
    *budgets: manifests.RateLimit,
    remote: Callable[[store.Store], port.Store] = lambda opened: opened,
    **chats: Chat,
) -> AsyncIterator[Stage]:
    machine = Machine()
    steady = clock.Steady(machine)
    async with rig.running(path, clock=steady, remote=remote) as r:  # type: ignore[arg-type]
        platform = Platform()
        box = outbox.Outbox(r.engine, lambda _: platform, budgets, steady)
        doors = {name: asyncio.Event() for name in chats}
        for door in doors.values():
            door.set()
        parts = health.Parts(r.engine, steady, box, doors, chats, path.parent)
        running = asyncio.create_task(box.run())
        yield Stage(r, machine, parts, platform)
        platform.gate.set()
        await box.drain()
        await running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_a_bot_of_which_everything_works_is_ready(path: Path) -> None:
    up = ports.Connection(True, 3600.0, 4)
    async with staged(path, lark=Chat(up), console=Chat()) as stage:
        await stage.rig.engine.submit(rig.asked(1))
        assert await stage.parts_with_problems() == {}


async def test_a_platform_without_a_connection_is_named(path: Path) -> None:
    down = ports.Connection(False, 12.4, 1)
    just = replace(down, seconds=health.GRACE - 1)
    chats = {"lark": Chat(down), "dingtalk": Chat(just), "console": Chat()}
    since = rig.START - timedelta(seconds=12.4)
    assert health.unreached(chats, rig.START) == {"lark": since}, "as other replicas are told"
    async with staged(path, lark=Chat(down), dingtalk=Chat(just), console=Chat()) as stage:
        stage.parts.waiting["console"].clear()  # type: ignore[attr-defined]
        stage.machine.passes(7)
        assert await stage.parts_with_problems() == {
            "lark": "no connection for 12 s",
            "console": "not there yet, 7 s after the start",
        }
        assert all(one.do.endswith(".") for one in await stage.health.problems())


@pytest.mark.sqlite("another program's lock of the file")
async def test_a_store_that_another_program_keeps_locked_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "STORE_WITHIN", 0.1)
    async with staged(path) as stage:
        assert await stage.parts_with_problems() == {}
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            problems = await asyncio.gather(*(stage.parts_with_problems() for _ in range(3)))
            assert problems == [{"store": "could not be written within 0 s"}] * 3
            other.execute("ROLLBACK")
        await rig.until(lambda: stage.health._probe is not None and stage.health._probe.done())
        assert await stage.parts_with_problems() == {}


async def test_a_database_that_is_not_reached_is_named_with_the_time_since_then(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LAST_PAUSE", 0.001)
    far: list[Breaking] = []

    def remote(opened: store.Store) -> port.Store:
        far.append(Breaking(opened.writer, {1: False}, down=10**6, calls="commit"))
        return Remote(opened, far[0])

    async with staged(path, remote=remote) as stage:
        receipt = stage.rig.engine.submit(rig.asked(1))
        await rig.until(lambda: stage.rig.engine.lost_at is not None)
        stage.machine.passes(7)
        problems = await stage.parts_with_problems()
        assert problems == {"store": f"not reached since {rig.START:%H:%M:%S} UTC (7 s)"}
        far[0].down = 0
        assert (await receipt).tone == "success"
        assert await stage.parts_with_problems() == {}


async def test_a_disk_that_is_almost_full_and_a_bot_that_ends_are_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(path) as stage:
        monkeypatch.setattr(health, "LEAST_FREE", 1 << 62)
        assert "MB are left on its disk" in (await stage.parts_with_problems())["store"]
        monkeypatch.setattr(health, "LEAST_FREE", 0)
        gone = replace(stage.parts, folder=path.parent / "gone")
        assert [one.problem for one in await health.Health(gone).problems()] == [
            "its folder is gone"
        ]
        await stage.rig.engine.close()
        assert await stage.parts_with_problems() == {"store": "the bot is shutting down"}


async def test_an_outbox_that_does_not_move_is_named(path: Path) -> None:
    """A budget that is used up, with nothing that ends: what is due stays where it is."""
    one_a_day = manifests.RateLimit("chat", ("say", "card"), "app", 1, 86400.0)
    async with staged(path, one_a_day) as stage:
        await stage.rig.engine.submit(rig.asked(1))
        await rig.until(lambda: stage.parts.outbox.motion.in_flight == 1)
        await stage.rig.engine.submit(rig.asked(2))
        stage.machine.passes(health.OVERDUE + 5)
        stage.parts.outbox.wake()
        await rig.until(lambda: stage.parts.outbox.motion.looked < 1)
        assert "outbox" not in await stage.parts_with_problems(), "a call is under way"
        stage.answer(model.Done("ref"))
        await rig.until(lambda: stage.parts.outbox.motion.in_flight == 0)
        stage.machine.passes(health.OVERDUE + 5)
        stage.parts.outbox.wake()
        await rig.until(lambda: stage.parts.outbox.motion.looked < 1)
        said = (await stage.parts_with_problems())["outbox"]
        assert said == ("1 due and none goes out; the oldest (show_card to chat) waits for 250 s")


async def test_an_outbox_that_looks_no_more_is_named(path: Path) -> None:
    async with staged(path) as stage:
        await rig.until(lambda: stage.parts.outbox.motion.looked < 1)
        stage.machine.passes(health.ASLEEP + 1)
        assert await stage.parts_with_problems() == {
            "outbox": "has not looked at its queue for 91 s"
        }


async def test_a_clock_that_was_set_is_named(path: Path) -> None:
    async with staged(path) as stage:
        await stage.rig.engine.submit(rig.asked(1))
        stage.machine.wall -= timedelta(minutes=5)
        await stage.parts_with_problems()
        stage.machine.passes(1)
        assert await stage.parts_with_problems() == {
            "clock": "the machine's clock was set by -300 s"
        }
        stage.parts.clock.take(stage.parts.clock.step())
        said = (await stage.parts_with_problems())["clock"]
        assert said == "the newest event in the store is 299 s ahead of the machine's clock"


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (95.4, {"clock": "the machine's clock is 95 s behind that of lark"}),
        (-61.0, {"clock": "the machine's clock is 61 s ahead of that of lark"}),
        (29.0, {}),
        (None, {}),
    ],
)
async def test_a_clock_that_differs_from_a_platforms_is_named(
    path: Path, ahead: float | None, said: dict[str, str]
) -> None:
    async with staged(path, lark=Chat(ports.Connection(True, 60.0, 1, ahead))) as stage:
        assert await stage.parts_with_problems() == said


# ----------------------------------------------------------------------------- the listener


@contextlib.asynccontextmanager
async def served(pages: listener.Pages, address: str = "127.0.0.1:0") -> AsyncIterator[int]:
    """A listener with these pages; its port."""
    ready, server = asyncio.Event(), listener.Listener(address, "[web] operate", pages)
    task = asyncio.create_task(server.run(ready.set))
    await asyncio.wait_for(ready.wait(), 5)
    yield server.port
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def fine() -> listener.Page:
    return listener.of_json(200, {"alive": True})


async def broken() -> listener.Page:
    raise RuntimeError("secret of the inside")


async def raw(port: int, text: str) -> str:
    """What comes back for what is no request of a library."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text.encode("latin-1"))
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer.decode()


async def test_the_listener_answers_get_and_head_of_its_pages_alone() -> None:
    async with served({"/healthz": fine, "/broken": broken}) as port, aiohttp.ClientSession() as it:
        url = f"http://127.0.0.1:{port}"

        async def ask(method: str, path: str, **options: Any) -> tuple[int, str]:
            async with it.request(method, url + path, allow_redirects=False, **options) as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                assert "Access-Control-Allow-Origin" not in answer.headers
                return answer.status, await answer.text()

        assert await ask("GET", "/healthz") == (200, '{"alive": true}\n')
        assert await ask("HEAD", "/healthz") == (200, "")
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            assert (await ask(method, "/healthz", data=b"x" * 99))[0] == 405
        for path in ("/", "/healthz/", "/healthz/../metrics", "/%2e%2e/etc/passwd", "//healthz"):
            status, text = await ask("GET", path)
            assert (status, json.loads(text)["error"]) == (404, "nothing is here")
        status, text = await ask("GET", "/broken")
        assert status == 500
        assert "secret" not in text


async def test_what_is_no_request_harms_only_itself() -> None:
    async with served({"/healthz": fine}) as port:
        get = "GET /healthz HTTP/1.1\r\nConnection: close\r\n"
        assert " 200 OK" in await raw(port, f"{get}Host: localhost:{port}\r\n\r\n")
        assert " 200 OK" in await raw(port, f"{get}Host: [::1]:{port}\r\n\r\n")
        for host in ("evil.example", "127.0.0.1.evil.example", "[::1", "", "a b", "127.0.0.1@evil"):
            answer = await raw(port, f"{get}Host: {host}\r\n\r\n")
            assert " 403 Forbidden" in answer or " 400 Bad Request" in answer, host
        for text in ("\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"):
            assert " 400 Bad Request" in await raw(port, text)
        assert " 200 OK" in await raw(port, f"{get}Host: 127.0.0.1\r\n\r\n")


async def test_connections_that_say_nothing_keep_nobody_out() -> None:
    async with served({"/healthz": fine}) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(listener.MOST + 9)]
        request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert " 200 OK" in await raw(port, request)
        for _, writer in idle:
            writer.close()


async def test_what_is_no_request_leaves_nothing_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served({"/healthz": fine}) as port:
        for line in ("Authorization Bearer s3cret", "X: " + "a" * 20_000, "Host: a\r\nHost: b"):
            assert " 400 " in await raw(port, f"GET /healthz HTTP/1.1\r\n{line}\r\n\r\n")
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []


async def test_an_address_that_is_taken_is_said_with_its_setting() -> None:
    async with served({}) as port:
        second = listener.Listener(f"127.0.0.1:{port}", "[web] operate", {})
        with pytest.raises(ports.CannotListen, match=r"in use.*: see \[web\] operate"):
            await second.run(threading.Event().set)


async def test_where_other_machines_may_ask_any_host_is_answered() -> None:
    """In a container the name by which one asks is the network's."""
    async with served({"/healthz": fine}, "0.0.0.0:0") as port:
        request = "GET /healthz HTTP/1.1\r\nHost: bot.ops.svc:9464\r\nConnection: close\r\n\r\n"
        assert " 200 OK" in await raw(port, request)
