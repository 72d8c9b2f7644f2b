"""Object to what was started by break-glass; quoting its card stands for the number."""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, RequestNumber, Text, vote


@vote(
    name="object",
    aliases=("反对",),
    summary=("反对一次应急放行", "Object to what was started by break-glass"),
    example="object 42 it could have waited",
)
def object_(
    number: RequestNumber = 0,
    reason: Annotated[Text, About("原因", "why", "it could have waited")] = "",
) -> Act:
    return Act("object", number, reason=reason)
