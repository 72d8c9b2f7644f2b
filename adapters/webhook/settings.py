"""What ``[webhook]`` in the configuration sets."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from adapters.common import fields
from bot.source.tables import settings
from bot.source.values import (
    REQUIRED,
    InFile,
    PemFile,
    Seconds,
    SecretText,
    Text,
    Texts,
    WebHosts,
)

Kind = Literal["dingtalk", "lark", "plain"]
KINDS: tuple[str, ...] = get_args(Kind)


@settings
class Robot:
    """A custom robot, by a name: a template says `robot:NAME` where it would have to give the
    address, so that nobody types a token in a chat."""

    name: Text = Field(description="The name: `robot:NAME`.")
    platform: Annotated[Literal["", "dingtalk", "lark", "plain"], InFile(Kind), REQUIRED] = Field(
        default="",  # then the path of the URL tells
        kw_only=True,
        description="Whose robot it is, so that what is sent has the right shape; `plain` sends "
        "the template's content as it is.",
    )
    url: SecretText = Field(
        repr=False, description="Its address, with the token that is a part of it."
    )
    secret: SecretText = Field(
        default="",
        repr=False,
        description="The key by which messages are signed, if it wants that.",
    )
    keywords: Texts = Field(
        default=(), description="One of these must stand in each message, if it wants that."
    )


@settings
class Settings:
    """Notifications of templates (`ACS::Notify`, `ACS::Approve`) by webhook."""

    hosts: WebHosts = Field(
        default=("oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com"),
        description="Hosts (`host` or `host:port`) that addresses typed in a chat, or standing in "
        "a template, may lead to. Only https, unless `http://` stands before the host.",
    )
    timeout: Seconds = Field(default=10.0, description="Longest wait for an answer, in seconds.")
    ca_file: PemFile = fields.CA_FILE
    robot: Annotated[tuple[Robot, ...], Field(strict=False)] = Field(
        default=(), description="See [[[webhook.robot]]](#webhookrobot)."
    )

    connect_timeout: float = 5.0
    reference: str = "Countersign #{request}"
    """The line by which a message names its request: formatted with ``request`` and ``code``."""
    answering: str = "approve / reject in the thread that asked · 请在发起请求的会话里同意或拒绝"
    """The line that says where an approval is answered, formatted alike."""
