"""One thing changes between the vote and the start (``python -m tests.mutations`` tries more)."""

from __future__ import annotations

from random import Random

import pytest

from tests.mutations import kinds, trial, worlds

MOST_TRIES = 20


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, worlds.Start]:
    return trial.starts(tmp_path_factory.mktemp("worlds"))


@pytest.mark.parametrize("name", sorted(kinds.DECISIVE))
def test_what_matters_keeps_it_from_starting(name: str, starts: dict[str, worlds.Start]) -> None:
    assert trial.outcomes(kinds.DECISIVE[name], starts, MOST_TRIES) == {True}


@pytest.mark.parametrize("name", sorted(kinds.COSMETIC))
def test_what_does_not_matter_lets_it_start(name: str, starts: dict[str, worlds.Start]) -> None:
    assert trial.outcomes(kinds.COSMETIC[name], starts, MOST_TRIES) == {False}


def test_a_seed_tries_the_same_again(starts: dict[str, worlds.Start]) -> None:
    assert trial.tried(Random(7), starts) == trial.tried(Random(7), starts)
