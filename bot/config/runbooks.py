"""The table that only templates need: OOS itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.source import values
from bot.source.tables import Table
from bot.source.values import Text


class Oos(Table):
    """Alibaba Cloud's Operation Orchestration Service (OOS), where commands with `engine = "oos"`
    run."""

    region: values.Region = Field(
        default="", description="Region of its executions. Default: that of `[%(cloud)s]`."
    )
    safety_check: Literal["Skip", "ConfirmEveryHighRiskAction"] = Field(
        default="ConfirmEveryHighRiskAction",
        description="Whether OOS asks before each call that it holds for risky. The bot puts that "
        "to a vote, too.",
    )
    watch: bool = Field(
        default=False,
        description="Also take up executions that somebody started in the console and that wait "
        "for approval: a card in `group`, voted on by `policy`.",
    )
    policy: Text | None = Field(default=None, description="Who votes on these (`watch`).")
    group: Text | None = Field(
        default=None, description="Name of the group that gets their cards (`watch`)."
    )
    platform: values.Platform | None = Field(
        default=None, description="Where that group is, if both platforms have one of the name."
    )
