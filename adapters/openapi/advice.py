"""What the doctor says of any call to Alibaba Cloud that fails, in both languages."""

from __future__ import annotations

from bot.model.checks import Pair

CONSOLE = "https://ram.console.aliyun.com"
UNANSWERED: Pair = (
    "没能向阿里云查询 {action}：{reason}",
    "Alibaba Cloud could not be asked for {action}: {reason}",
)
UNANSWERED_MEND: Pair = (
    "先处理“网络”一节里 {host} 的问题，再试一次",
    "Mend what the section “Network” says of {host}, and try again",
)
DENIED: Pair = (
    "RAM 不允许 {action}（地域 {region}）",
    "RAM does not allow {action} (region {region})",
)
DENIED_MEND: Pair = (
    "{console} → 权限管理 → 权限策略：把 python -m bot doctor --ram 打印的策略授予 {who}",
    "{console} → Permissions (权限管理) → Policies (权限策略): grant {who} the policy that "
    "python -m bot doctor --ram prints",
)
ALLOWED: Pair = (
    "RAM 允许 {actions:list}",
    "RAM allows {actions:list}",
)
UNASKED: Pair = (
    "没有可以空跑的 API，不知道 RAM 是否允许 {actions:list}",
    "Whether RAM allows {actions:list} is not told: no API tries it without doing it",
)
UNASKED_MEND: Pair = (
    "{console} → 权限管理 → 权限策略：与 python -m bot doctor --ram 打印的策略对照",
    "{console} → Permissions (权限管理) → Policies (权限策略): compare with the policy that "
    "python -m bot doctor --ram prints",
)
