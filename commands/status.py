"""How a request stands, or the newest ones."""

from __future__ import annotations

from bot import Block, Context, InstanceResult, Reply, Request, RequestNumber, Span, query

MOST_LISTED = 8
MOST_OUTPUTS = 5
OUTPUT_LINES = 10
OUTPUT_CHARS = 600


@query(
    aliases=("状态", "进度"),
    reads="recent",
    summary=("查看申请的状态和结果", "How a request stands"),
    example="status 42",
)
def status(context: Context, number: RequestNumber = 0) -> Reply:
    found = context.view.request
    if found is not None and context.may_see(found):
        return _one(context, found)
    if number:
        text = context.say("request.none", number=number)
        return Reply(text, (Block("para", (Span(text),)),))
    return _recent(context)


def _recent(context: Context) -> Reply:
    seen = [request for request in context.view.listing if context.may_see(request)]
    title = context.say("status.recent")
    if not seen:
        return Reply(title, (Block("para", (Span(context.say("status.nothing")),)),))
    rows = tuple(
        (
            f"#{request.id}",
            (
                Span(context.what(request), "bold"),
                Span(" · " + context.state(request)),
                Span(" · " + context.name(request.person)),
                Span(" · " + context.say("ago", span=context.now - request.created_at)),
            ),
        )
        for request in seen[:MOST_LISTED]
    )
    return Reply(title, (Block("facts", rows=rows),))


def _one(context: Context, request: Request) -> Reply:
    rows: list[tuple[str, tuple[Span, ...]]] = [
        (context.say("status.state"), (Span(context.state(request), "bold"),)),
        (
            context.say("status.asked_by"),
            (
                Span(context.name(request.person)),
                Span(" · " + context.say("ago", span=context.now - request.created_at)),
            ),
        ),
    ]
    if request.reason:
        rows.append((context.say("status.reason"), (Span(request.reason),)))
    rows.extend(
        (
            context.say(f"status.{vote.word or ('approved' if vote.approve else 'rejected')}"),
            (Span(context.name(vote.person) + (f": {vote.reason}" if vote.reason else "")),),
        )
        for vote in context.view.votes
    )
    waiting = [context.name(person) for person in context.waiting_for(request)]
    if waiting:
        rows.append((context.say("status.waiting"), (Span(context.say("names", names=waiting)),)))
        left = context.say("left", span=request.expires_at - context.now)
        rows.append((context.say("status.expires"), (Span(left),)))
    if request.digest:
        rows.append((context.say("status.code"), (Span(request.code, "code"),)))
    if request.started_at:
        took = (request.ended_at or context.now) - request.started_at
        rows.append((context.say("status.took"), (Span(context.say("span", span=took)),)))
    if request.note:
        rows.append((context.say("status.note"), (Span(request.note),)))
    title = f"#{request.id} {context.what(request)}"
    return Reply(title, (Block("facts", rows=tuple(rows)), *_results(context, request)))


def _results(context: Context, request: Request) -> tuple[Block, ...]:
    plan = request.plan
    names = {instance.id: instance.name for instance in plan.instances} if plan else {}
    blocks: list[Block] = []
    for result in context.view.results[:MOST_OUTPUTS]:
        line = f" · {context.outcome(result.status)}"
        if result.exit_code is not None:
            line += " · " + context.say("status.exit", code=result.exit_code)
        name = names.get(result.instance) or result.instance
        blocks.append(Block("para", (Span(name, "bold"), Span(line))))
        if shown := _tail(context, result):
            blocks.append(Block("pre", text=shown))
    more = len(context.view.results) - MOST_OUTPUTS
    if more > 0:
        blocks.append(Block("para", (Span(context.say("status.more", count=more)),)))
    return tuple(blocks)


def _tail(context: Context, result: InstanceResult) -> str:
    """The end of the output, where errors stand, and a line that says what was left out."""
    text = (result.output or result.error).strip()
    lines = text.splitlines()
    kept = "\n".join(lines[-OUTPUT_LINES:])[-OUTPUT_CHARS:]
    if len(kept) < len(text) or result.dropped:
        return context.say("status.cut") + "\n" + kept
    return kept
