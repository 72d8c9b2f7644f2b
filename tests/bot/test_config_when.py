"""``[[policy.when]]`` in bot.toml: what it becomes, and what ``check`` says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import policy
from bot.commands import loader
from bot.config import parts
from tests.bot.configured import SMALL, Loader

MORE = """
[policy.two]
approvers = ["ann", "ben"]
mode = "all"
[policy.both]
approvers = ["role:dba"]
mode = "count"
count = 2
[role.dba]
commands = ["run"]
[[person]]
id = "cid"
dingtalk = "u-cid"
roles = ["dba"]
[[person]]
id = "dan"
dingtalk = "u-dan"
roles = ["dba"]
[command.run]
policy = "two"
risk = "critical"
most_targets = 5
allowed_values = { script = ["uptime"] }
"""
TABLE = '[[policy.when]]\npolicy = "both"\nreason = "many, or production"\n'
WHOLE = """\
reason_zh = "很多"
commands = ["re*"]
groups = ["ops"]
roles = ["dev"]
risk = ["high", "medium"]
tags = ["env=prod*", "a=b=c"]
more_targets_than = 10
values = { service = ["nginx", "my*"] }
regex = "x+"
where = ["value"]
hours = ["Mon-Fri 18:00-09:00", "Sat"]
timezone = "UTC"
match = "any"
"""


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def text(keys: str, more: str = MORE) -> str:
    return SMALL + more + TABLE + keys


def warnings(load: Loader, keys: str) -> list[str]:
    found = load(text(keys), known_commands=loader.load)
    return [f"{one.mark.path}: {one.message}" for one in found.warnings]


def test_a_table_becomes_what_it_says(load: Loader) -> None:
    book = load(text(WHOLE)).book
    [table] = book.when
    assert set(book.policies) == {"p", "two", "both"}
    assert (table.policy, table.reason) == ("both", "many, or production")
    assert (table.commands, table.groups, table.roles) == (("re*",), {"ops"}, {"dev"})
    assert table.tags == (("env", "prod*"), ("a", "b=c"))
    assert (table.risk, table.more_targets_than) == ({"high", "medium"}, 10)
    assert table.values == {"service": ("nginx", "my*")}
    assert table.hours == tuple(map(policy.Hours.read, ("Mon-Fri 18:00-09:00", "Sat")))
    assert (table.zone, table.where, table.any_of) == ("UTC", {"value"}, True)
    assert table.regex is not None
    assert table.regex.search("axb")


def test_the_hours_are_read_where_the_bot_is(load: Loader) -> None:
    there = '[bot]\ntimezone = "Europe/Berlin"\n' + text('hours = ["Sat"]\n')
    assert [table.zone for table in load(there).book.when] == ["Europe/Berlin"]


def test_a_reload_names_the_table_as_it_stands_in_the_file(load: Loader) -> None:
    files = [load(one).file for one in (SMALL + MORE, text("tags = ['a=b']"))]
    difference = parts.difference(*(parts.of(one, Path("none"), b"k") for one in files))
    assert "policy.when.1" in difference.added
    assert not parts.fixed(difference.names)


@pytest.mark.parametrize(
    ("keys", "path", "words"),
    [
        ("", "policy.when", "says not when"),
        ('match = "any"\n', "policy.when", "says not when"),
        ('hours = ["Mon 9:00-10:00"]\n', "policy.when.hours", "must be such as"),
        ('tags = ["prod"]\n', "policy.when.tags", "key=value"),
        ('roles = ["deev"]\n', "policy.when.roles", "there is no role deev, did you mean dev"),
        ('groups = ["op"]\n', "policy.when.groups", "there is no group op"),
        ('commands = ["deploy-*"]\n', "policy.when.commands", "fits deploy-*"),
        ('commands = ["run", "x*"]\n', "policy.when.commands", "fits x*"),
        ('risk = ["bad"]\n', "policy.when.risk", "low"),
        ("more_targets_than = -1\n", "policy.when.more_targets_than", "0"),
        ('regex = "("\n', "policy.when.regex", "regular expression"),
        ('tag = ["a=b"]\n', "policy.when.tag", "did you mean tags"),
        ('values = { color = ["x"] }\n', "policy.when.values.color", "no parameter color"),
    ],
)
def test_what_can_never_work_is_a_fault_on_its_line(
    load: Loader, keys: str, path: str, words: str
) -> None:
    source = text(keys)
    faults = load.faults(source, known_commands=loader.load)
    [fault] = [one for one in faults if one.mark.path == path]
    assert words in fault.message
    first = source.split("\n").index("[[policy.when]]") + 1
    assert first <= fault.mark.line <= first + 3 + keys.count("\n")


def test_the_policy_must_be_there(load: Loader) -> None:
    [fault] = load.faults(text("risk = ['low']").replace('"both"\nreason', '"botth"\nreason'))
    assert fault.mark.path == "policy.when.policy"
    assert "did you mean both" in fault.message


def test_when_is_no_name_for_a_policy(load: Loader) -> None:
    [fault] = load.faults(SMALL + '[policy.when]\napprovers = ["ben"]\n')
    assert fault.mark.path == "policy.when"
    assert "[[policy.when]]" in fault.message
    [fault] = load.faults(SMALL + '[[policy_when]]\npolicy = "p"\n')
    assert "write [[policy.when]]" in fault.message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("more_targets_than = 100\n", "can never hold: no more than 100 instances are allowed"),
        ('commands = ["run"]\nmore_targets_than = 5\n', "no more than 5 instances"),
        ('risk = ["low"]\n', "the commands are rated critical, medium"),
        ('commands = ["run"]\nvalues = { script = ["rm*"] }\n', "allowed_values has none of these"),
        ('commands = ["run"]\nroles = ["dev"]\n', "nobody with such a role may ask for it"),
        ('match = "any"\nrisk = ["critical"]\n', "fewer than two conditions"),
        ('regex = "x*"\n', "is found in every text"),
    ],
)
def test_what_can_never_hold_is_warned_of(load: Loader, keys: str, words: str) -> None:
    said = warnings(load, keys)
    assert any(words in one and one.startswith("policy.when") for one in said), said


def test_a_policy_that_adds_nobody_is_warned_of(load: Loader) -> None:
    source = text('commands = ["restart"]\ntags = ["a=b"]\n').replace('"both"\nr', '"p"\nr')
    [warning] = [one for one in load(source).warnings if one.mark.path == "policy.when.policy"]
    assert "p is the usual policy of restart already" in warning.message
    fewer = text('commands = ["run"]\ntags = ["a=b"]\n').replace('"both"\nr', '"p"\nr')
    [warning] = [one for one in load(fewer).warnings if one.mark.path == "policy.when.policy"]
    assert "p needs fewer people (1) than the usual policy of run, two (2)" in warning.message


def test_an_added_policy_that_some_can_never_meet_is_warned_of(load: Loader) -> None:
    source = text('commands = ["run"]\ntags = ["a=b"]\n')
    said = [one.message for one in load(source).warnings]
    assert any("run that cid, dan asks for can never be approved" in one for one in said), said
