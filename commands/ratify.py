"""Agree afterwards to what was started by break-glass; quoting its card stands for the number."""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, RequestNumber, Text, vote


@vote(
    aliases=("追认",),
    summary=("追认一次应急放行", "Ratify what was started by break-glass"),
    example="ratify 42",
)
def ratify(
    number: RequestNumber = 0,
    *,
    reason: Annotated[Text, About("原因", "why", "there was no other way")] = "",
) -> Act:
    return Act("ratify", number, reason=reason)
