"""What the doctor says of OOS: what it found, and what mends it, in both languages."""

from __future__ import annotations

from bot.model.checks import Pair

TITLE: Pair = ("运维编排（OOS）", "OOS")
RAM = "https://ram.console.aliyun.com"
OOS = "https://oos.console.aliyun.com"

TEMPLATE: Pair = (
    "命令 {command} 的模板 {name} 在地域 {region}，版本 {version}，与文件一致",
    "The template {name} of the command {command} is in the region {region}, version {version}, as "
    "in the file",
)
NO_TEMPLATE: Pair = (
    "地域 {region} 没有命令 {command} 的模板 {name}",
    "There is no template {name}, which the command {command} runs, in the region {region}",
)
NO_TEMPLATE_MEND: Pair = (
    "{console} → 自定义任务 → 我的模板：在地域 {region} 创建模板，或核对 [command.{command}] 的 "
    "oos_template 和 [oos] region",
    "{console} → My Templates (我的模板): create it in the region {region}, or compare "
    "oos_template of [command.{command}] and region of [oos]",
)
OTHER: Pair = (
    "OOS 上的模板 {name}（版本 {version}）与文件 {command} 不同：执行和展示的是 OOS 上的",
    "The template {name} on OOS (version {version}) differs from the file of {command}: what is on "
    "OOS is shown and run",
)
OTHER_MEND: Pair = (
    "{console} → 自定义任务 → 我的模板：把文件的内容存为新版本，或把文件改成一样；"
    "要固定版本，设 oos_version",
    "{console} → My Templates (我的模板): store the file's text as a new version, or change the "
    "file; oos_version pins a version",
)
ROLE: Pair = (
    "OOS 可以扮演角色 {role}，它有命令 {command} 的模板所需的权限",
    "OOS may assume the role {role}, which has the permissions that the template of {command} "
    "needs",
)
ROLE_LACKS: Pair = (
    "角色 {role} 缺少命令 {command} 的模板所需的权限：{actions:list}",
    "The role {role} lacks what the template of {command} needs: {actions:list}",
)
ROLE_LACKS_MEND: Pair = (
    "{console} → 身份管理 → 角色 → {role} → 新增授权：python -m bot doctor --ram 打印的"
    "“policy of the role {role}”",
    "{console} → Identities (身份管理) → Roles (角色) → {role} → Grant permission (新增授权): the "
    "policy of the role {role} that python -m bot doctor --ram prints",
)
NO_ROLE: Pair = (
    "OOS 不能用角色 {role} 执行命令 {command} 的模板：{reason}",
    "OOS can't run the template of {command} as the role {role}: {reason}",
)
NO_ROLE_MEND: Pair = (
    "{console} → 身份管理 → 角色 → 创建角色 → 云服务 → 系统运维管理，角色名 {role}；"
    "信任策略见 python -m bot doctor --ram",
    "{console} → Identities (身份管理) → Roles (角色) → Create (创建角色) → Alibaba Cloud service "
    "(云服务) → OOS (系统运维管理), name {role}; its trust policy is printed by python -m bot "
    "doctor --ram",
)
ROLE_UNSEEN: Pair = (
    "没有权限 oos:GenerateExecutionPolicy，不知道命令 {command} 的角色 {role} 是否存在、权限够不够",
    "Without oos:GenerateExecutionPolicy it is not told whether the role {role} is there and may "
    "do what the template of {command} does",
)
ROLE_UNSEEN_MEND: Pair = (
    "{console} → 身份管理 → 角色 → {role}：与 python -m bot doctor --ram 打印的信任策略和权限策略"
    "对照",
    "{console} → Identities (身份管理) → Roles (角色) → {role}: compare with the trust policy and "
    "the policy that python -m bot doctor --ram prints",
)
