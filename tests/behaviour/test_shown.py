"""Before a vote everything that would run can be read, and at any time after it."""

from __future__ import annotations

import re
from typing import Any

from tests.behaviour.conftest import Scene

MACHINES = [f"app-{number:02}" for number in range(20)]


def ident(name: str) -> str:
    return "i-" + name.replace("-", "")


async def twenty(scene: Scene) -> None:
    """Twenty machines that a tag finds."""
    for name in MACHINES:
        await scene.sandbox.call(
            "aliyun", "add_machine", id=ident(name), name=name, tags={"g": "x"}
        )


def unnamed(text: str) -> list[str]:
    """The machines that a text doesn't name with their ids."""
    return [name for name in MACHINES if f"{name} ({ident(name)})" not in text]


async def asked(scene: Scene, text: str, user: str = "bob") -> tuple[list[dict[str, Any]], Any]:
    """What the group saw up to and with the card of what was asked for, and the card."""
    known = await scene.ids()
    await scene.say(user, text)
    card = await scene.new_card("run", known)
    seen = [entry for entry in await scene.transcript() if entry["id"] not in known]
    places = [entry["id"] for entry in seen]
    return [e for e in seen[: places.index(card["id"]) + 1] if e["from"] == "bot"], card


async def test_twenty_machines_can_all_be_read_before_the_vote(scene: Scene) -> None:
    await twenty(scene)
    seen, card = await asked(scene, "run tag:g=x -- echo hi")
    assert not unnamed("\n".join(entry["text"] for entry in seen))
    assert "20" in card["text"], "the card says how many"
    assert "app-00" in card["text"], "and names some of them"
    if unnamed(card["text"]):
        assert re.search(r"plan 1\b", card["text"]), "and where all of them are listed"


async def test_status_and_plan_name_every_machine_at_any_time(scene: Scene) -> None:
    await twenty(scene)
    await asked(scene, "run tag:g=x -- echo hi")
    for line in ("status 1", "plan 1", "计划 1"):
        known = await scene.ids()
        await scene.say("alice", line)
        await scene.told("app-19", known)
        await scene.settled()
        said = [e["text"] for e in await scene.transcript() if e["id"] not in known]
        assert not unnamed("\n".join(said)), line
        if line != "status 1":
            assert any("echo hi" in text for text in said)


async def test_who_may_not_see_a_request_hears_that_there_is_none(scene: Scene) -> None:
    await scene.pending("restart web-01")
    for word in ("plan", "status", "output"):
        heard = []
        for number in (1, 99):
            known = await scene.ids("hr")
            await scene.say("dave", f"{word} {number}", chat="hr")
            told = await scene.told(str(number), known, "hr")
            heard.append(told["text"].replace(f"{number}", "N"))
        assert heard[0] == heard[1], "nobody can tell a request that isn't theirs from none"
