"""What must be true in the end, on the sandbox's own records and in the bot's store."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from typing import Any

from bot import store
from sandbox import play, world
from sandbox.client import Sandbox
from tests.crash import crew, crowd, replays, stories

SETTLES = 40.0
PLAN = re.compile(r"申请内容|#!/bin/bash|长0\d\d\d")
"""What only the whole plan holds, where a card has no room for it."""
NEVER = (
    "event.failed", "tell.failed", "card.failed", "run.unclear", "run.unknown", "run.broken",
    "run.tell_failed",
)  # fmt: skip
"""What the audit log must not hold, whatever was killed."""
WORDS = {
    stories.State.SUCCEEDED: play.SUCCEEDED,
    stories.State.FAILED: ("失败", "failed"),
    stories.State.REJECTED: play.REJECTED,
    stories.State.EXPIRED: play.EXPIRED,
    stories.State.CANCELLED: (*play.CANCELLED, *play.STOPPED),
}


def open_ends(location: store.Location) -> str:
    """What the store still has to do; "" when it is at rest."""
    with store.opened(location, readonly=True) as opened, opened.reading() as reader:
        status = reader.status()
        steps = reader.open_steps()
    parts: dict[str, object] = {
        "effects": status.effects,
        "requests": status.requests,
        "steps": steps,
    }
    if status.next_timer is not None:
        parts["timer"] = status.next_timer
    return ", ".join(f"{name}: {value}" for name, value in parts.items() if value)


async def at_rest(bot: crew.Bot) -> None:
    """Wait until nothing is left to do. Raises StoryFailed if something stays for ever."""
    deadline = time.monotonic() + SETTLES
    while True:
        await bot.up()
        left = open_ends(bot.location) or ", ".join(
            d["id"] for d in await bot.platforms.unacknowledged()
        )
        if not left:
            return
        if time.monotonic() > deadline:
            raise play.StoryFailed(f"never done: {left}")
        await asyncio.sleep(crew.LOOK)


async def faults(people: crowd.Crowd, bot: crew.Bot, story: stories.Story) -> list[str]:
    """Everything that is not as it must be, in words."""
    said = await people.transcript("ops") + await people.transcript("hr")
    entries = [entry for entry in said if entry["from"] == "bot" and not is_robots(story, entry)]
    cards = [entry for entry in entries if play.is_request_card(entry)]
    messages = [entry for entry in entries if not play.is_request_card(entry)]
    return [
        *faults_of_requests(bot, story),
        *faults_of_messages(story, messages),
        *faults_of_cards(story, cards),
        *await faults_of_robot(story, people.sandbox),
        *faults_of_runs(story, await people.sandbox.call("aliyun", "invocations")),
        *faults_of_machines(story, await people.power()),
        *await faults_of_oos(story, people.sandbox),
        *replays.faults(bot),
    ]


def faults_of_requests(bot: crew.Bot, story: stories.Story) -> list[str]:
    with store.opened(bot.location, readonly=True) as opened, opened.reading() as reader:
        requests = sorted(reader.recent_requests(100), key=lambda request: request.id)
        chain = reader.verify_audit()
        actions = Counter(row.action for row in reader.chain())
        held = [*reader.connection.execute("SELECT name, request FROM locks")]
    found = [f"audit entry {fault.seq}: {fault.detail}" for fault in chain]
    ends = tuple(request.state for request in requests)
    found += [f"#{number} still has {name}" for name, number in held]
    if ends != story.ends:
        found.append(f"the requests ended {ends}, not {story.ends}")
    for action in NEVER:
        if actions[action]:
            found.append(f"{actions[action]} × {action} in the audit log")
    asked = actions["request.asked"]
    if asked != len(story.ends):
        found.append(f"{asked} requests were taken, not {len(story.ends)}")
    return found


def faults_of_messages(story: stories.Story, messages: list[play.Entry]) -> list[str]:
    """Each thread is told exactly once, and nothing else is said."""
    texts = Counter((entry["chat"], entry["text"]) for entry in messages)
    found = [f"said {n} times: {text[:200]!r}" for (_, text), n in texts.items() if n > 1]
    left = [entry["text"] for entry in messages if not is_plan(entry["text"])]
    for words in story.often:
        left = [text for text in left if not all(word in text for word in words)]
    for words in (*story.told, *story.perhaps):
        matching = [text for text in left if all(word in text for word in words)]
        least = 0 if words in story.perhaps else 1
        if not least <= len(matching) <= 1:
            found.append(f"told {len(matching)} times: {words}")
        left = [text for text in left if text not in matching]
    return found + [f"told beside: {text[:200]!r}" for text in left]


def is_robots(story: stories.Story, entry: play.Entry) -> bool:
    """Did a custom robot of the group say it, for the template?"""
    return bool(story.robot) and entry["text"].startswith(story.robot)


async def faults_of_robot(story: stories.Story, sandbox: Sandbox) -> list[str]:
    """The notification of the template came once, wherever the request was made."""
    group = await sandbox.call("dingtalk", "transcript", chat="ops")
    count = sum(is_robots(story, entry) for entry in group)
    return [] if count == bool(story.robot) else [f"the robot said it {count} times"]


def is_plan(text: str) -> bool:
    """Is it a part of the whole plan, told because the card has no room for it? Other such parts
    name neither the request nor anybody, and none has an outcome's stamp."""
    return bool(PLAN.search(text) and "№" not in text) or not re.search(r"#\d|@", text)


