"""What the adapter of calendars declares of itself."""

from __future__ import annotations

from bot.model import manifests, ports


def build() -> ports.Calendars:
    from adapters.calendars.reader import Calendars

    return Calendars()


MANIFEST = manifests.CalendarsManifest("calendars", build)
