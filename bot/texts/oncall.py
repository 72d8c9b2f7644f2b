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
    "approval.on_call": ("{rota} 的值班人", "whoever is on call by {rota}"),
    "oncall.title": ("现在由谁值班", "Who is on call"),
    "oncall.none": ("没有配置值班表。", "No rota is configured."),
    "oncall.now": ("现在 {names:and}", "{names:and} now"),
    "oncall.nobody": ("现在无人值班", "nobody now"),
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
