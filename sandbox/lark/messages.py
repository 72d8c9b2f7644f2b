"""im/v1 messages: send, reply, update a card, urge; and the delayed card update.

https://open.feishu.cn/document/server-docs/im-v1/message/create and its neighbours; limits: 5/s for
one group or person (230020), 30 KB for a card or post, 150 KB for a text (230025), 14 days and 5/s
for the update of one card.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from sandbox import world
from sandbox.lark import cards, content, files, state
from sandbox.lark.gate import Api, Ask, Gate, Refusal

PER_CHAT = 5
PER_CARD = 5
SAME_UUID = 3600.0
UPDATABLE = 14 * 86400.0
TOKEN_LIFE = 1800.0
TOKEN_USES = 2


@dataclass
class ClickToken:
    """Given with a click: lets the bot change that card twice within 30 min, once it has acked."""

    card: str
    until: float
    left: int = TOKEN_USES
    acked: bool = False


class Messages:
    def __init__(self, tenant: state.State, gate: Gate) -> None:
        self.tenant = tenant
        self.clock = tenant.clock
        self.gate = gate
        self.tokens: dict[str, ClickToken] = {}
        self._sent: dict[str, tuple[float, dict[str, Any]]] = {}
        self.files = files.Files()
        uploads = Api("im/v1/files", multipart=True)
        gate.add("POST", "/open-apis/im/v1/files", uploads, self.upload)
        root = "/open-apis/im/v1/messages"
        create = Api(
            "im/v1/messages", model="create", required=("receive_id", "msg_type", "content")
        )
        reply = Api("im/v1/messages/reply", model="reply", required=("msg_type", "content"))
        patch = Api("im/v1/messages/patch", model="patch", required=("content",))
        listing = Api("im/v1/messages/list")
        reading = Api("im/v1/messages/get")
        gate.add("GET", root, listing, self.listed)
        gate.add("GET", root + "/{message_id}", reading, self.read)
        urge = Api("im/v1/messages/urgent_app", model="urgent", required=("user_id_list",))
        gate.add("POST", root, create, self.create)
        gate.add("POST", root + "/{message_id}/reply", reply, self.reply)
        gate.add("PATCH", root + "/{message_id}", patch, self.patch)
        gate.add("PATCH", root + "/{message_id}/urgent_app", urge, self.urge)
        gate.add(
            "POST",
            "/open-apis/interactive/v1/card/update",
            Api("interactive/v1/card/update"),
            self.update,
        )

    # ---- sending

    async def create(self, ask: Ask) -> dict[str, Any]:
        chat = self._receiver(ask.query.get("receive_id_type", ""), ask.body["receive_id"])
        return self._send(ask, chat, None)

    async def upload(self, ask: Ask) -> dict[str, Any]:
        key = self.files.upload(files.form(ask.content_type, ask.raw))
        return {"code": 0, "msg": "success", "data": {"file_key": key}}

    async def reply(self, ask: Ask) -> dict[str, Any]:
        target = self.message(ask.path["message_id"])
        if target.recalled:
            raise Refusal(230011, "The message was recalled.")
        return self._send(ask, self.tenant.chats[target.chat], target)

    def _receiver(self, id_type: str, receiver: str) -> state.Chat:
        if id_type == "chat_id":
            chat = self.tenant.chats.get(receiver)
        elif id_type not in state.ID_TYPES:
            raise content.invalid(f"invalid receive_id_type {id_type!r}")
        else:
            open_id = state.resolve_as(id_type, receiver)
            chat = self.tenant.direct(open_id) if open_id else None
        if chat is None:
            raise Refusal(230034, "The receive_id is invalid.")
        return chat

    def _send(self, ask: Ask, chat: state.Chat, target: state.Entry | None) -> dict[str, Any]:
        if not chat.bot:
            raise Refusal(230002, "The bot can not be outside the group.")
        uuid = ask.body.get("uuid") or ""
        if len(uuid) > 50:
            raise content.invalid("uuid is longer than 50 characters")
        at, earlier = self._sent.get(uuid, (0.0, {}))
        if uuid and earlier and self.clock.now() - at < SAME_UUID:
            return earlier
        kind, source = ask.body["msg_type"], ask.body["content"]
        if kind == "file":
            shown, card = self.files.shown(source), None
        else:
            shown, card = content.read(kind, source, chat)
        if not self.gate.rates.allow(("chat", chat.id), PER_CHAT, 1.0):
            raise Refusal(230020, "This operation triggers the frequency limit.")
        entry = state.Entry(
            id=self.tenant.new_id("om_"),
            chat=chat.id,
            at=self.clock.now(),
            sender="bot",
            kind="card" if card is not None else "message",
            source=ask.body["content"],
            shown=shown,
            type=ask.body["msg_type"],
        )
        if target is not None:
            self._hang(entry, target, bool(ask.body.get("reply_in_thread")))
        if card is not None:
            entry.show(card, shown)
        answer = {"code": 0, "msg": "success", "data": self._data(self.tenant.add(entry))}
        if uuid:
            self._sent[uuid] = (self.clock.now(), answer)
        return answer

    def _hang(self, entry: state.Entry, target: state.Entry, in_thread: bool) -> None:
        """A reply stands in its target's topic; ``in_thread`` starts one where there is none."""
        entry.parent, entry.root = target.id, target.root or target.id
        root = self.tenant.entries[entry.root]
        if in_thread and not target.thread:
            target.thread = self.tenant.thread_of(root)
        entry.thread = target.thread

    def _data(self, entry: state.Entry) -> dict[str, Any]:
        data: dict[str, Any] = {
            "message_id": entry.id,
            "msg_type": entry.type,
            "create_time": str(int(entry.at * 1000)),
            "update_time": str(int(entry.at * 1000)),
            "deleted": False,
            "updated": False,
            "chat_id": entry.chat,
            "sender": {
                "id": world.LARK_APP_ID,
                "id_type": "app_id",
                "sender_type": "app",
                "tenant_key": world.LARK_TENANT,
            },
            "body": {"content": entry.source},
        }
        for key, value in (
            ("root_id", entry.root),
            ("parent_id", entry.parent),
            ("thread_id", entry.thread),
        ):
            if value:
                data[key] = value
        return data

    # ---- reading

    async def read(self, ask: Ask) -> dict[str, Any]:
        """One message: https://open.feishu.cn/document/server-docs/im-v1/message/get"""
        entry = self.message(ask.path["message_id"])
        return {"code": 0, "msg": "success", "data": {"items": [self._read(entry)]}}

    async def listed(self, ask: Ask) -> dict[str, Any]:
        """The messages of a chat, without the replies in its topics, or those of a topic:
        https://open.feishu.cn/document/server-docs/im-v1/message/list"""
        kind, container = ask.query.get("container_id_type"), ask.query.get("container_id", "")
        if kind not in ("chat", "thread"):
            raise content.invalid("container_id_type is chat or thread")
        if kind == "thread" and (ask.query.get("start_time") or ask.query.get("end_time")):
            raise content.invalid("a thread takes no start_time and end_time")
        chat = self.tenant.chats.get(container) if kind == "chat" else None
        if kind == "chat" and (chat is None or not chat.bot):
            raise Refusal(230002, "The bot can not be outside the group.")
        start = float(ask.query.get("start_time") or 0)
        end = float(ask.query.get("end_time") or self.clock.now())
        size = int(ask.query.get("page_size") or 20)
        if not 1 <= size <= 50:
            raise content.invalid("page_size is 1 to 50")
        found = [
            entry
            for entry in self.tenant.entries.values()
            if (
                entry.thread == container
                if kind == "thread"
                else entry.chat == container and not (entry.thread and entry.root)
            )
            and start <= int(entry.at) <= end
        ]
        if ask.query.get("sort_type") == "ByCreateTimeDesc":
            found.reverse()
        at = int(ask.query.get("page_token") or 0)
        more = len(found) > at + size
        data = {"items": [self._read(one) for one in found[at : at + size]], "has_more": more}
        return {"code": 0, "msg": "success", "data": data | {"page_token": str(at + size)}}

    def _read(self, entry: state.Entry) -> dict[str, Any]:
        """A message as it is read: of a card no more than the words that it shows."""
        data = self._data(entry)
        data["deleted"] = entry.recalled
        if entry.sender != "bot":
            data["sender"] = {
                "id": entry.sender,
                "id_type": "open_id",
                "sender_type": "user",
                "tenant_key": world.LARK_TENANT,
            }
        if entry.kind == "card":
            words = [{"tag": "text", "text": line} for line in entry.shown.text.splitlines()]
            data["body"] = {"content": json.dumps({"title": None, "elements": [words]})}
        return data

    def message(self, message: str) -> state.Entry:
        entry = self.tenant.entries.get(message)
        if entry is None:
            raise content.invalid(f"invalid message_id {message}")
        return entry

    # ---- changing a card

    async def patch(self, ask: Ask) -> dict[str, Any]:
        entry = self.message(ask.path["message_id"])
        if entry.sender != "bot":
            raise Refusal(230012, "The operator is not the sender of this message.")
        if entry.kind != "card":
            raise content.invalid("this message is not a card")
        if entry.recalled:
            raise Refusal(230110, "The message has been deleted.")
        if self.clock.now() - entry.at > UPDATABLE:
            raise Refusal(230031, "The card has passed the 14 days in which it can be updated.")
        if not self.gate.rates.allow(("card", entry.id), PER_CARD, 1.0):
            raise Refusal(230020, "This operation triggers the frequency limit.")
        if entry.clicks:
            raise cards.refusal(cards.BadCard(11310, "card action is lock"))
        shown, card = content.card(ask.body["content"], self.tenant.chats[entry.chat])
        try:
            self.replace(entry, card, shown)
        except cards.BadCard as bad:
            raise cards.refusal(bad) from bad
        return {"code": 0, "msg": "success", "data": {}}

    def replace(self, entry: state.Entry, card: dict[str, Any], shown: state.Shown) -> None:
        """Show another card in place of this one; an update notifies nobody."""
        if cards.is_v2(entry.card) and not cards.is_v2(card):
            raise cards.BadCard(200830, "a card of schema V2 cannot be updated to schema V1")
        if not (cards.shared(entry.card) and cards.shared(card)):
            raise cards.BadCard(11310, "update_multi must be true before and after the update")
        shown.mentions = []
        entry.show(card, shown)
        self.tenant.changed(entry)

    def new_token(self, entry: state.Entry) -> str:
        token = f"c-{secrets.token_hex(20)}"
        self.tokens[token] = ClickToken(entry.id, self.clock.now() + TOKEN_LIFE)
        return token

    async def update(self, ask: Ask) -> dict[str, Any]:
        """The delayed update. ``card`` is an object here, not a string."""
        held = self.tokens.get(str(ask.body.get("token", "")))
        card = ask.body.get("card")
        if held is None or not held.acked:
            raise Refusal(300020, "invalid token")
        if self.clock.now() > held.until:
            raise Refusal(300030, "the token has expired")
        if held.left <= 0:
            raise Refusal(300040, "the token has been used up")
        if set(ask.body) - {"token", "card"} or not isinstance(card, dict):
            raise Refusal(10002, "token and card (an object) are what this call takes")
        entry = self.tenant.entries[held.card]
        if entry.recalled:
            raise Refusal(200000, "the message has been recalled")
        if not cards.is_v2(card) and not cards.shared(card) and not card.get("open_ids"):
            raise Refusal(300090, "open_ids is needed for a card that is not shared")
        try:
            self.replace(entry, card, cards.check(card, self.tenant.chats[entry.chat]))
        except cards.BadCard as bad:
            raise Refusal(11311, f"bad card, ext={bad}") from bad
        held.left -= 1
        return {"code": 0, "msg": "success", "data": {}}

    # ---- urging

    async def urge(self, ask: Ask) -> dict[str, Any]:
        entry = self.message(ask.path["message_id"])
        if entry.sender != "bot":
            raise Refusal(230012, "The operator is not the sender of this message.")
        if entry.recalled:
            raise Refusal(230110, "The message has been deleted.")
        id_type = ask.query.get("user_id_type", "")
        if id_type not in ("open_id", "union_id", "user_id"):
            raise content.invalid(f"invalid user_id_type {id_type!r}")
        wanted = ask.body["user_id_list"]
        if not wanted or len(wanted) > 200:
            raise content.invalid("user_id_list takes 1 to 200 ids")
        members = self.tenant.chats[entry.chat].members
        found = {one: state.resolve_as(id_type, one) for one in wanted}
        missing = [one for one in wanted if found[one] not in members]
        if len(missing) == len(wanted):
            raise content.invalid("every id of user_id_list is invalid")
        entry.urgent += [found[one] for one in wanted if one not in missing]
        self.tenant.changed(entry)
        return {"code": 0, "msg": "success", "data": {"invalid_user_id_list": missing}}
