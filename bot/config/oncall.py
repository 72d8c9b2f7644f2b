"""``[[oncall]]``: the shape of a rota."""

from __future__ import annotations

from datetime import date, datetime, time

from pydantic import Field

from bot.policy import oncall
from bot.source import values
from bot.source.tables import Table
from bot.source.values import SomeTexts, Text, Zone


class Override(Table):
    """Times at which one person is on call, whoever's turn it is."""

    person: Text = Field(description="Who is on call then, by id.")
    until: values.Moment = Field(
        description="The end: a local time, or a date, which belongs to it."
    )

    @property
    def begin(self) -> date:
        """What stands at `from`, which ``bot.config.file`` adds, as it is a word of Python."""
        begin: date = getattr(self, "from")
        return begin


class Rota(Table):
    """People who take turns at being on call. They approve as `"oncall:NAME"`."""

    name: Text = Field(description='Name by which approvers speak of it: `"oncall:NAME"`.')
    people: SomeTexts = Field(description="Who takes turns, by id, in this order.")
    since: values.Moment = Field(
        description="When the first of them begins: a date, or a local time. Before that nobody is "
        "on call."
    )
    every: values.Turn = Field(
        description='How long a turn is: whole days, such as `"1d"`, or weeks, such as `"1w"`.'
    )
    at: values.TimeOfDay | None = Field(
        default=None,
        description='When one hands over to the next, such as `"09:00"`. Default: the time of day '
        "in `since`; of a date, midnight.",
    )
    timezone: Zone | None = Field(
        default=None, description="By the clock of this time zone. Default: that of `[bot]`."
    )
    overrides: tuple[Override, ...] = ()


def rota_of(table: Rota, zone: str) -> oncall.Rota:
    """What a table says. ``zone`` is that of the bot."""
    first = _beginning(table.since)
    overrides = tuple(override_of(one) for one in table.overrides)
    return oncall.Rota(
        table.name,
        table.timezone or zone,
        table.people,
        datetime.combine(first, table.at if table.at is not None else first.time()),
        table.every.days,
        overrides,
    )


def override_of(table: Override) -> oncall.Override:
    end = _beginning(table.until)
    if not isinstance(table.until, datetime):
        end += oncall.DAY
    return oncall.Override(table.person, _beginning(table.begin), end)


def _beginning(day: date) -> datetime:
    """A time as it is; of a date its midnight."""
    return day if isinstance(day, datetime) else datetime.combine(day, time())
