"""The templates of the bench are well, and its runs go through the real engine to their ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import durable, generated, runs, waiting
from bot import model, store
from bot.app import adapters
from bot.commands import loader, template_check
from bot.oos.template import parse

URL = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "PATIENCE", 30.0)


def test_made_up_templates_are_well_and_no_two_alike(tmp_path: Path) -> None:
    generated.fill(tmp_path, 40)
    checked = template_check.check([tmp_path])
    assert [line for one in checked for line in one.lines() if one.faults] == []
    texts = {path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert len(checked) == len(texts) == 40
    assert generated.written(7) == generated.written(7)
    assert 4_000 < sum(map(len, texts)) / 40 < 12_000


def test_a_start_with_made_up_templates_is_not_refused(tmp_path: Path) -> None:
    made = {generated.name(number): generated.written(number) for number in range(40)}
    path = durable.configuration(tmp_path / "start", URL, made)
    settings = adapters.load(path, known_commands=loader.load)
    assert settings.book.commands.keys() >= made.keys()


async def test_runs_end_and_every_step_is_in_the_journal(tmp_path: Path) -> None:
    path = durable.configuration(tmp_path / "runs", URL, runs.TEMPLATES)
    async with durable.opened(path, runs.ANSWERS) as bot:
        numbers = [*await bot.ask("steps", 2), *await bot.ask("few"), *await bot.ask("many")]
        await bot.begin(numbers)
        await bot.until(numbers, model.State.SUCCEEDED)
        await bot.settled()
        counts = await bot.engine.read(entries)
    calls = [runs.TASKS, runs.TASKS, 1 + runs.FEW, 1 + runs.MANY]
    assert counts == [(number, 2 * made) for number, made in zip(numbers, calls, strict=True)]


def entries(reader: store.Reader) -> list[tuple[int, int]]:
    query = "SELECT request, COUNT(*) FROM journal GROUP BY request ORDER BY request"
    return reader.connection.execute(query).fetchall()


async def test_runs_wait_for_people_and_for_the_time_and_each_can_go_on(tmp_path: Path) -> None:
    path = durable.configuration(tmp_path / "waiting", URL, waiting.TEMPLATES)
    await waiting.fill(path, 8)
    answers = waiting.ANSWERS | runs.ANSWERS
    async with durable.opened(path, answers) as bot:
        found = await bot.engine.read(lambda reader: reader.status())
        assert found.requests == {"waiting": 4, "running": 4}
        assert found.effects == {}
        assert found.next_timer is not None
        await bot.begin([8])  # approves what it waits for
        await bot.until([8], model.State.SUCCEEDED)
        assert await bot.engine.read(lambda reader: reader.verify_audit()) == []


def test_the_interpreter_alone_makes_the_same_run() -> None:
    assert runs.in_memory("few", runs.TEMPLATES["few"]) > 0
    assert len(parse.parse(runs.STEPS, "steps", "steps").tasks) == runs.TASKS
