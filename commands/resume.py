"""Go on with a run that is paused."""

from __future__ import annotations

from bot import Act, RequestNumber, vote


@vote(
    aliases=("继续", "恢复"),
    summary=("继续已暂停的模板", "Go on with a template that is paused"),
    example="resume 42",
)
def resume(number: RequestNumber = 0) -> Act:
    return Act("resume", number)
