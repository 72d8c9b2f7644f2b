"""Under systemd (Type=notify, WatchdogSec=) the bot says that it works, lives, and stops."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import supervisor
from tests.behaviour.conftest import Scene


@pytest.fixture
def platform() -> str:
    return "dingtalk"


@pytest.fixture(autouse=True)
def way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.bind(str(tmp_path / "notify"))
        way.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "20000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        yield way


@pytest.mark.alone("a process has one supervisor, and hears its bots as one")
async def test_it_says_when_it_works_that_it_lives_and_that_it_stops(
    way: socket.socket, scene: Scene
) -> None:
    async def heard(text: str) -> None:
        loop = asyncio.get_running_loop()
        while text not in (said := (await loop.sock_recv(way, 1000)).decode()).split("\n"):
            assert said == "WATCHDOG=1" or said.startswith(("READY=1\n", "STATUS=ready: "))

    async with asyncio.timeout(15):
        await heard("READY=1")
        await heard("STATUS=ready: dingtalk, lark")
        await heard("WATCHDOG=1")
        await heard("WATCHDOG=1")
        await scene.end()
        await heard("STOPPING=1")


def test_a_watchdog_of_another_process_waits_for_nothing(
    way: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert supervisor.Supervisor().every == 0.01
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert supervisor.Supervisor().every is None
    monkeypatch.delenv("NOTIFY_SOCKET")
    supervisor.Supervisor().tell(READY=1)
    with pytest.raises(BlockingIOError):
        way.recv(100)


def test_a_supervisor_that_is_gone_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    supervisor.Supervisor().tell(READY=1)
    assert "cannot be told READY=1: No such file or directory" in caplog.text
