"""``model.Message`` and ``model.Card`` → DingTalk's markdown and card parameters. Pure.

Every string of these types is untrusted and goes through ``markup``; only the structure and the
accounts to mention are believed. A newline in DingTalk's markdown is two spaces and a line feed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.dingtalk import markup
from adapters.dingtalk.events import NAME
from bot import model
from bot.model import verbatim

ABOVE = (
    "…… 此处省略 {count} 字，全文见上方消息"
    " · {count} characters are left out here; the whole text is in the messages above"
)
LEFT_OUT = "…… 此处省略 {count} 字 · {count} characters are left out here"

CHUNK_CHARS = 3500
CHUNK_BYTES = 10_000
"""Bounds of one markdown message: long ones are cut by clients, 20,000 bytes by the webhook and
15,000 bytes of ``msgParam`` (JSON within JSON) by the robot."""

MOST_FILE = 60_000
"""Characters of a file that are sent as messages."""

_COLOURS = {"primary": "blue", "danger": "red", "default": "gray"}
_USER_ID = re.compile(r"[\w.$:+=\-]{1,64}", re.ASCII)
_NEWLINE = "  \n"
_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Markdown:
    """One message ready to send: ``at`` are the user ids that its text mentions."""

    title: str
    text: str
    at: tuple[str, ...] = ()


# ----------------------------------------------------------------------------- blocks


def mentionable(account: model.Account | None) -> bool:
    """Whether DingTalk could mention this account: ours, inside, with an id of safe characters."""
    return bool(account and account.platform == NAME and _USER_ID.fullmatch(account.id))


def _line(spans: Iterable[model.Span], mention: bool, codes: verbatim.Codes) -> str:
    out: list[str] = []
    for span in spans:
        if mention and span.at is not None and mentionable(span.at):
            out.append(f" @{span.at.id} ")
        elif span.style == "code":
            written = codes.take(markup.code(span.text, codes.strict))
            out.append(f"`{written}`" if written.strip() else "")
        else:
            text = markup.prose(span.text)
            bold = span.style == "bold" or span.at is not None
            bare = text.strip()
            out.append(text.replace(bare, f"**{bare}**", 1) if bold and bare else text)
    return "".join(out).strip()


def _block(block: model.Block, mention: bool) -> str:
    """One block as markdown."""
    codes = verbatim.Codes(block.legend)
    if block.kind == "rule":
        return "---"
    if block.kind == "quote":
        return _quote(block.text)
    if block.kind == "pre":
        inside = codes.take(markup.pre(block.text, codes.strict)).removesuffix("\n")
        whole = "\n".join([_FENCE, inside, _FENCE])
    elif block.kind in ("facts", "list"):
        whole = _NEWLINE.join(_rows(block, mention, codes))
    else:
        whole = markup.start(_line(block.spans, mention, codes))
    return "\n\n".join([whole, *codes.notes()])


def _rows(block: model.Block, mention: bool, codes: verbatim.Codes) -> list[str]:
    rows = [
        (markup.prose(label).strip(), _line(spans, mention, codes)) for label, spans in block.rows
    ]
    return [f"**{label}** {value}" if label else markup.start(value) for label, value in rows]


def _quote(text: str) -> str:
    quoted = [markup.start(markup.prose(line).strip()) for line in markup.lines(text)]
    return "\n".join(f"> {line}{_NEWLINE[:2]}" for line in quoted if line)


def _texts(blocks: Iterable[model.Block], mention: bool) -> list[str]:
    return [text for block in _unfolded(blocks) if (text := _block(block, mention))]


def _unfolded(blocks: Iterable[model.Block]) -> list[model.Block]:
    """The blocks with a rule and its heading in front of each section: nothing folds here."""
    unfolded: list[model.Block] = []
    fold = ""
    for block in blocks:
        if block.fold and block.fold != fold:
            heading = model.Block("para", (model.Span(block.fold, "bold"),), fold=block.fold)
            unfolded += [model.Block("rule", fold=block.fold), heading]
        fold = block.fold
        unfolded.append(block)
    return unfolded


# ----------------------------------------------------------------------------- messages


def messages(message: model.Message, mention: bool = True, limit: int = 0) -> list[Markdown]:
    """The message in one or more pieces, each within the bounds (``limit``: bytes of a piece,
    where it is narrower). With ``mention`` the people stand as ``@userId`` in the text, as
    DingTalk wants it (``custom-bot-to-send-group-chat-messages``), else by name."""
    texts = _texts((*message.blocks, *_lines_of(message.file)), mention)
    if message.quote:
        texts.insert(0, _quote(_short_quote(message.quote)))
    named = {account.id for account in _spans_at(message.blocks)}
    people = mentioned(message)
    extra = [account for account in people if account.id not in named]
    if extra:
        names = [
            f"@{a.id}" if mention else f"**{markup.prose(a.name or a.id).strip()}**" for a in extra
        ]
        texts.append(" ".join(names))
    title = cut(markup.plain(message.title), 100) or "…"
    pieces = chunks("\n\n".join(texts), CHUNK_CHARS, min(limit or CHUNK_BYTES, CHUNK_BYTES))
    at = [account.id for account in people] if mention else []
    return [Markdown(title, piece, _present(piece, at)) for piece in pieces]


def _lines_of(file: model.File | None) -> tuple[model.Block, ...]:
    """A file as lines: robots send only files of office types. What is longer than anybody reads in
    a chat says how much of it is left out."""
    if file is None:
        return ()
    text = file.text
    if len(text) > MOST_FILE:
        half, tail = MOST_FILE // 2, len(text) - MOST_FILE
        text = f"{text[:half]}\n{LEFT_OUT.format(count=tail)}\n{text[-half:]}"
    name = model.Block("para", (model.Span(file.name, "bold"),))
    return name, model.Block("pre", text=text)


def mentioned(message: model.Message) -> list[model.Account]:
    """Everybody that a message mentions, once."""
    return _unique([*_spans_at(message.blocks), *message.mentions])


def _spans_at(blocks: Iterable[model.Block]) -> list[model.Account]:
    spans = [span for block in blocks for span in block.spans]
    spans += [span for block in blocks for _, row in block.rows for span in row]
    return [span.at for span in spans if span.at is not None]


def _unique(accounts: Iterable[model.Account]) -> list[model.Account]:
    return list({account.id: account for account in accounts if mentionable(account)}.values())


def _present(piece: str, at: Sequence[str]) -> tuple[str, ...]:
    words = set(piece.split())
    return tuple(user for user in at if f"@{user}" in words)


def _short_quote(text: str) -> str:
    kept = [line for line in markup.lines(text) if line.strip()][:3]
    return "\n".join(line if len(line) <= 200 else line[:200] + "…" for line in kept)


def chunks(text: str, chars: int, size: int) -> list[str]:
    """``text`` cut at line ends into pieces of at most ``chars`` characters and ``size`` bytes. A
    code block that is cut is closed, and opened again in the next piece."""
    pieces: list[str] = []
    current: list[str] = []
    fenced = False
    room, space = chars - 2 * len(_FENCE) - 2, size - 2 * len(_FENCE) - 2
    used = weight = 0
    for line, begins in (each for whole in text.split("\n") for each in _parts(whole, room, space)):
        if not begins and not fenced:
            line = markup.start(line)
        heavy = len(line.encode()) + 1
        if current and (used + len(line) + 1 > room or weight + heavy > space):
            pieces.append("\n".join([*current, _FENCE] if fenced else current))
            current = [_FENCE] if fenced else []
            used = weight = len(_FENCE) + 1 if fenced else 0
        if line == _FENCE:
            fenced = not fenced
        current.append(line)
        used, weight = used + len(line) + 1, weight + heavy
    pieces.append("\n".join(current))
    return [piece for piece in pieces if _holds(piece)] or ["…"]


def _holds(piece: str) -> bool:
    """False for fences with nothing between them."""
    return any(line.strip() and line != _FENCE for line in piece.split("\n"))


def _parts(line: str, chars: int, size: int) -> list[tuple[str, bool]]:
    """One line in parts that each fit; True marks the first."""
    if len(line) <= chars - 8 and len(line.encode()) <= size - 8:
        return [(line, True)]
    parts: list[tuple[str, bool]] = []
    while line:
        part = cut(line[: chars - 8], size - 8, "")
        parts.append((part, not parts))
        line = line[len(part) :]
    return parts


def cut(text: str, size: int, mark: str = "…") -> str:
    """``text`` within ``size`` bytes of UTF-8, with ``mark`` at its end if something is missing."""
    if len(text) <= size // 4 or len(raw := text.encode()) <= size:
        return text
    return raw[: max(size - len(mark.encode()), 0)].decode(errors="ignore") + mark


# ----------------------------------------------------------------------------- cards


def _title(card: model.Card) -> str:
    """The state first, by its sign and its word, for the template has no colours."""
    state = f"{card.mark} {card.tag}".strip()
    return markup.plain(f"{state} · {card.title}" if state else card.title)


def full_text(card: model.Card) -> model.Message:
    """What a card says, as a message: for a card that is too small for it."""
    note = (model.Block("para", (model.Span(card.note),)),) if card.note else ()
    return model.Message(_title(card), (*card.blocks, *note))


def fits(card: model.Card, limit: int) -> bool:
    """Whether every text of the card stays within ``limit`` bytes; False: some of it must go."""
    texts = (_title(card), "\n\n".join(_texts(card.blocks, False)), markup.plain(card.note))
    return all(len(text.encode()) <= limit for text in texts)


def _body(card: model.Card, limit: int) -> str:
    """The blocks; or as many as fit together with a line that says how much is left out there, and
    where it stands. A section is there as a whole or not at all."""
    whole = "\n\n".join(_texts(card.blocks, False))
    if len(whole.encode()) <= limit:
        return whole
    room = limit - len(_mark(card, len(whole)).encode()) - 2
    kept: list[str] = []
    for block in card.blocks:
        text = _block(block, False)
        if not block.fold and len("\n\n".join([*kept, text]).encode()) <= room:
            kept.append(text)
            continue
        if not block.fold and block.rows and (rows := _some_rows(block, kept, room)):
            kept.append(rows)
        break
    while kept and kept[-1] in ("---", ""):
        kept.pop()
    remaining = len(whole) - len("\n\n".join(kept))
    return cut("\n\n".join([*kept, _mark(card, remaining)]), limit)


def _some_rows(block: model.Block, kept: list[str], room: int) -> str:
    """The first rows of a block of facts, as many as there is room for."""
    text = ""
    for count in range(1, len(block.rows)):
        longer = _block(replace(block, rows=block.rows[:count]), False)
        if len("\n\n".join([*kept, longer]).encode()) > room:
            break
        text = longer
    return text


def _mark(card: model.Card, count: int) -> str:
    """What stands where a card was cut. Only one that can be approved is sent in full before."""
    above = any(button.action == "approve" for button in card.buttons)
    mark = card.left_out or (ABOVE if above else LEFT_OUT)
    mark = mark.replace("{count}", str(count))
    return f"{mark} · {markup.prose(card.elsewhere)}" if card.elsewhere else mark


def buttons(card: model.Card, limit: int) -> str:
    """``sys_full_json_obj`` of the MarkdownButton template. The action stands in the id and in
    the parameters, because clients disagree on which of them comes back."""
    made: list[dict[str, Any]] = []
    text = _dumps({"msgButtons": made})
    for button in card.buttons:
        params = {"id": button.action, "action": button.action}
        params |= {"rid": str(card.request), "code": card.code}
        made.append(
            {
                "text": cut(markup.plain(button.label), 60),
                "color": _COLOURS[button.style],
                "id": button.action,
                "request": True,
                "params": params,
            }
        )
        longer = _dumps({"msgButtons": made})
        if len(longer.encode()) > limit:
            break
        text = longer
    return text


def params(card: model.Card, limit: int, tips: str = "") -> dict[str, str]:
    """``cardParamMap``: strings only, none above ``limit`` bytes of UTF-8. A card that doesn't fit
    says how much is left out."""
    return {
        "title": cut(_title(card), limit),
        "markdown": _body(card, limit),
        "tips": cut(markup.plain(tips or card.note), limit),
        "sys_full_json_obj": buttons(card, limit),
    }


def answer(receipt: model.Receipt, limit: int) -> dict[str, Any] | None:
    """The response to a click, which only the person who clicked sees (``event-callback-card``):
    DingTalk has no toast, so the sentence stands in the card's tips."""
    if receipt.card is not None:
        data = params(receipt.card, limit, receipt.toast)
    elif receipt.toast:
        data = {"tips": cut(markup.plain(receipt.toast), limit)}
    else:
        return None
    return {
        "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
        "cardData": {"cardParamMap": data},
        "userPrivateData": {"cardParamMap": {}},
    }


def at_users(accounts: Iterable[model.Account]) -> dict[str, str]:
    """``atUserIds`` of a card: user id → name."""
    return {a.id: markup.plain(a.name) or a.id for a in _unique(accounts)}


def card_mentions(card: model.Card) -> dict[str, str]:
    return at_users([*card.mentions, *_spans_at(card.blocks)])


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
