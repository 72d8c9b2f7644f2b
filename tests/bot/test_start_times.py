"""``at=03:00`` and ``in=2h``: part of what is voted on, and nothing starts before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import model, policy
from bot.commands import loader
from bot.commands.line import parser
from bot.core import openings
from tests.bot.run_stage import RunStage
from tests.bot.stage import START, actions, cards, said, words
from tests.bot.test_humans import approve, edit
from tests.bot.test_openings import HOUR, frozen, starts

State = model.State
ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 30, 14, 0, 30, tzinfo=UTC)
BERLIN, SHANGHAI = "Europe/Berlin", "Asia/Shanghai"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


# ----------------------------------------------------------------------------- the line


def parsed(text: str, folder: Path = ROOT / "commands") -> parser.Parsed | policy.Refusal:
    return parser.parse(loader.load(folder), text, "en")


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("restart web-01 at=03:00", "at=03:00"),
        ("restart at=3:00 web-01 reason=load", "at=3:00"),
        ("restart web-01 reason=the load at=2026-12-01T03:00", "at=2026-12-01T03:00"),
        ('restart web-01 at="2026-12-01 03:00"', "at=2026-12-01 03:00"),
        ("重启 web-01 定时＝03：00", "at=03:00"),
        ("restart web-01 in=2h", "in=2h"),
        ("restart web-01 in=1d12h", "in=1d12h"),
        ("restart web-01", ""),
        ("run web-01 -- echo at=03:00", ""),
        ("run web-01 at=03:00 -- echo in=2h", "at=03:00"),
        ('restart web-01 reason="at=03:00"', ""),
    ],
)
def test_an_operation_takes_a_time_beside_its_own_parameters(line: str, start: str) -> None:
    read = parsed(line)
    assert isinstance(read, parser.Parsed), read
    assert read.start == start
    assert {"at", "in"}.isdisjoint({*read.values, *read.typed})


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("restart web-01 at=noon", "parse.value"),
        ("restart web-01 at=25:00", "parse.value"),
        ("restart web-01 in=soon", "parse.value"),
        ("restart web-01 at=03:00 at=04:00", "parse.twice"),
        ("restart web-01 at=03:00 in=2h", "parse.twice"),
        ("status 42 at=03:00", "parse.unknown_parameter"),
    ],
)
def test_what_is_no_time_is_refused(line: str, key: str) -> None:
    read = parsed(line)
    assert isinstance(read, policy.Refusal)
    assert read.key == key


def test_a_parameter_of_the_command_itself_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "meet.py").write_text(
        "from typing import Annotated\n"
        "from bot import About, Script, Word, operation\n"
        "Place = Annotated[Word, About('地点', 'where', 'lobby', ('in',))]\n"
        "@operation(summary=('见面', 'Meet'), example='meet at=lobby')\n"
        "def meet(at: Place) -> Script:\n"
        "    return Script('true')\n"
    )
    read = parsed("meet at=lobby", tmp_path)
    assert isinstance(read, parser.Parsed)
    assert (read.values, read.start) == ({"at": "lobby"}, "")
    read = parsed("meet in=lobby", tmp_path)
    assert isinstance(read, parser.Parsed)
    assert (read.values, read.start) == ({"at": "lobby"}, "")


def test_a_form_and_a_rule_say_no_times() -> None:
    restart = loader.load(ROOT / "commands").find("restart")
    assert restart is not None
    read = parser.from_fields(restart, {"targets": "web-01", "at": "03:00"}, "en")
    assert isinstance(read, policy.Refusal)
    assert read.key == "parse.unknown_parameter"


@pytest.mark.parametrize(
    ("start", "zone", "at"),
    [
        ("at=15:00", "UTC", datetime(2026, 11, 30, 15, tzinfo=UTC)),
        ("at=14:00", "UTC", datetime(2026, 12, 1, 14, tzinfo=UTC)),
        ("at=03:00", SHANGHAI, datetime(2026, 11, 30, 19, tzinfo=UTC)),
        ("at=2026-12-24T18:00", BERLIN, datetime(2026, 12, 24, 17, tzinfo=UTC)),
        ("in=90m", "UTC", datetime(2026, 11, 30, 15, 31, tzinfo=UTC)),
        ("in=1d2h", "UTC", datetime(2026, 12, 1, 16, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_next_that_the_clock_of_the_zone_shows(
    start: str, zone: str, at: datetime
) -> None:
    assert openings.start_of(start, zone, NOW, NOW) == at


def test_a_time_that_the_clock_skips_or_repeats_is_the_next_that_there_is() -> None:
    eve = datetime(2026, 3, 28, 22, tzinfo=UTC)
    assert openings.start_of("at=02:30", BERLIN, eve, eve) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45, for the first time
    begin = openings.start_of("at=02:30", BERLIN, between, between)
    assert begin == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "key"),
    [
        ("at=2026-11-30T13:59", "start.past"),
        ("in=0m", "start.past"),
        ("at=2026-12-31T15:00", "start.far"),
        ("in=31d", "start.far"),
        ("at=2026-13-01T15:00", "start.no_day"),
    ],
)
def test_a_time_that_is_over_or_far_away_gets_a_sentence(start: str, key: str) -> None:
    begin = openings.start_of(start, "UTC", NOW, NOW + timedelta(seconds=31))
    assert isinstance(begin, policy.Refusal)
    assert begin.key == key


def test_a_message_that_comes_late_means_the_time_from_when_it_was_written() -> None:
    late = openings.start_of("in=10m", "UTC", NOW, NOW + timedelta(minutes=20))
    assert isinstance(late, policy.Refusal)


# ----------------------------------------------------------------------------- the request

LATER = f"{START + HOUR / 2:%H:%M}"


def scheduled(stage: RunStage) -> model.Request:
    """A request that was approved, and is to start half an hour later."""
    stage.planned("alice", f"restart web-01 reason=why at={LATER}")
    assert "starts by itself" in approve(stage, "bob")
    request = stage.request(1)
    assert request.scheduled
    return request


def test_it_is_on_the_card_and_in_the_digest_and_starts_then_once(stage: RunStage) -> None:
    stage.ask("alice", f"restart web-01 reason=why at={LATER}")
    done = stage.work()
    shown = f"{START + HOUR / 2:%Y-%m-%d %H:%M} (UTC)"
    assert shown in words(cards(done)[-1])
    request = stage.request(1)
    assert request.plan is not None
    assert datetime.fromisoformat(request.plan.terms["starts_at"]) == START + HOUR / 2
    other = {**request.plan.terms, "starts_at": (START + HOUR).isoformat()}
    assert model.digest(replace(request.plan, terms=other)) != request.digest
    approve(stage, "bob")
    done = stage.work()
    assert starts(done) == []
    assert any(shown in text and "cancel 1" in text for text in said(done))
    stage.tick(1799)
    assert starts(stage.work()) == []
    stage.tick(1)
    assert len(starts(stage.work())) == 1
    stage.observe(1)
    stage.tick(3600)
    assert starts(stage.work()) == []
    assert stage.request(1).state is State.SUCCEEDED
    assert actions(stage).count("request.scheduled") == 1


def test_the_vote_ends_when_it_was_to_start(stage: RunStage) -> None:
    at = f"{START + HOUR / 6:%H:%M}"
    request = stage.planned("alice", f"restart web-01 reason=why at={at}")
    assert request.expires_at == START + HOUR / 6
    stage.tick(600)
    done = stage.work()
    assert stage.request(1).state is State.EXPIRED
    assert starts(done) == []
    assert any("expired" in text for text in said(done))


def test_run_within_counts_from_that_time_on(stage: RunStage) -> None:
    scheduled(stage)
    stage.tick(1800 + 3601)
    assert starts(stage.work()) == []
    assert stage.request(1).state is State.NOT_STARTED


def test_a_freeze_at_that_time_is_waited_for_as_well(stage: RunStage) -> None:
    scheduled(stage)
    edit(stage, freezes=(frozen(0.25, 2),))  # type: ignore[arg-type]
    stage.tick(1800)
    assert starts(stage.work()) == []
    request = stage.request(1)
    assert request.opening is not None
    assert (request.opening.kind, request.opening.at) == ("freeze", START + 2 * HOUR)
    stage.tick(5400)
    assert len(starts(stage.work())) == 1


def test_the_end_of_a_freeze_that_comes_first_starts_nothing(stage: RunStage) -> None:
    edit(stage, freezes=(frozen(-1, 0.25),))  # type: ignore[arg-type]
    request = scheduled(stage)
    assert request.opening is not None
    assert request.opening.kind == "time"
    stage.tick(900)
    assert starts(stage.work()) == []
    stage.tick(900)
    assert len(starts(stage.work())) == 1


def test_put_to_the_vote_again_it_starts_at_once_where_that_time_is_over(stage: RunStage) -> None:
    scheduled(stage)
    stage.tick(1800 + 3601)
    stage.work()
    stage.ask("alice", "revote 1")
    stage.work()
    again = stage.request(2)
    assert (again.starts_at, again.opening) == (None, None)
    approve(stage, "bob", 2)
    assert len(starts(stage.work())) == 1
