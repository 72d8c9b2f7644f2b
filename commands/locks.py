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
    held: dict[str, list[int]] = {}
    waiting: dict[str, list[int]] = {}
    labels: dict[str, str] = {}
    for lock in context.view.locks:
        labels[lock.name] = lock.label
        numbers = held if lock.state == "held" else waiting
        numbers.setdefault(lock.name, []).append(lock.request)
    title = context.say("locks.title", count=len(held))
    if not labels:
        return Reply(title, (_sentence(context.say("locks.nothing")),))
    rows = tuple(
        (label, _row(context, held.get(name, []), waiting.get(name, [])))
        for name, label in [*labels.items()][:MOST_LISTED]
    )
    blocks = [Block("list", rows=rows)]
    more = len(labels) - MOST_LISTED
    if more > 0 or context.view.total > len(context.view.locks):
        blocks.append(_sentence(context.say("locks.more", count=MOST_LISTED)))
    if held:
        number = next(iter(held.values()))[0]
        blocks.append(_sentence(context.say("locks.how", number=number)))
    return Reply(title, tuple(blocks))


def _row(context: Context, held: list[int], waiting: list[int]) -> tuple[Span, ...]:
    """Who has it, and who waits for it, in the order in which they get it."""
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
