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
    visible = {one.id for one in context.view.listing if context.may_see(one)}
    names = {lock.name: lock.label for lock in context.view.locks if lock.request in visible}
    held = {name: _numbers(context, name, "held") for name in names}
    title = context.say("locks.title", count=sum(map(bool, held.values())))
    if not names:
        return Reply(title, (_sentence(context.say("locks.nothing")),))
    rows = tuple(
        (names[name], _row(context, held[name], _numbers(context, name, "waiting"), visible))
        for name in [*names][:MOST_LISTED]
    )
    blocks = [Block("list", rows=rows)]
    if len(names) > MOST_LISTED or context.view.total > len(context.view.locks):
        blocks.append(_sentence(context.say("locks.more", count=MOST_LISTED)))
    if number := next((number for each in held.values() for number in each), 0):
        blocks.append(_sentence(context.say("locks.how", number=number)))
    return Reply(title, tuple(blocks))


def _numbers(context: Context, name: str, state: str) -> list[int]:
    """The requests that have something, or wait for it, in the order in which they get it."""
    return [
        lock.request for lock in context.view.locks if lock.name == name and lock.state == state
    ]


def _row(
    context: Context, held: list[int], waiting: list[int], visible: set[int]
) -> tuple[Span, ...]:
    """Who has it, and who waits for it."""
    text = " · ".join(_request(context, number, visible) for number in held) or "–"
    spans = [Span(text, "bold")]
    if waiting:
        numbers = [f"#{number}" for number in waiting]
        spans.append(Span(" · " + context.say("locks.waiting", numbers=numbers)))
    return tuple(spans)


def _request(context: Context, number: int, visible: set[int]) -> str:
    """A request's number; with what it is and whose, to those who may see it."""
    if number not in visible:
        return f"#{number}"
    request = next(one for one in context.view.listing if one.id == number)
    since = request.started_at or request.approved_at or request.created_at
    age = context.say("ago", span=context.now - since)
    return f"#{number} {request.command} · {context.name(request.person)} · {age}"


def _sentence(text: str) -> Block:
    return Block("para", (Span(text),))
