"""What must be true in the end: what the outside saw, against what the store holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot import model, store
from bot.store.sql import queries
from bot.store.sql.check import bodies, chain, invariants
from sandbox import play, process, stories, world
from tests.chaos.fleet import Fleet
from tests.chaos.scenes import Ending
from tests.crash import truth

MACHINES = {machine.id: machine.name for machine in world.MACHINES}
END = re.compile(r"#(\d+) [\w-]+ (执行成功|已生效|执行失败|已拒绝（|已取消（|已停止|已过期)")
"""How the message begins that tells a thread the end."""
WORDS = {
    model.State.SUCCEEDED: ("执行成功", "已生效"),
    model.State.FAILED: ("执行失败",),
    model.State.REJECTED: ("已拒绝（",),
    model.State.EXPIRED: ("已过期",),
    model.State.CANCELLED: ("已取消（", "已停止"),
}
MISSING = "missing"
UNCLEAR = ("tell.failed", "card.failed", "card.unclear")
"""What the audit log holds where nobody knows whether the platform took a message."""
UNKNOWN = """
SELECT key FROM outbox
WHERE state = 'unknown' OR (state = 'done' AND outcome LIKE '%"doubtful": true%')
"""
OUTBOX = """
SELECT id, key, lane, state, doubt, attempts, created_at, claimed_at, settled_at, outcome
FROM outbox ORDER BY id
"""
NEVER = tuple(action for action in truth.NEVER if action not in UNCLEAR)
WINDOW, MOST, SLACK = 2.0, 12, 0.4
"""The budgets of ``fleet.BUDGETS``: so many calls in so many seconds; calls that left in time may
reach the platform so many seconds closer together."""
THROTTLED = {"dingtalk": (429, 403), "lark": (429,)}
SENDING = re.compile(
    r"^(?:/v1\.0/card/|PUT /v1\.0/card/|/v1\.0/robot/|/robot/sendBySession|session|im/v1/)"
)


@dataclass(slots=True)
class Facts:
    """What is looked at: requests, the audit log, findings of the check; what stands in the groups
    by platform; what the machines did; the calls of each party. ``unclear``: by request, of how
    many messages nobody knows whether they arrived, as of one bot alone, too; ``failed``: those
    that the platform refused."""

    requests: list[model.Request] = field(default_factory=list)
    votes: dict[int, tuple[model.Vote, ...]] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    groups: dict[str, list[play.Entry]] = field(default_factory=dict)
    invocations: list[dict[str, Any]] = field(default_factory=list)
    power: list[dict[str, Any]] = field(default_factory=list)
    calls: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    received: list[dict[str, Any]] = field(default_factory=list)
    letters: list[model.Letter] = field(default_factory=list)
    unclear: Counter[int] = field(default_factory=Counter)
    failed: list[model.AuditRow] = field(default_factory=list)

    def entries(self) -> Iterator[tuple[str, play.Entry]]:
        """Everything that the bot said, with the platform."""
        for platform, entries in self.groups.items():
            for entry in entries:
                if entry["from"] == "bot":
                    yield platform, entry


async def gather(fleet: Fleet) -> Facts:
    """Look at everything, once all is at rest."""
    facts = Facts()
    with store.opened(fleet.location, readonly=True) as opened, opened.reading() as reader:
        facts.requests = sorted(reader.recent_requests(200), key=lambda request: request.id)
        facts.votes = {one.id: reader.votes(one.id) for one in facts.requests}
        facts.findings = [f"audit entry {one.seq}: {one.detail}" for one in reader.verify_audit()]
        facts.letters = [letter for letter in reader.letters() if letter.dead]
        rows = list(reader.chain())
        facts.actions = Counter(row.action for row in rows)
        unknown = {key for (key,) in reader.connection.execute(UNKNOWN)}
        for row in rows:
            if row.action == "card.unclear" or row.facts.get("effect") in unknown:
                facts.unclear[row.request] += 1
            elif row.action in UNCLEAR:
                facts.failed.append(row)
        facts.findings += checked(reader)
    for platform in process.PLATFORMS:
        facts.groups[platform] = await play.Play(fleet.sandbox, platform).groups()
        facts.calls[platform] = await fleet.sandbox.call(platform, "calls")
    facts.invocations = await fleet.sandbox.call("aliyun", "invocations")
    facts.power = await fleet.sandbox.call("aliyun", "power")
    facts.received = await fleet.sandbox.call("sink", "received", path="/payroll")
    return facts


def checked(reader: store.Reader) -> list[str]:
    """What ``python -m bot store check`` finds in what a store holds."""
    connection = reader.connection
    connection.execute(reader.snapshot)
    try:
        return [
            f"store check: {finding}"
            for part in (bodies.findings, chain.findings, invariants.findings)
            for finding in part(connection)
        ]
    finally:
        connection.execute(queries.ROLLBACK)


def left(fleet: Fleet) -> list[str]:
    """The rows of the outbox and the audit log, for whoever looks for what went wrong."""
    with store.opened(fleet.location, readonly=True) as opened, opened.reading() as reader:
        rows = [str(row) for row in reader.connection.execute(OUTBOX)]
        return rows + [
            f"{row.at} {row.action} #{row.request} {row.facts}" for row in reader.chain()
        ]


def faults(facts: Facts, endings: Sequence[Ending]) -> list[str]:
    """Everything that is not as it must be, in words."""
    return [
        *facts.findings,
        *(f"{n} × {one} in the audit log" for one in NEVER if (n := facts.actions[one])),
        *(f"{row.action} of #{row.request}: {row.facts}" for row in facts.failed),
        *of_endings(facts, endings),
        *of_runs(facts),
        *of_votes(facts),
        *of_messages(facts),
        *of_cards(facts),
        *of_limits(facts),
    ]


def request_of(facts: Facts, ending: Ending) -> list[model.Request]:
    """The requests that a scene made."""
    return [
        one
        for one in facts.requests
        if ending.tag in f"{one.command} {one.text} {one.args}"
        and one.place.platform == ending.platform
    ]


def of_endings(facts: Facts, endings: Sequence[Ending]) -> list[str]:
    """None was lost, none was made twice, each ended as its scene did, and ran what it had to."""
    found = []
    asked = 0
    for ending in endings:
        name = f"{ending.tag} on {ending.platform}"
        if ending.state is not None:
            asked += 1
            requests = request_of(facts, ending)
            if len(requests) != 1:
                found.append(f"{name}: {len(requests)} requests")
                continue
            found += of_ending(facts, ending, requests[0], name)
        found += of_deliveries(facts, ending)
    missing = found.count(MISSING)
    found = [line for line in found if line != MISSING]
    if missing > len(facts.letters):
        found.append(f"{missing} deliveries are lost")
    found += [
        f"dead letter {letter.number}: {letter.state}, {letter.reason}"
        for letter in facts.letters
        if letter.state != "unknown"
    ]
    if len(facts.requests) != asked:
        found.append(f"{len(facts.requests)} requests, not {asked}")
    return found


def of_deliveries(facts: Facts, ending: Ending) -> list[str]:
    """What was delivered, once. ``MISSING`` is what must be among the dead letters: where nothing
    would recognise a second try, nobody knows whether it arrived when the bot was killed."""
    found = []
    for id in ending.posted:
        keys = {one["key"] for one in facts.received if one["body"]["emp_id"] == ending.tag}
        if len(keys) != 1:
            found.append(f"{id}: the server got it under {len(keys)} keys" if keys else MISSING)
    if ending.robot:
        count = sum(ending.robot in entry["text"] for _, entry in facts.entries())
        if count != 1:
            found.append(MISSING if not count else f"said {count} times: {ending.robot}")
    return found


def of_ending(facts: Facts, ending: Ending, request: model.Request, name: str) -> list[str]:
    found = []
    if request.state is not ending.state:
        found.append(f"{name}: #{request.id} ended {request.state}, not {ending.state}")
    mine = [one for one in facts.invocations if one["tags"][stories.REQUEST_TAG] == str(request.id)]
    ran = sorted(MACHINES[each["instance"]] for one in mine for each in one["results"])
    if ran != sorted(ending.runs):
        found.append(f"{name}: #{request.id} ran on {ran}, not on {sorted(ending.runs)}")
    early = [one for one in mine if ending.approved is None or one["created"] < ending.approved]
    if early:
        found.append(f"{name}: #{request.id} ran before anybody agreed")
    if ending.acts:
        acts = sorted(f"{act['act']} {MACHINES[act['instance']]}" for act in facts.power)
        if acts != sorted(ending.acts):
            found.append(f"{name}: {acts} happened, not {sorted(ending.acts)}")
    return found


def of_runs(facts: Facts) -> list[str]:
    """Nothing ran twice: under one token once on each instance."""
    runs: Counter[tuple[str, str]] = Counter()
    for invocation in facts.invocations:
        for result in invocation["results"]:
            runs[invocation["token"], result["instance"]] += result["runs"]
    return [f"ran {n} times: {key}" for key, n in runs.items() if n != 1]


def of_votes(facts: Facts) -> list[str]:
    """Nobody's vote stands twice on one plan or ballot."""
    found = []
    for number, votes in facts.votes.items():
        counts = Counter((vote.person, vote.digest) for vote in votes)
        found += [f"#{number}: {n} votes of {who}" for (who, _), n in counts.items() if n > 1]
    return found


