"""Deliveries that come twice, late, in disorder or with their answer lost, and calls that fail on
their way out: one decision, one run, each thread told once, on both platforms.

Where a platform cannot be asked to forget a repetition, this is what is promised: DingTalk's
``groupMessages/send`` takes no key of any kind, so that a message whose answer was lost there is
not sent again (the audit log says ``tell.failed``): told at most once, where all else is exactly
once. It is used with ``late_reply = "group_message"`` alone, which is not the default. And neither
platform numbers the updates of a card, so that one which it applies only after it has answered the
next would stand; a bot that waits longer than a platform dawdles never sees that.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bot import model
from sandbox import play, process
from sandbox.client import Sandbox
from tests.behaviour.conftest import Scene, invocations, playing, time_goes_by

DISORDER = ("duplicate", "reorder", "slow", "drop_ack")
BROKEN = ("lose_answer", "hang_up", "error", "throttle", "html", "slow")
SENDS = {
    "dingtalk": ("/robot/sendBySession", "card/instances/createAndDeliver", "PUT card/instances"),
    "lark": ("im/v1/messages/reply", "im/v1/messages", "im/v1/messages/patch"),
}
UPDATES = ("PUT card/instances", "im/v1/messages/patch")
FORMS = {"dingtalk": "workflow/processInstances", "lark": "approval/v4/instances/get"}
CLOUD = (
    "RunCommand",
    "DescribeInstances",
    "DescribeCloudAssistantStatus",
    "DescribeInvocations",
    "DescribeInvocationResults",
)
Meanwhile = Callable[[], Awaitable[None]]
SLOW = {"seconds": 2.0}
"""Longer than the bot waits for an answer in these tests."""
TWO = """
[policy.two]
approvers = ["bob", "carol", "dave"]
mode = "count"
count = 2
expires = "30m"

[[security.pattern]]
regex = "both of you"
where = ["text"]
action = "escalate"
policy = "two"
reason = "a test of who is counted"
"""


@pytest.fixture
async def scene(platform: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A bot that waits for answers no longer than a second."""
    async with Sandbox() as sandbox:
        path = process.configuration(tmp_path, sandbox.ports, TWO)
        text = path.read_text("utf-8").replace("# call_timeout = 10 ", "call_timeout = 1 ")
        path.write_text(text, "utf-8")
        async with playing(sandbox, platform, path) as found:
            yield found


class Round:
    """One request among others, known by ``mark``, which stands in its text and in no other's."""

    def __init__(self, scene: Scene, mark: str, runs: int = 0) -> None:
        self.scene, self.mark, self.runs = scene, mark, runs
        self.number = ""

    async def entries(self) -> list[play.Entry]:
        said = await self.scene.transcript("ops") + await self.scene.transcript("hr")
        mine = [e for e in said if e["from"] == "bot" and self.mark in e["text"]]
        for card in mine:
            if found := re.match(r"#\d+ ", card["text"]):
                self.number = found[0]
        if not self.number:
            return mine
        return [e for e in said if e["from"] == "bot" and (e in mine or self.number in e["text"])]

    async def card(self) -> play.Entry:
        """The card, as soon as it can be voted on."""
        found: play.Entry = await self.button("approve")
        return found

    async def button(self, action: str) -> Any:
        """The card, as soon as it offers this."""

        def offering(entries: list[play.Entry]) -> play.Entry | None:
            for entry in entries:
                if any(button["action"] == action for button in entry["buttons"]):
                    return entry
            return None

        return await self.wait(f"a card with {action}", offering)

    async def wait(self, what: str, found: Callable[[list[play.Entry]], Any]) -> Any:
        """Wait for something in the groups."""
        deadline = time.monotonic() + 40.0
        while True:
            entries = await self.entries()
            if value := found(entries):
                return value
            if time.monotonic() > deadline:
                texts = "\n".join(f"  {entry['text'][:200]!r}" for entry in entries)
                raise play.StoryFailed(f"{self.mark}: {what}: not seen. Seen:\n{texts}")
            await asyncio.sleep(0.1)

    async def click(self, user: str, card: play.Entry, action: str) -> None:
        """Press until it is answered, as people do; a button that went away was pressed."""
        for attempt in range(20):
            try:
                answer = await self.scene.click(user, card, action)
            except RuntimeError as refused:
                if attempt and "no button" in str(refused):
                    return
                raise
            if answer["acked"]:
                return
        raise play.StoryFailed(f"{self.mark}: {user} pressed {action} and got no answer")

    async def told(self, words: tuple[str, ...]) -> None:
        """Wait for the message that holds one of these words."""

        def holding(entries: list[play.Entry]) -> bool:
            return any(not play.is_request_card(e) and play.has(e["text"], words) for e in entries)

        await self.wait(f"a message with {words!r}", holding)

    async def over(self, state: model.State, words: tuple[str, ...]) -> None:
        """In the end it was decided once and told once, and its one card is true."""
        entries = await self.entries()
        cards = [entry for entry in entries if play.is_request_card(entry)]
        messages = [entry["text"] for entry in entries if entry not in cards]
        assert len(cards) == 1, (self.mark, [card["text"] for card in cards])
        assert play.has(cards[0]["text"], words), cards[0]["text"]
        assert cards[0]["buttons"] == []
        assert len(messages) == 1, (self.mark, messages)
        assert play.has(messages[0], words), messages[0]
        with self.scene.reader() as reader:
            found = [r for r in reader.recent_requests(100) if self.mark in r.text]
            assert [request.state for request in found] == [state]
            number = found[0].id
            actions = Counter(row.action for row in reader.chain() if row.request == number)
            tokens = {step.token for step in reader.steps(number)}
        assert actions["request.planned"] == 1
        assert actions["tell.failed"] == actions["card.failed"] == 0
        started = [one for one in await invocations(self.scene) if one["token"] in tokens]
        assert sum(result["runs"] for one in started for result in one["results"]) == self.runs


