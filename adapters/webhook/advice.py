"""What the doctor says of custom robots, in both languages."""

from __future__ import annotations

from bot.model.checks import Pair

TITLE: Pair = ("群机器人", "Custom robots")
BAD: Pair = ("机器人 {robot} 不能用：{reason}", "The robot {robot} can't be used: {reason}")
BAD_MEND: Pair = (
    "群设置 → 机器人 → 该机器人：把完整的 Webhook 地址抄到 [[webhook.robot]] url 所指的地方",
    "Group settings (群设置) → Robots (机器人) → the robot: copy its whole Webhook address to "
    "where url of [[webhook.robot]] points",
)
SECRET: Pair = (
    "机器人 {robot} 的 secret 不是加签密钥：钉钉的以 SEC 开头",
    "The secret of the robot {robot} is no signing key: DingTalk's begin with SEC",
)
SECRET_MEND: Pair = (
    "群设置 → 机器人 → 该机器人 → 安全设置 → 加签：把那里的密钥抄到 [[webhook.robot]] secret 所指"
    "的地方",
    "Group settings (群设置) → Robots (机器人) → the robot → Security (安全设置) → Signature (加"
    "签): copy the key shown there to where secret of [[webhook.robot]] points",
)
KEYWORDS: Pair = (
    "机器人 {robot} 有 {count} 个关键词，最多 10 个",
    "The robot {robot} has {count} keywords; ten are the most",
)
KEYWORDS_MEND: Pair = (
    "只留下该机器人安全设置里的那些，写进 [[webhook.robot]] keywords",
    "Keep those of the robot's security settings in keywords of [[webhook.robot]]",
)
SIGNS: Pair = (
    "机器人 {robot} 会给消息加签；对方收不收，不发消息查不到",
    "The robot {robot} signs its messages; whether they are taken is not told without sending one",
)
WORDS: Pair = (
    "机器人 {robot} 的消息会带关键词 {keywords:list}；对方收不收，不发消息查不到",
    "Messages of the robot {robot} carry {keywords:or}; whether they are taken is not told "
    "without sending one",
)
OPEN: Pair = (
    "机器人 {robot} 既不加签也不带关键词；对方收不收，不发消息查不到",
    "The robot {robot} neither signs nor has keywords; whether its messages are taken is not "
    "told without sending one",
)
DINGTALK_MEND: Pair = (
    "群设置 → 机器人 → 该机器人 → 安全设置：加签、关键词、IP 地址段勾选了哪些，[[webhook.robot]] "
    "里就要有哪些。不符时错误都是 "
    "310000，其后的文字说是哪一项：sign not match、invalid timestamp（时钟）、keywords not in "
    "content、not in whitelist",
    "Group settings (群设置) → Robots (机器人) → the robot → Security (安全设置): what is ticked "
    "of signature (加签), keywords (关键词) and addresses (IP 地址段) must stand in "
    "[[webhook.robot]]. A misfit is always error 310000, and its text says which: sign not "
    "match, invalid timestamp (the clock), keywords not in content, not in whitelist",
)
LARK_MEND: Pair = (
    "群设置 → 群机器人 → 该机器人 → 安全设置：签名校验、自定义关键词、IP 白名单打开了哪些，"
    "[[webhook.robot]] 里就要有哪些。不符时的错误："
    "19021 签名或时钟、19022 IP、19024 关键词",
    "Group settings → Bots → the bot → Security settings: what is on of signature, keywords and "
    "IP allow list must stand in [[webhook.robot]]. Misfits are the errors 19021 (signature, or "
    "the clock), 19022 (address) and 19024 (keyword)",
)
PLAIN_MEND: Pair = (
    "看那台服务器的设置：它收到的就是模板给出的内容",
    "See the settings of that server: it gets what the template says, as it is",
)
