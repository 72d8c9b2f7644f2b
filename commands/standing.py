"""Let something be asked for without a vote, within bounds and until a date: itself voted on."""

from __future__ import annotations

from typing import Annotated

from bot import About, Between, Change, Pattern, Text, Word, operation

Until = Annotated[
    Word,
    Pattern(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2})?",
        "日期，如 2026-12-31",
        "a date, such as 2026-12-31",
    ),
    About("有效到", "until when", "2026-12-31", ("直到", "到"), spoken=True),
]
Holders = Annotated[
    Word,
    Pattern(r"role:[\w-]{1,64}", "role: 加角色名", "role: and the name of a role"),
    About("谁可以用", "who may use it", "role:sre", ("for", "适用"), spoken=True),
]


@operation(
    aliases=("常备审批",),
    risk="high",
    summary=("申请常备审批：在范围内、到期前不再表决", "Approve beforehand, within bounds"),
    does=("让以下操作不再表决：{what}", "run this without further votes: {what}"),
    example='standing "restart i-0a1b2c3d4e service=nginx" until 2026-12-31 uses=20 memory leak',
    internal="standing",
)
def standing(
    what: Annotated[Text, About("命令和范围", "command and bounds", "restart i-0a1b2c3d4e")],
    reason: Annotated[Text, About("原因", "why", "memory leak")] = "",
    *,
    until: Until = "",
    uses: Annotated[
        int, Between(1, 1000), About("最多几次", "how often at most", "20", ("次数",))
    ] = 20,
    holders: Holders = "",
) -> Change:
    values = {"what": what, "until": until, "uses": uses, "holders": holders, "reason": reason}
    return Change(values)