async def at_rest(scene: Scene) -> None:
    """Wait until all was acknowledged and nothing is left to send."""
    deadline = time.monotonic() + 40.0
    while left := await undone(scene):
        assert time.monotonic() < deadline, left
        await asyncio.sleep(0.1)
    with scene.reader() as reader:
        assert reader.verify_audit() == []
    ran = [result["runs"] for one in await invocations(scene) for result in one["results"]]
    assert set(ran) <= {1}, ran
    tokens = Counter(one["token"] for one in await invocations(scene))
    assert set(tokens.values()) <= {1}, tokens


async def undone(scene: Scene) -> str:
    pushed = []
    for kind in ("push.chat", "push.event"):
        pushed += await scene.call("deliveries", kind=kind)
    late = [delivery["id"] for delivery in pushed if not delivery["acked"]]
    with scene.reader() as reader:
        status = reader.status()
    return f"{late} {dict(status.effects)}" if late or status.effects else ""


async def order(
    scene: Scene, party: str, apis: Iterable[str], ways: Iterable[str], times: int = 1
) -> None:
    """Order misbehaviours of several calls, each way once (or ``times``) for each of them."""
    for api in apis:
        for do in ways:
            args = SLOW if do == "slow" else {}
            if do == "slow" and api in UPDATES:
                args = {"seconds": 0.5}
            await scene.sandbox.call(party, "fault", api=api, do=do, times=times, **args)


async def restart(scene: Scene, mark: str, meanwhile: Meanwhile | None = None) -> Round:
    """A restart asked for and approved, with something that happens before it is."""
    round = Round(scene, mark, runs=2)
    await scene.say("alice", f"restart web-01 web-02 reason={mark}")
    card = await round.card()
    if meanwhile is not None:
        await meanwhile()
    await round.click("bob", card, "approve")
    await round.told(play.SUCCEEDED)
    return round


async def provision(scene: Scene, employee: str) -> Round:
    """A form agreed to."""
    round = Round(scene, employee, runs=1)
    fields = {"emp_id": employee, "role": "devops"}
    await scene.call("form", user="alice", fields=fields, approvers=["bob"], decision="agree")
    await round.told(play.SUCCEEDED)
    return round


async def succeeded(scene: Scene, *rounds: Awaitable[Round]) -> None:
    """Play them all at once; each must have happened once and been told once."""
    async with time_goes_by(scene):
        played = await asyncio.gather(*rounds)
        await at_rest(scene)
    for one in played:
        await one.over(model.State.SUCCEEDED, play.SUCCEEDED)


async def stop_midway(scene: Scene, mark: str) -> Round:
    round = Round(scene, mark, runs=1)
    await scene.say("bob", f"run web-03 -- echo {mark}; sleep 300; echo never")
    card = await round.card()
    await round.click("carol", card, "approve")
    await round.button("stop")
    await round.click("bob", card, "stop")
    await round.told(play.STOPPED)
    return round


# ----------------------------------------------------------------------------- what comes in


async def test_deliveries_in_disorder(scene: Scene) -> None:
    await order(scene, scene.platform, ("push.chat", "push.card", "push.event"), DISORDER)
    rounds = [restart(scene, f"disorder-{do}") for do in DISORDER]
    forms = [provision(scene, f"E10{number}") for number in range(len(DISORDER))]
    await succeeded(scene, *rounds, *forms)


async def test_everything_twice(scene: Scene) -> None:
    kinds = ("push.chat", "push.card", "push.event")
    await order(scene, scene.platform, kinds, ("duplicate",), 50)
    rounds = [restart(scene, f"twice-{number}") for number in range(3)]
    await succeeded(scene, *rounds, provision(scene, "E110"))


