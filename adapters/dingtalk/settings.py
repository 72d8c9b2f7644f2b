"""What ``[dingtalk]`` in the configuration sets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from adapters.common import fields
from bot.source.tables import settings
from bot.source.values import Organisations, Origin, PemFile, Seconds, SecretText, Text, WebHosts

CARD_TEMPLATE = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"
PLAIN_TEMPLATE = "589420e2-c1e2-46ef-a5ed-b8728e654da9.schema"


@settings
class Settings:
    """The DingTalk application (an internal app with a robot in Stream mode). Leave the table out
    where DingTalk is not used."""

    client_id: Text = Field(description="The app's Client ID (formerly AppKey).")
    client_secret: SecretText = Field(
        repr=False, description="The app's Client Secret (formerly AppSecret)."
    )
    robot_code: Annotated[str, StringConstraints(max_length=256)] = Field(
        default="", description="The robot's code. Default: the `client_id`, as for internal apps."
    )
    robot_name: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="",
        description="The robot's name as groups show it. Some clients leave it in the text, as in "
        "`@Ops Bot restart …`; without this, words behind an `@` that look like the rest of a name "
        "are passed over, up to a command.",
    )
    corps: Organisations = Field(
        default=(),
        description="The corpIds of the organisations that the bot listens to; all others are "
        "refused.",
    )
    endpoint: Origin = Field(
        default="https://api.dingtalk.com", description="Address of the open platform's API."
    )
    webhook_hosts: WebHosts = Field(
        default=("oapi.dingtalk.com",),
        description="Hosts (`host` or `host:port`) that a message's session webhook may point to; "
        "answers are sent nowhere else. Only https, unless `http://` stands before the host.",
    )
    card_template: Text = Field(
        default=CARD_TEMPLATE,
        description="Card template with buttons. The default is the public one of DingTalk's SDK; "
        "for production import a template of your own in the card platform.",
    )
    plain_template: Text = Field(
        default=PLAIN_TEMPLATE,
        description="Card template without buttons, by which a late reply can mention people.",
    )
    card_value_bytes: int = Field(
        default=1024,
        ge=256,
        le=65536,
        description="Most bytes (UTF-8) of one value of a card. DingTalk documents 1 KB; longer "
        "plans go into a message before the card.",
    )
    late_reply: Literal["card", "group_message"] = Field(
        default="card",
        description="How to answer once the session webhook of the question has expired (90 "
        "minutes): `card` (a card without buttons, which can mention people) or `group_message` (a "
        "plain one, which cannot).",
    )
    counted: Annotated[
        tuple[Literal["event", "message", "click", "reply", "connection"], ...], Field(strict=False)
    ] = Field(
        default=("event", "message", "click", "reply"),
        description="What counts of a month's `[[quota]]` beside calls of the API. As pushes: each "
        "`event` (but those of contacts), each `message` to the robot, each `click` on a card (not "
        "documented), each `reply` by a session webhook. As a call: each `connection` that is "
        "opened (not documented).",
    )
    idle_seconds: Seconds = Field(
        default=180.0,
        description="Open a new connection when nothing arrived for so long, not even a ping.",
    )
    reconnect_after: Seconds = fields.RECONNECT_AFTER
    call_timeout: Seconds = fields.CALL_TIMEOUT
    ca_file: PemFile = fields.CA_FILE

    connect_timeout: float = 5.0
    backoff_first: float = 1.0
    backoff_most: float = 60.0
    """The shortest and the longest wait between tries to connect, in seconds."""
    drain_seconds: float = 10.0
    max_in_flight: int = 1024
    """Most events that are handed over and not yet answered."""
    local_ip: str = ""
    stream: bool = True
    """Without it no connection is opened: what DingTalk sends comes over HTTP, and
    ``DingTalk.decode`` reads it."""

    @property
    def robot(self) -> str:
        return self.robot_code or self.client_id
