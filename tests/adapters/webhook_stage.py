"""Both stand-ins on loopback, and the adapter that sends to their custom robots."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from adapters import webhook
from adapters.webhook.hook import Webhook
from bot import model
from bot.model import ports
from sandbox import base
from sandbox.lark import Lark
from tests.sandbox import dingtalk_party, lark_client

CODE = "1a2b3c4d"


@dataclass
class Clock(ports.Clock):
    """The sandbox's time as the bot reads it."""

    clock: base.Clock

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)


class Stage:
    """``make`` gives an adapter that may send to both; robots are settings of ``webhook.Robot``."""

    def __init__(self, dingtalk: dingtalk_party.Client, lark: Lark, stack: AsyncExitStack) -> None:
        self.dingtalk = dingtalk.party
        self.lark = lark
        self.clock = dingtalk.clock
        self._stack = stack

    def make(self, *robots: webhook.Robot, **settings: Any) -> Webhook:
        hosts = settings.pop("hosts", (self.dingtalk.base_url, self.lark.base_url))
        made = Webhook(webhook.Settings(hosts=hosts, robot=robots, **settings), Clock(self.clock))
        self._stack.push_async_callback(made.close)
        return made

    async def texts(self, party: Any, chat: str = "ops") -> list[str]:
        return [entry["text"] for entry in await party.transcript(chat)]

    async def last(self, party: Any, chat: str = "ops") -> dict[str, Any]:
        entry: dict[str, Any] = (await party.transcript(chat))[-1]
        return entry


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(dingtalk_party.served())
        lark = await stack.enter_async_context(lark_client.served(Lark(client.clock)))
        yield Stage(client, lark, stack)


def text(content: str = "hi", **at: Any) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content}, "at": at}


def markdown(content: str = "hi", **at: Any) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"title": "T", "text": content}, "at": at}


def lark_text(content: str = "hi") -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": content}}


def notice(uri: str, content: Any, **more: Any) -> model.calls.Notify:
    """What the journal of a run holds of a message."""
    headers = {"Content-Type": "application/json"}
    return replace(model.calls.Notify("WebHook", uri, headers, content), **more)


def notify(uri: str, content: Any, token: str = "t1", **more: Any) -> model.RunCall:
    return model.RunCall(42, CODE, f"{token}#0", token, notice(uri, content, **more))


def approve(told: model.calls.Notify | None, token: str = "t1") -> model.RunCall:
    return model.RunCall(42, CODE, f"{token}#0", token, model.calls.Approve(notice=told))
