"""Take back a request of one's own before it runs."""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, RequestNumber, Text, vote


@vote(
    aliases=("取消", "撤回", "撤销"),
    summary=("撤回自己的申请", "Take back a request of your own"),
    example="cancel 42",
)
def cancel(
    number: RequestNumber = 0,
    reason: Annotated[Text, About("原因", "why", "no longer needed")] = "",
) -> Act:
    return Act("cancel", number, reason=reason)
