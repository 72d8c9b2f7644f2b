"""The short stories of a history. Many go on at once in one group, so each has a tag, which stands
in what is asked for; people press until they are answered, and see nothing but the groups."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

from bot import model
from sandbox import play, stories
from tests.chaos.fleet import Fleet
from tests.crash import crowd, runbooks

State = model.State
AWAY = "离线期间通过"
"""Words of a card that asks about a form which was agreed to in an absence."""


@dataclass(slots=True)
class Ending:
    """What must have happened in the end. ``tag``: words of the card. ``runs``: the instances on
    which a script ran once, ``acts`` the same of machines. ``approved``: when the first click
    agreed, in seconds since 1970, None: nobody did. ``posted``: the events that were sent over
    HTTP, which the company's server must have got. ``robot``: words that a robot must have said
    once."""

    platform: str
    tag: str
    state: State | None
    chat: str = "ops"
    runs: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    approved: float | None = None
    posted: list[str] = field(default_factory=list)
    robot: str = ""


class People(crowd.Crowd):
    """The people of one platform during one scene."""

    def __init__(self, fleet: Fleet, platform: str, tag: str, chance: random.Random) -> None:
        super().__init__(fleet.sandbox, platform, fleet)
        self.fleet, self.tag, self.chance = fleet, tag, chance

    async def pause(self) -> None:
        """People take their time."""
        await asyncio.sleep(self.chance.uniform(0.0, 0.8))

    async def card(self, words: str = "", chat: str = "ops") -> play.Entry:
        """This scene's card, which offers to agree."""
        return await self.new_card(words or self.tag, [], chat)

    async def agree(self, ending: Ending, card: play.Entry, *users: str) -> None:
        """All of them press at once, and the first one twice."""
        await self.pause()
        if ending.approved is None:
            ending.approved = time.time()
        pressed = (self.press(user, card, "approve") for user in (*users, users[0]))
        await asyncio.gather(*pressed)

    async def press(self, user: str, card: play.Entry, action: str) -> None:
        """Press until it is answered, or until the button is gone."""
        try:
            await self.click(user, card, action)
        except RuntimeError as refused:
            if "no button" not in str(refused):
                raise

    async def post(self, kind: str, **detail: str) -> str:
        """The HR system sends an event until somebody has taken it; returns its id."""
        detail = {"platform": self.platform, **detail}
        id = f"{kind}-{self.tag}"
        event = {"source": "hr.system", "detail-type": kind, "detail": detail, "id": id}
        headers = {"Authorization": f"Bearer {stories.EVENTS_TOKEN}"}
        deadline = time.monotonic() + self.patience
        async with aiohttp.ClientSession(
            trust_env=False, timeout=aiohttp.ClientTimeout(3.0)
        ) as session:
            while time.monotonic() < deadline:
                port = self.chance.choice([one.http for one in self.fleet.replicas])
                try:
                    url = f"http://127.0.0.1:{port}/events/hr"
                    async with session.post(url, json=event, headers=headers) as answer:
                        if answer.status in (200, 202):
                            return id
                        self.check(answer.status in (429, 503), f"answered {answer.status}")
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.1)
        raise play.StoryFailed("nobody took the event")


async def approved(people: People) -> Ending:
    """Asked, agreed to by two at once, of whom one is enough, and run."""
    ending = Ending(people.platform, people.tag, State.SUCCEEDED, runs=("web-01",))
    await people.say("alice", f'restart web-01 reason="{people.tag}"')
    card = await people.card()
    await people.agree(ending, card, "bob", "carol")
    await people.card_says(card, play.SUCCEEDED)
    return ending


async def two_groups(people: People) -> Ending:
    """It takes an SRE and the owner; a second SRE counts for nobody else."""
    ending = Ending(people.platform, people.tag, State.SUCCEEDED, runs=("web-01",))
    await people.say("alice", f'restart web-01 reason="both teams {people.tag}"')
    card = await people.card()
    await people.agree(ending, card, "bob", "carol")
    await people.agree(ending, card, "dave")
    await people.card_says(card, play.SUCCEEDED)
    return ending


async def frozen(people: People) -> Ending:
    """A freeze, of what nobody asks for, is agreed to: no call leaves the bot."""
    ending = Ending(people.platform, people.tag, State.SUCCEEDED)
    await people.say("bob", f"freeze reboot-fleet for 3h {people.tag}")
    card = await people.card()
    await people.agree(ending, card, "carol")
    await people.card_says(card, play.SUCCEEDED)
    return ending


async def failing(people: People) -> Ending:
    """It takes the other approver, too, and fails."""
    ending = Ending(people.platform, people.tag, State.FAILED, runs=("web-01", "hr-01"))
    await people.say("bob", f"run web-01 hr-01 -- echo {people.tag} >&2; exit 7")
    card = await people.card()
    await people.agree(ending, card, "carol")
    await people.card_says(card, play.FAILED)
    return ending


async def rejected(people: People) -> Ending:
    """One agrees too late."""
    await people.say("alice", f'restart web-01 reason="{people.tag}"')
    card = await people.card()
    await people.pause()
    await people.press("bob", card, "reject")
    await people.press("carol", card, "approve")
    await people.card_says(card, play.REJECTED)
    return Ending(people.platform, people.tag, State.REJECTED)


async def cancelled(people: People) -> Ending:
    """Whoever asked takes it back, by its number."""
    await people.say("alice", f'restart web-01 reason="{people.tag}"')
    card = await people.card()
    found = re.search(r"#(\d+)", card["text"])
    people.check(found, "the card has a number")
    assert found is not None
    await people.pause()
    await people.say("alice", f"cancel {found[1]}")
    await people.card_says(card, play.CANCELLED)
    return Ending(people.platform, people.tag, State.CANCELLED)


