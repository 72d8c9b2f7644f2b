"""Tokens, tickets and secrets are masked in whatever is logged or told of a call."""

from __future__ import annotations

import logging

import aiohttp

from bot.source import masks

MASK = masks.TYPED


def masked(text: str) -> str:
    """``text`` without the values of what is secret by its name: fields, parameters, headers."""
    return masks.without_pairs(text, MASK)


def description(error: BaseException) -> str:
    """What went wrong, without an address: that may carry a ticket."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{type(error).__name__}: HTTP status {error.status}"
    return masked(f"{type(error).__name__}: {error}".rstrip(": "))


class Masking(logging.Filter):
    """Masks records, tracebacks included. ``secrets`` are masked wherever they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()

    def clean(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return masked(text)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.clean(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        return True
