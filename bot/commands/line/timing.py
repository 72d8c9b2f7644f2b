"""When an operation is to start, as it may be said in its line."""

from __future__ import annotations

from bot.commands import parameters

TIMES = (
    parameters.Parameter(
        "at", "word", False, "", ("开始的时间", "when it starts"), "03:00", ("at", "定时"),
        parameters.Pattern(
            r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ])?([01]?[0-9]|2[0-3]):[0-5][0-9]",
            "时间，如 03:00 或 2026-12-01T03:00", "a time, such as 03:00 or 2026-12-01T03:00",
        ),
    ),
    parameters.Parameter(
        "in", "word", False, "", ("多久之后开始", "how much later it starts"), "2h", ("in", "之后"),
        parameters.Pattern(
            r"[0-9]{1,2}d([0-9]{1,2}h)?|[0-9]{1,3}h([0-9]{1,2}m)?|[0-9]{1,5}m",
            "时长，如 90m、2h 或 1d", "a span, such as 90m, 2h or 1d",
        ),
    ),
)  # fmt: skip
"""What may be said of every operation beside its own parameters, which come first where they answer
to the same name."""
