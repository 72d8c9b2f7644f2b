"""What is said of a month in numbers."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "report.title": ("{month} 的报告", "Report for {month}"),
    "report.month": (
        "“{month}”不是月份。请写成 2026-11。",
        "“{month}” is no month. Write it as 2026-11.",
    ),
    "report.asked": ("申请", "Asked for"),
    "report.count": ("{word} {count}", "{count} {word}"),
    "report.counts": ("{count} 个：{words:list}", "{count}: {words:list}"),
    "report.approved": ("批准用时", "Time to approve"),
    "report.times": (
        "{count} 次批准；一半在 {half}内，95% 在 {most}内",
        "{count:approval|approvals}; half of them within {half}, 95% within {most}",
    ),
    "report.pending": ("正在等待", "Waiting now"),
    "report.ages": (
        "{count} 个；一半已等待 {half}以上，最久 {oldest}",
        "{count}; half of them for {half} or longer, the oldest for {oldest}",
    ),
    "report.reminders": ("催办", "Reminders"),
    "report.expired": ("过期", "Ran out"),
    "report.unseen": (
        "{count} 个；可以投票而没有投的：{people:list}",
        "{count}; could have voted and did not: {people:list}",
    ),
    "report.read": ("对长计划的投票", "Votes on long plans"),
    "report.hasty": (
        "{count} 票；计划送达后 3 秒内投的：{people:list}",
        "{count}; within 3 seconds of the plan: {people:list}",
    ),
    "report.break_glass": ("应急放行", "Break-glass"),
    "report.never": ("从未拒绝的策略", "Policies that never said no"),
    "report.never.of": (
        "{name}（批准 {count} 次）",
        "{name} ({count:approval|approvals})",
    ),
    "report.none": ("无", "none"),
    "report.commands": ("按命令", "By command"),
    "report.groups": ("按群", "By group"),
    "report.row": (
        "{count} 个；批准 {approved} 个，一半在 {half}内",
        "{count}; {approved} approved, half of them within {half}",
    ),
    "report.row.none": ("{count} 个，没有批准", "{count}, none approved"),
    "report.more": ("还有 {count} 个", "{count} more"),
}
