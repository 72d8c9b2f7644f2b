"""What was measured: named numbers for ``var/bench.json``, and rows for the reader."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

AIMS: dict[str, tuple[str, float]] = {
    "ack.dingtalk.ratio_to_sdk_echo": ("≥", 0.5),
    "ack.dingtalk.ratio_to_sdk_reply": ("≥", 10.0),
    "ack.dingtalk.p50_ratio_to_sdk_echo": ("≤", 3.0),
    "ack.lark.ratio_to_sdk_handler": ("≥", 1.0),
    "ack.pending_100k_ratio": ("≤", 1.2),
    "ack.p99_ms_at_200": ("≤", 10.0),
    "outbound.tls_ratio_to_sdk": ("≥", 50.0),
    "poll.calls_per_1000": ("≤", 20.0),
    "ready.seconds": ("≤", 3.0),
    "ready.seconds_100k_pending": ("≤", 3.0),
    "templates.validated_times_csafeloader": ("≤", 3.0),
}


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios round by round, so that drift of the machine cancels. Raises
    RuntimeError where there is none."""
    if not all(theirs):
        raise RuntimeError(
            "nothing was acknowledged in one of the rounds, so there is no ratio: the machine has "
            "too much else to do, or the rounds are too short (without --quick they are longer)"
        )
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def shown(value: float) -> str:
    """Three significant digits."""
    if value == 0 or not math.isfinite(value):
        return str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


@dataclass
class Figures:
    """Numbers by name, in the order in which they were taken."""

    numbers: dict[str, float] = field(default_factory=dict)
    _table: Table | None = None

    def note(self, **numbers: float) -> None:
        """Keep numbers under their names, ``__`` standing for a dot."""
        for name, number in numbers.items():
            self.numbers[name.replace("__", ".")] = round(number, 6)

    def keep(self, name: str, number: float) -> float:
        self.numbers[name] = round(number, 6)
        return number

    def missed(self) -> list[str]:
        """Aims that were measured and not met, in words."""
        found = []
        for name, (sign, aim) in AIMS.items():
            number = self.numbers.get(name)
            if number is None:
                continue
            if (number < aim) if sign == "≥" else (number > aim):
                found.append(f"{name} is {shown(number)}, the aim is {sign} {aim:g}")
        return found

    def show_aims(self, console: Console, command: str) -> None:
        table = Table(title=f"Aims · {command}", title_justify="left")
        for heading in ("figure", "measured", "aim", ""):
            table.add_column(heading, justify="left" if heading == "figure" else "right")
        for name, (sign, aim) in AIMS.items():
            if name in self.numbers:
                number = self.numbers[name]
                met = number >= aim if sign == "≥" else number <= aim
                table.add_row(
                    name, shown(number), f"{sign} {aim:g}", "[green]✓" if met else "[red]✗"
                )
        if table.row_count:
            console.print(table)

    def write(self, path: Path) -> None:
        """Write every number as one flat JSON object; those of an earlier run that were not taken
        again stay."""
        kept: dict[str, float] = {}
        if path.exists():
            kept = json.loads(path.read_text("utf-8"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept | self.numbers, indent=2, sort_keys=True) + "\n", "utf-8")


def rows(
    console: Console, title: str, headings: Sequence[str], body: Iterable[Sequence[object]]
) -> None:
    """Print a table whose numbers have three digits that count."""
    table = Table(title=title, title_justify="left")
    for n, heading in enumerate(headings):
        table.add_column(heading, justify="right" if n else "left")
    for row in body:
        table.add_row(*(shown(v) if isinstance(v, float) else str(v) for v in row))
    console.print(table)
