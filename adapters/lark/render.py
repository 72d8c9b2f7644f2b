"""What people see: messages as Lark posts, cards as card JSON 2.0.

Shapes: https://open.feishu.cn/document/server-docs/im-v1/message-content-description/create_json
and https://open.feishu.cn/document/feishu-cards/card-json-v2-structure
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from adapters.lark import text
from bot import model
from bot.model import verbatim

MOST_BYTES = 28_000
"""Of a post or card. The platform's limit is 30 KB after expansion, so some room is left."""
MOST_ELEMENTS = 180
"""Tagged elements of a card; the platform takes 200."""
MOST_POSTS = 20
"""A message that needs more posts than this is refused instead of flooding the chat."""
REASON_LENGTH = 500

_TAGS = {"grey": "neutral"}
"""Tones that are called otherwise as the colour of a tag."""
_BUTTONS = {"primary": "primary", "danger": "danger", "default": "default"}
_OPEN_ID = re.compile(r"o[un]_[A-Za-z0-9_-]{1,120}")
ABOVE = (
    "✂ 此处省略 {count} 字，全文见上方消息"
    " · {count} characters are left out here; the whole text is in the messages above"
)
LEFT_OUT = "✂ 此处省略 {count} 字 · {count} characters are left out here"

Element = dict[str, Any]


class TooLong(Exception):
    """No reasonable number of messages holds this text."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card ready to send. ``cut`` says that blocks were left out for its size."""

    content: Element
    cut: bool


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _silent(block: model.Block) -> model.Block:
    def quiet(spans: Iterable[model.Span]) -> tuple[model.Span, ...]:
        return tuple(replace(s, at=replace(s.at, id="") if s.at else None) for s in spans)

    rows = tuple((label, quiet(spans)) for label, spans in block.rows)
    return replace(block, spans=quiet(block.spans), rows=rows)


def silent(shown: model.Card) -> model.Card:
    """The same card, naming people without mentioning them."""
    blocks = tuple(_silent(block) for block in shown.blocks)
    aside = tuple(_silent(block) for block in shown.aside)
    return replace(shown, blocks=blocks, aside=aside, mentions=())


def plain(words: str) -> str:
    """``words`` for a place that shows plain text only, such as a toast."""
    return text.visible(words)


def _mentionable(account: model.Account | None) -> bool:
    """False for outsiders, other platforms' accounts and anything that is not one person's id."""
    return account is not None and bool(_OPEN_ID.fullmatch(account.id))


def _spans(blocks: Iterable[model.Block]) -> list[model.Span]:
    return [s for b in blocks for s in (*b.spans, *(s for _, row in b.rows for s in row))]


def _unnamed(
    mentions: Iterable[model.Account], blocks: Iterable[model.Block]
) -> list[model.Account]:
    """Those to notify whom no span names, each once."""
    named = {span.at.id for span in _spans(blocks) if span.at is not None}
    return list({a.id: a for a in mentions if _mentionable(a) and a.id not in named}.values())


# ----------------------------------------------------------------------------- messages


def posts(message: model.Message, quoted: bool = False, silent: bool = False) -> list[str]:
    """The message as the ``content`` of one or more posts, in order, each within the size limit.

    A title that the first line says anyway is left out.
    ``quoted`` puts ``message.quote`` first, for where it is not sent as a reply; ``silent`` names
    people without mentioning them. Neither changes the number of posts. Raises TooLong.
    """
    lines: list[list[Element]] = []
    extra = _unnamed(message.mentions, message.blocks)
    if extra:
        lines.append([{"tag": "at", "user_id": account.id} for account in extra])
    for block in message.blocks:
        lines += _post_block(block)
    title = text.clipped(text.inert(text.one_line(message.title)), 200)
    pages = _pages([part for line in lines for part in _portions(line)] or [[_words(title)]])
    if len(pages) > MOST_POSTS:
        raise TooLong(f"the message would take {len(pages)} posts; {MOST_POSTS} is the most")
    if quoted and message.quote:
        words = text.clipped(text.inert(text.one_line(message.quote)), 200)
        pages[0].insert(0, [_words(f"> {words}")])
    if silent:
        pages = [_silenced(page, _names(message)) for page in pages]
    many = len(pages) > 1
    if (
        not many
        and message.blocks
        and message.title in "".join(span.text for span in message.blocks[0].spans)
    ):
        title = ""
    return [
        _post(f"{title} ({number}/{len(pages)})" if many else title, page)
        for number, page in enumerate(pages, 1)
    ]


