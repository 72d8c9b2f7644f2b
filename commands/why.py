"""What a request still needs, and why."""

from __future__ import annotations

from bot import Block, Context, Need, Reply, RequestNumber, Span, query


@query(
    aliases=("为什么", "为何等待"),
    summary=("查看一个申请还需要什么、为什么", "What a request still needs, and why"),
    example="why 42",
)
def why(context: Context, number: RequestNumber = 0) -> Reply:
    request = context.request
    if request is None:
        return context.no_request(number)
    rows: list[tuple[str, tuple[Span, ...]]] = [
        (context.say("status.state"), (Span(context.state(request), "bold"),))
    ]
    rows += context.delays(request)
    rows += context.glass_rows(request)
    needs = context.needs(request, waits=True)
    rows += [(need.policy, (Span(_stands(context, need)),)) for need in needs]
    if needs and not request.scheduled and (remaining := context.remaining(request)) is not None:
        rows.append((context.say("status.expires"), (Span(context.say("left", span=remaining)),)))
    if request.note:
        rows.append((context.say("status.note"), (Span(request.note),)))
    title = context.say("why.title", id=request.id, what=context.what(request))
    return Reply(title, (Block("facts", rows=tuple(rows)),))


def _stands(context: Context, need: Need) -> str:
    """Where a policy came from, what it lacks, and whom it waits for."""
    parts = [need.origin]
    if need.verdict == "waiting":
        facts = {"count": need.need - need.have, "have": need.have, "need": need.need}
        parts.append(context.say("why.lacks", **facts))
        names = dict.fromkeys(name for stage in need.stages for name in stage.now)
        if names:
            parts.append(context.say("why.waits", names=list(names)))
        parts += [need.unreachable] if need.unreachable else []
    else:
        parts.append(context.say(f"why.{need.verdict}"))
    if need.against:
        parts.append(context.say("why.against", have=need.against, need=need.veto))
    return " · ".join(parts)
