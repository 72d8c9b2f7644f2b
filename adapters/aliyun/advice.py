"""What the doctor says of Alibaba Cloud: what it found, and what mends it, in both languages."""

from __future__ import annotations

from bot.model.checks import Pair

TITLE: Pair = ("阿里云", "Alibaba Cloud")
RAM = "https://ram.console.aliyun.com"
ECS = "https://ecs.console.aliyun.com"

IDENTITY: Pair = ("阿里云接受凭证：{arn}", "Alibaba Cloud accepts the credentials: {arn}")
REFUSED: Pair = (
    "阿里云拒绝凭证：{reason}",
    "Alibaba Cloud refuses the credentials: {reason}",
)
REFUSED_MEND: Pair = (
    "{console} → 身份管理 → 用户 → 该用户 → AccessKey：核对 [aliyun.credentials] 里的 AccessKey；用"
    "角色时核对 role_arn 和它的信任策略",
    "{console} → Identities (身份管理) → Users (用户) → the user → AccessKey: compare it with "
    "[aliyun.credentials]; of a role compare role_arn and its trust policy",
)
NO_KEYS: Pair = (
    "没有凭证：环境变量、配置文件和实例的 RAM 角色里都没有",
    "There are no credentials: nothing in the environment, the profile or the instance's RAM role",
)
NO_KEYS_MEND: Pair = (
    '在 [aliyun.credentials] 写 type = "key" 和 AccessKey；或在 {console} → 实例 → 该实例 → '
    "全部操作 → 授予/收回 RAM 角色，给机器人所在的实例绑定角色",
    'Set type = "key" and an AccessKey in [aliyun.credentials]; or bind a RAM role to the bot\'s '
    "instance: {console} → Instances (实例) → the instance → All actions (全部操作) → Attach RAM "
    "role (授予/收回 RAM 角色)",
)
ROOT: Pair = (
    "凭证是主账号的（{arn}），RAM 管不住它",
    "The credentials are those of the account itself ({arn}), which no policy narrows",
)
ROOT_MEND: Pair = (
    "{console} → 身份管理 → 用户：建一个 RAM 用户，授予 python -m bot doctor --ram 打印的策略，"
    "用它的 AccessKey，并停用主账号的",
    "{console} → Identities (身份管理) → Users (用户): create a RAM user with the policy that "
    "python -m bot doctor --ram prints, use its AccessKey, and disable that of the account",
)
REGION: Pair = (
    "地域 {region}：{host} 有应答，共 {count} 台实例",
    "Region {region}: {host} answers; instances: {count}",
)
NO_REGION: Pair = (
    "没有地域 {region}，或账号不能使用",
    "There is no region {region}, or the account may not use it",
)
NO_REGION_MEND: Pair = (
    "把 [aliyun] region（或命令的 region）改成实例所在的地域，如 {near}",
    "Set [aliyun] region (or that of the command) to where the instances are, such as {near}",
)
AGENTS: Pair = (
    "配置里的 {count} 台实例都有云助手 Agent 在运行",
    "Cloud Assistant runs on all instances that commands may touch: {count}",
)
NO_AGENT: Pair = (
    "云助手 Agent 没有安装，或没有运行：{names:list}",
    "The Cloud Assistant agent is not installed or not running on {names:list}",
)
NO_AGENT_MEND: Pair = (
    "{console} → 运维与监控 → 云助手 → ECS 实例：安装客户端；"
    "或在实例上运行 systemctl restart aliyun",
    "{console} → Maintenance & Monitoring (运维与监控) → Cloud Assistant (云助手) → "
    "ECS Instances (ECS 实例): install the agent; or run systemctl restart aliyun on the instance",
)
NO_TARGET: Pair = (
    "没有实例符合命令 {command} 的 allowed_targets（{patterns:list}）",
    "No instance fits allowed_targets of the command {command} ({patterns:list})",
)
NO_TARGET_MEND: Pair = (
    "改 [command.{command}] 的 allowed_targets 或 region；"
    "地域 {region:list} 里的实例：{names:list}",
    "Change allowed_targets or region of [command.{command}]; the instances of {region:list} are "
    "{names:list}",
)
STORED: Pair = (
    "命令 {command} 用的云助手命令 {id} 在地域 {region}",
    "The stored command {id} of the command {command} is in the region {region}",
)
NOT_STORED: Pair = (
    "地域 {region} 没有命令 {command} 用的云助手命令 {id}",
    "There is no stored command {id}, which the command {command} runs, in the region {region}",
)
NOT_STORED_MEND: Pair = (
    "{console} → 运维与监控 → 云助手 → 我的命令：核对 [command.{command}] 的 command_id 和 region",
    "{console} → Maintenance & Monitoring (运维与监控) → Cloud Assistant (云助手) → My Commands "
    "(我的命令): compare command_id and region of [command.{command}]",
)