def _names(message: model.Message) -> dict[str, str]:
    names = {account.id: account.name for account in message.mentions}
    return names | {s.at.id: s.text for s in _spans(message.blocks) if s.at is not None}


def _silenced(page: list[list[Element]], names: dict[str, str]) -> list[list[Element]]:
    def quiet(element: Element) -> Element:
        if element["tag"] != "at":
            return element
        name = names.get(element["user_id"]) or element["user_id"]
        return _words("@" + text.clipped(text.inert(text.one_line(name)), 30) + " ")

    return [[quiet(element) for element in line] for line in page]


def _post(title: str, lines: list[list[Element]]) -> str:
    return dumped({"zh_cn": {"title": title, "content": lines}})


def _words(words: str, *style: str) -> Element:
    element: Element = {"tag": "text", "text": words}
    if style:
        element["style"] = list(style)
    return element


def _post_block(block: model.Block) -> Iterator[list[Element]]:
    match block.kind:
        case "para":
            yield list(_post_spans(block.spans, marked=True))
        case "facts" | "list":
            codes = verbatim.Codes(block.legend)
            for label, spans in block.rows:
                name = text.inert(text.one_line(label))
                after = " " if block.kind == "list" else _colon(label)
                yield [_words(f"{name}{after}", "bold"), *_post_spans(spans, codes=codes)]
            yield from ([_words(note)] for note in codes.notes())
        case "pre":
            codes = verbatim.Codes(block.legend)
            code = codes.take(text.fenced(block.text, codes.strict)).removesuffix("\n")
            yield [{"tag": "code_block", "language": "PLAIN_TEXT", "text": code or " "}]
            yield from ([_words(note)] for note in codes.notes())
        case "quote":
            for line in text.visible(block.text).split("\n"):
                yield [_words(text.inert(f"> {line}"))]
        case "rule":
            yield [{"tag": "hr"}]


def _colon(label: str) -> str:
    """What stands between a label and its value, as its script has it."""
    return "：" if label[-1:] >= "\u2e80" else ": "


def _post_spans(
    spans: Iterable[model.Span], marked: bool = False, codes: verbatim.Codes | None = None
) -> Iterator[Element]:
    """Posts know no code within a line: what is to be typed as it is can only be ``marked``, by
    being bold."""
    for span in spans:
        words = text.inert(text.one_line_kept(span.text))
        if span.at is not None and _mentionable(span.at):
            yield {"tag": "at", "user_id": span.at.id}
        elif span.at is not None:
            yield _words("@" + words)
        elif span.style == "bold":
            yield _words(words, "bold")
        elif span.style == "code" and codes is not None and codes.strict:
            yield _words(codes.take(text.posted(span.text)))
        elif span.style == "code" and marked:
            yield _words(words, "bold")
        else:
            yield _words(words)


def _size(value: object) -> int:
    return len(dumped(value).encode())


def _portions(line: list[Element]) -> Iterator[list[Element]]:
    """The line as one or more lines, each small enough for a post of its own: long code is
    divided between its lines, other long text where it happens to be."""
    room = MOST_BYTES - 2_000
    if _size(line) <= room:
        yield line
        return
    for element in line:
        words = element.get("text", "")
        for portion in _divided(words, room) if words else [words]:
            yield [{**element, "text": portion}] if words else [element]


