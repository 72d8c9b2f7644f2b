"""The entries of the audit log: of one request, or the newest."""

from __future__ import annotations

from bot import AuditRow, Block, Context, Reply, RequestNumber, Span, query

MOST_LISTED = 12


@query(
    aliases=("审计", "日志"),
    reads="audit",
    summary=("查看审计记录", "What the audit log says"),
    example="audit 42",
)
def audit(context: Context, number: RequestNumber = 0) -> Reply:
    request = context.request
    if request is not None:
        rows = [row for row in context.view.audit if row.request == request.id]
        title = context.say("audit.request", number=request.id)
    elif number:
        text = context.say("request.none", number=number)
        return Reply(text, (Block("para", (Span(text),)),))
    else:
        rows = list(context.view.audit)
        title = context.say("audit.newest")
    if not rows:
        return Reply(title, (Block("para", (Span(context.say("audit.nothing")),)),))
    shown = tuple(_row(context, row) for row in rows[-MOST_LISTED:])
    blocks = [Block("facts", rows=shown)]
    if context.view.total > len(shown):
        cut = context.say("audit.cut", count=context.view.total - len(shown))
        blocks.insert(0, Block("para", (Span(cut),)))
    return Reply(title, tuple(blocks))


def _row(context: Context, row: AuditRow) -> tuple[str, tuple[Span, ...]]:
    """Its number; who did what on which request, when; the start of its hash. What was typed stays
    out: the newest entries may be of other chats."""
    request = f" #{row.request}" if row.request else ""
    when = context.say("ago", span=context.now - row.at)
    return (
        str(row.seq),
        (
            Span(context.name(row.actor), "bold"),
            Span(f" {context.action(row.action)}{request} · {when} · "),
            Span(row.hash[:32], "code"),
        ),
    )
