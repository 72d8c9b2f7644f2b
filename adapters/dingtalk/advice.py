"""What the doctor says of DingTalk: what it found, and the click that mends it, in both languages.

Menus are those of https://open-dev.dingtalk.com; English sentences name them in Chinese, too, as
parts of that console are Chinese only.
"""

from __future__ import annotations

from bot.model.checks import Pair

CONSOLE = "https://open-dev.dingtalk.com"

TITLE: Pair = ("钉钉", "DingTalk")
CREDENTIALS_OK: Pair = (
    "钉钉接受应用的凭证（{client_id}）",
    "DingTalk accepts the app's credentials ({client_id})",
)
CREDENTIALS_REFUSED: Pair = (
    "钉钉拒绝应用的凭证：{reason}",
    "DingTalk refuses the app's credentials: {reason}",
)
CREDENTIALS_MEND: Pair = (
    "{console} → 应用开发 → 企业内部应用 → 该应用 → 凭证与基础信息：把 Client ID 和 Client "
    "Secret 抄到 [dingtalk] 的 client_id 和 client_secret",
    "{console} → App development (应用开发) → Internal apps (企业内部应用) → the app → "
    "Credentials (凭证与基础信息): copy Client ID and Client Secret into client_id and "
    "client_secret of [dingtalk]",
)
UNREACHED: Pair = (
    "没能向钉钉查询：{reason}",
    "DingTalk could not be asked: {reason}",
)
UNREACHED_MEND: Pair = (
    "先处理“网络”一节里 {endpoint} 的问题，再试一次",
    "Mend what the section “Network” says of {endpoint}, and try again",
)
STREAM_OK: Pair = (
    "Stream 网关给出了连接地址 {host}，可以连接",
    "The Stream gateway names {host} for the connection, and it can be reached",
)
STREAM_REFUSED: Pair = (
    "Stream 网关不肯开连接：{reason}",
    "The Stream gateway opens no connection: {reason}",
)
STREAM_MEND: Pair = (
    "{console} → 企业内部应用 → 该应用 → 应用能力 → 机器人：消息接收模式选 Stream 模式，然后在版"
    "本管理与发布里发布",
    "{console} → Internal apps (企业内部应用) → the app → Features (应用能力) → Robot (机器人): "
    "message receiving mode (消息接收模式) Stream, then publish a version (版本管理与发布)",
)
STREAM_CLOSED: Pair = (
    "连不上 Stream 的地址 {host}（{reason}）",
    "The Stream's address {host} can't be connected to ({reason})",
)
STREAM_CLOSED_MEND: Pair = (
    "在防火墙放行到 {host} 的出站连接（wss，长时间保持）：消息和点击都从这里来",
    "Open the way out to {host} in the firewall (wss, kept open for long): messages and clicks "
    "come by it",
)
STREAM_UNUSED: Pair = (
    "钉钉的事件经 HTTP 回调到达（[[source]]），不用 Stream",
    "DingTalk's events come by HTTP callbacks ([[source]]), so no Stream is used",
)
SCOPE_OK: Pair = ("应用有权限 {scope:list}", "The app has the permission {scope:list}")
SCOPE_MISSING: dict[str, Pair] = {
    "card": (
        "应用没有权限 {scope:list}：不能发送和更新卡片",
        "The app lacks the permission {scope:list}: it can't send or update cards",
    ),
    "robot": (
        "应用没有权限 {scope:list}：不能在群里和单聊里发消息",
        "The app lacks the permission {scope:list}: it can't speak in groups or to people",
    ),
    "form": (
        "应用没有权限 {scope:list}：不能读取审批单",
        "The app lacks the permission {scope:list}: it can't read approval forms",
    ),
}
SCOPE_MEND: Pair = (
    "打开 {apply} 申请并开通（菜单：该应用 → 开发配置 → 权限管理）",
    "Open {apply} and have it granted (menu: the app → Development (开发配置) → Permissions, 权限"
    "管理)",
)
ROBOT_OK: Pair = ("机器人编码 {robot} 有效", "The robot code {robot} is known")
ROBOT_UNKNOWN: Pair = (
    "没有编码为 {robot} 的机器人，或它已停用（{reason}）",
    "There is no robot with the code {robot}, or it is disabled ({reason})",
)
ROBOT_MEND: Pair = (
    "{console} → 该应用 → 应用能力 → 机器人：打开机器人配置并发布；RobotCode 写进 [dingtalk] "
    "robot_code（通常就是 Client ID，那就删掉这一行）",
    "{console} → the app → Features (应用能力) → Robot (机器人): turn it on and publish; its "
    "RobotCode goes into [dingtalk] robot_code (it usually is the Client ID: then remove the line)",
)
GROUP_OK: Pair = ("机器人在群“{group}”里", "The robot is in the group “{group}”")
GROUP_OUTSIDE: Pair = ("机器人不在群“{group}”里", "The robot is not in the group “{group}”")
GROUP_MEND: Pair = (
    "在该群里：群设置 → 机器人 → 添加机器人 → 选这个应用的机器人",
    "In that group: Group settings (群设置) → Robots (机器人) → Add (添加机器人) → the robot of "
    "this app",
)
GROUP_UNKNOWN: Pair = (
    "钉钉不认识群“{group}”的会话 {chat}（{reason}）",
    "DingTalk does not know the chat {chat} of the group “{group}” ({reason})",
)
GROUP_UNKNOWN_MEND: Pair = (
    "把机器人加进群并 @ 它：它的回答里有 openConversationId，写进 [[group]] chat",
    "Add the robot to the group and mention it: its answer names the openConversationId for "
    "[[group]] chat",
)
GROUP_UNSEEN: Pair = (
    "机器人在不在群“{group}”里，没有权限 {scope} 就查不到",
    "Whether the robot is in the group “{group}” is not told without the permission {scope}",
)
GROUP_UNSEEN_MEND: Pair = (
    "在该群里看：群设置 → 机器人；或打开 {apply} 开通该权限，只供本检查使用",
    "Look in that group: Group settings (群设置) → Robots (机器人); or open {apply} to grant it, "
    "for this check alone",
)
FORM_OK: Pair = ("可以读取审批单 {form}", "The approval form {form} can be read")
FORM_UNKNOWN: Pair = (
    "钉钉不认识审批单 {form}（{reason}）",
    "DingTalk does not know the approval form {form} ({reason})",
)
FORM_MEND: Pair = (
    "OA 审批后台 → 表单管理 → 编辑该表单：地址栏里的 processCode 写进 [[form]] form",
    "OA approval console (OA 审批) → Forms (表单管理) → edit the form: the processCode of its "
    "address goes into [[form]] form",
)
ADDRESS: Pair = (
    "本机的出口地址不在应用的白名单里：{reason}",
    "This machine's address is not on the app's list: {reason}",
)
ADDRESS_MEND: Pair = (
    "{console} → 该应用 → 开发配置 → 安全设置 → 服务器出口 IP：加上本机的公网地址",
    "{console} → the app → Development (开发配置) → Security (安全设置) → Server IPs (服务器出口 "
    "IP): add this machine's public address",
)
QUOTA: Pair = (
    "本月的 API 调用额度用完了：{reason}",
    "The month's calls are used up: {reason}",
)
QUOTA_MEND: Pair = (
    "管理员在 {console} → 资源用量里购买，或等到下个月；专业版额度更高",
    "An administrator buys more under Usage (资源用量) at {console}, or it is over next month; "
    "the professional edition has more",
)
OTHER: Pair = (
    "钉钉对这次查询的回答是 {reason}",
    "DingTalk's answer to this look was {reason}",
)
OTHER_MEND: Pair = (
    "在 https://open.dingtalk.com/document/development/error-code 查这个错误码",
    "Look the code up at https://open.dingtalk.com/document/development/error-code",
)
TEMPLATE_OWN: Pair = (
    "卡片模板 {template}：没有接口能查它是否已发布、是否关联了本应用",
    "Card template {template}: no API tells whether it is published and bound to this app",
)
TEMPLATE_SHARED: Pair = (
    "卡片用的是钉钉 SDK 的公共模板，没有人保证它一直在",
    "Cards use the public template of DingTalk's SDK, of which nobody promises that it stays",
)
TEMPLATE_MEND: Pair = (
    "https://open-dev.dingtalk.com/fe/card → 卡片平台 → 模板列表：状态为已发布，并关联本应用；ID "
    "写进 [dingtalk] card_template",
    "https://open-dev.dingtalk.com/fe/card → Card platform (卡片平台) → Templates (模板列表): "
    "published, and bound to this app; its ID goes into [dingtalk] card_template",
)
VERSION: Pair = (
    "没有接口能查应用是否已发布；未发布时消息里没有 userid，所有人都会被拒绝",
    "No API tells whether the app is published; before that, messages carry no userid, and "
    "everybody is refused",
)
VERSION_MEND: Pair = (
    "{console} → 企业内部应用 → 该应用 → 应用发布 → 版本管理与发布：最新版本为已发布，可见范围包"
    "含要用它的人",
    "{console} → Internal apps (企业内部应用) → the app → Release (应用发布) → Versions (版本管理"
    "与发布): the newest is published, and visible to all who are to use it",
)
RECEIVING: Pair = (
    "没有接口能查机器人的消息接收模式",
    "No API tells how the robot receives messages",
)
RECEIVING_MEND: Pair = (
    "{console} → 该应用 → 应用能力 → 机器人 → 消息接收模式：Stream 模式（卡片点击也经它到达，无需"
    "另填回调地址）",
    "{console} → the app → Features (应用能力) → Robot (机器人) → Message receiving mode (消息接"
    "收模式): Stream (clicks on cards come by it, too, and need no callback address)",
)
EVENTS: Pair = (
    "没有接口能查订阅了哪些事件；审批单要靠 bpms_instance_change 才会到达",
    "No API tells which events are subscribed to; forms arrive by bpms_instance_change",
)
EVENTS_MEND: Pair = (
    "{console} → 该应用 → 开发配置 → 事件与回调（旧版叫“事件订阅”）：推送方式选 Stream 模式，勾选"
    "审批事件 bpms_instance_change",
    "{console} → the app → Development (开发配置) → Events & callbacks (事件与回调, formerly 事件"
    "订阅): push mode (推送方式) Stream, with the approval event bpms_instance_change ticked",
)
