"""The wire: each push of a platform to the bot and each call of the bot, on the board, without
secrets."""

from __future__ import annotations

import asyncio
import itertools
import json
import re

from sandbox import stories, world
from sandbox.base import Call, Party, port_of
from sandbox.dingtalk import DingTalk
from sandbox.dingtalk.wire import Attempt, Delivery
from sandbox.page.board import Board
from sandbox.standins import StandIns

KEPT = 2000
"""So many rows stay on the board."""
MOST = 6000
"""Characters of a request or an answer that are shown."""
HIDDEN = "…"
_SECRET_KEY = re.compile(
    r"secret|ticket|authorization|password|credential|signature|^sign$|token$", re.IGNORECASE
)
_PLAIN_KEY = re.compile(r"client_?token|next_?token|page_?token", re.IGNORECASE)
_IN_ADDRESS = re.compile(
    r"(?i)([?&](?:access_token|session|token|sign|signature|ticket|access_key|key|device_id)=)[^&\s\"'\\]+"
)
_BEARER = re.compile(r"(?i)(bearer )[\w.~+/=-]+")
KNOWN = tuple(
    {
        world.DINGTALK_CLIENT_SECRET,
        world.LARK_APP_SECRET,
        world.ALIYUN_KEY_SECRET,
        stories.EVENTS_TOKEN,
        *(robot.token for robot in (*world.DINGTALK_ROBOTS, *world.LARK_ROBOTS)),
        *(robot.secret for robot in (*world.DINGTALK_ROBOTS, *world.LARK_ROBOTS) if robot.secret),
    }
)
"""Secrets of the example company, wherever they stand."""
LOST = ("hang_up", "lose_answer", "drop_ack", "timeout", "no_connection")
GOOD = ("", "0", "200")


def masked(value: object, key: str = "") -> object:
    """A copy without secrets: by the name of a field, by the parameter of an address, by value."""
    if key and _SECRET_KEY.search(key) and not _PLAIN_KEY.fullmatch(key) and value:
        return HIDDEN
    if isinstance(value, dict):
        return {str(k): masked(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(v) for v in value]
    if not isinstance(value, str):
        return value
    for secret in KNOWN:
        value = value.replace(secret, HIDDEN)
    return _BEARER.sub(rf"\1{HIDDEN}", _IN_ADDRESS.sub(rf"\1{HIDDEN}", value))


def shown(value: object) -> object:
    """What is shown of a body: without secrets, and not longer than anybody reads."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = str(value)
    clean = masked(value)
    text = json.dumps(clean, ensure_ascii=False, default=str)
    return clean if len(text) <= MOST else text[:MOST] + HIDDEN


class Wire:
    """Numbers the rows, and keeps the newest on the board."""

    def __init__(self, board: Board, company: StandIns) -> None:
        self._board, self._company = board, company
        self._numbers = itertools.count(1)
        self._rows: dict[tuple[str, str], str] = {}
        self._watches = {
            name: party.changes.watch("call", "push")
            for name, party in company.parties.items()
            if name != "console"
        }

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._follow(name) for name in self._watches))

    async def _follow(self, name: str) -> None:
        party = self._company.parties[name]
        while True:
            for kind, key in await self._watches[name].changes():
                self.put(f"{name}.{kind}", key, self._row(party, kind, key))

    def put(self, kind: str, key: str, row: dict[str, object]) -> None:
        number = self._rows.get((kind, key))
        if number is None:
            number = self._rows[kind, key] = str(next(self._numbers))
            self._board.remove("wire", str(int(number) - KEPT))
        elif not self._board.holds("wire", number):
            return  # it has gone already
        self._board.put("wire", number, row)

    def _row(self, party: Party, kind: str, key: str) -> dict[str, object]:
        if kind == "push":
            assert isinstance(party, DingTalk)
            id, _, number = key.partition("/")
            delivery = party.gateway.deliveries[int(id[1:]) - 1]
            attempt = delivery.attempts[int(number)]
            to = attempt.connection
            port = port_of(to.transport) if to is not None else 0
            return _pushed(delivery, attempt) | {"bot": self._company.bot_at(port)}
        call = party.journal[int(key)]
        return _called(party.name, call) | {"bot": self._company.bot_at(call.port)}


def _pushed(delivery: Delivery, attempt: Attempt) -> dict[str, object]:
    """A push of DingTalk; Lark's stand in its journal."""
    outcome, acked = "open", attempt.over.done() and attempt.over.result() is not None
    if attempt.seconds is not None:
        outcome = "ok" if acked else "late" if attempt.late else "lost"
    type_ = delivery.headers.get("eventType", "")
    return {
        "platform": "dingtalk",
        "at": attempt.at,
        "direction": "in",
        "name": f"push.{delivery.kind}" + (f" {type_}" if type_ else ""),
        "ms": _ms(attempt.seconds),
        "outcome": outcome,
        "code": "; ".join(dict.fromkeys(delivery.problems)) if outcome != "ok" else "",
        "request": shown(delivery.payload),
        "answer": shown(attempt.over.result()) if acked else None,
    }


def _called(platform: str, call: Call) -> dict[str, object]:
    pushed = call.api.startswith("push.")
    return {
        "platform": platform,
        "at": call.at,
        "direction": "in" if pushed else "out",
        "name": call.api,
        "ms": _ms(call.seconds),
        "outcome": _outcome(call),
        "code": call.code if call.code not in GOOD else str(call.status or ""),
        "request": shown(call.payload if pushed else call.request),
        "answer": shown(call.answer),
    }


def _outcome(call: Call) -> str:
    if call.status == 101:
        return "ok"
    if call.seconds is None:
        return "open"
    if call.lost or call.code in LOST:
        return "lost"
    if call.code.startswith(("late", "too late")):
        return "late"
    return "refused" if call.status >= 400 or call.code not in GOOD else "ok"


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
