"""What the bot says about requests, votes, runs and refusals: key → (zh-CN, en).

Every sentence tells the truth of that moment, and where something was refused, what to do next.
"""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    # ------------------------------------------------------------------ refusals
    "refused.title": ("未执行", "Not done"),
    "refused.tenant": (
        "这个组织（{tenant}）不在允许列表中。请管理员在 bot.toml 中添加。",
        "This organisation ({tenant}) is not allowed here. Ask the administrator to add it to bot.toml.",
    ),
    "refused.outsider": (
        "外部账号（{account}）不能使用我。请用本组织的账号提问。",
        "Outside accounts ({account}) cannot use me. Ask with an account of this organisation.",
    ),
    "refused.direct": (
        "我不接受单聊指令，请在已登记的群里 @我。",
        "I take no commands in direct chats. Mention me in one of the registered groups.",
    ),
    "refused.alone": (
        "单聊里只回答查询和投票。请到群里 @我 发起，审批人才能看到卡片。",
        "In a direct chat I only answer questions and take votes. Ask for this in a group, where its approvers can see the card.",
    ),
    "refused.group": (
        "这个群（{chat}）没有登记。请管理员在 bot.toml 的 `[[group]]` 中添加。",
        "This group ({chat}) is not registered. Ask the administrator to add it as a `[[group]]` in bot.toml.",
    ),
    "refused.unknown_account": (
        "我不认识账号 {account}。请管理员在 bot.toml 的 `[[person]]` 中登记。",
        "I do not know the account {account}. Ask the administrator to add it to a `[[person]]` in bot.toml.",
    ),
    "refused.ambiguous_account": (
        "账号 {account} 同时属于两个人，我无法判断是谁，所以不算任何人。请管理员改正 bot.toml。",
        "The account {account} is claimed by two people, so it counts for neither. Ask the administrator to correct bot.toml.",
    ),
    "refused.too_old": (
        "这条消息写于 {age}前，现在才送达（最多 {most}），什么都没有做。如果仍然需要，请重新发送。",
        "This was written {age} ago and arrived only now (at most {most} is allowed), so nothing was done. Send it again if you still need it.",
    ),
    "refused.open_person": (
        "你有 {most} 个申请还没有结束，已经到上限，例如 {numbers:list}。请先取消，或等它们结束（`pending` 列出全部）。",
        "You have {most} open requests, which is the limit, for example {numbers:list}. Cancel some, or wait until they end (`pending` lists them).",
    ),
    "refused.open_command": (
        "{command} 有 {most} 个申请还没有结束，已经到上限。请等其中一些结束后再试。",
        "{most} requests for {command} are open, which is the limit. Try again when some of them have ended.",
    ),
    "refused.rate": (
        "一分钟内消息太多（上限 {most} 次），后面的都没有执行。请稍后再试。",
        "Too many messages within a minute (at most {most}); the further ones were not carried out. Please wait a moment.",
    ),
    "refused.role": ("你没有 {command} 的权限。{who}", "You may not use {command}. {who}"),
    "refused.here": (
        "这个群里不能申请 {command}，其他群可能可以。管理员可以在 bot.toml 的 `[[group]]` 中开放。",
        "{command} may not be asked for in this group. Another group may do, or the administrator can allow it in its `[[group]]` in bot.toml.",
    ),
    "refused.role.who": ("可以使用的角色：{roles:list}。", "Roles that may: {roles:list}."),
    "refused.role.nobody": ("还没有角色被授予它。", "No role has been granted it yet."),
    "refused.not_enabled": (
        "命令 {command} 没有启用。请管理员在 bot.toml 中添加 `[command.{command}]`。",
        "The command {command} is not enabled. Ask the administrator to add `[command.{command}]` to bot.toml.",
    ),
    "refused.required": (
        "缺少必需的内容：{reason}。请补上后重新发送。",
        "Something required is missing: {reason}. Please add it and send it again.",
    ),
    "refused.forbidden": (
        "命中了禁止规则“{reason}”。没有执行。",
        "A pattern forbids it: {reason}. Nothing was run.",
    ),
    "refused.unjudged_pattern": (
        "规则“{reason}”在 {seconds} 秒内判断不完这段内容，没有执行。请缩短或拆开内容后重新发送，或请管理员用 RE2 的语法重写这条规则。",
        "Whether the pattern “{reason}” applies could not be told within {seconds} s, so nothing was run. Send something shorter, or in parts; or ask the administrator to write that pattern in RE2's syntax.",
    ),
    "refused.value": (
        "参数 {name} 不能是“{value}”。允许的值：{values:list}。",
        "{name} may not be “{value}”. Allowed: {values:list}.",
    ),
    "refused.stored_value": (
        "参数 {name} 的值只能包含字母、数字和 _ @ % + = : , . / -，因为云助手会把它原样放进命令。请改正后重新发送。",
        "{name} may hold only letters, digits and _ @ % + = : , . / - because Cloud Assistant pastes it into the stored command as it is. Please correct it and send it again.",
    ),
    "refused.unknown_targets": (
        "找不到实例：{targets:list}。用 `instances` 查看可用的实例。",
        "No such instance: {targets:list}. Use `instances` to see which there are.",
    ),
    "refused.unknown_targets_near": (
        "找不到实例：{targets:list}。你是不是想用 {near}？请用正确的名称重新发送；`instances` 列出可用的实例。",
        "No such instance: {targets:list}. Did you mean {near}? Ask again with the right name; `instances` lists them.",
    ),
    "refused.windows": (
        "{windows:list} 运行 Windows，而 {command} 只有 shell 脚本，在那里不能执行。请改用 Linux 实例，或请管理员在命令旁放一个 PowerShell 脚本（.ps1）。",
        "Windows runs on {windows:list}, where the shell script of {command} cannot. Name instances that run Linux, or ask the administrator to put a PowerShell script (.ps1) beside the command.",
    ),
    "refused.windows_template": (
        "{windows:list} 运行 Windows，而 {command} 的任务 {task} 在每个目标上都执行 shell 脚本。请只写 Linux 实例，或请模板作者按 OSType 区分。",
        "The task {task} of {command} runs a shell script on every target, and these run Windows: {windows:list}. Name instances that run Linux, or ask who wrote the template to tell them apart by OSType.",
    ),
    "refused.not_windows": (
        "{command} 的脚本只能在 Windows 上执行，而 {targets:list} 不是。请改用 Windows 实例重新发送。",
        "The script of {command} runs on Windows only, and these do not: {targets:list}. Ask again with instances that run Windows.",
    ),
    "refused.mixed_systems": (
        "{windows:list} 运行 Windows，{others:list} 不是，同一个脚本不能两边都执行。请分开申请。",
        "One script cannot run on both systems. On Windows: {windows:list}. Not on Windows: {others:list}. Please ask for them apart.",
    ),
    "refused.windows_setting": (
        "{windows:list} 运行 Windows，而 {command} 的配置 {setting} 只适用于 Linux，所以不能执行。请管理员为 Windows 另设一个命令，不写这一项。",
        "{command} is configured with {setting}, which holds on Linux only, so it cannot run on Windows: {windows:list}. Ask the administrator for a command of its own for Windows, without that setting.",
    ),
    "refused.ambiguous_target": (
        "名称 {target} 对应多个实例：{ids:list}。请改用实例 ID。",
        "The name {target} stands for several instances: {ids:list}. Please use an instance id.",
    ),
    "refused.no_targets": (
        "没有指定实例。请写明实例名或 ID。",
        "No instance was named. Please name one.",
    ),
    "refused.no_match": (
        "没有实例符合条件。用 `instances` 查看可用的实例。",
        "No instance fits what was asked for. Use `instances` to see which there are.",
    ),
    "refused.not_running": (
        "这些实例没有在运行：{targets:list}。先启动它们，再重新发起。",
        "These instances are not running: {targets:list}. Start them, then ask again.",
    ),
    "refused.no_agent": (
        "这些实例上的云助手 Agent 没有运行：{targets:list}。请先启动云助手，再重新发起。",
        "The Cloud Assistant agent is not running on: {targets:list}. Start it there, then ask again.",
    ),
    "refused.several_regions": (
        "这些实例分布在多个地域：{regions:list}。请按地域分别发起。",
        "These instances are in several regions: {regions:list}. Please ask once per region.",
    ),
    "refused.too_many_targets": (
        "实例太多：{count} 台，上限 {most} 台。请分批发起。",
        "Too many instances: {count}, at most {most}. Please ask in several parts.",
    ),
    "refused.target": (
        "这条命令不允许用在 {target} 上。",
        "This command is not allowed on {target}.",
    ),
    "refused.script_too_long": (
        "脚本太长：{size} 字节，云助手上限 {most} 字节（Base64 之前）。请缩短后再发。",
        "The script is too long: {size} bytes, Cloud Assistant takes {most} (before Base64). Please shorten it.",
    ),
    "refused.command_broken": (
        "命令 {command} 本身出错了（{error}），没有执行任何操作。请让维护机器人的人查看日志。",
        "The command {command} itself went wrong ({error}); nothing was run. Ask whoever maintains the bot to look at its log.",
    ),
    "refused.nobody": (
        "按照策略 {policy}，除了你自己没有足够的人可以审批。请管理员补充审批人。",
        "Under the policy {policy} there are not enough people besides yourself to approve this. Ask the administrator to add approvers.",
    ),
    "refused.nobody.stages": (
        "按照策略 {policy}，{stages:and} 共需要 {need} 位不同的人同意（每人只算一次），除了你自己只有 {names:and}，还差 {missing} 位。请管理员补充审批人。",
        "Under the policy {policy}, {stages:and} must bring {need:approval|approvals} of different people, and besides yourself there is only {names:and}: {missing} missing. Ask the administrator to add approvers.",
    ),
    "refused.nobody.stage": (
        "按照策略 {policy}，{stages:and} 需要 {need} 人同意，除了你自己没有人可以审批（还差 {missing} 位）。请管理员补充审批人。",
        "Under the policy {policy}, {stages:and} must bring {need:approval|approvals}, and besides yourself there is nobody: {missing} missing. Ask the administrator to add approvers.",
    ),
    "say.unreachable": (
        "#{id} {command} 现在没有足够的人可以审批：{why}。可以用 cancel {id} 撤回；一直不够，就到时过期。",
        "#{id} {command}: not enough people can approve it now: {why}. Take it back with cancel {id}; if that stays so, it expires.",
    ),
    "unreachable.stages": (
        "按照策略 {policy}，{stages:and} 还需要 {need} 位不同的人，只有 {names:and}，差 {missing} 位",
        "under the policy {policy}, {stages:and} must bring {need:approval|approvals} of different people, and there is only {names:and} ({missing} missing)",
    ),
    "unreachable.stage": (
        "按照策略 {policy}，{stages:and} 需要 {need} 人同意，没有人可以审批（差 {missing} 位）",
        "under the policy {policy}, {stages:and} must bring {need:approval|approvals}, and there is nobody ({missing} missing)",
    ),
    "refused.owner": (
        "{target} 的标签 {tag}={value} 不是这里的人，而策略 {policy} 要由它的 {tag} 同意。请改正标签，或请管理员在 [[person]] 里写明 {value} 是谁。",
        "The tag {tag}={value} of {target} names nobody here, and the policy {policy} takes the agreement of its {tag}. Correct the tag, or ask the administrator to say at a [[person]] who {value} is.",
    ),
    "refused.owner_missing": (
        "{target} 没有标签 {tag}，而策略 {policy} 要由它的 {tag} 同意。请先打上标签。",
        "{target} has no tag {tag}, and the policy {policy} takes the agreement of its {tag}. Tag it first.",
    ),
    "refused.owner_of_nothing": (
        "策略 {policy} 要由实例的 {tag} 同意，而这个申请没有实例。请换一个策略。",
        "The policy {policy} takes the agreement of the {tag} of each instance, and this request has none. Give it another policy.",
    ),
    "refused.lookup": (
        "查询实例失败：{reason}。没有执行，请稍后再试。",
        "Looking up the instances failed: {reason}. Nothing was run; please try again.",
    ),
    "refused.lookup.late": ("没有在规定时间内得到回答", "no answer came in time"),
    # ------------------------------------------------------------------ votes
    "vote.approved.not_started": (
        "已同意 #{id}，但没有启动：{why}",
        "You approved #{id}, but it was not started: {why}",
    ),
    "vote.approved": ("已同意 #{id}，开始执行。", "You approved #{id}; it starts now."),
    "internal.approved": ("已同意 #{id}，已经生效。", "You approved #{id}; it is in force now."),
    "vote.read_first": (
        "这次没有计入：卡片上放不下 #{id} 的完整计划，正在单独发给你。读完后再同意一次。",
        "Not counted yet: the card does not hold the whole plan of #{id}, so it is being sent to you alone. Read it, then approve once more.",
    ),
    "vote.read_coming": (
        "这次没有计入：#{id} 的完整计划还在发送途中。收到并读完后再同意一次。",
        "Not counted yet: the whole plan of #{id} is still on its way to you. Approve once more when it is there and you have read it.",
    ),
    "say.read_first": (
        "这是 #{id} 的完整计划，卡片上放不下。读完后，请再同意一次。",
        "This is the whole plan of #{id}, which the card does not hold. Approve once more when you have read it.",
    ),
    "vote.counted": (
        "已记录你对 #{id} 的同意（{have}/{need}）。",
        "Your approval of #{id} is counted ({have} of {need}).",
    ),
    "vote.rejection_counted": (
        "你对 #{id} 的拒绝已计入（共需 {need} 人拒绝，现有 {have} 人）。",
        "Your rejection of #{id} is counted: {have} of {need:rejection|rejections}.",
    ),
    "vote.rejected": ("已拒绝 #{id}，不会执行。", "You rejected #{id}; it will not run."),
    "vote.own": (
        "不能审批自己的申请 #{id}。可以请 {names} 审批，或用 `cancel {id}` 取消。",
        "You cannot decide on your own request #{id}. Ask {names}, or `cancel {id}`.",
    ),
    "vote.caused": (
        "这个申请因你而起，你不能审批它。请其他审批人决定。",
        "This request came about because of you, so you have no vote on it. Ask another approver.",
    ),
    "vote.stranger": (
        "你不在 #{id} 的审批人中，什么都没有改变。可以审批的是：{names:list}。",
        "You are not an approver of #{id}, so nothing changed. Approvers: {names:list}.",
    ),
    "vote.no_policy": (
        "#{id} 的审批策略 {policy} 已不在 bot.toml 中，没有人可以审批。请重新发起。",
        "The policy {policy} of #{id} is no longer in bot.toml, so nobody can decide on it. Ask again.",
    ),
    "vote.again": (
        "你已经对 #{id} 投过票，这次不再计算。",
        "You have already voted on #{id}; this one is not counted.",
    ),
    "vote.not_your_turn": (
        "#{id} 按顺序审批，还没有轮到你，现在轮到 {names}。",
        "#{id} is decided in sequence and it is not your turn yet; next to vote: {names}.",
    ),
    "vote.outdated": (
        "没有计票：这张卡片上的计划已不是 #{id} 现在的计划。请看最新的卡片。",
        "Nothing was counted: the plan on this card is outdated, #{id} has another one now. Please use the newest card.",
    ),
    "vote.outdated_within": (
        "没有计入：这张卡片显示的不是 #{id} 现在的状态（{state}），它问的已不再等人回答。请看最新的卡片。",
        "Nothing was counted: this card is outdated. What it asks of #{id} is not asked any more ({state}). Please use the newest card.",
    ),
    "vote.evaluation": (
        "{platform} 在这里只供试用：#{id} 由其他平台上的人决定。",
        "{platform} is here for evaluation only: people of the other platforms decide on #{id}.",
    ),
    "vote.elsewhere": (
        "没有计票：#{id} 的卡片在别的会话里，从这里点的按钮无效。请到那个会话里操作。",
        "Nothing was counted: the card of #{id} stands in another chat, and its buttons work only there. Please use it in that chat.",
    ),
    "vote.other_card": (
        "没有计票：#{id} 以另一张卡片为准，请在那张卡片上操作。",
        "Nothing was counted: #{id} is decided on another card. Please use that one.",
    ),
    "card.other": (
        "这张卡片已作废：#{id} 以另一张卡片为准。",
        "This card no longer counts: #{id} is decided on another card.",
    ),
    "card.other.tag": ("已作废", "replaced"),
    "vote.wrong_code": (
        "短码 {code} 与 #{id} 当前计划的短码 {now} 不一致，没有计票。请核对卡片后重试。",
        "The code {code} is not that of #{id}'s plan ({now}), so nothing was counted. Check the card and try again.",
    ),
    "vote.code_required": (
        "#{id} 的审批策略要求：用文字同意时必须带上卡片上的短码：`approve {id} {code_hint}`。",
        "The policy of #{id} asks for the code on its card when somebody approves by text: `approve {id} {code_hint}`.",
    ),
    "vote.code_changed": (
        "#{id} 的计划在表决之后变了。请看过最新的卡片，再带上它的短码：`approve {id} {code_hint}`。",
        "The plan of #{id} changed after votes were cast on it. Read its newest card, then send the code on it: `approve {id} {code_hint}`.",
    ),
    "vote.code_elsewhere": (
        "#{id} 的卡片在别的会话或话题里。请先看过卡片，再带上卡片上的短码：`approve {id} {code_hint}`，或者在卡片所在的地方同意。",
        "The card of #{id} stands in another chat or topic. Read it first, then send the code on it: `approve {id} {code_hint}`, or approve where the card stands.",
    ),
    "vote.code_early": (
        "这句话写在 #{id} 的卡片送达之前，没有计入。请看过卡片后再说一次，并带上短码：`approve {id} {code_hint}`。",
        "This was written before the card of #{id} was there, so it was not counted. Read the card, then send the code on it: `approve {id} {code_hint}`.",
    ),
    "vote.code_hint": ("短码", "CODE"),
    "vote.no_request": (
        "没有找到这个申请。用 `pending` 查看待审批的申请。",
        "There is no such request. Use `pending` to see what waits.",
    ),
    "vote.which": (
        "请写明申请编号，例如 `{example}`，或者直接引用那张卡片回复。",
        "Which request? Write its number, for instance `{example}`, or reply to its card.",
    ),
    "vote.unknown_action": (
        "我不认识这个按钮，什么都没有改变。",
        "I do not know this button; nothing changed.",
    ),
    "vote.not_pending": (
        "#{id} 已经批准，不再需要表决：{state}。什么都没有改变。要停止它，请发送 `stop {id}`。",
        "#{id} was approved and waits for no vote: {state}. Nothing changed. To halt it: `stop {id}`.",
    ),
    "vote.not_yet": (
        "#{id} 还在准备，暂时没有可以表决的计划。请等它的卡片。",
        "#{id} is still being planned, so there is nothing to vote on yet. Wait for its card.",
    ),
    "vote.not_voted": (
        "#{id} 在等人回答，但不是表决，所以没有计票。请看卡片，或发送 `status {id}`。",
        "#{id} waits for an answer that is no vote, so nothing was counted. Its card says which, and so does `status {id}`.",
    ),
    "vote.ended": (
        "#{id} 已经结束：{state}。什么都没有改变。",
        "#{id} has ended: {state}. Nothing changed.",
    ),
    # ------------------------------------------------------------------ cancel and stop
    "cancel.done": ("已取消 #{id}，不会执行。", "#{id} is cancelled; it will not run."),
    "cancel.not_yours": (
        "只有申请人 {name} 可以取消 #{id}。审批人可以用 `reject {id}` 拒绝。",
        "Only {name}, who asked, can cancel #{id}. Approvers can `reject {id}`.",
    ),
    "cancel.ended": (
        "#{id} 已经结束，没有可取消的：{state}。",
        "#{id} has ended, so there is nothing to cancel: {state}.",
    ),
    "cancel.approved": (
        "#{id} 已经批准，马上开始，不能再取消。可以用 `stop {id}` 停止它。",
        "#{id} was approved and is about to start, so it cannot be cancelled any more. `stop {id}` stops it.",
    ),
    "cancel.running": (
        "#{id} 已经开始执行，不能取消。可以用 `stop {id}` 停止它。",
        "#{id} is already running and cannot be cancelled. `stop {id}` stops it.",
    ),
    "stop.done": (
        "正在停止 #{id}。已经执行的部分不会撤销，结果以卡片为准。",
        "Stopping #{id}. What has run is not undone; the card will tell how it ended.",
    ),
    "stop.not_yours": (
        "只有申请人 {name} 和审批人可以停止 #{id}。",
        "Only {name}, who asked, and its approvers can stop #{id}.",
    ),
    "stop.already": ("#{id} 已经在停止。", "#{id} is being stopped already."),
    "stop.not_running": (
        "#{id} 没有在执行：{state}。什么都没有改变。",
        "#{id} is not running: {state}. Nothing changed.",
    ),
    "stop.before_start": ("启动前已停止", "stopped before it began"),
    "stop.failed": (
        "停止 #{id} 的指令没有被接受：{reason}。它可能还在执行，请查看云助手。",
        "The order to stop #{id} was not taken: {reason}. It may still be running; look at Cloud Assistant.",
    ),
    # ------------------------------------------------------------------ states
    "state.planning": ("准备中", "being planned"),
    "state.pending": ("待审批", "waiting for approval"),
    "state.approved": ("已批准，即将执行", "approved, starting"),
    "state.running": ("执行中", "running"),
    "state.stopping": ("正在停止", "stopping"),
    "state.succeeded": ("成功", "succeeded"),
    "state.failed": ("失败", "failed"),
    "state.partly_failed": ("部分失败", "partly failed"),
    "state.rejected": ("已拒绝", "rejected"),
    "state.expired": ("已过期，未执行", "expired, not run"),
    "state.cancelled": ("已取消", "cancelled"),
    "state.stopped": ("已停止", "stopped"),
    "state.refused": ("未受理", "refused"),
    "state.not_started": ("没有启动", "not started"),
    "state.unknown": ("结果不明", "outcome unknown"),
    # ------------------------------------------------------------------ in the thread
    "say.remind": (
        "⏰ #{id} {command} 仍待审批，{time} 到期（还剩 {left}）。",
        "⏰ #{id} {command} still waits for a decision; it expires at {time} (in {left}).",
    ),
    "say.remind.elsewhere": (
        "⏰ #{id} {command}（{name} 在“{group}”发起）还在等待 {waiting} 审批，{time} 到期（还剩 {left}）。请到那里的卡片上决定。",
        "⏰ #{id} {command}, asked for by {name} in {group}, still waits for {waiting} until {time} ({left} left). Please decide on its card there.",
    ),
    "say.remind.urgent": (
        "🔴 紧急：#{id} {command}（{name} 在“{group}”发起）还在等待 {waiting} 审批，{time} 到期（还剩 {left}）。请到那里的卡片上决定。",
        "🔴 Urgent: #{id} {command}, asked for by {name} in {group}, still waits for {waiting} until {time} ({left} left). Please decide on its card there.",
    ),
    "say.remind.nowhere": ("单聊", "a direct chat"),
    "say.expired": (
        "#{id} {command} 已过期，没有人及时决定，所以没有执行。需要的话请重新发起。",
        "#{id} {command} expired: nobody decided in time, so it was not run. Ask again if it is still needed.",
    ),
    "say.rejected": (
        "#{id} {command} 已拒绝（{name}），没有执行。",
        "#{id} {command} was rejected by {name} and not run.",
    ),
    "say.cancelled": (
        "#{id} {command} 已取消（{name}），没有执行。",
        "#{id} {command} was cancelled by {name} and not run.",
    ),
    "say.cancelled.recalled": (
        "#{id} {command} 的原消息被撤回，申请已取消，没有执行。",
        "The message that asked for #{id} {command} was recalled, so it is cancelled and not run.",
    ),
    "say.cancelled.removed": (
        "#{id} {command} 的原消息被群主或管理员撤回，申请已取消，没有执行。",
        "The message that asked for #{id} {command} was removed by a moderator, so it is cancelled and not run.",
    ),
    "say.cancelled.recalled.note": ("原消息被撤回", "the message that asked was recalled"),
    "say.cancelled.removed.note": (
        "原消息被群主或管理员撤回",
        "the message that asked was removed by a moderator",
    ),
    "say.succeeded": ("#{id} {command} 执行成功", "#{id} {command} succeeded"),
    "say.succeeded.internal": ("#{id} {command} 已生效", "#{id} {command} is in force"),
    "say.failed": ("#{id} {command} 执行失败", "#{id} {command} failed"),
    "say.partly_failed": (
        "#{id} {command} 部分失败：成功 {done}/{total}",
        "#{id} {command} partly failed: {done} of {total} succeeded",
    ),
    "say.stopped": ("#{id} {command} 已停止", "#{id} {command} was stopped"),
    "say.unknown": ("#{id} {command} 结果不明", "The outcome of #{id} {command} is unknown"),
    "say.unknown.what": (
        "它可能已经执行，我不会再次执行。请在云助手中查找名为 {name} 的记录并确认结果。",
        "It may have run, and I will not run it again. Look for {name} in Cloud Assistant and check what happened.",
    ),
    "say.overdue": (
        "#{id} {command} 超过预定时间仍没有结果，我会继续查询。请留意实例和云助手的状态。",
        "#{id} {command} has had no result for longer than planned. I keep looking; please check the instances and Cloud Assistant.",
    ),
    "say.no_results": (
        "一直没有查到执行结果",
        "no results were ever found",
    ),
    "say.not_started": (
        "#{id} {command} 没有启动：{reason}",
        "#{id} {command} was not started: {reason}",
    ),
    "say.card_failed": (
        "卡片没能发出（{reason}）。请用文字审批：approve {id} {code}，或 reject {id} 原因。",
        "The card could not be sent ({reason}). Decide by text: approve {id} {code}, or reject {id} with a reason.",
    ),
    "say.card_doubtful": (
        "卡片可能没有送达。看不到卡片时请用文字审批：approve {id} {code}，或 reject {id} 原因。",
        "The card may not have arrived. Where you see none, decide by text: approve {id} {code}, or reject {id} with a reason.",
    ),
    "say.card_again": (
        "不知道 #{id} {command} 的上一张卡片是否送达，所以又发了一张。以这张新卡片为准；如果还有上一张，请不要使用。",
        "Nobody knows whether the last card of #{id} {command} arrived, so another was sent. Please use this new card; if there is an earlier one, it no longer counts.",
    ),
    "say.nobody_asked": (
        "#{id}（短码 {code}）还没有人审批：卡片和文字都没能发到群里。请检查机器人是否还在群里，然后发送 dead 查看、redrive 重新投递。",
        "Nobody was asked about #{id} (code {code}): neither its card nor its text could be sent to the group. Check that the bot is still in it; then dead shows the card and redrive sends it again.",
    ),
    "say.fallback": (
        "#{id}（短码 {code}）{state}。№ {stamp}。完整的内容没能发到原来的位置；发送 status {id} 查看。",
        "#{id} (code {code}): {state}. № {stamp}. The whole could not be sent where it belongs; send status {id} to read it.",
    ),
    "say.approved_by": ("审批人", "Approved by"),
    "say.duration": ("用时", "Duration"),
    "say.audit": ("审计", "Audit"),
    "say.exit": ("退出码 {code}", "exit {code}"),
    "say.no_output": ("（没有输出）", "(no output)"),
    "say.cut": (
        "…（此处省略 {lines} 行、{count} 字节，发送 {command} 查看全部）…",
        "… ({lines:line|lines}, {count:byte|bytes} left out here; to read all, send: {command}) …",
    ),
    "say.dropped": (
        "（云助手只保留输出的开头和结尾，中间的 {count} 字节没有保存，任何地方都查不到）",
        "(Cloud Assistant kept only the beginning and the end of this output: {count:byte|bytes} in its middle were not kept anywhere)",
    ),
    "say.more_outputs": (
        "另有 {count} 台的输出未显示，发送 output {id} 查看",
        "{count:more output is|more outputs are} not shown; to read all of them, send: output {id}",
    ),
    "say.instances": ("实例（{count}）", "Instances ({count})"),
    "say.instances.none": ("没有找到实例。", "No instances were found."),
    "say.instances.no_agent": ("云助手未运行", "no agent"),
    "say.lookup_failed": ("查询失败：{reason}", "The look-up failed: {reason}"),
    # ------------------------------------------------------------------ results
    "result.Success": ("成功", "ok"),
    "result.Failed": ("失败", "failed"),
    "result.Timeout": ("超时", "timed out"),
    "result.Error": ("无法执行", "could not run"),
    "result.Aborted": ("未送达", "not delivered"),
    "result.Invalid": ("命令无效", "invalid"),
    "result.Cancelled": ("未开始即取消", "cancelled before it began"),
    "result.Terminated": ("中途停止", "stopped midway"),
    "result.Pending": ("排队中", "waiting"),
    "result.Running": ("执行中", "running"),
    "result.Scheduled": ("已计划", "scheduled"),
    "result.none": ("未启动", "not started"),
    "result.Stopping": ("正在停止", "stopping"),
    # ------------------------------------------------------------------ receipts
    "receipt.error": (
        "出了内部错误，什么都没有执行。已记录，请稍后再试或联系管理员。",
        "Something went wrong inside and nothing was run. It is recorded; try again later or tell the administrator.",
    ),
}
