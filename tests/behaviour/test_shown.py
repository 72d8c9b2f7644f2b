"""Before a vote everything that would run can be read, and at any time after it."""

from __future__ import annotations

import re
from typing import Any

from sandbox import play
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


async def test_what_the_card_does_not_hold_is_read_before_it_is_approved(scene: Scene) -> None:
    much = {"dingtalk": 200, "lark": 2_000}[scene.platform]
    script = ": " + "\N{ZERO WIDTH SPACE}x" * much + " && echo the end of it"
    _, card = await asked(scene, f"run web-01 -- {script}")
    known = await scene.ids()
    first = await scene.click("carol", card, "approve", again=False)
    assert play.has(first["said"], play.READ_FIRST)
    alone = {"dingtalk": "carol", "lark": "Carol"}[scene.platform]
    await scene.told("the end of it", [], alone)
    assert "the end of it" not in card["text"]
    await scene.settled()
    assert await scene.runs() == []
    await scene.click("carol", card, "approve", again=False)
    await scene.told(play.AUDIT, known, to="bob")
    assert len(await scene.runs()) == 1


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


# ----------------------------------------------------------------------------- what it printed


LINES = "seq -f 'line %g of what it printed' 1 400"


async def ran(scene: Scene, script: str, targets: str = "web-01") -> list[str]:
    """Run a script; returns which entries there were before."""
    card = await scene.pending(f"run {targets} -- {script}", user="bob")
    await scene.click("alice", card, "approve")
    await scene.click("carol", card, "approve")
    known = await scene.ids()
    await scene.card_says(card, ("成功", "succeeded"))
    await scene.told("№", [])
    return known


async def test_what_is_cut_of_an_output_says_so_where_it_is_cut(scene: Scene) -> None:
    await ran(scene, LINES)
    told = await scene.told("line 400 of", [])
    lines = [line for line in told["text"].splitlines() if line.startswith(("line ", "…"))]
    [gap] = [line for line in lines if line.startswith("…")]
    place = lines.index(gap)
    left = int(lines[place + 1].split()[1]) - int(lines[place - 1].split()[1]) - 1
    assert f"{left} 行" in gap or f"{left} lines" in gap
    assert "output 1 web-01" in gap


async def test_the_whole_output_is_one_command_away(scene: Scene) -> None:
    await ran(scene, LINES)
    whole = [f"line {number} of what it printed" for number in range(1, 401)]
    alone = {"dingtalk": "bob", "lark": "Bob"}[scene.platform]
    for place, user, line in (
        ("ops", "dave", "output 1 web-01"),
        ("ops", "bob", "输出 1"),
        (alone, "bob", "output 1 web-01"),
    ):
        known = await scene.ids(place)
        await scene.say(user, line, **({"direct": True} if place == alone else {}))
        await scene.told("line 400 of", known, place)
        said = [e["text"] for e in await scene.transcript(place) if e["id"] not in known]
        seen = "\n".join(said).splitlines()
        assert [text for text in seen if text.startswith("line ")] == whole, line
        if scene.platform == "lark":
            assert any("[file output-1-web-01.txt]" in text for text in said)


async def test_nothing_is_carried_from_one_chat_into_another_group(scene: Scene) -> None:
    await ran(scene, "echo confidential; seq 3")
    for word in ("output 1", "plan 1", "status 1"):
        known = await scene.ids("hr")
        await scene.say("bob", word, chat="hr")
        told = await scene.told(("不是在这个会话中发起", "not asked for in this chat"), known, "hr")
        assert "confidential" not in told["text"]
