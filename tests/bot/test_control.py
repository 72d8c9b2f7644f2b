"""The socket beside the store: who answers, and who does not."""

from __future__ import annotations

import asyncio
import getpass
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import control
from tests.bot import rig


async def echo(actor: str, rest: str) -> Mapping[str, object]:
    return {"actor": actor, "rest": rest}


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(control.Control(folder, {"echo": echo}).run())
    await rig.until(lambda: (folder / control.NAME).exists())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_says_who_asked_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(tmp_path):
        assert (tmp_path / control.NAME).stat().st_mode & 0o777 == 0o600
        answer = await asyncio.to_thread(control.ask, tmp_path, "echo /a b/会签.toml")
    assert answer == {"actor": f"console:{getpass.getuser()}", "rest": "/a b/会签.toml"}
    assert not (tmp_path / control.NAME).exists()
    with pytest.raises(control.NoBot):
        control.ask(tmp_path, "echo")


async def test_the_socket_of_a_killed_bot_answers_nobody_and_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / control.NAME))
    with pytest.raises(control.NoBot):
        control.ask(tmp_path, "echo")
    async with serving(tmp_path):
        await asyncio.sleep(0)
        assert (await asyncio.to_thread(control.ask, tmp_path, "echo x"))["rest"] == "x"


async def test_what_it_does_not_know_and_an_end_in_between_are_told(tmp_path: Path) -> None:
    async with serving(tmp_path):
        with pytest.raises(control.Ended):
            await asyncio.to_thread(control.ask, tmp_path, "sing")


async def test_a_bot_that_does_not_answer_is_not_waited_for(tmp_path: Path) -> None:
    with control.bound(tmp_path) as listening:
        listening.listen()
        with pytest.raises(control.Silent):
            control.ask(tmp_path, "echo", patience=0.01)


async def test_a_folder_may_be_deeper_than_a_socket_can_be(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    async with serving(deep):
        assert (await asyncio.to_thread(control.ask, deep, "echo x"))["rest"] == "x"


async def test_a_client_that_says_nothing_does_not_delay_the_end(tmp_path: Path) -> None:
    async with serving(tmp_path) as task:
        with control.reachable(tmp_path) as place:
            _, idle = await asyncio.open_unix_connection(place)
        task.cancel()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 5)
        idle.close()
