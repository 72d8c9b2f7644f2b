"""The requests that are open, those that wait for the person who asks first."""

from __future__ import annotations

from bot import Block, Context, Reply, Request, Span, query

MOST_LISTED = 10


@query(
    aliases=("待办", "待审批"),
    reads="open",
    summary=("查看未完成的申请", "Which requests are open"),
    example="pending",
)
def pending(context: Context) -> Reply:
    visible = [request for request in context.view.listing if context.may_see(request)]
    mine = [r for r in visible if context.person.id in context.waiting_for(r)]
    others = [request for request in visible if request not in mine]
    title = context.say("pending.title", count=len(visible))
    if not visible:
        return Reply(title, (Block("para", (Span(context.say("pending.nothing")),)),))
    blocks: list[Block] = []
    for key, group in (("pending.mine", mine), ("pending.others", others)):
        if group:
            blocks.append(Block("para", (Span(context.say(key, count=len(group)), "bold"),)))
            rows = tuple(_row(context, request) for request in group[:MOST_LISTED])
            blocks.append(Block("list", rows=rows))
            if len(group) > MOST_LISTED:
                more = context.say("pending.more", count=len(group) - MOST_LISTED)
                blocks.append(Block("para", (Span(more),)))
    if context.view.total > len(context.view.listing):
        text = context.say(
            "pending.oldest", count=len(context.view.listing), total=context.view.total
        )
        blocks.append(Block("para", (Span(text),)))
    if mine:
        how = context.say("pending.how", number=mine[0].id)
        blocks.append(Block("para", (Span(how),)))
    return Reply(title, tuple(blocks))


def _row(context: Context, request: Request) -> tuple[str, tuple[Span, ...]]:
    age = context.say("ago", span=context.now - request.created_at)
    spans = [
        Span(context.what(request), "bold"),
        Span(f" · {context.name(request.person)} · {age}"),
    ]
    waiting = context.waiting_for(request)
    if not waiting:
        spans.append(Span(" · " + context.state(request)))
        if why := context.opening(request):
            spans.append(Span(" · " + why))
    else:
        if (remaining := context.remaining(request)) is not None:
            spans.append(Span(" · " + context.say("pending.expires", span=remaining)))
        if context.person.id not in waiting:
            names = [context.name(person) for person in waiting]
            spans.append(Span(" · " + context.say("pending.waits", names=names)))
    if request.escalated:
        spans.append(Span(f" · {request.escalated}"))
    return f"#{request.id}", tuple(spans)
