"""What an undisturbed story leaves behind, word for word: what people see in the groups, what the
audit log holds, and what the cloud was asked to do. It is compared with what was recorded.

``make transcripts`` plays every story and compares. With ARGS=--record it writes what a change is
meant to change; the difference is to be read before it is committed. Times, durations and what is
drawn at random are blanked. The parts are compared as a set, since messages of different threads
may change places.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any, Literal

from bot import store
from sandbox import play
from tests.crash import crew, crowd

Use = Literal["no", "compare", "record"]
FOLDER = Path(__file__).resolve().parent.parent / "payloads" / "transcripts"
READS = re.compile(r"Describe|List|Get|token|oauth", re.IGNORECASE)
"""Calls that change nothing: how often they are made is a matter of time."""
VARYING = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"\b\d\d-\d\d \d\d:\d\d(:\d\d)?\b", "<time>"),
    (r"\b\d\d:\d\d(:\d\d)?\b", "<time>"),
    (r"(不到 |less than )?\b\d+(\.\d+)? ?(ms|s|秒|毫秒)(?![a-z])", "<duration>"),
    (r"\b[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\b", "<uuid>"),
    (r"№ ?[\w-]+", "№<stamp>"),
    (r"127\.0\.0\.1:\d+", "<address>"),
    (r"/tmp/[^\s\"',]+", "<path>"),
    (r"\b(om|oc|omt|cli|t|c|exec|msg|cid|f)[-_][0-9A-Za-z+/=-]{8,}", r"<\1>"),
    (r"\b[0-9a-f]{12,}(-\d+-\d+-\d+)?\b", "<hex>"),
    (r"\b[0-9a-f]{8}\b", "<code>"),
    (r"\b1\d{9}\b", "<seconds>"),
)  # fmt: skip
FACTS = frozenset({
    "policy", "needed", "state", "state_before", "command", "instance", "exit_code", "reason",
    "decision", "code_given", "action", "status",
})  # fmt: skip
"""What is compared of an audit entry's facts: the others are numbers and names of the platform."""


def blanked(text: str) -> str:
    for pattern, word in VARYING:
        text = re.sub(pattern, word, text)
    return text


async def blocks(people: crowd.Crowd, bot: crew.Bot) -> list[str]:
    """The parts of the transcript, one for each message, entry and call."""
    parts = []
    for chat in play.GROUPS:
        parts += [seen(chat, entry) for entry in await people.transcript(chat)]
    with store.opened(bot.location, readonly=True) as opened, opened.reading() as reader:
        for row in reader.chain():
            if row.action == "click.refused" or row.facts.get("reason") == "vote.read_coming":
                continue  # a matter of time, as the crowd clicks again
            facts = {key: row.facts[key] for key in sorted(FACTS & row.facts.keys())}
            parts.append(f"audit {row.actor} {row.action} {dumped(facts)}")
    for call in await people.sandbox.call("aliyun", "calls"):
        if not READS.search(call["api"]):
            parts.append(f"cloud {call['api']} {call['status']} {dumped(call['request'])}")
    return [blanked(part) for part in parts]


def seen(chat: str, entry: play.Entry) -> str:
    buttons = [str(button) for button in entry.get("buttons", ())]
    head = f"{chat} {entry['kind']} from {entry['from']}, mentions {sorted(entry['mentions'])}"
    return "\n".join([head, *(f"  | {line}" for line in entry["text"].split("\n")), *buttons])


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def recorded(story: str, platform: str) -> Path:
    return FOLDER / f"{story}-{platform}.txt"


def differences(story: str, platform: str, now: list[str]) -> list[str]:
    """What is missing and what is new, or that nothing is recorded."""
    path = recorded(story, platform)
    if not path.exists():
        return [
            f"no transcript of {story} on {platform} is recorded: make transcripts ARGS=--record"
        ]
    before = sorted(path.read_text("utf-8").removesuffix("\n").split("\n\n"))
    lines = difflib.unified_diff(before, sorted(now), "recorded", "now", lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def record(story: str, platform: str, now: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    recorded(story, platform).write_text("\n\n".join(now) + "\n", "utf-8")
