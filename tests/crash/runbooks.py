"""Stories over templates. Where nobody can know whether a call was made, somebody looks at what
happened to the machine, and answers truthfully.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable

from sandbox import play, process
from tests import settings
from tests.crash.crowd import Crowd

LOOK = 0.2
ASKED = re.compile(r"InstanceId: (i-\w+)")
"""How a card names the machine of a call in doubt."""
ONE = "parts/reboot-one.yml"
TABLE = "[command.reboot-with-approval]"

FIND = """
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: ['{{ targets }}']
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
"""
HEAD = """FormatVersion: OOS-2019-06-01
Description: {en: A story of the crash test, zh-cn: 测试}
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
  rateControl:
    Type: Json
    AssociationProperty: RateControl
    Default: {Mode: Concurrency, Concurrency: 2, MaxErrors: 0}
Tasks:"""
FLEET = f"""{HEAD}{FIND}
  - Name: reboot
    Action: ACS::Template
    Properties:
      TemplateName: reboot-one
      Parameters: {{instanceId: '{{{{ ACS::TaskLoopItem }}}}'}}
    Loop:
      Items: '{{{{ find.ids }}}}'
      RateControl: '{{{{ rateControl }}}}'
"""
SCRIPTS = f"""{HEAD}{FIND}
  - Name: touch
    Action: ACS::ECS::RunCommand
    Properties:
      instanceId: '{{{{ ACS::TaskLoopItem }}}}'
      commandType: RunShellScript
      commandContent: echo touched $(hostname)
    Loop:
      Items: '{{{{ find.ids }}}}'
      RateControl: '{{{{ rateControl }}}}'
      Outputs:
        said: {{AggregateType: 'Fn::ListJoin', AggregateField: invocationOutput}}
    Outputs:
      invocationOutput: {{Type: String, ValueSelector: .invocationOutput}}
Outputs:
  said: {{Type: List, Value: '{{{{ touch.said }}}}'}}
"""
CYCLE = f"""{HEAD}
  - Name: nap
    Action: ACS::Sleep
    Properties: {{Duration: PT1S}}{FIND}
  - Name: cycle
    Action: ACS::Template
    Properties:
      TemplateName: cycle-one
      Parameters: {{instanceId: '{{{{ ACS::TaskLoopItem }}}}'}}
    Loop:
      Items: '{{{{ find.ids }}}}'
      RateControl: '{{{{ rateControl }}}}'
"""
CYCLE_ONE = """FormatVersion: OOS-2019-06-01
Description: {en: Stops and starts one instance, zh-cn: 停止并启动}
Parameters:
  instanceId: {Type: String}
Tasks:
  - Name: stop
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StopInstance, Parameters: {InstanceId: '{{ instanceId }}'}}
  - Name: isDown
    Action: ACS::WaitFor
    DelayType: Constant
    Delay: 0.5
    Retries: 60
    Properties: &look
      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: ['{{ instanceId }}']}
      PropertySelector: Instances.Instance[].Status
      DesiredValues: [Stopped]
  - Name: start
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StartInstance, Parameters: {InstanceId: '{{ instanceId }}'}}
  - Name: isUp
    Action: ACS::WaitFor
    DelayType: Constant
    Delay: 0.5
    Retries: 60
    Properties:
      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: ['{{ instanceId }}']}
      PropertySelector: Instances.Instance[].Status
      DesiredValues: [Running]
""".replace(" &look", "")
PAUSING = f"""{HEAD}
  - Name: nap
    Action: ACS::Sleep
    Properties: {{Duration: PT3S}}
  - Name: hold
    Action: ACS::Pause{FIND}
  - Name: reboot
    Action: ACS::Template
    Properties:
      TemplateName: reboot-one
      Parameters: {{instanceId: '{{{{ ACS::TaskLoopItem }}}}'}}
    Loop:
      Items: '{{{{ find.ids }}}}'
      RateControl: '{{{{ rateControl }}}}'
"""
NAMES = ("reboot-fleet", "touch-fleet", "cycle-fleet", "pausing")
CANARY = """
[policy.careful]
approvers = ["role:sre"]
canary = 1

