"""Put a request that was not started to the vote again."""

from __future__ import annotations

from bot import Act, RequestNumber, vote


@vote(
    aliases=("重新提交", "重新投票", "重新审批"),
    summary=(
        "把没有启动的申请重新提交审批",
        "Put what was not started to the vote again",
    ),
    example="revote 42",
)
def revote(number: RequestNumber = 0) -> Act:
    return Act("revote", number)
