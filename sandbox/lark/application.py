"""The app as the developer console has it: permissions, version, events, callbacks, its groups.

https://open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/application-v6/scope/list,
…/application-v6/application/get, https://open.feishu.cn/document/server-docs/group/chat/list
"""

from __future__ import annotations

from typing import Any

from sandbox import world
from sandbox.lark.gate import Api, Ask, Gate, Refusal
from sandbox.lark.state import State

SCOPES = (
    "im:message:send_as_bot",
    "im:message.group_at_msg:readonly",
    "im:message.p2p_msg:readonly",
    "im:message:readonly",
    "im:message:recall",
    "im:resource",
    "im:chat:readonly",
    "approval:approval:readonly",
    "approval:definition",
    "application:application:self_manage",
)


class Application:
    """What people set in the console, and the calls by which the app may read it."""

    def __init__(self, tenant: State, gate: Gate) -> None:
        self._tenant = tenant
        self._gate = gate
        self.active = 2
        self.bot = True
        self.about: dict[str, Any] = {
            "app_id": world.LARK_APP_ID,
            "app_name": "Countersign",
            "status": 1,
            "online_version_id": "oav_sandbox1",
            "unaudit_version_id": "",
            "event": {
                "subscription_type": "websocket",
                "request_url": "",
                "subscribed_events": [
                    "im.message.receive_v1",
                    "im.message.recalled_v1",
                    "approval_instance",
                ],
            },
            "callback_info": {
                "callback_type": "websocket",
                "request_url": "",
                "subscribed_callbacks": ["card.action.trigger"],
            },
        }
        root = "/open-apis"
        gate.add("GET", f"{root}/application/v6/scopes", Api("application/v6/scopes"), self.scopes)
        name = "application/v6/applications/get"
        gate.add("GET", f"{root}/application/v6/applications/{{app}}", Api(name), self.get)
        gate.add("GET", f"{root}/bot/v3/info", Api("bot/v3/info"), self.info)
        gate.add("GET", f"{root}/im/v1/chats", Api("im/v1/chats/list"), self.chats)

    async def scopes(self, _: Ask) -> dict[str, Any]:
        """Every permission that the app asks for, granted (1) or not (2)."""
        listed = [
            {
                "scope_name": name,
                "grant_status": 2 if name in self._gate.revoked else 1,
                "scope_type": "tenant",
            }
            for name in SCOPES
        ]
        return {"code": 0, "msg": "success", "data": {"scopes": listed}}

    async def get(self, ask: Ask) -> dict[str, Any]:
        if ask.path["app"] not in ("me", world.LARK_APP_ID):
            raise Refusal(210507, "app not found")
        if ask.query.get("lang") not in ("zh_cn", "en_us", "ja_jp"):
            raise Refusal(99992402, "field validation failed")
        return {"code": 0, "msg": "success", "data": {"app": self.about}}

    async def info(self, _: Ask) -> dict[str, Any]:
        """``GET /open-apis/bot/v3/info``"""
        if not self.bot:
            raise Refusal(11205, "app do not have bot", 400)
        about = {
            "activate_status": self.active,
            "app_name": "Countersign",
            "avatar_url": "",
            "ip_white_list": [],
            "open_id": world.LARK_BOT,
        }
        return {"code": 0, "msg": "ok", "bot": about}

    async def chats(self, ask: Ask) -> dict[str, Any]:
        """The groups that the bot is in, a page at a time."""
        mine = [one for one in self._tenant.chats.values() if one.kind == "group" and one.bot]
        first = int(ask.query.get("page_token") or 0)
        last = first + min(max(int(ask.query.get("page_size") or 20), 1), 100)
        items = [{"chat_id": one.id, "name": one.title} for one in mine[first:last]]
        more = last < len(mine)
        data = {"items": items, "has_more": more, "page_token": str(last) if more else ""}
        return {"code": 0, "msg": "success", "data": data}
