"""``model.Message`` and ``model.Card`` → lines of plain text. Pure.

Every string of these types is untrusted: a character that a terminal would act on, or that nobody
would see, is shown by its code point (``model.verbatim``). Nothing else is live in plain text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from adapters.console.settings import NAME
from bot import model
from bot.model import verbatim

WIDEST_LABEL = 16
LINE_BREAK = " ⏎ "


def _nothing(text: str) -> tuple[int, ...]:
    return ()


def visible(text: str) -> str:
    """``text`` with line ends kept, and every other control or invisible character named."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return verbatim.written(lines, _nothing, strict=False).text


def one_line(text: str) -> str:
    """``visible`` on one line: nobody's name may pass for another line of a card."""
    return visible(LINE_BREAK.join(text.strip().splitlines()))


def width(text: str) -> int:
    """Columns of a terminal that ``text`` takes at most."""
    return sum(columns(char) for char in text)


def columns(char: str) -> int:
    """Columns that one character takes at most."""
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1


def _spans(spans: Iterable[model.Span], codes: verbatim.Codes) -> str:
    parts = []
    for span in spans:
        if span.style == "code":
            strict = codes.strict
            written = verbatim.written(span.text, _nothing, strict=strict, line=True)
            parts.append(codes.take(written))
        else:
            text = visible(LINE_BREAK.join(span.text.splitlines()))
            parts.append(f"@{text}" if span.at is not None and span.at.platform == NAME else text)
    return "".join(parts).strip()


def _facts(block: model.Block, codes: verbatim.Codes) -> list[str]:
    """Rows of label and value, the values below each other."""
    rows = [(one_line(label), _spans(spans, codes)) for label, spans in block.rows]
    column = min(max((width(label) for label, _ in rows), default=0), WIDEST_LABEL) + 2
    return [
        label + " " * max(column - width(label), 2) + value if label else value
        for label, value in rows
    ]


def _block(block: model.Block) -> list[str]:
    codes = verbatim.Codes(block.legend)
    match block.kind:
        case "rule":
            return ["─" * 24]
        case "quote":
            return [f"> {line}" for line in visible(block.text).splitlines() if line.strip()]
        case "pre":
            text = block.text if codes.strict else block.text.rstrip("\n")
            shown = codes.take(verbatim.written(text, _nothing, strict=codes.strict))
            lines = [f"    {line}" for line in shown.removesuffix("\n").split("\n")]
        case "facts" | "list":
            lines = _facts(block, codes)
        case "para":
            lines = [_spans(block.spans, codes)]
    return [*lines, *codes.notes()]


def _blocks(blocks: Iterable[model.Block]) -> list[str]:
    lines: list[str] = []
    fold = ""
    for block in blocks:
        if block.fold and block.fold != fold:
            lines.append(f"── {one_line(block.fold)} ──")
        fold = block.fold
        lines += _block(block)
    return lines


def message(said: model.Message) -> str:
    """What a message says; its file follows as lines."""
    lines = _blocks(said.blocks)
    if said.file is not None:
        lines += [f"{one_line(said.file.name)}:", *visible(said.file.text).splitlines()]
    return "\n".join(lines)


def card(drawn: model.Card) -> str:
    """What a card says, without its title and buttons."""
    lines = _blocks(drawn.blocks)
    return "\n".join([*lines, one_line(drawn.note)] if drawn.note else lines)


def title(drawn: model.Card) -> str:
    state = f"{drawn.mark} {drawn.tag}".strip()
    return one_line(f"{state} · {drawn.title}" if state else drawn.title)


def mentions(blocks: Iterable[model.Block], more: Iterable[model.Account]) -> tuple[str, ...]:
    """The account ids of everybody who is called."""
    accounts = list(more)
    for block in blocks:
        for spans in (block.spans, *(spans for _, spans in block.rows)):
            accounts += [span.at for span in spans if span.at is not None]
    own = (account.id for account in accounts if account.platform == NAME and account.id)
    return tuple(dict.fromkeys(own))
