"""The demo's stories: those of ``play``, and some that need a rule, a server, or the bot itself."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from sandbox import play
from sandbox.client import Company

EVENTS_TOKEN = "sandbox-events-token"
REQUEST_TAG = "countersign-request"
ALIKE = ("Note", "注意")
"""Lines of a card that name other requests."""
READING = 1.0
"""Seconds that a person reads a card before answering it in words, where there are several bots: by
then each of them knows the message that is quoted."""
HIRED = {"dingtalk": "E200", "lark": "E201"}
RULES = """
[policy.impatient]
approvers = ["role:sre"]
remind = "1s"
expires = "2s"

[[security.pattern]]
regex = "nobody looks"
where = ["text"]
commands = ["restart"]
action = "escalate"
policy = "impatient"
reason = "the demo's story of a request that nobody decides"

[policy.sre-and-owner]
stages = [{{ approvers = ["role:sre"] }}, {{ approvers = ["dave"] }}]

[[policy.when]]
policy = "sre-and-owner"
reason = "the demo's story of two groups"
reason_zh = "演示故事：两方都要同意"
commands = ["restart"]
regex = "both teams"
where = ["text"]

[[oncall]]
name = "duty"
people = ["carol"]
since = 2026-01-05
every = "1w"
at = "09:00"

[policy.escalating]
approvers = ["role:sre"]

[[policy.escalating.ladder]]
after = "1s"

[[policy.escalating.ladder]]
after = "2s"
how = "urgent"
who = ["oncall:duty"]

[[policy.when]]
policy = "escalating"
reason = "the demo's story of an escalation"
reason_zh = "演示故事：升级给值班的人"
commands = ["restart"]
regex = "nobody answers"
where = ["text"]

[command.freeze]
policy = "one-sre"

[command.unfreeze]
policy = "one-sre"

[http]
listen = "127.0.0.1:0"

[[source]]
name = "hr"
path = "/events/hr"
kind = "eventbridge"
token = {{ file = "{secrets}/events-token" }}
only = ["hr.system"]
person = "alice"

[[endpoint]]
name = "payroll"
url = "http://127.0.0.1:{sink}/payroll"
"""
RULES_OF_EACH = """
[[rule]]
name = "hire-{platform}"
when = '$.source == "hr.system" && $.detail-type == "Hire" && $.detail.platform == "{platform}"'

[[rule.target]]
command = "provision"
args = {{ emp_id = "$.detail.emp_id", role = "$.detail.role" }}
group = "hr"
platform = "{platform}"

[[rule]]
name = "hired-{platform}"
[rule.pattern]
source = [{{ prefix = "countersign" }}]
type = ["countersign.run.completed"]
data.InvocationStatus = ["Success"]
data.request.command = ["provision"]
data.request.args.emp_id = ["{employee}"]

[[rule.target]]
robot = "{robot}"
form = "TEMPLATE"
value = {{ who = "$.data.request.args.emp_id" }}
template = '{text}'

[[rule]]
name = "payroll-{platform}"
when = '$.source == "hr.system" && $.detail-type == "Raise" && $.detail.platform == "{platform}"'

[[rule.target]]
endpoint = "payroll"
form = "JSONPATH"
value = "$.detail"
"""
TEXTS = {
    "dingtalk": '{"msgtype": "text", "text": {"content": "Notify: ${who} is set up"}}',
    "lark": '{"msg_type": "text", "content": {"text": "Notify: ${who} is set up"}}',
}
ROBOTS = {"dingtalk": "ops", "lark": "lark-ops"}


def rules(folder: Path, ports: Mapping[str, int]) -> str:
    """What the stories add to the configuration; the sender's token is put beside the secrets."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    (secrets / "events-token").write_text(EVENTS_TOKEN, "utf-8")
    parts = [RULES.format(secrets=secrets, sink=ports["sink"])]
    for platform, employee in HIRED.items():
        facts = {"robot": ROBOTS[platform], "text": TEXTS[platform]}
        parts.append(RULES_OF_EACH.format(platform=platform, employee=employee, **facts))
    return "".join(parts)


