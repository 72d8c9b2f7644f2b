"""oapi.dingtalk.com: session webhooks and custom robots. Every answer is HTTP 200 with an errcode.

https://open.dingtalk.com/document/development/custom-bot-to-send-group-chat-messages,
https://open.dingtalk.com/document/dingstart/customize-robot-security-settings
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from sandbox import base, world
from sandbox.dingtalk import errors, limits, markup, openapi, people, rooms, wire

SESSION = "/robot/sendBySession"
CUSTOM = "/robot/send"
TOO_FAST = "send too fast, exceed 20 times per minute"
# kind of message → field → is it required
SHAPES: dict[str, dict[str, bool]] = {
    "text": {"content": True},
    "markdown": {"title": True, "text": True},
    "link": {"title": True, "text": True, "messageUrl": True, "picUrl": False},
    "actionCard": {
        "title": True,
        "text": True,
        "singleTitle": False,
        "singleURL": False,
        "btns": False,
        "btnOrientation": False,
        "hideAvatar": False,
    },
    "feedCard": {"links": True},
}
AT = {"atMobiles": list, "atUserIds": list, "atDingtalkIds": list, "isAtAll": bool}


@dataclass
class CustomRobot:
    """A group's own webhook robot and its security settings (all that are set must pass)."""

    token: str
    chat: str
    secret: str = ""
    keywords: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    name: str = ""
    muted_until: float = 0.0
    seen: set[str] = field(default_factory=set)


def signature(timestamp: str, secret: str) -> str:
    """Base64 of HMAC-SHA256 with the secret over ``timestamp\\nsecret``."""
    text = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class Admitted:
    """Where a message goes, by which address it came ("repeated": it is there already), and the
    custom robot's name."""

    chat: people.Chat
    via: str
    robot: str = ""


