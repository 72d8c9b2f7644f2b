"""No, with a reason: for the sender one line, for the audit log a word."""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """A request that is not taken. ``word`` goes into the audit log, ``text`` to the sender: it
    never says what would have been right. ``headers`` belong to the answer."""

    def __init__(
        self, status: int, word: str, text: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.word = word
        self.text = text
        self.headers = dict(headers or {})


def unreadable(text: str) -> Refusal:
    """The body is not what it should be."""
    return Refusal(400, "unreadable", text)
