"""The log tells each step of a request once, and never what was typed or printed."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from bot.app import adapters
from bot.app import main as app
from bot.runtime import logs
from sandbox import play, process, world
from tests.behaviour.conftest import Scene


def steps(records: list[logging.LogRecord]) -> list[dict[str, Any]]:
    names = ("step", "request", "command", "code", "person", "outcome", "seconds")
    found = [vars(one) for one in records if one.name == "countersign.requests"]
    assert all(one["levelno"] == logging.INFO for one in found)
    return [{name: one[name] for name in names if name in one} for one in found]


async def test_a_request_is_told_from_the_asking_to_its_end(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    known = await scene.ids()
    card = await scene.pending('restart web-01 reason="hush hush"')
    await scene.click("bob", card, "approve")
    await scene.told(play.AUDIT, known)
    await scene.settled()
    with scene.reader() as reader:
        code = reader.recent_requests()[0].digest[:8]
    usual = {"request": 1, "command": "restart"}
    told = steps(caplog.records)
    assert told[-1].pop("seconds") >= 0
    assert told == [
        usual | {"step": "asked", "person": "alice"},
        usual | {"step": "planned", "person": "alice", "code": code},
        usual | {"step": "voted", "person": "bob", "code": code, "outcome": "approve"},
        usual | {"step": "started", "person": "alice", "code": code},
        usual | {"step": "ended", "person": "alice", "code": code, "outcome": "succeeded"},
    ]
    lines = [one.getMessage() for one in caplog.records if one.name == "countersign.requests"]
    assert lines[2] == f"#1 voted: command=restart code={code} person=bob outcome=approve"
    assert "hush" not in "".join(lines)


async def test_a_rejection_is_told_as_its_end(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    card = await scene.pending("restart web-01 reason=x")
    await scene.click("bob", card, "reject")
    await scene.card_says(card, play.REJECTED)
    told = [(one["step"], one.get("outcome", "")) for one in steps(caplog.records)]
    assert told == [("asked", ""), ("planned", ""), ("voted", "reject"), ("ended", "rejected")]


def test_the_banner_says_what_starts_and_what_it_connects_to(tmp_path: Path) -> None:
    ports = dict.fromkeys(world.PORTS, 17999)
    settings = adapters.load(process.configuration(tmp_path, ports))
    said = app.banner(settings)
    for part in ("countersign 0.", str(settings.path), "dingtalk", "lark", "aliyun"):
        assert part in said
    for secret in (tmp_path / "secrets").rglob("*") if (tmp_path / "secrets").exists() else ():
        assert secret.read_text().strip() not in said


def test_lines_as_json_can_be_read_by_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.StringIO()
    monkeypatch.setattr("sys.stderr", given)
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers = []
    try:
        logs.to_stderr("info", "json")
        logs.Line("ended", 7, "重启", "alice", "c0dec0de", "failed", 3.2).write()
        try:
            raise ValueError("line\nbreak")
        except ValueError:
            logging.getLogger("countersign").exception("two\nlines")
    finally:
        root.handlers = before
    first, second = (json.loads(line) for line in given.getvalue().splitlines())
    wanted = {"level": "info", "step": "ended", "request": 7, "command": "重启", "seconds": 3.2}
    assert wanted.items() <= first.items()
    assert first["time"].endswith("+00:00")
    assert second["message"] == "two\nlines"
    assert "ValueError: line\nbreak" in second["error"]
