"""Let a template's run finish what is under way, and start nothing more for now."""

from __future__ import annotations

from bot import Act, RequestNumber, vote


@vote(
    aliases=("暂停",),
    summary=("暂停正在执行的模板", "Pause a template that runs: nothing more is started"),
    example="pause 42",
)
def pause(number: RequestNumber = 0) -> Act:
    return Act("pause", number)
