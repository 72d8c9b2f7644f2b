"""What is done to the bots: their processes, their clock, their log, and what reaches them over
HTTP."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from typing import Literal

import aiohttp

from sandbox import stories
from sandbox.page.acts import Act, Platform, Refused, World
from sandbox.page.watch_bot import Bot
from sandbox.page.watch_wire import shown
from sandbox.process import ROOT

FURTHEST = 400 * 86400.0
_POSTED = itertools.count(1)


def _chosen(world: World, name: str) -> list[Bot]:
    """The bot of a name; "": all of them. Raises Refused."""
    try:
        return world.bots.chosen(name)
    except KeyError:
        english = f"There is no bot {name[:60]!r}."
        raise Refused(f"没有“{name[:60]}”这个机器人。", english) from None


async def kill(world: World, *, bot: str = "") -> object:
    """SIGKILL."""
    await asyncio.gather(*(each.kill() for each in _chosen(world, bot)))
    return {}


async def freeze(world: World, *, bot: str = "") -> object:
    """SIGSTOP."""
    for each in _chosen(world, bot):
        each.freeze()
    return {}


async def wake(world: World, *, bot: str = "") -> object:
    """SIGCONT."""
    for each in _chosen(world, bot):
        each.wake()
    return {}


async def start(world: World, *, bot: str = "") -> object:
    """Start what does not run."""
    for each in _chosen(world, bot):
        await each.launch()
    return {}


async def stop(world: World, *, bot: str = "") -> object:
    """Stop as an operator does."""
    await asyncio.gather(*(each.stop() for each in _chosen(world, bot)))
    return {}


async def speak(world: World, *, locale: Literal["zh-CN", "en"]) -> object:
    """Start them anew in another language."""
    await world.bots.speak(locale)
    return {}


async def reset(world: World) -> object:
    """Everything anew: the groups, the machines, the bot and all that it has on record."""
    await world.anew()
    return {}


# ----------------------------------------------------------------------------- its clock


async def move_clock(world: World, *, seconds: float) -> object:
    """Set the clock of the bot's machine by so much, forward or back."""
    return await _set_clock(world, world.bots.ahead + seconds)


async def reset_clock(world: World) -> object:
    return await _set_clock(world, 0.0)


async def _set_clock(world: World, offset: float) -> object:
    if abs(offset) > FURTHEST:
        raise Refused("时钟最多拨动 400 天。", "The clock can be set by 400 days at most.")
    await world.bots.set_clock(offset)
    return {"offset": offset}


# ----------------------------------------------------------------------------- its records


async def verify(world: World) -> object:
    """Verify the chain of the audit log, as an auditor does: by the command line."""
    status, text = await _bot(world, "audit", "verify")
    found = {"ok": status == 0, "rows": len(world.board.keys("audit")), "text": text}
    found["at"] = time.time()
    world.board.put("verified", "audit", found)
    return found


async def redrive(world: World, *, id: int, platform: Platform = "dingtalk") -> object:
    """Send a dead letter once more: Bob says so in the group; or an operator, while the bot is
    stopped."""
    if world.bots.running:
        said = {"user": "bob", "text": f"redrive {id}", "chat": "ops"}
        return await world.company.call(platform, "say", **said)
    status, text = await _bot(world, "events", "redrive", str(id))
    if status:
        raise Refused(f"不能重投：{text}", text)
    return {"text": text}


async def _bot(world: World, *words: str) -> tuple[int, str]:
    """What a verb of the bot's command line says, and its status."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words, "--config", str(world.bots.first.config)),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode("utf-8", "replace").strip()


async def post(
    world: World,
    *,
    kind: Literal["Hire", "Raise"],
    platform: Platform,
    emp_id: str,
    role: str = "devops",
) -> object:
    """The HR system sends an event over HTTP: somebody was hired, or got a raise."""
    number = next(_POSTED)
    detail = {"platform": platform, "emp_id": emp_id, "role": role}
    event: dict[str, object] = {"source": "hr.system", "detail-type": kind, "detail": detail}
    event["id"] = f"{kind}-{platform}-{time.time_ns()}"
    row: dict[str, object] = {
        "platform": "http",
        "at": time.time(),
        "direction": "in",
        "name": "POST /events/hr",
        "ms": None,
        "outcome": "open",
        "code": "",
        "request": shown(event),
        "answer": None,
        "bot": world.bots.first.name if world.bots.database else "",
    }
    world.wire.put("http", str(number), row)
    began = time.monotonic()
    try:
        status, text = await _posted(world.bots.http, event)
        outcome = "ok" if status in (200, 202) else "refused"
    except (aiohttp.ClientError, TimeoutError, RuntimeError):
        status, text, outcome = 0, "", "lost"
    row |= {
        "ms": round((time.monotonic() - began) * 1000, 1),
        "outcome": outcome,
        "code": str(status or ""),
        "answer": shown(text),
    }
    world.wire.put("http", str(number), row)
    if outcome == "lost":
        raise Refused("机器人没有应答这个事件。", "The bot did not answer to the event.")
    return {"status": status, "text": text}


async def _posted(port: int, event: dict[str, object]) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {stories.EVENTS_TOKEN}"}
    async with (
        aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(10)) as session,
        session.post(f"http://127.0.0.1:{port}/events/hr", json=event, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


ACTS: dict[str, Act] = {
    "bot.kill": kill,
    "bot.freeze": freeze,
    "bot.wake": wake,
    "bot.start": start,
    "bot.stop": stop,
    "bot.locale": speak,
    "world.reset": reset,
    "clock.move": move_clock,
    "clock.reset": reset_clock,
    "audit.verify": verify,
    "letters.redrive": redrive,
    "events.post": post,
}
