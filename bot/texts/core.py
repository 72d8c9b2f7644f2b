"""What the core says: cards, receipts, audit replies. Each phrase in Chinese and in English."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {}
