"""Scraped while the bot is killed in the middle of its work: what /metrics says stays true."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from bot import store
from sandbox import play
from sandbox.client import Sandbox
from tests import promql, settings
from tests.bot.test_metrics import Samples, key, samples
from tests.crash import crew, crowd, deaths
from tests.test_deploy import DECLARED

SETTING = settings.Setting(more='\n[web]\noperate = "127.0.0.1:0"\n')
ADDRESS = re.compile(r"listening on (127\.0\.0\.1:\d+) for /healthz")
STARTED = ("process_start_time_seconds", frozenset[tuple[str, str]]())


class Prometheus:
    """Scrapes a bot whenever it answers; ``pages`` are all that came."""

    def __init__(self, bot: crew.Bot, session: aiohttp.ClientSession) -> None:
        self.bot, self._session = bot, session
        self.pages: list[str] = []

    async def scrape(self) -> Samples:
        """Raises ClientError where nobody answers."""
        address = ADDRESS.findall(self.bot.output)[-1:]
        if not address:
            raise aiohttp.ClientError("it does not listen yet")
        async with self._session.get(f"http://{address[0]}/metrics") as answer:
            assert answer.status == 200, await answer.text()
            text = await answer.text()
        self.pages.append(text)
        return samples(text)

    async def run(self) -> None:
        """For ever, as often as a page is made anew."""
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                await self.scrape()
            await asyncio.sleep(crew.LOOK)

    async def until(self, condition: Callable[[Samples], bool]) -> Samples:
        """The first page of which this holds; it is asked for until it comes."""
        deadline, values = time.monotonic() + crew.PATIENCE, Samples()
        while time.monotonic() < deadline:
            try:
                values = await self.scrape()
            except aiohttp.ClientError:
                values = Samples()
            if values and condition(values):
                return values
            await asyncio.sleep(crew.LOOK)
        raise crew.Fault(f"never said by /metrics, which says {values}")


def stored(bot: crew.Bot) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """What the store says, as the gauges should say it."""
    path = bot.folder / "data" / "countersign.db"
    with contextlib.closing(store.Store(path, readonly=True)) as opened, opened.reading() as reader:
        status, runs = reader.status(), reader.open_runs()
        values = {
            key("requests_open", state=state): float(status.requests.get(state, 0))
            for state in ("planning", "pending", "approved", "running", "waiting")
        }
        values |= {
            key("runs_open", engine=engine, state=state): float(count)
            for (engine, state), count in runs.items()
        }
        values[key("audit_head")] = status.audit.sequence
        values[key("bus_events")] = status.events
        for state in ("refused", "unknown"):
            values[key("dead_letters", state=state)] = status.dead.get(state, 0)
        return values


def agrees(bot: crew.Bot) -> Callable[[Samples], bool]:
    """Do the gauges say what the store says?"""

    def said(values: Samples) -> bool:
        wanted = stored(bot)
        runs = {one: value for one, value in values.items() if one[0] == "countersign_runs_open"}
        return {one: values.get(one) for one in wanted} == wanted and runs.keys() <= wanted.keys()

    return said


def went_back(pages: list[str]) -> list[str]:
    """Counters that fell while the process was the same."""
    fallen, before = [], Samples()
    for values in map(samples, pages):
        if before.get(STARTED) == values[STARTED]:
            fallen += [
                name
                for (name, labels), value in values.items()
                if name.endswith(("_total", "_bucket", "_count"))
                and value < before.get((name, labels), 0)
            ]
        before = values
    return fallen


@pytest.mark.slow
async def test_what_metrics_say_is_true_before_and_after_a_crash(tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f"run web-01 -- while ! test -e {go}; do sleep 0.1; done"
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        bot = crew.Bot(sandbox, tmp_path, [deaths.kill("outbox.after.start_run:1")], SETTING)
        await settings.prepare(tmp_path, sandbox, SETTING)
        async with crew.supervised(bot):
            prometheus = Prometheus(bot, session)
            people = crowd.Crowd(sandbox, "lark", bot)
            await bot.up()
            scraping = asyncio.create_task(prometheus.run())
            await people.say("alice", 'restart web-02 reason="nobody decides"')
            await people.new_card("restart", set())
            known = await people.ids()
            await people.say("bob", script)
            card = await people.new_card("run", known)
            values = await prometheus.until(agrees(bot))
            assert values[key("requests_open", state="pending")] == 2
            first = values[STARTED]
            await people.click("carol", card, "approve")
            running = key("runs_open", engine="ecs", state="running")
            values = await prometheus.until(lambda values: values.get(running) == 1)
            assert bot.deaths, "it was killed between the call and its outcome"
            assert values[STARTED] > first
            values = await prometheus.until(agrees(bot))
            assert values[key("requests_open", state="running")] == 1
            go.touch()
            await people.told(play.AUDIT, known, to="bob")
            values = await prometheus.until(
                lambda values: agrees(bot)(values) and running not in values
            )
            assert values[key("requests_open", state="pending")] == 1
            assert (
                values[key("effects_total", kind="start_run", party="cloud", outcome="done")] == 1
            )
            assert values[key("polls_total", engine="ecs", result="ok")] > 0
            assert values[key("connection_up", platform="lark")] == 1
            scraping.cancel()
            await asyncio.gather(scraping, return_exceptions=True)
        assert went_back(prometheus.pages) == []
        for page in (prometheus.pages[0], prometheus.pages[-1]):
            assert promql.faults(promql.Page.of(page, DECLARED)) == []
        whole = "".join(prometheus.pages)
        for word in (
            "alice",
            "bob",
            "carol",
            "web-0",
            "nobody decides",
            '"ou_',
            '"oc_',
            '"restart',
        ):
            assert word not in whole, f"/metrics names {word}"
