"""Ladders and quiet hours in bot.toml: what they become, and what ``check`` says of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot import policy
from bot.core import reminders
from bot.source import hours
from tests.bot.configured import SMALL, Loader
from tests.bot.test_config_when import MORE

LADDER = '[[policy.two.ladder]]\nafter = "5m"\n'


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def written(step: str = LADDER, more: str = "") -> str:
    """The ladder of the policy two, with more keys of that policy itself."""
    own = '[policy.two]\napprovers = ["ann", "ben"]\n'
    assert own in MORE
    return SMALL + MORE.replace(own, own + more) + step


def test_what_becomes_of_a_ladder(load: Loader) -> None:
    step = LADDER + 'how = "group"\ngroup = "ops"\nwho = ["role:dba", "ann"]\nrepeat = "1m"\n'
    quiet = 'quiet = ["22:00-08:00"]\nquiet_except = ["critical"]\nexpires = "20m"\n'
    two = load(written(step, quiet)).book.policies["two"]
    minute = timedelta(minutes=1)
    who = ("cid", "dan", "ann")
    assert two.ladder == (policy.LadderStep(5 * minute, "group", who, "ops", minute),)
    assert two.quiet == (hours.parse("22:00-08:00"),)
    assert two.quiet_timezone == "Asia/Shanghai"
    assert reminders.quiet_hours(two, "critical") is None
    assert reminders.quiet_hours(two, "low") is not None


@pytest.mark.parametrize(
    ("step", "more", "path", "words"),
    [
        ("", 'ladder = [{ after = "1h" }]\n', "policy.two.ladder.after", "after < expires"),
        (LADDER, 'remind = "5m"\n', "policy.two.remind", "stands beside a ladder"),
        (LADDER + 'how = "group"\n', "", "policy.two.ladder", "group is missing"),
        (LADDER + 'group = "ops"\n', "", "policy.two.ladder.group", 'write how = "group"'),
        (LADDER + 'how = "group"\ngroup = "opps"\n', "", "group", "did you mean ops"),
        (LADDER + 'who = ["role:dbb"]\n', "", "who", "there is no role dbb"),
        (LADDER + 'who = ["tag:owner"]\n', "", "who", "by a tag of targets"),
        (LADDER + "backoff = 3\n", "", "backoff", "no use without repeat"),
        (LADDER + 'how = "loud"\n', "", "how", "urgent"),
        ("", 'delegates = ["tag:owner"]\n', "policy.two.delegates", "by a tag of targets"),
        ("", 'delegates = ["role:dbb"]\n', "policy.two.delegates", "did you mean dba"),
        ("", 'quiet = ["Mon-Sun"]\n', "policy.two.quiet", "is all of the week"),
        ("", 'quiet_except = ["low"]\n', "policy.two.quiet_except", "no use without quiet"),
    ],
)
def test_what_can_never_work_has_a_sentence(
    load: Loader, step: str, more: str, path: str, words: str
) -> None:
    [fault] = load.faults(written(step, more))
    assert fault.mark.path.endswith(path), fault.mark.path
    assert words in fault.message, fault.message
