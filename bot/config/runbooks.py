"""The tables that only templates need: OOS itself, and the robots that they notify."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.config import values
from bot.config.secret import Secret
from bot.config.table import Table
from bot.config.values import CaFile, Seconds, Text, Texts


class Oos(Table):
    """Alibaba Cloud's Operation Orchestration Service (OOS), where commands with `engine = "oos"`
    run."""

    region: values.Region = Field(
        default="", description="Region of its executions. Default: that of `[aliyun]`."
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


class Robot(Table):
    """A custom robot, by a name: a template says `robot:NAME` where it would have to give the
    address, so that nobody types a token in a chat."""

    name: Text = Field(description="The name: `robot:NAME`.")
    platform: Literal["dingtalk", "lark", "plain"] = Field(
        description="Whose robot it is, so that what is sent has the right shape; `plain` sends "
        "the template's content as it is."
    )
    url: Secret = Field(description="Its address, with the token that is a part of it.")
    secret: Secret | None = Field(
        default=None, description="The key by which messages are signed, if it wants that."
    )
    keywords: Texts = Field(
        default=(), description="One of these must stand in each message, if it wants that."
    )


class Webhook(Table):
    """Notifications of templates (`ACS::Notify`, `ACS::Approve`) by webhook."""

    hosts: values.WebHosts = Field(
        default=("oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com"),
        description="Hosts (`host` or `host:port`) that addresses typed in a chat, or standing in "
        "a template, may lead to. Only https, unless `http://` stands before the host.",
    )
    timeout: Seconds = Field(default=10.0, description="Longest wait for an answer, in seconds.")
    ca_file: CaFile = Field(
        default=None,
        description="PEM file of the certificates to trust instead of the usual ones, where a "
        "gateway with a private authority stands in between.",
    )
    robot: Annotated[tuple[Robot, ...], Field(strict=False)] = Field(
        default=(), description="See [[[webhook.robot]]](#webhookrobot)."
    )
