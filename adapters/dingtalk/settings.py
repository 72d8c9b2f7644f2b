"""What ``[dingtalk]`` in the configuration sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

CARD_TEMPLATE = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"
PLAIN_TEMPLATE = "589420e2-c1e2-46ef-a5ed-b8728e654da9.schema"


@dataclass(frozen=True, slots=True)
class Settings:
    """Credentials, addresses and limits of one DingTalk application. Times are in seconds.

    ``robot_code`` is the client id unless given; ``robot_name``, as ``@name`` before a text, is cut
    off. ``webhook_hosts`` are the hosts that a session
    webhook may point to: ``host`` (its default port), ``host:port``, or either of them behind
    ``http://``, without which only https is allowed. ``card_value_bytes`` is the documented limit
    of one card parameter (open.dingtalk.com, ``create-and-deliver-cards``). ``idle_seconds``
    without a frame, and the connection counts as dead; ``reconnect_after``, and another one takes
    its place whatever it does, for one may answer pings and bring no events. ``late_reply`` says
    how a reply travels once the session webhook has expired: only a card can mention. ``ca_file``:
    certificates to trust instead of the usual ones. Without ``stream`` no connection is opened:
    what DingTalk sends comes over HTTP, and ``DingTalk.decode`` reads it.
    """

    client_id: str
    client_secret: str = field(repr=False)
    robot_code: str = ""
    robot_name: str = ""
    endpoint: str = "https://api.dingtalk.com"
    webhook_hosts: tuple[str, ...] = ("oapi.dingtalk.com",)
    card_template: str = CARD_TEMPLATE
    plain_template: str = PLAIN_TEMPLATE
    card_value_bytes: int = 1024
    idle_seconds: float = 180.0
    reconnect_after: float = 1200.0
    connect_timeout: float = 5.0
    call_timeout: float = 10.0
    backoff_first: float = 1.0
    backoff_most: float = 60.0
    drain_seconds: float = 10.0
    max_in_flight: int = 1024
    late_reply: Literal["card", "group_message"] = "card"
    local_ip: str = ""
    ca_file: str = ""
    stream: bool = True

    @property
    def robot(self) -> str:
        return self.robot_code or self.client_id
