"""The whole bot in this process against the sandbox, for an attacker who sits on either side.

Budgets and rate limits that would only slow the attack down are lifted; everything else is as
shipped. Every log record is kept, so that it can be searched for what must not stand there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from bot import model
from bot.app import main as app
from sandbox import play, process, world
from sandbox.client import Sandbox
from tests.behaviour import conftest as behaviour
from tests.fuzz import between

PLATFORMS = process.PLATFORMS
SECRETS = (
    world.DINGTALK_CLIENT_SECRET,
    world.LARK_APP_SECRET,
    world.ALIYUN_KEY_SECRET,
)
_LEAK = re.compile(
    r"(?:ticket|session|access_key|access_?token|secret)\\?[\"']?\s*[=:]\s*\\?[\"']?[\w-]{6,}", re.I
)
_INNARDS = re.compile(r"Traceback|File \"|Error\(|[a-z]Error\b|<class |0x[0-9a-f]{8,}|sqlite")
LIFTED = "".join(
    f"""
[[budget]]
platform = "{platform}"
kinds = ["say", "card", "lookup"]
per = "app"
count = 100000
per_seconds = 1
"""
    for platform in PLATFORMS
)


class Log(logging.Handler):
    """Everything that was logged, as the production formatter would have written it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self.lines: list[str] = []
        self.faults: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self.lines.append(line)
        if record.levelno >= logging.ERROR or record.exc_info:
            self.faults.append(line)

    def leaks(self, more: set[str]) -> list[str]:
        """Lines that hold a secret, a ticket, a token or a session."""
        held = (*SECRETS, *more)
        return [
            line
            for line in self.lines
            if any(secret in line for secret in held) or _LEAK.search(line)
        ]


class House(behaviour.Scene):
    """One running bot; ``on`` gives the play of one platform."""

    def __init__(self, sandbox: Sandbox, path: Path, middle: Mapping[str, between.Between]) -> None:
        super().__init__(sandbox, "dingtalk", path)
        self.middles = middle
        self.log = Log()
        self._levels: dict[str, int] = {}
        self._looked: dict[str, int] = {}

    async def start(self) -> None:
        root = logging.getLogger()
        if self.log not in root.handlers:
            self._levels = {name: logging.getLogger(name).level for name in ("", *app.QUIET)}
            root.addHandler(self.log)
            root.setLevel(logging.INFO)
            for name in app.QUIET:
                logging.getLogger(name).setLevel(logging.WARNING)
        await self.sandbox.call("dingtalk", "configure", session_per_minute=0, qps=0)
        await self.sandbox.call("lark", "lift_rates")
        await super().start()

    async def end(self) -> None:
        await super().end()
        logging.getLogger().removeHandler(self.log)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)

    def on(self, platform: str) -> House:
        """The same house, seen from one platform."""
        self.platform = platform
        return self

    @property
    def middle(self) -> between.Between:
        """Between the bot and this platform."""
        return self.middles[self.platform]

    # ------------------------------------------------------------- what must hold

    async def answers(self, words: str = "Carol") -> None:
        """The connection lives, or lives again: an ordinary question is answered. One that met a
        dying connection would come again after a minute; here it is asked again at once."""
        end = asyncio.get_running_loop().time() + self.patience
        known, asked = await self.ids(), 0.0
        while True:
            now = asyncio.get_running_loop().time()
            assert now < end, "an ordinary question is not answered"
            if now - asked > 1.0 and any(c["open"] for c in await self.call("connections")):
                await self.say("carol", "whoami")
                asked = now
            for entry in await self.transcript():
                if entry["from"] == "bot" and entry["id"] not in known and words in entry["text"]:
                    return
            await asyncio.sleep(0.02)

    async def sessions(self) -> set[str]:
        """The session of every webhook handed out: whoever has it writes into the group."""
        found: set[str] = set()
        for delivery in await self.sandbox.call("dingtalk", "deliveries", kind="push.chat"):
            webhook = delivery["payload"].get("sessionWebhook")
            if isinstance(webhook, str) and "session=" in webhook:
                found.add(webhook.partition("session=")[2])
        return {session for session in found if len(session) > 8}

    async def check_log(self) -> None:
        """Nothing broke inside, and nothing secret stands in the log."""
        faults, self.log.faults = self.log.faults, []
        assert not faults, "\n".join(faults[:5])
        assert not self.log.leaks(await self.sessions())

    async def refusals(self) -> list[dict[str, Any]]:
        """Calls that the platform refused since the last look: a card or message that hostile text
        broke."""
        calls = await self.call("calls", since=self._looked.get(self.platform, 0))
        self._looked[self.platform] = self._looked.get(self.platform, 0) + len(calls)
        return [
            call
            for call in calls
            if not call["api"].startswith(("push", "ack", "ws"))
            and (call["status"] >= 400 or str(call["code"]) not in ("", "0", "ok", "None"))
        ]

    def stored(self, event: str) -> bool:
        """Was this event committed?"""
        with self.reader() as reader:
            row = reader.connection.execute("SELECT 1 FROM events WHERE id = ?", (event,))
            return row.fetchone() is not None

    def request(self, number: int) -> model.Request:
        with self.reader() as reader:
            found = reader.request(number)
        assert found is not None
        return found

    async def runs_of(self) -> int:
        return len(await self.runs())

    def quiet(self, entries: list[play.Entry], may: Callable[[str], bool]) -> None:
        """What the bot said links nowhere and mentions only people that it meant."""
        for entry in entries:
            if entry["from"] != "bot":
                continue
            assert not entry["links"], entry
            assert all(may(who) for who in entry["mentions"]), entry
            assert not _INNARDS.search(entry["text"]), entry["text"]


@contextlib.asynccontextmanager
async def opened(
    folder: Path, changes: Mapping[str, str] | None = None, extra: str = ""
) -> AsyncIterator[House]:
    """The house, started. ``changes``: text of the configuration → other text; ``extra`` is added
    to its end."""
    rates = {"asks_per_minute = 20": "asks_per_minute = 10000"}
    async with Sandbox() as sandbox, contextlib.AsyncExitStack() as stack:
        middle = {
            party: await stack.enter_async_context(between.Between(sandbox.url(party)))
            for party in (*PLATFORMS, "aliyun")
        }
        ports = {party: one.port for party, one in middle.items()}
        path = process.configuration(folder, {**sandbox.ports, **ports}, LIFTED + extra)
        text = path.read_text("utf-8")
        for old, new in (rates | dict(changes or {})).items():
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        house = House(sandbox, path, middle)
        await house.start()
        try:
            yield house
        finally:
            await house.end()
