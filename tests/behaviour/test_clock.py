"""The machine's clock is set while requests are open: nothing waits for it, nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot import model
from sandbox import play
from tests.behaviour import runbooks, test_runbook_runs
from tests.behaviour.conftest import Scene

STEPS = (timedelta(minutes=-10), timedelta(hours=2), timedelta(days=-400))
NAP = test_runbook_runs.FLEET.replace("PT1M", "PT3S")


async def noticed(scene: Scene, size: timedelta) -> None:
    """Wait until the audit log tells of the step, once and with its size."""

    def entries(_: object) -> list[model.AuditRow]:
        with scene.reader() as reader:
            return [row for row in reader.chain() if row.action == "clock.stepped"]

    found = await scene.until("an audit entry about the clock", entries)
    assert len(found) == 1
    assert abs(found[0].facts["seconds"] - size.total_seconds()) < 2


@pytest.mark.parametrize("size", STEPS, ids=str)
async def test_a_clock_that_is_set_while_a_run_is_open_delays_no_outcome(
    scene: Scene, size: timedelta
) -> None:
    known = await scene.ids()
    card = await scene.pending("run web-01 -- sleep 1; echo done", "bob")
    await scene.click("carol", card, "approve")
    await scene.until("it runs", lambda _: runbooks.the_request(scene).started_at)
    scene.clock.offset += size
    told = await scene.told(play.AUDIT, known)
    assert play.has(told["text"], play.SUCCEEDED)
    await noticed(scene, size)

    if size > timedelta():  # what is written on a platform that is behind looks old
        await scene.sandbox.advance(size.total_seconds())
    known = await scene.ids()
    card = await scene.pending("restart web-02 reason=afterwards")
    await scene.click("bob", card, "approve")
    told = await scene.told(play.AUDIT, known)
    assert play.has(told["text"], play.SUCCEEDED)
    with scene.reader() as reader:
        assert reader.verify_audit() == []
        assert len(await scene.runs()) == 2


@pytest.mark.parametrize("size", STEPS[:2], ids=str)
async def test_a_runbook_that_sleeps_wakes_when_it_should_have(
    platform: str, tmp_path: Path, size: timedelta
) -> None:
    setting = test_runbook_runs.fleet(NAP)
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        known = await scene.ids()
        await runbooks.agreed(scene, "fleet web-01")
        await scene.until("it runs", lambda _: runbooks.the_request(scene).started_at)
        scene.clock.offset += size
        told = await scene.told(play.AUDIT, known)
        assert play.has(told["text"], play.SUCCEEDED)
        assert await runbooks.rebooted(scene) == ["web-01"]
        request = runbooks.the_request(scene)
        assert abs(request.stepped - size.total_seconds()) < 2


async def test_a_clock_that_was_set_back_while_the_bot_was_away_puts_nothing_off(
    scene: Scene,
) -> None:
    card = await scene.pending("restart web-01 reason=clock")
    await scene.settled()
    await scene.end()
    scene.clock.offset -= timedelta(minutes=10)
    await scene.start()
    await noticed(scene, timedelta(minutes=-10))
    await scene.advance(31 * 60)
    await scene.card_says(card, play.EXPIRED)
