"""Patterns of the configuration and hostile words, on both platforms: nobody waits for them."""

from __future__ import annotations

from pathlib import Path

from tests import settings
from tests.behaviour import runbooks

PATTERNS = r"""
[[security.pattern]]
regex = '(a+)+\$'
where = ["text", "value", "script"]
reason = "ends in a run of it"

[[security.pattern]]
regex = '(?=z)(z+z+)+!'
where = ["text"]
reason = "looks ahead"
"""


async def test_a_hostile_word_holds_up_nobody(platform: str, tmp_path: Path) -> None:
    setting = settings.Setting(more=PATTERNS)
    async with runbooks.playing(platform, tmp_path, setting) as scene:
        known = await scene.ids()
        await scene.say("alice", f"restart web-01 reason={'z' * 60}")
        card = await scene.pending(f"restart web-02 reason={'a' * 200}", user="bob")
        assert "web-02" in card["text"]
        told = await scene.told("looks ahead", known)
        assert "RE2" in told["text"]
        assert [one for one in await scene.runs() if one] == []
        await scene.pending("restart web-01 reason=z!", user="alice")