[command.reboot-canary]
policy = "careful"
allowed_targets = ["web-*"]
"""
COMMANDS = "".join(
    f'\n[command.{name}]\npolicy = "one-sre"\nallowed_targets = ["web-*"]\n' for name in NAMES
)


def quick(text: str) -> str:
    """The part of a template that waits for a machine, looking more often."""
    return text.replace("Delay: 5", "Delay: 0.5")


PART = quick((process.ROOT / "commands" / ONE).read_text("utf-8"))
ROLE = {'["restart", "provision", "reboot-with-approval"]': '["*"]'}
HERE = settings.Setting(files={ONE: PART})
OWN = settings.Setting(
    files={
        ONE: PART,
        "reboot-fleet.yml": FLEET,
        "touch-fleet.yml": SCRIPTS,
        "cycle-fleet.yml": CYCLE,
        "parts/cycle-one.yml": CYCLE_ONE,
        "pausing.yml": PAUSING,
        "reboot-canary.yml": FLEET,
    },
    changes=ROLE,
    more=COMMANDS + CANARY,
)
OOS = settings.Setting(
    files={ONE: PART},
    changes={TABLE: f'{TABLE}\nengine = "oos"\nunjudged_calls = "allow"'},
    stored=(ONE,),
)


# ----------------------------------------------------------------------------- doubts


@contextlib.asynccontextmanager
async def minded(people: Crowd) -> AsyncIterator[None]:
    """Meanwhile somebody answers what the bot cannot find out. Raises what went wrong with them."""
    task = asyncio.create_task(_answer_doubts(people))
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        if isinstance(outcome, Exception):
            raise outcome


async def _answer_doubts(people: Crowd) -> None:
    while True:
        for entry in await people.transcript():
            if "retry" in {button["action"] for button in entry["buttons"]}:
                await _answer(people, entry)
        await asyncio.sleep(LOOK)


async def _answer(people: Crowd, card: play.Entry) -> None:
    """Look at the machine that the card names, and say what is true."""
    asked = ASKED.search(card["text"])
    people.check(asked is not None, f"the card says of which machine it is: {card['text']}")
    assert asked is not None
    acts = [act for act in await people.power() if act["instance"] == asked[1]]
    with contextlib.suppress(RuntimeError):  # somebody else's card by now: looked at again
        await people.click("carol", card, "skip" if acts else "retry")


def with_mind(story: Callable[[play.Play], Awaitable[None]]) -> Callable[[Crowd], Awaitable[None]]:
    """The story, with somebody who answers doubts."""

    async def played(people: Crowd) -> None:
        async with minded(people):
            await story(people)

    return played


# ----------------------------------------------------------------------------- the stories


async def approved(people: Crowd, text: str) -> tuple[list[str], play.Entry]:
    """Ask for a template and approve it: what was known before, and the card."""
    known = await people.ids()
    await people.say("alice", text)
    card = await people.new_card(text.split()[0], known)
    await people.click("bob", card, "approve")
    return known, card


async def fleet(people: Crowd) -> None:
    """Two machines at a time."""
    async with minded(people):
        known, card = await approved(people, "reboot-fleet web-01 web-02 web-03")
        await people.card_says(card, play.SUCCEEDED)
        await people.told(play.AUDIT, known, to="alice")


async def scripts(people: Crowd) -> None:
    """A script on each of several machines."""
    known, card = await approved(people, "touch-fleet web-01 web-02 web-03")
    await people.card_says(card, play.SUCCEEDED)
    told = await people.told(play.AUDIT, known, to="alice")
    for name in ("web-01", "web-02", "web-03"):
        people.check(f"touched {name}" in told["text"], f"its output: {told['text']}")


async def cycle(people: Crowd) -> None:
    """It sleeps, stops machines, waits, starts them, waits."""
    async with minded(people):
        known, card = await approved(people, "cycle-fleet web-01 web-02")
        await people.card_says(card, play.SUCCEEDED)
        await people.told(play.AUDIT, known, to="alice")


async def canary(people: Crowd) -> None:
    """After the first machine people vote again, with what became of it in view."""
    async with minded(people):
        known, card = await approved(people, "reboot-canary web-01 web-02")
        await people.card_says(card, play.WAITING)
        second = await people.new_card("web-01: Success", [])
        people.check(len(await people.power()) == 1, "only the first one was rebooted")
        await people.click("carol", second, "approve")
        await people.card_says(card, play.SUCCEEDED)
        await people.told(play.AUDIT, known, to="alice")


async def pausing(people: Crowd) -> None:
    """Somebody pauses it while it sleeps, and it pauses itself; each time it is resumed."""
    async with minded(people):
        known, card = await approved(people, "pausing web-01 web-02")
        await press(people, card, "pause")
        more = True
        while more:
            more = await press(people, card, "resume")
        await people.card_says(card, play.SUCCEEDED)
        await people.told(play.AUDIT, known, to="alice")


async def press(people: Crowd, card: play.Entry, action: str) -> bool:
    """Press a button as soon as the card offers it. False: it has ended, or has gone on by itself
    while the bot was dead."""

    def offered(entries: list[play.Entry]) -> tuple[play.Entry, bool] | None:
        for entry in entries:
            if entry["id"] == card["id"]:
                actions = {button["action"] for button in entry["buttons"]}
                passed = play.has(entry["text"], play.SUCCEEDED) or "resume" in actions
                if action in actions or passed:
                    return entry, action in actions
        return None

    found, there = await people.until(f"the card offering {action}", offered)
    if there:
        with contextlib.suppress(RuntimeError):  # it went on at this very moment: looked at again
            await people.click("alice", found, action)
    return bool(there)


DOUBT = ("#1", "无法确认这次调用")
"""Words of the question about a call of which nobody knows: as often as there is such a call."""
