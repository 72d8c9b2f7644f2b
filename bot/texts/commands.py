"""What parsing and the commands say. Each phrase in Chinese and in English."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    # ------------------------------------------------------------------------- parsing
    "parse.empty": (
        "请告诉我要做什么，例如发送 help。",
        "Tell me what to do; send help to see what there is.",
    ),
    "parse.too_long": (
        "消息有 {count} 个字符，最多 {most} 个。请缩短后再发。",
        "That message has {count} characters; {most} are allowed. Please send a shorter one.",
    ),
    "parse.unknown": ("不认识命令“{word}”。{hint}", "I don't know “{word}”. {hint}"),
    "parse.unknown_parameter": (
        "{command} 没有参数“{name}”。{hint}例如：{example}",
        "{command} takes no “{name}”. {hint} For example: {example}",
    ),
    "parse.twice": (
        "参数 {name} 写了两次，请只保留一个。例如：{example}",
        "{name} was given twice; keep one. For example: {example}",
    ),
    "parse.too_many": (
        "多出了“{value}”，{command} 没有地方放它。含空格的内容请加引号。例如：{example}",
        "“{value}” is more than {command} takes. Quote what contains spaces. "
        "For example: {example}",
    ),
    "parse.missing": (
        "{command} 还缺少 {names:list}。例如：{example}",
        "{command} still needs {names:and}. For example: {example}",
    ),
    "parse.value": (
        "“{value}”不能作为 {name}（{label}），应为：{expected}。例如：{example}",
        "“{value}” doesn't fit {name} ({label}); expected {expected}. For example: {example}",
    ),
    "parse.value_why": (
        "“{value}”不能作为 {name}（{label}），应为：{expected}（{why}）。例如：{example}",
        "“{value}” doesn't fit {name} ({label}); expected {expected} ({why}). "
        "For example: {example}",
    ),
    "parse.secret": (
        "{name}（{label}）的值不合适，应为：{expected}。例如：{example}",
        "What was given for {name} ({label}) doesn't fit; expected {expected}. "
        "For example: {example}",
    ),
    "parse.targets_mixed": (
        "{name}（{label}）里既有实例又有标签“{value}”，请只用其中一种。例如：{example}",
        "{name} ({label}) has both instances and the tag “{value}”; use one or the other. "
        "For example: {example}",
    ),
    "parse.quote": (
        "{quote} 引号没有闭合：{near}。请补上后半个引号。",
        "The quote {quote} is never closed, here: {near}. Please add the closing one.",
    ),
    "parse.question": (
        "这看起来像是在提问，没有计为投票。确定的话请发送：{example}",
        "That reads like a question, so nothing was decided. If you mean it, send: {example}",
    ),
    "parse.hidden": (
        "{name} 里有看不见的字符（零宽、控制或双向文字字符），已拒绝。请手动重新输入。",
        "{name} contains invisible characters (zero-width, control or text-direction ones), so it "
        "was refused. Please type it by hand.",
    ),
    "parse.text_too_long": (
        "{name} 有 {count} 个字符，最多 {most} 个。",
        "{name} has {count} characters; {most} are allowed.",
    ),
    "parse.too_many_targets": (
        "一次写了 {count} 个实例，最多 {most} 个，请分批申请。",
        "That is {count} instances at once; {most} are allowed. Please ask in batches.",
    ),
    "parse.script_too_long": (
        "脚本有 {count} 字节，最多 {most} 字节。",
        "The script has {count} bytes; {most} are allowed.",
    ),
    "parse.script_bidi": (
        "脚本里有改变文字方向的隐藏字符，审批人看到的会与实际执行的不同，已拒绝。",
        "The script contains hidden text-direction characters: approvers would see something else "
        "than what runs, so it was refused.",
    ),
    "parse.script_control": (
        "脚本里有控制字符，已拒绝。请粘贴纯文本。",
        "The script contains control characters, so it was refused. Please paste plain text.",
    ),
    "hint.did_you_mean": ("你是不是想用 {names}？", "Did you mean {names}?"),
    "hint.vote": (
        "如果是要表决，请在卡片上点按钮，或回复卡片：{word}。",
        "If that is a vote, press a button of the card, or reply to the card: {word}.",
    ),
    "hint.help": ("发送 help 查看可用的命令。", "Send help to see what you can ask for."),
    "hint.takes": ("它的参数有 {names:list}。", "It takes {names:and}."),
    "hint.takes_nothing": ("它没有参数。", "It takes nothing."),
    "expected.targets": (
        "实例 ID、实例名称或 tag:键=值，最多 {most} 个",
        "instance ids, names or tag:key=value, at most {most}",
    ),
    "expected.text": ("文字，最多 500 个字符", "text, at most 500 characters"),
    "expected.choice": ("{choices} 之一", "{choices}"),
    "expected.int": ("整数", "a whole number"),
    "expected.between": ("{low} 到 {high} 之间的整数", "a whole number from {low} to {high}"),
    "expected.bool": ("是 或 否（yes 或 no）", "yes or no"),
    "expected.choices": ("{choices:list} 中的一项或几项", "one or more of {choices:list}"),
    "expected.Targets": (
        "实例 ID 或名称（i-1,i-2）、标签（tag:env=prod），或 OOS 的 JSON",
        "instance ids or names (i-1,i-2), tags (tag:env=prod), or the JSON of OOS",
    ),
    "expected.RateControl": (
        "并发数（5）、百分比（50%）、分批（batch:1,5,10），或 OOS 的 JSON",
        "how many at a time (5, 50%), batches (batch:1,5,10), or the JSON of OOS",
    ),
    "expected.String": ("文字，含空格时加引号", "text, in quotes if there are spaces in it"),
    "expected.Number": ("数字", "a number"),
    "expected.Boolean": ("是 或 否（yes 或 no）", "yes or no"),
    "expected.List": ('列表，如 a,b 或 ["a", "b"]', 'a list such as a,b or ["a", "b"]'),
    "expected.Json": ('JSON，如 {{"key": "value"}}', 'JSON such as {{"key": "value"}}'),
    "expected.range": ("，{low} 到 {high}", " from {low} to {high}"),
    "expected.range.least": ("，至少 {low}", ", at least {low}"),
    "expected.range.most": ("，至多 {high}", ", at most {high}"),
    "expected.length": ("，{low} 到 {high} 个字符", ", {low} to {high} characters"),
    "expected.length.least": ("，至少 {low} 个字符", ", at least {low} characters"),
    "expected.length.most": ("，至多 {high} 个字符", ", at most {high} characters"),
    "expected.pattern": ("，匹配 {pattern}", " that matches {pattern}"),
    "expected.request": ("申请编号，如 42 或 #42", "a request's number, such as 42 or #42"),
    "expected.code": ("卡片上的 8 位短码", "the 8-digit code that stands on the card"),
    "expected.script": ("脚本文本，最多 12000 字节", "the text of a script, at most 12,000 bytes"),
    # ------------------------------------------------------------------------- rendering
    "script.name": (
        "“{name}”不能作为脚本变量名：只能用大写字母、数字和 _。",
        "{name!r} is no name of a script variable: use A-Z, 0-9 and _.",
    ),
    "script.reserved": (
        "“{name}”不能作为脚本变量名：shell 自己要用它，改了它脚本就会出错。请换个名字，如 {name}_VALUE。",
        "{name} is a variable of the shell itself: with another value in it the script would go wrong. Call it {name}_VALUE, for example.",
    ),
    "script.braces": (
        "{name} 里不能有 {{{{ 或 }}}}：远端会把它们当作占位符展开。",
        "{name} must not contain {{{{ or }}}}: the far end would expand them.",
    ),
    "script.nul": (
        "{name} 里有无法传给脚本的字符。",
        "{name} contains characters that cannot be handed to a script.",
    ),
    "script.not_shell": (
        "{type} 不是 shell 脚本，不能带参数。",
        "{type} is no shell script, so it cannot take parameters.",
    ),
    # ------------------------------------------------------------------------- help
    "help.title": ("可以让我做的事", "What you can ask for"),
    "help.operations": ("申请操作", "Operations"),
    "help.questions": ("查询", "Questions"),
    "help.votes": ("处理申请", "Acting on requests"),
    "help.more": (
        "发送 help 加命令名查看用法，例如：help {command}",
        "Send help and a command to see how it is used: help {command}",
    ),
    "help.no_operations": (
        "你在这里没有可以申请的操作；角色由管理员在配置中分配。",
        "There is no operation that you may ask for here; roles are given in the configuration.",
    ),
    "help.not_yours": (
        "你在这里不能使用 {command}。发送 help 查看可用的命令。",
        "You may not use {command} here. Send help to see what you can ask for.",
    ),
    "help.unknown": ("没有命令“{word}”。{hint}", "There is no command “{word}”. {hint}"),
    "help.aliases": ("也可以写", "Also"),
    "help.risk": ("风险", "Risk"),
    "help.approval": ("审批", "Approval"),
    "help.targets": ("默认实例", "Default instances"),
    "help.example": ("例如", "Example"),
    "help.optional": ("{about}（可选）", "{about} (optional)"),
    "help.default": ("{about}（默认 {value}）", "{about} (default {value})"),
    "help.values": ("：{values}", ": {values}"),
    "approval.any": ("或签：{names} 任一人", "any one of {names:list}"),
    "approval.all": ("会签：{names:list} 全部", "all of {names:list}"),
    "approval.sequence": ("依次：{names:list}", "in this order: {names:list}"),
    "approval.count": ("{names:list} 中 {count} 人", "{count} of {names:list}"),
    "stages.any": ("；并且 ", "; and "),
    "stages.sequence": ("；然后 ", "; then "),
    # ------------------------------------------------------------------------- answers
    "ago": ("{span}前", "{span} ago"),
    "left": ("还剩 {span}", "in {span}"),
    "span": ("{span}", "{span}"),
    "names": ("{names}", "{names}"),
    "request.none": (
        "没有你可以查看的申请 #{number}。",
        "There is no request #{number} that you may see.",
    ),
    "request.which": (
        "请写明申请的编号，例如 plan 42，或引用它的卡片。",
        "Name the request by its number, as in plan 42, or quote its card.",
    ),
    "request.elsewhere": (
        "#{number} 不是在这个会话中发起的，内容不在这里显示。请在它自己的会话中查看，或私聊我。",
        "#{number} was not asked for in this chat, so what it runs and prints is not shown here. Ask in its own chat, or write to me directly.",
    ),
    "request.removed": (
        "文字、参数值和输出已按设置在 {days} 天后删除。",
        "Its texts, values and outputs were removed after {days} days, as configured.",
    ),
    "request.removed.person": (
        "文字、参数值和输出已随有关人员的资料删除。",
        "Its texts, values and outputs were removed with the data of a person.",
    ),
    "plan.none": (
        "#{id} 还没有计划：正在查找实例。请稍后再看。",
        "#{id} has no plan yet: its instances are being looked up. Ask again in a moment.",
    ),
    "plan.version": ("版本", "Version"),
    "plan.ballot": ("正在表决的内容（{code}）", "What is asked of people now ({code})"),
    "output.none": (
        "#{number} 还没有任何输出。",
        "#{number} has printed nothing so far.",
    ),
    "output.unknown": (
        "#{number} 没有来自 {name} 的输出。有输出的实例：",
        "#{number} has no output of {name}. There is output of:",
    ),
    "output.many": (
        "输出太多，不能一次发完。请指定实例，例如：output {number} {name}",
        "That is too much to send at once. Name one of these, as in: output {number} {name}",
    ),
    "output.size": ("{count} 字节", "{count:byte|bytes}"),
    "history.title": ("找到的申请", "Requests that match"),
    "history.nothing": (
        "没有你可以查看的这样的申请。",
        "There is no such request that you may see.",
    ),
    "history.approved": ("{names:list} 批准", "approved by {names:list}"),
    "history.more": (
        "显示了 {total} 条中的 {count} 条。可加条件缩小范围，或加上 before={before} 继续看更早的。",
        "{count} of {total}; narrow it with more words, or add before={before} for older ones.",
    ),
    "history.older": (
        "更早的还有。可加条件缩小范围，或加上 before={before} 继续看。",
        "There may be older ones: narrow it with more words, or add before={before}.",
    ),
    "history.nothing_new": (
        "最新的里面没有你可以查看的。可加条件缩小范围。",
        "Among the newest there is none that you may see; narrow it with more words.",
    ),
    "search.time": (
        "“{time}”不是时间，可写 90m、2h、7d、3天 或 2026-11-01。",
        "“{time}” is no time; write 90m, 2h, 7d or 2026-11-01.",
    ),
    "search.day": ("没有 {day} 这一天。", "There is no day {day}."),
    "search.state": (
        "没有“{state}”这种状态，可用：{states:list}。",
        "There is no state “{state}”; write {states}.",
    ),
    "status.recent": ("最近的申请", "Recent requests"),
    "status.nothing": ("还没有你可以查看的申请。", "There is no request that you may see yet."),
    "status.state": ("状态", "State"),
    "status.asked_by": ("申请人", "Asked by"),
    "status.reason": ("原因", "Reason"),
    "status.approved": ("已同意", "Approved by"),
    "status.retry": ("要求重试", "Said retry"),
    "status.skip": ("要求跳过", "Said skip"),
    "status.rejected": ("已拒绝", "Rejected by"),
    "status.waiting": ("等待", "Waiting for"),
    "status.expires": ("过期", "Expires"),
    "status.code": ("短码", "Code"),
    "status.took": ("用时", "Took"),
    "status.note": ("说明", "Note"),
    "pending.title": ("未完成的申请（{count}）", "Open requests ({count})"),
    "pending.nothing": ("没有未完成的申请。", "Nothing is open."),
    "pending.mine": ("等你处理（{count}）", "Waiting for you ({count})"),
    "pending.others": ("其他（{count}）", "Others ({count})"),
    "pending.more": ("另有 {count} 个", "and {count} more"),
    "pending.oldest": (
        "只看了最早的 {count} 个，未完成的申请共有 {total} 个。",
        "Only the {count} oldest of {total} open requests were looked at.",
    ),
    "pending.expires": ("{span}后过期", "expires in {span}"),
    "pending.waits": ("等待 {names}", "waiting for {names}"),
    "pending.how": (
        "在卡片上处理，或发送：approve {number}",
        "Decide on the card, or send: approve {number}",
    ),
    "audit.request": ("申请 #{number} 的审计记录", "Audit log of request #{number}"),
    "audit.newest": ("最新的审计记录", "Newest audit entries"),
    "audit.nothing": ("没有记录。", "There is no entry."),
    "audit.cut": (
        "更早的 {count} 条未显示",
        "{count:earlier entry is|earlier entries are} not shown",
    ),
    "dead.title": ("没有送达的内容（死信）", "What could not be delivered (dead letters)"),
    "dead.nothing": ("没有死信，全部已送达。", "Everything was delivered."),
    "dead.nothing.but": (
        "没有死信。但有 {count} 条消息没有按原样送达，或仍在重试；审计日志中记为 tell.failed。",
        "There are no dead letters, but {count:message was|messages were} not delivered as planned, or are still being tried; see tell.failed in the audit log.",
    ),
    "dead.rule": ("规则 {rule}", "rule {rule}"),
    "dead.word": ("#{request} 的结果", "how #{request} ended"),
    "dead.none": ("没有编号为 {number} 的投递。", "There is no letter {number}."),
    "dead.more": (
        "更早的没有显示；python -m bot events dead 列出全部。",
        "Earlier ones are not shown; python -m bot events dead lists them all.",
    ),
    "dead.how": (
        "查看内容发送：dead {number}；重新投递发送：redrive {number}",
        "Look at one with dead {number}; send it once more with redrive {number}",
    ),
    "dead.again": ("重新投递发送：redrive {number}", "Send it once more with redrive {number}"),
    "dead.one": ("投递 {number} · {subject}", "Letter {number} · {subject}"),
    "dead.state": ("状态", "State"),
    "dead.state.queued": ("排队中", "queued"),
    "dead.state.in_flight": ("正在投递", "on its way"),
    "dead.state.done": ("已送达", "delivered"),
    "dead.state.refused": ("没有送达", "not delivered"),
    "dead.state.unknown": ("可能已经送达", "may have arrived"),
    "dead.state.dropped": ("已取消", "dropped"),
    "dead.to": ("目标", "To"),
    "dead.because": ("事件", "Event"),
    "dead.queued": ("产生", "Made"),
    "dead.tried": ("投递", "Tried"),
    "dead.tries": (
        "{count} 次，最后一次在 {span}前",
        "{count:time|times}, the last {span} ago",
    ),
    "dead.why": ("原因", "Why"),
    "dead.to.command": ("{group} 群里的命令 {command}", "the command {command} in {group}"),
    "dead.to.group": ("群 {name}", "the group {name}"),
    "dead.to.thread": ("群 {name} 的话题", "a thread in {name}"),
    "dead.to.webhook": ("机器人 {name}", "the robot {name}"),
    "dead.to.http": ("HTTP 端点 {name}", "the endpoint {name}"),
    "dead.to.bus": ("事件总线 {name}", "the bus {name}"),
    "redrive.none": (
        "没有编号为 {number} 的投递。发送 dead 查看死信。",
        "There is no letter {number}. Send dead to see which there are.",
    ),
    "redrive.evaluation": (
        "{platform} 在这里只供试用：{number} 没有重投，请在其他平台的群里发送 redrive {number}。",
        "{platform} is here for evaluation only: nothing was sent. Send redrive {number} in a chat of another platform.",
    ),
    "redrive.open": (
        "{number} 还在投递（{state}），不需要重投。",
        "{number} is still being delivered ({state}); there is nothing to send again.",
    ),
    "redrive.done": ("{number} 已经送达，没有重投。", "{number} was delivered; nothing was sent."),
    "redrive.queued": (
        "{number}（{subject}，{target}）重新投递。",
        "{number} ({subject}, {target}) is sent once more.",
    ),
    "redrive.doubtful": (
        "{number}（{subject}，{target}）重新投递。上一次可能已经送达，对方可能收到两次。",
        "{number} ({subject}, {target}) is sent once more. It may have arrived before, so it may "
        "arrive twice.",
    ),
    "whoami.title": ("你是 {name}", "You are {name}"),
    "whoami.person": ("人员", "Person"),
    "whoami.accounts": ("账号", "Accounts"),
    "whoami.roles": ("角色", "Roles"),
    "whoami.ask": ("可以申请", "May ask for"),
    "whoami.approve": ("可以审批", "May approve"),
    "whoami.nothing": ("无", "nothing"),
}
