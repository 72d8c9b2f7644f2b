"""Send a letter that could not be delivered once more."""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, Between, vote

Number = Annotated[
    int,
    Between(1, 999_999_999_999),
    About("投递编号", "the letter's number", "12", ("编号", "letter")),
]


@vote(
    aliases=("重投",),
    reads="dead",
    by_role=True,
    summary=("重新投递一封死信", "Send a dead letter once more"),
    example="redrive 12",
)
def redrive(number: Number) -> Act:
    return Act("redrive", letter=number)
