"""The table of an operation: what is run, on what, and who must agree."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from bot.source import values
from bot.source.tables import Table
from bot.source.values import Text, Texts


class Command(Table):
    """How an operation runs. An operation without such a table cannot be asked for; commands that
    only tell something need none."""

    policy: Text = Field(description="The policy that must be satisfied.")
    risk: Literal["low", "medium", "high", "critical"] | None = Field(
        default=None, description="Shown on the card. Default: what the command's file says."
    )
    targets: Texts = Field(
        default=(), description="Instances used when none are named: ids, names or `tag:key=value`."
    )
    allowed_targets: values.Globs = Field(
        default=("*",),
        description="Patterns (`web-*`), one of which each instance's name or id must match; of a "
        "template, at each of its calls.",
    )
    most_targets: int = Field(
        default=100,
        ge=1,
        le=10000,
        description="Most instances of one request; of a template, over its whole run.",
    )
    region: values.Region = Field(
        default="", description="Region of its instances. Default: that of `[%(cloud)s]`."
    )
    user: Annotated[str, StringConstraints(max_length=255)] = Field(
        default="",
        description="User on the instance that runs it. Default: Cloud Assistant's own (root).",
    )
    workdir: values.Absolute = Field(
        default="",
        description="Folder on the instance where it runs. Default: Cloud Assistant's own.",
    )
    timeout: Annotated[int, Field(ge=10, le=86400)] | None = Field(
        default=None,
        description="Seconds after which Cloud Assistant stops it. Default: 60, or what the stored "
        "command says.",
    )
    command_id: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="",
        description="Run this command, stored in Cloud Assistant, in place of the file's script: "
        "its text is read (`ecs:DescribeCommands`), shown and run as it was shown.",
    )
    invoke: bool = Field(
        default=False,
        description="Run `command_id` by its id (`ecs:InvokeCommand`), where RAM does not allow "
        "`ecs:RunCommand`. What was run is compared with what was shown, and a difference told.",
    )
    allowed_values: dict[Text, Texts] = Field(
        default_factory=dict, description="The only values that a parameter may take."
    )
    engine: Literal["", "oos"] = Field(
        default="",
        description="Templates only. `oos` runs it on OOS itself; otherwise the bot does.",
    )
    oos_template: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="",
        description="Start this template of OOS, in place of the file's text (`oos`): it is read "
        "(`oos:GetTemplate`) and shown.",
    )
    oos_version: Annotated[str, StringConstraints(max_length=20)] = Field(
        default="",
        description="Version of `oos_template`, such as `v3`. Default: the newest when it is "
        "planned, which is shown and pinned.",
    )
    drift: Literal["ask", "intersect"] = Field(
        default="ask",
        description="Templates only. When the targets found at the start are no longer those that "
        "were voted on: `ask` again, or `intersect` and run on those that are still there "
        '(with `engine = "oos"`, which runs what was approved as it is, they are asked for again).',
    )
    unjudged_calls: Literal["", "allow", "refuse"] = Field(
        default="",
        description="Templates only. What becomes of a call that changes something and names no "
        'instance, or is made by OOS, so that `allowed_targets` cannot be held to it: "allow" or '
        '"refuse". Default: "allow" with `allowed_targets = ["*"]`, else "refuse".',
    )
