"""What is frozen now, until when, why, and by whom."""

from __future__ import annotations

from bot import Block, Context, Reply, Span, query


@query(
    aliases=("冻结列表",),
    summary=("查看现在有哪些冻结", "List what is frozen now"),
    example="freezes",
)
def freezes(context: Context) -> Reply:
    rows = tuple((one.name, (Span(one.text),)) for one in context.freezes())
    if not rows:
        text = context.say("freezes.none")
        return Reply(text, (Block("para", (Span(text),)),))
    return Reply(context.say("freezes.title"), (Block("list", rows=rows),))