class House(Protocol):
    """The bot's process, as stories handle it."""

    @property
    def http(self) -> int:
        """The port on which it takes events."""

    async def kill(self) -> None:
        """SIGKILL."""

    async def start(self) -> None:
        """Start it again, and wait until it is connected to both platforms."""

    async def set_clock(self, seconds: float) -> None:
        """From now on its machine's clock differs by so much from the real one."""


class Half(play.Play):
    """A play on one platform while the same goes on on the other: what ran is what its own requests
    ran, and machines are switched by one story at a time."""

    def __init__(self, sandbox: Company, platform: str, house: House, switch: asyncio.Lock) -> None:
        super().__init__(sandbox, platform, patience=30.0)
        self.house, self.switch = house, switch

    async def say(self, user: str, text: str, **args: Any) -> str:
        if args.get("quote") and len(self.sandbox.ports_of_bots) > 1:
            await asyncio.sleep(READING)
        return await super().say(user, text, **args)

    async def runs(self) -> list[dict[str, Any]]:
        entries = await self.groups()
        lines = [
            line for one in entries if one["from"] == "bot" for line in one["text"].split("\n")
        ]
        mine = {
            n for line in lines if not line.startswith(ALIKE) for n in re.findall(r"#(\d+)", line)
        }
        return [run for run in await super().runs() if run["tags"].get(REQUEST_TAG) in mine]

    async def post(self, kind: str, **detail: str) -> None:
        """The HR system sends an event."""
        detail = {"platform": self.platform, **detail}
        event = {"source": "hr.system", "detail-type": kind, "detail": detail}
        event["id"] = f"{kind}-{self.platform}-{time.time_ns()}"
        await self.tell("event", text=f"{kind} {json.dumps(detail)}")
        url = f"http://127.0.0.1:{self.house.http}/events/hr"
        headers = {"Authorization": f"Bearer {EVENTS_TOKEN}"}
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.post(url, json=event, headers=headers) as answer,
        ):
            told = await answer.text()
            self.check(answer.status in (200, 202), f"the event is taken: {answer.status} {told}")
            await self.tell("answered", status=str(answer.status))


Story = Callable[[Half], Awaitable[None]]


def _switching(story: Story) -> Story:
    async def played(stage: Half) -> None:
        async with stage.switch:
            await story(stage)

    return played


async def new_hire(stage: Half) -> None:
    await play.new_hire(stage, {"dingtalk": "E123", "lark": "E124"}[stage.platform])


async def rule(stage: Half) -> None:
    """An event over HTTP asks for a command, people vote on it, and its end is told by a robot."""
    employee = HIRED[stage.platform]
    known, told = await stage.ids("hr"), await stage.ids("ops")
    await stage.post("Hire", emp_id=employee, role="devops")
    card = await stage.new_card("provision", known, "hr")
    await stage.click("bob", card, "approve")
    await stage.card_says(card, play.SUCCEEDED, "hr")
    await stage.told(f"Notify: {employee} is set up", told)


