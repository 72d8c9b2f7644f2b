"""Lift a freeze that people asked for before its time: voted on as everything else."""

from __future__ import annotations

from typing import Annotated

from bot import About, Change, Pattern, Text, Word, operation


@operation(
    aliases=("解冻",),
    risk="medium",
    summary=("提前解除冻结", "Lift a freeze before its time"),
    does=("解除冻结 {name}", "lift the freeze {name}"),
    example="unfreeze #42",
    internal="unfreeze",
)
def unfreeze(
    name: Annotated[
        Word,
        Pattern(
            r"#[0-9]{1,12}|[\w*?][\w.*?,-]{0,255}",
            "冻结的编号，如 #42，或它的范围",
            "the number of a freeze, such as #42, or its scope",
        ),
        About("冻结", "the freeze", "#42", ("冻结",)),
    ],
    reason: Annotated[Text, About("原因", "why", "the release is done")] = "",
) -> Change:
    return Change({"name": name, "reason": reason})
