"""Why the other side said no, by its code: key "reason.<code>" → (zh-CN, en).

Adapters give a code and a sentence in English; in Chinese the code's sentence goes before it.
"""

from __future__ import annotations

CHINESE: dict[str, str] = {
    "gave_up": "多次尝试后仍未成功，已放弃",
    "not_configured": "bot.toml 中没有配置这个平台",
    "ClientNotRunning": "实例上的云助手没有运行",
    "DigestMismatch": "计划与审批时不一致，拒绝执行",
    "DefinitionChanged": "云上保存的内容在展示之后被改动或删除，拒绝执行；请重新发起，让审批人看到现在的内容",
    "NotShown": "云上保存的内容没有展示给审批人，拒绝执行；请重新发起",
    "CommandContent": "云助手命令的内容不是 UTF-8 文本，请重新保存",
    "EntityNotExists.Template": "OOS 上没有这个模板，请检查 bot.toml 和模板里的名称",
    "PlanMismatch": "计划内容不自洽，拒绝执行",
    "UnsafeParameter": "参数里有不能安全传递的字符",
    "InstanceIds.ExceedLimit": "一次涉及的实例太多，请分批",
    "Forbidden.RAM": "RAM 身份没有权限，请在 RAM 中授权",
    "NoPermission": "RAM 身份不能扮演该角色，请检查角色的信任策略",
    "InvalidAccessKeyId.NotFound": "AccessKey 不存在，请检查配置",
    "InvalidAccessKeyId.Inactive": "AccessKey 已停用，请在 RAM 控制台启用",
    "SignatureDoesNotMatch": "AccessKey Secret 不正确，请检查配置",
    "IncompleteSignature": "AccessKey Secret 不正确，请检查配置",
    "InvalidSecurityToken.Expired": "临时凭证已过期，请更新",
    "InvalidTimeStamp.Expired": "本机时间误差超过 15 分钟，请校时",
    "InvalidInstance.NotFound": "实例在该地域已不存在，请重新发起",
    "InvalidInstance.NotMatch": "实例的系统不支持这种命令",
    "InvalidCmdId.NotFound": "云助手命令在该地域不存在，请检查 command_id",
    "CmdContent.ExceedLimit": "脚本超过云助手的长度上限，请缩短",
    "CmdCount.ExceedQuota": "该地域保存的云助手命令过多，请清理",
    "Parameter.Disabled": "云助手命令没有启用参数",
    "Parameter.NotMatched": "参数与云助手命令不一致",
    "InvalidParameter.Timeout": "超时时间必须在 10 到 86400 秒之间",
    "InvalidRegionId.NotFound": "没有这个地域，请检查配置",
    "too_long": "内容太长，无法发送",
    "no_card": "没有可以更新的卡片",
    "not_delivered": "卡片没有送达这个会话",
    "other_form": "审批实例属于另一张审批单",
    "keywords": "消息里没有机器人要求的关键词",
    "sign": "机器人的加签没有通过，请检查 [[webhook.robot]] 的 secret",
    "ip": "机器人只接受某些地址发来的消息，请把本机的公网地址加入它的 IP 列表",
    "security": "消息不符合机器人的安全设置",
    "robot": "bot.toml 中没有这个名称的机器人",
    "uri": "机器人的地址不能用",
    "scheme": "机器人的地址必须以 https:// 开头",
    "host": "不允许向这个地址发送消息，见 bot.toml 的 [webhook] hosts",
    "no_result": "平台没有返回审批单的内容",
}
PHRASES: dict[str, tuple[str, str]] = {
    f"reason.{code}": (chinese + "（{reason}）", "{reason}") for code, chinese in CHINESE.items()
} | {
    "reason.other": ("{reason}", "{reason}"),
    "reason.foreign": ("没有成功，对方的原话是“{reason}”", "{reason}"),
}