class Webhooks:
    """The two addresses that take a message without an access token."""

    def __init__(self, party: base.Party, numbers: limits.Limits, room: rooms.Rooms) -> None:
        self._party = party
        self._clock = party.clock
        self._limits = numbers
        self._rooms = room
        self._minute = limits.Rate(party.clock.now, 60.0)
        self._sessions: dict[str, tuple[str, float]] = {}
        self._sent: set[tuple[str, str]] = set()
        self.robots = {
            one.token: CustomRobot(one.token, one.chat, one.secret, one.keywords, name=one.name)
            for one in world.DINGTALK_ROBOTS
        }
        party.app.router.add_post(SESSION, self._handler(SESSION, self._session))
        party.app.router.add_post(CUSTOM, self._handler(CUSTOM, self._custom))

    def session(self, chat: people.Chat, now: float) -> tuple[str, int]:
        """A new address that answers in this chat, and when it ends (milliseconds)."""
        id, until = uuid.uuid4().hex, now + self._limits.webhook_life
        self._sessions[id] = (chat.id, until)
        return f"{self._party.base_url}{SESSION}?session={id}", int(until * 1000)

    def expire(self) -> None:
        """End every session webhook now."""
        self._sessions.clear()

    # ------------------------------------------------------------------ the way through

    def _handler(
        self, name: str, admit: Callable[[web.Request, dict[str, Any]], Admitted]
    ) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            call = self._party.record(name, raw.decode(errors="replace")[:2000])
            fault = self._party.faults.take(name, *openapi.HTTP_FAULTS)
            do = fault.do if fault else ""
            if fault and do == "slow":
                await asyncio.sleep(float(fault.args.get("seconds", 1.0)))
            if do == "hang_up":
                call.code = "hang_up"
                return openapi.cut(request)
            if do == "html":
                call.status, call.code = 200, "html"
                return web.Response(text=openapi.HTML, content_type="text/html")
            call.status = 200
            if fault and do == "error" and "status" in fault.args:
                call.status = int(fault.args["status"])
            try:
                if fault and do == "error":
                    code = int(fault.args.get("code", -1))
                    raise errors.OapiRefused(code, str(fault.args.get("message", "系统繁忙")))
                if do == "throttle":
                    raise errors.OapiRefused(660026, "sending too many messages per minute")
                call.request = body = self._body(request, raw)
                self._post(admit(request, body), body)
                answer = {"errcode": 0, "errmsg": "ok"}
            except errors.OapiRefused as no:
                answer = {"errcode": no.errcode, "errmsg": no.errmsg}
                call.code = str(no.errcode)
            call.answer = answer
            if do == "lose_answer":
                call.code = "lose_answer"
                return openapi.cut(request)
            return web.json_response(answer, status=call.status)

        return handle

    def _body(self, request: web.Request, raw: bytes) -> dict[str, Any]:
        if request.content_type != "application/json":
            raise errors.OapiRefused(43004, "无效的HTTP HEADER Content-Type")
        try:
            body = wire.parsed(raw)
        except ValueError:
            raise errors.OapiRefused(40035, "缺少参数 json") from None
        if not isinstance(body, dict):
            raise errors.OapiRefused(40035, "缺少参数 json")
        for name in ("msgtype", "msgUuid"):
            if not isinstance(body.get(name, ""), str):
                raise errors.OapiRefused(40035, f"不合法的参数 {name}")
        if len(raw) > self._limits.webhook_bytes:
            raise errors.OapiRefused(460101, "message too long")
        return body

    def _session(self, request: web.Request, body: dict[str, Any]) -> Admitted:
        """``msgUuid`` is documented for custom robots; that it holds here too is an assumption,
        which ``configure(session_remembers=0)`` takes away."""
        chat, until = self._sessions.get(request.query.get("session", ""), ("", 0.0))
        if until <= self._clock.now():
            raise errors.OapiRefused(300001, "session 不存在")
        if chat in self._rooms.without_bot:
            raise errors.OapiRefused(400106, "robot not in group")
        sent = (chat, str(body.get("msgUuid", "")))
        if sent[1] and self._limits.session_remembers and sent in self._sent:
            return Admitted(people.CHATS[chat], "repeated")
        if not self._minute.admits(chat, self._limits.session_per_minute):
            raise errors.OapiRefused(660026, "sending too many messages per minute")
        self._sent.add(sent)
        return Admitted(people.CHATS[chat], "session")

    def _custom(self, request: web.Request, body: dict[str, Any]) -> Admitted:
        robot = self.robots.get(request.query.get("access_token", ""))
        if robot is None:
            raise errors.OapiRefused(300005, "token is not exist")
        self._check_sign(robot, request)
        words = json.dumps(body.get(body.get("msgtype", "")), ensure_ascii=False)
        if robot.keywords and not any(word in words for word in robot.keywords):
            raise errors.OapiRefused(310000, "keywords not in content, more: [关键词不匹配]")
        remote = ipaddress.ip_address(request.remote or "0.0.0.0")
        if robot.addresses and not any(
            remote in ipaddress.ip_network(one, strict=False) for one in robot.addresses
        ):
            raise errors.OapiRefused(310000, f"ip {remote} not in whitelist")
        now = self._clock.now()
        if robot.muted_until > now:
            raise errors.OapiRefused(660026, "sending too many messages per minute")
        if not self._minute.admits(f"robot {robot.token}", self._limits.robot_per_minute):
            robot.muted_until = now + self._limits.robot_mute
            raise errors.OapiRefused(130101, TOO_FAST)
        _checked(_kind(body), body)
        if unique := body.get("msgUuid"):
            if unique in robot.seen:
                return Admitted(people.chat_named(robot.chat), "repeated", robot.name)
            robot.seen.add(unique)
        return Admitted(people.chat_named(robot.chat), "custom", robot.name or "robot")

    def _check_sign(self, robot: CustomRobot, request: web.Request) -> None:
        """The signature in the query, at most one hour off. The real clock counts too: that the
        sandbox's was moved is not the bot's fault."""
        if not robot.secret:
            return
        stamp, sign = request.query.get("timestamp", ""), request.query.get("sign", "")
        if not stamp.isdigit():
            raise errors.OapiRefused(310000, "invalid timestamp")
        off = min(abs(now - int(stamp) / 1000) for now in (self._clock.now(), time.time()))
        if off > self._limits.sign_skew:
            raise errors.OapiRefused(310000, "invalid timestamp, more: [签名过期]")
        if not hmac.compare_digest(sign, signature(stamp, robot.secret)):
            raise errors.OapiRefused(310000, "sign not match, more: [机器人发送签名不匹配]")

    # ------------------------------------------------------------------ the message

    def _post(self, to: Admitted, body: dict[str, Any]) -> None:
        kind, chat = _kind(body), to.chat
        part = _checked(kind, body)
        title, shown, buttons = _shown(kind, part)
        called = _notified(chat, kind, part, body.get("at") or {})
        known = [people.PERSON[member] for member in called]
        names = {id: one.name for one in known for id in (one.dingtalk, one.mobile) if id}
        shown = replace(shown, text=markup.names_shown(shown.text, names))
        if to.via == "repeated":
            return
        more = {"notified": called, "buttons": tuple(buttons), "via": to.via, "robot": to.robot}
        payload = {"msgtype": kind, kind: part}
        self._rooms.post(chat, "bot", shown, payload=payload, title=title, **more)


