"""What is looked at afterwards: past requests by another file, on both platforms."""

from __future__ import annotations

import asyncio

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
