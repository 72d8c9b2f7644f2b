"""Everybody presses everything at once, by every kind of policy: it runs once, and only where the
people who agreed are those whom the policy takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from bot import model
from sandbox import play
from tests.behaviour.conftest import Scene
from tests.behaviour.test_authority import edited, runs
from tests.behaviour.test_calendar import HOURS, with_freeze
from tests.behaviour.test_stages import APPROVERS, DAVE, MODE

EVERYBODY = ("bob", "carol", "dave", "mallory", "alice")
ROUNDS = 4
"""Whoever was told to read first, or that it is not their turn, presses again."""
SRE = '{ approvers = ["bob", "carol"] }'
THREE = 'approvers = ["bob", "carol", "dave"] #'
TABLE = """
[[policy.when]]
policy = "every-sre"
reason = "a storm"
commands = ["restart"]
"""
ROTA = """
[[oncall]]
name = "sre"
people = ["carol"]
since = 2026-01-05
every = "1w"

[role.sre]"""
RUN = 'policy = "every-sre"\nrisk = "critical"'
LONG = "; ".join(f"echo step {number} of the storm" for number in range(150))
"""No card holds so much."""


@dataclass(frozen=True)
class Kind:
    """``policy`` and ``mode`` stand in place of two lines of the file. ``agreeing``: sets of
    people, one of which must have agreed as a whole for it to run; ``order``: in this order.
    ``before``: what bob says before."""

    policy: str
    mode: str
    agreeing: Sequence[frozenset[str]]
    changes: Sequence[tuple[str, str]] = ()
    order: Sequence[str] = ()
    text: str = "restart web-01 reason=storm"
    frozen: bool = False
    before: str = ""


def sets(*names: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(each.split()) for each in names)


ANY = sets("bob", "carol", "dave")
PAIRS = sets("bob carol", "bob dave", "carol dave")
KINDS: Mapping[str, Kind] = {
    "any": Kind(THREE, 'mode = "any" #', ANY),
    "count": Kind(THREE, 'mode = "count"\ncount = 2 #', PAIRS),
    "all": Kind(THREE, 'mode = "all" #', sets("bob carol dave")),
    "sequence": Kind(
        THREE, 'mode = "sequence" #', sets("bob carol dave"), order=("bob", "carol", "dave")
    ),
    "stages": Kind(
        f'stages = [{SRE}, {{ approvers = ["carol", "dave"] }}] #', 'order = "any" #', PAIRS
    ),
    "stages in order": Kind(
        'stages = [{ approvers = ["bob", "carol"], mode = "all" }, { approvers = ["dave"] }] #',
        'order = "sequence" #',
        sets("bob carol dave"),
    ),
    "rejections": Kind(THREE, 'mode = "count"\ncount = 2\nrejections = 2 #', PAIRS),
    "owner by tag": Kind(
        f'stages = [{SRE}, {{ approvers = ["tag:tier"] }}] #',
        'order = "any" #',
        sets("bob carol dave"),  # databases take every SRE besides
        [(DAVE, f'ram = "db"\n{DAVE}')],
        text="restart db-01 service=mysql reason=storm",
    ),
    "table": Kind(
        THREE, 'mode = "any" #', sets("bob carol"), [("[role.sre]", f"{TABLE}[role.sre]")]
    ),
    "on call": Kind(
        'approvers = ["oncall:sre"] #', 'mode = "any" #', sets("carol"), [("[role.sre]", ROTA)]
    ),
    "stand-in": Kind(
        'approvers = ["bob"]\ndelegates = ["dave"] #',
        'mode = "any" #',
        sets("bob", "dave"),
        before="away until Monday delegate dave",
    ),
    "freeze": Kind(THREE, 'mode = "count"\ncount = 2 #', PAIRS, frozen=True),
    "plan to read": Kind(
        THREE,
        'mode = "count"\ncount = 2 #',
        PAIRS,
        [('"reboot-with-approval"]', '"run"]'), (RUN, RUN.replace("every-sre", "one-sre"))],
        text=f"run web-01 -- {LONG}",
    ),
}


async def press(scene: Scene, card: play.Entry, both: bool, revision: int = 0) -> None:
    """Ten clicks of each, on a drawing of the card, as if nobody had seen a later one."""
    clicks = [
        scene.click(user, card, "reject" if both and number % 2 else "approve", revision=revision)
        for number, user in enumerate(EVERYBODY * 10)
    ]
    assert all(answer["acked"] for answer in await asyncio.gather(*clicks))


async def stormed(
    scene: Scene, kind: Kind, both: bool
) -> tuple[play.Entry, model.Request, set[str]]:
    """The card and the request after the storm, and who agreed to it: once each, and in turn."""
    await edited(scene, (APPROVERS, kind.policy), (MODE, kind.mode), *kind.changes)
    if kind.frozen:
        await with_freeze(scene)
    if kind.before:
        known = await scene.ids()
        await scene.say("bob", kind.before)
        await scene.told(("Dave", "dave"), known)
    card = await scene.pending(kind.text)
    for _ in range(ROUNDS):
        await press(scene, card, both)
        await scene.settled()
        with scene.reader() as reader:
            request, votes = reader.request(1), reader.votes(1)
        assert request is not None
        if request.state not in (model.State.PENDING, model.State.PLANNING):
            break
    people = [vote.person for vote in votes if vote.digest == request.digest]
    assert len(people) == len(set(people)), people
    agreed = [vote.person for vote in votes if vote.approve]
    if kind.order:
        assert agreed == list(kind.order[: len(agreed)])
    return card, request, set(agreed)


@pytest.mark.slow
@pytest.mark.parametrize("both", [False, True], ids=["approve", "both"])
@pytest.mark.parametrize("name", KINDS)
async def test_what_runs_has_its_votes_and_runs_once(scene: Scene, name: str, both: bool) -> None:
    kind = KINDS[name]
    card, request, agreed = await stormed(scene, kind, both)
    enough = any(each <= agreed for each in kind.agreeing)
    if kind.frozen and enough:
        assert request.scheduled
        assert not await runs(scene)
        await scene.advance(HOURS * 3600 + 60)
    if not both:
        assert enough, (request.state, agreed)
    if request.state in (model.State.REJECTED, model.State.PENDING):
        assert not await runs(scene)
        return
    assert enough, (request.state, agreed)
    await scene.card_says(card, play.SUCCEEDED)
    await scene.settled()
    assert await runs(scene) == 1


@pytest.mark.slow
async def test_what_stands_on_one_card_runs_once_each(scene: Scene) -> None:
    await edited(scene, (APPROVERS, THREE), (MODE, 'mode = "count"\ncount = 2\nbatch = "1m" #'))
    card = await scene.pending("restart web-01 reason=storm")
    await scene.say("alice", "restart web-02 reason=storm")
    await scene.settled()
    shown = await scene.card_says(card, ("web-02",))
    for _ in range(2):  # the first of each brings them the plan, where the card does not hold it
        await press(scene, shown, both=False, revision=len(shown["history"]))
        await scene.settled()
    await scene.card_says(card, play.SUCCEEDED)
    await all_end(scene, 2)
    assert await runs(scene) == 2


@pytest.mark.slow
async def test_two_on_one_machine_run_one_after_the_other(scene: Scene) -> None:
    lock = ("[command.restart]", '[command.restart]\nlock = "queue"')
    await edited(scene, (APPROVERS, THREE), lock)
    cards = [await scene.pending(f"restart web-01 reason=storm-{number}") for number in (1, 2)]
    await asyncio.gather(*(press(scene, card, both=False) for card in cards))
    for card in cards:
        await scene.card_says(card, play.SUCCEEDED)
    await all_end(scene, 2)
    with scene.reader() as reader:
        entries = [row.action for row in reader.chain() if row.action.startswith("run.")]
    assert entries == ["run.started", "run.finished"] * 2


async def all_end(scene: Scene, count: int) -> None:
    """So many requests have ended, all of them well."""
    await scene.settled()
    with scene.reader() as reader:
        states = [one.state for one in reader.recent_requests(10)]
    assert states == [model.State.SUCCEEDED] * count
