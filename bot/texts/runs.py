"""What the bot says about templates and their runs: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    # ------------------------------------------------------------------ the plan
    "refused.template_values": (
        "模板参数不合适：{problems}。请改正后重新发送。",
        "The template's parameters do not fit: {problems}. Please correct them and send it again.",
    ),
    "card.template": ("模板", "Template"),
    "card.templates": ("子模板", "With templates"),
    "card.engine.local": ("由本机器人执行", "run by this bot"),
    "card.engine.oos": ("由阿里云 OOS 执行", "run by Alibaba Cloud OOS"),
    "card.canary": ("金丝雀", "Canary"),
    "card.canary.after": (
        "前 {count} 项完成后再次审批",
        "after the first {count:item|items} people vote again",
    ),
    "say.hidden.readable": (
        "隐藏的值写在了你的消息里，群里的人仍能看到那条消息。申请结束后请撤回它（开始之前撤回会取消申请），并更换这个值。",
        "Your message carried a hidden value, and everybody here can still read it. Recall it once this has ended (recalled before it starts, it cancels the request), and change the value.",
    ),
    "say.hidden.taken_back": (
        "已撤回那条带有隐藏值的消息，申请不受影响，后续消息在卡片下方继续。群里的人可能已经看到，请更换这个值。",
        "I recalled the message with the hidden value. The request goes on, under its card. People may have read it already, so change the value.",
    ),
    "refused.hidden.readable": (
        "隐藏的值写在了你的消息里，群里的人仍能看到那条消息。请撤回它，并更换这个值。",
        "Your message carried a hidden value, and everybody here can still read it. Recall it, and change the value.",
    ),
    "refused.hidden": (
        "模板把 NoEcho 参数用在了审批人看不到的地方：{problems}。没有执行；请让维护者按提示修改模板。",
        "The template uses a NoEcho parameter where approvers could not see what it does: {problems}. Nothing was run; ask its maintainer to change it as said.",
    ),
    "refused.plan_address": (
        "任务 {task} 的 WebHook 地址是隐藏的，但不是群机器人的地址，审批人无法知道它会触发什么。请改用 robot:名称、群机器人地址，或不带 NoEcho 的参数。",
        "The WebHook of {task} has a hidden address that is no chat robot's, so nobody could see what it sets off. Use robot:NAME, a robot's address, or a parameter without NoEcho.",
    ),
    "refused.plan_template": (
        "任务 {task} 要运行哪个模板，要到执行时才知道，审批人无法事先看到。请在模板中写明 TemplateName，或由参数给出。",
        "Which template {task} runs is known only in the run, so nobody could see it before. Write its TemplateName, or give it by a parameter.",
    ),
    "refused.plan_no_template": (
        "任务 {task} 要运行的模板“{name}”不存在。请改正后重新发送。",
        "There is no template “{name}”, which {task} would run. Please correct it and send it again.",
    ),
    "refused.plan_too_deep": (
        "模板嵌套超过 {most} 层（{name}），不会执行。请让维护者减少层数。",
        "The templates are nested deeper than {most} ({name}), which is not run. Ask their maintainer for fewer levels.",
    ),
    "refused.plan_too_long": (
        "计划超过 {most} 个字符，没有人能读完，因此不会执行。请拆成几次申请。",
        "The plan is longer than {most} characters, more than anybody reads, so it is not run. Ask for it in parts.",
    ),
    "hidden.about": (
        "隐藏的值，{least}–{most} 个字符，{whose}",
        "hidden, {least}–{most} characters, {whose}",
    ),
    "hidden.empty": ("隐藏的值，为空，{whose}", "hidden, empty, {whose}"),
    "hidden.typed": ("由 {name} 输入", "typed by {name}"),
    "hidden.default": ("模板的默认值", "the template's default"),
    "preview.role": (
        "⚠ 角色 {role} 在这里不会被扮演：所有调用都以机器人自己的身份进行",
        "⚠ the role {role} is not assumed here: every call is made as the bot itself",
    ),
    "preview.hidden": (
        "🔒 隐藏的参数 {name} 用于 {task}: {path}",
        "🔒 the hidden {name} goes to {task}: {path}",
    ),
    "preview.hidden.unused": (
        "🔒 隐藏的参数 {name} 没有被用到",
        "🔒 the hidden {name} is not used",
    ),
    "ballot.covered": (
        "{mark} 处是密钥一类的值，这里不显示；可在 OOS 控制台的执行 {execution} 中查看。",
        "{mark} stands for a secret that is not shown here; read it in the OOS console, at execution {execution}.",
    ),
    "preview.away": (
        "⚠ 由 OOS 用它自己的模板执行，内容这里看不到",
        "⚠ OOS carries it out with a template of its own, which is not shown here",
    ),
    "preview.mentions": (
        "参数里另外指名的实例：{instances:list}",
        "Instances that parameters name beside the targets: {instances:list}",
    ),
    "preview.condition": ("条件 {name}: {value}", "condition {name}: {value}"),
    "preview.items": ("依次处理 {items}", "for each of {items}"),
    "preview.output": ("得到 {name}: {selector}", "gives {name}: {selector}"),
    "preview.retries": ("再试：{given}", "done again: {given}"),
    "preview.repeats": (
        "⚠ 会一再调用，直到结果符合；从名字看，这个 API 不只是读取",
        "⚠ called again and again until the answer fits, though by its name the API does not only read",
    ),
    "preview.when": ("仅当 {condition}", "only if {condition}"),
    "preview.on_error": ("失败时转到 {task}", "if it fails: {task}"),
    "preview.on_success": ("完成后转到 {task}", "then: {task}"),
    "preview.pasted": (
        "⚠ {name} 会被直接拼进脚本：shell 会把它当作代码",
        "⚠ {name} is pasted into the script: the shell reads it as code",
    ),
    "preview.pace": ("每次 {count}, MaxErrors {errors}", "{count} at a time, MaxErrors {errors}"),
    "card.gone": ("已不符合，未执行", "No longer fit, left out"),
    # ------------------------------------------------------------------ how far it is
    "loop.done": ("{done}/{total} 完成", "{done}/{total} done"),
    "loop.failed": ("{count} 失败", "{count} failed"),
    "loop.halted": ("{count} 中断（可能已生效）", "{count} interrupted (may have had effect)"),
    "loop.running": ("{count} 执行中", "{count} running"),
    "card.more.tasks": ("另有 {count} 个任务", "{count} more {count:task|tasks}"),
    "stage.none": ("未开始", "not begun"),
    "stage.Running": ("执行中", "running"),
    "stage.Waiting": ("等待中", "waiting"),
    "stage.Success": ("完成", "done"),
    "stage.Failed": ("失败", "failed"),
    "stage.Skipped": ("跳过", "skipped"),
    "stage.Cancelled": ("已取消", "cancelled"),
    "state.waiting": ("等待中", "waiting"),
    "state.midway": ("中途待审批", "waiting midway"),
    "state.canary": ("金丝雀待审批", "canary waiting"),
    "state.paused": ("已暂停", "paused"),
    "state.doubtful": ("待人工核实", "waiting for a check"),
    "state.rejected_within": ("中途被拒绝，已取消", "rejected midway, cancelled"),
    "state.expired_within": ("中途无人决定，已取消", "not decided in time, cancelled"),
    "say.rejected_within": (
        "#{id} {command} 中途被拒绝，已取消",
        "#{id} {command} was rejected midway and cancelled",
    ),
    "say.expired_within": (
        "#{id} {command} 中途无人及时决定，已取消",
        "#{id} {command} was cancelled, for nobody decided in time",
    ),
    "vote.own_within": (
        "不能审批自己申请的 #{id}。可以请 {names} 审批，或用 `stop {id}` 停止。",
        "You cannot decide on your own run #{id}. Ask {names}, or `stop {id}`.",
    ),
    "vote.code_within": (
        "#{id} 在执行中途等待审批，用文字同意时必须带上这次审批的短码：`approve {id} {code_hint}`。",
        "#{id} waits for an approval in the middle of its run; approving by text must carry that approval's code: `approve {id} {code_hint}`.",
    ),
    # ------------------------------------------------------------------ what it waits for
    "ballot.approval": ("任务 {task} 需要审批", "The task {task} asks for approval"),
    "ballot.canary": (
        "{task} 的第一批已完成，结果如下。同意后继续其余部分",
        "The first items of {task} are done, see below. Approve to go on with the rest",
    ),
    "ballot.confirm": (
        "任务 {task} 风险高，需要确认",
        "The task {task} is risky and must be confirmed",
    ),
    "ballot.pause": ("模板在 {task} 处暂停，等待继续", "Paused by the template at {task}"),
    "ballot.batch": ("{task} 的一批已完成，等待继续", "A batch of {task} is done; paused"),
    "ballot.person": (
        "已由人工暂停：不再启动新的调用",
        "Paused by a person: nothing more is started",
    ),
    "ballot.unknown": (
        "无法确认这次调用是否已经发生：{task}。请查证后选择重试或跳过",
        "Nobody knows whether this happened: {task}. Find out, then choose to retry or to skip",
    ),
    "say.ballot.approval": (
        "#{id} {command} 执行到任务 {task}，需要你审批。请在卡片上操作，或 @我 发送：approve {id} {code} / reject {id}",
        "#{id} {command} has come to its task {task} and needs your approval. Use the card, or mention me with approve {id} {code} / reject {id}",
    ),
    "say.ballot.canary": (
        "#{id} {command}：{task} 的第一批已完成，结果如下。同意后继续：approve {id} {code} / reject {id}",
        "#{id} {command}: the first items of {task} are done, see below. Approve to go on: approve {id} {code} / reject {id}",
    ),
    "say.ballot.confirm": (
        "#{id} {command}：任务 {task} 风险高，需要确认：approve {id} {code} / reject {id}",
        "#{id} {command}: the task {task} is risky and must be confirmed: approve {id} {code} / reject {id}",
    ),
    "say.ballot.pause": (
        "#{id} {command} 在 {task} 处暂停。继续请发送：resume {id}",
        "#{id} {command} is paused at {task}. To go on: resume {id}",
    ),
    "say.ballot.batch": (
        "#{id} {command}：{task} 的一批已完成，已暂停。继续请发送：resume {id}",
        "#{id} {command}: a batch of {task} is done and it is paused. To go on: resume {id}",
    ),
    "say.ballot.person": (
        "#{id} {command} 已暂停，不再启动新的调用。继续请发送：resume {id}",
        "#{id} {command} is paused: nothing more is started. To go on: resume {id}",
    ),
    "say.ballot.unknown": (
        "#{id} {command}：无法确认这次调用是否已经发生：{task}。我不会自行重试。请在控制台查证，然后发送 retry {id}（重新执行）、skip {id}（当作已完成）或 stop {id}",
        "#{id} {command}: nobody knows whether this happened: {task}. I will not repeat it on a guess. Look it up in the console, then send retry {id} (make it again), skip {id} (go on without it) or stop {id}",
    ),
    "say.ballot.nobody": (
        "#{id} {command} 的任务 {task}：除了申请人，没有足够的人可以审批。请管理员在 bot.toml 中补充审批人，或发送 stop {id}。{ends}",
        "Besides those who asked for #{id} {command} there are not enough people who may approve its task {task}. Ask the administrator to add approvers in bot.toml, or send stop {id}. {ends}",
    ),
    "say.ballot.no_ram": (
        "#{id} {command} 的任务 {task} 指定的 RAM 用户 {users:list} 不属于任何人。请管理员在 bot.toml 的 `[[person]]` 中写上 ram，或发送 stop {id}。{ends}",
        'The task {task} of #{id} {command} is to be approved by the RAM users {users:and}, who are nobody here. Ask the administrator to write ram = "…" at their `[[person]]` in bot.toml, or send stop {id}. {ends}',
    ),
    "say.ballot.ends": ("到期后会取消。", "When its time is up it is cancelled."),
    "vote.no_ram": (
        "没有计票：任务 {task} 指定的 RAM 用户 {users:list} 不属于任何人。请管理员在 bot.toml 的 `[[person]]` 中写上 ram，再投票；不再需要则发送 stop {id}。",
        'Nothing was counted: the task {task} is to be approved by the RAM users {users:and}, who are nobody here. Ask the administrator to write ram = "…" at their `[[person]]` in bot.toml, then vote; or send stop {id}.',
    ),
    "vote.voters_gone": (
        "没有计票：任务 {task} 的审批人 {voters:list} 已不在 bot.toml 中。请管理员重新登记，或发送 stop {id}。",
        "Nothing was counted: {voters:and}, who may approve the task {task}, are no longer in bot.toml. Ask the administrator to add them again, or send stop {id}.",
    ),
    "say.notice_failed": (
        "#{id} {command} 的审批通知没有发出：{reason} 审批仍可在这里进行。",
        "The notification of #{id} {command} was not sent: {reason} It can be approved here all the same.",
    ),
    "say.tell_failed": (
        "#{id} {command}：决定没有送达 OOS：{reason} 请在 OOS 控制台处理。",
        "#{id} {command}: OOS could not be told: {reason} Please decide in the OOS console.",
    ),
    "card.note.voted": (
        "也可 @我 发送：approve {id} {code} 或 reject {id} 原因",
        "Or mention me: approve {id} {code}, or reject {id} with a reason",
    ),
    "card.note.pause": ("也可 @我 发送：resume {id}", "Or mention me: resume {id}"),
    "card.note.batch": ("也可 @我 发送：resume {id}", "Or mention me: resume {id}"),
    "card.note.person": ("也可 @我 发送：resume {id}", "Or mention me: resume {id}"),
    "card.note.unknown": (
        "也可 @我 发送：retry {id}、skip {id} 或 stop {id}",
        "Or mention me: retry {id}, skip {id} or stop {id}",
    ),
    "card.button.pause": ("暂停", "Pause"),
    "card.button.resume": ("继续", "Resume"),
    "card.button.retry": ("重试", "Retry"),
    "card.button.skip": ("跳过", "Skip"),
    "card.confirm.retry": (
        "确认重新执行？如果它其实已经发生，会发生两次。",
        "Make it again? If it did happen, it happens twice.",
    ),
    "card.confirm.skip": (
        "确认当作已完成并继续？",
        "Go on as if it had been done?",
    ),
    # ------------------------------------------------------------------ steering
    "steer.pause": (
        "#{id} 已暂停：正在进行的会完成，不再启动新的。",
        "#{id} is paused: what is under way will finish, nothing more is started.",
    ),
    "steer.resume": ("#{id} 继续执行。", "#{id} goes on."),
    "steer.retry": ("#{id}：重新执行这次调用。", "#{id}: the call is made again."),
    "steer.skip": ("#{id}：跳过这次调用并继续。", "#{id}: goes on without the call."),
    "steer.retry.counted": (
        "已计入：#{id} 重试需要 {need} 人，现在有 {have} 人。",
        "Counted: making the call of #{id} again takes {need} people, {have} said so.",
    ),
    "steer.skip.counted": (
        "已计入：#{id} 跳过需要 {need} 人，现在有 {have} 人。",
        "Counted: going on without the call of #{id} takes {need} people, {have} said so.",
    ),
    "steer.again": (
        "你已经这样回答过 #{id}，还需要其他人：{names:list}。",
        "You answered #{id} like this already; others have to as well: {names:list}.",
    ),
    "steer.not_yet": (
        "还没有轮到你回答 #{id}，现在轮到 {names:list}。",
        "It is not your turn to answer #{id} yet; next: {names:list}.",
    ),
    "steer.approved": ("已同意，#{id} 继续执行。", "Approved; #{id} goes on."),
    "steer.rejected": (
        "已拒绝，#{id} 取消，不再启动新的调用。",
        "Rejected; #{id} is cancelled and starts nothing more.",
    ),
    "steer.nothing": (
        "#{id} 现在不需要这个操作：{state}。什么都没有改变。",
        "#{id} does not wait for that: {state}. Nothing changed.",
    ),
    "steer.paused": (
        "#{id} 已经暂停。继续请发送 resume {id}。",
        "#{id} is paused already. To go on: resume {id}",
    ),
    "steer.doubt": (
        "#{id} 有一次调用结果不明，正在等人回答。请发送 retry {id}、skip {id} 或 stop {id}。",
        "#{id} waits for people to say what became of a call. Send retry {id}, skip {id} or stop {id}.",
    ),
    "steer.script": (
        "#{id} 执行的是脚本，不能暂停。可以用 `stop {id}` 停止它。",
        "#{id} runs a script, which cannot be paused. `stop {id}` stops it.",
    ),
    "steer.not_here": (
        "#{id} 由 OOS 执行，不能从这里暂停。可以用 `stop {id}` 停止它。",
        "#{id} runs on OOS and cannot be paused from here. `stop {id}` stops it.",
    ),
    "steer.not_yours": (
        "你不能对 #{id} 做这个操作。可以的是：{names:list}。",
        "You may not do that with #{id}. Those who may: {names:list}.",
    ),
    # ------------------------------------------------------------------ targets that drift
    "drift.none_left": (
        "审批时的实例都已不符合条件",
        "none of the instances that were approved fits any more",
    ),
    "say.drift.left_out": (
        "#{id} {command}：审批之后这些实例不再符合条件，不会执行：{gone:list}。",
        "#{id} {command}: since the vote these instances no longer fit and are left out: {gone:list}.",
    ),
    "say.drift.not_run": (
        "#{id} {command}：审批之后新出现的实例没有经过审批，不会执行：{new:list}。",
        "#{id} {command}: these instances are new since the vote and were not approved, so they are left out: {new:list}.",
    ),
    "say.drift.again": (
        "#{id} {command}：审批之后目标实例变了（减少：{gone:list}；增加：{new:list}），没有执行。请按新的计划重新审批。",
        "#{id} {command}: the targets changed since the vote (gone: {gone:list}; new: {new:list}), so nothing was run. Please vote on the new plan.",
    ),
    "say.drift.tags": (
        "#{id} {command}：审批之后目标实例的标签变了，还需要：{why}，没有执行。请按新的计划重新审批。",
        "#{id} {command}: the tags of the targets changed since the vote, so that more is needed: {why}. Nothing was run. Please vote on the new plan.",
    ),
    # ------------------------------------------------------------------ rules
    "rule.title": ("规则 {rule}", "Rule {rule}"),
    "rule.refused": (
        "规则 {rule} 想执行 {command}，没有受理：{why}",
        "The rule {rule} asked for {command}, which was refused: {why}",
    ),
    "refused.rule_person": (
        "事件没有说明代表谁（{person}），或者这个人不在 bot.toml 中。请在规则或来源里写明 person。",
        "The event does not say on whose behalf it is ({person}), or that person is not in bot.toml. Give the rule or the source a person.",
    ),
    # ------------------------------------------------------------------ started elsewhere
    "watch.unknown_starter": (
        "不知道是谁启动的（{by}），所以需要两个人同意",
        "nobody knows who started it ({by}), so two people must agree",
    ),
    "watch.text": ("在 OOS 控制台启动：{execution}", "started in the OOS console: {execution}"),
    # ------------------------------------------------------------------ why it failed
    "failure.MaxErrorsExceeded": (
        "失败的项超过 MaxErrors，其余的不再启动",
        "more items failed than MaxErrors allows, so no more were started",
    ),
    "failure.InvalidParameter": ("参数不合适", "a parameter does not fit"),
    "failure.InvalidValue": ("模板里的一个值不合适", "a value in the template does not fit"),
    "failure.InvalidOutput": (
        "返回的内容与模板的选择器不符",
        "the answer does not fit the template's selector",
    ),
    "failure.InvalidJump": (
        "模板跳转到了不存在的任务",
        "the template jumps to a task that is not there",
    ),
    "failure.UndesiredValue": ("没有等到期望的值", "it did not come to the value that was wanted"),
    "failure.StopRetryValue": ("出现了表示失败的值", "it came to a value that means failure"),
    "failure.NoAnswer": ("多次查询都没有得到答复", "no answer came, although it was asked again"),
    "failure.Unsupported": ("不支持这个动作", "the action is not supported"),
    "failure.gave_up": (
        "一直没有发送成功，已放弃",
        "it could not be sent for a long time and was given up",
    ),
    # ------------------------------------------------------------------ how it ended
    "run.rejected": ("{name} 拒绝，已取消", "rejected by {name} and cancelled"),
    "run.expired": ("到期无人决定，已取消", "nobody decided in time, so it was cancelled"),
    "run.stopped": ("{name} 停止了执行", "stopped by {name}"),
    "run.unknown_calls": (
        "这些调用是否发生无法确认：{calls:list}。请人工查证。",
        "Whether these calls happened nobody knows: {calls:list}. Please look it up.",
    ),
    "run.broken": (
        "执行无法继续（{error}）。已发生的不会撤销，请人工查证。",
        "The run cannot go on ({error}). What has happened is not undone; please look into it.",
    ),
}
