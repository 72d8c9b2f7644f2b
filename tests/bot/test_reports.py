"""Reports: the numbers of a month are those that the requests and the audit log say."""

from __future__ import annotations

import dataclasses
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot import model, policy, source, store
from bot.cli import report as cli_report
from bot.commands import reports
from tests.bot import stage as stages
from tests.bot.stage import Stage, book, said

SHANGHAI = ZoneInfo("Asia/Shanghai")
JANUARY = reports.month_of("2026-01", UTC, stages.START)


def history(stage: Stage, seed: int, rounds: int = 35) -> None:
    """People ask, agree, refuse, or let it run out, over more than a month."""
    rnd = random.Random(seed)
    for _ in range(rounds):
        text = rnd.choice(("restart web-01 reason=own", "run web-02 script='uptime'", "restart x"))
        who = "alice" if "run" not in text else "erin"
        before = stage.read(lambda reader: reader.recent_requests(1))
        stage.ask(who, text)
        stage.work()
        newest = stage.read(lambda reader: reader.recent_requests(1))
        for voter in rnd.sample(("bob", "carol"), 2) if newest != before else ():
            stage.clock.advance(rnd.randrange(1, 3000))
            request = stage.request(newest[0].id)
            word = rnd.choice(("approve", "approve", "reject", ""))
            if word and request.state is model.State.PENDING:
                stage.click(voter, request.id, word, request.code)
        stage.work()
        stage.tick(rnd.randrange(20_000, 150_000))


def put(stage: Stage, actor: str, action: str, **facts: object) -> None:
    """An entry of the audit log, as of now."""

    def write(writer: store.Writer) -> None:
        entry = model.AuditEntry(actor, action, 1, facts)
        writer.append(entry, int(stage.clock.now().timestamp() * 1000))

    stage.loop.run_until_complete(stage.engine.write(write))


def share(values: list[int], percent: int) -> int:
    """The smallest value that so many of a hundred do not exceed."""
    reached = (
        v for v in sorted(values) if sum(w <= v for w in values) * 100 >= percent * len(values)
    )
    return next(reached, 0)


@pytest.mark.parametrize("seed", range(2))
def test_the_numbers_are_those_of_the_requests_and_the_audit_log(tmp_path: Path, seed: int) -> None:
    usual = book()
    policies = {
        name: dataclasses.replace(
            one, remind=timedelta(hours=2), approvers=(*one.approvers, "oncall:ops")
        )
        for name, one in usual.policies.items()
    }
    stage = Stage(tmp_path, dataclasses.replace(usual, policies=policies))
    history(stage, seed)
    for seconds in (0, 2, 3, 40):
        put(stage, "bob", "vote.cast", approve=True, digest="d", via="card", read=seconds)
    put(stage, "erin", "breakglass.used", reason="the shop is down")
    month = reports.month_of("2026-02", UTC, stages.START)
    for each in (JANUARY, month):
        report = stage.read(lambda reader, each=each: reader.report(each, stage.clock.now()))
        requests = stage.read(lambda reader: reader.recent_requests(1000))
        entries = stage.read(lambda reader: list(reader.chain()))
        within = [one for one in entries if each.begin <= one.at < each.end]
        asked = [one for one in requests if each.begin <= one.created_at < each.end]
        by_number = {one.id: one for one in requests}
        assert report.total.states == Counter(one.state.value for one in asked)
        for name, activity in report.commands.items():
            own = (one.state.value for one in asked if one.command == name)
            assert activity.states == Counter(own)
        took = [
            int((one.at - by_number[one.request].created_at).total_seconds())
            for one in within
            if one.action == "request.approved"
        ]
        expected = model.Times(len(took), share(took, 50), share(took, 95))
        assert report.total.approvals == expected
        assert sum(one.approvals.count for one in report.commands.values()) == len(took)
        assert report.groups == {(stages.PLATFORM, stages.CHAT): report.total}
        assert report.reminders == sum(one.action == "request.reminded" for one in within)
        expired = [by_number[one.request] for one in within if one.action == "request.expired"]
        unseen = Counter[str]()
        for request in expired:
            votes = stage.read(lambda reader, number=request.id: reader.votes(number))
            unseen.update({"bob", "carol", "erin"} - {request.person, *(v.person for v in votes)})
        assert (report.expired, report.unseen) == (len(expired), unseen)
        for name, (approved, rejected) in report.policies.items():
            ends = [
                one for one in within if one.request and name in by_number[one.request].policy_names
            ]
            assert approved == sum(one.action == "request.approved" for one in ends)
            assert rejected == sum(one.action == "request.rejected" for one in ends)
    pending = stage.read(lambda reader: reader.open_requests())
    assert report.pending.count == sum(one.state is model.State.PENDING for one in pending)
    assert (report.long_votes, report.hasty_votes) == ({"bob": 4}, {"bob": 2})
    assert report.break_glass == {"breakglass.used": 1}
    stage.close()
    assert json.loads(json.dumps(cli_report.plain(report)))["votes_within_3_seconds"] == {"bob": 2}
    shown = "\n".join(cli_report.lines(reports.sheet("en", usual, report)))
    assert "4; within 3 seconds of the plan: Bob 2" in shown
    assert "ops · chat" in shown


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2026-02", "2026-02-01T00:00:00+08:00", "2026-03-01T00:00:00+08:00"),
        ("2026-12", "2026-12-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00"),
        ("", "2026-08-01T00:00:00+08:00", "2026-09-01T00:00:00+08:00"),
    ],
)
def test_a_month_is_one_of_the_peoples_clock(text: str, begin: str, end: str) -> None:
    now = datetime(2026, 7, 31, 16, 30, tzinfo=UTC)
    month = reports.month_of(text, SHANGHAI, now)
    assert (month.begin.isoformat(), month.end.isoformat()) == (begin, end)


@pytest.mark.parametrize("text", ["november", "2026-13", "2026-00", "0000-01", "9999-12", "2026"])
def test_what_is_no_month_is_said_to_be_none(text: str) -> None:
    with pytest.raises(source.Invalid, match=r"report\.month"):
        reports.month_of(text, SHANGHAI, stages.START)


def test_a_report_is_for_those_whose_role_names_it(tmp_path: Path) -> None:
    usual = book()
    roles = {**usual.roles, "boss": policy.Role("boss", frozenset({"report"}))}
    people = {**usual.people, "dave": stages.person("dave", "boss")}
    stage = Stage(tmp_path, dataclasses.replace(usual, roles=roles, people=people))
    request = stage.planned("alice", "restart web-01 reason=own")
    stage.click("bob", 1, "approve", request.code)
    stage.work()

    def answer(who: str, text: str) -> str:
        stage.ask(who, text)
        return said(stage.work())[-1]

    told = answer("dave", "report")
    assert "Report for 2026-01" in told
    assert "1: 1 running" in told
    assert "any (1 approval)" in told
    assert "restart" in told
    assert "none" in answer("dave", "报告 2025-12")
    assert "“soon” is no month" in answer("dave", "report soon")
    assert "You may not use report" in answer("alice", "report")
    assert "report" not in answer("alice", "help")
    event = model.MessageReceived(
        "m", stage.clock.now(), stage.account("alice"), stage.place(), "report"
    )
    assert stage.reading(event).needs.month is None, "nothing is counted for who may not ask"
    stage.close()
