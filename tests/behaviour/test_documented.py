"""What the how-to of runbooks shows is what people see: its template, its tables, its words."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import play, process
from sandbox.client import Sandbox
from tests import test_docs
from tests.behaviour.conftest import Scene

PAGE = test_docs.ROOT / "docs" / "how-to" / "write-a-runbook.md"
CODE = re.compile(r"\b(?:[0-9a-f]{12}|[0-9a-f]{8})\b")
ROLE = 'commands = ["restart", "provision", "reboot-with-approval"]'


def plain(text: str) -> str:
    return CODE.sub("CODE", text)


@pytest.fixture
def platform() -> str:
    return "lark"


@pytest.fixture
async def scene(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    commands = tmp_path / "commands"
    shutil.copytree(process.ROOT / "commands", commands)
    test_docs.documented_command(PAGE, commands)
    [table] = [text for _, text in test_docs.blocks(PAGE, "toml") if "[command.clean-logs]" in text]
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports, table)
        text = path.read_text("utf-8").replace(f"{process.ROOT}/commands", str(commands))
        text = text.replace(ROLE, 'commands = ["restart", "clean-logs"]')
        path.write_text(text.replace('locale = "zh-CN"', 'locale = "en"', 1), "utf-8")
        found = Scene(sandbox, platform, path)
        await found.start()
        try:
            yield found
        finally:
            await found.end()


async def test_everything_that_the_how_to_shows_is_seen(scene: Scene) -> None:
    for line in (
        "help clean-logs",
        "clean-logs web-01 days=400",
        "clean-logs web-01 colour=red",
        "clean-logs web-01 tag:env=prod",
        "clean-logs web-9",
        "clean-logs db-01",
    ):
        known = await scene.ids()
        await scene.say("alice", line)
        await scene.told("", known)
    known = await scene.ids()
    asked = 'clean-logs targets=web-01,web-02,web-03 days=30 reason="disk is full"'
    await scene.say("alice", asked)
    card = await scene.new_card("clean-logs", known)
    seen = [card["text"]]
    await scene.click("bob", card, "approve")
    seen.append((await scene.card_says(card, ("first items",)))["text"])
    await scene.click("carol", await scene.new_card("first items", []), "approve")
    seen.append((await scene.card_says(card, play.SUCCEEDED))["text"])
    await scene.told(play.AUDIT, known)
    seen += [entry["text"] for entry in await scene.transcript()]
    there = plain("\n".join(seen))
    shown = [text for mark, text in test_docs.blocks(PAGE, "text") if mark == "seen"]
    assert len(shown) >= 5
    for line in "\n".join(shown).splitlines():
        assert plain(line.strip()) in there, line
