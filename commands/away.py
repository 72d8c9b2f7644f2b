"""Say that you are away, until when, and who stands in for you; or see who is."""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, Pattern, Text, Word, vote

Until = Annotated[
    Word,
    Pattern(
        r"(?i:(mon|tue(s)?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?)"
        r"|(周|星期)[一二三四五六日天]"
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01]?[0-9]|2[0-3]):[0-5][0-9])?"
        r"|([01]?[0-9]|2[0-3]):[0-5][0-9]"
        r"|[0-9]{1,3}d|[0-9]{1,3}h",
        "时间、星期、日期或时长，如 18:00、周一、2026-12-07、3d",
        "a time, a day, a date or a span, such as 18:00, Monday, 2026-12-07 or 3d",
    ),
    About("到什么时候", "until when", "Monday", ("直到", "到"), spoken=True),
]
Delegate = Annotated[
    Word,
    Pattern(r"@?[\w.-]{1,64}", "人员的 ID 或姓名", "the id or the name of a person"),
    About("由谁代理", "who stands in for you", "bob", ("代理", "delegate"), spoken=True),
]


@vote(
    aliases=("离开", "休假"),
    reads="open",
    summary=(
        "说明你不在，到什么时候，由谁代你审批；不写则列出谁不在",
        "Say until when you are away and who stands in for you, or see who is away",
    ),
    example="away until Monday delegate bob",
)
def away(
    reason: Annotated[Text, About("原因", "why", "on holiday")] = "",
    *,
    until: Until = "",
    delegate: Delegate = "",
) -> Act:
    return Act("away", reason=reason, until=until, delegate=delegate)
