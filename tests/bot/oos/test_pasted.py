"""A template copied from a web page says what it lost, in one sentence."""

from __future__ import annotations

import re

import pytest

from tests.bot.oos import written

NUMBERED = "\n".join(f"{at}. {line}" for at, line in enumerate(written.GUIDE.splitlines(), 1))
BARE = "\n".join(f"{at} {line}" for at, line in enumerate(written.GUIDE.splitlines(), 1))
ABOVE = "\n".join(map(str, range(1, written.GUIDE.count("\n") + 1))) + "\n" + written.GUIDE
FLAT = "\n".join(line.strip() for line in written.GUIDE.splitlines())


@pytest.mark.parametrize("text", [NUMBERED, BARE, ABOVE, NUMBERED.replace(". ", ".\n")])
def test_numbers_of_lines(text: str) -> None:
    [said] = written.refused(text)
    assert said.startswith("t.yml:1:1: the lines are numbered, as a web page shows them")


@pytest.mark.parametrize("text", [FLAT, FLAT.replace("- ", "-  "), re.sub("(?m)^#.*$", "", FLAT)])
def test_lost_indentation(text: str) -> None:
    [said] = written.refused(text)
    assert "the lines are not indented" in said


@pytest.mark.parametrize("dashed", ["- Name: a", "-  Name: a"])
def test_lost_indentation_of_a_small_template(dashed: str) -> None:
    [said] = written.refused(
        f"FormatVersion: OOS-2019-06-01\nTasks:\n{dashed}\nAction: ACS::Sleep\n"
        "Properties:\nDuration: PT1M\n"
    )
    assert "the lines are not indented" in said


def test_what_is_whole_is_read() -> None:
    assert written.read(written.GUIDE).tasks
    flow = "FormatVersion: OOS-2019-06-01\nTasks: [{Name: a, Action: ACS::Pause}]\n"
    assert written.read(flow).tasks
    script = "".join(f"          {n} {n}\n" for n in range(1, 30))
    numbers = written.tasks(
        "  - Name: a\n    Action: ACS::Notify\n    Properties:\n      WebHook:\n"
        f"        URI: robot:ops\n        Content: |\n{script}"
    )
    assert written.read(numbers).tasks
