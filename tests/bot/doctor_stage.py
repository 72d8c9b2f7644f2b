"""The doctor over a configuration, in this process: what it says, by group and id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import adapters
from bot.cli import doctor
from bot.doctor import groups, machine, report, running
from bot.model import ports

SECONDS = 5.0


class Clock(ports.Clock):
    """The machine's clock, set by so much."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


async def lines(
    path: Path, locale: str = "en", seconds: float = SECONDS, clock: ports.Clock | None = None
) -> list[dict[str, str]]:
    """What the doctor finds, an entry for each line."""
    _, sections = await doctor.examined(path, seconds, clock or Clock())
    return report.entries(locale, sections)


async def machine_lines(path: Path) -> list[dict[str, str]]:
    """What it finds of the machine alone."""
    settings = adapters.load(path)
    listens = (settings.http.listen,) if settings.http is not None else ()
    group = running.Group(
        "machine",
        groups.title("machine"),
        machine.of(settings, datetime.now(UTC), SECONDS, listens),
    )
    return report.entries("en", await running.sections([group], SECONDS))


def of(entries: list[dict[str, str]], *states: str) -> list[str]:
    """The lines in these states, as ``group.id``."""
    return [f"{one['group']}.{one['id']}" for one in entries if one["state"] in states]
