"""The buses that rules may deliver to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from adapters import openapi

_BUS = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,126}")
_ACCOUNT = re.compile(r"[0-9]{1,32}")


class Misfit(Exception):
    """A bus that cannot be meant. The message is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Bus:
    """A custom event bus. ``name``: what rules call it; ``bus``: what EventBridge calls it, "" for
    the same. It is at ``endpoint``, a host or ``http(s)://host:port``; without one at that of the
    ``account`` (its number) in ``region``:
    https://www.alibabacloud.com/help/en/eventbridge/regions-and-endpoints"""

    name: str
    bus: str = ""
    endpoint: str = ""
    account: str = ""
    region: str = ""

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
    """Where a bus is, as ``https://host``. Raises Misfit."""
    here = f"bus {bus.name[:80]!r}"
    if not _BUS.fullmatch(bus.title):
        raise Misfit(f"{here}: a bus is called by letters, digits and hyphens, at most 127")
    if bus.title == "default":
        raise Misfit(f"{here}: only Alibaba Cloud's own services publish to the bus default")
    if not bus.endpoint:
        if not _ACCOUNT.fullmatch(bus.account) or not openapi.is_region(bus.region):
            raise Misfit(f"{here}: give its endpoint, or the number of the account and the region")
        return f"https://{bus.account}.eventbridge.{bus.region}.aliyuncs.com"
    url = bus.endpoint if "://" in bus.endpoint else f"https://{bus.endpoint}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misfit(f"{here}: the host or port of its endpoint cannot be read") from None
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not plain:
        raise Misfit(f"{here}: its endpoint must be a host, or http(s)://host:port")
    if "@" in parts.netloc:
        raise Misfit(f"{here}: its endpoint must not hold a user name or a password")
    return f"{parts.scheme}://{parts.netloc}"
