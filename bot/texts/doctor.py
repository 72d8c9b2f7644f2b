"""What ``python -m bot doctor`` says of the machine and the network. Each in Chinese and in
English; what it says of a platform stands in that platform's adapter."""

from __future__ import annotations

_SYNCHRONISE = (
    "开启时间同步：timedatectl set-ntp true（或安装 chrony）；容器的时间由宿主机决定",
    "Turn on time synchronisation: timedatectl set-ntp true (or install chrony); a container "
    "has the time of its host",
)
_MAKE_ROOM = (
    "腾出空间，或把 [bot] data 移到更大的磁盘：写不进去时机器人会停下",
    "Make room, or move [bot] data to a larger disk: the bot stops when it can't write",
)
PHRASES: dict[str, tuple[str, str]] = {
    "doctor.state.ok": ("正常", "ok"),
    "doctor.state.problem": ("问题", "problem"),
    "doctor.state.unsure": ("未知", "unknown"),
    "doctor.state.manual": ("待查", "by hand"),
    "doctor.count.ok": ("{count} 项正常", "{count} ok"),
    "doctor.count.problem": ("{count} 个问题", "{count:problem|problems}"),
    "doctor.count.unsure": ("{count} 项未知", "{count} unknown"),
    "doctor.count.manual": ("{count} 项请人工核对", "{count} to check by hand"),
    "doctor.group.configuration": ("配置", "Configuration"),
    "doctor.group.machine": ("本机", "This machine"),
    "doctor.group.network": ("网络", "Network"),
    "doctor.need.needed": ("必需", "needed"),
    "doctor.need.useful": ("有用", "useful"),
    "doctor.need.doctor": ("诊断用", "doctor"),
    "doctor.console.events": ("事件：{names:list}", "Events: {names:list}"),
    "doctor.console.callbacks": ("回调：{names:list}", "Callbacks: {names:list}"),
    "doctor.console.apply": (
        "一次申请必需和有用的权限：{address}",
        "Ask for the needed and the useful permissions at once: {address}",
    ),
    "doctor.try.ask": (
        "群“{group}”里会出现一张测试卡片：请有人 @机器人 发送 doctor，再点卡片的按钮",
        "A test card comes to the group “{group}”: somebody mentions the bot with the word doctor, "
        "and presses its button",
    ),
    "doctor.try.unconnected": (
        "连接没有建立：{why}",
        "No connection stands: {why}",
    ),
    "doctor.try.unconnected_mend": (
        "运行不带 --try 的 doctor，先处理它指出的问题",
        "Run the doctor without --try, and mend what it names first",
    ),
    "doctor.try.unsent": ("测试卡片没有发出：{why}", "The test card was not sent: {why}"),
    "doctor.try.unsent_mend": (
        "运行不带 --try 的 doctor，先处理它指出的问题；并核对 [[group]] 的 chat",
        "Run the doctor without --try, and mend what it names first; compare chat of [[group]]",
    ),
    "doctor.try.sent": ("测试卡片已发到 {chat}", "The test card was sent to {chat}"),
    "doctor.try.message": ("收到了 {who} 的消息", "A message of {who} arrived"),
    "doctor.try.click": ("收到了 {who} 的点击", "A click of {who} arrived"),
    "doctor.try.no_message": (
        "没有收到 @机器人 的消息",
        "No message that mentions the bot arrived",
    ),
    "doctor.try.no_message_mend": (
        "在平台后台核对机器人的事件订阅",
        "Look at the subscription to messages in the platform's console",
    ),
    "doctor.try.no_click": ("没有收到卡片上的点击", "No click on the card arrived"),
    "doctor.try.no_click_mend": (
        "在平台后台核对卡片回调",
        "Look at the callback of cards in the platform's console",
    ),
    "doctor.try.toast": ("收到了点击", "The click arrived"),
    "doctor.try.mark.yes": ("✅", "✅"),
    "doctor.try.mark.no": ("▫️", "▫️"),
    "doctor.try.card.title": ("doctor 测试卡片", "doctor test card"),
    "doctor.try.card.tag": ("测试", "test"),
    "doctor.try.card.over": ("测试结束", "test is over"),
    "doctor.try.card.text": (
        "这是一张测试卡片：不会执行任何操作，也不是投票。",
        "This is a test card: nothing is run, and nothing is voted on.",
    ),
    "doctor.try.card.message": (
        "在这个群里 @我 发送：{word}",
        "Mention me in this group with the word: {word}",
    ),
    "doctor.try.card.click": ("点这张卡片的按钮", "Press the button of this card"),
    "doctor.try.card.button": ("点这里", "Press here"),
    "doctor.slow": (
        "检查 {check} 在 {seconds} 秒内没有结果",
        "The check {check} had no result within {seconds:second|seconds}",
    ),
    "doctor.slow_mend": (
        "先处理“网络”一节里的问题；只是慢的话，用 --seconds 多给一些时间",
        "Mend what the section “Network” says first; if it is only slow, give it more --seconds",
    ),
    "doctor.broken": (
        "检查 {check} 自己出了错：{error}",
        "The check {check} itself failed: {error}",
    ),
    "doctor.broken_mend": (
        "请连同版本号把它报告给本项目",
        "Report it to this project, with the version",
    ),
    # ------------------------------------------------------------------------- configuration
    "doctor.configuration.ok": (
        "{path}：{people} 人、{groups} 个群、{commands} 个操作、{forms} 张审批单；"
        "{platforms:list}；{region}",
        "{path}: {people:person|people}, {groups:group|groups}, {commands:operation|operations}, "
        "{forms:form|forms}; {platforms:and}; {region}",
    ),
    "doctor.configuration.fault": ("{fault}", "{fault}"),
    "doctor.configuration.fault_mend": (
        "改好后运行 python -m bot check --config {path}；配置有错时不检查其余各项",
        "Mend it, then run python -m bot check --config {path}; with faults here the rest is not "
        "looked at",
    ),
    "doctor.configuration.odd": ("{odd}", "{odd}"),
    "doctor.configuration.odd_mend": (
        "看看 {path} 里是不是这个意思",
        "See whether {path} means that",
    ),
    # ------------------------------------------------------------------------- this machine
    "doctor.clock.ok": (
        "本机时钟与 {count} 台服务器一致",
        "The clock agrees with {count:server|servers}",
    ),
    "doctor.clock.ahead": (
        "本机时钟快了 {span}：签名会被拒绝，消息会被当作旧消息",
        "The clock is {span} ahead: signatures are refused, and messages taken for old ones",
    ),
    "doctor.clock.behind": (
        "本机时钟慢了 {span}：签名会被拒绝，期限会晚到",
        "The clock is {span} behind: signatures are refused, and deadlines come late",
    ),
    "doctor.clock.ahead_mend": _SYNCHRONISE,
    "doctor.clock.behind_mend": _SYNCHRONISE,
    "doctor.clock.unknown": (
        "没有服务器报出时间，无法核对时钟",
        "No server told the time, so the clock could not be compared",
    ),
    "doctor.clock.unknown_mend": (
        "先处理下面的网络问题；或运行 timedatectl，看“System clock synchronized”是否为 yes",
        "Mend the network first; or see whether timedatectl says “System clock synchronized: yes”",
    ),
    "doctor.data.ok": ("可以写入 {folder}", "{folder} can be written"),
    "doctor.data.closed": (
        "不能写入 {folder}：{reason}",
        "{folder} can't be written: {reason}",
    ),
    "doctor.data.closed_mend": (
        "把它交给运行机器人的用户：chown -R 用户 {folder}；或在 [bot] data 里换一个文件夹",
        "Give it to the user that the bot runs as: chown -R USER {folder}; or name another folder "
        "in [bot] data",
    ),
    "doctor.data.remote": (
        "{folder} 在网络文件系统（{kind}）上，那里的文件锁不可靠",
        "{folder} is on a network file system ({kind}), where locks don't hold",
    ),
    "doctor.data.remote_mend": (
        "把 [bot] data 移到本地磁盘；备份可以放到网络盘",
        "Move [bot] data to a local disk; backups may go to the network",
    ),
    "doctor.store.none": (
        "还没有数据库 {path}：第一次启动时会创建",
        "There is no store at {path} yet: the first start makes it",
    ),
    "doctor.store.ok": (
        "数据库完好：{path}，{requests} 个请求，{size}",
        "The store is whole: {path}, {requests:request|requests}, {size}",
    ),
    "doctor.store.used": (
        "数据库完好，机器人正在使用：{path}，{requests} 个请求，{size}",
        "The store is whole, and a bot runs on it: {path}, {requests:request|requests}, {size}",
    ),
    "doctor.store.upgrades": (
        "数据库完好：{path}；下次启动会做 {count} 步升级",
        "The store is whole: {path}; the next start upgrades it in {count:step|steps}",
    ),
    "doctor.store.large": (
        "数据库 {path}（{size}）太大，没有来得及看完",
        "The store {path} ({size}) is too large to be looked through in this time",
    ),
    "doctor.store.large_mend": (
        "用 python -m bot store check 完整检查，或用 --seconds 多给一些时间",
        "Look through all of it with python -m bot store check, or give it more --seconds",
    ),
    "doctor.store.unreadable": ("{reason}", "{reason}"),
    "doctor.store.unreadable_mend": (
        "不要删除它：检查权限和磁盘，或用 python -m bot restore 放回一份备份",
        "Don't delete it: check permissions and the disk, or put a backup back with python -m bot "
        "restore",
    ),
    "doctor.store.newer": (
        "这个版本不能使用该数据库：{reason}",
        "This release can't use the store: {reason}",
    ),
    "doctor.store.newer_mend": (
        "安装写入它的版本或更新的版本",
        "Install the release that wrote it, or a later one",
    ),
    "doctor.store.damaged": (
        "数据库 {path} 已损坏：{reason}",
        "The store {path} is damaged: {reason}",
    ),
    "doctor.store.damaged_mend": (
        "停止机器人，用 python -m bot store check 看全部损坏，检查磁盘，再用 python -m bot restore 放回最近的备份",
        "Stop the bot, see all of it with python -m bot store check, check the disk, and put the "
        "latest backup back with python -m bot restore",
    ),
    "doctor.mark.older": (
        "{path} 是一份旧的副本：它缺少高水位标记记下的审计条目",
        "{path} is an older copy: it lacks the audit entry that the high-water mark names",
    ),
    "doctor.mark.older_mend": (
        "若是有意放回的，直接启动：未决的请求会先搁置；若不是，请找回较新的文件",
        "If it was put back on purpose, start the bot: what was undecided is held; if not, find "
        "the newer file",
    ),
    "doctor.mark.none": (
        "{path} 旁边没有高水位标记，放回旧副本时认不出来",
        "There is no high-water mark for {path}: an older copy put back would not be recognised",
    ),
    "doctor.mark.none_mend": (
        "启动机器人时会重新写；若设了 [bot] mark，看它指的文件在不在、能不能读",
        "The bot writes it anew when it runs; with [bot] mark set, see that its file is there and "
        "can be read",
    ),
    "doctor.disk.ok": ("{folder} 所在磁盘还有 {free}", "The disk of {folder} has {free} left"),
    "doctor.disk.full": (
        "{folder} 所在磁盘只剩 {free}，至少要有 {least}",
        "The disk of {folder} has only {free} left; there should be {least}",
    ),
    "doctor.disk.inodes": (
        "{folder} 所在磁盘的 inode 快用完了（还有 {free} 空间）",
        "The disk of {folder} has hardly any inodes left (and {free} of room)",
    ),
    "doctor.disk.full_mend": _MAKE_ROOM,
    "doctor.disk.inodes_mend": _MAKE_ROOM,
    "doctor.timezone.ok": (
        "时区 {zone}：现在是 {time}",
        "Time zone {zone}: it is {time} there",
    ),
    "doctor.timezone.differs": (
        "时区 {zone}：现在是 {time}；本机的时钟和日志显示 {local}",
        "Time zone {zone}: it is {time} there; this machine and its log say {local}",
    ),
    "doctor.port.free": ("{address} 可以监听", "{address} is free to listen on"),
    "doctor.port.used": ("机器人正在监听 {address}", "The bot listens on {address}"),
    "doctor.port.taken": (
        "{address} 被别的程序占用了",
        "Another program listens on {address}",
    ),
    "doctor.port.taken_mend": (
        "ss -ltnp 'sport = :{port}' 会显示是谁；停掉它，或在 bot.toml 里换一个端口",
        "ss -ltnp 'sport = :{port}' says which; end it, or take another port in bot.toml",
    ),
    "doctor.port.closed": (
        "不能监听 {address}：{reason}",
        "{address} can't be listened on: {reason}",
    ),
    "doctor.port.closed_mend": (
        "写本机有的地址和 1024 以上的端口；端口 {port} 需要特权时由前置的服务器转发",
        "Name an address of this machine and a port above 1023; let a server in front forward what "
        "comes to {port} if that needs privileges",
    ),
    # ------------------------------------------------------------------------- network
    "doctor.proxy.none": (
        "没有设置代理，所有调用直接出去",
        "No proxy is set: all calls go out directly",
    ),
    "doctor.proxy.used": (
        "代理 {proxy} 用于 {used:list}；其余直接连接：{direct:list}",
        "The proxy {proxy} is used for {used:list}; the others are called directly: {direct:list}",
    ),
    "doctor.proxy.unused": (
        "环境里有代理 {proxy}，但这里的调用都不经过它：{direct:list}",
        "The environment names the proxy {proxy}, but no call here uses it: {direct:list}",
    ),
    "doctor.address.ok": (
        "{host} 可以连接，证书可信，还有 {span} 到期",
        "{host} answers, and its certificate is trusted for another {span}",
    ),
    "doctor.address.plain": (
        "{host} 可以连接（未加密）",
        "{host} answers (not encrypted)",
    ),
    "doctor.address.name": (
        "找不到主机名 {name}（{reason}）",
        "The name {name} is not known ({reason})",
    ),
    "doctor.address.name_mend": (
        "检查拼写和 DNS：getent hosts {name}；容器里看 /etc/resolv.conf",
        "Check its spelling and the DNS: getent hosts {name}; in a container /etc/resolv.conf",
    ),
    "doctor.address.proxy": (
        "经代理 {proxy} 连不上 {host}（{reason}）",
        "{host} can't be reached through the proxy {proxy} ({reason})",
    ),
    "doctor.address.proxy_mend": (
        "改正环境变量 HTTPS_PROXY，让代理放行 {host}；不需要代理的话写进 NO_PROXY",
        "Mend HTTPS_PROXY in the environment and let the proxy pass {host}; where none is needed, "
        "name the host in NO_PROXY",
    ),
    "doctor.address.connect": (
        "连不上 {host}（{hosts:list}：{reason}）",
        "{host} can't be connected to ({hosts:list}: {reason})",
    ),
    "doctor.address.connect_mend": (
        "在防火墙和安全组放行到 {host} 的出站连接；这里的连接不经过代理",
        "Open the way out to {host} in the firewall and the security group; no proxy is used for it",
    ),
    "doctor.address.here": (
        "连不上 {host}（{hosts:list}：{reason}）",
        "{host} can't be connected to ({hosts:list}: {reason})",
    ),
    "doctor.address.here_mend": (
        "这是本机地址，与防火墙无关，是没有程序在监听：沙箱的地址请从配置里删掉，自己的服务请先启动",
        "This is the machine itself, where no firewall stands in between: take the sandbox's "
        "addresses out of the configuration, or start the service that is to listen there",
    ),
    "doctor.address.certificate": (
        "{host} 的证书不可信：{reason}",
        "The certificate of {host} is not trusted: {reason}",
    ),
    "doctor.address.certificate_mend": (
        "更新本机的 CA 证书；若中间有用私有 CA 的网关，把它的证书写进该表的 ca_file",
        "Update this machine's CA certificates; where a gateway with a private authority stands in "
        "between, name its certificates in ca_file of the table",
    ),
    "doctor.address.private": (
        "{host} 的证书不可信：{reason}",
        "The certificate of {host} is not trusted: {reason}",
    ),
    "doctor.address.private_mend": (
        "ca_file（{ca_file}）会替换常用的 CA：里面必须有签发这张证书的 CA",
        "ca_file ({ca_file}) takes the place of the usual authorities: it must hold the one that "
        "signed this certificate",
    ),
    "doctor.address.soon": (
        "{host} 的证书再过 {span} 到期",
        "The certificate of {host} ends in {span}",
    ),
    "doctor.address.soon_mend": (
        "请管理该主机的人续期，并检查自动续期",
        "Have whoever runs that host renew it, and see why that did not happen by itself",
    ),
    "doctor.address.answer": (
        "{host} 接受连接，但不回答（{reason}）",
        "{host} takes connections, but doesn't answer ({reason})",
    ),
    "doctor.address.answer_mend": (
        "看看地址和端口是不是那个服务的，以及中间的网关",
        "See that address and port are those of the service, and what stands in between",
    ),
    "doctor.address.inside": (
        "{host} 指向内网地址 {hosts:list}，而人们可以让机器人往那里发消息",
        "{host} points into your own network ({hosts:list}), and people can have messages sent there",
    ),
    "doctor.address.inside_mend": (
        "改正 DNS，或从 hosts 里删掉它；自己的服务请写成 [[endpoint]]",
        "Mend the DNS, or remove it from hosts; a server of your own goes into [[endpoint]]",
    ),
}
