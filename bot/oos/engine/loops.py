"""How a loop goes: its rate control with counts and percentages resolved, and who starts next.

Rounding: percentages are of the number of items (ConcurrencyInBatches: of the batch) and round
down, so that nothing goes faster or forgives more than was asked; a concurrency or a batch is at
least 1. The last entry of Batch and of ConcurrencyInBatches holds for the batches that follow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot import source
from bot.oos.template import model

MOST_ITEMS = 1000
IN_BATCHES = 20

Pause = Literal["Automatic", "FirstBatchPause", "EveryBatchPause"]
_PAUSES: Mapping[str, Pause] = {
    "automatic": "Automatic",
    "firstbatchpause": "FirstBatchPause",
    "everybatchpause": "EveryBatchPause",
}
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pace:
    """``batches``: size and concurrency of each (one batch of all items in Concurrency mode)."""

    total: int
    batches: tuple[tuple[int, int], ...]
    max_errors: int = 0
    pause: Pause = "Automatic"


@dataclass(frozen=True, slots=True)
class Counts:
    """Where a loop stands, for its live line."""

    done: int
    failed: int
    running: int
    waiting: int
    total: int


def items(value: object) -> list[Any]:
    """The items of a loop. Invalid: not a list, or more than 1,000."""
    if isinstance(value, str):
        value = _json(value)
    if not isinstance(value, list | tuple):
        raise source.Invalid("Loop.Items is not a list")
    if len(value) > MOST_ITEMS:
        raise source.Invalid(f"Loop.Items has {len(value)} items; the most is {MOST_ITEMS}")
    return list(value)


def rate(value: object) -> model.RateControl:
    """The rate control that an evaluated expression gave: an object, its JSON, or nothing."""
    if isinstance(value, str):
        value = _json(value) if value.strip() else {}
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise source.Invalid(
            f"RateControl is {value!r}; it is an object with Mode, Concurrency, MaxErrors"
        )
    return model.RateControl.of({model.fold(str(key)): part for key, part in value.items()})


def pace(control: model.RateControl, total: int) -> Pace:
    """The rate control for so many items. Invalid: a value makes no sense."""
    mode = str(control.mode or "Concurrency").casefold()
    if mode not in ("concurrency", "batch"):
        raise source.Invalid(f"RateControl.Mode is {control.mode!r}; it is Concurrency or Batch")
    pause = _PAUSES.get(str(control.batch_pause or "Automatic").casefold())
    if pause is None:
        raise source.Invalid(
            f"RateControl.BatchPauseOption is {control.batch_pause!r}; "
            "it is Automatic, FirstBatchPause or EveryBatchPause"
        )
    errors = _amount("MaxErrors", 0 if control.max_errors is None else control.max_errors, total, 0)
    if mode == "concurrency":
        wanted = 1 if control.concurrency is None else control.concurrency
        batches = _concurrency(wanted, total, pause)
    else:
        batches = _batches(control, total)
    return Pace(total, batches, errors, pause)


def _concurrency(wanted: object, total: int, pause: Pause) -> tuple[tuple[int, int], ...]:
    """Old templates write batches as ``Concurrency: [1, 5, 10]``, and pauses beside a number, of
    which they mean that so many make a batch: a pause that was asked for is never left out."""
    if isinstance(wanted, list | tuple) or pause != "Automatic":
        return _split("Concurrency", _several("Concurrency", wanted), total, None)
    return ((total, _amount("Concurrency", wanted, total, 1)),)


def _batches(control: model.RateControl, total: int) -> tuple[tuple[int, int], ...]:
    sizes = _several("Batch", control.batch)
    if not sizes:
        raise source.Invalid(
            "RateControl.Batch is missing; Mode Batch takes a list such as [1, 5, 10]"
        )
    speeds = _several("ConcurrencyInBatches", control.concurrency_in_batches) or [IN_BATCHES]
    return _split("Batch", sizes, total, speeds)


def _split(
    name: str, sizes: Sequence[object], total: int, speeds: Sequence[object] | None
) -> tuple[tuple[int, int], ...]:
    """Batches of these sizes, each as fast as ``speeds`` say (None: all of it at once)."""
    if not sizes:
        raise source.Invalid(
            f"RateControl.{name} is empty; it is a number or a list such as [1, 5, 10]"
        )
    spans: list[tuple[int, int]] = []
    remainder = total
    while remainder > 0:
        size = min(remainder, _amount(name, sizes[min(len(spans), len(sizes) - 1)], total, 1))
        speed = size if speeds is None else speeds[min(len(spans), len(speeds) - 1)]
        spans.append((size, _amount("ConcurrencyInBatches", speed, size, 1)))
        remainder -= size
    return tuple(spans) or ((0, 1),)


def _several(name: str, value: object) -> Sequence[object]:
    if isinstance(value, str) and value.strip().startswith("["):
        value = _json(value)
    if value is None or value == "":
        return []
    return value if isinstance(value, list | tuple) else [value]


def _amount(name: str, value: object, of: int, least: int) -> int:
    text = str(value).strip()
    if not isinstance(value, bool):
        if (share := _PERCENT.fullmatch(text)) and float(share[1]) <= 100:
            return max(least, int(of * float(share[1]) / 100 + 1e-9))
        if isinstance(value, float) and value.is_integer():
            text = str(int(value))
        if _NUMBER.fullmatch(text) and int(text) >= least:
            return int(text)
    raise source.Invalid(
        f"RateControl.{name} is {value!r}; it is a number from {least}, or 0% to 100%"
    )


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise source.Invalid(f"{text[:60]!r} is not JSON: {error}") from None


@dataclass(slots=True)
class Line:
    """The queue of a loop's items. ``canary``: that many go first, then people vote (0: none).
    ``held``: why nothing starts until a person says so."""

    pace: Pace
    canary: int = 0
    begun: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    batch: int = 0
    end: int = 0
    held: Literal["", "batch", "canary"] = ""

    def __post_init__(self) -> None:
        self.end = self.pace.batches[0][0]
        if self.canary >= self.pace.total:
            self.canary = 0

    @property
    def full(self) -> bool:
        """More items failed than may: no more are started."""
        return self.failed > self.pace.max_errors

    @property
    def over(self) -> bool:
        return not self.running and (self.full or self.begun == self.pace.total)

    def take(self) -> int | None:
        """Start the next item: its index. None: nothing may start now."""
        if self.full or self.held or self.begun == self.pace.total:
            return None
        at_canary = bool(self.canary) and self.begun == self.canary
        if at_canary or self.begun == self.end:
            if self.running:
                return None
            if at_canary:
                self.held = "canary"
            elif self._pauses():
                self.held = "batch"
            else:
                self._next_batch()
            return None if self.held else self.take()
        if self.running >= self.pace.batches[self.batch][1]:
            return None
        self.begun += 1
        self.running += 1
        return self.begun - 1

    def finish(self, failed: bool) -> None:
        """Count an item that ended."""
        self.running -= 1
        if failed:
            self.failed += 1
        else:
            self.done += 1

    def release(self) -> None:
        """People said to go on. A vote at the end of a batch stands for its pause, too."""
        if self.held == "canary":
            self.canary = 0
        self.held = ""
        if self.begun == self.end:
            self._next_batch()

    def counts(self) -> Counts:
        waiting = self.pace.total - self.done - self.failed - self.running
        return Counts(self.done, self.failed, self.running, waiting, self.pace.total)

    def _pauses(self) -> bool:
        option = self.pace.pause
        return option == "EveryBatchPause" or (option == "FirstBatchPause" and self.batch == 0)

    def _next_batch(self) -> None:
        self.batch += 1
        self.end += self.pace.batches[self.batch][0]
