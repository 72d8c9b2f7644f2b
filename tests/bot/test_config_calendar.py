"""Freezes and change windows in ``bot.toml``: what they mean, and what can never be right."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.policy import calendar
from tests.bot.configured import SMALL, Loader, line_of
from tests.bot.test_config_rules import known

YEAR_END = """\
[[freeze]]
name = "year-end"
from = 2026-12-24
until = 2027-01-03
reason = "the books are closed"
reason_zh = "关账"
"""
NIGHTS = """\
[[window]]
name = "nights"
hours = ["Mon-Fri 22:00-06:00", "Sat-Sun"]
timezone = "Europe/Berlin"
commands = ["restart"]
reason = "people work by day"
"""


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_dates_belong_to_a_freeze_by_the_clock_of_the_bot(load: Loader) -> None:
    [freeze] = load(SMALL + YEAR_END).book.freezes
    assert (freeze.times.zone, freeze.commands, freeze.groups) == ("Asia/Shanghai", ("*",), set())
    begin = datetime(2026, 12, 23, 16, tzinfo=UTC)
    closed = calendar.closure((freeze,), (), begin)
    assert closed is not None
    assert closed.opens == datetime(2027, 1, 3, 16, tzinfo=UTC)
    exact = YEAR_END.replace("2027-01-03", "2027-01-03T18:00:00")
    assert load(SMALL + exact).book.freezes[0].times.end == datetime(2027, 1, 3, 18)


def test_a_window_has_hours_of_its_own_zone(load: Loader) -> None:
    [window] = load(SMALL + NIGHTS).book.windows
    assert window.concerns("restart", "ops", "low")
    assert not window.concerns("run", "ops", "low")
    friday = datetime(2026, 12, 4, 12, tzinfo=UTC)
    closed = calendar.closure((), (window,), friday)
    assert closed is not None
    assert closed.opens == datetime(2026, 12, 4, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ("from = 2026-12-24", 'from = "2026-12-24"', "freeze.from", "without quotes"),
        ("2027-01-03", "2027-01-03T18:00:00Z", "freeze.until", "stands in timezone"),
        ("2027-01-03", "2026-12-20", "freeze.until", "comes before from"),
        ("from = 2026-12-24\nuntil = 2027-01-03\n", "", "freeze", "says no times"),
        ("until = 2027-01-03\n", "", "freeze", "restart may start"),
        ("from = 2026-12-24", 'hours = ["weekend"]', "freeze.hours", '"Sat-Sun"'),
        ("from = 2026-12-24", 'holidays = "XX"', "freeze.holidays", "such as CN"),
        ("from = 2026-12-24", 'commands = ["deploy*"]', "freeze.commands", "holds nothing"),
        ("from = 2026-12-24", 'groups = ["opps"]', "freeze.groups", "did you mean ops"),
        ("from = 2026-12-24", 'risk = ["huge"]', "freeze.risk", "high"),
        ("from = 2026-12-24", 'timezone = "Mars"', "freeze.timezone", "name of a time zone"),
        ("from = 2026-12-24", "fro = 2026-12-24", "freeze.fro", "did you mean from"),
    ],
)
def test_what_can_never_work_is_a_fault_on_its_line(
    load: Loader, old: str, new: str, path: str, message: str
) -> None:
    assert old in YEAR_END
    text = SMALL + YEAR_END.replace(old, new)
    first = load.faults(text)[0]
    assert first.mark.path.startswith(path)
    assert message in first.message
    if new:
        wrong = next(line for line in new.splitlines() or [old])
        assert first.mark.line >= line_of(text, "[[freeze]]"), wrong


def test_a_freeze_of_what_is_never_frozen_holds_nothing(load: Loader) -> None:
    text = SMALL + '[command.freeze]\npolicy = "p"\n' + YEAR_END
    assert load(text, known_commands=known).book.freezes, "one of all commands may stand there"
    only = text.replace("from = 2026", 'commands = ["free*"]\nfrom = 2026')
    [fault] = load.faults(only, known_commands=known)
    assert fault.mark.path == "freeze.commands"
    assert "names only freeze, which nothing ever holds" in fault.message


def test_two_of_one_name_could_not_be_told_apart(load: Loader) -> None:
    [fault] = load.faults(SMALL + YEAR_END + NIGHTS.replace('"nights"', '"year-end"'))
    assert "people could not tell them" in fault.message


def test_a_freeze_over_all_windows_leaves_no_time(load: Loader) -> None:
    freeze = """\
[[freeze]]
name = "always at night"
hours = ["00:00-12:00", "Sat-Sun", "12:00-24:00"]
reason = "why not"
"""
    [fault] = load.faults(SMALL + NIGHTS + freeze)
    assert "restart may start at no time within a year" in fault.message


def test_what_is_over_is_worth_a_word(load: Loader) -> None:
    over = YEAR_END.replace("2026", "2020").replace("2027", "2021")
    warnings = load(SMALL + over).warnings
    assert any("is over" in one.message for one in warnings)