def faults_of_cards(story: stories.Story, cards: list[play.Entry]) -> list[str]:
    """One card per request, and it says how the request ended."""
    found = []
    if len(cards) != len(story.ends):
        found.append(f"{len(cards)} cards of {len(story.ends)} requests")
    for number, end in enumerate(story.ends, 1):
        for card in cards:
            head, _, _ = card["text"].partition("\n")
            if head.startswith(f"#{number} ") and not play.has(head, WORDS[end]):
                found.append(f"card #{number} is not true: {head!r}, it is {end}")
    found += [
        f"a final card has buttons: {card['text'][:60]!r}" for card in cards if card["buttons"]
    ]
    return found


def faults_of_runs(story: stories.Story, invocations: list[dict[str, Any]]) -> list[str]:
    """Every instance of every step was run on exactly once."""
    names = {machine.id: machine.name for machine in world.MACHINES}
    runs: Counter[tuple[str, str]] = Counter()
    for invocation in invocations:
        for result in invocation["results"]:
            runs[invocation["token"], result["instance"]] += result["runs"]
    found = [f"ran {n} times: {key}" for key, n in runs.items() if n != 1]
    ran = sorted(names[instance] for _, instance in runs.elements())
    if ran != sorted(story.runs):
        found.append(f"ran on {ran}, not on {sorted(story.runs)}")
    return found


def faults_of_machines(story: stories.Story, acts: list[dict[str, Any]]) -> list[str]:
    """Each machine was switched exactly as often as the story says."""
    names = {machine.id: machine.name for machine in world.MACHINES}
    found = sorted(f"{act['act']} {names[act['instance']]}" for act in acts)
    return [] if found == sorted(story.acts) else [f"{found} happened, not {sorted(story.acts)}"]


async def faults_of_oos(story: stories.Story, sandbox: Sandbox) -> list[str]:
    """It was started once, and told once what people decided."""
    executions = await sandbox.call("aliyun", "executions")
    tops = [one for one in executions if not one["ParentExecutionId"]]
    said = await sandbox.call("aliyun", "calls", api="NotifyExecution")
    heard = [call for call in said if call["status"] == 200]
    found = []
    if len(tops) != story.executions:
        found.append(f"{len(tops)} executions, not {story.executions}")
    if len(heard) != story.notified:
        found.append(f"OOS was told {len(heard)} times, not {story.notified}")
    return found
