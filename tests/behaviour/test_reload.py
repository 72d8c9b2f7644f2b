"""The configuration is changed while the bot runs, on both platforms."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import control
from sandbox import process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing
from tests.behaviour.test_authority import edit, runs


@pytest.fixture
async def scene(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """With command files of its own."""
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        commands = tmp_path / "commands"
        shutil.copytree(process.ROOT / "commands", commands)
        edit(path, (f'"{process.ROOT}/commands"', f'"{commands}"'))
        async with playing(sandbox, platform, path) as played:
            yield played


async def reloaded(scene: Scene) -> list[str]:
    """What the bot answers to ``python -m bot reload``."""
    settings = scene.settings
    answer = await asyncio.to_thread(control.ask, settings.data, f"reload {settings.path}")
    lines = answer["lines"]
    assert isinstance(lines, list)
    return lines


def entries(scene: Scene, action: str) -> list[dict[str, object]]:
    with scene.reader() as reader:
        return [dict(row.facts) for row in reader.chain() if row.action == action]


STRICTER = (
    ('mode = "any"                       # "any" 或签', 'mode = "count"  # '),
    ("# count = 2                        # how many", "count = 2  # how many"),
)


async def test_what_is_reloaded_holds_for_what_waits(scene: Scene) -> None:
    """A policy that got stricter asks for two approvals of what one would have let run."""
    card = await scene.pending("restart web-01 reason=own")
    edit(scene.settings.path, *STRICTER)
    [line] = await reloaded(scene)
    assert "~policy.one-sre.count" in line
    [facts] = entries(scene, "configuration.changed")
    assert facts["by"] == "command"
    await scene.click("bob", card, "approve")
    await scene.settled()
    assert not await runs(scene)
    await scene.click("carol", card, "approve")
    await scene.card_says(card, ("成功", "succeeded"))


async def test_a_fault_anywhere_refuses_all(scene: Scene) -> None:
    broken = scene.settings.commands / "broken.py"
    broken.write_text("def (\n")
    edit(scene.settings.path, ('commands = ["restart", "prov', 'commands = ["run", "prov'))
    *faults, last = await reloaded(scene)
    assert "broken.py:1" in "\n".join(faults)
    assert "nothing was changed" in last
    [facts] = entries(scene, "configuration.refused")
    assert facts["faults"] == faults
    card = await scene.pending("restart web-01 reason=own")
    broken.unlink()
    [line] = await reloaded(scene)
    assert line.endswith("~role.dev.commands")
    answer = await scene.click("bob", card, "approve")
    assert "alice" in answer["said"].lower(), answer
    await scene.settled()
    assert not await runs(scene)


async def test_what_needs_a_restart_is_named(scene: Scene) -> None:
    edit(scene.settings.path, ('region = "cn-hangzhou"', 'region = "cn-shanghai"'))
    lines = await reloaded(scene)
    assert lines[0] == "needs a restart: aliyun.region"
    assert not entries(scene, "configuration.changed")