async def expired(people: People) -> Ending:
    """Nobody decides."""
    await people.say("alice", f'restart db-01 reason="nobody looks {people.tag}"')
    card = await people.card()
    await people.card_says(card, play.EXPIRED)
    return Ending(people.platform, people.tag, State.EXPIRED)


async def by_form(people: People) -> Ending:
    """An OA form that was agreed to. A bot that may have been away for long, as far as its clock
    could tell, asks once more."""
    await people.call(
        "form",
        user="alice",
        fields={"emp_id": people.tag, "role": "devops"},
        approvers=["bob"],
        decision="agree",
    )
    ending = Ending(people.platform, people.tag, State.SUCCEEDED, "hr", ("hr-01",))
    ending.approved = 0.0

    def seen(entries: list[play.Entry]) -> play.Entry | None:
        mine = [entry for entry in entries if people.tag in entry["text"]]
        told = [entry for entry in mine if play.AUDIT in entry["text"]]
        asking = [entry for entry in mine if entry["buttons"] and AWAY in entry["text"]]
        return next(iter(told + asking), None)

    entry = await people.until("the outcome of the form, or its card", seen, "hr")
    if entry["buttons"]:
        await people.agree(ending, entry, "bob")
        await people.card_says(entry, play.SUCCEEDED, "hr")
    return ending


async def by_event(people: People) -> Ending:
    """An event over HTTP asks for a command; its end is an event that a robot tells."""
    employee = stories.HIRED[people.platform]
    ending = Ending(people.platform, employee, State.SUCCEEDED, "hr", ("hr-01",))
    await people.post("Hire", emp_id=employee, role="devops")
    card = await people.card(employee, "hr")
    await people.agree(ending, card, "bob")
    await people.card_says(card, play.SUCCEEDED, "hr")
    ending.robot = f"Notify: {employee} is set up"
    return ending


async def delivered(people: People) -> Ending:
    """An event over HTTP is passed on to a server."""
    ending = Ending(people.platform, people.tag, None)
    ending.posted.append(await people.post("Raise", emp_id=people.tag))
    return ending


async def rebooted(people: People) -> Ending:
    """A template, which asks once more before it touches a machine."""
    ending = Ending(
        people.platform,
        "reboot-with-approval",
        State.SUCCEEDED,
        acts=("reboot web-02", "reboot web-03"),
    )
    await people.say("alice", "reboot-with-approval web-02 web-03 rateControl=1")
    async with runbooks.minded(people):
        card = await people.card("reboot-with-approval")
        await people.agree(ending, card, "bob")
        await people.card_says(card, play.WAITING)
        second = await people.new_card("agree", [])
        await people.press("carol", second, "approve")
        await people.card_says(card, play.SUCCEEDED)
    return ending


async def canary(people: People) -> Ending:
    """After the first machine people vote again."""
    ending = Ending(
        people.platform,
        "reboot-canary",
        State.SUCCEEDED,
        acts=("reboot web-02", "reboot web-03"),
    )
    await people.say("alice", "reboot-canary web-02 web-03")
    async with runbooks.minded(people):
        card = await people.card("reboot-canary")
        await people.agree(ending, card, "bob")
        second = await people.new_card("web-02: Success", [])
        await people.press("carol", second, "approve")
        await people.card_says(card, play.SUCCEEDED)
    return ending


Scene = Callable[[People], Awaitable[Ending]]
OFTEN: dict[str, Scene] = {
    "approved": approved,
    "two_groups": two_groups,
    "frozen": frozen,
    "failing": failing,
    "rejected": rejected,
    "cancelled": cancelled,
    "expired": expired,
    "by_form": by_form,
    "delivered": delivered,
}
"""Those that may be played several times at once."""
ONCE: dict[str, Scene] = {"by_event": by_event}
"""Once on each platform."""
SWITCHING: dict[str, Scene] = {"rebooted": rebooted, "canary": canary}
"""They reboot the same machines: one in a history."""
SCENES = {**OFTEN, **ONCE, **SWITCHING}


@dataclass(frozen=True, slots=True)
class Cue:
    """A scene begins ``at`` so many seconds of the history."""

    at: float
    scene: str
    platform: str
    tag: str

    def __str__(self) -> str:
        return f"{self.at:.1f} s: {self.scene} on {self.platform} as {self.tag}"


def plan(chance: random.Random, seed: int, length: float) -> list[Cue]:
    """The scenes of a history: six to nine, on both platforms."""
    names = [chance.choice(sorted(OFTEN)) for _ in range(chance.randint(4, 6))]
    wanted = [(name, chance.choice(("dingtalk", "lark"))) for name in names]
    wanted.append(("approved", chance.choice(("dingtalk", "lark"))))
    wanted += [
        (name, platform)
        for name in ONCE
        for platform in ("dingtalk", "lark")
        if chance.random() < 0.35
    ]
    if chance.random() < 0.5:
        wanted.append((chance.choice(sorted(SWITCHING)), chance.choice(("dingtalk", "lark"))))
    cues = [
        Cue(round(chance.uniform(0.0, length), 2), name, platform, f"E{seed:05}{number:02}")
        for number, (name, platform) in enumerate(wanted)
    ]
    return sorted(cues, key=lambda cue: cue.at)


async def played(fleet: Fleet, cues: list[Cue], seed: int) -> list[Ending]:
    """Play them, each at its time."""
    began = asyncio.get_running_loop().time()

    async def one(cue: Cue) -> Ending:
        await asyncio.sleep(max(0.0, began + cue.at - asyncio.get_running_loop().time()))
        chance = random.Random(f"{seed} {cue.tag}")
        return await SCENES[cue.scene](People(fleet, cue.platform, cue.tag, chance))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(cue)) for cue in cues]
    return [task.result() for task in tasks]