async def test_one_decides_when_clicks_overtake_each_other(scene: Scene) -> None:
    await order(scene, scene.platform, ("push.card",), ("reorder", "duplicate", "reorder"))
    round = Round(scene, "overtaken")
    await scene.say("alice", "restart web-01 reason=overtaken")
    card = await round.card()
    votes = {"bob": "approve", "carol": "reject"}
    async with time_goes_by(scene):
        await asyncio.gather(*(round.click(who, card, vote) for who, vote in votes.items()))
        await round.told((*play.SUCCEEDED, *play.REJECTED))
        await at_rest(scene)
    with scene.reader() as reader:
        vote = reader.votes(1)
    assert len(vote) == 1
    assert votes[vote[0].person] == ("approve" if vote[0].approve else "reject")
    round.runs = int(vote[0].approve)
    if vote[0].approve:
        await round.over(model.State.SUCCEEDED, play.SUCCEEDED)
    else:
        await round.over(model.State.REJECTED, play.REJECTED)


async def test_delivered_again_after_a_restart(scene: Scene) -> None:
    async with time_goes_by(scene):
        rounds = await asyncio.gather(restart(scene, "before"), provision(scene, "E120"))
        await at_rest(scene)
    await scene.end()
    await scene.start()
    for kind in ("push.chat", "push.event"):
        for delivery in await scene.call("deliveries", kind=kind):
            await scene.call("push_again", delivery=delivery["id"])
    await at_rest(scene)
    for round in rounds:
        await round.over(model.State.SUCCEEDED, play.SUCCEEDED)


# ----------------------------------------------------------------------------- what goes out


async def test_sends_that_fail(scene: Scene) -> None:
    apis = (*SENDS[scene.platform], FORMS[scene.platform])
    await order(scene, scene.platform, apis, BROKEN)
    rounds = [restart(scene, f"send-{number}") for number in range(4)]
    await succeeded(scene, *rounds, provision(scene, "E131"), provision(scene, "E132"))


@pytest.mark.parametrize("platform", ["dingtalk"])
async def test_sends_that_fail_after_the_webhook_has_ended(scene: Scene) -> None:
    async def end() -> None:
        await scene.call("expire_webhooks")
        await order(scene, scene.platform, SENDS[scene.platform], BROKEN)

    await succeeded(scene, restart(scene, "late-one", end), restart(scene, "late-two"))


@pytest.mark.parametrize("platform", ["lark"])
async def test_calls_of_the_cloud_that_fail(scene: Scene) -> None:
    await order(scene, "aliyun", CLOUD, BROKEN)
    await succeeded(scene, *(restart(scene, f"cloud-{number}") for number in range(4)))


@pytest.mark.parametrize("platform", ["dingtalk"])
async def test_a_start_that_fails_again_and_again_runs_once(scene: Scene) -> None:
    await order(scene, "aliyun", ("RunCommand",), ("lose_answer", "error"), 8)
    await succeeded(scene, restart(scene, "again-one"), restart(scene, "again-two"))


@pytest.mark.parametrize("platform", ["lark"])
async def test_stopping_that_fails(scene: Scene) -> None:
    await order(scene, "aliyun", ("StopInvocation",), BROKEN)
    async with time_goes_by(scene):
        stops = [stop_midway(scene, f"stop-{number}") for number in range(3)]
        rounds = await asyncio.gather(*stops)
        await at_rest(scene)
    for round in rounds:
        await round.over(model.State.CANCELLED, play.STOPPED)


# ----------------------------------------------------------------------------- who decides


async def test_one_person_with_two_accounts_counts_once(scene: Scene) -> None:
    """Bob presses on his account here and writes from the one on the other platform, all at once;
    it takes a second person all the same."""
    other = play.Play(scene.sandbox, "lark" if scene.platform == "dingtalk" else "dingtalk")
    card = await scene.pending('restart web-01 reason="both of you"')
    with scene.reader() as reader:
        code = reader.request(1).code
    clicks = [scene.click("bob", card, "approve", revision=0) for _ in range(15)]
    texts = [other.say("bob", f"approve 1 {code}") for _ in range(5)]
    answers = await asyncio.gather(*clicks)
    await asyncio.gather(*texts)
    assert all(answer["acked"] for answer in answers)
    await scene.settled()
    with scene.reader() as reader:
        assert [vote.person for vote in reader.votes(1)] == ["bob"]
        assert reader.request(1).state is model.State.PENDING
    assert await scene.runs() == []
    everybody = ["bob", "carol", "dave", "mallory", "alice"]
    crowd = [scene.click(user, card, "approve", revision=0) for user in everybody * 10]
    answers = await asyncio.gather(*crowd)
    assert all(answer["acked"] for answer in answers)
    await scene.card_says(card, play.SUCCEEDED)
    await scene.settled()
    with scene.reader() as reader:
        votes = {vote.person for vote in reader.votes(1)}
        approved = [row for row in reader.chain() if row.action == "request.approved"]
    assert "bob" in votes
    assert len(votes) == 2
    assert len(approved) == len(await scene.runs()) == 1


async def test_nobody_is_reminded_of_what_has_expired(scene: Scene) -> None:
    known = await scene.ids()
    await scene.pending('restart db-01 reason="over lunch"')
    await scene.settled()
    await scene.end()
    await scene.advance(3600)
    await scene.start()
    await scene.told(play.EXPIRED, known, to="alice")
    await scene.settled()
    with scene.reader() as reader:
        assert "request.reminded" not in [row.action for row in reader.chain()]
