"""Lark / Feishu on loopback: the open platform's API, its long connection, and its people."""

from __future__ import annotations

from sandbox.lark.clicks import Clicks
from sandbox.lark.filing import Filing
from sandbox.lark.people import People
from sandbox.lark.watch import Watch


class Lark(Clicks, People, Filing, Watch):
    """The stand-in: an aiohttp application in ``app`` and the control methods of its bases."""


__all__ = ["Lark"]
