"""A month in numbers: how much was asked for, how long approvals took, who was not there."""

from __future__ import annotations

from typing import Annotated

from bot import About, Block, Context, Pattern, Reply, Span, Word, query

MOST_LISTED = 8
Month = Annotated[
    Word,
    Pattern(r"\S{1,16}", "月份：2026-11", "a month: 2026-11"),
    About("月份", "the month", "2026-11", ("月份",)),
]


@query(
    aliases=("报告", "月报"),
    reads="report",
    by_role=True,
    summary=("查看一个月的审批报告", "A month of approvals in numbers"),
    example="report 2026-11",
)
def report(context: Context, month: Month = "") -> Reply:
    sheet = context.report()
    blocks = [Block("facts", rows=tuple((label, (Span(text),)) for label, text in sheet.facts))]
    for key, rows in (("commands", sheet.commands), ("groups", sheet.groups)):
        if not rows:
            continue
        blocks.append(Block("para", (Span(context.say(f"report.{key}"), "bold"),)))
        shown = tuple((label, (Span(text),)) for label, text in rows[:MOST_LISTED])
        blocks.append(Block("list", rows=shown))
        if len(rows) > MOST_LISTED:
            more = context.say("report.more", count=len(rows) - MOST_LISTED)
            blocks.append(Block("para", (Span(more),)))
    return Reply(sheet.title, tuple(blocks))
