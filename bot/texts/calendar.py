"""What the bot says of freezes and change windows: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "state.scheduled": ("已批准，等待开始时间", "approved, waits for its time"),
    "card.opening": ("执行时间", "When"),
    "opening.left": ("还要等 {left}（{time} 更新）", "{left} left, as of {time}."),
    "opening.freeze": (
        "变更冻结“{name}”（{reason}），{time} 起才能执行。",
        "Not before {time}: freeze {name} ({reason}).",
    ),
    "opening.window": (
        "只在变更窗口内执行（{name}：{reason}），下一个窗口 {time} 开始。",
        "Not before {time}, when a change window opens ({name}: {reason}).",
    ),
    "opening.time": (
        "按申请，{time} 起执行。",
        "Not before {time}, as was asked.",
    ),
    "authority.time": (
        "#{id} 申请在 {time} 执行，现在还不能。",
        "#{id} was asked to start at {time}, and may not before.",
    ),
    "start.no_day": (
        "没有 {time} 这个时间。可以写 at=03:00、at=2026-12-01T03:00 或 in=2h",
        "There is no such time as {time}. Write at=03:00, at=2026-12-01T03:00 or in=2h",
    ),
    "start.past": (
        "{time} 已经过去。",
        "{time} is over already.",
    ),
    "start.far": (
        "{time} 太远：最多提前 {most}。",
        "{time} is too far ahead: {most} at most.",
    ),
    "freeze.until": (
        "请写明冻结到什么时候：until 18:00 或 for 2h。例如：freeze restart until 18:00 正在发布",
        "Say until when it is frozen: until 18:00, or for 2h. Such as: freeze restart until 18:00 the release is under way",
    ),
    "freeze.both": (
        "until 和 for 只能写一个，请留下一个。",
        "Both until and for were said; keep one.",
    ),
    "freeze.unknown": (
        "“{name}”不是群的名称，也不是命令。可以写：{names:list}",
        "{name} is no group and no command. There are: {names:list}",
    ),
    "freeze.plan": ("到 {time} 为止, 不会开始:", "Until {time} this does not start:"),
    "freeze.plan.group": (
        "- 在群 {name} 里申请的所有操作",
        "- whatever is asked for in the group {name}",
    ),
    "freeze.plan.command": ("- 命令 {name}", "- the command {name}"),
    "freeze.plan.commands": (
        "- 名称符合 {name} 的命令, 现在有 {names}",
        "- commands named {name}, now {names}",
    ),
    "freeze.plan.all": ("- 所有操作", "- all operations"),
    "freeze.plan.reason": ("原因: {reason}", "Why: {reason}"),
    "freeze.line": (
        "- {name} {scope}, 到 {time}, 原因: {reason}",
        "- {name} {scope} until {time}: {reason}",
    ),
    "freeze.begun": (
        "{scope} 冻结到 {time} 为止，除非提前解除：unfreeze #{number}",
        "{scope}: frozen until {time}, unless it is lifted before: unfreeze #{number}",
    ),
    "frozen.people": (
        "{scope}，到 {time} 为止（{reason}）。{name} 申请，{names:list} 批准",
        "{scope} until {time} ({reason}). Asked by {name}, approved by {names:list}",
    ),
    "frozen.file": (
        "{scope}，到 {time} 为止（{reason}）。写在 bot.toml 里",
        "{scope} until {time} ({reason}). From bot.toml",
    ),
    "frozen.file.ever": (
        "{scope}，没有期限（{reason}）。写在 bot.toml 里",
        "{scope}, with no end ({reason}). From bot.toml",
    ),
    "freezes.title": ("现在的冻结", "Frozen now"),
    "freezes.none": ("现在没有冻结。", "Nothing is frozen now."),
    "unfreeze.plan": (
        "立即解除, 等待的操作随即重新判断:",
        "Lifted at once; what waits for it is judged anew:",
    ),
    "unfreeze.none": (
        "没有“{name}”这个冻结。发送 freezes 查看现在有哪些。",
        "There is no freeze {name}. Send: freezes",
    ),
    "unfreeze.file": (
        "冻结“{name}”写在 bot.toml 里，只能由管理员在那里修改。",
        "The freeze {name} stands in bot.toml: only the administrator lifts it, there.",
    ),
    "unfreeze.over": ("{names:list} 已经不再冻结。", "{names:list} is over already."),
    "unfreeze.done": ("已解除 {names:list}。", "{names:list} is lifted."),
    "opening.approved": (
        "已同意 #{id}，到时自动开始。{why}",
        "You approved #{id}; it starts by itself when it may. {why}",
    ),
    "say.scheduled": (
        "⏳ #{id} {command} 已批准，还要等 {left}。{why}到时会按当时的规则重新判断，然后自动开始。不再需要请发送：cancel {id}",
        "⏳ #{id} {command} is approved and has to wait for {left}. {why} It is judged anew then, and starts by itself. If it is no longer wanted, send: cancel {id}",
    ),
    "authority.freeze": (
        "变更冻结“{name}”（{reason}），#{id} 在 {time} 之前不能执行。",
        "#{id} may not run before {time}: freeze {name} ({reason}).",
    ),
    "authority.window": (
        "#{id} 只能在变更窗口内执行（{name}：{reason}），下一个窗口 {time} 开始。",
        "#{id} may run in a change window only ({name}: {reason}), the next of which opens {time}.",
    ),
    "authority.never": (
        "“{name}”（{reason}）一年之内都不允许执行 #{id}。请管理员修改 bot.toml 后重新申请。",
        "{name} ({reason}) lets #{id} run at no time within a year. Ask the administrator to mend bot.toml, then ask anew.",
    ),
}
