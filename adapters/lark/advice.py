"""What the doctor says of Lark/Feishu: what it found, and the click that mends it.

``{console}`` is the address of the app in the developer console; the names of menus are those of
the console in each language.
"""

from __future__ import annotations

from bot.model.checks import Pair

TITLE: Pair = ("飞书", "Lark / Feishu")
CREDENTIALS_OK: Pair = (
    "{domain} 接受应用 {app_id} 的凭证",
    "{domain} accepts the credentials of the app {app_id}",
)
CREDENTIALS_REFUSED: Pair = (
    "{domain} 拒绝应用 {app_id} 的凭证（{code}）",
    "{domain} refuses the credentials of the app {app_id} ({code})",
)
CREDENTIALS_MEND: Pair = (
    "{console}/baseinfo（凭证与基础信息）：把 App Secret 抄到 [lark] app_secret 所指的地方；重置"
    "过的话，旧的已失效",
    "{console}/baseinfo (Credentials & Basic Info): copy the App Secret to where [lark] "
    "app_secret points; "
    "after a reset the old one is void",
)
DOMAIN: Pair = (
    "{domain} 不认识应用 {app_id}（{code}）",
    "{domain} does not know the app {app_id} ({code})",
)
DOMAIN_MEND: Pair = (
    '飞书和 Lark 是两个平台：应用建在 {other} 的话，写 [lark] domain = "{other}"；否则核对 '
    "app_id（凭证与基础信息）",
    "Feishu and Lark are two platforms: for an app made at {other} say [lark] domain = "
    '"{other}"; else '
    "correct app_id (Credentials & Basic Info)",
)
UNREACHED: Pair = ("没能向 Lark 查询：{reason}", "Lark could not be asked: {reason}")
UNREACHED_MEND: Pair = (
    "先处理“网络”一节里 {domain} 的问题，再试一次",
    "Mend what the section “Network” says of {domain}, and try again",
)
BOT_OK: Pair = ("机器人“{name}”已启用", "The bot “{name}” is enabled")
BOT_OFF: Pair = (
    "应用没有启用机器人能力（{code}）",
    "The app has no bot feature (code {code})",
)
BOT_MEND: Pair = (
    "{console}/bot（应用能力 → 添加应用能力 → 机器人），再到 {console}/version 发布版本",
    "{console}/bot (Add Features → Bot), then publish a version at {console}/version",
)
INACTIVE: dict[int, Pair] = {
    0: ("应用还没有安装到企业", "The app is not installed in the organisation yet"),
    1: ("企业停用了应用", "The organisation has disabled the app"),
    3: ("应用已安装，还没有启用", "The app is installed, but not enabled yet"),
    4: ("应用升级后还没有启用", "The app was upgraded, and waits to be enabled"),
    5: ("应用的许可已到期", "The licence of the app is over"),
    6: (
        "企业的套餐到期或降级，应用已停用",
        "The organisation's plan is over",
    ),
}
INACTIVE_MEND: Pair = (
    "管理员在管理后台 → 工作台 → 应用管理里启用它；没有发布过的话，先到 {console}/version 发布版本",
    "An administrator enables it in the Admin Console → Workplace → App Management; if it was "
    "never "
    "published, do that first at {console}/version",
)
CONNECTION_OK: Pair = (
    "长连接可以建立（{host}）",
    "The long connection can be opened ({host})",
)
CONNECTION_REFUSED: Pair = (
    "长连接建立不了：{reason}",
    "The long connection is not opened: {reason}",
)
CONNECTION_MEND: Pair = (
    "确认 {console} 的应用已启用，且没有别的程序用同一个 app_id 占满 50 条连接",
    "See at {console} that the app is enabled, and that no other program holds all 50 "
    "connections of "
    "this app_id",
)
CONNECTION_CLOSED: Pair = (
    "连不上长连接的地址 {host}（{reason}）",
    "The address of the long connection, {host}, can't be connected to ({reason})",
)
CONNECTION_CLOSED_MEND: Pair = (
    "在防火墙放行到 {host} 的出站连接（wss，长时间保持）：消息和点击都从这里来",
    "Open the way out to {host} in the firewall (wss, kept open for long): messages and clicks "
    "come by it",
)
CONNECTION_UNUSED: Pair = (
    "Lark 的事件经 HTTP 回调到达（[[source]]），不用长连接",
    "Lark's events come by HTTP callbacks ([[source]]), so no long connection is used",
)
SCOPES_OK: Pair = (
    "应用有所需的权限：{scopes:list}",
    "The app has the permissions that it needs: {scopes:list}",
)
SCOPE_MISSING: Pair = (
    "应用没有权限 {scope}：{loss}",
    "The app lacks the permission {scope}: {loss}",
)
SCOPE_MEND: Pair = (
    "打开 {apply} 开通，再到 {console}/version 发布版本",
    "Open {apply} to have it granted, then publish a version at {console}/version",
)
VERSION_OK: Pair = (
    "应用已发布，没有等待审核的版本",
    "The app is published, and no version waits for review",
)
VERSION_NONE: Pair = ("应用还没有发布任何版本", "No version of the app is published")
VERSION_WAITS: Pair = (
    "有一个版本在等待审核：其中的改动还没有生效",
    "A version waits for review: what it changes does not hold yet",
)
VERSION_MEND: Pair = (
    "{console}/version（版本管理与发布）：创建版本并发布，由企业管理员审核通过",
    "{console}/version (Version Management & Release): create a version and release it, and have "
    "the "
    "administrator approve it",
)
CALLBACK_OK: Pair = (
    "卡片按钮的回调 card.action.trigger 经{way}到达",
    "Clicks on cards (card.action.trigger) come by {way}",
)
CALLBACK_MISSING: Pair = (
    "没有订阅回调 card.action.trigger：点按钮的人会看到错误 200340",
    "The callback card.action.trigger is not subscribed to: whoever clicks sees the error 200340",
)
CALLBACK_ELSEWHERE: Pair = (
    "卡片回调的订阅方式是 {type}，而机器人等在{way}上：点按钮的人会看到错误 200340",
    "Callbacks are delivered by {type}, and the bot waits by {way}: whoever clicks sees the "
    "error 200340",
)
CALLBACK_UNSEEN: Pair = (
    "平台没有告诉本应用卡片回调的配置（读取它要权限 {scope}）；配置不对时点按钮会报错 200340",
    "The app is not told how its callbacks are set up (that takes the permission {scope}); if "
    "they are not, a click ends with the error 200340",
)
CALLBACK_MEND: Pair = (
    "{console}/event → 开发配置 → 事件与回调 → 回调配置：订阅方式选{method}，添加回调“卡片回传交"
    "互 card.action.trigger”，再发布版本",
    "{console}/event → Development Configuration → Events & Callbacks → Callback Configuration: "
    "receive callbacks {method}, add the callback card.action.trigger, then publish a version",
)
EVENTS_OK: Pair = ("已订阅事件 {events:list}", "The events {events:list} are subscribed to")
EVENTS_MISSING: Pair = (
    "没有订阅事件 {events:list}：机器人收不到",
    "The events {events:list} are not subscribed to: the bot never hears of them",
)
EVENTS_ELSEWHERE: Pair = (
    "事件的订阅方式是 {type}，而机器人等在{way}上",
    "Events are delivered by {type}, and the bot waits by {way}",
)
EVENTS_UNSEEN: Pair = (
    "平台没有告诉本应用订阅了哪些事件（读取它要权限 {scope}）；需要 {events:list}",
    "The app is not told which events it subscribes to (that takes the permission {scope}); "
    "needed: {events:list}",
)
EVENTS_MEND: Pair = (
    "{console}/event → 开发配置 → 事件与回调 → 事件配置：订阅方式选{method}，添加事件 "
    "{events:list}，再发布版本",
    "{console}/event → Development Configuration → Events & Callbacks → Event Configuration: "
    "receive events {method}, add {events:list}, then publish a version",
)
VERSION_UNSEEN: Pair = (
    "平台没有告诉本应用最新版本是否已发布（读取它要权限 {scope}）",
    "The app is not told whether its newest version is published (that takes the permission "
    "{scope})",
)
GROUP_OK: Pair = ("机器人在群“{group}”里", "The bot is in the group “{group}”")
GROUP_OUTSIDE: Pair = (
    "机器人不在群“{group}”（{chat}）里",
    "The bot is not in the group “{group}” ({chat})",
)
GROUP_MEND: Pair = (
    "在该群里：设置 → 群机器人 → 添加机器人 → 选这个应用；或核对 [[group]] chat",
    "In that group: Settings → Bots → Add Bot → this app; or correct [[group]] chat",
)
GROUP_UNSEEN: Pair = (
    "机器人在不在群“{group}”里，没有权限 {scope} 就查不到",
    "Whether the bot is in the group “{group}” is not told without the permission {scope}",
)
GROUP_UNSEEN_MEND: Pair = (
    "在该群里看：设置 → 群机器人；或打开 {apply} 开通该权限，只供本检查使用",
    "Look in that group: Settings → Bots; or open {apply} to grant it, for this check alone",
)
FORM_OK: Pair = ("可以读取审批定义 {form}", "The approval definition {form} can be read")
FORM_UNKNOWN: Pair = (
    "没有编码为 {form} 的审批定义（{code}）",
    "There is no approval definition {form} ({code})",
)
FORM_MEND: Pair = (
    "审批管理后台 → 审批流程 → 编辑该审批：地址栏里的 definitionCode 写进 [[form]] form",
    "Approval admin console → the approval → Edit: the definitionCode of its address goes into "
    "[[form]] form",
)
ADDRESS: Pair = (
    "本机的出口地址不在应用的 IP 白名单里（{code}）",
    "This machine's address is not on the app's IP allow list ({code})",
)
ADDRESS_MEND: Pair = (
    "{console}/safe（安全设置 → IP 白名单）：加上本机的公网地址",
    "{console}/safe (Security Settings → IP Allow List): add this machine's public address",
)
QUOTA: Pair = (
    "企业本月的 API 调用额度用完了（{code}）",
    "The organisation's calls of this month are used up ({code})",
)
QUOTA_MEND: Pair = (
    "管理员在管理后台 → 费用中心提升额度，或等到下个月",
    "An administrator raises it in the Admin Console → Billing, or it is over next month",
)
OTHER: Pair = (
    "Lark 对这次查询的回答是 {code}：{reason}",
    "Lark's answer to this look was {code}: {reason}",
)
OTHER_MEND: Pair = (
    "在 https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code 查这个错误码",
    "Look the code up at "
    "https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code",
)
STREAM_METHOD: Pair = (
    "“使用长连接接收”（保存时机器人要在运行）",
    "through persistent connection (the bot must run when it is saved)",
)
HTTP_METHOD: Pair = (
    "“将事件或回调发送至开发者服务器”，地址是 [[source]] 的 path",
    "at the developer's server, at the path of the [[source]]",
)
STREAM_WAY: Pair = ("长连接", "persistent connection")
HTTP_WAY: Pair = ("HTTP 回调", "HTTP callback")
LOSSES: dict[str, Pair] = {
    "say": ("机器人不能发消息和卡片", "the bot can't send messages or cards"),
    "hear": ("收不到群里 @机器人的消息", "no message that mentions it in a group arrives"),
    "direct": ("收不到单聊消息", "no direct message arrives"),
    "files": ("长的输出不能作为文件发送", "long outputs can't be sent as files"),
    "forms": ("不能读取审批单", "approval forms can't be read"),
    "definitions": ("不能订阅审批单的事件", "the events of forms can't be subscribed to"),
}
