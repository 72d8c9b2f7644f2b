"""Start a request without its votes, or list the last that were.

A reason must be given; quoting the card stands for the number.
"""

from __future__ import annotations

from typing import Annotated

from bot import About, Act, Block, Code, Context, Reply, Request, RequestNumber, Span, Text, vote

MOST_LISTED = 10


@vote(
    aliases=("应急放行", "紧急放行"),
    reads="glass",
    summary=(
        "应急放行：不等审批立即执行，事后追认；不写编号则列出最近几次",
        "Start a request without its votes; without a number, list the last that were",
    ),
    example="break-glass 42 the site is down for everybody",
)
def break_glass(
    context: Context,
    number: RequestNumber = 0,
    code: Code = "",
    reason: Annotated[Text, About("原因", "why", "the site is down")] = "",
) -> Act | Reply:
    if number or context.view.request is not None or reason:
        return Act("break-glass", number, code, reason)
    visible = [request for request in context.view.listing if context.may_see(request)]
    title = context.say("glass.list.title")
    if not visible:
        return Reply(title, (Block("para", (Span(context.say("glass.list.nothing")),)),))
    rows = tuple(_row(context, request) for request in visible[:MOST_LISTED])
    return Reply(title, (Block("list", rows=rows),))


def _row(context: Context, request: Request) -> tuple[str, tuple[Span, ...]]:
    spans = [
        Span(context.what(request), "bold"),
        Span(" · " + context.glass(request)),
        Span(" · " + context.state(request)),
    ]
    if request.glass is not None:
        spans.append(Span(" · " + context.say("ago", span=context.now - request.glass.at)))
    return f"#{request.id}", tuple(spans)
