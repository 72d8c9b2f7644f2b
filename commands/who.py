"""Who may decide on a request: now, later, and who has."""

from __future__ import annotations

from bot import Block, Context, Reply, Request, RequestNumber, Span, query


@query(
    aliases=("谁审批", "谁决定"),
    summary=("查看谁可以决定一个申请", "Who may decide on a request"),
    example="who 42",
)
def who(context: Context, number: RequestNumber = 0) -> Reply:
    request = context.request
    if request is None:
        return context.no_request(number)
    title = context.say("who.title", id=request.id, what=context.what(request))
    needs = context.needs(request)
    blocks: list[Block] = []
    if not needs:
        text = context.say("who.nobody", state=context.state(request))
        blocks.append(Block("para", (Span(text),)))
    if why := context.hold(request):
        blocks.append(Block("para", (Span(why, "bold"),)))
    for need in needs:
        if len(needs) > 1 or len(need.stages) > 1:
            heading = need.policy
            if need.in_order:
                heading += " · " + context.say("who.order")
            blocks.append(Block("para", (Span(heading, "bold"),)))
        rows = []
        for stage in need.stages:
            groups = (("have", stage.have), ("now", stage.now), ("later", stage.later))
            lines = [context.say(f"who.{key}", names=list(names)) for key, names in groups if names]
            text = " · ".join(lines) or context.say("who.none")
            rows.append((f"{stage.name} {len(stage.have)}/{stage.need}", (Span(text),)))
        blocks.append(Block("list", rows=tuple(rows)))
        if need.unreachable:
            blocks.append(Block("para", (Span(need.unreachable, "bold"),)))
    blocks += _voted(context, request)
    return Reply(title, tuple(blocks))


def _voted(context: Context, request: Request) -> list[Block]:
    """Who has voted on it, on whatever it asked."""
    rows = tuple(
        (
            context.say(f"status.{vote.word or ('approved' if vote.approve else 'rejected')}"),
            (Span(context.name(vote.person)),),
        )
        for vote in context.view.votes
    )
    return [Block("facts", rows=rows)] if rows else []
