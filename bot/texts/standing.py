"""What the bot says of standing approvals: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "card.standing": ("常备审批", "Standing approval"),
    "card.standing.use": (
        "#{number}，由 {name} 申请，{time} 前有效，第 {use}/{most} 次使用",
        "#{number} of {name}, until {time}, use {use} of {most}",
    ),
    "card.via.standing": ("常备审批 #{number}", "standing approval #{number}"),
    "standing.revoked": (
        "常备审批 #{number} 已被撤销。",
        "The standing approval #{number} was revoked.",
    ),
    "standing.over": (
        "常备审批 #{number} 已到期。",
        "The standing approval #{number} is over.",
    ),
    "standing.changed": (
        "{command} 的内容或设置在常备审批 #{number} 之后有变化。",
        "What {command} runs, or how, has changed since the standing approval #{number}.",
    ),
    "standing.votes": (
        "按现在的审批策略（{policy}）和审批人，常备审批 #{number} 的同意数已经不够。",
        "By the policy of now ({policy}) and the people who may approve now, the approvals of the standing approval #{number} no longer suffice.",
    ),
    "standing.outside": (
        "这个申请已不在常备审批 #{number} 的范围内。",
        "This is no longer within the bounds of the standing approval #{number}.",
    ),
    "say.standing.not_counted": (
        "#{id} 没有使用常备审批，需要表决：{why}",
        "No standing approval counts for #{id}, so it is put to the vote. {why}",
    ),
    "say.standing.revoked": (
        "{name} 撤销了常备审批 #{id}：从现在起不再使用。",
        "{name} revoked the standing approval #{id}: from now on nothing runs by it.",
    ),
    "standing.policy": (
        "审批策略“{policy}”不允许常备审批（standing = true 才允许）。",
        "The policy {policy} allows no standing approvals (it would with standing = true).",
    ),
    "standing.by_tag": (
        "审批策略“{policy}”的审批人由实例的标签决定，无法事先确定，所以不能常备审批。",
        "Who approves by the policy {policy} depends on the tags of the targets, so it cannot be approved beforehand.",
    ),
    "standing.stored": (
        "{command} 执行的内容保存在云端，每次使用时都可能不同，所以不能常备审批。",
        "What {command} runs is kept in the cloud and may be different at each use, so it cannot be approved beforehand.",
    ),
    "standing.secret": (
        "参数 {name} 的值不显示，审批人看不到，所以不能写进常备审批。",
        "The value of {name} is never shown, so nobody could read what they approve.",
    ),
    "standing.script": (
        "参数 {name} 就是要执行的脚本，只能写全文，不能用 * 或 ?。",
        "{name} is the script that runs: write all of it, without * and ?",
    ),
    "standing.no_operation": (
        "“{name}”不是可以申请的操作。可以写：{names:list}",
        "{name} is no operation that can be asked for. There are: {names:list}",
    ),
    "standing.no_parameter": (
        "{command} 没有参数 {name}。",
        "{command} has no parameter {name}.",
    ),
    "standing.value": (
        "{name} 不能是“{value}”，应为{expected}。",
        "{name} cannot be {value}; expected {expected}.",
    ),
    "standing.target": (
        "“{target}”不是实例 ID，也不是 tag:env=test 这样的标签。",
        "{target} is no id of an instance and no tag such as tag:env=test",
    ),
    "standing.quote": (
        "有一个引号没有结束。",
        "A quote was opened and not closed.",
    ),
    "standing.reason": (
        "请写明原因。例如：standing restart i-0a1b2c3d4e service=nginx until 2026-12-31 uses=20 内存泄漏",
        "Say why. Such as: standing restart i-0a1b2c3d4e service=nginx until 2026-12-31 uses=20 memory leak",
    ),
    "standing.until": (
        "“{time}”不是日期。请写明有效到哪一天：until 2026-12-31",
        "{time} is no date. Say until when: until 2026-12-31",
    ),
    "standing.far": (
        "{time} 太远：常备审批最长 {most}。",
        "{time} is too far ahead: a standing approval lasts {most} at most.",
    ),
    "standing.role": (
        "角色 {role} 不能使用 {command}。",
        "The role {role} may not use {command}.",
    ),
    "standing.lacking": (
        "请写明 {command} 的参数：{names:list}",
        "Say with which values {command} may run: {names:list}",
    ),
    "standing.targets": (
        "请写明 {command} 可以在哪些实例上执行：实例 ID，或 tag:env=test",
        "Say on which instances {command} may run: their ids, or tag:env=test",
    ),
    "standing.name": (
        "“{target}”是名称，以后可能是另一台实例。请写实例 ID（发送：instances {target}），或标签",
        "{target} is a name, which may be another instance's one day. Write the id (send: instances {target}), or a tag",
    ),
    "standing.who.role": ("角色 {role} 的任何人", "Everybody with the role {role}"),
    "standing.plan": (
        "{who} 可以在群 {group} 里执行 {command}, 不再表决: {time} 前, 最多 {count} 次",
        "{who} may run {command} in the group {group} without another vote, until {time}, {count:time|times} at most.",
    ),
    "standing.plan.targets": ("- 实例: {targets}", "- on {targets}"),
    "standing.plan.value": ("- {name} = {value}", "- {name} = {value}"),
    "standing.plan.pattern": (
        "- {name} 符合 {value} (* 代表任意文字)",
        "- {name} like {value} (* stands for any text)",
    ),
    "standing.plan.reason": ("原因: {reason}", "Why: {reason}"),
    "standing.plan.content": (
        "执行的内容 (版本 {version}, 有变化就不再算数):",
        "What it runs (version {version}; once that changes, this does not count any more):",
    ),
    "standing.changed_since": (
        "{command} 的内容或设置在申请之后有变化，请重新申请。",
        "What {command} runs, or how, has changed since this was asked for. Ask anew.",
    ),
    "standing.more": (
        "现在还需要 {policies:and} 同意，请重新申请。",
        "It needs {policies:and} now, too. Ask anew.",
    ),
    "standing.begun": (
        "常备审批 #{number} 生效：{time} 前可用 {count} 次。撤销请发送：revoke {number}",
        "The standing approval #{number} is in force until {time}, for {count:use|uses}. To end it, send: revoke {number}",
    ),
    "revoke.none": (
        "#{number} 不是常备审批，或早已到期。",
        "#{number} is no standing approval, or has long been over.",
    ),
    "revoke.not_yours": (
        "只有申请人和审批人才能撤销常备审批 #{number}。",
        "Only whoever asked for the standing approval #{number}, and its approvers, can revoke it.",
    ),
    "revoke.done": (
        "常备审批 #{number} 已撤销。",
        "The standing approval #{number} is revoked.",
    ),
    "standings.title": ("常备审批", "Standing approvals"),
    "standings.none": ("现在没有常备审批。", "There is no standing approval now."),
    "standings.line": (
        "{command}：{who}，{time} 前有效，已用 {uses}/{most}。{names:list} 批准",
        "{command} by {who}, until {time}, {uses} of {most} used. Approved by {names:list}",
    ),
    "standings.suspended": ("现在不算数：{why}", "It does not count now: {why}"),
    "standings.more": (
        "……另有 {count} 个",
        "… and {count} more",
    ),
}
