"""Who is on call now and next, by each rota."""

from __future__ import annotations

from bot import Block, Context, Reply, Span, query


@query(
    aliases=("值班", "谁值班"),
    summary=("查看现在和接下来由谁值班", "Who is on call now and next"),
    example="oncall",
)
def oncall(context: Context) -> Reply:
    rows = tuple((name, (Span(text),)) for name, text in context.on_call())
    title = context.say("oncall.title")
    if not rows:
        return Reply(title, (Block("para", (Span(context.say("oncall.none")),)),))
    return Reply(title, (Block("list", rows=rows),))
