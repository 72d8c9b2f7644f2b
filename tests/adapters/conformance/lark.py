"""Lark, as the suite needs it."""

from __future__ import annotations

from typing import Any

from adapters.lark import Settings
from adapters.lark.chat import Lark
from bot import model
from bot.model import ports
from sandbox import world
from sandbox.lark import Lark as Party
from tests.adapters.conformance.chat import Way, Wiring

REPLY, CREATE = "im/v1/messages/reply", "im/v1/messages"


def chat(url: str, clock: ports.Clock, **settings: Any) -> ports.Chat:
    wanted = {
        "app_id": world.LARK_APP_ID,
        "app_secret": world.LARK_APP_SECRET,
        "domain": url,
        "forms": (world.LARK_FORM,),
    }
    return Lark(Settings(**wanted | settings), clock)


def account(person: str) -> model.Account:
    return model.Account("lark", world.LARK_TENANT, f"ou_{person}", person.title())


WIRING = Wiring(
    name="lark",
    party=Party,
    chat=chat,
    account=account,
    direct="oc_p2p_alice",
    secrets=lambda party: (world.LARK_APP_SECRET, *party.gate.tokens.live),
    ways=(
        Way("reply", REPLY, "say"),
        Way("to the chat", CREATE, "say", "chat"),
        Way("direct", CREATE, "say", "direct"),
        Way("card", REPLY, "show"),
        Way("card to a person", CREATE, "show", "direct"),
        Way("update", "im/v1/messages/patch", "update"),
        Way("form", "approval/v4/instances/get", "fetch"),
    ),
    refusal={"code": 230013, "message": "no availability to this user", "status": 400},
    breakdown={"code": 1395001, "message": "out of order", "status": 500},
    token="auth/v3/tenant_access_token/internal",
    opening="callback/ws/endpoint",
    wrong={"app_secret": "wrong"},
    keys="app_id and app_secret in [lark]",
    form=world.LARK_FORM,
    again=16.0,
)
