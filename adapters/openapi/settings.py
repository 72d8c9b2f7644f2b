"""What ``[aliyun]`` in the configuration sets, for all adapters of Alibaba Cloud."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from adapters.common import fields
from bot.source.tables import settings
from bot.source.values import HostOrNone, Origin, OriginOrNone, PemFile, Seconds, SecretText, Text


@settings
class Credentials:
    """How the bot signs in to Alibaba Cloud."""

    type: Literal["default", "key", "role"] = Field(
        default="default",
        description="`default`: the SDK's chain (environment, configuration file, the instance's "
        "RAM role). `key`: the AccessKey below. `role`: assume `role_arn`, with the AccessKey "
        "below or, without one, with the chain; the session's name carries the request's number, "
        "so that ActionTrail shows it.",
    )
    key_id: Annotated[str, StringConstraints(max_length=256)] = Field(
        default="", description="AccessKey ID (`key`, `role`)."
    )
    key_secret: SecretText = Field(
        default="", repr=False, description="AccessKey secret (`key`, `role`)."
    )
    security_token: SecretText = Field(
        default="",
        repr=False,
        description="STS token that belongs to a temporary AccessKey (`key`).",
    )
    role_arn: Annotated[str, StringConstraints(max_length=1024)] = Field(
        default="", description="The RAM role to assume (`role`): `acs:ram::<account>:role/<name>`."
    )
    external_id: Annotated[str, StringConstraints(max_length=1224)] = Field(
        default="",
        repr=False,
        description="External id that the role's trust policy asks for (`role`).",
    )
    sts_endpoint: HostOrNone = Field(
        default="", description="Host of the STS service (`role`). Default: `sts.aliyuncs.com`."
    )

    role_session_prefix: str = "countersign"
    """An assumed role's session is called so, and by the number of the request."""


@settings
class Settings:
    """Alibaba Cloud, where approved operations run (ECS Cloud Assistant)."""

    region: Text = Field(description="Region of instances unless a command names another one.")
    endpoint: OriginOrNone = Field(
        default="", description="Address of the ECS API. Default: the region's own."
    )
    endpoints: dict[Text, Origin] = Field(
        default_factory=dict,
        description="Addresses of other products that templates call, by product (`vpc`, `oos` …); "
        '`"*"` is all of them. Default: each product\'s own. `endpoint` stays that of ECS.',
    )
    max_instances_per_call: int = Field(
        default=100,
        ge=1,
        le=100,
        description="Instances per call of Cloud Assistant; a larger request takes several steps.",
    )
    page_size: int = Field(
        default=50, ge=1, le=50, description="Results read per call when polling."
    )
    call_timeout: Seconds = fields.CALL_TIMEOUT
    ca_file: PemFile = fields.CA_FILE
    credentials: Credentials = Field(
        default_factory=Credentials, description="See [aliyun.credentials](#aliyuncredentials)."
    )

    connect_timeout: float = 5
    workers: int = 8
    """How many calls may be under way at once, each in a thread with a connection."""
    of_the_loop: bool = False
    """The threads are the event loop's own, so that nobody waits for them when a call hangs."""
    safe_token_seconds: float = 600
    """How long the platform surely remembers a client token, so that sending the same call again
    cannot run it twice."""
