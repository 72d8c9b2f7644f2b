"""``[[oncall]]``: the shape of a rota."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time

from pydantic import Field

from bot.policy import oncall
from bot.source import values
from bot.source.tables import Table
from bot.source.values import Text, Texts, Zone


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
    people: Texts = Field(
        default=(),
        description="Who takes turns, by id, in this order. With `calendar`: whom alone it may "
        "name; default: everybody.",
    )
    since: values.Moment | None = Field(
        default=None,
        description="When the first of them begins: a date, or a local time. Before that nobody is "
        "on call.",
    )
    every: values.Turn | None = Field(
        default=None,
        description='How long a turn is: whole days, such as `"1d"`, or weeks, such as `"1w"`.',
    )
    at: values.TimeOfDay | None = Field(
        default=None,
        description='When one hands over to the next, such as `"09:00"`. Default: the time of day '
        "in `since`; of a date, midnight.",
    )
    timezone: Zone | None = Field(
        default=None, description="By the clock of this time zone. Default: that of `[bot]`."
    )
    calendar: values.OpenOrNone = Field(
        default=None,
        description="In place of turns: a calendar (iCalendar), by its `https://` address, which "
        'may be a secret such as `{ env = "ONCALL_CALENDAR" }`, or the path of its file. Needs the '
        "extra `countersign[oncall]`.",
    )
    names: dict[Text, Text] = Field(
        default_factory=dict,
        description="Further names and mail addresses by which the calendar speaks of people: "
        'name = id, such as `{ "bob@example.com" = "bob" }`. Ids and names of people go anyway.',
    )
    overrides: tuple[Override, ...] = ()


def rota_of(table: Rota, zone: str, people: Mapping[str, str]) -> oncall.Rota | oncall.CalendarRota:
    """What a table says. ``zone`` is that of the bot; ``people``: the names of all, by id."""
    overrides = tuple(override_of(one) for one in table.overrides)
    if table.calendar is not None:
        allowed = table.people or tuple(people)
        return oncall.CalendarRota(
            table.name, table.timezone or zone, allowed, _names(table, people), overrides
        )
    assert table.since is not None
    assert table.every is not None
    first = _beginning(table.since)
    return oncall.Rota(
        table.name,
        table.timezone or zone,
        table.people,
        datetime.combine(first, table.at if table.at is not None else first.time()),
        table.every.days,
        overrides,
    )


def _names(table: Rota, people: Mapping[str, str]) -> dict[str, str]:
    """By what the calendar may call people, in lower case; a name of two is nobody's."""
    called = Counter(name.casefold() for name in people.values())
    names = {name.casefold(): who for who, name in people.items() if called[name.casefold()] == 1}
    names |= {who.casefold(): who for who in people}
    return names | {name.casefold(): who for name, who in table.names.items()}


def override_of(table: Override) -> oncall.Override:
    end = _beginning(table.until)
    if not isinstance(table.until, datetime):
        end += oncall.DAY
    return oncall.Override(table.person, _beginning(table.begin), end)


def _beginning(day: date) -> datetime:
    """A time as it is; of a date its midnight."""
    return day if isinstance(day, datetime) else datetime.combine(day, time())
