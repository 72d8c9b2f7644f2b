"""Go on as if a call had been made whose outcome nobody knows."""

from __future__ import annotations

from bot import Act, RequestNumber, vote


@vote(
    aliases=("跳过",),
    summary=(
        "结果不明的调用：当作已完成并继续",
        "A call with an unknown outcome: go on without it",
    ),
    example="skip 42",
)
def skip(number: RequestNumber = 0) -> Act:
    return Act("skip", number)
