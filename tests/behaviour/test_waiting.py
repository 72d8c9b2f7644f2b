"""The cloud does not answer: within seconds the thread says what is waited for, and until when."""

from __future__ import annotations

from typing import Any

import pytest

from bot.runtime import outbox, poller
from sandbox import play
from tests.behaviour.conftest import Scene, time_goes_by

WAITS = ("在等", "waits for", "还在等", "I still wait")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (outbox, poller):
        assert module.TELL_AFTER <= 8
        monkeypatch.setattr(module, "TELL_AFTER", 0.7)


async def cloud(scene: Scene, api: str, **fault: Any) -> None:
    await scene.sandbox.call("aliyun", "fault", api=api, **fault)


def waits(entries: list[play.Entry]) -> list[play.Entry]:
    return [e for e in entries if e["from"] == "bot" and play.has(e["text"], WAITS)]


async def test_a_run_that_waits_for_the_cloud_says_so_once_and_what_came_of_it(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=cloud")
    await cloud(scene, "RunCommand", do="throttle", times=9)
    await scene.click("bob", card, "approve")
    told = await scene.told("RunCommand", known)
    assert "127.0.0.1" in told["text"], "where it calls"
    assert play.has(told["text"], ("最晚到", "at the latest"))
    async with time_goes_by(scene):
        await scene.told(("已经回应", "has answered"), known)
        ended = await scene.told(play.AUDIT, known)
    assert play.has(ended["text"], play.SUCCEEDED)
    assert len([e for e in waits(await scene.transcript()) if "RunCommand" in e["text"]]) == 1
    lines = [r for r in caplog.records if "RunCommand at" in r.getMessage()]
    assert lines
    assert all(r.levelname == "WARNING" and "127.0.0.1" in r.getMessage() for r in lines)


async def test_planning_and_lookups_that_wait_say_so(scene: Scene) -> None:
    for asked in ("restart web-01 reason=cloud", "instances"):
        known = await scene.ids()
        await cloud(scene, "DescribeInstances", do="slow", seconds=2)
        await scene.say("alice", asked)
        told = await scene.told("DescribeInstances", known)
        assert play.has(told["text"], WAITS)
        await scene.until("what came of it", lambda seen, known=known: found(seen, known))


def found(entries: list[play.Entry], known: list[str]) -> list[play.Entry]:
    new = [e for e in entries if e["id"] not in known and e["from"] == "bot"]
    return [e for e in new if "web-01" in e["text"] and not play.has(e["text"], WAITS)]


async def test_results_that_cannot_be_read_are_told(scene: Scene) -> None:
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=cloud")
    await cloud(scene, "DescribeInvocationResults", do="slow", seconds=2)
    await cloud(scene, "DescribeInvocations", do="slow", seconds=2)
    await scene.click("bob", card, "approve")
    told = await scene.told("DescribeInvocationResults", known)
    assert play.has(told["text"], ("暂时读不到", "cannot be read now"))
    ended = await scene.told(play.AUDIT, known)
    assert play.has(ended["text"], play.SUCCEEDED)


async def test_a_cloud_that_answers_is_not_said_to_be_waited_for(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "TELL_AFTER", 6.0)
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=cloud")
    await scene.click("bob", card, "approve")
    await scene.told(play.AUDIT, known)
    await scene.settled()
    assert waits(await scene.transcript()) == []
