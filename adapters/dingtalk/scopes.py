"""The permissions that calls need, and what else the developer console of DingTalk must have.

Names: https://open.dingtalk.com/document/orgapp/permission-list, and ``requiredScopes`` of a call
that is refused.
"""

from __future__ import annotations

from urllib.parse import quote

from adapters.dingtalk import advice, events, settings
from bot.model.checks import Sentence
from bot.model.consoles import Console, Scope, Uses

FREE = ("POST /v1.0/oauth2/accessToken", "POST /v1.0/gateway/connections/open")
"""Calls that need no permission."""
CARD = Scope(
    "card",
    "Card.Instance.Write",
    ("发送、更新卡片", "cards are sent and updated"),
    ("(POST|PUT) /v1.0/card/instances.*",),
)
ROBOT = Scope(
    "robot",
    "qyapi_robot_sendmsg",
    ("在群里和单聊里发消息", "messages are sent to groups and to people"),
    (
        "POST /v1.0/robot/(groupMessages|oToMessages)/(send|batchSend|recall|batchRecall)",
        "POST /v1.0/robot/groupMessages/query",
    ),
)
FORM = Scope(
    "form",
    "Workflow.Instance.Read",
    ("读取审批单", "approval forms are read"),
    (
        "GET /v1.0/workflow/processInstances.*",
        "POST /v1.0/workflow/processes/instanceIds/query",
    ),
    only="forms",
)
GROUPS = Scope(
    "groups",
    "qyapi_chat_manage",
    ("doctor 查询机器人在哪些群里", "the doctor sees in which groups the robot is"),
    ("POST /v1.0/robot/groups/robots/query",),
    need="doctor",
)
ALL = (CARD, ROBOT, FORM, GROUPS)

HEARING = (
    "{console} → 企业内部应用 → 该应用 → 机器人 → 消息接收模式：Stream 模式，然后在版本管理与发布里"
    "发布；并确认机器人在这个群里（群设置 → 机器人）",
    "{console} → Internal apps (企业内部应用) → the app → Robot (机器人) → message receiving mode "
    "(消息接收模式): Stream, then publish a version (版本管理与发布); and see that the robot is in "
    "this group (群设置 → 机器人)",
)
CLICKING = (
    "https://open-dev.dingtalk.com/fe/card → 卡片平台 → 模板 {template}：按钮的动作为“回传请求”，"
    "模板已发布并关联本应用；{console} → 该应用 → 机器人 → 消息接收模式：Stream 模式"
    "（点击也经它到达）",
    "https://open-dev.dingtalk.com/fe/card → Card platform (卡片平台) → the template {template}: "
    "its buttons call back (回传请求), it is published and bound to this app; {console} → the app "
    "→ Robot (机器人) → message receiving mode (消息接收模式): Stream, by which clicks come, too",
)


def apply(client_id: str, *names: str) -> str:
    """The address at which an administrator grants permissions with one click."""
    wanted = quote(f"{client_id}#{','.join(names)}", safe="")
    return f"{advice.CONSOLE}/appscope/apply?content={wanted}"


def console(options: settings.Settings, uses: Uses) -> Console:
    """What the console must have for these uses."""
    scopes = tuple(scope for scope in ALL if scope.wanted(uses))
    names = [scope.name for scope in scopes if scope.need != "doctor"]
    facts = {"console": advice.CONSOLE, "template": options.card_template}
    steps = [advice.TEMPLATE_MEND, advice.VERSION_MEND]
    if not uses.callbacks:
        steps.insert(0, advice.RECEIVING_MEND)
        steps += [advice.EVENTS_MEND] if uses.forms else []
    return Console(
        advice.CONSOLE,
        scopes,
        Sentence(HEARING, facts),
        Sentence(CLICKING, facts),
        (events.FORM_EVENT,) if uses.forms else (),
        steps=tuple(Sentence(step, facts) for step in steps),
        apply=apply(options.client_id, *names),
    )
