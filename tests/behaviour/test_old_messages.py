"""What is written long before it arrives, or elsewhere than the card stands, on both platforms."""

from __future__ import annotations

from bot import model
from tests.behaviour.conftest import Scene

HOURS = 7 * 3600.0


async def test_a_request_seven_hours_old_is_refused_with_its_age(scene: Scene) -> None:
    known = await scene.ids()
    await scene.say("alice", "restart web-01 reason=old", age=HOURS)
    await scene.told(("7 小时", "7 h"), known)
    with scene.reader() as reader:
        assert not reader.recent_requests()


async def test_a_vote_written_before_the_request_existed_does_not_count(scene: Scene) -> None:
    card = await scene.pending("restart web-01 reason=now")
    await scene.settled()
    known = await scene.ids()
    await scene.say("bob", "approve 1", age=HOURS)
    await scene.told(("7 小时", "7 h"), known)
    known = await scene.ids()
    await scene.say("bob", "approve", age=600, quote=card["ref"])
    await scene.told(("送达之前", "before the card"), known)
    with scene.reader() as reader:
        assert reader.request(1).state is model.State.PENDING
    assert await scene.runs() == []


async def test_approving_elsewhere_needs_the_code_and_beside_the_card_does_not(
    scene: Scene,
) -> None:
    card = await scene.pending("restart web-01 reason=now")
    await scene.settled()
    await scene.say("bob", "approve 1", direct=True)
    with scene.reader() as reader:
        assert reader.request(1).state is model.State.PENDING
    await scene.settled()
    await scene.say("bob", "approve", quote=card["ref"])
    await scene.card_says(card, ("成功", "succeeded"))
