"""Agree to a request in words; quoting its card stands for the number.

A reason must be named: "approve not yet" is no approval.
"""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, Code, RequestNumber, Text, vote


@vote(
    aliases=("同意", "批准", "通过"),
    summary=("同意一个申请", "Approve a request"),
    example="approve 42",
)
def approve(
    number: RequestNumber = 0,
    code: Code = "",
    *,
    reason: Annotated[Text, About("原因", "why", "looks right")] = "",
) -> Act:
    return Act("approve", number, code, reason)
