"""What lists say of what they leave out, and of whom a request waits for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.stage import Stage, book, said


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, book(most_open_per_person=1000, most_open_per_command=1000))
    yield made
    made.close()


def answer(stage: Stage, who: str, text: str) -> str:
    stage.ask(who, text)
    return "\n".join(said(stage.work()))


def test_the_audit_log_says_how_many_entries_it_leaves_out(stage: Stage) -> None:
    stage.planned("alice", "restart web-01")
    for _ in range(40):
        stage.click("mallory", 1, "approve", "wrong")
    total = len(stage.read(lambda reader: list(reader.chain())))
    assert f"{total - 12} earlier entries are not shown" in answer(stage, "alice", "audit")
    of_request = [row for row in stage.read(lambda r: list(r.chain())) if row.request == 1]
    text = answer(stage, "alice", "audit 1")
    assert f"{len(of_request) - 12} earlier entries are not shown" in text


def test_a_request_that_waits_for_somebody_is_listed_though_many_are_older(stage: Stage) -> None:
    for number in range(30):
        stage.planned("bob", f"restart web-01 reason=n{number}")
    text = answer(stage, "bob", "pending")
    assert "Open requests (30)" in text
    stage.planned("alice", "restart web-02")
    assert "#31" in answer(stage, "bob", "pending")


def test_who_has_voted_is_no_longer_waited_for(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01 reason=everyone")
    stage.click("bob", request.id, "approve", request.code, request.card)
    text = answer(stage, "alice", "pending")
    assert "Carol" in text
    assert "Bob" not in text
    assert "Waiting for you" not in answer(stage, "bob", "pending")
