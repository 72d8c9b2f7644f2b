"""``python -m bot status``: the store in numbers, and what is used of the platforms' quotas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from bot import config, model, policy
from bot import store as stores
from bot.cli import shell
from bot.commands import frozen, usages
from bot.policy import oncall
from bot.source import unicode
from bot.store import shared


@click.command()
@shell.with_config
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all months.")
def status(path: Path, as_json: bool) -> None:
    """Print what is open and queued, and what of the platforms' quotas is used this month.

    The bot may be running meanwhile.
    """
    settings = shell.loaded(path, secrets=False, commands=False)
    with shell.reading(settings) as reader:
        state, months, replicas = reader.status(), reader.usage(), reader.replicas()
        now = datetime.now(UTC)
        freezes = tuple(frozen.frozen(settings.book, reader, now, "en"))
        calendars, uses = reader.calendars(), model.in_use(reader.locks())
    if as_json:
        body = plain(settings, state, months) | {"replicas": [*map(replica_plain, replicas)]}
        body["in_use"] = [asdict(use) for use in uses]
        body["frozen"] = [asdict(freeze) for freeze in freezes]
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(lines(settings, state, months, now)))
        for use in uses:
            click.echo(unicode.visible(use_line(use)))
        for freeze in freezes:
            click.echo(unicode.visible(f"frozen: {freeze.name} {freeze.text}"))
        for line in on_call(settings.book.as_of(now, lambda: calendars), now):
            click.echo(unicode.visible(line))
        for replica in replicas:
            click.echo(replica_line(settings, replica))


def lines(
    settings: config.Config,
    state: stores.Status,
    months: tuple[model.Usage, ...],
    now: datetime,
) -> Iterator[str]:
    yield f"open requests: {counts(state.requests)}"
    yield f"effects: {counts(state.effects)}"
    yield f"dead letters: {counts(state.dead)}"
    yield f"newest audit entry: {state.audit.seq if state.audit.seq >= 0 else 'none'}"
    quotas = settings.book.quotas
    for platform in settings.platforms:
        if platform in quotas:
            yield usages.line("en", quotas[platform], months, now)
        else:
            yield unlimited(platform, months, now)


def on_call(book: policy.Book, now: datetime) -> Iterator[str]:
    """Who is on call by each rota, and what is wrong with its calendar."""
    for name, rota in book.oncall.rotas.items():
        people = ", ".join(rota.on_call(now)) or "nobody"
        yield f"on call by {name}: {people}"
        calendar = rota.calendar if isinstance(rota, oncall.CalendarRota) else None
        if isinstance(rota, oncall.CalendarRota) and calendar is None:
            yield f"  the calendar of {name} was not read yet"
        if calendar is not None and calendar.fault:
            since = (
                "never" if calendar.read_at is None else f"{calendar.read_at:%Y-%m-%d %H:%M} UTC"
            )
            yield f"  the calendar of {name} cannot be read, last was {since}: {calendar.fault}"
        if calendar is not None and calendar.unknown:
            yield f"  events of it that name nobody: {', '.join(calendar.unknown)}"


def use_line(use: model.InUse) -> str:
    """Which requests have an instance or a resource, and which wait for it."""
    held, waiting = (", ".join(f"#{one}" for one in part) for part in (use.held, use.waiting))
    return f"in use: {use.label} by {held or 'none'}{f', then {waiting}' if waiting else ''}"


def replica_line(settings: config.Config, replica: shared.Replica) -> str:
    """A process that works on a database, or did within the last day, by the database's clock."""

    def at(moment: datetime) -> str:
        return f"{moment.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}"

    leads = ", leads" if replica.leads else ""
    lacks = "".join(
        f", {name} not reached since {at(since)}" for name, since in replica.unreached.items()
    )
    return (
        f"replica {replica.name} ({replica.number}): {replica.state}{leads}, Countersign "
        f"{replica.release}, since {at(replica.joined_at)}, last seen {at(replica.seen_at)}{lacks}"
    )


def replica_plain(replica: shared.Replica) -> dict[str, object]:
    """The same as JSON."""
    return {
        "number": replica.number,
        "name": replica.name,
        "state": replica.state,
        "leads": replica.leads,
        "release": replica.release,
        "schema": replica.schema,
        "joined_at": replica.joined_at.isoformat(),
        "seen_at": replica.seen_at.isoformat(),
        "unreached": {name: since.isoformat() for name, since in replica.unreached.items()},
    }


def unlimited(platform: str, months: tuple[model.Usage, ...], now: datetime) -> str:
    month = policy.month_of(None, now)
    own = [usage for usage in months if (usage.platform, usage.month) == (platform, month)]
    usage = own[0] if own else model.Usage(platform, month)
    used = ", ".join(f"{usage.of(meter)} {meter}" for meter in model.METERS)
    return f"{platform} {month}: {used} (no [[quota]] set)"


def counts(numbers: Mapping[str, int]) -> str:
    """Numbers by name on one line."""
    return ", ".join(f"{count} {name}" for name, count in sorted(numbers.items())) or "none"


def plain(
    settings: config.Config, state: stores.Status, months: tuple[model.Usage, ...]
) -> dict[str, object]:
    """All of it as JSON."""
    quotas = settings.book.quotas
    return {
        "requests": dict(state.requests),
        "effects": dict(state.effects),
        "dead": dict(state.dead),
        "audit": state.audit.seq,
        "usage": [
            {
                "platform": usage.platform,
                "month": usage.month,
                **{meter: usage.of(meter) for meter in model.METERS},
                **{f"{what}_spared": usage.spared(what) for what in model.SPARES},
                "quota": {
                    meter: quotas[usage.platform].of(meter) if usage.platform in quotas else 0
                    for meter in model.METERS
                },
            }
            for usage in months
        ],
    }
