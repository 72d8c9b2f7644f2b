"""Another program holds the store's write lock while people write."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from tests.behaviour.conftest import Scene

pytestmark = pytest.mark.sqlite("another program's lock of the file")


async def test_a_lock_of_another_program_is_waited_for_and_nothing_is_lost(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    card = await scene.pending("restart web-01 reason=lock")
    await scene.settled()
    known = await scene.ids()
    other = sqlite3.connect(scene.settings.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        await scene.say("alice", "whoami")
        pressed = asyncio.create_task(scene.click("bob", card, "approve"))
        for _ in range(400):
            if "another program has held the write lock" in caplog.text:
                break
            await asyncio.sleep(0.05)
        assert "another program has held the write lock" in caplog.text
        assert all(entry["from"] != "bot" for entry in (await scene.transcript())[len(known) :])
    finally:
        other.close()
    await scene.told("alice", known)
    await asyncio.wait([pressed])
    await scene.told("№", known)
    assert len(await scene.runs()) == 1
