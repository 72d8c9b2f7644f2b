"""``python -m bot policy test``: what it prints, and with which status it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from tests.test_docs import ROOT

WHEN = """
[[policy.when]]
more_targets_than = 4
tags = ["env=prod"]
match = "any"
policy = "every-sre"
reason = "many machines, or production"

[[policy.when]]
hours = ["18:00-09:00"]
commands = ["restart"]
policy = "every-sre"
reason = "nobody is at work"
"""
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
            ["waiting, one-sre + every-sre", "many machines, or production（every-sre）"],
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
        (CASE + "color = 1\n", "case.0.color"),
        (CASE.replace('"alice"', '"alicia"'), "there is no person alicia"),
        (CASE.replace('platform = "dingtalk"\n', ""), "several groups ops"),
        (CASE.replace("restart web-01 reason=x", "help"), "asks for no operation"),
    ],
)
def test_what_cannot_be_tried_leaves_with_2(tmp_path: Path, cases: str, words: str) -> None:
    result = leave(tmp_path, cases)
    assert result.exit_code == 2, result.output
    assert words in result.output
