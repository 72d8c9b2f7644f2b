"""What ``[webhook]`` in the configuration sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["dingtalk", "lark", "plain"]

HOSTS = ("oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com")


@dataclass(frozen=True, slots=True)
class Robot:
    """A custom robot of a group, which templates name as ``robot:NAME``. ``url`` is its webhook;
    ``secret`` and ``keywords`` are its security settings on the platform. ``kind`` "" is told by
    the path of the URL; "plain" takes any JSON."""

    name: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    keywords: tuple[str, ...] = ()
    kind: Literal["", "dingtalk", "lark", "plain"] = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where messages of templates may go. ``hosts``: the hosts that a webhook typed by people may
    point to: ``host`` (https, its default port), ``host:port``, or an origin as
    ``http://127.0.0.1:8080``, without which only https is allowed. ``timeout`` is in seconds, for
    the whole call. ``ca_file``: certificates to trust instead of the usual ones. ``reference`` is
    the line by which a message names its request, ``answering`` the line that says where an
    approval is answered; both are formatted with ``request`` and ``code``.
    """

    hosts: tuple[str, ...] = HOSTS
    robots: tuple[Robot, ...] = ()
    timeout: float = 10.0
    connect_timeout: float = 5.0
    ca_file: str = ""
    reference: str = "Countersign #{request}"
    answering: str = "approve / reject in the thread that asked · 请在发起请求的会话里同意或拒绝"
