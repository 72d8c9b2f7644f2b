"""Lark/Feishu: the long connection in, the open platform's HTTP interface out."""

from adapters.lark.settings import Settings

__all__ = ["Settings"]
