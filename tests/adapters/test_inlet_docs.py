"""What docs/how-to/receive-events.md tells people to type does what it says."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters.inlet_stage import SECRET, Stage, source, staged

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/receive-events.md"


def example(language: str) -> str:
    marked = rf"<!-- {language}: send a signed event -->\n```{language}\n(.*?)^```$"
    found = re.search(marked, PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


async def run(stage: Stage, *command: str) -> str:
    """What a command says, told of the stage's port and secret."""
    port = f":{stage.inlet.port}/"
    process = await asyncio.create_subprocess_exec(
        *(word.replace(":17380/", port) for word in command),
        env={"PATH": os.environ["PATH"], "SECRET": SECRET, "no_proxy": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return said.decode()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="not installed")
async def test_the_line_for_the_shell(tmp_path: Path) -> None:
    async with staged(tmp_path, source("eventbridge", only=("dingtalk.approval",))) as stage:
        stage.clock.time = datetime.now(UTC)
        said = await run(stage, "sh", "-c", example("bash"))
        assert re.fullmatch(r'\{"ids":\["ce:dingtalk\.approval:sha256-[0-9a-f]{40}"\]\}\n', said)
        assert stage.events[0].data == {"emp_id": "E123", "role": "devops"}


async def test_the_program(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.clock.time = datetime.now(UTC)
        said = await run(stage, sys.executable, "-c", example("python"))
        assert said == '202 {"ids":["ce:shop:7"]}\n\n'
        assert stage.events[0].type == "order.paid"
