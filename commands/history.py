"""Requests by who asked for what, where and when: what ran, who approved it, how it ended."""

from __future__ import annotations

from typing import Annotated

from bot import About, Between, Block, Context, Pattern, Reply, Request, Span, Word, query

MOST_LISTED = 15
_ANY = Pattern(r"\S{1,64}", "一个词", "a word")
Where = Annotated[
    Word,
    _ANY,
    About("实例", "an instance, or web-*", "web-01", ("在", "实例", "机器"), spoken=True),
]
Who = Annotated[Word, _ANY, About("申请人", "who asked", "bob", ("申请人", "人员", "who"))]
What = Annotated[Word, _ANY, About("命令", "the command", "restart", ("命令",))]
State = Annotated[Word, _ANY, About("状态", "how it stands", "failed", ("状态", "结果"))]
Approver = Annotated[Word, _ANY, About("批准人", "who approved", "carol", ("批准人", "审批人"))]
Since = Annotated[Word, _ANY, About("从何时起", "not older than", "7d", ("从", "自"), spoken=True)]
Until = Annotated[
    Word, _ANY, About("到何时止", "older than", "2026-11-30", ("到", "至"), spoken=True)
]
Before = Annotated[
    int,
    Between(1, 999_999_999_999),
    About("在此编号之前", "with numbers below", "97", ("编号之前",), spoken=True),
]


@query(
    aliases=("历史", "查询"),
    reads="history",
    summary=(
        "查找申请：谁、做了什么、在哪、结果如何",
        "Find requests: who did what, where, and how it ended",
    ),
    example="history person=bob command=restart on web-01 since 7d",
)
def history(
    context: Context,
    on: Where = "",
    *,
    person: Who = "",
    command: What = "",
    state: State = "",
    approver: Approver = "",
    since: Since = "",
    until: Until = "",
    before: Before = 0,
) -> Reply:
    visible = [request for request in context.view.listing if context.may_see(request)]
    shown, title = visible[:MOST_LISTED], context.say("history.title")
    blocks: list[Block] = []
    if shown:
        blocks.append(Block("list", rows=tuple(_row(context, request) for request in shown)))
    if rest := _rest(context, len(visible), shown):
        blocks.append(Block("para", (Span(rest),)))
    return Reply(title, tuple(blocks))


def _rest(context: Context, count: int, shown: list[Request]) -> str:
    """What is not shown, and how to come to it; of requests that somebody may not see, nothing."""
    cut = context.view.total > len(context.view.listing)
    if not shown:
        return context.say("history.nothing_new" if cut else "history.nothing")
    if cut:
        return context.say("history.older", before=shown[-1].id)
    if count > len(shown):
        return context.say("history.more", count=len(shown), total=count, before=shown[-1].id)
    return ""


def _row(context: Context, request: Request) -> tuple[str, tuple[Span, ...]]:
    spans = [
        Span(context.what(request), "bold"),
        Span(" · " + context.state(request)),
        Span(" · " + context.name(request.person)),
    ]
    own = (vote for vote in context.view.listing_votes if vote.request == request.id)
    agreed = dict.fromkeys(
        context.name(vote.person) for vote in own if vote.approve and vote.word != "ratify"
    )
    if agreed:
        spans.append(Span(" · " + context.say("history.approved", names=list(agreed))))
    spans.append(Span(" · " + context.say("ago", span=context.now - request.created_at)))
    return f"#{request.id}", tuple(spans)
