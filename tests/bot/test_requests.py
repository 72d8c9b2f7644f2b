"""Searching requests, and one screen that says why a request waits."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from bot import config, model, source
from bot.cli import requests as cli_requests
from bot.cli import waiting
from bot.commands import searches
from bot.model import Search
from bot.model.manifests import RateLimit
from bot.store.sql import searching
from tests.bot import configured, run_stage, stage


@pytest.fixture
def on(tmp_path: Path) -> Iterator[stage.Stage]:
    made = stage.Stage(tmp_path)
    yield made
    made.close()


def numbers(of: stage.Stage, search: model.Search) -> list[int]:
    found: tuple[model.Request, ...] = of.read(lambda reader: reader.search(search)[0])
    return [request.id for request in found]


def played(of: stage.Stage) -> None:
    """Four requests: two of alice's, one of bob's that failed on web-01, one that waits."""
    of.planned("alice", "restart web-01 web-02")
    of.click("bob", 1, "approve", of.request(1).code)
    of.work()
    of.observe(1)
    of.work()
    of.tick(3600)
    of.planned("bob", "restart web-01")
    of.click("carol", 2, "approve", of.request(2).code)
    of.work()
    of.observe(2, "Failed", 1)
    of.work()
    of.tick(3600)
    of.planned("alice", "provision emp_id=E1 role=devops")
    of.click("erin", 3, "reject", of.request(3).code, reason="not yet")
    of.work()
    of.planned("alice", "restart web-03")


# ----------------------------------------------------------------------------- what is found


def test_each_question_narrows_and_all_must_be_met(on: stage.Stage) -> None:
    played(on)
    assert numbers(on, Search()) == [4, 3, 2, 1]
    assert numbers(on, Search(person="alice")) == [4, 3, 1]
    assert numbers(on, Search(command="restart", on="WEB-01")) == [2, 1]
    assert numbers(on, Search(on="i-00000001", person="bob")) == [2]
    assert numbers(on, Search(on="web-0*", command="restart")) == [4, 2, 1]
    assert numbers(on, Search(on="web-0?")) == []
    assert numbers(on, Search(on="web")) == []
    assert numbers(on, Search(states=("failed", "rejected"))) == [3, 2]
    assert numbers(on, Search(approver="carol")) == [2]
    assert numbers(on, Search(approver="erin")) == [], "she refused"
    hour = on.clock.now() - timedelta(minutes=90)
    assert numbers(on, Search(since=hour)) == [4, 3, 2]
    assert numbers(on, Search(until=hour)) == [1]
    assert numbers(on, Search(before=3)) == [2, 1]
    assert on.read(lambda reader: reader.search(model.Search(), 3)[1]) == 4


def test_a_new_plan_is_found_by_its_own_instances_only(on: stage.Stage) -> None:
    on.planned("alice", "restart web-01")
    writer = on.store.writer
    assert writer is not None
    request = on.request(1)
    assert isinstance(request.plan, model.ScriptPlan)
    other = replace(request.plan, instances=(model.Instance("i-9", "db-01"),))
    writer.begin()
    writer.put(request, replace(request, plan=other, version=request.version + 1))
    writer.commit()
    assert numbers(on, Search(on="web-01")) == []
    assert numbers(on, Search(on="db-01")) == numbers(on, Search(on="i-9")) == [1]


def test_what_people_type_as_a_time_or_a_person(on: stage.Stage) -> None:
    now, zone = on.clock.now(), on.deployment.zone
    assert searches.moment("7d", zone, now) == now - timedelta(days=7)
    assert searches.moment("2小时", zone, now) == now - timedelta(hours=2)
    assert searches.moment("2026-01-02", zone, now).isoformat() == "2026-01-02T00:00:00+00:00"
    for wrong in ("soon", "7", "2026-02-30", "7x"):
        with pytest.raises(source.Invalid, match="search"):
            searches.moment(wrong, zone, now)
    book = on.deployment.book
    assert searches.person_of(book, "BOB") == "bob"
    assert searches.person_of(book, "nobody") == "nobody"
    assert searches.state_of("失败") == searches.state_of("Failed") == "failed"
    with pytest.raises(source.Invalid, match=r"search\.state") as raised:
        searches.of(searches.Words(states=("faild",)), book, zone, now)
    assert raised.value.fault.facts["states"] == ["failed"]


# ----------------------------------------------------------------------------- the command line


@pytest.fixture
def file(on: stage.Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose store is the stage's, as it is once ``copied``."""
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    path = tmp_path / "bot.toml"
    path.write_text(configured.SMALL + '[bot]\ndata = "data"\ntimezone = "UTC"\n')
    return path


