"""Break-glass in ``bot.toml``: who may, and what can never be right."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.configured import SMALL, Loader, line_of

GLASS = """\
[role.lead]
commands = []
[[person]]
id = "cleo"
dingtalk = "u-cleo"
roles = ["lead"]
[policy.p.break_glass]
people = ["role:lead"]
groups = ["ops"]
ratify = "2h"
most = 2
"""


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_roles_stand_for_their_holders(load: Loader) -> None:
    rule = load(SMALL + GLASS).book.policies["p"].break_glass
    assert rule is not None
    assert (rule.people, rule.groups, rule.most, rule.freezes) == (("cleo",), ("ops",), 2, False)
    assert rule.ratify == timedelta(hours=2)
    assert load(SMALL).book.policies["p"].break_glass is None


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ('people = ["role:lead"]\n', "", "people", "missing"),
        ('["role:lead"]', '["role:leed"]', "people", "did you mean lead"),
        ('["role:lead"]', '["tag:owner"]', "people", "a tag of targets gives nobody this right"),
        ('["ops"]', '["opps"]', "groups", "did you mean ops"),
        ('"2h"', '"8d"', "ratify", "at most 7d"),
        ("most = 2", "most = 0", "most", "at least 1"),
        ('roles = ["lead"]', "roles = []", "people", "nobody could ever break the glass"),
    ],
)
def test_what_can_never_work_is_a_fault_on_its_line(
    load: Loader, old: str, new: str, path: str, message: str
) -> None:
    assert old in GLASS
    text = SMALL + GLASS.replace(old, new)
    first = load.faults(text)[0]
    assert first.mark.path.startswith("policy.p.break_glass")
    assert path in f"{first.mark.path} {first.message}"
    assert message in first.message
    assert first.mark.line >= line_of(text, "[policy.p.break_glass]")


def test_what_nobody_else_could_ratify_is_worth_a_word(load: Loader) -> None:
    loaded = load(SMALL + GLASS.replace('["role:lead"]', '["ben"]'))
    assert any("what ben starts so could not be ratified" in str(one) for one in loaded.warnings)
