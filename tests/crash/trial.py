"""One case played: a sandbox and a bot of its own, a story, its deaths, and what was true after."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import play
from sandbox.client import PROCESSES, Sandbox
from tests import granted, postgres, settings
from tests.crash import cases, crew, crowd, deaths, stories, transcripts, truth

PROCESSES.set_forkserver_preload(["sandbox.__main__", "tests.sdk_models"])
LONGEST = 150.0


@dataclass
class Result:
    """``faults`` is empty if all was as it must be; ``deaths`` are those that really came, and
    ``reached`` is how often the processes reached each checkpoint. ``granted``: the actions of the
    policy that the doctor prints, and ``used`` those of them that the cloud was asked for."""

    case: cases.Case
    faults: list[str] = field(default_factory=list)
    deaths: list[deaths.Kill] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    folder: Path | None = None
    granted: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)


async def trial(
    case: cases.Case, use: transcripts.Use = "no", server: postgres.Server | None = None
) -> Result:
    """Play one case. Its folder is kept when something was wrong. ``use``: whether its
    transcript is compared with the recorded one, or recorded; cloud and
    platforms then allow what the doctor prints, and nothing else. ``server``: what has the bot's
    store (None: a file)."""
    folder = Path(tempfile.mkdtemp(prefix=f"crash-{case.seed}-{case.story}-{case.platform}-"))
    result = Result(case, folder=folder)
    began = time.monotonic()
    try:
        database = contextlib.nullcontext("") if server is None else server.database()
        with database as url:
            async with asyncio.timeout(LONGEST), Sandbox() as sandbox:
                await _tried(case, use, sandbox, url, result)
    except (play.StoryFailed, crew.Fault, RuntimeError, TimeoutError) as fault:
        result.faults.append(f"{type(fault).__name__}: {fault}")
    except Exception:
        result.faults.append(traceback.format_exc())
    result.seconds = time.monotonic() - began
    if not result.faults:
        shutil.rmtree(folder)
        result.folder = None
    return result


async def _tried(
    case: cases.Case, use: transcripts.Use, sandbox: Sandbox, url: str, result: Result
) -> None:
    assert result.folder is not None
    setting = stories.STORIES[case.story].setting
    bot = crew.Bot(sandbox, result.folder, case.kills, setting, url)
    await settings.prepare(result.folder, sandbox, setting)
    if use != "no":
        await _permit(sandbox, bot, result)
    async with crew.supervised(bot):
        result.faults += await _played(case, sandbox, bot, use)
        code = await bot.stop()
    result.used = set(await sandbox.call("aliyun", "allowed"))
    result.deaths = bot.deaths
    if code not in (0, -signal.SIGTERM):  # the latter: it had not begun to listen yet
        result.faults.append(f"the bot ended with status {code}")
    if "Traceback" in bot.output:
        result.faults.append(f"a traceback in {result.folder}/bot.log")
    if bot.log.exists():
        result.reached = cases.tally(bot.log.read_text().split("\n"))


async def _permit(sandbox: Sandbox, bot: crew.Bot, result: Result) -> None:
    """Let cloud and platforms allow what the doctor prints, and nothing else."""
    documents = granted.documents(bot.config)
    own, roles = documents[granted.OWN], granted.of_roles(documents)
    result.granted = granted.actions(own) | granted.actions(roles)
    await sandbox.call("aliyun", "allow", policy=own)
    if roles["Statement"]:
        await sandbox.call("aliyun", "allow", policy=roles, roles=True)
    for platform, scopes in granted.scopes(bot.config).items():
        await sandbox.call(platform, "permit_only", scopes=sorted(scopes))


async def _played(
    case: cases.Case, sandbox: Sandbox, bot: crew.Bot, use: transcripts.Use
) -> list[str]:
    story = stories.STORIES[case.story]
    people = crowd.Crowd(sandbox, case.platform, bot)
    await bot.up()
    bot.began()
    await story.play(people)
    await truth.at_rest(bot)
    await everything_again(people)
    await truth.at_rest(bot)
    faults = await truth.faults(people, bot, story)
    if not faults and use != "no":
        now = await transcripts.blocks(people, bot)
        if use == "record":
            transcripts.record(case.story, case.platform, now)
        faults += transcripts.differences(case.story, case.platform, now)
    return faults


async def everything_again(people: crowd.Crowd) -> None:
    """The platform delivers once more what it had delivered long ago, for all that was answered."""
    for kind in ("push.chat", "push.event"):
        for delivery in await people.call("deliveries", kind=kind):
            await people.call("push_again", delivery=delivery["id"])
