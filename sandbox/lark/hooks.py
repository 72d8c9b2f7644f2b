"""Custom bots of groups: ``POST /open-apis/bot/v2/hook/<token>``, without an access token.

https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: signature (one hour), keywords,
address list, 100 messages a minute and 5 a second for one bot, 20 KB. Nearly everything is answered
with HTTP 200, and ``code`` says what became of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox import world
from sandbox.lark import content, state
from sandbox.lark.gate import Api, Ask, Gate, Refusal

NAME = "bot/v2/hook"
PER_SECOND = 5
PER_MINUTE = 100
MOST_BYTES = 20 * 1024
SIGN_SKEW = 3600.0
SUCCESS = {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}
BUSY = "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"


@dataclass(frozen=True)
class Bot:
    """A group's own bot and its security settings (all that are set must pass)."""

    token: str
    chat: str
    secret: str = ""
    keywords: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    name: str = ""


def signature(timestamp: str, secret: str) -> str:
    """Base64 of HMAC-SHA256 over nothing, with the key ``timestamp\\nsecret``."""
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


class Hooks:
    def __init__(self, tenant: state.State, gate: Gate) -> None:
        self.tenant = tenant
        self.gate = gate
        self.bots = {
            one.token: Bot(
                one.token, tenant.chat(one.chat).id, one.secret, one.keywords, name=one.name
            )
            for one in world.LARK_ROBOTS
        }
        api = Api(NAME, 10_000, 100_000, token=False)
        gate.add("POST", "/open-apis/bot/v2/hook/{token}", api, self.post)

    async def post(self, ask: Ask) -> dict[str, Any]:
        bot = self.bots.get(ask.path["token"])
        if bot is None:
            raise _no(19001, "param invalid: incoming webhook access token invalid")
        self._check_sign(bot, ask.body)
        if bot.addresses and not any(_within(ask.remote, one) for one in bot.addresses):
            raise _no(19022, "Ip Not Allowed")
        for limit, window in ((PER_SECOND, 1.0), (PER_MINUTE, 60.0)):
            if not self.gate.rates.allow((NAME, bot.token, window), limit, window):
                raise _no(11232, BUSY)
        if ask.size > MOST_BYTES:
            raise _no(9499, "Bad Request: the body is larger than 20K")
        if bot.keywords and not _says(ask.body, bot.keywords):
            raise _no(19024, "Key Words Not Found")
        self._say(bot, ask.body)
        return dict(SUCCESS)

    def _check_sign(self, bot: Bot, body: dict[str, Any]) -> None:
        """The real clock counts too: that the sandbox's was moved is not the sender's fault."""
        if not bot.secret:
            return
        stamp, sign = str(body.get("timestamp", "")), str(body.get("sign", ""))
        fits = stamp.isdigit() and hmac.compare_digest(sign, signature(stamp, bot.secret))
        times = (self.tenant.clock.now(), time.time())
        if not fits or min(abs(now - int(stamp)) for now in times) > SIGN_SKEW:
            why = "sign match fail or timestamp is not within one hour from current time"
            raise _no(19021, why)

    def _say(self, bot: Bot, body: dict[str, Any]) -> None:
        kind = body.get("msg_type")
        if kind not in content.TYPES:
            raise _no(19002, f"params error, msg_type {kind!r} is not supported")
        part = body.get("card" if kind == "interactive" else "content")
        if isinstance(part, str) and kind == "interactive":
            part = _object(part)
        if kind == "post" and isinstance(part, dict):
            part = part.get("post")
        if not isinstance(part, dict):
            raise _no(9499, "Bad Request: content is not an object")
        source = json.dumps(part, ensure_ascii=False)
        chat = self.tenant.chats[bot.chat]
        try:
            shown, card = content.read(kind, source, chat)
        except Refusal as refused:
            raise _no(9499, f"Bad Request: {refused.msg}") from refused
        entry = state.Entry(
            id=self.tenant.new_id("om_"),
            chat=chat.id,
            at=self.tenant.clock.now(),
            sender="bot",
            kind="card" if card is not None else "message",
            source=source,
            shown=shown,
            type=kind,
            robot=bot.name or "robot",
        )
        if card is not None:
            entry.show(card, shown)
        self.tenant.add(entry)


def _no(code: int, why: str) -> Refusal:
    return Refusal(code, why, 200, data={})


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _says(body: dict[str, Any], keywords: tuple[str, ...]) -> bool:
    """Whether a text or title of the message holds one of the keywords."""
    return any(word in text for text in _texts(body) for word in keywords)


def _texts(node: Any, name: str = "") -> Iterator[str]:
    if isinstance(node, str) and name in ("text", "title", "content"):
        yield node
    elif isinstance(node, dict):
        for key, inner in node.items():
            yield from _texts(inner, key)
    elif isinstance(node, list):
        for inner in node:
            yield from _texts(inner, name)


def _within(remote: str, allowed: str) -> bool:
    """An address, a network, or an address that ends in ``*``."""
    if allowed.endswith("*"):
        return remote.startswith(allowed[:-1])
    return ipaddress.ip_address(remote) in ipaddress.ip_network(allowed, strict=False)
