"""``doctor --try GROUP`` on both platforms: what arrives is told, what does not is mended, and all
that is not of the trial is left to the bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest

from bot import store
from bot.cli import trial
from bot.doctor import report
from sandbox import process, standins

PLATFORMS = ("dingtalk", "lark")
CONSOLES = {
    "dingtalk": ("Robot (机器人) → message receiving mode", "its buttons call back (回传请求)"),
    "lark": ("add im.message.receive_v1", "200340"),
}
Act = Callable[[dict[str, Any]], Awaitable[None]]


@pytest.fixture
async def company() -> AsyncIterator[standins.StandIns]:
    async with standins.StandIns() as company:
        yield company


@pytest.fixture
def path(company: standins.StandIns, tmp_path: Path) -> Path:
    path = process.configuration(tmp_path, company.ports)
    (tmp_path / "data").mkdir(exist_ok=True)
    return path


async def card_of(company: standins.StandIns, platform: str) -> dict[str, Any]:
    """The test card, as soon as it hangs in the group."""
    async with asyncio.timeout(10):
        while True:
            entries = await company.call(platform, "transcript", chat="ops")
            cards = [one for one in entries if one["kind"] == "card"]
            if cards:
                card: dict[str, Any] = cards[0]
                return card
            await asyncio.sleep(0.01)


async def played(
    path: Path, company: standins.StandIns, platform: str, seconds: float, act: Act
) -> list[dict[str, str]]:
    """The lines of a trial during which people do something."""
    running = asyncio.create_task(trial.sections(path, f"{platform}:ops", seconds))
    card = await card_of(company, platform)
    await act(card)
    _, sections = await running
    return report.entries("en", sections)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_message_and_a_click_arrive_and_nothing_else_is_taken(
    platform: str, company: standins.StandIns, path: Path
) -> None:
    async def act(card: dict[str, Any]) -> None:
        assert "test card" in str(card) or "测试卡片" in str(card)
        await company.call(platform, "say", user="alice", text="pending", chat="hr")
        answer = await company.call(
            platform, "click", user="bob", card=card["ref"], action="doctor"
        )
        assert answer["acked"]
        await company.call(platform, "say", user="alice", text="doctor")

    lines = await played(path, company, platform, 20, act)
    assert [(one["id"], one["state"]) for one in lines] == [
        ("try.card", "ok"),
        ("try.message", "ok"),
        ("try.click", "ok"),
    ]
    card = await card_of(company, platform)
    assert not card.get("buttons"), "the test is over"
    chats = await company.call(platform, "deliveries", kind="push.chat")
    assert [one["acked"] for one in chats] == [False, True], "what was said elsewhere comes again"
    assert await company.call("aliyun", "calls") == []


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_does_not_arrive_is_named_with_the_click_that_mends_it(
    platform: str, company: standins.StandIns, path: Path
) -> None:
    async def act(card: dict[str, Any]) -> None:
        """Nobody does anything."""

    lines = await played(path, company, platform, 0.3, act)
    assert [(one["id"], one["state"]) for one in lines] == [
        ("try.card", "ok"),
        ("try.message", "problem"),
        ("try.click", "problem"),
    ]
    for line, words in zip(lines[1:], CONSOLES[platform], strict=True):
        assert words in line["mend"]


async def test_another_text_counts_but_is_left_to_the_bot(
    company: standins.StandIns, path: Path
) -> None:
    async def act(card: dict[str, Any]) -> None:
        await company.call("dingtalk", "say", user="alice", text="restart web-01")

    lines = await played(path, company, "dingtalk", 1, act)
    assert [one["state"] for one in lines] == ["ok", "ok", "problem"]
    [said] = await company.call("dingtalk", "deliveries", kind="push.chat")
    assert not said["acked"], "the bot gets it, when it is started"


async def test_it_refuses_beside_a_running_bot_and_keeps_one_from_starting(
    company: standins.StandIns, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = path.parent / "data" / "countersign.db"
    with closing(store.Store(database)), pytest.raises(click.exceptions.Exit):
        await trial.sections(path, "lark:ops", 1)
    assert "the bot is running" in capsys.readouterr().err
    assert await company.call("lark", "transcript", chat="ops") == []

    async def act(card: dict[str, Any]) -> None:
        with pytest.raises(store.Locked):
            store.Store(database)

    await played(path, company, "lark", 0.3, act)


async def test_a_trial_that_is_broken_off_leaves_no_button(
    company: standins.StandIns, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = asyncio.create_task(trial.sections(path, "lark:ops", 60, "en"))
    assert (await card_of(company, "lark"))["buttons"]
    assert "A test card" in capsys.readouterr().err, "the language that was asked for"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not (await card_of(company, "lark"))["buttons"]


async def test_a_group_must_be_one(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in (("ops", "there are several groups"), ("none", "there is no group none")):
        with pytest.raises(click.exceptions.Exit):
            await trial.sections(path, name, 1)
        error = capsys.readouterr().err
        assert words in error
        assert "lark:ops" in error
        assert ("lark:hr" in error) == (name == "none"), "of several with one name only these"
