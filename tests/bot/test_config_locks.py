"""``[locks]``, ``lock`` and ``resources`` in ``bot.toml``: what they mean, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import model
from bot.commands import loader
from bot.policy import locking
from tests.bot.configured import SMALL, Loader, change

COMMANDS = Path(__file__).parents[2] / "commands"


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def restart(more: str) -> str:
    return change('[command.restart]\npolicy = "p"\n', f'[command.restart]\npolicy = "p"\n{more}\n')


def test_usually_instances_are_told_of_and_resources_queue(load: Loader) -> None:
    book = load(SMALL).book
    assert locking.modes(book, "restart") == ("warn", "queue")
    assert locking.modes(book, "gone") == ("off", "off")
    both = '[locks]\ninstances = "refuse"\nresources = "off"\n'
    assert locking.modes(load(SMALL + both).book, "restart") == ("refuse", "off")
    own = load(restart('lock = "queue"') + both).book
    assert locking.modes(own, "restart") == ("queue", "queue")


def test_a_resource_is_named_by_the_values_of_parameters(load: Loader) -> None:
    book = load(restart('resources = ["DB", "{service}-{reason}"]')).book
    needs = locking.resources(book, "restart", {"service": "Nginx", "reason": None})
    assert [(one.name, one.label) for one in needs] == [
        ("resource:db", "DB"),
        ("resource:nginx-", "Nginx-"),
    ]
    few = (model.Instance("i-1", "web"), model.Instance("i-1"), model.Instance("x" * 300))
    assert [one.name for one in locking.instances(book, "restart", few)] == ["instance:i-1"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('resources = ["{env}-db"]', "restart has no parameter env; it has: "),
        ('resources = ["{env-db"]', "has a brace that stands for nothing"),
        ('lock = "wait"', "queue"),
    ],
)
def test_names_that_nothing_fills_are_faults(load: Loader, more: str, message: str) -> None:
    text = f'[bot]\ncommands = "{COMMANDS}"\n{restart(more)}'
    (fault,) = load.faults(text, known_commands=loader.load)
    assert message in str(fault)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('resources = ["a"]\nlock = "off"', "have no use"),
        ('resources = ["a", "A"]', "A is named twice"),
    ],
)
def test_what_comes_to_nothing_is_told(load: Loader, more: str, message: str) -> None:
    (warning,) = load(restart(more)).warnings
    assert message in str(warning)
