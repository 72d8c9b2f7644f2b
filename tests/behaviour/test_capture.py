"""A capture of stories: it replays whole, and tells of no person and no secret."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.redact import encodings
from sandbox import play
from sandbox.client import Sandbox
from tests import settings
from tests.behaviour import runbooks, test_rules
from tests.behaviour.test_hidden_values import COMMAND, SET
from tests.behaviour.test_runbook_votes import ANYBODY

PEOPLE = re.compile(r"(?<![A-Za-z0-9])(u-|ou_)?(alice|bob|carol|dave|mallory)(?![A-Za-z0-9])", re.I)
HIDDEN = "s3cr3t-w0rd"
ENGINE = {"dingtalk": "", "lark": "oos"}
ROBOT = {"dingtalk": "ops", "lark": "lark-ops"}


@asynccontextmanager
async def capturing(
    platform: str, folder: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[test_rules.Ruled]:
    """A bot with everything that there is to be captured."""
    facts = {"folder": folder, "platform": platform, "robot": ROBOT[platform]}
    (folder / "events-token").write_text(test_rules.TOKEN)
    plain = runbooks.changed(ENGINE[platform])
    setting = replace(
        plain,
        files={**plain.files, "set-password.yml": SET},
        changes={
            **plain.changes,
            **ANYBODY,
            "\n[bot]\n": '\n[bot]\ncapture = "seen"\n',
            "[command.restart]": COMMAND + "[command.restart]",
        },
        more=test_rules.RULES.format(**facts),
    )
    async with Sandbox() as sandbox:
        path = settings.furnish(folder, sandbox, setting)
        await settings.prepare(folder, sandbox, setting)
        scene = test_rules.Ruled(sandbox, platform, path)
        scene.caplog = caplog
        await scene.start()
        try:
            yield scene
        finally:
            await scene.end()


async def hidden(scene: play.Play) -> None:
    """A command that carries a hidden value to the cloud."""
    known = await scene.ids()
    await scene.say("alice", f"set-password password={HIDDEN}")
    card = await scene.new_card("set-password", known)
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)


async def delivery(scene: test_rules.Ruled) -> None:
    """An event over HTTP, which asks for a command and is told by a robot; and a forged one."""
    known, there = await scene.ids("hr"), await scene.ids("ops")
    assert (await scene.post(test_rules.EVENT, token="guessed"))[0] == 401
    assert (await scene.post(test_rules.EVENT))[0] == 202
    card = await scene.new_card("provision", known, "hr")
    await scene.click("bob", card, "approve")
    await scene.told("E123 is ready", there)


def replayed(folder: Path) -> tuple[int, dict[str, Any]]:
    arguments = ["replay", "--config", str(folder / "bot.toml"), str(folder / "seen"), "--json"]
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, json.loads(result.stdout)


def decoded(text: str) -> str:
    """A text, and all that stands in it as Base64, as escapes, or packed by gzip."""
    parts = [text]

    def note(part: str) -> str:
        parts.append(part)
        return encodings.within(part, note)

    encodings.within(text, note)
    return "\n".join(parts)


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_a_capture_of_stories_replays_whole_and_tells_of_nobody(
    platform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with capturing(platform, tmp_path, caplog) as scene:
        await play.new_hire(scene)
        await play.restart(scene)
        await play.rejected_by_text(scene)
        await hidden(scene)
        await delivery(scene)
        await scene.card_says(await runbooks.agreed(scene), play.WAITING)
    seen = tmp_path / "seen"
    assert seen.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in seen.iterdir()} == {0o600}
    status, report = await asyncio.to_thread(replayed, tmp_path)
    assert (report["not_understood"], report["lacks"], status) == ([], {}, 0)
    kinds = "\n".join(report["understood"])
    assert "MessageReceived restart" in kinds
    assert "CardAction approve" in kinds
    assert f"{platform} form provision" in kinds
    assert "delivery of oa: ProvisionRequest" in kinds
    assert "delivery of oa, refused: HTTP status 401" in kinds
    assert f"answer of a robot ({platform})" in kinds
    assert "aliyun answer of RunCommand" in kinds
    assert "oos answer of StartExecution" in kinds or platform == "dingtalk"
    raw = "".join(path.read_text("utf-8") for path in sorted(seen.iterdir()))
    content = decoded(raw) + json.dumps([json.loads(line) for line in raw.splitlines()])
    assert not PEOPLE.search(content), content[PEOPLE.search(content).start() - 99 :][:200]
    files = [*(tmp_path / "secrets").iterdir(), tmp_path / "data/key", tmp_path / "events-token"]
    for secret in (HIDDEN, "LTAIsandbox", *(path.read_text().strip() for path in files)):
        for form in (secret, base64.b64encode(secret.encode()).decode(), quote(secret, safe="")):
            assert form not in content
