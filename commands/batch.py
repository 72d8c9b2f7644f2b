"""Take a request out of a batch, to a card of its own."""

from __future__ import annotations

from typing import Annotated, Literal

from bot import About, Act, RequestNumber, vote


@vote(
    aliases=("批量",),
    summary=("把一个申请从一批中拆出来单独审批", "Take a request out of its batch"),
    example="batch split 42",
)
def batch(
    what: Annotated[Literal["split"], About("做什么", "what to do", "split")],
    number: RequestNumber = 0,
) -> Act:
    return Act(what, number)
