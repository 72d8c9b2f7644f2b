"""What happens while the bot is away is caught up with, once."""

from __future__ import annotations

from sandbox import play
from tests.behaviour.conftest import Scene

HIRE = {"emp_id": "E77", "role": "dev"}


async def be_busy(scene: Scene) -> None:
    """Let the bot take and answer something."""
    known = await scene.ids()
    await scene.say("alice", "whoami")
    await scene.until("an answer", lambda seen: [e for e in seen if is_answer(e, known)])
    await scene.settled()


def is_answer(entry: play.Entry, known: list[str]) -> bool:
    return entry["from"] == "bot" and entry["id"] not in known


async def test_forms_agreed_to_while_away_are_found(scene: Scene) -> None:
    await be_busy(scene)
    await scene.end()
    known = await scene.ids("hr")
    await scene.call("fault", api="push.event", do="no_push", times=100)
    form = {"user": "alice", "approvers": ["bob"]}
    await scene.call("form", fields=HIRE, decision="agree", **form)
    await scene.call("form", fields={"emp_id": "E78", "role": "dev"}, decision="refuse", **form)
    await scene.advance(6 * 3600)
    await scene.start()
    card = await scene.new_card("provision", known, "hr")
    assert await scene.runs() == [], "what was decided long ago is confirmed before it runs"
    await scene.click("carol", card, "approve")
    told = await scene.told(play.AUDIT, known, "hr")
    assert "E77" in told["text"]
    assert len(await scene.runs()) == 1

    await scene.settled()
    await scene.end()
    await scene.advance(3600)
    await scene.start()
    await be_busy(scene)
    assert len(await scene.runs()) == 1
    with scene.reader() as reader:
        assert len(reader.recent_requests()) == 1
        assert reader.verify_audit() == []


async def test_a_short_restart_asks_for_nothing(scene: Scene) -> None:
    await be_busy(scene)
    await scene.end()
    await scene.start()
    await scene.settled()
    with scene.reader() as reader:
        assert "bot.started" not in [row.action for row in reader.chain()]
