"""/metrics says what happened and what is, in words of a fixed set, as Prometheus reads it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import parser

from bot import model, release
from bot.model import manifests, ports
from bot.runtime import meter, poller
from bot.web import families, health, lasting, metrics
from sandbox import process
from tests import stores
from tests.bot import rig
from tests.bot.test_health import Chat, Stage, staged

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
ROOMY = manifests.RateLimit("chat", ("say", "card"), "chat", 20, 60.0)


def samples(text: str) -> Samples:
    """The values of a page, by name and labels; each stands there once."""
    read = [one for family in parser.text_string_to_metric_families(text) for one in family.samples]
    values = {(one.name, frozenset(one.labels.items())): one.value for one in read}
    assert len(values) == len(read)
    return values


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"countersign_{name}", frozenset(labels.items())


async def scrape(stage: Stage) -> Samples:
    page = await metrics.Metrics(stage.parts, stage.health).page()
    assert (page.status, page.kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return samples(page.text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_the_reference_is_printed_from_the_code() -> None:
    said = (process.ROOT / "docs/reference/metrics.md").read_text("utf-8")
    assert said == metrics.page(), "python -m bot docs metrics > docs/reference/metrics.md"


async def test_what_happened_is_counted_once_each(path: Path) -> None:
    async with staged(path, ROOMY) as stage:
        door, clock = stage.rig.engine, stage.parts.clock
        stage.answer(model.Refused("no"))
        for number in (1, 2, 2):
            await door.submit(rig.asked(number))
        await door.submit(rig.asked(3, "boom"))
        await rig.until(lambda: door.meter.effects[("show_card", "chat", "refused")] == 2)
        values = await scrape(stage)
        events = {answer: key("events_total", kind="MessageReceived", answer=answer)
                  for answer in families.ANSWERS}  # fmt: skip
        assert [values[events[each]] for each in families.ANSWERS] == [2, 1, 1]
        assert values[key("ack_seconds_count", kind="MessageReceived")] == 4
        assert values[key("ack_seconds_bucket", kind="MessageReceived", le="+Inf")] == 4
        assert values[key("decisions_total", action="asked")] == 2
        assert values[key("decisions_total", action="event.failed")] == 1
        assert values[key("effects_total", kind="show_card", party="chat", outcome="refused")] == 2
        assert values[key("effects_total", kind="show_card", party="chat", outcome="done")] == 0
        assert values[key("call_seconds_count", kind="show_card", party="chat")] == 2
        budget = {"party": "chat", "kinds": "say+card", "per": "chat", "seconds": "60"}
        assert values[key("budget_calls", **budget)] == 2
        assert values[key("budget_limit", **budget)] == 20
        assert 0 < values[key("commit_seconds_count")] <= values[key("commit_jobs_total")]
        assert values[key("timer_late_seconds")] == 0
        assert values[key("info", version=release.version())] == 1
        assert clock.now() == rig.START


async def test_what_is_agrees_with_the_store(path: Path) -> None:
    up, down = ports.Connection(True, 60.0, 3), ports.Connection(False, 5.0, 1)
    async with staged(path, lark=Chat(up), dingtalk=Chat(down), console=Chat()) as stage:
        for number in range(3):
            await stage.rig.engine.submit(rig.asked(number))
        await stage.rig.engine.submit(rig.clicked(1, 1))
        await rig.until(lambda: stage.parts.outbox.motion.in_flight == 3)
        stage.machine.passes(40)
        size = 0 if stores.POSTGRES else os.stat(path).st_size
        values = await scrape(stage)
        with stage.rig.store.reading() as reader:
            status = reader.status()
        assert status.requests == {"pending": 2, "approved": 1}
        for state in ("planning", "pending", "approved", "running", "waiting"):
            expected = status.requests.get(state, 0)
            assert values[key("requests_open", state=state)] == expected
        card = {"party": "chat"}
        assert values[key("queue_effects", kind="show_card", state="in_flight", **card)] == 3
        assert values[key("queue_effects", kind="update_card", state="queued", **card)] == 1
        assert values[key("queue_age_seconds", kind="update_card", **card)] == 40
        assert values[key("audit_head")] == status.audit.sequence == 4
        # what the write-ahead log holds may be copied back meanwhile
        most = 1 << 30 if stores.POSTGRES else os.stat(path).st_size
        assert size <= values[key("store_bytes", file="database")] <= most
        assert values[key("ready")] == 1
        assert [values[key("connection_up", platform=one)] for one in stage.parts.chats] == [
            1,
            0,
            1,
        ]
        assert values[key("connection_age_seconds", platform="lark")] == 60
        assert values[key("connections_opened_total", platform="dingtalk")] == 1
        assert values[key("dead_letters", state="unknown")] == 0


async def test_labels_are_words_of_a_fixed_set(path: Path) -> None:
    """However many people ask in however many chats, there are no more series, and no name."""
    async with staged(path, ROOMY, lark=Chat()) as stage:
        stage.answer(model.Done("ref"))

        async def ask(numbers: Iterable[int]) -> Samples:
            for number in numbers:
                account = model.Account(
                    "chat", "corp", f"u-somebody-{number}", f"Somebody {number}"
                )
                event = replace(
                    rig.asked(number, f"restart secret-{number}"),
                    account=account,
                    place=rig.place(f"m-{number}", f"room-{number}"),
                )
                await stage.rig.engine.submit(event)
            await rig.until(
                lambda: not stage.rig.rows("SELECT 1 FROM outbox WHERE state <> 'done'")
            )
            return await scrape(stage)

        first, second = await ask(range(3)), await ask(range(3, 60))
        assert second.keys() == first.keys()
        assert len(second) < 1000
        said = str(sorted(name for name, _ in second)) + str([labels for _, labels in second])
        for word in ("omebody", "secret", "room-", "restart", "corp", "m-1"):
            assert word not in said


async def test_replicas_are_counted_by_how_they_are(path: Path) -> None:
    async with staged(path) as stage:

        def come_and_go(writer: Any) -> None:
            for name in ("a", "b", "c"):
                writer.join(name, "1.0", "")
            writer.leave()
            writer.replica = 0  # the outbox of this process is none of them

        await stage.rig.engine.write(come_and_go)
        page = await metrics.Metrics(stage.parts, stage.health).page()
        read = {family.name: family for family in parser.text_string_to_metric_families(page.text)}
        states = {one.labels["state"]: one.value for one in read["countersign_replicas"].samples}
        assert states == {"living": 2, "dead": 0, "left": 1}


async def test_every_family_is_on_the_first_page(path: Path) -> None:
    """But for those of which nothing has happened, and that have no fixed set of labels."""
    async with staged(path, ROOMY, lark=Chat(ports.Connection(True, 1.0, 1))) as stage:
        page = await metrics.Metrics(stage.parts, stage.health).page()
        read = {family.name: family for family in parser.text_string_to_metric_families(page.text)}
        for family in families.FAMILIES:
            there = read[family.name.removesuffix("_total")]
            assert (there.type, there.documentation) == (family.kind, family.about)
            for sample in there.samples:
                assert sample.labels.keys() - {"le"} == set(family.labels)
        assert {"process_resident_memory_bytes", "python_info"} <= read.keys()


async def test_a_page_is_good_for_a_second(path: Path) -> None:
    async with staged(path) as stage:
        served = metrics.Metrics(stage.parts, stage.health)
        pages = await asyncio.gather(*(served.page() for _ in range(20)))
        assert all(page is pages[0] for page in pages)
        stage.machine.passes(health.GOOD_FOR)
        assert await served.page() is not pages[0]


async def test_what_lasts_is_made_once_and_what_failed_again() -> None:
    made: list[int] = []

    async def make() -> int:
        made.append(len(made))
        await asyncio.sleep(0)
        if made[-1] == 1:
            raise OSError("the disk is gone")
        return made[-1]

    now = [0.0]
    value = lasting.Lasting(make, 1.0, lambda: now[0])
    assert await asyncio.gather(value.get(), value.get(), value.get()) == [0, 0, 0]
    now[0] = 1.0
    with pytest.raises(OSError, match="gone"):
        await value.get()
    assert await value.get() == 2
    assert await value.get() == 2


async def test_looks_at_the_cloud_are_counted(path: Path) -> None:
    class Cloud:
        name = "ecs"

        async def poll(self, region: str, batch: str, invocations: object) -> dict[str, object]:
            if region == "cn-hangzhou":
                raise ports.PollFailed("throttled")
            return {}

    async with staged(path) as stage:
        looker = poller.Poller(stage.rig.engine, lambda _: Cloud(), stage.parts.clock)  # type: ignore[arg-type, return-value]
        await stage.rig.engine.submit(rig.asked(1))
        steps = tuple(
            model.Step(1, index, f"t-{index}", "b", region, ("i-1",), f"run-{index}", "running")
            for index, region in enumerate(("cn-hangzhou", "cn-beijing"))
        )
        decision, view = model.Decision(steps=steps), model.View(2, 1, "")
        await stage.rig.engine.write(lambda writer: writer.apply(view, decision, rig.START))
        await looker.poll(stage.parts.clock.now() + timedelta(seconds=1))
        values = await scrape(stage)
        assert values[key("runs_open", engine="ecs", state="running")] == 2
        assert values[key("polls_total", engine="ecs", result="ok")] == 1
        assert values[key("polls_total", engine="ecs", result="failed")] == 1
        assert values[key("polls_total", engine="oos", result="ok")] == 0


def test_buckets_hold_what_is_at_most_their_bound() -> None:
    histogram = meter.Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 1.0, 7.0):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.total == pytest.approx(8.65)


async def test_two_budgets_that_are_alike_are_one_series(path: Path) -> None:
    """A page on which a series stands twice is refused as a whole."""
    other = replace(ROOMY, count=5)
    async with staged(path, ROOMY, other) as stage:
        values = await scrape(stage)
        budget = {"party": "chat", "kinds": "say+card", "per": "chat", "seconds": "60"}
        assert values[key("budget_limit", **budget)] == 5
