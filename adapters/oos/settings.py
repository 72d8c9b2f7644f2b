"""What the operator tells us about OOS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapters import openapi


@dataclass(frozen=True, slots=True)
class Settings(openapi.Settings):
    """``safety_check``: "ConfirmEveryHighRiskAction" lets people confirm each task of high risk,
    "Skip" does not ask again."""

    workers: int = 4
    safety_check: Literal["ConfirmEveryHighRiskAction", "Skip"] = "ConfirmEveryHighRiskAction"
    page_size: int = 100
