"""What the bot says of instances and resources that another operation has: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "state.queued": ("已批准，排队等待", "approved, waits for its turn"),
    "card.queued": ("排队", "In the queue"),
    "lock.waits": (
        "要等 #{number} 先用完 {name}。",
        "#{number} has to be done with {name} first.",
    ),
    "lock.approved": (
        "已同意 #{id}，轮到时自动开始。{why}",
        "You approved #{id}; it starts by itself when its turn comes. {why}",
    ),
    "say.queued": (
        "⏳ #{id} {command} 已批准，需要排队：{why}轮到时会按当时的规则重新判断，然后自动开始。不再需要请发送：cancel {id}",
        "⏳ #{id} {command} is approved. {why} It is judged anew when its turn comes, and starts by itself. If it is no longer wanted, send: cancel {id}",
    ),
    "authority.busy": (
        "{name} 正由 #{number} 使用，所以 #{id} 没有执行。等它结束后再试。",
        "#{id} did not start, as #{number} has {name}. Try again once that has ended.",
    ),
    "refused.busy": (
        "{name} 正由 #{number} 使用。等它结束后再申请。",
        "#{number} has {name}. Ask again once that has ended.",
    ),
    "bounds.locked": (
        "{call} 会操作 {name}，而 {name} 正由 #{number} 使用，所以没有调用",
        "{call} would act on {name}, which #{number} has, so it was not made",
    ),
    "locks.title": ("占用中：{count}", "In use: {count}"),
    "locks.nothing": (
        "没有操作占用实例或资源，也没有申请在排队。",
        "No operation has an instance or a resource, and nothing waits.",
    ),
    "locks.waiting": ("排队：{numbers:list}", "then {numbers:list}"),
    "locks.more": (
        "只列出 {count} 个，其余的可以用 status 查看。",
        "{count} are listed; status tells of the others.",
    ),
    "locks.how": (
        "执行结束时自动释放。一直不结束的，申请人或审批人可以发送 stop {number}。",
        "The end of a run frees what it has. One that does not end, its requester or an approver ends by stop {number}.",
    ),
    "card.lock": ("占用", "In use"),
    "card.lock.held": (
        "⚠ {name} 自 {time} 起由 #{number} 使用（以卡片更新时为准）。",
        "⚠ {name} by #{number} since {time}, as of this card's last update.",
    ),
    "card.lock.queue": ("批准后会等它结束再开始。", "Once approved, this waits for its end."),
    "card.lock.refuse": ("它结束之前不能执行。", "This cannot start before its end."),
}
