"""What the bot says of those who are on call: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "card.on_call": ("{names}（值班：{rotas:list}）", "{names} (on call: {rotas:list})"),
    "card.off_call": ("目前无人值班：{rotas:list}", "nobody is on call: {rotas:list}"),
    "say.on_call": (
        "⏰ 现在由你值班：#{id} {command} 等待你审批，{time} 到期（还剩 {left}）。",
        "⏰ You are on call now: #{id} {command} waits for your decision; it expires at {time} (in {left}).",
    ),
    "vote.off_call": (
        "目前无人值班（{rotas:list}），#{id} 现在没有人可以审批，什么都没有改变。",
        "Nobody is on call now ({rotas:list}), so nobody can approve #{id} and nothing changed.",
    ),
    "refused.nobody.on_call": (
        "按照策略 {policy}，由值班的人审批（{rotas:list}），现在值班的是 {names:and}，除了你自己没有足够的人可以审批。换班之后再申请，或请管理员补充审批人。",
        "Under the policy {policy} those on call approve ({rotas:list}), and now that is {names:and}: not enough people besides yourself. Ask again after the next hand-over, or ask the administrator to add approvers.",
    ),
    "refused.nobody.off_call": (
        "按照策略 {policy}，由值班的人审批，目前无人值班（{rotas:list}）。有人值班之后再申请，或请管理员补充审批人。",
        "Under the policy {policy} those on call approve, and nobody is on call now ({rotas:list}). Ask again once somebody is, or ask the administrator to add approvers.",
    ),
    "doctor.group.calendars": ("值班日历", "Calendars of those on call"),
    "doctor.calendar.ok": (
        "值班表 {rota} 的日历可以读到，今后两周有 {people:and}",
        "The calendar of the rota {rota} can be read; within two weeks it names {people:and}",
    ),
    "doctor.calendar.unread": (
        "读不到值班表 {rota} 的日历：{reason}",
        "The calendar of the rota {rota} cannot be read: {reason}",
    ),
    "doctor.calendar.unread_mend": (
        "检查 [[oncall]] 的 calendar；读不到时，已知的安排只在 24 小时内有效",
        "Check calendar of [[oncall]]; what is known of it counts for 24 hours only",
    ),
    "doctor.calendar.unknown": (
        "值班表 {rota} 的日历里，有些事件没有写出任何人：{titles:list}",
        "In the calendar of the rota {rota} some events name nobody who is known: {titles:list}",
    ),
    "doctor.calendar.unknown_mend": (
        "在 [[oncall]] 的 names 里写明这些名字或邮箱是谁",
        "Say in names of [[oncall]] whose names or mail addresses these are",
    ),
    "doctor.calendar.nobody": (
        "值班表 {rota} 的日历今后两周没有写任何人",
        "The calendar of the rota {rota} names nobody within two weeks",
    ),
    "doctor.calendar.nobody_mend": (
        "检查这是不是要用的日历，以及 people 是否包括值班的人",
        "Check whether it is the calendar that is meant, and whether people has those who are on call",
    ),
    "approval.on_call": ("{rota} 的值班人", "whoever is on call by {rota}"),
    "oncall.title": ("现在由谁值班", "Who is on call"),
    "oncall.none": ("没有配置值班表。", "No rota is configured."),
    "oncall.now": ("现在 {names:and}", "{names:and} now"),
    "oncall.nobody": ("现在无人值班", "nobody now"),
    "oncall.away": ("（不在）", " (away)"),
    "oncall.until": ("，到 {time}", ", until {time}"),
    "oncall.next": ("之后 {names:and}", "then {names:and}"),
    "oncall.unknown": (
        "。日历里没有写出人的事件：{titles:list}",
        ". Events of its calendar that name nobody: {titles:list}",
    ),
    "oncall.never": ("。还没有读到日历", ". Its calendar was not read yet"),
    "oncall.stale": ("。{span}没有读到日历", ". Its calendar could not be read for {span}"),
    "oncall.next.nobody": ("之后无人值班", "then nobody"),
}
