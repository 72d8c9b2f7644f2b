"""Conditions, by name."""

from __future__ import annotations

from typing import Any

import pytest

from bot.oos.check import validate
from bot.oos.template import parse, printing
from tests.bot.oos import written
from tests.bot.oos.outside import Outside, template

BUILD = """
Conditions:
  fresh: {'Fn::Equals': ['{{ kind }}', new]}
  Linux: {'Fn::Equals': ['{{ look.os }}', linux]}
  freshLinux: {'Fn::And': [FRESH, linux]}
  other: {'Fn::Not': freshLinux}
  mine: {'Fn::Or': [{'Fn::Equals': ['{{ ACS::TaskLoopItem }}', 2]}, 'false']}
Parameters: {kind: {}}
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: DescribeIt}
    Outputs: {os: {ValueSelector: Os}}
  - Name: make
    When: freshlinux
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: Make}
  - Name: keep
    When: other
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: Keep}
  - Name: each
    When: mine
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: 'Each{{ ACS::TaskLoopItem }}'}
    Loop: {Items: [1, 2]}
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: ACS::END
      Choices: [{When: {'Fn::And': [Fresh, true]}, NextTask: tell}]
  - Name: tell
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: Tell}
"""


@pytest.mark.parametrize(
    ("kind", "os", "made"),
    [
        ("new", "linux", ["look", "make", "each[1]", "tell"]),
        ("new", "windows", ["look", "keep", "each[1]", "tell"]),
        ("old", "linux", ["look", "keep", "each[1]"]),
    ],
)
def test_tasks_are_done_when_their_conditions_hold(kind: str, os: str, made: list[str]) -> None:
    run = Outside(BUILD, lambda call: {"Os": os}, {"kind": kind})
    assert validate.validate(run.template) == []
    assert run.end().status == "Success"
    assert run.made_keys() == [f"{key}#0" for key in made]


def test_they_are_printed() -> None:
    build = template(BUILD)
    again = parse.parse(printing.dump(build), "Main", "Main.yml")
    assert again.conditions == build.conditions
    assert [task.when for task in again.tasks] == [task.when for task in build.tasks]


SLEEP = "  - {Name: a, Action: ACS::Pause, When: x, Outputs: {o: {ValueSelector: .}}}\n"


@pytest.mark.parametrize(
    ("conditions", "faults"),
    [
        ("x: {'Fn::Equals': [1, 1]}", []),
        ("x: true", ["1:17: the condition `x` is none of `Fn::And`, `Fn::Or`, `Fn::Not` or "
         "`Fn::Equals`"]),
        ("x: {'Fn::If': [1, 1, 1]}", ["1:17: the condition `x` is none of `Fn::And`, `Fn::Or`, "
         "`Fn::Not` or `Fn::Equals`"]),
        ("y: {'Fn::Not': true}", ["3:41: unknown condition `x`; expected `y`"]),
        ("xy: {'Fn::Not': true}", ["3:41: unknown condition `x`, did you mean `xy`?"]),
        ("x: {'Fn::Not': X}", ["1:14: the condition `x` names itself"]),
        ("x: {'Fn::And': [yy]}, y: {'Fn::Or': [x]}",
         ["1:30: unknown condition `yy`, did you mean `y`?"]),
        ("x: {'Fn::And': [y]}, y: {'Fn::Or': [x]}",
         ["1:14: the condition `x` names itself", "1:35: the condition `y` names itself"]),
        ("x: {'Fn::Equals': ['{{ nothing }}', 1]}", ["1:37: unknown parameter `nothing`"]),
        ("x: {'Fn::Equals': ['{{ a.o }}', 1]}",
         ["3:41: `a.o`: the task `a` is this task itself, its output is not known yet"]),
        ("x: {'Fn::Equals': ['{{ ACS::TaskLoopItem }}', 1]}",
         ["3:41: `ACS::TaskLoopItem` means something inside a Loop only"]),
        ("x: {'Fn::Equals': [1]}", ["1:32: Fn::Equals: expected a List of 2 items, got 1"]),
    ],
)  # fmt: skip
def test_mistakes(conditions: str, faults: list[str]) -> None:
    text = f"Conditions: {{{conditions}}}\nTasks:\n{SLEEP}FormatVersion: OOS-2019-06-01\n"
    assert written.checked(text) == [f"t.yml:{fault}" for fault in faults]


def test_a_when_that_is_no_condition() -> None:
    text = written.tasks(SLEEP)
    assert written.checked(text) == [
        "t.yml:3:41: unknown condition `x`; expected a condition, or true"
    ]
    assert written.checked(text.replace("When: x", "When: 'True'")) == []


def test_a_condition_that_names_itself_ends_the_run_as_false() -> None:
    given: dict[str, Any] = {}
    run = Outside(
        "Conditions: {x: {'Fn::Not': {'Fn::Not': x}}}\n"
        "Tasks: [{Name: a, Action: ACS::Pause, When: x}]",
        parameters=given,
    )
    assert run.end().status == "Failed"
