"""What a request printed, all of it: of one instance, or of all where that is not too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from bot import About, Block, Context, File, Output, Reply, RequestNumber, Span, Word, query

MOST_INLINE = 1_600
MOST_LINES = 24
MOST_TOGETHER = 30_000
Instance = Annotated[Word, About("实例", "the instance, by name or id", "web-01", ("实例",))]


@query(
    aliases=("输出",),
    reads="request",
    summary=("查看执行输出的全文", "All that a request printed"),
    example="output 42 web-01",
)
def output(context: Context, number: RequestNumber = 0, instance: Instance = "") -> Reply:
    request = context.request
    if request is None:
        return context.no_request(number)
    if not context.may_tell(request):
        return context.elsewhere(request)
    if request.removed:
        return context.gone(request)
    title = f"#{request.id} {context.what(request)}"
    outputs = tuple(context.outputs(request))
    chosen = tuple(one for one in outputs if not instance or instance in (one.name, one.instance))
    if not chosen:
        key = "output.unknown" if instance and outputs else "output.none"
        text = context.say(key, number=request.id, name=instance)
        return Reply(title, (Block("para", (Span(text),)), *_list(context, outputs)))
    if len(chosen) > 1 and sum(len(one.text) for one in chosen) > MOST_TOGETHER:
        text = context.say("output.many", number=request.id, name=chosen[0].name)
        return Reply(title, (Block("para", (Span(text),)), *_list(context, chosen)))
    whole = "\n".join(_page(context, one) for one in chosen)
    if len(whole) <= MOST_INLINE and whole.count("\n") <= MOST_LINES:
        return Reply(title, tuple(block for one in chosen for block in _blocks(context, one)))
    name = f"output-{request.id}" + (f"-{chosen[0].name}" if len(chosen) == 1 else "") + ".txt"
    about = tuple(block for one in chosen for block in _about(context, one))
    return Reply(title, about, File(name, whole if len(chosen) > 1 else chosen[0].text))


def _about(context: Context, one: Output) -> tuple[Block, ...]:
    """Of which instance the output is, how it ended, its size, and how much was not kept."""
    size = context.say("output.size", count=len(one.text.encode()))
    words = " · ".join(part for part in (one.words, size) if part)
    blocks = [Block("para", (Span(one.name, "bold"), Span(f" · {words}")))]
    if one.dropped:
        text = context.say("say.dropped", count=one.dropped)
        blocks.append(Block("para", (Span(text),)))
    return tuple(blocks)


def _blocks(context: Context, one: Output) -> tuple[Block, ...]:
    text = one.text.rstrip("\n") or context.say("say.no_output")
    return (*_about(context, one), Block("pre", text=text))


def _page(context: Context, one: Output) -> str:
    """One output among several in a file."""
    dropped = "\n" + context.say("say.dropped", count=one.dropped) if one.dropped else ""
    return f"==> {one.name} · {one.words} <=={dropped}\n{one.text}"


def _list(context: Context, outputs: Sequence[Output]) -> tuple[Block, ...]:
    """Which outputs there are, and how much each is."""
    rows = []
    for one in outputs:
        size = context.say("output.size", count=len(one.text.encode()))
        words = " · ".join(part for part in (one.words, size) if part)
        rows.append((one.name, (Span(words),)))
    return (Block("facts", rows=tuple(rows)),) if rows else ()
