"""What the bot says about OA approval forms: key → (zh-CN, en).

What was decided there is told as the platform tells it, and what to do next.
"""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "refused.form_status": (
        "审批单“{title}”当前状态是 {status}，不是已同意，所以没有执行。",
        "The form “{title}” is {status}, not approved, so nothing was run.",
    ),
    "refused.form_fetch": (
        "读取审批单失败：{reason}。没有执行，请人工处理；我还会再读几次，如果它确实已同意，会先发卡片请人确认。",
        "Reading the approval form failed: {reason}. Nothing was run; please look into it. I read it again a few times, and if it is agreed to, a card asks to confirm it.",
    ),
    "refused.form_waiting": (
        "收到通知说审批单“{title}”已同意，但平台在 {waited}内一直显示：{status}，所以没有执行。请在审批系统里核对；我还会再读几次，如果它确实已同意，会先发卡片请人确认。",
        "I was told that the form “{title}” is agreed to, but for {waited} the platform has shown it as {status}, so nothing was run. Please check it in the approval system. I read it again a few times, and if it is agreed to, a card asks to confirm it.",
    ),
    "refused.form_field": (
        "审批单里没有字段 {field}（参数 {name}）。请检查 bot.toml 的 `[[form]]` args。",
        "The form has no field {field} (for {name}). Check args of its `[[form]]` in bot.toml.",
    ),
    "refused.form_blank": (
        "审批单的字段 {field} 没有填写（参数 {name} 必须有值），所以没有执行。请填好后重新提交审批单。",
        "The field {field} of the form was left empty, but {name} needs a value, so nothing was run. Fill it in and file the form again.",
    ),
    "refused.form_row": (
        "审批单明细的字段 {field} 在第 {row} 行没有填写，其他行填写了（参数 {name}），所以没有执行。请每行都填写或删除该行后重新提交审批单。",
        "The field {field} of the form's table is empty in row {row} and not in others (for {name}), so nothing was run. Fill it in, or delete that row, and file the form again.",
    ),
    "refused.form_person": (
        "审批单的字段 {field}（参数 {name}）里的 {who} 不是机器人认识的人，所以没有执行。请在 bot.toml 里把此人加为 `[[person]]`，或把 args 改为 `{field}.name`（姓名）或 `{field}.account`（帐号）。",
        "The field {field} (for {name}) names {who}, whom I do not know, so nothing was run. Add them as a `[[person]]` in bot.toml, or map `{field}.name` or `{field}.account` in args.",
    ),
    "form.title": ("审批单：{title}", "Form: {title}"),
    "form.from": ("来自审批单“{title}”", "from the form “{title}”"),
    "form.plain": ("审批单", "form"),
    "form.status.running": ("审批中", "not decided yet"),
    "form.status.rejected": ("已拒绝", "rejected"),
    "form.status.withdrawn": ("已撤销", "withdrawn"),
    "form.status.reverted": ("同意后又撤销", "withdrawn after it was approved"),
    "form.status.replaced": ("已被修改后的审批单代替", "replaced by a modified form"),
    "form.status.missing": ("找不到这张审批单", "not to be found"),
    "form.status.unknown": ("不明", "in an unknown state"),
    "form.doubt.automatic": (
        "审批单是自动通过的，没有人亲自同意，所以请在这里决定",
        "the form passed by itself and nobody agreed to it by hand, so please decide here",
    ),
    "form.doubt.nobody": (
        "审批单里没有申请人以外的人亲自同意它现在的内容，所以请在这里决定",
        "nobody but its filer agreed by hand to the form as it is now, so please decide here",
    ),
    "form.doubt.unclear": (
        "审批单的审批记录有无法辨认的地方，不能当作同意，请在审批系统里核对后在这里决定",
        "the form's record says what I cannot make out, so it is not taken as an approval: check it in the approval system and decide here",
    ),
    "form.doubt.original": (
        "这张审批单修改了另一张，而我不知道那一张执行过没有，请核对后在这里决定",
        "this form modifies another one, of which I do not know whether it ran: check, and decide here",
    ),
    "form.doubt.ran": (
        "原审批单的申请 #{id} 已经执行过（{state}），同意后会按修改后的内容再执行一次；已经做过的不会撤销，请核对差异后决定",
        "#{id}, for which the original form asked, has run already ({state}). If you approve, this runs in addition, and nothing is undone: look at what is different and decide",
    ),
    "form.replaces": (
        "修改了一张审批单：它的申请 #{id} 没有执行，由这张代替",
        "it modifies a form: #{id}, which that asked for, has not run and is replaced by this",
    ),
    "form.replaces.none": (
        "修改了一张审批单，那一张没有发起过申请",
        "it modifies a form that had no request here",
    ),
    "form.change.hidden": ("{name}：不显示，可能有变化", "{name}: not shown, may be different"),
    "form.change.none": (
        "这条命令用到的内容没有变化",
        "nothing that this command uses",
    ),
    "hold.revoking": (
        "#{id} 的审批单正在撤销审批中，现在不能同意。撤销如果没有通过，可以再同意；如果通过，申请会取消。",
        "The form behind #{id} is being revoked, so it cannot be approved now. If the revocation is refused, it can be approved again; if it is agreed to, the request is cancelled.",
    ),
    "hold.modifying": (
        "#{id} 的审批单正在修改审批中，现在不能同意。修改如果没有通过，可以再同意；如果通过，会换成修改后的申请。",
        "The form behind #{id} is being modified, so it cannot be approved now. If the modification is refused, it can be approved again; if it is agreed to, a new request takes its place.",
    ),
    "card.late": ("需要确认", "To confirm"),
    "card.late.why": (
        "这张审批单是在我离线期间通过的，请再次确认后执行",
        "this form was agreed to while I was away; please confirm it before it runs",
    ),
    "state.on_hold": ("暂停", "on hold"),
    "card.hold": ("暂停", "On hold"),
    "card.form": ("审批单", "Form"),
    "card.changes": ("变化", "What changed"),
    "card.note.hold": (
        "现在不能同意；可以拒绝：reject {id} 原因",
        "It cannot be approved now. It can be rejected: reject {id}, with a reason",
    ),
    "say.cancelled.withdrawn.note": ("审批单已被撤回", "the form was withdrawn"),
    "say.cancelled.withdrawn": (
        "#{id} {command} 的审批单被撤销，申请已取消，没有执行。",
        "The form behind #{id} {command} was withdrawn, so it is cancelled and not run.",
    ),
    "say.cancelled.revocation.note": ("审批单只是撤销另一张", "the form only revokes another one"),
    "say.cancelled.revocation": (
        "#{id} {command} 的审批单只是撤销另一张审批单，不应该发起申请，已取消，没有执行。",
        "The form behind #{id} {command} only revokes another one and asks for nothing, so it is cancelled and not run.",
    ),
    "say.revocation.late": (
        "#{id} {command} 的审批单只是撤销另一张审批单，不应该执行，但它已经开始执行（{state}），请人工确认需要恢复什么。",
        "The form behind #{id} {command} only revokes another one and asks for nothing, but it had started ({state}). Please decide what must be undone.",
    ),
    "say.cancelled.revoked.note": ("审批单已被撤销", "the form was revoked"),
    "say.cancelled.revoked": (
        "#{id} {command} 的审批单已被撤销（撤销审批已通过），申请已取消，没有执行。",
        "The form behind #{id} {command} was revoked, and the revocation agreed to, so it is cancelled and not run.",
    ),
    "say.cancelled.modified.note": ("审批单已被修改", "the form was modified"),
    "say.cancelled.modified": (
        "#{id} {command} 的审批单已被修改（修改审批已通过），申请已取消，没有执行。修改后的审批单会重新发起申请。",
        "The form behind #{id} {command} was modified, and the modification agreed to, so it is cancelled and not run. The modified form makes a request of its own.",
    ),
    "say.revoked.late": (
        "#{id} {command} 的审批单已被撤销（撤销审批已通过），但它已经开始执行（{state}）。我不会自动撤销已经做过的事，请人工确认需要恢复什么；还在执行的可以用 `stop {id}` 停止。",
        "The form behind #{id} {command} was revoked, and the revocation agreed to, after it had started ({state}). I undo nothing by myself: please decide what must be undone. `stop {id}` stops what still runs.",
    ),
    "say.modified.late": (
        "#{id} {command} 的审批单已被修改（修改审批已通过），但它已经开始执行（{state}）。修改后的内容会用一张新卡片询问，不会自动执行。",
        "The form behind #{id} {command} was modified, and the modification agreed to, after it had started ({state}). A new card asks about the modified form; it does not run by itself.",
    ),
    "card.note.hold_within": (
        "现在不能继续；可以停止：stop {id}",
        "It cannot be resumed now. It can be stopped: stop {id}",
    ),
    "say.hold.revoking": (
        "#{id} {command} 的审批单正在撤销审批中，申请暂停，现在不能同意，也不会执行。",
        "The form behind #{id} {command} is being revoked. Until that is decided the request is on hold: it cannot be approved, and nothing of it runs.",
    ),
    "say.hold.modifying": (
        "#{id} {command} 的审批单正在修改审批中，申请暂停，现在不能同意，也不会执行。",
        "The form behind #{id} {command} is being modified. Until that is decided the request is on hold: it cannot be approved, and nothing of it runs.",
    ),
    "say.hold.revoking.late": (
        "#{id} {command} 的审批单正在撤销审批中，但它已经开始执行。需要的话用 `stop {id}` 停止。",
        "The form behind #{id} {command} is being revoked, but it has started already. `stop {id}` stops it, if it must not go on.",
    ),
    "say.hold.modifying.late": (
        "#{id} {command} 的审批单正在修改审批中，但它已经开始执行。需要的话用 `stop {id}` 停止。",
        "The form behind #{id} {command} is being modified, but it has started already. `stop {id}` stops it, if it must not go on.",
    ),
    "say.released": (
        "#{id} {command} 的审批单没有被撤销或修改，申请继续。",
        "The form behind #{id} {command} was neither revoked nor modified after all: the request goes on.",
    ),
    "say.withdrawn.late": (
        "#{id} {command} 的审批单被撤销，但它已经开始执行（{state}），请人工确认是否需要处理。",
        "The form behind #{id} {command} was withdrawn after it had started ({state}). Please check whether something must be undone.",
    ),
}
