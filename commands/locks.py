"""Which instances and resources operations have now, and which requests wait for them."""

from __future__ import annotations

from bot import Block, Context, Reply, Span, query

MOST_LISTED = 20


@query(
    aliases=("占用", "锁"),
    reads="locks",
    summary=(
        "查看哪些实例和资源正被操作占用，谁在排队",
        "Which instances and resources operations have, and who waits for them",
    ),
    example="locks",
)
def locks(context: Context) -> Reply:
    uses = context.in_use()
    title = context.say("locks.title", count=sum(bool(use.held) for use in uses))
    if not uses:
        return Reply(title, (_sentence(context.say("locks.nothing")),))
    rows = tuple((use.label, _row(context, use.held, use.waiting)) for use in uses[:MOST_LISTED])
    blocks = [Block("list", rows=rows)]
    if len(uses) > MOST_LISTED or context.view.total > len(context.view.locks):
        blocks.append(_sentence(context.say("locks.more", count=MOST_LISTED)))
    if number := next((number for use in uses for number in use.held), 0):
        blocks.append(_sentence(context.say("locks.how", number=number)))
    return Reply(title, tuple(blocks))


def _row(context: Context, held: tuple[int, ...], waiting: tuple[int, ...]) -> tuple[Span, ...]:
    """Who has it, and who waits for it."""
    text = " · ".join(_request(context, number) for number in held) or "–"
    spans = [Span(text, "bold")]
    if waiting:
        numbers = [f"#{number}" for number in waiting]
        spans.append(Span(" · " + context.say("locks.waiting", numbers=numbers)))
    return tuple(spans)


def _request(context: Context, number: int) -> str:
    """A request's number; with what it is and whose, to those who may see it."""
    request = next((one for one in context.view.listing if one.id == number), None)
    if request is None or not context.may_see(request):
        return f"#{number}"
    since = request.started_at or request.approved_at or request.created_at
    age = context.say("ago", span=context.now - since)
    return f"#{number} {request.command} · {context.name(request.person)} · {age}"


def _sentence(text: str) -> Block:
    return Block("para", (Span(text),))
