"""A capture of stories: it replays whole, and tells of no person and no secret."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import playing

PEOPLE = re.compile(
    rb"(?<![A-Za-z0-9])(u-|ou_)?(alice|bob|carol|dave|mallory)(?![A-Za-z0-9])", re.IGNORECASE
)


def captured(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


async def stories(platform: str, folder: Path) -> None:
    async with Sandbox() as sandbox:
        path = process.configuration(folder, sandbox.ports)
        path.write_text(path.read_text("utf-8").replace("[bot]", '[bot]\ncapture = "seen"', 1))
        async with playing(sandbox, platform, path) as scene:
            await play.new_hire(scene)
            await play.restart(scene)
            await play.rejected(scene)


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_a_capture_of_stories_replays_whole_and_tells_of_nobody(
    platform: str, tmp_path: Path
) -> None:
    await stories(platform, tmp_path)
    seen, config = tmp_path / "seen", str(tmp_path / "bot.toml")
    assert seen.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in seen.iterdir()} == {0o600}
    arguments = ["replay", "--config", config, str(seen), "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, main, arguments)
    report = json.loads(result.stdout)
    assert (report["not_understood"], report["lacks"]) == ([], {}), result.stdout
    assert result.exit_code == 0
    kinds = report["understood"]
    for kind in ("MessageReceived restart", "CardAction approve", "FormChanged approved", "form"):
        assert any(kind in each for each in kinds), (kind, kinds)
    content = captured(seen)
    assert not PEOPLE.search(content), PEOPLE.search(content)
    secrets = [path.read_text().strip() for path in (tmp_path / "secrets").iterdir()]
    secrets.append((tmp_path / "data" / "key").read_text().strip())
    for secret in secrets:
        raw = secret.encode()
        for form in (raw, base64.b64encode(raw), quote(secret, safe="").encode()):
            assert form not in content