def copied(on: stage.Stage, file: Path) -> None:
    (file.parent / "data").mkdir()
    for each in file.parent.glob("stage.db*"):
        shutil.copy(each, file.parent / "data" / each.name.replace("stage", "countersign"))


def leave(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["requests", *arguments, "--config", str(file)])


@pytest.mark.sqlite("the command line names a file")
def test_the_table_says_who_what_when_and_how_much_more_there_is(
    on: stage.Stage, file: Path
) -> None:
    played(on)
    copied(on, file)
    said = leave(file, "--limit", "2", "--person", "alice")
    assert said.stdout.splitlines() == [
        "#  asked             command           by     state                 approved by  took",
        "4  2026-01-05 11:00  restart web-03    alice  waiting for approval",
        "3  2026-01-05 11:00  provision web-01  alice  rejected",
    ]
    assert said.stderr == "2 of 3; narrow it, or go on with --before 3\n"
    assert leave(file, "--on", "nowhere").stderr == "no request is like that\n"
    wrong = leave(file, "--since", "soon")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "“soon” is no time" in wrong.stderr


@pytest.mark.sqlite("the command line names a file")
def test_json_and_csv_hold_the_same(on: stage.Stage, file: Path) -> None:
    played(on)
    on.planned("alice", 'restart web-01 reason="=1+1"')
    copied(on, file)
    rows = json.loads(leave(file, "--json").stdout)
    table = list(csv.DictReader(io.StringIO(leave(file, "--csv").stdout)))
    assert [row["number"] for row in rows] == [int(row["number"]) for row in table]
    assert rows[3]["approvers"] == ["carol"]
    assert rows[3]["state"] == table[3]["state"] == "failed"
    assert rows[3]["instances"] == ["web-01"]
    assert rows[3]["asked"] == "2026-01-05T10:00:00+00:00"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table for cell in row.values())


def test_one_request_is_a_screen_and_lists_have_one_format(file: Path) -> None:
    for arguments in (("1", "--json"), ("1", "--csv"), ("--json", "--csv")):
        result = leave(file, *arguments)
        assert result.exit_code == 2
        assert "--json" in result.output


