"""The month's quota of a platform: counted in the store, warned of, and saved on what may be left
out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import model, policy, store
from bot.runtime import usage
from tests.bot import stage

Staged = Callable[..., stage.Stage]


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Staged]:
    """Makes a stage whose platform allows so many calls and pushes a month."""
    stages: list[stage.Stage] = []

    def made(calls: int = 100, pushes: int = 0, group: str = "ops") -> stage.Stage:
        quota = policy.Quota(stage.PLATFORM, calls, pushes, "Asia/Shanghai", group)
        rules = stage.book(
            quotas={stage.PLATFORM: quota},
            policies={"any": policy.Policy("any", ("bob", "carol"), remind=TEN_MINUTES)},
        )
        stages.append(stage.Stage(tmp_path, rules))
        return stages[-1]

    yield made
    for each in stages:
        each.close()


TEN_MINUTES = policy.Policy("", ()).expires / 3


def use(of: stage.Stage, calls: int, meter: model.Meter = "calls") -> None:
    """The adapter counts so many, and something is written."""
    for _ in range(calls):
        of.used.count(stage.PLATFORM, meter)
    of.loop.run_until_complete(of.engine.write(lambda writer: None))


def used(of: stage.Stage) -> model.Usage:
    found: tuple[model.Usage, ...] = of.read(lambda reader: reader.usage())
    return found[-1]


def actions(of: stage.Stage, action: str) -> list[model.AuditRow]:
    return [row for row in of.read(lambda reader: list(reader.chain())) if row.action == action]


def kinds(effects: list[model.Effect]) -> list[str]:
    return [effect.kind for effect in effects]


def test_months_begin_where_the_platform_is(tmp_path: Path) -> None:
    """16:00 UTC is midnight in Shanghai: what comes after counts for the next month."""
    counted = usage.Counter({"chat": policy.Quota("chat", 10)})
    with store.Store(tmp_path / "months.db") as opened:
        writer = opened.writer
        assert writer is not None
        writer.begin()
        for hour, minute in ((15, 59), (16, 0)):
            counted.count("chat", "calls")
            assert not list(counted.flush(writer, datetime(2026, 1, 31, hour, minute, tzinfo=UTC)))
        writer.commit()
    with store.Store(tmp_path / "months.db", readonly=True) as again, again.reading() as reader:
        assert reader.usage() == (
            model.Usage("chat", "2026-01", {"calls": 1}),
            model.Usage("chat", "2026-02", {"calls": 1}),
        )


def test_people_are_told_once_a_month(staged: Staged) -> None:
    of = staged(calls=100, pushes=50)
    use(of, 79)
    assert of.work() == []
    use(of, 1)
    [told] = stage.said(of.work())
    assert "80 of 100 calls (80%) and 0 of 50 pushes (0%)" in told
    use(of, 45, "pushes")
    use(of, 15)
    assert of.work() == [], "it was told"
    reached = [(row.facts["meter"], row.facts["percent"]) for row in actions(of, "quota.reached")]
    assert reached == [("calls", 80), ("pushes", 90), ("calls", 90)]
    of.tick(31 * 86400)
    use(of, 80)
    assert len(stage.said(of.work())) == 1
    assert used(of) == model.Usage(stage.PLATFORM, "2026-02", {"calls": 80, "reached.calls": 80})


def test_without_a_group_it_is_on_record_only(staged: Staged) -> None:
    of = staged(group="")
    use(of, 80)
    assert of.work() == []
    assert len(actions(of, "quota.reached")) == 1


def test_mere_progress_is_left_out_and_what_was_decided_is_not(staged: Staged) -> None:
    of = staged()
    of.planned("alice", "restart web-01 web-02")
    use(of, 80)
    of.work()
    of.click("bob", 1, "approve", of.request(1).code)
    assert kinds(of.work()).count("update_card") == 2, "approved, and started"
    [step] = of.read(lambda reader: reader.steps(1))
    first = model.InstanceResult(step.instances[0], "Success", 0, "done")
    of.submit(model.InvocationPolled("p1", of.clock.now(), 1, step.invocation, (first,)))
    assert of.work() == []
    assert used(of).spared("progress") == 1
    of.observe(1)
    done = of.work()
    assert kinds(done) == ["update_card", "say"]
    assert "2" in stage.said(done)[0]
    assert used(of).spared("progress") == 1


def test_progress_that_overtakes_a_vote_is_sent_in_its_place(staged: Staged) -> None:
    """The update of the vote is dropped for the newer one, so that one is needed."""
    of = staged()
    of.planned("alice", "restart web-01 web-02")
    of.click("bob", 1, "approve", of.request(1).code)
    use(of, 80)
    queued = [claimed for claimed in of.claim() if claimed.effect.body.kind != "say"]
    [start] = [one for one in queued if isinstance(one.effect.body, model.StartRun)]
    [update] = [one for one in queued if isinstance(one.effect.body, model.UpdateCard)]
    of.settle(start, of.answer(start))  # its update waits behind the one in flight
    [step] = of.read(lambda reader: reader.steps(1))
    first = model.InstanceResult(step.instances[0], "Success", 0, "done")
    of.submit(model.InvocationPolled("p1", of.clock.now(), 1, step.invocation, (first,)))
    of.settle(update, of.answer(update))
    assert "update_card" in kinds(of.work())
    assert used(of).spared("progress") == 0


def test_reminders_are_left_out_from_90_percent_and_that_is_on_record(staged: Staged) -> None:
    of = staged()
    of.planned("alice", "restart web-01")
    use(of, 80)
    of.work()
    of.tick(TEN_MINUTES.total_seconds() + 1)
    assert kinds(of.work()) == ["say"]
    of.planned("alice", "restart web-02")
    use(of, 10)
    of.tick(TEN_MINUTES.total_seconds() + 1)
    assert of.work() == []
    [row] = actions(of, "message.spared")
    assert (row.request, row.facts["what"]) == (2, "reminder")
    assert used(of).spared("reminder") == 1
    of.ask("alice", "status")
    [told] = stage.said(of.work())
    assert "90 of 100 calls (90%) · progress and reminders not sent, to save it" in told
    assert "1 message left out" in told
    of.tick(3 * TEN_MINUTES.total_seconds())
    assert kinds(of.work()).count("say") == 2, "that both expired is always told"


def test_without_a_quota_everything_is_counted_and_nothing_saved(tmp_path: Path) -> None:
    of = stage.Stage(tmp_path)
    try:
        use(of, 100_000)
        assert used(of).of("calls") == 100_000
        assert actions(of, "quota.reached") == []
    finally:
        of.close()
