"""The configuration is changed while the bot runs, on both platforms."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import model
from bot.app import control
from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, playing
from tests.behaviour.test_authority import edit, runs
from tests.bot import rig


@pytest.fixture
async def scene(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """With command files of its own."""
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports, process.BUDGETS)
        commands = tmp_path / "commands"
        shutil.copytree(process.ROOT / "commands", commands)
        edit(path, (f'"{process.ROOT}/commands"', f'"{commands}"'))
        async with playing(sandbox, platform, path) as played:
            yield played


async def reloaded(scene: Scene) -> list[str]:
    """What the bot answers to ``python -m bot reload``; the files then stay until other replicas
    have taken them up, too."""
    settings, others = scene.settings, scene.apps[1:]
    before = [bot.deployment for bot in others]
    answer = await asyncio.to_thread(control.ask, settings.data, f"reload {settings.path}")
    lines = answer["lines"]
    assert isinstance(lines, list)
    if answer["taken"] and not lines[-1].endswith("nothing is different"):
        pairs = [*zip(others, before, strict=True)]
        await rig.until(lambda: all(bot.deployment is not old for bot, old in pairs), 20)
    return lines


def entries(scene: Scene, action: str) -> list[dict[str, object]]:
    with scene.reader() as reader:
        return [dict(row.facts) for row in reader.chain() if row.action == action]


STRICTER = (
    ('mode = "any"                       # "any" 或签', 'mode = "count"  # '),
    ("# count = 2                        # how many", "count = 2  # how many"),
)


async def test_what_is_reloaded_holds_for_what_waits(scene: Scene) -> None:
    """A policy that got stricter asks for two approvals of what one would have let run."""
    card = await scene.pending("restart web-01 reason=own")
    edit(scene.settings.path, *STRICTER)
    [line] = await reloaded(scene)
    assert "~policy.one-sre.count" in line
    [facts] = entries(scene, "configuration.changed")
    assert facts["by"] == "command"
    await scene.click("bob", card, "approve")
    await scene.settled()
    assert not await runs(scene)
    await scene.click("carol", card, "approve")
    await scene.card_says(card, ("成功", "succeeded"))


async def test_a_fault_anywhere_refuses_all(scene: Scene) -> None:
    broken = scene.settings.commands / "broken.py"
    broken.write_text("def (\n")
    edit(scene.settings.path, ('commands = ["restart", "prov', 'commands = ["run", "prov'))
    *faults, last = await reloaded(scene)
    assert "broken.py:1" in "\n".join(faults)
    assert "nothing was changed" in last
    [facts] = entries(scene, "configuration.refused")
    assert facts["faults"] == faults
    card = await scene.pending("restart web-01 reason=own")
    broken.unlink()
    [line] = await reloaded(scene)
    assert line.endswith("~role.dev.commands")
    answer = await scene.click("bob", card, "approve")
    assert "alice" in answer["said"].lower(), answer
    await scene.settled()
    assert not await runs(scene)


async def test_what_needs_a_restart_is_named(scene: Scene) -> None:
    edit(scene.settings.path, ('region = "cn-hangzhou"', 'region = "cn-shanghai"'))
    lines = await reloaded(scene)
    assert lines[0] == "needs a restart: aliyun.region"
    assert not entries(scene, "configuration.changed")


RISKS = {"A": "low", "B": "high"}
"""A configuration of each kind has its mark in a script, and its risk in the file."""
LOAD, STREAMS = 8, 4


def written(scene: Scene, mark: str, bad: bool) -> None:
    """A configuration of this kind, with or without a fault in the file that is read last."""
    path, commands = scene.settings.path, scene.settings.commands
    risk = re.compile(r'(\[command\.restart\]\npolicy = .*\nrisk = )"\w+"')
    path.write_text(risk.sub(rf'\1"{RISKS[mark]}"', path.read_text("utf-8"), count=1), "utf-8")
    script = re.sub(r"# mark .\n", "", (commands / "restart.sh").read_text("utf-8"))
    (commands / "restart.sh").write_text(script + f"# mark {mark}\n", "utf-8")
    broken = commands / "zzz.py"
    broken.write_text("def (") if bad else broken.unlink(missing_ok=True)


async def asked_and_approved(scene: Scene, number: int) -> None:
    """One request from the question to its end; the approver clicks twice."""
    await scene.say("alice", f"restart web-0{number % 3 + 1} reason=number-{number}-")

    def found(entries: list[play.Entry]) -> play.Entry | None:
        cards = (one for one in entries if play.is_request_card(one))
        return next((one for one in cards if f"number-{number}-" in one["text"]), None)

    card = await scene.until(f"the card of {number}", found)
    clicks = await asyncio.gather(*(scene.click("bob", card, "approve") for _ in range(2)))
    assert all(click["acked"] for click in clicks)
    await scene.card_says(card, play.SUCCEEDED)


async def test_reloads_under_load_lose_nothing_and_mix_nothing(scene: Scene) -> None:
    """Good and bad configurations alternate while people ask and approve: each request is of one
    configuration, which is the one that the audit log names, and runs once."""
    marks: dict[object, str] = {}
    latest, turn = list[str](), asyncio.Condition()

    async def reload(number: int) -> None:
        mark, bad = "AABB"[number % 4], bool(number % 2)
        written(scene, {"A": "B", "B": "A"}[mark] if bad else mark, bad)
        lines = await reloaded(scene)
        assert lines[-1].endswith("nothing was changed") == bad, lines
        digest = entries(scene, "configuration.changed")[-1]["digest"]
        assert marks.setdefault(digest, mark) == mark
        if not bad:
            async with turn:
                latest.append(mark)
                turn.notify_all()

    await reload(0)

    async def stream(first: int) -> None:
        """One request after the other, by turns under one configuration and the other."""
        for number in range(first, LOAD, STREAMS):
            wanted = "AB"[number // STREAMS % 2]
            async with turn:
                while latest[-1] != wanted:
                    await turn.wait()
            await asked_and_approved(scene, number)

    load = asyncio.gather(*(stream(first) for first in range(STREAMS)))
    number = 0
    while not load.done() or number < 8:
        number += 1
        await reload(number)
    await load
    await scene.settled()
    with scene.reader() as reader:
        requests = list(reader.recent_requests(100))
        rows = list(reader.chain())
    assert sorted(one.args["reason"] for one in requests) == sorted(
        f"number-{n}-" for n in range(LOAD)
    )
    assert {one.state for one in requests} == {model.State.SUCCEEDED}
    assert await runs(scene) == LOAD
    used: dict[int, str] = {}
    now = ""
    for row in rows:
        if row.action == "configuration.changed":
            now = marks[row.facts["digest"]]
        elif row.action == "request.asked":
            used[row.request] = now
    for request in requests:
        assert f"# mark {used[request.id]}" in request.plan.script
        assert request.risk == RISKS[used[request.id]]
    assert [row.action for row in rows].count("request.approved") == LOAD
    assert set(used.values()) == {"A", "B"}
