"""The numbers and words that OOS bounds: retries, delays, loops.

https://www.alibabacloud.com/help/en/oos/user-guide/acs-waitfor and …/task-loops
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot import source
from bot.oos.expr.functions import base
from bot.oos.template import model, waits
from bot.source import suggest

DELAY_TYPES = ("Exponential", "Constant", "Linear")
MODES = ("Concurrency", "Batch")
PAUSES = ("Automatic", "FirstBatchPause", "EveryBatchPause")
MOST_ITEMS = 1000
_RANGES = {
    "Retries": (0, 300),
    "Delay": (0, 3600),
    "BackOff": (0, 3600),
    "MaxRetryInterval": (1, 3600),
}
_RATE = re.compile(r"[0-9]+(\.0+)?|[0-9]+(\.[0-9]+)?\s*%")


def task_faults(task: model.Task, mark: Callable[[str], source.Mark]) -> Iterator[source.Fault]:
    """What is out of bounds in a task; ``mark`` takes a path inside it."""
    for name, value in (
        ("Retries", task.retries),
        ("Delay", task.delay),
        ("BackOff", task.back_off),
        ("MaxRetryInterval", task.max_retry_interval),
    ):
        wrong = _out_of_range(value, *_RANGES[name], name == "Retries")
        if wrong:
            yield source.Fault(mark(name), f"{name}: {wrong}")
    if task.delay_type is not None and not _open(task.delay_type):
        wrong = word_fault(task.delay_type, DELAY_TYPES)
        if wrong:
            yield source.Fault(mark("DelayType"), f"DelayType: {wrong}")
    if model.fold(task.action) == "acs::sleep":
        yield from _durations(task, mark)
    if task.loop is not None:
        yield from _loop(task.loop, mark)


def _durations(task: model.Task, mark: Callable[[str], source.Mark]) -> Iterator[source.Fault]:
    for key, value in task.properties.items():
        if model.fold(key) != "duration" or value is None or _open(value):
            continue
        try:
            waits.duration(value)
        except source.Invalid as misfit:
            yield source.Fault(mark(f"Properties.{key}"), f"Duration: {misfit}")


def _loop(loop: model.Loop, mark: Callable[[str], source.Mark]) -> Iterator[source.Fault]:
    if isinstance(loop.items, list) and len(loop.items) > MOST_ITEMS:
        message = f"a loop has at most {MOST_ITEMS:,} items, found {len(loop.items):,}"
        yield source.Fault(mark("Loop.Items"), message)
    if not isinstance(loop.items, list) and not _open(loop.items) and loop.items not in (None, ""):
        message = "Items: expected a list, or an expression `{{ … }}` that gives one"
        yield source.Fault(mark("Loop.Items"), message)
    if isinstance(loop.rate, model.RateControl):
        for name, message in rate_faults(loop.rate):
            place = mark(f"Loop.RateControl.{name}")
            around = mark("Loop")
            if (place.line, place.column) == (around.line, around.column):
                place = mark(f"Loop.{name}")
            yield source.Fault(place, f"{name.partition('[')[0]}: {message}")


def rate_faults(rate: model.RateControl) -> Iterator[tuple[str, str]]:
    """Key ("Batch[2]": one of several) and what is wrong with its value, as far as it is no
    expression."""
    for name, value, known in (
        ("Mode", rate.mode, MODES),
        ("BatchPauseOption", rate.batch_pause, PAUSES),
    ):
        wrong = "" if _open(value) else word_fault(value, known)
        if wrong:
            yield name, wrong
    batched = isinstance(rate.mode, str) and model.fold(rate.mode) == "batch"
    if batched and rate.batch in (None, "", []):
        yield "Mode", "Batch needs Batch: how many in each batch, such as `[1, 5, 10]`"
    wrong = amount_fault(rate.max_errors, zero=True)
    if wrong:
        yield "MaxErrors", wrong
    for name, value in (
        ("Concurrency", rate.concurrency),
        ("Batch", rate.batch),
        ("ConcurrencyInBatches", rate.concurrency_in_batches),
    ):
        if value == [] and name == "Concurrency":
            yield name, "expected a number, or at least one, found an empty list"
        if isinstance(value, list):
            several = [(f"{name}[{at}]", item) for at, item in enumerate(value)]
        else:
            several = [] if value is None else [(name, value)]
        for place, item in several:
            wrong = amount_fault(item)
            if wrong:
                yield place, wrong


def word_fault(value: object, known: tuple[str, ...]) -> str:
    """What is wrong with one of a few words; empty: nothing."""
    if isinstance(value, str) and model.fold(value) in map(model.fold, known):
        return ""
    hint = suggest.meant(value, known) if isinstance(value, str) else ""
    return f"expected {suggest.listed(known)}, found `{value}`{hint}"


def amount_fault(value: object, zero: bool = False) -> str:
    """What is wrong with a count or a percentage; empty: nothing."""
    if _open(value):
        return ""
    text = str(value).strip()
    fits = not isinstance(value, bool) and _RATE.fullmatch(text)
    if not fits:
        return f"expected a number or a percentage such as `50%`, found `{value}`"
    amount = float(text.rstrip("%"))
    if not zero and amount == 0:
        return f"expected more than nothing, found `{value}`"
    if text.endswith("%") and amount > 100:
        return f"expected at most `100%`, found `{value}`"
    return ""


def _out_of_range(value: object, low: int, high: int, whole: bool) -> str:
    if value is None or value == "" or _open(value):
        return ""
    text = str(value).strip()
    number = re.fullmatch(r"-?[0-9]+(\.0+)?" if whole else r"-?[0-9]+(\.[0-9]+)?", text)
    if isinstance(value, bool) or number is None or not low <= float(text) <= high:
        return f"expected a number from {low} to {high}, found `{value}`"
    return ""


def _open(value: object) -> bool:
    """It is an expression: what it will be is not known yet."""
    return base.is_call(value) or (isinstance(value, str) and "{{" in value)