def test_a_store_that_this_user_may_not_read_is_a_sentence(
    on: stage.Stage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(on, file)

    def exists(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", exists)
    result = leave(file, "1")
    assert result.exit_code == 1
    assert "countersign.db: Permission denied; run this as the bot's user" in result.output


@pytest.mark.sqlite("the command line names a file")
def test_a_store_of_an_earlier_release_is_a_sentence(on: stage.Stage, file: Path) -> None:
    copied(on, file)
    database = sqlite3.connect(file.parent / "data" / "countersign.db")
    database.execute("DROP TABLE request_instances")
    database.close()
    said = leave(file)
    assert said.exit_code == 1
    assert "the store cannot be read: no such table: request_instances" in said.stderr
    assert "Traceback" not in said.output


@pytest.mark.sqlite("the command line names a file")
def test_hidden_values_are_nowhere(tmp_path: Path, file: Path) -> None:
    templates = run_stage.RunStage(tmp_path / "templates")
    try:
        templates.planned("alice", "gate note=open password=hunter2")
        said = [stage.words(one.message) for one in answers(templates, "history")]
        settings = configured.Loader(tmp_path / "templates")(configured.SMALL)
        said.append(why(templates, replace(settings, book=templates.deployment.book)))
        (file.parent / "data").mkdir()
        for each in (tmp_path / "templates").glob("stage.db*"):
            shutil.copy(each, file.parent / "data" / each.name.replace("stage", "countersign"))
        said += [leave(file, *more).output for more in ((), ("--json",), ("--csv",))]
    finally:
        templates.close()
    assert all("gate" in one for one in said)
    assert not any("hunter2" in one for one in said)


def answers(of: stage.Stage, text: str) -> list[model.Say]:
    of.ask("alice", text)
    return [effect for effect in of.work() if isinstance(effect, model.Say)]


# ----------------------------------------------------------------------------- why it waits


@pytest.fixture
def settings(tmp_path: Path, on: stage.Stage) -> config.Config:
    """A configuration with the stage's people, and one message a minute."""
    loaded = configured.Loader(tmp_path)(configured.SMALL)
    limit = RateLimit(stage.PLATFORM, ("say",), "app", 1, 60.0)
    return replace(loaded, book=on.deployment.book, budgets=(limit,))


def why(of: stage.Stage, settings: config.Config, number: int = 1, runs: bool = True) -> str:
    now = of.clock.now()
    facts = of.read(lambda reader: waiting.facts_of(reader, settings, number, now))
    assert facts is not None
    said = list(waiting.lines(settings, replace(facts, runs=runs), now))
    assert len(said) < 24, "one screen"
    return "\n".join(said)


def test_the_votes_that_are_missing_and_whose(on: stage.Stage, settings: config.Config) -> None:
    on.planned("alice", "restart web-01 reason=everyone")
    on.click("bob", 1, "approve", on.request(1).code)
    on.work()
    said = why(on, settings)
    assert "#1 restart web-01: waiting for approval" in said
    assert "17:00:00 (0 s ago) Bob approved" in said
    assert "waits    for 2 approvals (1 of 3), by Carol or Erin" in said
    assert "then     17:30:00 (in 30 min): it expires" in said
    assert "the approvers are reminded" in said
    assert "not running" not in said


def test_a_lane_is_blocked_by_what_failed_last(on: stage.Stage, settings: config.Config) -> None:
    on.ask("alice", "restart web-01")
    [lookup] = on.claim()
    on.settle(lookup, on.answer(lookup))
    [card] = on.claim()
    on.settle(card, model.NotSent("no connection to the chat (ConnectError)", 90.0))
    on.click("bob", 1, "approve", on.request(1).code)
    said = why(on, settings)
    blocked = f"behind its card (effect {card.effect.id}): next try 17:01:30 (in 1 min 30 s)"
    assert blocked in said
    assert "1 try, the last: no connection to the chat (ConnectError)" in said
    assert "for the start of its run (effect " in said
    on.clock.advance(10)
    assert "due since 10 s and not taken out" in why(on, settings)
    assert "waits    the bot is not running" in why(on, settings, runs=False)


def test_what_waits_for_its_time_says_until_when(on: stage.Stage, settings: config.Config) -> None:
    on.planned("alice", "restart web-01 in=10m")
    on.click("bob", 1, "approve", on.request(1).code)
    on.work()
    said = why(on, settings)
    assert "#1 restart web-01: approved, waits for its time" in said
    assert "waits    for its time: Not before 2026-01-05 09:10 (UTC), as was asked." in said
    assert "then     17:10:00 (in 10 min): it is judged anew whether it may start" in said
    assert "nothing that the store knows" not in said


def test_a_limit_holds_a_message_back(on: stage.Stage, settings: config.Config) -> None:
    on.planned("alice", "restart web-01")
    on.clock.advance(590)
    on.ask("alice", "status")
    on.work()
    on.tick(11)
    limited = "held back by the rate limit of chat ([[budget]], say), until 17:10:50 (in 49 s)"
    assert limited in why(on, settings)
    on.clock.advance(50)
    assert "held back" not in why(on, settings)


def test_what_runs_is_polled_and_what_it_did_is_told(
    on: stage.Stage, settings: config.Config
) -> None:
    on.planned("alice", "restart web-01 web-02")
    on.click("bob", 1, "approve", on.request(1).code)
    [start, *_] = [one for one in on.claim() if isinstance(one.effect.body, model.StartRun)]
    on.clock.advance(4)
    assert "the start of its run (effect" in (said := why(on, settings))
    assert "the call is under way since 4 s" in said
    on.settle(start, on.answer(start))
    on.work()
    said = why(on, settings)
    assert "waits    for t-" in said
    assert "on 2 instances in here, which is asked how it stands" in said
    assert "people are told that its run takes long" in said
    on.observe(1, "Failed", 7)
    on.work()
    said = why(on, settings)
    assert "#1 restart web-01 web-02: failed" in said
    assert "result   web-01 Failed, exit code 7: output of i-00000001" in said
    assert "waits" not in said


def test_what_a_run_asks_of_people_is_said_with_the_word_to_send(
    on: stage.Stage, settings: config.Config
) -> None:
    on.planned("alice", "restart web-01")
    questions = {
        "the template pauses: send `resume 1`": model.ApprovalStep("k", "pause", "a", "d"),
        "Bob paused it: send `resume 1`": model.ApprovalStep("k", "person", "a", "d", by="bob"),
        "nobody knows how a call ended: an approver sends `retry 1` or `skip 1`": (
            model.ApprovalStep("k", "unknown", "a", "d")
        ),
        "for 1 approval (0 of 1) at a (canary), by Bob, Carol or Erin": (
            model.ApprovalStep("k", "canary", "a", "d")
        ),
    }
    for words, asks in questions.items():
        old, state = on.request(1), model.State.WAITING
        writer = on.store.writer
        assert writer is not None
        writer.begin()
        writer.put(old, replace(old, state=state, ballot=asks, version=old.version + 1))
        writer.commit()
        assert f"waits    {words}" in why(on, settings)
    assert on.read(lambda reader: waiting.facts_of(reader, settings, 9, on.clock.now())) is None


@pytest.mark.sqlite("the command line names a file")
def test_what_a_terminal_would_obey_is_not_printed(on: stage.Stage, file: Path) -> None:
    on.planned("alice", 'restart web-01 reason="\x1b]0;owned\x07\u202e"')
    on.click("bob", 1, "reject", on.request(1).code, reason="\x9b2J\x1b[8m no")
    on.planned("alice", "restart web-02")
    copied(on, file)
    for arguments in ((), ("1",), ("--csv",)):
        result = leave(file, *arguments)
        assert result.exit_code == 0
        assert result.output.replace("\n", "").isprintable(), result.output
    assert cli_requests._cell("\u200b=1+1") == "'=1+1"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("9" * 20,), 2),
        (("--before", "9" * 20), 2),
        (("--before", "-5"), 2),
        (("--person", "\udcff"), 0),
        (("--on", "a\udcff*"), 0),
        (("--command", "\udcff"), 0),
        (("--approver", "\udcff"), 0),
    ],
)
@pytest.mark.sqlite("the command line names a file")
def test_numbers_and_bytes_that_name_nothing_end_with_a_sentence(
    on: stage.Stage, file: Path, arguments: tuple[str, ...], status: int
) -> None:
    copied(on, file)
    result = leave(file, *arguments)
    assert (result.exit_code, type(result.exception)) in [(status, type(None)), (2, SystemExit)]
    assert "Error" in result.output if status else "no request is like that" in result.output


@pytest.mark.sqlite("counts the steps of SQLite's machine")
def test_a_search_costs_the_same_in_many_groups_as_in_one(on: stage.Stage, tmp_path: Path) -> None:
    for _ in range(30):
        on.ask("alice", "restart web-01")

    def steps(places: int) -> int:
        sight = model.Sight("zed", tuple(("chat", f"group-{n}") for n in range(places)))
        count = [0]
        with sqlite3.connect(tmp_path / "stage.db") as connection:
            connection.set_progress_handler(lambda: count.__setitem__(0, count[0] + 1), 1)
            searching.matches(connection, model.Search(sight=sight), 50)
        return count[0]

    assert steps(101) - steps(1) < 30 * 100
