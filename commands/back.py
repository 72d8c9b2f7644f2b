"""Say that you are back before the time that you said."""

from __future__ import annotations

from bot import Act, vote


@vote(
    aliases=("回来",),
    reads="open",
    summary=("说明你回来了", "Say that you are back"),
    example="back",
)
def back() -> Act:
    return Act("back")
