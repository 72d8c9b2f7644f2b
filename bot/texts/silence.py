"""What the bot says about messages without words, and where the cloud does not answer: key →
(zh-CN, en)."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {
    "refused.unread": (
        "我只能读文字，没有读这{what}，什么都没有做。请把要做的事写成文字发给我，例如 restart web-01；发送 help 可以看到全部命令。",
        "I can only read words: this {what} was not read and nothing was done. Write what you want as text, such as restart web-01; help lists all commands.",
    ),
    "unread.picture": ("张图片", "picture"),
    "unread.file": ("个文件", "file"),
    "unread.voice": ("段语音", "voice message"),
    "unread.video": ("段视频", "video"),
    "unread.sticker": ("个表情", "sticker"),
    "unread.card": ("张卡片", "card"),
    "unread.forward": ("份合并转发的聊天记录", "bundle of forwarded messages"),
    "unread.location": ("个位置", "location"),
    "unread.other": ("种消息", "kind of message"),
    "say.waiting": (
        "#{id} {command} 在等 {api}，还没有得到回应。我会继续尝试，最晚到 {until}；结果会在这里告诉你。{reason}",
        "#{id} {command} waits for {api}, which has not answered yet. I keep trying until {until} at the latest, and tell you here what came of it. {reason}",
    ),
    "say.waiting.over": (
        "#{id} {command}：{api} 已经回应，继续执行。",
        "#{id} {command}: {api} has answered, and it goes on.",
    ),
    "say.waiting.results": (
        "#{id} {command} 的结果暂时读不到：{api} 没有回应。它可能仍在执行，也可能已经结束；我会一直查询，读到后在这里告诉你。{reason}",
        "The results of #{id} {command} cannot be read now: {api} does not answer. It may still run or have ended; I keep looking and tell you here. {reason}",
    ),
    "say.waiting.lookup": (
        "还在等 {api} 的回应。我会继续尝试，最晚到 {until}；查到后在这里告诉你。{reason}",
        "I still wait for {api} to answer. I keep trying until {until} at the latest, and tell you here what I find. {reason}",
    ),
}
