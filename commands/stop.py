"""Stop a request that is already running."""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, RequestNumber, Text, vote


@vote(
    aliases=("停止", "终止"),
    summary=("停止正在执行的操作", "Stop what is running"),
    example="stop 42",
)
def stop(
    number: RequestNumber = 0,
    reason: Annotated[Text, About("原因", "why", "wrong server")] = "",
) -> Act:
    return Act("stop", number, reason=reason)
