"""How the Lark adapter is set up."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """``domain`` is the platform's origin (Lark international: https://open.larksuite.com);
    ``forms`` the approval codes to subscribe to at start. Times are in seconds: ``idle_seconds``
    is how long a connection may be silent before a new one replaces it, ``reconnect_after`` how old
    it may grow whatever it does, for one may answer pings and bring no events; ``backoff_first``
    and ``backoff_most`` the shortest and longest wait between tries to connect. ``max_in_flight``
    bounds the events that are handed over and not yet answered. ``ca_file``: certificates to trust
    instead of the usual ones. Without ``stream`` no connection is opened: what Lark sends comes
    over HTTP, and ``Lark.decode`` reads it."""

    app_id: str
    app_secret: str = field(repr=False)
    domain: str = "https://open.feishu.cn"
    forms: tuple[str, ...] = ()
    idle_seconds: float = 240.0
    reconnect_after: float = 1200.0
    connect_timeout: float = 10.0
    call_timeout: float = 15.0
    backoff_first: float = 1.0
    backoff_most: float = 120.0
    max_in_flight: int = 1024
    reply_in_thread: bool = True
    ca_file: str = ""
    stream: bool = True
