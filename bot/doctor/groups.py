"""What there is to look at for a configuration: the machine, the ways out, and each adapter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot import config, texts
from bot.doctor import calendars, database, lines, machine, network
from bot.doctor.running import Group
from bot.model import checks, manifests, ports
from bot.model.rights import Operation

SHARE = 0.8
"""Of a check's time, so much is for an address: what it failed at is told by the look itself."""


@dataclass(frozen=True, slots=True)
class Examination:
    """All checks of a configuration, in groups, and what they hold open."""

    groups: tuple[Group, ...]
    checkups: tuple[checks.Checkup, ...]

    async def close(self) -> None:
        """Release what the checks have opened."""
        for checkup in self.checkups:
            await checkup.close()


def title(key: str) -> checks.Sentence:
    return checks.Sentence(texts.PHRASES[f"doctor.group.{key}"])


def configured(
    path: str,
    faults: Sequence[str],
    warnings: Sequence[str],
    settings: config.Config | None = None,
) -> Group:
    """The configuration's own lines: what `check` would say of it. ``settings``: what it holds,
    where it can be read at all."""

    async def run() -> list[checks.Finding]:
        id_, facts = "configuration", {"path": path}
        findings = [
            *(lines.problem(id_, "doctor.configuration.fault", fault=f, **facts) for f in faults),
            *(lines.unsure(id_, "doctor.configuration.odd", odd=w, **facts) for w in warnings),
        ]
        if settings is not None and not faults:
            good = lines.ok(id_, "doctor.configuration.ok", **facts, **holdings(settings))
            findings.insert(0, good)
        return findings

    check = checks.Check("configuration", run)
    return Group("configuration", title("configuration"), (check,))


def holdings(settings: config.Config) -> dict[str, object]:
    """What a configuration holds, for its line."""
    book = settings.book
    return {
        "people": len(book.people),
        "groups": len(book.groups),
        "commands": len(book.commands),
        "forms": len(book.forms),
        "platforms": list(settings.platforms),
        "region": settings.cloud.region,
    }


def examination(
    settings: config.Config,
    clock: ports.Clock,
    seconds: float,
    operations: tuple[Operation, ...] = (),
) -> Examination:
    """What to look at for a configuration that has no faults, with its operations."""
    parts = list(checkups(settings, clock, operations))
    addresses = [address for _, _, checkup in parts for address in checkup.addresses]
    listens = [address for _, _, checkup in parts for address in checkup.listens]
    ways = network.Network(addresses, clock, seconds * SHARE)
    groups = [
        Group(
            "machine", title("machine"), machine.of(settings, clock.now(), seconds * SHARE, listens)
        ),
        Group("network", title("network"), ways.all()),
    ]
    if settings.bot.store is not None:
        groups.insert(1, Group("database", title("database"), database.of(settings, clock)))
    if settings.calendars:
        groups.append(Group("calendars", title("calendars"), calendars.of(settings, clock)))
    for key, heading, checkup in parts:
        if checkup.checks:
            groups.append(
                Group(key, checks.Sentence(checkup.title or (heading, heading)), checkup.checks)
            )
    return Examination(tuple(groups), tuple(checkup for _, _, checkup in parts))


def checkups(
    settings: config.Config, clock: ports.Clock, operations: tuple[Operation, ...]
) -> Iterable[tuple[str, str, checks.Checkup]]:
    """What each adapter that is configured wants looked at, with the key and title of its group."""
    adapters = settings.adapters
    for name in settings.platforms:
        chat = adapters.chat(name)
        yield name, chat.title, chat.examine(settings.of(chat), deps_of(settings, name, clock))
    region = settings.oos.region or settings.cloud.region
    deps = manifests.CheckDeps(clock, operations=operations, region=region)
    cloud = settings.of(adapters.cloud)
    yield adapters.cloud.name, adapters.cloud.title, adapters.cloud.examine(cloud, deps)
    if any(rule.engine == adapters.engine.name for rule in settings.book.commands.values()):
        yield adapters.engine.name, adapters.engine.title, adapters.engine.examine(cloud, deps)
    robots = adapters.robots
    yield robots.name, robots.title, robots.examine(settings.of(robots), deps)
    yield from _listed(adapters.bus, settings.each(adapters.bus.settings, settings.buses), deps)
    endpoints = settings.each(adapters.endpoint.settings, settings.endpoints)
    yield from _listed(adapters.endpoint, endpoints, deps)
    if adapters.inlet.name in settings.tables:
        inlet = settings.of(adapters.inlet)
        yield adapters.inlet.name, adapters.inlet.title, adapters.inlet.examine(inlet, deps)


def _listed(
    manifest: manifests.Manifest[object], tables: tuple[object, ...], deps: manifests.CheckDeps
) -> Iterable[tuple[str, str, checks.Checkup]]:
    """An adapter of which the file lists several tables."""
    for table in tables:
        yield manifest.name, manifest.title, manifest.examine(table, deps)


def deps_of(settings: config.Config, platform: str, clock: ports.Clock) -> manifests.CheckDeps:
    """What the checks of a chat platform are made with."""
    book = settings.book
    return manifests.CheckDeps(
        clock,
        {group.chat: group.name for group in book.groups if group.platform == platform},
        tuple(dict.fromkeys(rule.form for rule in book.forms if rule.platform == platform)),
        any(each.kind == platform for each in settings.sources),
    )
