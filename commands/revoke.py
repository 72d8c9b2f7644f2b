"""End a standing approval at once."""

from __future__ import annotations

from bot import Act, RequestNumber, vote


@vote(
    aliases=("standing revoke", "撤销常备审批"),
    summary=("撤销一个常备审批", "End a standing approval at once"),
    example="revoke 57",
)
def revoke(number: RequestNumber = 0) -> Act:
    return Act("revoke", number)
