"""DingTalk, as the suite needs it."""

from __future__ import annotations

from typing import Any

from adapters.dingtalk import Settings
from adapters.dingtalk.chat import DingTalk
from bot import model
from bot.model import ports
from sandbox import world
from sandbox.dingtalk import DingTalk as Party
from tests.adapters.conformance.chat import Way, Wiring

CREATE = "/v1.0/card/instances/createAndDeliver"
REJECTED = {"code": 430101, "message": "unsafe content"}
BROKEN = {"code": 1, "message": "bad gateway", "status": 502}
AS_MESSAGES = {"late_reply": "group_message"}


def chat(url: str, clock: ports.Clock, **settings: Any) -> ports.Chat:
    wanted = {
        "client_id": world.DINGTALK_CLIENT_ID,
        "client_secret": world.DINGTALK_CLIENT_SECRET,
        "robot_code": world.DINGTALK_ROBOT,
        "endpoint": url,
        "webhook_hosts": (url,),
        "drain_seconds": 0.3,
    }
    return DingTalk(Settings(**wanted | settings), clock)


def account(person: str) -> model.Account:
    return model.Account("dingtalk", world.DINGTALK_CORP, f"u-{person}", person.title())


WIRING = Wiring(
    name="dingtalk",
    party=Party,
    chat=chat,
    account=account,
    direct="cidONE+alice==",
    secrets=lambda party: (
        world.DINGTALK_CLIENT_SECRET,
        *party.tokens._until,
        *party.webhooks._sessions,
    ),
    ways=(
        Way("reply", "/robot/sendBySession", "say", refusal=REJECTED, breakdown=BROKEN),
        Way("late reply", CREATE, "say", "chat"),
        Way(
            "late message",
            "/v1.0/robot/groupMessages/send",
            "say",
            "chat",
            AS_MESSAGES,
            repeatable=False,
        ),
        Way("direct", CREATE, "say", "direct"),
        Way(
            "direct message",
            "/v1.0/robot/oToMessages/batchSend",
            "say",
            "direct",
            AS_MESSAGES,
            repeatable=False,
        ),
        Way("card", CREATE, "show"),
        Way("card to a person", CREATE, "show", "direct"),
        Way("update", "PUT /v1.0/card/instances", "update"),
        Way("form", "/v1.0/workflow/processInstances", "fetch"),
    ),
    refusal={"code": "param.templateNotExist", "message": "no such template", "status": 400},
    breakdown={"code": "system.error", "message": "out of order", "status": 500},
    token="/v1.0/oauth2/accessToken",
    opening="/v1.0/gateway/connections/open",
    wrong={"client_secret": "wrong"},
    keys="client_id and client_secret in [dingtalk]",
    form=world.DINGTALK_FORM,
    again=61.0,
    threads=False,
)
