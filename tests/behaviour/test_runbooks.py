"""Templates as people live them, on both platforms and both engines: the same stories."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing, time_goes_by

TABLE = "[command.reboot-with-approval]"
pytestmark = pytest.mark.parametrize(
    ("engine", "platform"),
    [
        pytest.param("", "dingtalk", id="local-dingtalk"),
        pytest.param("oos", "lark", id="oos-lark"),
        pytest.param("", "lark", id="local-lark", marks=pytest.mark.slow),
        pytest.param("oos", "dingtalk", id="oos-dingtalk", marks=pytest.mark.slow),
    ],
)


@pytest.fixture
async def scene(engine: str, platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        if engine:
            text = path.read_text("utf-8").replace(
                TABLE, f'{TABLE}\nengine = "{engine}"\nunjudged_calls = "allow"'
            )
            path.write_text(text, "utf-8")
            part = process.ROOT / "commands" / "parts" / "reboot-one.yml"
            await sandbox.call("aliyun", "add_template", name=part.stem, content=part.read_text())
        async with playing(sandbox, platform, path) as found:
            yield found


async def test_a_template_with_an_approval_of_its_own(scene: Scene) -> None:
    async with time_goes_by(scene):
        await play.reboot(scene)


async def test_a_rejection_within(scene: Scene) -> None:
    async with time_goes_by(scene):
        await play.reboot_rejected(scene)


async def test_a_partial_failure(scene: Scene) -> None:
    async with time_goes_by(scene):
        await play.reboot_failing(scene)
