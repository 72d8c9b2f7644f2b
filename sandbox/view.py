"""How a group chat looks in a terminal: messages, cards, and what changed since the last look."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from sandbox import words

Entry = dict[str, Any]
Row = tuple[str, str, str, float]
COLOURS = {"alice": "magenta", "bob": "green", "carol": "cyan", "dave": "yellow", "mallory": "red"}
TONES = (
    (("待审批", "waiting", "暂停", "paused", "on hold", "待人工核实"), "yellow"),
    (("成功", "succeeded"), "green"),
    (("失败", "failed", "不明", "unknown", "已拒绝", "rejected"), "red"),
    (("执行", "running", "starting"), "blue"),
)
MENTION = re.compile(r"@[\w\u4e00-\u9fff-]+")
LABELS = {"approve": "green", "reject": "red", "stop": "red"}


def tone(entry: Entry) -> str:
    head = str(entry["text"])[:120]
    for heads, colour in TONES:
        if any(word in head for word in heads):
            return colour
    return "bright_black"


def body(text: str) -> Text:
    shown = Text(text.strip())
    shown.highlight_regex(MENTION, "bold cyan")
    shown.highlight_regex(r"#\d+", "bold")
    shown.highlight_regex(r"https?://\S+", "underline")
    return shown


def heading(entry: Entry, known: dict[str, Entry]) -> Text:
    when = datetime.fromtimestamp(float(entry["at"])).strftime("%H:%M:%S")
    who = str(entry["from"])
    line = Text()
    line.append(f"{when}  ", "bright_black")
    line.append(
        "🤖 Countersign" if who == "bot" else who.capitalize(), f"bold {COLOURS.get(who, 'blue')}"
    )
    if entry.get("group", "ops") != "ops":
        line.append(f" · {entry['group']}", "bright_black")
    if answered := known.get(str(entry.get("reply_to") or "")):
        line.append(f"  ↳ {first_line(answered)}", "bright_black")
    if entry.get("mentions"):
        line.append("  🔔 " + " ".join(entry["mentions"]), "cyan")
    return line


def first_line(entry: Entry) -> str:
    text = str(entry["text"]).strip().split("\n")[0]
    return text if len(text) <= 48 else text[:47] + "…"


def states(entry: Entry) -> list[Entry]:
    """What an entry was, one after the other, and is now."""
    texts, buttons = entry.get("history") or (), entry.get("history_buttons") or ()
    earlier = [
        {**entry, "text": text, "buttons": row, "history": []}
        for text, row in zip(texts, buttons, strict=True)
    ]
    return [*earlier, entry]


def row_of(buttons: list[dict[str, Any]]) -> Text:
    row = Text()
    for button in buttons:
        colour = LABELS.get(str(button["action"]), "blue")
        row.append(f" {button['label']} ", f"bold white on {colour}")
        row.append("  ")
    return row


def cut(text: str, most: int | None, locale: str) -> Text:
    """The first lines of a text, and how many there are more."""
    lines = text.strip().split("\n")
    if most is None or len(lines) <= most + 1:
        return body(text)
    shown = body("\n".join(lines[:most]))
    shown.append("\n" + words.say(locale, "card.rest", count=len(lines) - most), "bright_black")
    return shown


def panel(entry: Entry, title: str, parts: list[RenderableType]) -> RenderableType:
    if entry["buttons"]:
        parts = [*parts, Text(), row_of(entry["buttons"])]
    return Panel(
        Group(*parts),
        title=Text(title, "bold"),
        title_align="left",
        border_style=tone(entry),
        box=box.ROUNDED,
        width=92,
    )


def card(entry: Entry, most: int | None, locale: str) -> RenderableType:
    title, _, rest = str(entry["text"]).strip().partition("\n")
    return panel(entry, title, [cut(rest, most, locale)])


def change(entry: Entry, before: str, locale: str) -> RenderableType:
    """A card that is another than it was: its title, what is new in it, and its buttons."""
    title, _, rest = str(entry["text"]).strip().partition("\n")
    old = set(before.split("\n"))
    new = [line for line in rest.split("\n") if line.strip() and line not in old]
    head = Text("          ✎ ", "bright_black")
    head.append(words.say(locale, "card.changed"), "bright_black")
    shown = panel(entry, title, [body("\n".join(new))] if new else [])
    return Group(head, Padding(shown, (0, 0, 1, 10)))


def act(text: str) -> RenderableType:
    """Something that somebody does, which is seen in no group."""
    return Padding(Text(f"→ {text}", "italic"), (0, 0, 1, 4))


def heading_of(title: str) -> RenderableType:
    """The title of a story."""
    return Rule(Text(f"▶ {title}", "bold"), style="bright_black", align="left")


def entry_view(
    entry: Entry, known: dict[str, Entry], most: int | None = None, locale: str = "en"
) -> RenderableType:
    if entry["kind"] == "card":
        shown = card(entry, most, locale)
    else:
        shown = Padding(cut(str(entry["text"]), most, locale), (0, 0))
    return Group(heading(entry, known), Padding(shown, (0, 0, 1, 10)))


def transcript(console: Console, title: str, entries: list[Entry], locale: str = "en") -> None:
    """Print a whole group chat."""
    known = {str(entry["id"]): entry for entry in entries}
    console.print()
    console.print(Rule(Text(title, "bold"), style="bright_black"))
    console.print()
    for entry in entries:
        console.print(entry_view(entry, known, None, locale))


def scoreboard(console: Console, rows: list[Row], order: list[str], locale: str) -> None:
    """Print which stories went as told: (platform, story, error, seconds)."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(words.say(locale, "rows.story"))
    platforms = list(dict.fromkeys(row[0] for row in rows))
    for platform in platforms:
        table.add_column(platform, justify="right")
    for name in order:
        cells = []
        for platform in platforms:
            for _, _, error, seconds in (row for row in rows if row[:2] == (platform, name)):
                bad = Text(words.say(locale, "story.failed"), "red")
                good = Text(words.say(locale, "story.done", seconds=seconds), "green")
                cells.append(bad if error else good)
        table.add_row(Text(words.say(locale, name)), *cells)
    console.print(table)
