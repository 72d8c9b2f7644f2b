"""The standing approvals that are in force, with their uses."""

from __future__ import annotations

from bot import Block, Context, Reply, Span, query

MOST = 20


@query(
    aliases=("standing list", "常备审批列表"),
    summary=("查看现在有效的常备审批", "The standing approvals that are in force"),
    example="standings",
)
def standings(context: Context) -> Reply:
    title = context.say("standings.title")
    approvals = context.standing()
    if not approvals:
        return Reply(title, (Block("para", (Span(context.say("standings.none")),)),))
    rows = tuple((f"#{one.number}", (Span(one.text),)) for one in approvals[:MOST])
    blocks = [Block("facts", rows=rows)]
    if len(approvals) > MOST:
        more = context.say("standings.more", count=len(approvals) - MOST)
        blocks.append(Block("para", (Span(more),)))
    return Reply(title, tuple(blocks))
