"""The rooms of the code on their layers.

``python -m bot docs rooms`` prints the table of docs/explanation/map.md. ``tests/test_house.py``
holds the imports to ``LAYERS``.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAYERS = (
    ("model", "texts", "source", "regexes", "failpoints", "release"),
    ("policy", "oos", "audit", "redact", "event_schemas"),
    ("rules", "store", "capture"),
    ("commands", "config", "runtime"),
    ("deployment",),
    ("cards",),
    ("core", "doctor", "web"),
    ("app", "reference"),
    ("cli",),
)
"""The rooms of ``bot``, lowest first. A room imports rooms of lower layers only."""
INSIDE = {
    "oos": ("template", "expr", "parameters", "engine", "check"),
    "store": ("sql", "sqlite", "postgres"),
}
"""The rooms inside a room, lowest first. Each imports those before it only."""


def sentence(room: str) -> str:
    """The first sentence of a room's docstring, on one line."""
    path = ROOT / room / "__init__.py"
    path = path if path.exists() else ROOT / f"{room}.py"
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    first = text.split("\n\n")[0].replace("\n", " ").replace("``", "`")
    return first.split(". ")[0].removesuffix(".")


def table() -> str:
    """The rooms as a table in Markdown, the highest layer first."""
    rows = [
        f"| {number} | `{room}` | {sentence(room)} |"
        for number, layer in reversed(list(enumerate(LAYERS)))
        for room in layer
    ]
    return "\n".join(["| Layer | Room | What it is |", "|---|---|---|", *rows, ""])
