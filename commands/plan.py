"""The whole plan of a request, at any time: everything that a vote on it is about."""

from __future__ import annotations

from bot import Context, Reply, RequestNumber, query


@query(
    aliases=("计划", "方案"),
    reads="request",
    summary=("查看申请将要执行的全部内容", "All that a request would run, and where"),
    example="plan 42",
)
def plan(context: Context, number: RequestNumber = 0) -> Reply:
    request = context.request
    if request is None:
        return context.no_request(number)
    if not context.may_tell(request):
        return context.elsewhere(request)
    if request.removed:
        return context.gone(request)
    title = f"#{request.id} {context.what(request)}"
    return Reply(title, context.plan(request))
