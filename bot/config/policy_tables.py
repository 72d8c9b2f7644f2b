"""What a configuration needs of policies and their stages, whose keys the policy declares."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from bot.config.ladders import LadderStep
from bot.policy import BreakGlass
from bot.source import hours


class Stage(Protocol):
    approvers: tuple[str, ...] | None
    mode: str
    count: int | None


class Policy(Stage, Protocol):
    model_fields_set: set[str]
    stages: tuple[Stage, ...]
    order: str
    rejections: int
    delegates: tuple[str, ...] | None
    self_approval: bool
    form_counts: bool
    standing: bool
    expires: timedelta
    remind: timedelta | None
    ladder: tuple[LadderStep, ...]
    quiet: tuple[hours.Hours, ...]
    quiet_timezone: str | None
    quiet_except: tuple[str, ...]
    batch: timedelta | None
    canary: int
    break_glass: BreakGlass | None
