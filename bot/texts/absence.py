"""What is said about people who are away, and those who stand in for them."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "away.done": (
        "好的，你不在，直到 {time}。在此期间不会 @ 你，也不指望你审批；你仍然可以投票。回来时请发送 back。",
        "You are away until {time}. Until then you are not mentioned, and nobody counts on your approval; you may still vote. When you are back, send: back",
    ),
    "away.done.delegate": (
        "好的，你不在，直到 {time}。{name} 可以代你审批（策略 {policies}），已在等待的申请也交给他。你仍然可以投票。回来时请发送 back。",
        "You are away until {time}. {name} stands in for you under {policies}, also for what is waiting. You may still vote. When you are back, send: back",
    ),
    "away.back": ("好的，你回来了。", "Welcome back."),
    "away.not_away": ("你没有说过你不在。", "You did not say that you are away."),
    "away.until": (
        "请写明到什么时候，例如 `away until Monday`。",
        "Say until when, such as `away until Monday`.",
    ),
    "away.unknown": ("不认识 {name}。", "Nobody here is called {name}."),
    "away.oneself": ("不能由你自己代理。", "You cannot stand in for yourself."),
    "away.both": ("{name} 现在也不在。", "{name} is away, too."),
    "away.not_allowed": (
        "没有一个由你审批的策略允许 {name} 代理。请管理员把他写进策略的 delegates。",
        "No policy by which you approve lets {name} stand in for you. Ask the administrator to name them among its delegates.",
    ),
    "away.evaluation": (
        "{platform} 是试用平台，不能在那里说明你不在。",
        "{platform} is for evaluation; you cannot say there that you are away.",
    ),
    "away.nobody": ("现在没有人不在。", "Nobody is away now."),
    "away.line": ("{name} 不在，直到 {time}", "{name} is away until {time}"),
    "away.line.delegate": (
        "{name} 不在，直到 {time}，由 {delegate} 代理",
        "{name} is away until {time}; {delegate} stands in",
    ),
    "card.away": ("{name}（不在）", "{name} (away)"),
    "card.away.delegate": (
        "{name}（不在，{delegate} 代理）",
        "{name} (away, {delegate} stands in)",
    ),
    "say.stand_in": (
        "#{id} {command}：{absent:and} 不在，现在由你代为审批，{time} 到期（还剩 {left}）。",
        "#{id} {command}: while {absent:and} cannot decide, it is your turn to stand in. It expires at {time} (in {left}).",
    ),
    "unreachable.away": (
        "；{names:and} 不在，但仍可以投票",
        "; {names:and} said that they are away, and may still vote",
    ),
    "refused.nobody.away": (
        "按照策略 {policy}，除了你自己没有足够的人可以审批：{names:and} 现在不在。等他们回来再申请，或请他们指定代理人。",
        "Under the policy {policy} there are not enough people besides yourself to approve this now, as {names:and} cannot: they said that they are away. Ask again when they are back, or ask them to name somebody who stands in.",
    ),
}
