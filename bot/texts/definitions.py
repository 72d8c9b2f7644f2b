"""What is said of what is kept in the cloud and of the limits of a run: key → (zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    # ------------------------------------------------------------------ why it is not planned
    "refused.definition": (
        "无法读取云上保存的 {names:list}：{reason}。没有执行。请先解决原因，再重新发送。",
        "What is kept in the cloud as {names:list} could not be read: {reason}. Nothing was run; please put that right, then send it again.",
    ),
    "refused.definition_missing": (
        "云上（地域 {region}）没有 {names:list}。没有执行。请在该地域创建，或改正 bot.toml 和模板里的名称、版本与 region。",
        "There is no {names:list} in the cloud (region {region}). Nothing was run. Create it there, or correct the name, the version and the region in bot.toml or in the template.",
    ),
    "refused.definition_late": (
        "读取云上保存的内容一直没有结果。没有执行，请稍后重新发送。",
        "Reading what is kept in the cloud took too long. Nothing was run; please send it again later.",
    ),
    "refused.definition_long": (
        "云上的模板 {name} 超过 {most} KB，无法完整展示给审批人。没有执行。请把它拆小。",
        "The template {name} in the cloud is longer than {most} KB, too long to be shown to those who approve. Nothing was run. Please split it.",
    ),
    "refused.definition_empty": (
        "云助手命令 {name} 没有内容。没有执行。请先写好它。",
        "The stored command {name} is empty. Nothing was run. Please write it first.",
    ),
    "refused.definition_unreadable": (
        "云上的模板 {name} 无法解读，审批人看不到它会做什么：{problems}。没有执行。请改正模板。",
        "The template {name} in the cloud cannot be read, so those who approve could not see what it does: {problems}. Nothing was run. Please correct the template.",
    ),
    "refused.definition_parameters": (
        "云上的 {name} 需要的参数是 {takes:list}，这里给出的是 {given:list}。没有执行。请让两边一致（云助手命令要启用自定义参数）。",
        "{name} in the cloud takes the parameters {takes:list}, and {given:list} would be given. Nothing was run. Make the two agree (a stored command needs EnableParameter to take any).",
    ),
    "refused.definition_store": (
        "云助手命令 {name} 引用了参数仓库（{{{{oos:…}}}} 或 {{{{oos-secret:…}}}}），审批人看不到实际执行的内容。没有执行。请改为在实例上读取。",
        "The stored command {name} takes values from the parameter store ({{{{oos:…}}}} or {{{{oos-secret:…}}}}), so nobody could see what would run. Nothing was run. Let the script read them on the instance.",
    ),
    "refused.definition_many": (
        "这个模板会运行 {most} 个以上的其他模板，无法完整展示。没有执行。请拆小。",
        "This template runs more than {most} others, too many to be shown. Nothing was run. Please split it.",
    ),
    "refused.definition_versions": (
        "模板 {name} 会以不同的版本运行（{versions:list}），无法展示清楚。没有执行。请只用一个版本。",
        "The template {name} would run in several versions ({versions:list}), which cannot be shown clearly. Nothing was run. Please use one.",
    ),
    # ------------------------------------------------------------------ the card
    "card.stored": ("云上的版本", "Version in the cloud"),
    "card.stored.exact": (
        "{name} {version}（摘要 {digest}）：按下面展示的内容执行",
        "{name} {version} (digest {digest}): runs as it is shown below",
    ),
    "card.stored.invoke": (
        "{name} {version}（摘要 {digest}）：按编号执行，执行后与展示的内容核对",
        "{name} {version} (digest {digest}): run by its id, compared with what is shown afterwards",
    ),
    "card.stored.pinned": (
        "{name} {version}（摘要 {digest}）：已锁定这个版本",
        "{name} {version} (digest {digest}): this version is pinned",
    ),
    "card.stored.open": (
        "⚠ {name} {version}（摘要 {digest}）：未锁定版本，启动前再核对一次，之后改动不会被发现",
        "⚠ {name} {version} (digest {digest}): not pinned; compared once more before the start, later changes go unnoticed",
    ),
    "card.loose": ("卡片上看不到的内容", "Not on this card"),
    "card.loose.why": (
        "⚠ {tasks:list}：这些任务按编号运行云上保存的其他内容，卡片上没有展示",
        "⚠ {tasks:list}: these run something else that is kept in the cloud, by its id; it is not shown here",
    ),
    "card.launcher": ("启动方式", "Launched by"),
    "card.braces": ("云助手填入", "Filled in"),
    "card.braces.why": (
        "脚本里的 {{{{ACS::…}}}} 由云助手在每台实例上填入",
        "Cloud Assistant fills in the {{{{ACS::…}}}} of the script on each instance",
    ),
    # ------------------------------------------------------------------ the limits of a run
    "bounds.outside": (
        "{call} 会作用于 {target}，不在允许的实例（{allowed:list}）之内，没有调用。请改正模板或它的参数，或调整 allowed_targets",
        "{call} would act on {target}, which is not among the instances allowed ({allowed:list}); it was not made. Correct the template or its values, or change allowed_targets",
    ),
    "bounds.most": (
        "加上 {call}，这次执行会涉及超过 {most} 台实例，没有调用。请缩小范围，或调整 most_targets",
        "With {call} this run would act on more than {most} instances; it was not made. Narrow it down, or change most_targets",
    ),
    "bounds.more": (
        "{call} 涉及的实例还需要 {policies:and} 同意（{reasons:list}），投票时没有包括，没有调用。请重新申请，写明这些实例",
        "The instances of {call} take the consent of {policies:and}, too ({reasons:list}), which was not voted on; it was not made. Ask anew, and name these instances",
    ),
    "bounds.unjudged": (
        '看不出 {call} 会作用于哪些实例，而这条命令只允许部分实例，没有调用。请让它写明 InstanceId，或设置 unjudged_calls = "allow"',
        'It cannot be told on which instances {call} would act, and this command is held to some; it was not made. Let it name them by InstanceId, or set unjudged_calls = "allow"',
    ),
    "bounds.unjudged_plan": (
        '这个模板里的 {calls:list} 看不出会作用于哪些实例，而这条命令只允许部分实例。没有执行。请让它们写明 InstanceId，或设置 unjudged_calls = "allow"。',
        'It cannot be told on which instances {calls:list} of this template would act, and this command is held to some. Nothing was run. Let them name instances by InstanceId, or set unjudged_calls = "allow".',
    ),
    "bounds.unknown": (
        "无法确认 {targets:list} 是哪些实例（{reason}），因此没有调用。请稍后再试",
        "What {targets:list} are called could not be found out ({reason}), so the call was not made. Please try again later",
    ),
    "failure.OutOfBounds": ("超出这条命令的限制", "out of the limits of this command"),
    "card.limits": ("限制", "Limits"),
    "card.limits.held": (
        "只限 {allowed:list}；整个执行最多 {most} 台，按每次实际调用判断",
        "only {allowed:list}; at most {most} instances over the whole run, judged at each call",
    ),
    "card.limits.allow": (
        "⚠ 看不出作用于哪些实例的调用也会执行",
        "⚠ calls that name no instance are made, too",
    ),
    "card.limits.oos": (
        "⚠ 由 OOS 发起的调用无法逐个判断，只核对了上面的实例",
        "⚠ the calls that OOS makes cannot be judged; only the instances above were",
    ),
    "card.limits.refuse": (
        "看不出作用于哪些实例的调用不会执行",
        "calls that name no instance are not made",
    ),
    # ------------------------------------------------------------------ it ran something else
    "card.incident": ("⚠ 事故", "⚠ Incident"),
    "incident.different": (
        "实际执行的内容与审批时展示的不同（云助手命令 {name} 在审批后被改动）。请立即核实，需要时发送 stop {id}",
        "What was run is not what was shown and approved (the stored command {name} was changed after that). Look into it now; stop {id} stops it",
    ),
    "incident.unseen": (
        "无法核对云助手命令 {name} 实际执行的内容：{why}。请在云助手控制台核实",
        "What the stored command {name} really ran could not be compared with what was shown: {why}. Please look at it in the Cloud Assistant console",
    ),
    "say.incident": ("#{id} {command}：{what}。", "#{id} {command}: {what}."),
    "say.incident.ran": ("实际执行的内容：", "What was run:"),
}
