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

Entry = dict[str, Any]
COLOURS = {"alice": "magenta", "bob": "green", "carol": "cyan", "dave": "yellow", "mallory": "red"}
TONES = (
    (("待审批", "waiting"), "yellow"),
    (("成功", "succeeded"), "green"),
    (("失败", "failed", "不明", "unknown", "已拒绝", "rejected"), "red"),
    (("执行", "running", "starting"), "blue"),
)
MENTION = re.compile(r"@[\w\u4e00-\u9fff-]+")
LABELS = {"approve": "green", "reject": "red", "stop": "red"}


def tone(entry: Entry) -> str:
    head = str(entry["text"])[:120]
    for words, colour in TONES:
        if any(word in head for word in words):
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
    line.append("🤖 countersign" if who == "bot" else who, f"bold {COLOURS.get(who, 'blue')}")
    if answered := known.get(str(entry.get("reply_to") or "")):
        line.append(f"  ↳ {first_line(answered)}", "bright_black")
    if entry.get("mentions"):
        line.append("  🔔 " + " ".join(entry["mentions"]), "cyan")
    return line


def first_line(entry: Entry) -> str:
    text = str(entry["text"]).strip().split("\n")[0]
    return text if len(text) <= 48 else text[:47] + "…"


def card(entry: Entry) -> RenderableType:
    title, _, rest = str(entry["text"]).strip().partition("\n")
    parts: list[RenderableType] = [body(rest)]
    if entry["buttons"]:
        row = Text("\n")
        for button in entry["buttons"]:
            colour = LABELS.get(str(button["action"]), "blue")
            row.append(f" {button['label']} ", f"bold white on {colour}")
            row.append("  ")
        parts.append(row)
    changed = len(entry.get("history") or ())
    return Panel(
        Group(*parts),
        title=Text(title, "bold"),
        title_align="left",
        subtitle=f"changed {changed}×" if changed else None,
        subtitle_align="right",
        border_style=tone(entry),
        box=box.ROUNDED,
        width=92,
    )


def entry_view(entry: Entry, known: dict[str, Entry]) -> RenderableType:
    shown = card(entry) if entry["kind"] == "card" else Padding(body(str(entry["text"])), (0, 0))
    return Group(heading(entry, known), Padding(shown, (0, 0, 1, 10)))


def transcript(console: Console, title: str, entries: list[Entry]) -> None:
    """Print a whole group chat."""
    known = {str(entry["id"]): entry for entry in entries}
    console.print()
    console.print(Rule(f"[bold]{title}[/bold]", style="bright_black"))
    console.print()
    for entry in entries:
        console.print(entry_view(entry, known))


def scoreboard(console: Console, rows: list[tuple[str, str, str, float]]) -> None:
    """Print which stories went as told: (platform, story, error, seconds)."""
    table = Table(box=box.SIMPLE_HEAD, title="Stories", title_justify="left")
    table.add_column("platform")
    table.add_column("story")
    table.add_column("seconds", justify="right")
    table.add_column("")
    for platform, story, error, seconds in rows:
        mark = Text("✗ failed, see below", "red") if error else Text("✓", "green")
        table.add_row(platform, story, f"{seconds:.1f}", mark)
    console.print(table)
