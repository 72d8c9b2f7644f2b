"""What the operator tells us about OOS: where it is, who we are, and how it runs templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from adapters import openapi
from bot.source.tables import settings


@settings
class Settings(openapi.Settings):
    """``endpoint`` is that of OOS. ``safety_check``: "ConfirmEveryHighRiskAction" lets people
    confirm each task of high risk, "Skip" does not ask again. ``robots``: addresses by name, for
    OOS does not know what ``robot:NAME`` means; it posts to them unsigned. ``key``: the
    installation's, by which hidden values are known to be those that were voted on."""

    workers: int = 4
    safety_check: Literal["ConfirmEveryHighRiskAction", "Skip"] = field(kw_only=True)
    page_size: int = 100
    robots: Mapping[str, str] = field(default_factory=dict, repr=False)
    key: bytes = field(default=b"", repr=False)
