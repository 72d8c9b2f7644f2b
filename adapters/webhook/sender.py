"""One message to one robot → one of the four outcomes. Knows nothing of who wants it sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import multidict
import yarl

from adapters.common import http
from adapters.webhook import answers
from adapters.webhook.address import Target
from adapters.webhook.settings import Settings
from bot import model
from bot.model import ports
from bot.source import masks

MOST_BYTES = 20_000
"""https://open.dingtalk.com/document/development/custom-bot-to-send-group-chat-messages (20,000
bytes); Lark's 20 KB are a little more."""
AUTHORITY = "a private authority goes into ca_file in [webhook]"


class Sender:
    """Signs, checks and posts. One session for all; each message has a connection of its own, for
    one that was kept may be closed while the message is under way, and then nobody knows."""

    def __init__(
        self, settings: Settings, clock: ports.Clock, tap: ports.Tap | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http.Http(
            settings.timeout,
            settings.connect_timeout,
            settings.ca_file,
            keep=0,
            party="webhook",
            tap=tap,
        )

    async def send(
        self,
        target: Target,
        body: Mapping[str, object] | str,
        unique: str,
        doubt: bool,
        headers: Mapping[str, str] | None = None,
    ) -> model.Outcome:
        """Post ``body`` (a string as it is, all else as JSON). ``unique`` names the message: a
        DingTalk robot takes it once, however often it is sent; elsewhere one that may have arrived
        (``doubt``) is not sent again. ``headers`` are for plain targets only."""
        repeatable = target.kind == "dingtalk" and bool(unique)
        if doubt and not repeatable:
            return model.Unknown(f"{target.shown}: it may have been sent before", unique)
        now = self._clock.now()
        if isinstance(body, Mapping) and repeatable:
            body = {**body, "msgUuid": body.get("msgUuid") or unique}
        url, data, kind = _prepared(target, body, now)
        refused = _refusal(target, body, len(data))
        if refused is not None:
            return refused
        fields = multidict.CIMultiDict({"Content-Type": kind})
        if target.kind == "plain":
            fields.update(headers or {})
        return await self._post(target, url, data, fields, repeatable)

    async def close(self) -> None:
        await self._http.close()

    async def _post(
        self, target: Target, url: str, data: bytes, headers: Mapping[str, str], repeatable: bool
    ) -> model.Outcome:
        try:
            response = await self._http.call("POST", yarl.URL(url, encoded=True), data, headers)
        except http.NoAnswer as problem:
            return problem.outcome(target.shown, repeatable, AUTHORITY)
        answer = answers.answer(response, self._clock.now())
        return answers.outcome(target, answer, repeatable)


def _prepared(
    target: Target, body: Mapping[str, object] | str, now: datetime
) -> tuple[str, bytes, str]:
    """The signed URL, the signed body, and its type."""
    url = target.url
    if target.secret and target.kind == "dingtalk":
        stamp = str(int(now.timestamp() * 1000))
        sign = quote(dingtalk_sign(stamp, target.secret), safe="")
        url += f"{'&' if '?' in url else '?'}timestamp={stamp}&sign={sign}"
    if isinstance(body, str):
        return url, body.encode(errors="replace"), "text/plain; charset=utf-8"
    if target.secret and target.kind == "lark":
        stamp = str(int(now.timestamp()))
        body = {**body, "timestamp": stamp, "sign": lark_sign(stamp, target.secret)}
    return url, encoded(body), "application/json; charset=utf-8"


def encoded(body: object) -> bytes:
    """A body as JSON. Half a character, which JSON may hold and UTF-8 may not, becomes a "?"."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def dingtalk_sign(stamp: str, secret: str) -> str:
    """``stamp`` in milliseconds. The secret is the key, and is signed together with the time.
    https://open.dingtalk.com/document/dingstart/customize-robot-security-settings"""
    text = f"{stamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def lark_sign(stamp: str, secret: str) -> str:
    """``stamp`` in seconds. Time and secret are the key, and what is signed is empty.
    https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot"""
    key = f"{stamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def _refusal(target: Target, body: Mapping[str, object] | str, size: int) -> model.Refused | None:
    """Why the robot would refuse this message, as far as that is known before it is sent."""
    if size > MOST_BYTES and target.kind != "plain":
        return model.Refused(
            f"{target.shown}: the message has {size:,} bytes and a robot takes {MOST_BYTES:,}; "
            "shorten it",
            "too_long",
        )
    if target.keywords and not any(
        word in text for text in masks.strings(body) for word in target.keywords
    ):
        return model.Refused(
            f"{target.shown}: the message must hold one of the robot's keywords: "
            + ", ".join(target.keywords),
            "keywords",
        )
    return None
