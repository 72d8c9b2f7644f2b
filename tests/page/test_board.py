"""The board: what a page is told when it comes, comes back, or comes back too late."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from sandbox.page import board as boards
from sandbox.page.board import Board


def news(board: Board, mark: str) -> tuple[bool, list[Any]]:
    whole, rows = board.since(mark)
    return whole, json.loads(rows)


def test_a_page_that_comes_gets_everything_and_then_what_is_new() -> None:
    board = Board()
    board.put("people", "a", {"id": "a"})
    board.put("messages", "m", {"text": "1"})
    whole, rows = news(board, "")
    assert whole
    assert rows == [["people", "a", {"id": "a"}], ["messages", "m", {"text": "1"}]]
    mark = board.mark
    assert news(board, mark) == (False, [])
    board.put("messages", "m", {"text": "1"})
    assert board.mark == mark, "the same once more is no change"
    board.put("messages", "n", {"text": "<b>"})
    board.put("messages", "m", {"text": "2"})
    board.remove("people", "a")
    board.remove("people", "nobody")
    assert news(board, mark) == (
        False,
        [
            ["messages", "n", {"text": "<b>"}],
            ["messages", "m", {"text": "2"}],
            ["people", "a", None],
        ],
    )
    assert news(board, "")[1] == [
        ["messages", "m", {"text": "2"}],
        ["messages", "n", {"text": "<b>"}],
    ]


def test_what_was_removed_and_is_there_again_is_told_once() -> None:
    board = Board()
    board.put("a", "1", {})
    mark = board.mark
    board.remove("a", "1")
    board.put("a", "1", {"x": 1})
    assert news(board, mark) == (False, [["a", "1", {"x": 1}]])


@pytest.mark.parametrize(
    "mark", ["", "x", "x-1", "{start}-x", "{start}-9", "{start}--1", "{start}-", "{start}-²", "-"]
)
def test_a_mark_that_means_nothing_here_gets_everything(mark: str) -> None:
    board = Board()
    board.put("a", "1", {})
    start = board.mark.partition("-")[0]
    assert news(board, mark.replace("{start}", start))[0]


def test_a_page_of_another_life_gets_everything() -> None:
    board = Board()
    board.put("a", "1", {})
    mark = board.mark
    board.clear()
    board.put("a", "2", {})
    assert news(board, mark) == (True, [["a", "2", {}]])


def test_one_who_was_away_while_more_went_than_is_remembered_gets_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boards, "REMOVED", 2)
    board = Board()
    for key in "123":
        board.put("a", key, {})
    mark = board.mark
    board.remove("a", "1")
    board.remove("a", "2")
    assert news(board, mark) == (False, [["a", "1", None], ["a", "2", None]])
    board.remove("a", "3")
    assert news(board, mark) == (True, [])


async def test_who_waits_is_woken_by_a_change_only() -> None:
    board = Board()
    assert not await board.newer(board.mark, 0.001)
    waiting = asyncio.create_task(board.newer(board.mark, 5))
    await asyncio.sleep(0)
    board.put("a", "1", {})
    assert await waiting
    assert await board.newer("", 0.001), "one who has read nothing does not wait"


def test_it_stays_quick_with_two_thousand_messages() -> None:
    """A message costs the same whether there are none or thousands; everything is told at once."""
    card = {"payload": {"content": {"elements": [{"tag": "markdown", "content": "x" * 80}] * 40}}}

    def took(board: Board, name: str, count: int) -> float:
        began = time.perf_counter()
        for number in range(count):
            board.put("messages", f"{name}/{number}", card)
        return time.perf_counter() - began

    first = min(took(Board(), "few", 100) for _ in range(5))
    board = Board()
    took(board, "many", 2000)
    mark = board.mark
    later = min(took(board, f"more{turn}", 100) for turn in range(5))
    assert later < 5 * first + 0.005
    began = time.perf_counter()
    whole, rows = board.since("")
    assert whole
    assert time.perf_counter() - began < 0.2
    assert len(rows) > 2000 * 4000
    assert len(json.loads(board.since(mark)[1])) == 500
