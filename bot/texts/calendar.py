"""What the bot says of freezes and change windows: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "state.scheduled": ("已批准，等待开始时间", "approved, waits for its time"),
    "card.opening": ("最早开始", "Starts"),
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
