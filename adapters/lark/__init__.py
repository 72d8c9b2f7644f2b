"""Lark/Feishu: the long connection in, the open platform's HTTP interface out."""

from adapters.lark.chat import Lark
from adapters.lark.settings import Settings

__all__ = ["Lark", "Settings"]
