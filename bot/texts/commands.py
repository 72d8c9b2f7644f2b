"""What parsing and the commands say. Each phrase in Chinese and in English."""

from __future__ import annotations

PHRASES: dict[str, tuple[str, str]] = {}
