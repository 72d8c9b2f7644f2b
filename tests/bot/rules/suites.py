"""The cases of ``tests/payloads/rules``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "rules"


class Case(NamedTuple):
    name: str
    dialect: str
    pattern: dict[str, Any]
    event: dict[str, Any]
    matches: bool


def load(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))


def dialects(name: str) -> tuple[str, ...]:
    return ("alibaba", "aws") if name == "both" else (name,)


def cases() -> Iterator[Case]:
    for name in ("alibaba", "aws", "both"):
        suite = load(name)
        for group in suite["groups"]:
            for dialect in dialects(suite["dialect"]):
                for matches in (True, False):
                    for event in group["yes" if matches else "no"]:
                        title = f"{dialect}: {group['name']}"
                        yield Case(title, dialect, group["pattern"], event, matches)


CASES = tuple(cases())
TITLES: dict[str, list[Case]] = {}
for each in CASES:
    TITLES.setdefault(each.name, []).append(each)