def _divided(words: str, room: int) -> Iterator[str]:
    """``words`` in pieces of at most ``room`` bytes as JSON, ended at line ends where there are."""
    piece: list[str] = []
    size = 2
    for line in words.splitlines(keepends=True):
        for start in range(0, len(line), room // 8):
            bit = line[start : start + room // 8]
            weight = _size(bit)
            if piece and size + weight > room:
                yield "".join(piece).removesuffix("\n")
                piece, size = [], 2
            piece.append(bit)
            size += weight
    if piece:
        yield "".join(piece)


def _pages(lines: list[list[Element]]) -> list[list[list[Element]]]:
    pages: list[list[list[Element]]] = [[]]
    size = 0
    for line in lines:
        weight = _size(line) + 1
        if pages[-1] and size + weight > MOST_BYTES - 1_500:
            pages.append([])
            size = 0
        pages[-1].append(line)
        size += weight
    return pages


# ----------------------------------------------------------------------------- cards


Piece = tuple[str, list[Element]]
"""Elements, and the heading of the section that they are folded into ("": none)."""


def card(shown: model.Card) -> Drawn:
    """The card as card JSON 2.0. Where it would be too large, its largest blocks are replaced by a
    line that says so, one after the other, until it fits. What stands aside is left out first."""
    pieces = [(block.fold, _card_block(block)) for block in shown.blocks]
    aside = [(block.fold, _card_block(block)) for block in shown.aside]
    whole = _card(shown, _folded([*pieces, *aside]))
    if _size(whole) <= MOST_BYTES and _elements(whole) <= MOST_ELEMENTS:
        return Drawn(whole, False)
    panels = [_panel(fold, []) for fold in {fold for fold, _ in pieces if fold}]
    frame = _card(shown, panels)
    room, seats = MOST_BYTES - _size(frame), MOST_ELEMENTS - _elements(frame)
    blocks = [elements for _, elements in pieces]
    gone = _largest(blocks, room, seats, _size(_notice(shown, range(len(blocks)))))
    for index in gone:
        pieces[index] = ("", [])
        if index - 1 not in gone:
            row = itertools.takewhile(gone.__contains__, itertools.count(index))
            pieces[index] = ("", [_notice(shown, row)])
    return Drawn(_card(shown, _folded(pieces)), bool(gone))


def _folded(pieces: Iterable[Piece]) -> list[Element]:
    """The elements in order, neighbours of one section in a panel. A line that says that something
    was left out stands outside, where it is seen."""
    elements: list[Element] = []
    for fold, neighbours in itertools.groupby(pieces, key=lambda piece: piece[0]):
        inside = [element for _, part in neighbours for element in part]
        elements += [_panel(fold, inside)] if fold and inside else inside
    return elements


def _panel(heading: str, elements: list[Element]) -> Element:
    """A section that is folded until somebody opens it (component ``collapsible_panel``)."""
    icon = {"tag": "standard_icon", "token": "down-small-ccm_outlined", "size": "16px 16px"}
    title = {"tag": "plain_text", "content": text.clipped(text.one_line(heading), 100)}
    return {
        "tag": "collapsible_panel",
        "expanded": False,
        "header": {
            "title": title,
            "icon": icon,
            "icon_position": "right",
            "icon_expanded_angle": -180,
            "padding": "6px 8px 6px 8px",
        },
        "border": {"color": "grey", "corner_radius": "6px"},
        "padding": "4px 8px 8px 8px",
        "elements": elements,
    }


def _largest(blocks: list[list[Element]], room: int, seats: int, notice: int) -> set[int]:
    """The largest blocks, which must go so that the others fit together with the notices in their
    places (``notice`` bytes each). Those that would follow one another become one."""
    sizes = [sum(_size(element) + 1 for element in block) for block in blocks]
    counts = [_elements(block) for block in blocks]
    size, count = sum(sizes), sum(counts)
    gone: set[int] = set()
    for index in sorted(range(len(blocks)), key=sizes.__getitem__, reverse=True):
        notices = sum(1 for i in gone if i - 1 not in gone)
        if size + notices * notice <= room and count + notices <= seats:
            break
        gone.add(index)
        size -= sizes[index]
        count -= counts[index]
    return gone


def _notice(shown: model.Card, gone: Iterable[int]) -> Element:
    """What stands where blocks were left out: how much, and where it can be read. Only a card that
    can be approved is sent in full before."""
    blocks = [shown.blocks[index] for index in gone]
    spans = sum(len(span.text) for span in _spans(blocks))
    labels = sum(len(label) for block in blocks for label, _ in block.rows)
    count = spans + labels + sum(len(block.text) for block in blocks)
    above = any(button.action == "approve" for button in shown.buttons)
    words = shown.left_out or (ABOVE if above else LEFT_OUT)
    words = text.escaped(words.replace("{count}", str(count)))
    more = f" · {text.escaped(text.one_line(shown.elsewhere))}" if shown.elsewhere else ""
    return _markdown(f"**{words}**{more}")


def whole(shown: model.Card) -> model.Message:
    """Everything that the card says, as a message."""
    return model.Message(shown.title, shown.blocks)


def _elements(value: object) -> int:
    """How many tagged elements there are."""
    if isinstance(value, dict):
        return ("tag" in value) + sum(_elements(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(_elements(inner) for inner in value)
    return 0


def _card(shown: model.Card, elements: list[Element]) -> Element:
    """The whole card around the elements of its blocks."""
    title = text.clipped(text.one_line(shown.title), 200)
    elements = list(elements)
    extra = _unnamed(shown.mentions, shown.blocks)
    if extra:
        elements.append(_markdown(" ".join(f"<at id={account.id}></at>" for account in extra)))
    elements += _controls(shown)
    if shown.note:
        note = _plain(text.clipped(text.visible(shown.note), 1000))
        note["text"] |= {"text_size": "notation", "text_color": "grey"}
        elements.append(note)
    header: Element = {
        "title": {"tag": "plain_text", "content": title},
        "template": shown.tone,
    }
    if shown.tag:
        header["text_tag_list"] = [
            {
                "tag": "text_tag",
                "text": {
                    "tag": "plain_text",
                    "content": text.clipped(text.one_line(shown.tag), 40),
                },
                "color": _TAGS.get(shown.tone, shown.tone),
            }
        ]
    return {
        "schema": "2.0",
        "config": {
            "update_multi": True,
            "enable_forward": False,
            "enable_forward_interaction": False,
            "width_mode": "fill",
            "summary": {"content": title},
        },
        "header": header,
        "body": {"direction": "vertical", "elements": elements or [_plain(title)]},
    }


def _plain(words: str) -> Element:
    return {"tag": "div", "text": {"tag": "plain_text", "content": words}}


def _markdown(words: str) -> Element:
    return {"tag": "markdown", "content": words}


def _card_block(block: model.Block) -> list[Element]:
    match block.kind:
        case "para":
            if all(span.at is None and span.style == "plain" for span in block.spans):
                return [_plain("".join(text.one_line_kept(s.text) for s in block.spans))]
            return [_markdown(_card_spans(block.spans))]
        case "facts" | "list":
            codes = verbatim.Codes(block.legend)
            rows = [_label(label, block) + _card_spans(spans, codes) for label, spans in block.rows]
            notes = [_plain(note) for note in codes.notes()]
            return [_markdown("\n".join(rows)), *notes] if block.rows else []
        case "pre":
            codes = verbatim.Codes(block.legend)
            code = codes.take(text.fenced(block.text, codes.strict)).removesuffix("\n")
            notes = [_plain(note) for note in codes.notes()]
            return [_markdown(f"```\n{code}\n```"), *notes]
        case "quote":
            lines = text.visible(block.text).split("\n")
            return [_markdown("\n".join(f"> {text.escaped(line)}" for line in lines))]
        case "rule":
            return [{"tag": "hr"}]


def _label(label: str, block: model.Block) -> str:
    """A label or item in front of what is said of it."""
    after = "  " if block.kind == "list" else text.escaped(_colon(label))
    return f"**{text.escaped(text.one_line(label))}**{after}"


def _card_spans(spans: Iterable[model.Span], codes: verbatim.Codes | None = None) -> str:
    parts = []
    for span in spans:
        if span.style == "code" and codes is not None and codes.strict:
            parts.append(text.entities(codes.take(text.carded(span.text))))
            continue
        words = text.escaped(text.one_line_kept(span.text))
        if span.at is not None and _mentionable(span.at):
            parts.append(f"<at id={span.at.id}></at>")
        elif span.at is not None:
            parts.append("@" + words)
        elif span.style == "bold" and words.strip():
            parts.append(f"**{words}**")
        else:
            parts.append(words)
    return "".join(parts)


def _controls(shown: model.Card) -> list[Element]:
    """The buttons, in a form together with the reason's input where the card asks for one."""
    if not shown.buttons:
        return []
    form = bool(shown.ask_reason)
    unique = {button.action: button for button in shown.buttons}
    columns = [
        {"tag": "column", "width": "auto", "elements": [_button(shown, button, form)]}
        for button in unique.values()
    ]
    row: Element = {"tag": "column_set", "flex_mode": "flow", "columns": columns}
    if not form:
        return [row]
    label = {"tag": "plain_text", "content": text.clipped(text.one_line(shown.ask_reason), 100)}
    reason: Element = {
        "tag": "input",
        "name": "reason",
        "input_type": "multiline_text",
        "rows": 2,
        "max_length": REASON_LENGTH,
        "required": False,
        "label": label,
        "placeholder": label,
    }
    return [{"tag": "form", "name": "form_decide", "elements": [reason, row]}]


def _button(shown: model.Card, button: model.Button, form: bool) -> Element:
    label = {"tag": "plain_text", "content": text.clipped(text.one_line(button.label), 60)}
    element: Element = {
        "tag": "button",
        "name": f"btn_{button.action}",
        "type": _BUTTONS[button.style],
        "text": label,
        "behaviors": [
            {
                "type": "callback",
                "value": {"act": button.action, "rid": shown.request, "code": shown.code},
            }
        ],
    }
    if form:
        element["form_action_type"] = "submit"
    if button.confirm:
        confirm = {"tag": "plain_text", "content": text.clipped(text.visible(button.confirm), 500)}
        element["confirm"] = {"title": label, "text": confirm}
    return element
