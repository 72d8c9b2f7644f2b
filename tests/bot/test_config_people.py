"""Accounts with their organisations, and what holds for all policies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.configured import SMALL, Loader, line_of

TWO = SMALL.replace('corps = ["corp"]', 'corps = ["corp", "other"]')
NAMED = TWO.replace('"u-ann"', '"corp:u-ann"').replace('"u-ben"', '"other:u-ben"')
ESCALATED = """\
[policy.two]
approvers = ["ann", "ben"]
mode = "count"
count = 2
[[security.pattern]]
regex = "quick"
action = "escalate"
policy = "p"
reason = "quick"
"""


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_check_asks_which_corp_an_account_is_of(load: Loader) -> None:
    ann, ben = load.faults(TWO)
    assert (ann.mark.path, ann.mark.line) == ("person.dingtalk", line_of(TWO, 'dingtalk = "u-ann"'))
    assert '"corp:u-ann" or "other:u-ann"' in ann.message
    assert ben.mark.path == ann.mark.path
    assert load(NAMED).book.index == {
        ("dingtalk", "corp", "u-ann"): "ann",
        ("dingtalk", "other", "u-ben"): "ben",
    }


def test_the_same_userid_in_two_corps_may_be_two_people(load: Loader) -> None:
    text = TWO.replace('"u-ann"', '"corp:u-x"').replace('"u-ben"', '"other:u-x"')
    assert set(load(text).book.index.values()) == {"ann", "ben"}
    text = TWO.replace('"u-ann"', '"corp:u-x"').replace('"u-ben"', '"corp:u-x"')
    assert "is already that of ann" in load.faults(text)[0].message


def test_somebody_in_two_corps_is_one_person(load: Loader) -> None:
    text = NAMED.replace('"other:u-ben"', '"other:u-ben"\naccounts = ["dingtalk:corp:u-ben"]')
    assert load(text).book.people["ben"].accounts == (
        ("dingtalk", "other", "u-ben"),
        ("dingtalk", "corp", "u-ben"),
    )
    for wrong in ("dingtalk:nowhere:u-ben", "u-ben", "dingtalk:corp:"):
        [fault] = load.faults(text.replace("dingtalk:corp:u-ben", wrong))
        assert fault.mark.path == "person.accounts"


def test_how_long_an_approval_holds_is_set_for_all_policies_or_for_one(load: Loader) -> None:
    assert load(SMALL).book.policies["p"].run_within == timedelta(hours=1)
    text = '[policy]\nrun_within = "10m"\n' + SMALL + '[policy.q]\napprovers = ["ann"]\n'
    policies = load(text + 'run_within = "2h"\n').book.policies
    assert set(policies) == {"p", "q"}
    assert policies["p"].run_within == timedelta(minutes=10)
    assert policies["q"].run_within == timedelta(hours=2)
    [fault] = load.faults(text.replace('"10m"', '"soon"'))
    assert (fault.mark.line, fault.mark.path) == (2, "policy.run_within")


def test_check_warns_of_an_escalation_that_is_weaker_than_the_usual_policy(load: Loader) -> None:
    text = (SMALL + ESCALATED).replace('policy = "p"\n[[group', 'policy = "two"\n[[group')
    text = text.replace("count = 2\n", "count = 2\nself_approval = true\n")
    [warning] = [one for one in load(text).warnings if one.mark.path == "security.pattern.policy"]
    assert "needs fewer people (1) than the usual policy of restart, two (2)" in warning.message
    assert not [one for one in load(SMALL + ESCALATED).warnings if "fewer" in one.message]
