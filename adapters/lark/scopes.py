"""The permissions that calls and events need, and what else the console of Lark must have.

Names: https://open.feishu.cn/document/server-docs/application-scope/scope-list, and the API's page
of each call.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.lark import settings
from bot.model.checks import Sentence
from bot.model.consoles import Console, Scope, Uses

FEISHU, LARK = "https://open.feishu.cn", "https://open.larksuite.com"
FREE = (
    "POST auth/v3/tenant_access_token/internal",
    "POST callback/ws/endpoint",
    "GET bot/v3/info",
    "GET application/v6/scopes",
)
"""Calls that need no permission."""
CALLBACK = "card.action.trigger"
MESSAGES = ("im.message.receive_v1", "im.message.recalled_v1")
FORM_EVENT = "approval_instance"
_ONE = "im/v1/messages/[^/]+"

SAY = Scope(
    "say",
    "im:message:send_as_bot",
    ("发送、更新消息和卡片", "messages and cards are sent and updated"),
    ("POST im/v1/messages(/[^/]+/reply)?", f"PATCH {_ONE}"),
    others=("im:message:send", "im:message"),
)
HEAR = Scope(
    "hear",
    "im:message.group_at_msg:readonly",
    ("收到群里 @机器人 的消息", "messages that mention the bot in a group come in"),
    others=("im:message.group_at_msg", "im:message.group_msg"),
)
DIRECT = Scope(
    "direct",
    "im:message.p2p_msg:readonly",
    ("收到单聊消息", "messages in direct chats come in"),
    others=("im:message.p2p_msg",),
    need="useful",
    only="direct",
)
FILES = Scope(
    "files",
    "im:resource",
    ("把很长的输出作为文件发送", "long outputs are sent as files"),
    ("POST im/v1/files",),
    need="useful",
    others=("im:resource:upload",),
)
FORMS = Scope(
    "forms",
    "approval:approval:readonly",
    ("读取审批单", "approval forms are read"),
    ("GET approval/v4/instances.*",),
    others=("approval:approval",),
    only="forms",
)
DEFINITIONS = Scope(
    "definitions",
    "approval:definition",
    ("订阅审批定义", "definitions of forms are subscribed to"),
    ("POST approval/v4/approvals/[^/]+/subscribe", "GET approval/v4/approvals/[^/]+"),
    others=("approval:approval",),
    only="forms",
)
HISTORY = Scope(
    "history",
    "im:message:readonly",
    (
        "离线之后确认哪些消息已送达（群消息还需要敏感权限 im:message.group_msg）",
        "after an absence it is seen what had arrived (in groups with the sensitive "
        "im:message.group_msg besides)",
    ),
    ("GET im/v1/messages", f"GET {_ONE}"),
    need="useful",
    others=("im:message",),
)
RECALL = Scope(
    "recall",
    "im:message:recall",
    ("撤回带有隐藏值的消息", "messages that carry a hidden value are taken back"),
    (f"DELETE {_ONE}",),
    need="useful",
    others=("im:message",),
    only="hidden",
)
URGENT = Scope(
    "urgent",
    "im:message.urgent",
    ("催办时发送加急消息", "reminders that are urgent alert people"),
    (f"PATCH {_ONE}/urgent_app",),
    need="useful",
    only="urgent",
)
CHATS = Scope(
    "chats",
    "im:chat:readonly",
    ("doctor 查询机器人在哪些群里", "the doctor sees in which groups the bot is"),
    ("GET im/v1/chats",),
    need="doctor",
)
APP = Scope(
    "app",
    "application:application:self_manage",
    (
        "doctor 查询版本、事件和回调的配置",
        "the doctor sees version, events and callbacks",
    ),
    ("GET application/v6/applications/.*",),
    need="doctor",
)
ALL = (SAY, HEAR, DIRECT, FILES, FORMS, DEFINITIONS, HISTORY, RECALL, URGENT, CHATS, APP)

WAY = (
    "{console}/event → 事件与回调：事件配置和回调配置的订阅方式都选“使用长连接”"
    "（机器人先要在运行）",
    "{console}/event → Events & Callbacks (事件与回调): long connection (使用长连接) for events "
    "and for callbacks; the bot must be running then",
)
HTTP_WAY = (
    "{console}/event → 事件与回调：订阅方式都选“将事件发送至开发者服务器”，"
    "地址为 [[source]] 的地址",
    "{console}/event → Events & Callbacks (事件与回调): to the developer's server "
    "(将事件发送至开发者服务器), at the address of the [[source]]",
)
IMPORT = (
    "{console}/auth → 权限管理 → 批量导入/导出权限：粘贴下面的 JSON",
    "{console}/auth → Permissions (权限管理) → Import (批量导入/导出权限): paste the JSON below",
)
VERSION = (
    "{console}/version → 版本管理与发布：创建版本并发布，由管理员通过；把机器人加进每个群",
    "{console}/version → Versions (版本管理与发布): publish one, have it approved, and add the bot "
    "to each group",
)

HEARING = (
    "{console}/event → 事件与回调 → 事件配置：使用长连接，添加 im.message.receive_v1，并开通权限 "
    "im:message.group_at_msg:readonly；发布版本，并确认机器人在这个群里",
    "{console}/event → Events & Callbacks (事件与回调) → Event configuration (事件配置): long "
    "connection (使用长连接), add im.message.receive_v1 with the permission "
    "im:message.group_at_msg:readonly; publish a version, and see that the bot is in this group",
)
CLICKING = (
    "{console}/event → 事件与回调 → 回调配置：使用长连接，添加 card.action.trigger，然后发布版本；"
    "点击时客户端报 200340，就是缺少这一项",
    "{console}/event → Events & Callbacks (事件与回调) → Callback configuration (回调配置): long "
    "connection (使用长连接), add card.action.trigger, then publish a version; the client's error "
    "200340 at a click means that this is missing",
)


def home(options: settings.Settings) -> str:
    """The address of the app in the console of its platform."""
    place = LARK if "larksuite" in options.domain else FEISHU
    return f"{place}/app/{options.app_id}"


def console(options: settings.Settings, uses: Uses) -> Console:
    """What the console must have for these uses."""
    scopes = tuple(scope for scope in ALL if scope.wanted(uses))
    facts = {"console": home(options)}
    steps = (IMPORT, HTTP_WAY if uses.callbacks else WAY, VERSION)
    return Console(
        home(options),
        scopes,
        Sentence(HEARING, facts),
        Sentence(CLICKING, facts),
        (*MESSAGES, *((FORM_EVENT,) if uses.forms else ())),
        (CALLBACK,),
        tuple(Sentence(step, facts) for step in steps),
        document=document([scope.name for scope in scopes if scope.need != "doctor"]),
    )


def document(names: list[str]) -> Mapping[str, object]:
    """What the console imports in place of ticks."""
    return {"scopes": {"tenant": names, "user": []}}
