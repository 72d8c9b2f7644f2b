"""What is looked at afterwards, on both platforms: past requests by another file, and the month."""

from __future__ import annotations

import asyncio
import json

from click.testing import CliRunner

from bot import __main__ as cli
from sandbox import play
from tests.behaviour.conftest import Scene

ANOTHER = """
[[policy.when]]
more_targets_than = 0
commands = ["restart"]
policy = "every-sre"
reason = "every machine counts"
"""


async def test_a_changed_file_is_held_against_what_was_decided(scene: Scene) -> None:
    card = await scene.pending("restart web-01 reason=leak")
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    card = await scene.pending("restart web-02")
    await scene.click("carol", card, "reject")
    await scene.card_says(card, play.REJECTED)
    await scene.settled()
    path = scene.settings.path
    other = path.with_name("new.toml")
    other.write_text(path.read_text("utf-8") + ANOTHER, "utf-8")

    async def replay(file: str) -> tuple[int, str]:
        words = ["policy", "replay", "--since", "1d", "--config", file]
        done = await asyncio.to_thread(CliRunner().invoke, cli.main, words)
        return done.exit_code, done.output

    status, said = await replay(str(path))
    assert (status, said) == (0, "0 of 2 requests would be decided differently\n")
    status, said = await replay(str(other))
    assert status == 1
    assert "alice  approved (one-sre) → undecided (one-sre + every-sre)" in said
    assert "alice  rejected (one-sre) → rejected (one-sre + every-sre)" in said
    assert "    every machine counts (every-sre)\n    1 of 2 approvals; Carol may vote" in said


async def test_the_month_is_told_in_the_chat_and_on_the_command_line(scene: Scene) -> None:
    card = await scene.pending("restart web-01 reason=leak")
    await scene.click("bob", card, "approve")
    await scene.card_says(card, play.SUCCEEDED)
    await scene.pending("restart web-02")
    await scene.settled()
    known = await scene.ids()
    await scene.say("bob", "report")
    told = str((await scene.told("", known))["text"])
    assert play.has(told, ("2 个：待审批 1、成功 1", "2: 1 waiting for approval, 1 succeeded"))
    assert play.has(told, ("1 次批准", "1 approval; half of them within"))
    assert "one-sre" in told
    known = await scene.ids()
    await scene.say("alice", "report")
    assert play.has(str((await scene.told("", known))["text"]), ("report", "may not use"))
    words = ["report", "--json", "--config", str(scene.settings.path)]
    done = await asyncio.to_thread(CliRunner().invoke, cli.main, words)
    numbers = json.loads(done.stdout)
    assert (numbers["asked"], numbers["approvals"]["count"]) == (2, 1)
    assert numbers["policies"] == {"one-sre": {"approved": 1, "rejected": 0}}
