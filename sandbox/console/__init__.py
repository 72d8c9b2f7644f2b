"""People at consoles: there is no platform to stand in for, as the bot serves this one itself.

They talk to the real server over a Unix socket: one in this party's folder, unless ``join`` names
another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from sandbox import base, world

control = base.control
AGAIN = 1.0
"""Seconds after which what was not acknowledged is sent again."""
ANSWERED = 0.3
"""Seconds that somebody who writes looks at the screen."""
Json = dict[str, Any]


def token_of(user: str) -> str:
    return f"sandbox-console-{user}"


@dataclass
class Sent:
    """Something that somebody wrote, until the bot has it."""

    id: str
    user: str
    body: Json
    acked: bool = False
    entry: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Seen:
    """What one person has on the screen, and what cards said before."""

    cursor: str = ""
    entries: dict[str, Json] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)


class Console(base.Party):
    """The control methods of the other parties, played at consoles."""

    name = "console"

    def __init__(self, clock: base.Clock) -> None:
        super().__init__(clock)
        self._folder = tempfile.TemporaryDirectory(prefix="console-")
        self._socket = f"{self._folder.name}/console.sock"
        self._sent: list[Sent] = []
        self._seen: dict[str, Seen] = {}
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._folder.cleanup()

    @property
    def base_url(self) -> str:
        """Where the bot is to listen: this party itself serves nothing."""
        return f"unix://{self._socket}"

    @base_url.setter
    def base_url(self, url: str) -> None:
        """Where the others are served says nothing here."""

    @control
    async def join(self, socket: str) -> None:
        """From now on the bot listens on this socket."""
        self._socket = socket

    # ------------------------------------------------------------------------- acting

    @control
    async def say(
        self,
        user: str,
        text: str,
        chat: str = "",
        quote: str = "",
        direct: bool = False,
        mention: list[str] | tuple[str, ...] = (),
        changes: Json | None = None,
    ) -> Json:
        """``user`` writes to the bot; it is sent again until the bot has it. ``changes`` are of
        what another platform would send, so there are none here."""
        where = f"@{user}" if direct else self._chat(chat)
        body = {"chat": where, "text": text, "reply_to": quote, "id": f"m{next(self._ids)}"}
        sent = Sent(str(body["id"]), user, body)
        self._sent.append(sent)
        self._start(self._send(sent))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERED):
                await sent.answered.wait()
        return {"message": sent.entry}

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="sandbox-console")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, sent: Sent) -> None:
        """Send it, and send it again while there is no answer."""
        while not sent.answered.is_set():
            self._start(self._post(sent))
            await self.clock.sleep_until(self.clock.now() + AGAIN)

    async def _post(self, sent: Sent) -> None:
        status, answer = await self._ask(sent.user, "POST", "/v1/messages", sent.body)
        if status == 200:
            sent.acked, sent.entry = True, str(answer["id"])
        if 200 <= status < 500:
            sent.answered.set()

    @control
    async def click(
        self,
        user: str,
        card: str,
        action: str,
        reason: str = "",
        revision: int | None = None,
        force: bool = False,
    ) -> Json:
        """``user`` presses a button of a card as it is now, or as it was in ``revision``."""
        await self._look(user)
        now = self._seen[user].entries[card]
        offered = [button["action"] for button in now["buttons"]]
        if revision is None and not force and action not in offered:
            raise ValueError(f"the card shows no button for {action!r}, only {offered}")
        seen = now["revision"] if revision is None else revision
        body = {"card": card, "revision": seen, "action": action, "reason": reason}
        status, answer = await self._ask(user, "POST", "/v1/clicks", body)
        return {
            "acked": status == 200,
            "code": 0 if status == 200 else status,
            "answer": answer,
            "toast": answer.get("toast", ""),
            "toast_type": answer.get("tone", ""),
            "error": answer.get("error", ""),
        }

    @control
    async def recall(self, message: str) -> Json:
        """The author takes a message back."""
        author = next(
            each.entries[message]["author"]
            for each in self._seen.values()
            if message in each.entries
        )
        status, _ = await self._ask(author, "POST", "/v1/recalls", {"message": message})
        return {"delivery": str(status)}

    # ------------------------------------------------------------------------- looking

    @control
    async def transcript(self, chat: str = "") -> list[Json]:
        """What stands in a chat, oldest first: "ops" unless another is named, or a person's name
        for the one with the bot. While the bot is away, what was seen last."""
        where = self._chat(chat)
        viewer = where[1:] if where.startswith("@") else world.PEOPLE[0].id
        await self._look(viewer)
        all_ = self._seen[viewer].entries.values()
        entries = [self._described(viewer, each) for each in all_ if each["chat"] == where]
        return sorted(entries, key=lambda each: each["number"])

    @control
    async def cards(self, chat: str = "") -> list[Json]:
        return [each for each in await self.transcript(chat) if each["kind"] == "card"]

    @control
    async def deliveries(self) -> list[Json]:
        """What was written, and whether the bot said that it has it."""
        return [{"id": each.id, "acked": each.acked} for each in self._sent]

    @control
    async def connections(self) -> list[Json]:
        """Whether the bot answers."""
        status, _ = await self._ask(world.PEOPLE[0].id, "GET", "/v1/me")
        return [{"open": status == 200}]

    def _chat(self, name: str) -> str:
        people = {person.id for person in world.PEOPLE}
        return f"@{name}" if name in people else name or "ops"

    async def _look(self, user: str) -> None:
        """Bring up to date what somebody sees."""
        seen = self._seen.setdefault(user, Seen())
        more = True
        while more:
            path = f"/v1/events?after={seen.cursor}"
            status, page = await self._ask(user, "GET", path)
            if status != 200:
                return
            for entry in page["entries"]:
                before = seen.entries.get(entry["id"])
                if before is not None and before["text"] != entry["text"]:
                    seen.texts.setdefault(entry["id"], []).append(before["text"])
                seen.entries[entry["id"]] = entry
            seen.cursor, more = page["cursor"], page["more"]

    def _described(self, viewer: str, entry: Json) -> Json:
        """An entry with the words that all parties have for it."""
        texts = self._seen[viewer].texts.get(entry["id"]) or [""] * entry["revision"]
        shown = f"{entry['title']}\n{entry['text']}" if entry["kind"] == "card" else entry["text"]
        return {
            **entry,
            "at": datetime.fromisoformat(entry["at"]).timestamp(),
            "from": entry["author"] or "bot",
            "ref": entry["id"],
            "text": shown,
            "mentions": list(entry["mentions"]),
            "links": [],
            "history": texts,
        }

    # ------------------------------------------------------------------------- the wire

    async def _ask(
        self, user: str, method: str, path: str, body: Json | None = None
    ) -> tuple[int, Json]:
        """The status and the answer; 0: the bot is away."""
        call = self.record(path.partition("?")[0], body)
        with contextlib.suppress(aiohttp.ClientError, OSError):
            connector = aiohttp.UnixConnector(self._socket)
            headers = {"Authorization": f"Bearer {token_of(user)}"}
            url = f"http://localhost{path}"
            async with (
                aiohttp.ClientSession(connector=connector, trust_env=False) as session,
                session.request(method, url, json=body, headers=headers) as answer,
            ):
                call.status, call.answer = answer.status, await answer.json()
                return call.status, call.answer
        return 0, {}
