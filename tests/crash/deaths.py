"""The deaths that a bot can be made to die, and where it is played."""

from __future__ import annotations

import re
from dataclasses import dataclass

PLATFORMS = ("dingtalk", "lark")
_KILL = re.compile(r"(SIGKILL|SIGTERM)@(\d+(?:\.\d+)?)|([a-z_]+(?:\.\w+)+):(\d+)")


@dataclass(frozen=True, slots=True)
class Kill:
    """One death: at the ``number``-th reach of ``checkpoint``, or by a ``signal`` after so many
    ``seconds`` (of the story, or of the restart that it follows)."""

    checkpoint: str = ""
    number: int = 0
    signal: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.checkpoint:
            return f"{self.checkpoint}:{self.number}"
        return f"{self.signal}@{self.seconds:.2f}"

    @property
    def name(self) -> str:
        """What the table counts it under."""
        return self.checkpoint or f"{self.signal} at any moment"


def kill(text: str) -> Kill:
    """``outbox.before.say:2``, ``SIGKILL@1.25`` or ``SIGTERM@0.40``. Raises ValueError."""
    found = _KILL.fullmatch(text)
    if found is None:
        raise ValueError(f"no such death: {text!r}")
    signal, seconds, checkpoint, number = found.groups()
    if signal:
        return Kill(signal=signal, seconds=float(seconds))
    return Kill(checkpoint, int(number))
