"""Documents with positions: what people write, and where in it each thing stands. ``Mark`` is such
a place, ``Fault`` something wrong there, ``Invalid`` the exception where what was written cannot
be used. The readers of TOML, YAML and JSON are modules of this room, and so are what a name may
have meant (``suggest``) and letters that look alike (``unicode``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place. ``line`` and ``column`` count from 1, and are 0 where there is none, as in values
    that came without text; ``path`` is the way to it: ``Tasks[1].Properties``."""

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.line:
            column = f":{self.column}" if self.column else ""
            return f"{self.file}:{self.line}{column}"
        return f"{self.file} {self.path}".strip()


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong. ``message`` says what was expected, and the nearest right name; with
    ``facts`` it is the key of a phrase in ``bot.texts``, which they fill in."""

    mark: Mark
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        place = str(self.mark)
        return f"{place}: {self.message}" if place else self.message


class Invalid(Exception):
    """Something that was written cannot be used. ``faults`` is what is wrong with it: at least one,
    in reading order. A sentence is a fault without a place."""

    def __init__(self, *faults: Fault | str) -> None:
        self.faults = tuple(
            fault if isinstance(fault, Fault) else Fault(Mark(), fault) for fault in faults
        )
        super().__init__("\n".join(map(str, self.faults)))

    @classmethod
    def phrase(cls, key: str, **facts: object) -> Invalid:
        """With the key of a phrase instead of a sentence."""
        return cls(Fault(Mark(), key, facts))

    @property
    def fault(self) -> Fault:
        """The first thing wrong; the only one where a reader stops at it."""
        return self.faults[0]

    @property
    def message(self) -> str:
        return self.fault.message
