"""What stands in the chats of both platforms, as messages on the board."""

from __future__ import annotations

import json

from sandbox.dingtalk import people as staff
from sandbox.dingtalk import rooms
from sandbox.lark import state
from sandbox.page.board import Board
from sandbox.standins import StandIns

SHOWN = 64 * 1024
"""Bytes of a file that are shown."""


class DingTalkChats:
    """Puts each entry of DingTalk's conversations on the board, and again when it changes."""

    def __init__(self, board: Board, company: StandIns) -> None:
        self._board, self._company = board, company
        self._platform = company.dingtalk
        self._watch = company.dingtalk.changes.watch("entry")
        self._keys: dict[str, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for _, number in await self._watch.changes():
                self._show(int(number))

    def _show(self, number: int) -> None:
        entry = self._platform.rooms.entries[number]
        key = entry.id
        if self._keys.setdefault(key, number) != number:  # one message to several people
            key = f"{entry.id}/{entry.chat}"
        port = entry.card.port if entry.card is not None else entry.port
        message = _dingtalk_message(entry) | {"bot": self._company.bot_at(port)}
        self._board.put("messages", f"dingtalk/{key}", message)


def _dingtalk_message(entry: rooms.Entry) -> dict[str, object]:
    chat = staff.CHATS[entry.chat]
    payload: dict[str, object] = dict(entry.payload)
    if entry.card is not None:
        payload = _dingtalk_card(entry.card)
    return {
        "platform": "dingtalk",
        "chat": f"direct:{chat.direct}" if chat.direct else chat.title,
        "id": entry.id,
        "ref": entry.card.track if entry.card else entry.id,
        "at": entry.at,
        "from": f"robot:{entry.robot}" if entry.robot else entry.sender,
        "kind": entry.kind,
        "via": entry.via,
        "reply_to": entry.reply_to,
        "thread": "",
        "mentions": list(entry.notified),
        "recalled": entry.recalled,
        "only_for": list(entry.only_for),
        "urgent": [],
        "revision": len(entry.card.revisions) - 1 if entry.card else 0,
        "payload": {} if entry.recalled else payload,
    }


def _dingtalk_card(card: rooms.Card) -> dict[str, object]:
    users = {*card.overlay, *card.private}
    views = {
        staff.BY_USER[user].id: {"cardParamMap": card.seen_by(user)}
        for user in sorted(users)
        if user in staff.BY_USER and card.seen_by(user) != card.data
    }
    return {"template": card.template, "data": {"cardParamMap": card.data}, "views": views}


class LarkChats:
    """Puts each message of Lark's chats on the board, and again when it changes."""

    def __init__(self, board: Board, company: StandIns) -> None:
        self._board, self._company = board, company
        self._platform = company.lark
        self._watch = company.lark.changes.watch("entry")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for _, id in await self._watch.changes():
                entry = self._platform.tenant.entries[id]
                self._board.put("messages", f"lark/{id}", self._message(entry))

    def _message(self, entry: state.Entry) -> dict[str, object]:
        chat = self._platform.tenant.chats[entry.chat]
        first = entry.revisions[0][1] if entry.revisions else entry.shown
        direct = chat.kind == "p2p"
        return {
            "platform": "lark",
            "chat": f"direct:{_id(chat.members[0])}" if direct else chat.title,
            "id": entry.id,
            "ref": entry.id,
            "at": entry.at,
            "from": f"robot:{entry.robot}" if entry.robot else _id(entry.sender),
            "kind": entry.kind,
            "via": "hook" if entry.robot else "",
            "reply_to": entry.parent,
            "thread": entry.thread,
            "mentions": [_id(one) for one in first.mentions if one in state.PEOPLE],
            "recalled": entry.recalled,
            "only_for": [],
            "urgent": [_id(one) for one in entry.urgent],
            "bot": self._company.bot_at(entry.port),
            "revision": max(0, len(entry.revisions) - 1),
            "payload": {} if entry.recalled else self._payload(entry),
        }

    def _payload(self, entry: state.Entry) -> dict[str, object]:
        if entry.revisions:
            return {"msg_type": "interactive", "content": entry.card}
        if entry.sender in state.PEOPLE:  # on the wire stand keys where people see names
            return {"msg_type": entry.type, "content": {"text": entry.shown.text}}
        content = json.loads(entry.source)
        if entry.type == "file":  # of which a client shows the name, and what is in it when opened
            file = self._platform.messages.files.sent(entry.source)
            text = file.content[:SHOWN].decode("utf-8", "replace")
            content |= {"file_name": file.name, "text": text}
        return {"msg_type": entry.type, "content": content}


def _id(open_id: str) -> str:
    return state.PEOPLE[open_id].id if open_id in state.PEOPLE else "bot"
