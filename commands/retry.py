"""Make a call again whose outcome nobody knows."""

from __future__ import annotations

from bot import Act, RequestNumber, vote


@vote(
    aliases=("重试",),
    summary=("结果不明的调用：重新执行", "A call with an unknown outcome: make it again"),
    example="retry 42",
)
def retry(number: RequestNumber = 0) -> Act:
    return Act("retry", number)
