"""``python -m bot policy test``: what it prints, and with which status it leaves."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from bot import policy
from bot.cli import policy_trials
from tests import settings
from tests.bot.stage import Stage
from tests.test_docs import ROOT

WHEN = (
    settings.PRODUCTION
    + """
[[policy.when]]
hours = ["18:00-09:00"]
commands = ["restart"]
policy = "every-sre"
reason = "nobody is at work"
"""
)
CASE = """
[[case]]
name = "a machine"
person = "alice"
group = "ops"
platform = "dingtalk"
text = "restart web-01 reason=x"
at = 2026-11-30T12:00:00
"""


def leave(folder: Path, cases: str, more: str = WHEN) -> Result:
    text = (ROOT / "bot.toml").read_text("utf-8").replace('"sandbox/', f'"{ROOT}/sandbox/')
    text = text.replace('commands = "commands"', f'commands = "{ROOT}/commands"')
    (folder / "bot.toml").write_text(text + more, "utf-8")
    (folder / "cases.toml").write_text(cases, "utf-8")
    arguments = ["policy", "test", str(folder / "cases.toml"), "--config", str(folder / "bot.toml")]
    return CliRunner().invoke(cli.main, arguments)


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ('policies = ["one-sre"]\nvotes = ["bob"]\napproved = true\n', ["approved, one-sre"]),
        (
            'targets = { web-01 = { env = "prod" } }\nvotes = ["bob"]\napproved = false\n'
            'policies = ["one-sre", "every-sre"]\n',
            ["waiting, one-sre + every-sre", "机器多，或是生产环境（every-sre）"],
        ),
        (
            "targets = {" + ", ".join(f"web-{n} = {{}}" for n in range(5)) + "}\n"
            'votes = ["bob", "carol", "alice"]\napproved = true\n',
            ["approved, one-sre + every-sre", "alice: "],
        ),
        ('refused = "run"\npolicies = []\n', ["refused"]),
    ],
)
def test_a_case_comes_out_as_the_bot_decides(tmp_path: Path, keys: str, lines: list[str]) -> None:
    case = CASE.replace("restart web-01", "run targets=web-01") if "refused" in keys else CASE
    result = leave(tmp_path, case + keys)
    assert result.exit_code == 0, result.output
    assert "1 of 1 cases are as expected" in result.output
    assert [line for line in lines if line not in result.output] == []


def test_another_outcome_leaves_with_1_and_says_what_was_expected(tmp_path: Path) -> None:
    evening = CASE.replace("T12:00", "T20:00").replace("a machine", "at night")
    result = leave(tmp_path, CASE + evening + 'policies = ["one-sre"]\napproved = true\n')
    assert result.exit_code == 1
    assert "✗ at night: waiting, one-sre + every-sre" in result.output
    assert "nobody is at work（every-sre）" in result.output
    assert "but expected the policies one-sre" in result.output
    assert "but expected it to be approved" in result.output
    assert "1 of 2 cases are as expected" in result.output


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ("x = [", "cases.toml"),
        ("", "holds no [[case]]"),
        (CASE + "color = 1\n", "cases.toml:9  case.color: unknown key; known here: name, person"),
        (CASE + "vote = 1\n", "case.vote: unknown key, did you mean votes?"),
        (CASE.replace("T12:00:00", ""), "cases.toml:8  case.at: must be a date with a time"),
        (CASE + "refused = 1\n", "must be true, false, or words of the refusal in quotes"),
        (
            CASE + 'approved = "yes"\nvotes = "bob"\n',
            "case.votes: must be a list in square brackets",
        ),
        (CASE.replace('"alice"', '"alicia"'), "there is no person alicia"),
        (CASE.replace('platform = "dingtalk"\n', ""), "several groups ops"),
        (CASE.replace("restart web-01 reason=x", "help"), "asks for no operation"),
    ],
)
def test_what_cannot_be_tried_leaves_with_2(tmp_path: Path, cases: str, words: str) -> None:
    result = leave(tmp_path, cases)
    assert result.exit_code == 2, result.output
    assert words in result.output


def test_what_a_request_needs_is_explained_with_what_the_file_would_add(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.planned("alice", "restart web-01 reason=everyone")
    request, now = stage.request(1), stage.clock.now()
    table = policy.When("turn", "a freeze", commands=("re*",))
    book = dataclasses.replace(stage.deployment.book, when=(table,))
    deployment = dataclasses.replace(stage.deployment, book=book)
    stage.click("bob", 1, "approve", request.code)
    votes = stage.read(lambda reader: tuple(reader.votes(1)))
    lines = list(policy_trials.explained(deployment, request, votes, now))
    stage.close()
    assert lines[0] == "#1 restart: waiting for approval"
    assert lines[1].startswith("any: ")
    assert lines[2] == "    approved, 1 of 1 approvals"
    assert "it is big" in lines[3]
    assert lines[4] == "    waiting, 1 of 3 approvals; Carol or Erin may vote"
    assert lines[5] == "if it started now, it would need turn, too: a freeze (turn)"


def test_a_request_that_is_not_there_is_said_to_be_none(tmp_path: Path) -> None:
    leave(tmp_path, CASE)
    file = str(tmp_path / "bot.toml")
    result = CliRunner().invoke(cli.main, ["policy", "explain", "7", "--config", file])
    assert result.exit_code == 1
