"""What the bot says where something that was approved may not start: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "authority.ended": (
        "申请 #{id} 已经结束。",
        "Request #{id} has ended.",
    ),
    "authority.plan": (
        "#{id} 的方案与审批时的不一致：数据库里的内容被改动过。请查明是谁改动的，再重新发起申请。",
        "The plan of #{id} is not the one that was voted on: it was changed in the database. Find out who did that, then ask anew.",
    ),
    "authority.sealed": (
        "#{id} 的隐藏参数无法与审批时的内容核对：本机密钥已更换，或参数被改动。请放回原来的密钥，或重新发起申请。",
        "The hidden values of #{id} cannot be compared with those that were voted on: the key of this installation is another one, or they were changed. Put the key back, or ask anew.",
    ),
    "say.restored.held": (
        "⏸ 机器人的数据已从备份或快照恢复。#{id} {command} 在备份时尚未决定；之后是否批准或执行过，这里没有记录。请先核实，确实还需要时再发送：revote {id}；不需要则发送：cancel {id}",
        "⏸ The bot's data was restored from a backup or snapshot. #{id} {command} was undecided in it; whether it was approved or run after that is not on record here. Check first. If it is still to run, send: revote {id}. If not: cancel {id}",
    ),
    "say.restored.scheduled": (
        "⏸ 机器人的数据已从备份或快照恢复。#{id} {command} 在备份时已批准，等待开始时间；之后是否执行过，这里没有记录，所以不会自动开始。请先核实，确实还需要时再发送：revote {id}；不需要则发送：cancel {id}",
        "⏸ The bot's data was restored from a backup or snapshot. #{id} {command} was approved in it and waited for its time; whether it was run after that is not on record here, so it does not start by itself. Check first. If it is still to run, send: revote {id}. If not: cancel {id}",
    ),
    "say.restored.followed": (
        "机器人的数据已从备份或快照恢复。#{id} {command} 已经启动，结果以云端查询为准；不会再次启动。",
        "The bot's data was restored from a backup or snapshot. #{id} {command} had been started, or was about to be: I look it up in the cloud and tell what I find. It is not started again.",
    ),
    "restored.unknown": (
        "机器人的数据已从备份或快照恢复：备份时它正要执行或正在执行，之后执行到哪里，这里没有记录。请到实例和云控制台核实；需要的话重新发起。",
        "The bot's data was restored from a backup or snapshot, in which this was about to run or under way; how far it went after that is not on record here. Look at the instances and in the cloud's console, and ask anew if it has to run",
    ),
    "authority.hidden": (
        "#{id} 把隐藏参数拼进了要执行的内容，审批时看不到全部内容，因此不执行。请修改模板（check 会指出位置），再重新申请。",
        "#{id} puts a hidden value into what it executes, so nobody who approved it could read all of it, and it is not run. Mend the template (check names the place) and ask anew.",
    ),
    "authority.command": (
        "命令 {command} 已不再启用，#{id} 不能审批，也不会执行。请管理员在 bot.toml 中恢复 `[command.{command}]`，或取消：cancel {id}",
        "The command {command} is no longer enabled, so #{id} can be neither approved nor run. Ask the administrator to put `[command.{command}]` back into bot.toml, or take it back: cancel {id}",
    ),
    "authority.requester": (
        "#{id} 的申请人（{name}）已不在 bot.toml 中，不能审批，也不会执行。请由有权限的人重新申请。",
        "Whoever asked for #{id} ({name}) is no longer in bot.toml, so it can be neither approved nor run. Somebody who may has to ask for it anew.",
    ),
    "authority.right": (
        "{name} 已不能在这里申请 {command}，#{id} 不能审批，也不会执行。请由有权限的人重新申请。",
        "{name} may no longer ask for {command} here, so #{id} can be neither approved nor run. Somebody who may has to ask for it anew.",
    ),
    "authority.votes": (
        "按现在的审批策略（{policy}）和审批人，#{id} 的同意数已经不够。",
        "By the policy of now ({policy}) and the people who may approve now, the approvals of #{id} no longer suffice.",
    ),
    "authority.more": (
        "#{id} 现在还需要 {policies:and} 同意：{reasons:list}。",
        "#{id} now needs {policies:and}, too: {reasons:list}.",
    ),
    "authority.too_late": (
        "#{id} 本可在 {age} 前开始，同意只在 {within} 内有效。",
        "#{id} could have started {age} ago; an approval holds for {within} only.",
    ),
    "authority.forbidden": (
        "现在的禁止规则“{reason}”不允许 #{id} 执行。",
        "A pattern forbids #{id} now: {reason}",
    ),
    "authority.required": (
        "#{id} 缺少现在必需的内容：{reason}",
        "Something that is required now is missing from #{id}: {reason}",
    ),
    "authority.unjudged": (
        '#{id} 由 OOS 执行，调用无法逐个判断，而这条命令现在只允许部分实例；设置 unjudged_calls = "allow" 才允许。',
        '#{id} runs on OOS, whose calls cannot be judged one by one, and its command is held to some instances now. unjudged_calls = "allow" would allow it',
    ),
    "authority.form": (
        "#{id} 的审批单现在的状态是：{status}，不再是已同意。",
        "The form behind #{id} is no longer agreed to; it is now: {status}.",
    ),
    "authority.form_unread": (
        "启动前要再读一次 #{id} 的审批单，没有读到：{reason}",
        "The form behind #{id} has to be read again before it starts, and could not be: {reason}",
    ),
    "hold.restored": (
        "#{id} 来自恢复的备份：备份之后发生了什么，这里没有记录。请先核实，再发送 revote {id} 重新提交审批。",
        "#{id} comes from a restored backup, which knows nothing of what happened after it was made. Check what happened, then send: revote {id}",
    ),
    "hold.other": (
        "#{id} 被暂时保留，不能执行，也不能同意。请联系管理员。",
        "#{id} is on hold: it is not run, and cannot be approved. Ask the administrator.",
    ),
    "ballot.held": (
        "⏸ 暂停：此刻不允许继续。允许之后点“继续”，否则请停止。",
        "⏸ On hold: at this moment it may not go on. Resume it once it may, or stop it.",
    ),
    "say.ballot.held": (
        "⏸ #{id} 已暂停，此刻不允许继续。允许之后请发送：resume {id}；不再需要则发送：stop {id}",
        "⏸ #{id} is on hold, as at this moment it may not go on. Once it may, send: resume {id}. If it is no longer wanted: stop {id}",
    ),
    "say.held": (
        "#{id} {command}：决定没有转达，此刻不允许继续：{reason} 我会再问一次。",
        "#{id} {command} was not told to go on, as at this moment it may not: {reason} I will ask once more.",
    ),
    "card.note.held": ("允许之后发送：resume {id}", "Once it may go on: resume {id}"),
    "card.button.revote": ("重新提交审批", "Vote again"),
    "card.note.renewed": (
        "已重新提交审批，见 #{number}",
        "Put to the vote again as #{number}",
    ),
    "revote.done": (
        "已按同样的内容重新提交 #{id}：请对 #{number} 重新表决。",
        "The same as #{id} was asked for again: it is voted on anew as #{number}.",
    ),
    "revote.removed": (
        "#{id} 的内容已删除，无法重新提交。请重新提出申请。",
        "What #{id} asked for was removed, so it cannot be put to the vote again: ask anew.",
    ),
    "revote.already": (
        "#{id} 已经重新提交，见 #{number}。",
        "#{id} was put to the vote again already: see #{number}.",
    ),
    "revote.not_yours": (
        "只有申请人，或有 {command} 权限的人，才能重新提交 #{id}。",
        "Only whoever asked for #{id}, or who may use {command}, can put it to the vote again.",
    ),
    "revote.not_now": (
        "#{id} 的状态是“{state}”：只有没有启动的申请才能重新提交。要再执行一次，请重新申请。",
        "#{id} is {state}: only what was not started can be put to the vote again. To run it once more, ask for it anew.",
    ),
    "revote.running": (
        "#{id} 可能已经开始（{state}）。请先停止：stop {id}，再重新申请。",
        "#{id} may have begun ({state}). Stop it first: stop {id}. Then ask for it anew.",
    ),
    "revote.other_values": (
        "{command} 的参数已经变了。请重新申请。",
        "{command} takes other parameters by now. Please ask for it anew.",
    ),
    "revote.not_kept": (
        "有不显示的值没有保存。请重新申请 {command}。",
        "A value that is never shown was not kept. Please ask for {command} anew.",
    ),
    "say.revoted": (
        "{name} 已把 #{id} {command} 重新提交审批：#{number}。对 #{id} 的同意不再有效。",
        "{name} put #{id} {command} to the vote again, as #{number}. The approvals of #{id} no longer count.",
    ),
    "say.outcome.not_started": (
        "#{id} {command} 没有启动，什么都没有执行",
        "#{id} {command} was not started, and nothing was run",
    ),
    "say.revote": (
        "要按同样的内容重新提交审批，请发送：revote {id}",
        "To put the same to the vote again, send: revote {id}",
    ),
}
