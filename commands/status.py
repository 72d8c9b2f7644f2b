"""How a request stands, or the newest ones."""

from __future__ import annotations

from bot import Block, Context, Output, Reply, Request, RequestNumber, Span, query

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
    request = context.request
    if request is not None:
        return _one(context, request)
    return context.no_request(number) if number else _recent(context)


def _recent(context: Context) -> Reply:
    visible = [request for request in context.view.listing if context.may_see(request)]
    title, usage = context.say("status.recent"), context.usage()
    if not visible:
        return Reply(title, (Block("para", (Span(context.say("status.nothing")),)), *usage))
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
        for request in visible[:MOST_LISTED]
    )
    return Reply(title, (Block("list", rows=rows), *usage))


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
    rows += context.delays(request)
    rows += context.glass_rows(request)
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
        if (remaining := context.remaining(request)) is not None:
            rows.append(
                (context.say("status.expires"), (Span(context.say("left", span=remaining)),))
            )
    if request.digest:
        rows.append((context.say("status.code"), (Span(request.code, "code"),)))
    if request.started_at:
        took = (request.ended_at or context.now) - request.started_at
        rows.append((context.say("status.took"), (Span(context.say("span", span=took)),)))
    if why := context.removed(request):
        rows.append((context.say("status.note"), (Span(why),)))
    if request.note:
        rows.append((context.say("status.note"), (Span(request.note),)))
    title = f"#{request.id} {context.what(request)}"
    facts = Block("facts", rows=tuple(rows))
    if not context.may_tell(request):
        return Reply(title, (facts, *context.elsewhere(request).blocks))
    return Reply(title, (facts, *_machines(context, request), *_outputs(context, request)))


def _machines(context: Context, request: Request) -> tuple[Block, ...]:
    """Every instance, and how it ended there."""
    if context.view.results:
        return context.results(request)
    return context.targets(request)


def _outputs(context: Context, request: Request) -> tuple[Block, ...]:
    """The ends of what was printed, with the command that shows all of it."""
    outputs = context.outputs(request)
    blocks: list[Block] = []
    for one in outputs[:MOST_OUTPUTS]:
        if shown := _tail(context, request, one):
            words = f" · {one.words}" if one.words else ""
            blocks.append(Block("para", (Span(one.name, "bold"), Span(words))))
            blocks.append(Block("pre", text=shown))
    if (more := len(outputs) - MOST_OUTPUTS) > 0:
        text = context.say("say.more_outputs", count=more, id=request.id)
        blocks.append(Block("para", (Span(text),)))
    return tuple(blocks)


def _tail(context: Context, request: Request, one: Output) -> str:
    """The end of the output, where errors stand, below a line that says how much was left out."""
    text = one.text.strip("\n")
    kept = "\n".join(text.split("\n")[-OUTPUT_LINES:])[-OUTPUT_CHARS:]
    rest = text[: len(text) - len(kept)]
    parts = [kept]
    if rest.strip("\n"):
        facts = {"lines": rest.count("\n") + (not rest.endswith("\n")), "count": len(rest.encode())}
        command = f"output {request.id} {one.name}"
        parts.insert(0, context.say("say.cut", command=command, **facts))
    if one.dropped:
        parts.append(context.say("say.dropped", count=one.dropped))
    return "\n".join(part for part in parts if part)
