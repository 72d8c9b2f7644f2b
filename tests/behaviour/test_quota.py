"""What a request costs of a platform's monthly quota, and what people see when that runs short."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import model
from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=("dingtalk", "lark"))
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    """A bot whose platform allows twelve calls a month."""
    platform = str(request.param)
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports)
        quotas = f'[[quota]]\nplatform = "{platform}"\ncalls = 12\ngroup = "ops"\n'
        text = re.sub(r"(?m)^\[\[quota\]\]\n(?:\w.*\n)+", quotas, path.read_text("utf-8"))
        path.write_text(text, "utf-8")
        async with playing(sandbox, platform, path) as played:
            yield played


def usage(scene: Scene) -> model.Usage:
    with scene.reader() as reader:
        months: tuple[model.Usage, ...] = reader.usage()
    return next(each for each in months if each.platform == scene.platform)


async def test_a_request_costs_what_the_readme_says(scene: Scene) -> None:
    """Asked for, approved by a click, carried out and told: nothing else uses the quota."""
    with scene.reader() as reader:
        months = [each for each in reader.usage() if each.platform == scene.platform]
    before = months[0] if months else model.Usage(scene.platform, "")
    card = await scene.pending("restart web-01")
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    await scene.settled()
    after = usage(scene)
    calls, pushes = (after.of(meter) - before.of(meter) for meter in model.METERS)
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text("utf-8")
        says = re.search(r"(\d+) (?:calls and|次调用和) (\d+) (?:pushes on DingTalk|次推送)", text)
        assert says is not None, name
        if scene.platform == "dingtalk":
            assert (calls, pushes) == (int(says[1]), int(says[2])), name
    if scene.platform == "lark":
        assert calls >= pushes == 2


async def test_the_group_is_told_and_votes_and_outcomes_go_on(scene: Scene) -> None:
    known = await scene.ids()
    told = 0
    for _ in range(4):
        card = await scene.pending("restart web-01")
        await scene.click("bob", card, "approve")
        await scene.card_says(card, play.SUCCEEDED)
        await scene.settled()
    assert usage(scene).of("calls") > 12
    for entry in await scene.transcript():
        told += entry["id"] not in known and play.has(entry["text"], ("额度快用完了", "runs short"))
    assert told == 1
    known = await scene.ids()
    await scene.say("alice", "status")
    answer = await scene.told("12", known, to="alice")
    assert play.has(answer["text"], ("不发送进度 和 催办", "progress and reminders not sent"))
