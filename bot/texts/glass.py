"""What the bot says of requests that are started without their votes: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "state.glass": ("应急放行，即将执行", "break-glass, starting"),
    "card.glass": ("应急放行", "Break-glass"),
    "card.glass.by": ("{name}：{reason}", "{name}: {reason}"),
    "card.glass.outcome": ("事后确认", "Afterwards"),
    "card.glass.open": (
        "等待审批人在 {time} 前追认或反对",
        "the approvers have until {time} to ratify or object",
    ),
    "card.glass.ratified": ("审批人已追认", "ratified by the approvers"),
    "card.glass.objected": ("审批人反对", "the approvers objected"),
    "card.glass.unanswered": ("到期无人答复", "nobody answered in time"),
    "card.note.glass": ("{name} 应急放行", "break-glass by {name}"),
    "card.button.ratify": ("追认", "Ratify"),
    "card.button.object": ("反对", "Object"),
    "card.vote.ratify": ("追认", "ratified"),
    "card.vote.object": ("反对应急放行", "objected to break-glass"),
    "status.ratify": ("追认", "Ratified"),
    "status.object": ("反对应急放行", "Objected"),
    "say.approved_by.nobody": ("无人，应急放行", "nobody: break-glass"),
    "say.glass": (
        "🔴 {name} 应急放行了 #{id} {command}：未经审批，立即执行（{policies:and}：{have}/{need} 同意）。",
        "🔴 {name} broke the glass: #{id} {command} starts now without approval ({policies:and}: {have} of {need} had agreed).",
    ),
    "say.glass.opening": (
        "🔴 {name} 应急放行了 #{id} {command}：审批已通过，但没有等到允许开始的时间，立即执行。",
        "🔴 {name} broke the glass: #{id} {command} was approved, and starts now without waiting for its time.",
    ),
    "say.glass.how": (
        "请审批人在 {time} 前答复：`ratify {id}` 追认，或 `object {id} 原因` 反对。要停止执行：`stop {id}`",
        "Approvers, answer by {time}: `ratify {id}`, or `object {id}` with a reason. To stop it: `stop {id}`",
    ),
    "say.glass.ratified": (
        "#{id} {command} 的应急放行已由 {names:and} 追认。",
        "The break-glass of #{id} {command} was ratified by {names:and}.",
    ),
    "say.glass.objected": (
        "🔴 {names:and} 反对 #{id} {command} 的应急放行：尚未开始的部分不再开始。",
        "🔴 {names:and} objected to the break-glass of #{id} {command}: nothing more of it starts.",
    ),
    "say.glass.unanswered": (
        "🔴 {name} 对 #{id} {command} 的应急放行到期无人追认，也无人反对（{policies:and}）。",
        "🔴 Nobody has ratified the break-glass of #{id} {command} by {name} in time, nor objected to it ({policies:and}).",
    ),
    "glass.done": (
        "#{id} 未等审批就开始执行，所有审批人已收到通知。",
        "#{id} starts without waiting for approval; every approver is told.",
    ),
    "glass.ratified": ("已追认 #{id} 的应急放行。", "You have ratified the break-glass of #{id}."),
    "glass.objected": (
        "已反对 #{id} 的应急放行，尚未开始的部分不再开始。要停止正在执行的部分：stop {id}",
        "You have objected to the break-glass of #{id}: nothing more of it starts. To stop what runs: stop {id}",
    ),
    "glass.not_now": (
        "#{id} 现在不能应急放行：{state}。只有等待审批或等待开始时间的申请可以。",
        "The glass of #{id} cannot be broken now: it is {state}. Only what waits for votes or for its time can be started so.",
    ),
    "glass.policy": (
        "#{id} 的审批策略不允许应急放行。",
        "Not every policy of #{id} allows break-glass.",
    ),
    "glass.internal": (
        "#{id} 改的是机器人自己保存的内容（如冻结、长期授权），不能应急放行，只能审批。应急放行只用于要执行的操作。",
        "#{id} changes what the bot itself keeps (a freeze, a standing approval), and needs its votes. Break-glass is for operations that run.",
    ),
    "glass.not_yours": (
        "你没有应急放行 #{id} 的权限。",
        "You have no right to break the glass of #{id}.",
    ),
    "glass.reason": (
        "应急放行必须写明原因，至少 {least} 个字：break-glass {id} 原因",
        "Break-glass needs a reason of at least {least} characters: break-glass {id} why",
    ),
    "glass.code": (
        "请先看过 #{id} 的卡片，再带上卡片上的短码：`break-glass {id} {code_hint} 原因`",
        "Read the card of #{id} first, then send the code on it: `break-glass {id} {code_hint} why`",
    ),
    "glass.read_first": (
        "还没有放行：卡片上放不下 #{id} 的完整计划，正在单独发给你。读完后再说一次。",
        "Not started yet: the card does not hold the whole plan of #{id}, so it is being sent to you alone. Read it, then say it once more.",
    ),
    "glass.read_coming": (
        "还没有放行：#{id} 的完整计划正在发给你。读完后再说一次。",
        "Not started yet: the whole plan of #{id} is still on its way to you. Read it, then say it once more.",
    ),
    "glass.most": (
        "你在 {days} 天内已应急放行 {most} 次，不能再放行 #{id}。",
        "You have broken the glass {most:time|times} within {days} days, and cannot for #{id}.",
    ),
    "glass.nothing": (
        "#{id} 没有经过应急放行，无须追认或反对。",
        "The glass of #{id} was not broken: there is nothing to ratify or object to.",
    ),
    "glass.own": (
        "应急放行的人不能追认或反对 #{id}。",
        "Whoever broke the glass of #{id} can neither ratify that nor object to it.",
    ),
    "glass.stranger": (
        "只有 {names} 可以追认或反对 #{id} 的应急放行。",
        "Only {names} can ratify the break-glass of #{id}, or object to it.",
    ),
    "glass.again": (
        "你已经答复过 #{id} 的应急放行。",
        "You have answered to the break-glass of #{id} already.",
    ),
    "glass.not_your_turn": (
        "还没有轮到你：先由 {names} 答复 #{id} 的应急放行。",
        "It is not your turn: {names} answer to the break-glass of #{id} first.",
    ),
    "glass.ended.ratified": (
        "#{id} 的应急放行已经追认。",
        "The break-glass of #{id} was ratified already.",
    ),
    "glass.ended.objected": (
        "#{id} 的应急放行已被反对。",
        "The approvers objected to the break-glass of #{id} already.",
    ),
    "glass.ended.unanswered": (
        "#{id} 的应急放行已过答复期限。",
        "The time to answer to the break-glass of #{id} is over.",
    ),
    "glass.list.title": ("最近的应急放行", "The last break-glass"),
    "glass.list.nothing": ("没有应急放行过任何申请。", "No glass was broken."),
    "authority.glass.policy": (
        "按现在的审批策略，#{id} 不能应急放行。",
        "By the policies of now, #{id} cannot be started by break-glass.",
    ),
    "authority.glass.right": (
        "放行 #{id} 的人现在没有应急放行的权限。",
        "Whoever broke the glass of #{id} has no right to it now.",
    ),
    "authority.glass.objected": (
        "审批人反对 #{id} 的应急放行。",
        "The approvers objected to the break-glass of #{id}.",
    ),
}
