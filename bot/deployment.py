"""What is fixed while the bot runs: people, rights, commands, rules and the key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from bot import model, policy
from bot.commands import registry
from bot.rules import ruleset


@dataclass(frozen=True, slots=True, eq=False)
class Deployment:
    """``region``: where instances are looked for when nothing else is said. ``zone``: in which
    times are shown to people. ``rules``: None where there are none. ``key`` is the installation's:
    hidden values are sealed with it. ``safety_check``: which tasks OOS lets people confirm.
    ``holds``: does a card on a platform show all that it says?"""

    book: policy.Book
    catalog: registry.Catalog
    region: str = ""
    zone: tzinfo = field(default=UTC)
    rules: ruleset.Rulebook | None = None
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    safety_check: str = ""
    holds: Callable[[str, model.Card], bool] = lambda platform, card: True

    def as_of(self, now: datetime, archive: model.Archive | None) -> Deployment:
        """The same, where "now" is a moment: see ``policy.Book.as_of``. ``archive`` holds the
        calendars, and who is away (None: there are none)."""
        book = self.book.as_of(now, archive.calendars if archive is not None else None, archive)
        return self if book is self.book else replace(self, book=book)
