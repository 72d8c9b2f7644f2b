"""Break-glass: it runs at once, everybody is told, and they say afterwards what they think."""

from __future__ import annotations

from datetime import timedelta

from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs

WHY = "the site is down for everybody"
MODE = 'mode = "any"                       # "any" 或签'
GLASS = 'break_glass = { people = ["dave"], groups = ["hr"] }'
TWO = (MODE, f'mode = "count"\ncount = 2\n{GLASS} #')
BROKEN = ("应急放行了 #1", "broke the glass: #1")
UNANSWERED = ("到期无人答复", "nobody answered in time")
STARTS = ("未等审批就", "starts without")
UNREAD = ("还没有放行", "Not started yet")
NOT_YOURS = ("没有应急放行", "no right")
OPEN = ("追认或反对", "to ratify or object")


async def breaks(scene: Scene, card: play.Entry, who: str = "dave") -> None:
    """Somebody has #1 started without its votes; once more, where the plan is to be read first."""
    await scene.settled()
    for _ in range(2):
        known = await scene.ids()
        await scene.say(who, f"break-glass 1 {WHY}", quote=card["ref"])
        answer = await scene.told((*STARTS, *UNREAD, *NOT_YOURS), known, to=who)
        if not play.has(answer["text"], UNREAD):
            return
        await scene.settled()


async def test_it_runs_at_once_and_the_approvers_ratify_it(scene: Scene) -> None:
    await edited(scene, TWO)
    known, of_hr = await scene.ids(), await scene.ids("hr")
    card = await scene.pending("restart web-01 reason=down")
    await breaks(scene, card, "alice")
    await scene.settled()
    assert not await runs(scene)
    await breaks(scene, card)
    told = await scene.told(BROKEN, known)
    assert WHY in told["text"]
    assert {"bob", "carol"} <= set(told["mentions"])
    await scene.told(BROKEN, of_hr, "hr")
    names = {"lark": ("Bob", "Carol")}.get(scene.platform, ("bob", "carol"))
    for name in names:
        await scene.until(
            f"a direct message to {name}",
            lambda seen: next((e for e in seen if play.has(e["text"], BROKEN)), None),
            name,
        )
    ended = await scene.told(play.AUDIT, known)
    assert play.has(ended["text"], play.SUCCEEDED)
    assert await runs(scene) == 1
    shown = await scene.card_says(card, OPEN)
    assert WHY in shown["text"]
    await scene.click("bob", shown, "ratify")
    own = await scene.click("dave", shown, "ratify")
    assert play.has(own["said"], ("不能追认", "neither ratify")), own
    await scene.click("carol", shown, "ratify")
    await scene.card_says(card, ("已追认", "ratified by the approvers"))
    await scene.told(("已由 Bob 和 Carol 追认", "ratified by Bob and Carol"), known)
    await scene.settled()
    assert await runs(scene) == 1


async def test_that_nobody_answered_is_told_though_the_bot_was_down_at_that_time(
    scene: Scene,
) -> None:
    await edited(scene, TWO)
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=down")
    await breaks(scene, card)
    await scene.told(play.AUDIT, known)
    await scene.settled()
    await scene.end()
    scene.clock.offset += timedelta(hours=5)
    await scene.sandbox.advance(5 * 3600)
    of_hr = await scene.ids("hr")
    await scene.start()
    await scene.card_says(card, UNANSWERED)
    await scene.told(("到期无人追认", "Nobody has ratified"), of_hr, "hr")
    await scene.say("alice", "break-glass")
    await scene.told(UNANSWERED, known, to="alice")


async def test_one_objection_is_told_with_its_reason(scene: Scene) -> None:
    await edited(scene, TWO)
    known = await scene.ids()
    card = await scene.pending("restart web-01 reason=down")
    await breaks(scene, card)
    shown = await scene.card_says(card, OPEN)
    await scene.say("bob", "object 1 it could have waited")
    await scene.told(("反对 #1", "objected to the break-glass of #1"), known, to="dave")
    shown = await scene.card_says(card, ("审批人反对", "the approvers objected"))
    assert "it could have waited" in shown["text"]
    assert not {"ratify", "object"} & {button["action"] for button in shown["buttons"]}
