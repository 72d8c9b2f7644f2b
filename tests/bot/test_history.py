"""``@bot history``: what people find of requests in a chat, and what they may not see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot import model, policy, store
from tests.bot import stage
from tests.bot.test_requests import played

OTHER = "elsewhere"


@pytest.fixture
def on(tmp_path: Path) -> Iterator[stage.Stage]:
    groups = (
        policy.Group(stage.PLATFORM, stage.CHAT, "ops", "en"),
        policy.Group(stage.PLATFORM, OTHER, "hr", "en", commands=frozenset({"provision"})),
    )
    made = stage.Stage(tmp_path, stage.book(groups=groups))
    yield made
    made.close()


def answer(of: stage.Stage, who: str, text: str, chat: str = stage.CHAT) -> str:
    number = of.number()
    place = model.Place(stage.PLATFORM, stage.TENANT, chat, f"m{number}")
    event = model.MessageReceived(f"msg:{number}", of.clock.now(), of.account(who), place, text)
    of.submit(event)
    [said] = stage.said(of.work())
    return said


def numbers(said: str) -> list[int]:
    return [int(line[1:].split()[0]) for line in said.splitlines() if line.startswith("#")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("history", [4, 3, 2, 1]),
        ("history person=Bob command=restart on web-01 since 7d", [2]),
        ("历史 申请人=bob 命令=restart 在 web-01 从 7天", [2]),
        ("history on=web-01 state=failed", [2]),
        ("history web-0* state=失败", [2]),
        ("历史 在 web-01 到 90m", [1]),
        ("history approver=carol", [2]),
        ("history before 3 person=alice", [1]),
        ("history since 2027-01-01", []),
    ],
)
def test_it_is_typed_as_people_would_say_it(
    on: stage.Stage, text: str, expected: list[int]
) -> None:
    played(on)
    assert numbers(answer(on, "alice", text)) == expected


def test_a_row_says_who_what_and_how_it_ended(on: stage.Stage) -> None:
    played(on)
    said = answer(on, "alice", "history on web-01 person=bob")
    assert "#2 restart web-01 · failed · Bob · approved by Carol · 1 h ago" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("history since soon", "“soon” is no time; write 90m, 2h, 7d or 2026-11-01."),
        ("history since 2026-02-30", "There is no day 2026-02-30."),
        ("history state=faild", "There is no state “faild”; write failed."),
        ("history web-01 web-02", "“web-02” is more than history takes"),
    ],
)
def test_what_makes_no_sense_is_refused(on: stage.Stage, text: str, expected: str) -> None:
    assert expected in answer(on, "alice", text)


def test_other_chats_are_told_no_more_than_their_people_may_see(on: stage.Stage) -> None:
    """dave has no role: in the other group he finds nothing of what was asked in this one, and is
    not told that there is anything. bob may ask for all of it, and votes on it."""
    played(on)
    assert numbers(answer(on, "dave", "history")) == [4, 3, 2, 1]
    said = answer(on, "dave", "history", OTHER)
    assert "There is no such request that you may see." in said
    assert not any(digit in said.replace("Dave", "") for digit in "1234")
    assert numbers(answer(on, "bob", "history", OTHER)) == [4, 3, 2, 1]


def test_a_page_says_what_is_left_and_how_to_go_on(on: stage.Stage) -> None:
    on.planned("alice", "restart web-01")
    first = on.request(1)

    def copy(writer: store.Writer) -> None:
        for number in range(2, 101):
            place = replace(first.place, message=f"copy{number}", chat=stage.CHAT)
            many = replace(first, id=number, version=1, place=place, nonce=f"{number:032x}")
            view = writer.view(model.Needs(), on.clock.now())
            writer.apply(view, model.Decision(request=many), on.clock.now())

    on.loop.run_until_complete(on.engine.write(copy))
    said = answer(on, "alice", "history before 21")
    assert numbers(said) == list(range(20, 5, -1))
    assert "15 of 20; narrow it with more words, or add before=6 for older ones." in said
    assert numbers(answer(on, "alice", "history before=6")) == [5, 4, 3, 2, 1]
    said = answer(on, "alice", "history")
    assert "There may be older ones: narrow it with more words, or add before=86." in said
    said = answer(on, "dave", "history", OTHER)
    assert "There is no such request that you may see." in said
