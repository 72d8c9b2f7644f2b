"""What is said of requests that are voted on together: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "card.batch.lead": (
        "{name} 申请一批 {count} 项操作（{where:list}），风险：{risk}",
        "{name} asks for a batch of {count} ({where:list}, {risk} risk).",
    ),
    "card.batch.lead.past": (
        "{name} 申请了一批 {count} 项操作（{where:list}），风险：{risk}",
        "{name} asked for a batch of {count} ({where:list}, {risk} risk).",
    ),
    "card.batch.one": ("在 {targets} {does}", "{does} on {targets}"),
    "card.batch.digest": ("整批摘要", "Digest of the batch"),
    "card.batch.done": ("已结束 {done}/{total}", "{done} of {total} done"),
    "card.batch.note": (
        "每一项单独执行和报告结果；停止其中一项：stop {id}",
        "each runs and reports by itself; to stop one: stop {id}",
    ),
    "card.batch.elsewhere": (
        "随时可逐项查看完整计划：{names:list}",
        "To read each whole plan at any time: {names:list}",
    ),
    "card.batch.confirm": (
        "确认在 {targets} 上执行 {count} 次 {command}？",
        "Run {command} {count} times, on {targets}?",
    ),
    "say.batch.joined": (
        "#{id} 和 #{lead} 在同一张卡片上审批（共 {count} 项）。要单独审批：batch split {id}",
        "#{id} is voted on together with #{lead}, on one card ({count} in all). To vote on it alone: batch split {id}",
    ),
    "vote.approved.batch": (
        "已同意这一批 {count} 项：{names:list}，分别开始执行。",
        "You approved all {count}: {names:list}. Each starts by itself.",
    ),
    "vote.rejected.batch": (
        "已拒绝这一批 {count} 项：{names:list}，都不会执行。",
        "You rejected all {count}: {names:list}. None will run.",
    ),
    "vote.code_batch": (
        "#{id} 所在的卡片上有一批申请，随时可能增减。请看过卡片，再带上它的短码：`approve {id} {code_hint}`。",
        "The card of #{id} holds a batch, which may grow or shrink. Read the card, then send the code on it: `approve {id} {code_hint}`.",
    ),
    "batch.split": (
        "#{id} 现在单独审批，原来那批也需要重新表决。",
        "#{id} is voted on alone now; those it stood with are voted on anew, too.",
    ),
    "batch.none": (
        "#{id} 没有和别的申请一起审批。",
        "#{id} is not voted on together with others.",
    ),
    "batch.decided": (
        "#{id} 所在的那批已经决定，不能再拆开。",
        "The batch of #{id} is decided already, so nothing can be taken out of it.",
    ),
    "batch.not_yours": (
        "只有申请人和审批人可以把 #{id} 单独拿出来审批。",
        "Only its requester and its approvers can have #{id} voted on alone.",
    ),
}
