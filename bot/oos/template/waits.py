"""How long things wait: retries and their delays, Sleep's durations.

Defaults and limits are those that OOS documents for ACS::WaitFor (document 120839).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from bot import source

MOST_RETRIES = 300
MOST_SECONDS = 1800
MOST_DELAY = 3600
LONGEST_SLEEP = timedelta(days=366)

DelayType = Literal["Exponential", "Constant", "Linear"]
_TYPES: Mapping[str, DelayType] = {
    "exponential": "Exponential",
    "constant": "Constant",
    "linear": "Linear",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a task is tried again, and how long it waits before each time (seconds)."""

    retries: int = 0
    type: DelayType = "Exponential"
    delay: float = 2
    back_off: float = 2
    longest: float = MOST_SECONDS

    def before(self, retry: int) -> timedelta:
        """The wait before the ``retry``-th time again, counted from 1: Exponential 2^n, Constant
        Delay, Linear Delay + BackOff·n, none longer than MaxRetryInterval."""
        if self.type == "Exponential":
            seconds = 2.0 ** min(retry, 30)
        elif self.type == "Constant":
            seconds = self.delay
        else:
            seconds = self.delay + self.back_off * retry
        return timedelta(seconds=min(seconds, self.longest))


def patience(values: Mapping[str, object], retries: int) -> Patience:
    """From evaluated ``retries``, ``delay``, ``delay_type``, ``back_off``,
    ``max_retry_interval``; None is the default (``retries`` of the action)."""
    kind = values.get("delay_type")
    if kind is not None and str(kind).casefold() not in _TYPES:
        raise source.Invalid(f"DelayType is {kind!r}; it is Exponential, Constant or Linear")
    return Patience(
        retries=int(_number(values, "retries", "Retries", retries, 0, MOST_RETRIES)),
        type="Exponential" if kind is None else _TYPES[str(kind).casefold()],
        delay=_number(values, "delay", "Delay", 2, 0, MOST_DELAY),
        back_off=_number(values, "back_off", "BackOff", 2, 0, MOST_DELAY),
        longest=_number(
            values, "max_retry_interval", "MaxRetryInterval", MOST_SECONDS, 1, MOST_DELAY
        ),
    )


def _number(
    values: Mapping[str, Any], key: str, name: str, default: float, low: float, high: float
) -> float:
    value = values.get(key)
    if value is None or value == "":
        return default
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1
    if isinstance(value, bool) or not low <= seconds <= high:
        raise source.Invalid(f"{name} is {value!r}; it is a number from {low:g} to {high:g}")
    return seconds


_ISO = re.compile(
    r"P(?:(?P<w>\d+)W)?(?:(?P<d>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<h>\d+(?:\.\d+)?)H)?(?:(?P<m>\d+(?:\.\d+)?)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE | re.ASCII,
)
_SHORT = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def duration(value: object) -> timedelta:
    """ISO 8601 (``PT1M30S``, ``P1D``), short (``3s``, ``4m``, ``1M`` is a minute too, ``2H``), or
    seconds. Invalid: it is none of these, or longer than a year."""
    text = str(value).strip()
    seconds = None
    if not isinstance(value, bool):
        if match := _SHORT.fullmatch(text):
            seconds = float(match[1]) * _UNITS[match[2].lower()]
        elif (match := _ISO.fullmatch(text)) and any(match.groups()):
            seconds = sum(
                float(count) * _UNITS[unit] for unit, count in match.groupdict().items() if count
            )
    if seconds is None or seconds > LONGEST_SLEEP.total_seconds():
        raise source.Invalid(
            f"{value!r} is no duration of at most a year; write PT30S, PT5M, 30s or 5m"
        )
    return timedelta(seconds=seconds)
