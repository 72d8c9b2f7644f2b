"""The dead letters, deliveries that failed for good, or one of them with its content."""

from __future__ import annotations

from typing import Annotated

from bot import About, Between, Block, Context, Letter, Reply, Span, query

MOST_LISTED = 12
MOST_WHY = 160
MOST_BODY = 1_500
Number = Annotated[
    int,
    Between(1, 999_999_999_999),
    About("投递编号", "the letter's number", "12", ("编号", "letter")),
]


@query(
    aliases=("死信",),
    reads="dead",
    by_role=True,
    summary=("查看没有送达的内容（死信）", "What could not be delivered (dead letters)"),
    example="dead 12",
)
def dead(context: Context, number: Number = 0) -> Reply:
    letters = context.view.letters
    if number:
        match = next((letter for letter in letters if letter.number == number), None)
        if match is None:
            return _sentence(context, context.say("dead.none", number=number))
        return _one(context, match)
    if not letters:
        if unsaid := context.view.unsaid:
            return _sentence(context, context.say("dead.nothing.but", count=unsaid))
        return _sentence(context, context.say("dead.nothing"))
    shown = letters[:MOST_LISTED]
    blocks = [Block("facts", rows=tuple(_row(context, letter) for letter in shown))]
    if len(letters) > MOST_LISTED:
        blocks.append(Block("para", (Span(context.say("dead.more")),)))
    how = context.say("dead.how", number=shown[0].number)
    blocks.append(Block("para", (Span(how),)))
    return Reply(context.say("dead.title"), tuple(blocks))


def _sentence(context: Context, text: str) -> Reply:
    return Reply(context.say("dead.title"), (Block("para", (Span(text),)),))


def _row(context: Context, letter: Letter) -> tuple[str, tuple[Span, ...]]:
    """Its number; which rule, to whom, since when, and why not."""
    when = context.say("ago", span=context.now - (letter.tried_at or letter.at))
    why = _cut(context.why(letter), MOST_WHY)
    if letter.state == "unknown":
        why = f"{context.say('dead.state.unknown')} · {why}"
    return str(letter.number), (
        Span(letter.deliver.rule or context.subject(letter), "bold"),
        Span(f" → {context.target(letter)} · {when} · {why}"),
    )


def _one(context: Context, letter: Letter) -> Reply:
    event = letter.deliver.event
    rows = [
        ("dead.state", context.say(f"dead.state.{letter.state}")),
        ("dead.to", context.target(letter)),
        ("dead.because", f"{event['type']} · {event['source']} · {event['id']}"),
        ("dead.queued", context.say("ago", span=context.now - letter.at)),
    ]
    if letter.tried_at is not None:
        span = context.now - letter.tried_at
        rows.append(("dead.tried", context.say("dead.tries", count=letter.attempts, span=span)))
    if letter.reason:
        rows.append(("dead.why", _cut(context.why(letter), MOST_BODY)))
    facts = tuple((context.say(key), (Span(text),)) for key, text in rows)
    body = _cut(context.contents(letter), MOST_BODY)
    blocks = [Block("facts", rows=facts), Block("pre", text=body)]
    if letter.dead:
        again = context.say("dead.again", number=letter.number)
        blocks.append(Block("para", (Span(again),)))
    title = context.say("dead.one", number=letter.number, subject=context.subject(letter))
    return Reply(title, tuple(blocks))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
