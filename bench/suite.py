"""What every subject is given."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from bench import figures, processes


@dataclass(frozen=True)
class Suite:
    """``far`` is a far end over plain HTTP; a round lasts ``seconds`` and there are ``rounds``."""

    console: Console
    figures: figures.Figures
    far: processes.FarEnd
    rounds: int
    seconds: float
    quick: bool