async def dead_letter(stage: Half) -> None:
    """What a server refuses is kept; once it is back, somebody lets it be sent again."""
    before = len(await stage.sandbox.call("sink", "received", path="/payroll"))
    await stage.tell("down")
    await stage.sandbox.call("sink", "fault", api="/payroll", do="status", status=404)
    await stage.post("Raise", emp_id=HIRED[stage.platform])
    number, deadline = "", time.monotonic() + stage.patience
    while not any(c["status"] == 404 for c in await stage.sandbox.call("sink", "calls")):
        stage.check(time.monotonic() < deadline, "the server has refused it")
        await asyncio.sleep(0.05)
    while not number:
        await asyncio.sleep(0.2)
        stage.check(time.monotonic() < deadline, "the letter is listed")
        known = await stage.ids()
        await stage.say("bob", "dead")
        listed = await stage.told(("dead", "死信", "delivered"), known)
        found = re.search(r"redrive (\d+)", listed["text"])
        number = found[1] if found else ""
    await stage.tell("up")
    await stage.say("bob", f"redrive {number}")
    while len(took := await stage.sandbox.call("sink", "received", path="/payroll")) == before:
        stage.check(time.monotonic() < deadline, "the letter is delivered")
        await asyncio.sleep(0.05)
    stage.check(took[-1]["body"]["emp_id"] == HIRED[stage.platform], f"what came: {took[-1]}")
    await stage.tell("arrived", text=json.dumps(took[-1]["body"]))


SHORT: dict[str, Story] = {
    "new-hire": new_hire,
    "restart": _switching(play.restart),
    "two-groups": _switching(play.two_groups),
    "frozen": _switching(play.frozen),
    "escalated": _switching(play.escalated),
    "rejected": play.rejected,
    "in-words": play.rejected_by_text,
    "cancelled": play.cancelled,
    "stopped": _switching(play.stopped),
    "expired": play.expired,
    "runbook": _switching(play.reboot),
    "runbook-rejected": _switching(play.reboot_rejected),
    "runbook-failing": _switching(play.reboot_failing),
    "rule": rule,
    "dead-letter": _switching(dead_letter),
}
"""By name: those that go on on both platforms without heeding each other."""


async def killed(stages: list[Half]) -> None:
    """The bot is killed while a script runs; started again it tells how that ended."""
    cards, before = [], []
    for stage in stages:
        known = await stage.ids()
        before.append(len(await stage.runs()))
        await stage.say("bob", "run web-03 -- echo begun; sleep 2; echo survived")
        card = await stage.new_card("run", known)
        await stage.click("carol", card, "approve")
        cards.append(card)
    for stage, count in zip(stages, before, strict=True):
        deadline = time.monotonic() + stage.patience
        while len(await stage.runs()) == count:
            stage.check(time.monotonic() < deadline, "the script began")
            await asyncio.sleep(0.03)
    await asyncio.gather(*(stage.tell("kill") for stage in stages))
    await stages[0].house.kill()
    await asyncio.gather(*(stage.tell("again") for stage in stages))
    await stages[0].house.start()
    for stage, card, count in zip(stages, cards, before, strict=True):
        await stage.card_says(card, play.SUCCEEDED)
        ran = len(await stage.runs()) - count
        await stage.tell("ran", count=str(ran))
        stage.check(ran == 1, f"the script ran {ran} times")


async def clock(stages: list[Half]) -> None:
    """Half an hour passes at a stroke: what waits is reminded of and expires, and stays so when the
    clock is set back."""
    cards, known = [], []
    for stage in stages:
        known.append(await stage.ids())
        await stage.say("alice", 'restart web-02 reason="the clock"')
        cards.append(await stage.new_card("restart", known[-1]))
    for minutes in (31, 0):
        size = minutes or -31
        await asyncio.gather(*(stage.tell("clock", minutes=f"{size:+d}") for stage in stages))
        await stages[0].house.set_clock(minutes * 60.0)
        for stage, card, old in zip(stages, cards, known, strict=True):
            await stage.card_says(card, play.EXPIRED)
            await stage.told(play.EXPIRED, old, to="alice")
    for stage, card in zip(stages, cards, strict=True):
        late = await stage.click("bob", card, "approve", revision=0)
        stage.check(play.has(late["said"], play.EXPIRED), f"a late click is told: {late}")


LONG: dict[str, Callable[[list[Half]], Awaitable[None]]] = {"kill-9": killed, "clock": clock}
"""By name: those that do something to the bot, so on both platforms together."""
NAMES = (*SHORT, *LONG)
