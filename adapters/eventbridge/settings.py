"""The buses that rules may deliver to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import Field

from adapters import openapi
from bot import source
from bot.source.tables import settings
from bot.source.values import Account, BusName, OriginOrNone, Region, Text

_BUS = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,126}")
_ACCOUNT = re.compile(r"[0-9]{1,32}")


@settings
class Bus:
    """A bus of Alibaba Cloud's EventBridge, to which events are put with the credentials, the
    time-out and the certificates of `[aliyun]`. It needs an `endpoint`, or the `account` whose own
    it is."""

    name: Text = Field(description="Name by which rules refer to it.")
    bus: BusName = Field(
        default="",
        description="The bus's own name. Default: the `name`. The bus `default` takes events of "
        "Alibaba Cloud's services alone.",
    )
    account: Account = Field(
        default="", description="Id of the account, of which the endpoint's address is made."
    )
    region: Region = Field(default="", description="Its region. Default: that of `[aliyun]`.")
    endpoint: OriginOrNone = Field(
        default="",
        description="Address of EventBridge. Default: "
        "`https://ACCOUNT.eventbridge.REGION.aliyuncs.com`.",
    )  # https://www.alibabacloud.com/help/en/eventbridge/regions-and-endpoints

    @property
    def title(self) -> str:
        return self.bus or self.name


@dataclass(frozen=True, slots=True)
class Settings:
    """``credentials`` are those of all our calls to Alibaba Cloud. Time-outs in seconds,
    ``timeout`` for the whole call. ``ca_file``: certificates to trust instead of the usual ones."""

    buses: tuple[Bus, ...] = ()
    credentials: openapi.Credentials = field(default_factory=openapi.Credentials)
    timeout: float = 10.0
    connect_timeout: float = 5.0
    ca_file: str = ""


def origin(bus: Bus) -> str:
    """Where a bus is, as ``https://host``. Raises Invalid."""
    here = f"bus {bus.name[:80]!r}"
    if not _BUS.fullmatch(bus.title):
        raise source.Invalid(f"{here}: a bus is called by letters, digits and hyphens, at most 127")
    if bus.title == "default":
        raise source.Invalid(
            f"{here}: only Alibaba Cloud's own services publish to the bus default"
        )
    if not bus.endpoint:
        if not _ACCOUNT.fullmatch(bus.account) or not openapi.is_region(bus.region):
            raise source.Invalid(
                f"{here}: give its endpoint, or the number of the account and the region"
            )
        return f"https://{bus.account}.eventbridge.{bus.region}.aliyuncs.com"
    url = bus.endpoint if "://" in bus.endpoint else f"https://{bus.endpoint}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise source.Invalid(f"{here}: the host or port of its endpoint cannot be read") from None
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not plain:
        raise source.Invalid(f"{here}: its endpoint must be a host, or http(s)://host:port")
    if "@" in parts.netloc:
        raise source.Invalid(f"{here}: its endpoint must not hold a user name or a password")
    return f"{parts.scheme}://{parts.netloc}"
