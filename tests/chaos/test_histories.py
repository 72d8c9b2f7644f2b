"""What histories are made of, that the checker finds each breach, and one history played."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bot import model
from sandbox import play
from tests import postgres
from tests.chaos import disturbances, history, scenes, truth
from tests.chaos.scenes import Ending

State = model.State


def whole() -> tuple[truth.Facts, list[Ending]]:
    """A history in which one request was approved, run and told, and another one rejected."""
    place = SimpleNamespace(platform="lark")
    requests: list[Any] = [
        SimpleNamespace(id=n, command="restart", text=tag, args={}, place=place, state=state)
        for n, tag, state in ((1, "E1", State.SUCCEEDED), (2, "E2", State.REJECTED))
    ]
    vote: Any = SimpleNamespace(person="bob", digest="d")
    run = {"instance": "i-sandbox0web01", "runs": 1}
    entries = [
        entry("card", "#1 restart [成功]"),
        entry("message", "✅ #1 restart 执行成功 @Alice"),
        entry("card", "#2 restart [已拒绝]"),
        entry("message", "@Alice 🚫 #2 restart 已拒绝（Bob），没有执行。"),
    ]
    facts = truth.Facts(
        requests=requests,
        votes={1: (vote,)},
        groups={"lark": entries},
        invocations=[
            {"tags": {"countersign-request": "1"}, "results": [run], "created": 8.0, "token": "t"}
        ],
        calls={"lark": [{"api": "im/v1/messages/reply", "status": 200, "code": "0", "at": 9.0}]},
    )
    return facts, [
        Ending("lark", "E1", State.SUCCEEDED, runs=("web-01",), approved=7.0),
        Ending("lark", "E2", State.REJECTED),
    ]


def entry(kind: str, text: str) -> dict[str, Any]:
    history = [{}] if kind == "card" else []
    return {
        "from": "bot", "chat": "ops", "kind": kind, "text": text, "buttons": [], "history": history
    }  # fmt: skip


def twice(facts: truth.Facts) -> None:
    facts.invocations[0]["results"][0]["runs"] = 2


def another_token(facts: truth.Facts) -> None:
    facts.invocations.append({**facts.invocations[0], "token": "u"})


def before_the_vote(facts: truth.Facts) -> None:
    facts.invocations[0]["created"] = 6.0


def rejected_but_run(facts: truth.Facts) -> None:
    facts.invocations[0]["tags"]["countersign-request"] = "2"


def lost(facts: truth.Facts) -> None:
    del facts.requests[1]


def made_twice(facts: truth.Facts) -> None:
    facts.requests.append(facts.requests[0])


def voted_twice(facts: truth.Facts) -> None:
    facts.votes[1] = facts.votes[1] * 2


def told_twice(facts: truth.Facts) -> None:
    facts.groups["lark"].append(facts.groups["lark"][1])


def told_otherwise(facts: truth.Facts) -> None:
    facts.groups["lark"][1]["text"] = "❌ #1 restart 执行失败 @Alice"


def not_told(facts: truth.Facts) -> None:
    del facts.groups["lark"][3]


def untrue_card(facts: truth.Facts) -> None:
    facts.groups["lark"][0]["text"] = "#1 restart [执行中]"


def throttled(facts: truth.Facts) -> None:
    facts.calls["lark"][0]["status"] = 429


def too_often(facts: truth.Facts) -> None:
    facts.calls["lark"] *= truth.MOST + 1


BREACHES: tuple[tuple[Callable[[truth.Facts], None], str], ...] = (
    (twice, "ran 2 times"),
    (another_token, "#1 ran on ['web-01', 'web-01']"),
    (before_the_vote, "#1 ran before anybody agreed"),
    (rejected_but_run, "#2 ran before anybody agreed"),
    (lost, "E2 on lark: 0 requests"),
    (made_twice, "E1 on lark: 2 requests"),
    (voted_twice, "#1: 2 votes of bob"),
    (told_twice, "said 2 times"),
    (told_otherwise, "#1 is succeeded, and its thread was told ['执行失败']"),
    (not_told, "#2 is rejected, and its thread was told []"),
    (untrue_card, "card #1 is not true"),
    (throttled, "lark refused im/v1/messages/reply"),
    (too_often, f"{truth.MOST + 1} calls of lark"),
)


@pytest.mark.parametrize(("breach", "words"), BREACHES, ids=[one.__name__ for one, _ in BREACHES])
def test_the_checker_finds(breach: Callable[[truth.Facts], None], words: str) -> None:
    facts, endings = whole()
    assert not truth.faults(facts, endings)
    breach(facts)
    assert any(words in fault for fault in truth.faults(facts, endings))


def test_a_seed_is_always_the_same_history_and_many_hold_everything() -> None:
    assert history.Plan.of(7, 3) == history.Plan.of(7, 3)
    assert history.Plan.of(7, 3) != history.Plan.of(8, 3)
    every = {*disturbances.OF_REPLICA, *disturbances.OF_ALL, *disturbances.OF_PLATFORMS}
    for replicas, never in (
        (0, disturbances.ONLY_SHARED),
        (3, disturbances.ONLY_ON_SQLITE),
    ):
        plans = [history.Plan.of(seed, replicas) for seed in range(100)]
        kinds = {act.kind for plan in plans for act in plan.disturbances}
        assert kinds == every - set(never)
    assert {cue.scene for plan in plans for cue in plan.cues} == scenes.SCENES.keys()


class Onlookers(scenes.People):
    """The group of the HR people shows one entry at a time: the last one once bob has agreed."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self.platform, self.tag, self.patience, self.pressed = "lark", "E1", 0.0, list[str]()
        self._entries = entries

    async def call(self, act: str, **detail: Any) -> Any:
        if act == "transcript":
            return [self._entries[-1 if self.pressed else 0]]

    async def agree(self, ending: Ending, card: Any, *users: str) -> None:
        self.pressed += users


async def test_a_form_is_agreed_to_once_more_only_where_the_bot_may_have_been_away() -> None:
    """As after a start with a clock that is minutes ahead."""
    told = {**entry("message", "✅ #1 provision E1 № 3"), "id": "m1"}
    plain = {**entry("card", "#1 provision E1"), "id": "c1", "buttons": [{"action": "approve"}]}
    asking = {**plain, "text": f"#1 provision E1 这张审批单是在我{scenes.AWAY}的，请再次确认后执行"}
    ended = {**asking, "text": "#1 provision E1 [成功]", "buttons": []}
    for entries, pressed in (((told,), []), ((asking, ended), ["bob"])):
        people = Onlookers(*entries)
        assert (await scenes.by_form(people)).state is State.SUCCEEDED
        assert people.pressed == pressed
    with pytest.raises(play.StoryFailed, match="the outcome of the form"):
        await scenes.by_form(Onlookers(plain))


@pytest.mark.slow
@pytest.mark.skipif(bool(postgres.lack(own=True)), reason=postgres.lack(own=True))
async def test_three_replicas_keep_everything() -> None:
    with postgres.private() as server:
        result = await history.played(history.Plan.of(5, 3), server)
    assert not result.faults, result.plan.lines()
