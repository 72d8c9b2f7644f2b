"""What is said of a platform's quota for the month."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "say.quota.title": ("本月用量", "This month's quota"),
    "say.quota": (
        "{platform} {month} 的额度快用完了：{meters:and}。从现在起，只是进度的卡片更新不再发送；用到 90% 时"
        "也不再催办。卡片、投票和结果照常发送。发送 `status` 查看用量。",
        "The quota of {platform} for {month} runs short: {meters:and}. From now on, cards are no longer "
        "updated for mere progress; from 90% nobody is reminded either. Cards, votes and outcomes are "
        "sent as ever. Send `status` to see what is used.",
    ),
    "status.usage": ("{platform} {month}：{meters:list}", "{platform} {month}: {meters:list}"),
    "status.sparing": (" · 为省额度不发送{what:and}", " · {what:and} not sent, to save it"),
    "status.spared": (" · 已省略 {count} 条", " · {count:message|messages} left out"),
    "quota.calls": ("API 调用 {used}/{most}（{percent}%）", "{used} of {most} calls ({percent}%)"),
    "quota.pushes": ("推送 {used}/{most}（{percent}%）", "{used} of {most} pushes ({percent}%)"),
    "spare.progress": ("进度", "progress"),
    "spare.reminder": ("催办", "reminders"),
}
