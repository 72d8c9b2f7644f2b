"""The app robot: messages to groups and to people, and taking them back.

https://open.dingtalk.com/document/development/the-robot-sends-a-group-message,
…/chatbots-send-one-on-one-chat-messages-in-batches, …/robot-message-type,
…/enterprise-chatbot-withdraws-internal-group-messages
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import world
from sandbox.dingtalk import errors, limits, markup, openapi, people, rooms, wire

_BUTTONS = {
    n: [f"action{what}{i}" for i in range(1, n + 1) for what in ("Title", "URL")]
    for n in range(2, 6)
}
KEYS: dict[str, list[str]] = {
    "sampleText": ["content"],
    "sampleMarkdown": ["title", "text"],
    "sampleImageMsg": ["photoURL"],
    "sampleLink": ["title", "text", "messageUrl", "picUrl"],
    "sampleActionCard": ["title", "text", "singleTitle", "singleURL"],
    "sampleActionCard6": [
        "title",
        "text",
        "buttonTitle1",
        "buttonUrl1",
        "buttonTitle2",
        "buttonUrl2",
    ],
} | {f"sampleActionCard{n}": ["title", "text", *names] for n, names in _BUTTONS.items()}


@dataclass(frozen=True)
class Message:
    """What the robot says: as it was sent, and what people see of it."""

    payload: Mapping[str, Any]
    shown: markup.Shown
    buttons: tuple[rooms.Button, ...] = ()
    title: str = ""


class Robots:
    """What the app's robot says outside of cards and webhooks. Nothing here can @ anybody."""

    def __init__(self, numbers: limits.Limits, room: rooms.Rooms) -> None:
        self._limits = numbers
        self._rooms = room

    def apis(self) -> list[openapi.Api]:
        post, root, api = "POST", "/v1.0/robot", openapi.Api
        return [
            api(post, f"{root}/groupMessages/send", "robot_1_0.OrgGroupSendRequest", self.group),
            api(
                post, f"{root}/oToMessages/batchSend", "robot_1_0.BatchSendOTORequest", self.direct
            ),
            api(
                post, f"{root}/groupMessages/recall", "robot_1_0.OrgGroupRecallRequest", self.recall
            ),
            api(
                post,
                f"{root}/otoMessages/batchRecall",
                "robot_1_0.BatchRecallOTORequest",
                self.recall_direct,
            ),
            api(
                post,
                f"{root}/groups/robots/query",
                "robot_1_0.GetBotListInGroupRequest",
                self.members,
            ),
            api(
                post, f"{root}/groupMessages/query", "robot_1_0.OrgGroupQueryRequest", self.readers
            ),
        ]

    async def group(self, body: dict[str, Any]) -> dict[str, Any]:
        _check_robot(body.get("robotCode"))
        chat = self._group(body.get("openConversationId"))
        message = self._message(body["msgKey"], body["msgParam"])
        return {"processQueryKey": self._post(chat, message)}

    async def direct(self, body: dict[str, Any]) -> dict[str, Any]:
        _check_robot(body["robotCode"])
        users = body["userIds"]
        if not users:
            raise errors.Refused("invalidParameter.userIds.empty", "userIds is empty")
        if len(users) > 20:
            raise errors.Refused("invalidParameter.userIds.overMax", "at most 20 userIds")
        message = self._message(body["msgKey"], body["msgParam"])
        key = self._rooms.fresh("pqk")
        known = [people.BY_USER[user] for user in users if user in people.BY_USER]
        for person in known:
            self._post(people.DIRECT[person.id], message, key)
        return {
            "processQueryKey": key,
            "invalidStaffIdList": [user for user in users if user not in people.BY_USER],
            "flowControlledStaffIdList": [],
        }

    async def members(self, body: dict[str, Any]) -> dict[str, Any]:
        """The robots of a group of this company."""
        chat = body["openConversationId"]
        if chat not in people.GROUPS:
            raise errors.Refused("invalid.openConversationId", "the conversation is not known")
        robot = {"robotCode": world.DINGTALK_ROBOT, "name": "Countersign", "openRobotType": 5}
        return {"chatbotInstanceVOList": [] if chat in self._rooms.without_bot else [robot]}

    async def readers(self, body: dict[str, Any]) -> dict[str, Any]:
        """Who read a message of the robot's; nobody's business is remembered here."""
        _check_robot(body.get("robotCode"))
        self._group(body.get("openConversationId"))
        if not any(entry.id == body.get("processQueryKey") for entry in self._rooms.entries):
            raise errors.Refused("invalidParameter.processQueryKey.missing", "no such message")
        return {"hasMore": False, "sendStatus": "SUCCESS", "readUserIds": []}

    async def recall(self, body: dict[str, Any]) -> dict[str, Any]:
        _check_robot(body["robotCode"])
        chat = self._group(body["openConversationId"])
        return self._recall(body["processQueryKeys"], {chat.id})

    async def recall_direct(self, body: dict[str, Any]) -> dict[str, Any]:
        _check_robot(body["robotCode"])
        return self._recall(body["processQueryKeys"], {c.id for c in people.DIRECT.values()})

    def _group(self, id: str | None) -> people.Chat:
        if not id:
            raise errors.Refused("miss.openConversationId", "openConversationId is missing")
        if id not in people.GROUPS or id in self._rooms.without_bot:
            raise errors.Refused("invalid.openConversationId", "the robot is not in this group")
        return people.GROUPS[id]

    def _recall(self, keys: list[str], chats: set[str]) -> dict[str, Any]:
        if not 1 <= len(keys) <= 20:
            raise errors.Refused("invalidParameter.processQueryKey.missing", "1 to 20 keys")
        done, failed = [], {}
        for key in keys:
            mine = [
                e
                for e in self._rooms.entries
                if e.id == key and e.chat in chats and e.via in ("openapi", "card")
            ]
            for entry in mine:
                entry.recalled = True
            self._rooms.changed(key)
            if mine:
                done.append(key)
            else:
                failed[key] = "invalid.processQueryKey"
        return {"successResult": done, "failedResult": failed}

    def _post(self, chat: people.Chat, message: Message, key: str = "") -> str:
        id = key or self._rooms.fresh("pqk")
        more = {"title": message.title, "buttons": message.buttons, "payload": message.payload}
        return self._rooms.post(chat, "bot", message.shown, id=id, via="openapi", **more).id

    def _message(self, key: str, param: str) -> Message:
        """A message by its template key."""
        if key not in KEYS:
            raise errors.Refused("invalidParameter.msgKey.invalid", f"msgKey {key}")
        if len(param.encode()) > self._limits.msg_param_bytes:
            raise errors.Refused("invalidParameter.msgParam.tooLong", "msgParam is too long")
        values = _params(key, param)
        kind = {"sampleText": "text", "sampleMarkdown": "markdown"}.get(key, key)
        payload = {"msgtype": kind, kind: values}
        if key == "sampleText":
            return Message(payload, markup.plain(values["content"]))
        if key == "sampleImageMsg":
            return Message(payload, markup.Shown("[image]"))
        if key == "sampleLink":
            text = f"{values['title']}\n{values['text']}"
            return Message(
                payload, markup.Shown(text, [values["messageUrl"]]), title=values["title"]
            )
        shown, buttons = markup.markdown(values["text"]), tuple(_buttons(values))
        return Message(payload, shown, buttons, values["title"])


def _params(key: str, param: str) -> dict[str, str]:
    try:
        values: Any = wire.parsed(param)
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise errors.Refused(
            "invalidParameter.msgParam.invalid", "msgParam is an object of strings"
        )
    optional = {"picUrl"}
    if set(values) - set(KEYS[key]) or set(KEYS[key]) - set(values) - optional:
        names = ", ".join(KEYS[key])
        raise errors.Refused("invalidParameter.msgParam.invalid", f"{key} takes {names}")
    return values


def _buttons(values: dict[str, str]) -> list[rooms.Button]:
    pairs = [("singleTitle", "singleURL")]
    pairs += [(f"actionTitle{i}", f"actionURL{i}") for i in range(1, 6)]
    pairs += [(f"buttonTitle{i}", f"buttonUrl{i}") for i in (1, 2)]
    return [rooms.Button("", values[t], url=values[u]) for t, u in pairs if t in values]


def _check_robot(code: str | None) -> None:
    if not code:
        raise errors.Refused("invalidParameter.robotCode.empty", "机器人robotCode为空")
    if code != world.DINGTALK_ROBOT:
        raise errors.Refused("invalidParameter.robotCode.notExsit", "机器人不存在")
