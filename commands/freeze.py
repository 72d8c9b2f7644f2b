"""Let nothing start for a while, until a time: voted on as everything else."""

from __future__ import annotations

from typing import Annotated

from bot import About, Change, Pattern, Text, Word, operation

Scope = Annotated[
    Word,
    Pattern(
        r"[\w*?][\w.*?-]{0,63}(,[\w*?][\w.*?-]{0,63}){0,9}",
        "群的名称、命令名（可用 *），或 all，用逗号分隔",
        "names of groups or commands (with *), or all, with commas between them",
    ),
    About("冻结的范围", "what is frozen", "restart", ("范围",)),
]
Until = Annotated[
    Word,
    Pattern(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ])?([01]?[0-9]|2[0-3]):[0-5][0-9]",
        "时间，如 18:00 或 2026-12-01T18:00",
        "a time, such as 18:00 or 2026-12-01T18:00",
    ),
    About(
        "直到什么时候，如 until 18:00",
        "until when, as in until 18:00",
        "18:00",
        ("直到", "到"),
        spoken=True,
    ),
]
Span = Annotated[
    Word,
    Pattern(
        r"[0-9]{1,2}d([0-9]{1,2}h)?|[0-9]{1,3}h([0-9]{1,2}m)?|[0-9]{1,5}m",
        "时长，如 90m、2h 或 1d",
        "a span, such as 90m, 2h or 1d",
    ),
    About("多久，如 for 2h", "or for how long, as in for 2h", "2h", ("for", "持续"), spoken=True),
]


@operation(
    aliases=("冻结",),
    risk="medium",
    summary=("在一段时间内不允许执行操作", "Let no operation start for a while"),
    does=("冻结 {scope}", "freeze {scope}"),
    example='freeze restart until 18:00 reason="the release is under way"',
    internal="freeze",
)
def freeze(
    scope: Scope,
    reason: Annotated[Text, About("原因", "why", "the release is under way")],
    *,
    until: Until = "",
    span: Span = "",
) -> Change:
    return Change({"scope": scope, "until": until, "span": span, "reason": reason})