def of_messages(facts: Facts) -> list[str]:
    """Each thread is told the end once, by what is true; nothing is said twice."""
    texts: Counter[tuple[str, str, str]] = Counter()
    ends: dict[int, list[str]] = {}
    for platform, entry in facts.entries():
        if play.is_request_card(entry):
            continue
        texts[platform, entry["chat"], entry["text"]] += 1
        if (end := END.search(entry["text"])) is not None:
            ends.setdefault(int(end[1]), []).append(end[2])
    found = [f"said {n} times: {text[:200]!r}" for (_, _, text), n in texts.items() if n > 1]
    for request in facts.requests:
        said = ends.get(request.id, [])
        doubts = facts.unclear[request.id]
        enough = len(said) == 1 or (doubts and len(said) <= 1 + doubts)
        if not enough or any(one not in WORDS.get(request.state, ()) for one in said):
            found.append(f"#{request.id} is {request.state}, and its thread was told {said}")
    return found


def of_cards(facts: Facts) -> list[str]:
    """One card for each request, and it says how that ended."""
    cards: dict[int, list[play.Entry]] = {}
    found = []
    for _, entry in facts.entries():
        if play.is_request_card(entry):
            number = re.search(r"#(\d+)", play.title(entry))
            cards.setdefault(int(number[1]) if number else 0, []).append(entry)
    for request in facts.requests:
        mine = cards.pop(request.id, [])
        if not 1 <= len(mine) <= 1 + facts.unclear[request.id]:
            found.append(f"{len(mine)} cards of #{request.id}")
        mine = mine[-1:]  # an earlier one of which nobody knew is put right when it is clicked
        for card in mine:
            if not play.has(play.title(card), truth.WORDS.get(request.state, ())):
                found.append(f"card #{request.id} is not true: {play.title(card)!r}")
            if card["buttons"]:
                found.append(f"the final card #{request.id} has buttons")
    return found + [f"a card of no request: #{number}" for number in cards]


def of_limits(facts: Facts) -> list[str]:
    """No platform had to refuse a call, and the budgets hold for all replicas together."""
    found = []
    for platform, calls in facts.calls.items():
        refused = [
            one for one in calls if one["status"] in THROTTLED[platform] and not one.get("fault")
        ]
        found += [f"{platform} refused {one['api']}: {one['code']}" for one in refused]
        times = [one["at"] for one in calls if SENDING.search(one["api"])]
        most = densest(times, WINDOW - SLACK)
        if most > MOST:
            found.append(f"{most} calls of {platform} within {WINDOW - SLACK} s, not {MOST}")
    return found


def densest(times: Sequence[float], window: float) -> int:
    """The most moments within any so many seconds."""
    most, first = 0, 0
    ordered = sorted(times)
    for last, at in enumerate(ordered):
        while ordered[first] <= at - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def summary(facts: Facts) -> Mapping[str, int]:
    """How much was looked at."""
    return {
        "requests": len(facts.requests),
        "runs": len(facts.invocations),
        "messages": sum(1 for _ in facts.entries()),
        "doubts": len(facts.letters) + facts.unclear.total(),
        "calls": sum(len(calls) for calls in facts.calls.values()),
    }
