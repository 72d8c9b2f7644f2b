"""Refuse a request in words; quoting its card stands for the number."""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, Code, RequestNumber, Text, vote


@vote(
    aliases=("拒绝", "驳回", "不同意"),
    summary=("拒绝一个申请", "Reject a request"),
    example='reject 42 reason="wrong server"',
)
def reject(
    number: RequestNumber = 0,
    code: Code = "",
    reason: Annotated[Text, About("原因", "why", "wrong server")] = "",
) -> Act:
    return Act("reject", number, code, reason)