def _kind(body: dict[str, Any]) -> str:
    kind = body.get("msgtype")
    if not isinstance(kind, str) or kind not in SHAPES:
        raise errors.OapiRefused(400105, "unsupported msgtype")
    return kind


def _checked(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """The message's own part, if every field is one that the document names."""
    part, shape = body.get(kind), SHAPES[kind]
    if extra := set(body) - {"msgtype", kind, "at", "msgUuid"}:
        raise errors.OapiRefused(40035, f"不合法的参数 {sorted(extra)}")
    if not isinstance(part, dict) or set(part) - set(shape):
        raise errors.OapiRefused(40035, f"不合法的参数 {kind}")
    for name, required in shape.items():
        value, wanted = part.get(name), list if name in ("btns", "links") else str
        if (required and not value) or (value is not None and not isinstance(value, wanted)):
            raise errors.OapiRefused(40035, f"缺少参数 {kind}.{name}")
    at = body.get("at") or {}
    if not isinstance(at, dict) or not all(_at_fits(*item) for item in at.items()):
        raise errors.OapiRefused(40035, "不合法的参数 at")
    return part


def _at_fits(name: str, value: Any) -> bool:
    if name not in AT or not isinstance(value, AT[name]):
        return False
    return not isinstance(value, list) or all(isinstance(item, str) for item in value)


def _shown(kind: str, part: dict[str, Any]) -> tuple[str, markup.Shown, list[rooms.Button]]:
    if kind == "text":
        return "", markup.plain(part["content"]), []
    if kind == "markdown":
        return part["title"], markup.markdown(part["text"]), []
    if kind == "link":
        text = f"{part['title']}\n{part['text']}"
        return part["title"], markup.Shown(text, [part["messageUrl"]]), []
    if kind == "feedCard":
        return "", _feed(part["links"]), []
    buttons = [
        rooms.Button("", str(b.get("title")), url=str(b.get("actionURL")))
        for b in part.get("btns") or []
        if isinstance(b, dict)
    ]
    if part.get("singleTitle"):
        buttons = [rooms.Button("", part["singleTitle"], url=part.get("singleURL", ""))]
    if not buttons:
        raise errors.OapiRefused(40035, "缺少参数 actionCard.btns")
    return part["title"], markup.markdown(part["text"]), buttons


def _feed(links: list[Any]) -> markup.Shown:
    rows = [item for item in links if isinstance(item, dict)]
    return markup.Shown(
        "\n".join(str(row.get("title", "")) for row in rows),
        [str(row.get("messageURL", "")) for row in rows],
    )


def _notified(
    chat: people.Chat, kind: str, part: dict[str, Any], at: dict[str, Any]
) -> tuple[str, ...]:
    """Who is really notified: members only, and in Markdown only whom the text names as well."""
    if kind in ("link", "feedCard"):
        return ()
    source = part["content"] if kind == "text" else part["text"]
    if at.get("isAtAll") or markup.everybody_called(source):
        return chat.members
    listed = {*(at.get("atUserIds") or ()), *(at.get("atMobiles") or ())}
    return tuple(
        member
        for member in chat.members
        for one in [people.PERSON[member]]
        if any(
            id in listed and (kind == "text" or markup.named(source, id))
            for id in (one.dingtalk, one.mobile)
        )
    )
