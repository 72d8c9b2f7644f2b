"""A changed configuration, taken up whole or refused whole while the bot runs.

It is read and checked beside the running one, in a thread; then one assignment on the writer's
thread puts it in that one's place, between two decisions. So each decision is made by one of them,
and what is on its way meanwhile waits for nobody.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from bot import config, deployment, failpoints, model, source
from bot.app import adapters, outside
from bot.commands import loader
from bot.config import parts
from bot.model import ports
from bot.runtime import engine, meter
from bot.store import port

log = logging.getLogger("countersign")

ACTOR = "countersign"
MOST_READINGS = 3
"""So often files are read that change while they are read."""
_READING = threading.Lock()
"""Modules of command files are replaced as they are read: by one thread of a process at a time."""
By = Literal["start", "signal", "command"]


@dataclass(frozen=True)
class Loaded:
    """A configuration as the bot works with it, and the digests of its parts."""

    settings: config.Config
    deployment: deployment.Deployment
    parts: parts.Parts

    @functools.cached_property
    def digest(self) -> str:
        return parts.digest(self.parts)


@dataclass(frozen=True, slots=True)
class Result:
    """How a reload ended. ``faults``: why it was refused, none where it was taken up; ``digest``:
    of the configuration in use from now on."""

    digest: str
    difference: parts.Difference = field(default_factory=parts.Difference)
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """What people are told."""
        if self.faults:
            count = len(self.faults)
            return [*self.faults, f"{count} fault{'s' if count != 1 else ''}; nothing was changed"]
        same = "nothing is different"
        return [f"taken up, configuration {self.digest[:8]}: {self.difference or same}"]


def deployment_of(settings: config.Config, key: bytes | None = None) -> deployment.Deployment:
    """What requests are decided against. Raises source.Invalid, with the faults of all commands."""
    rules = settings.book.commands
    commands = loader.load(
        settings.commands,
        [name for name, rule in rules.items() if rule.engine == "oos"],
        outside.service_known(settings.adapters, settings),
        settings.adapters.cloud.models(),
    )
    made = deployment.Deployment(
        settings.book,
        commands,
        settings.cloud.region,
        settings.zone,
        settings.rules,
        safety_check=settings.oos.safety_check,
        holds=functools.partial(holds, settings),
    )
    return made if key is None else replace(made, key=key)


def holds(settings: config.Config, platform: str, card: model.Card) -> bool:
    """Does a card on a platform show all that it says?"""
    if platform not in settings.platforms:
        return True  # nobody clicks a card there
    manifest = settings.adapters.chat(platform)
    return manifest.holds(settings.of(manifest), card)


def loaded(settings: config.Config, made: deployment.Deployment) -> Loaded:
    """A configuration with its digests. Raises OSError."""
    return Loaded(settings, made, parts.of(settings.file, settings.commands, made.key))


def read(running: Loaded) -> Loaded:
    """The configuration as its files are now. Raises source.Invalid."""
    with _READING:
        return _read(running)


def _read(running: Loaded) -> Loaded:
    path, key = running.settings.origin, running.deployment.key
    for _ in range(MOST_READINGS):
        with loader.afresh(running.settings.commands):
            settings = adapters.load(path, known_commands=loader.load)
            before = parts.of(settings.file, settings.commands, key)
            result = loaded(settings, deployment_of(settings, key))
        if result.parts == before:
            return result
    raise source.Invalid(f"the files in {settings.commands} change while they are read")


Party = Callable[[Loaded], Callable[[], None]]
"""Makes what it needs for another configuration, and returns what takes that up: on the writer's
thread, at once, and without fail. Raises source.Invalid."""


class Reloader:
    """Reloads one after the other. ``take`` puts a configuration in the place of the running one,
    and is called on the writer's thread."""

    def __init__(
        self,
        door: engine.Engine,
        clock: ports.Clock,
        running: Loaded,
        take: Callable[[Loaded], None],
        hangup: asyncio.Event,
    ) -> None:
        self._door, self._clock, self._take, self._hangup = door, clock, take, hangup
        self.running = running
        self.parties: list[Party] = []
        self.watchers: list[Callable[[config.Config], None]] = []
        """What is called on the loop once another configuration is in use."""
        self._lock, self._since = asyncio.Lock(), clock.now()

    async def begin(self) -> None:
        """Note with what the bot starts, where that is not what it ran with before."""
        self._tell(refused=False)
        await self._put_in_use(ACTOR, "start")

    async def _put_in_use(self, actor: str, by: By) -> parts.Difference:
        noted = await self._door.read(lambda reader: reader.configuration())
        former: parts.Parts = parts.shared(json.loads(noted)) if noted else {}
        difference = parts.difference(former, parts.shared(self.running.parts))
        if not former:
            await self._door.write(self._note)
        elif difference:
            event = self._event(actor, by, parts.digest(former))
            await self._door.submit(_changed(event, self.running.digest, difference), self._note)
        return difference

    async def put_in_use(self, actor: str, path: str) -> dict[str, object]:
        """Have this configuration in use in place of the one with which the other replicas work;
        for who asks by the control socket of a replica that waits. The others end, and wait."""
        own = self.running.settings.origin
        if not same_file(path, own):
            return {"taken": False, "lines": [f"this replica reads {own}; nothing was changed"]}
        async with self._lock:
            difference = await self._put_in_use(actor, "command")
        return {"taken": True, "lines": Result(self.running.digest, difference).lines()}

    async def run(self) -> None:
        """Reload whenever it is asked for; several times while one is under way are one more."""
        while True:
            await self._hangup.wait()
            self._hangup.clear()
            await self.reload(ACTOR, "signal")

    async def reload(self, actor: str, by: By) -> Result:
        """Take up the configuration as it is now, or refuse it. Raises ports.Closed."""
        async with self._lock:
            result = await self._reload(actor, by)
        self._tell(refused=bool(result.faults))
        level = logging.ERROR if result.faults else logging.INFO
        for warning in result.warnings:
            log.warning("%s", warning)
        for line in result.lines():
            log.log(level, "reload: %s", line)
        return result

    async def answer(self, actor: str, path: str) -> dict[str, object]:
        """``reload`` for who asks by the control socket, with the path of their configuration."""
        own = self.running.settings.origin
        if not same_file(path, own):
            lines = [f"the bot that runs on this store reads {own}; nothing was changed"]
            return {"taken": False, "lines": lines}
        result = await self.reload(actor, "command")
        return {
            "taken": not result.faults,
            "lines": result.lines(),
            "warnings": list(result.warnings),
        }

    async def _reload(self, actor: str, by: By) -> Result:
        running, event = self.running, self._event(actor, by, self.running.digest)
        try:
            now = await asyncio.to_thread(read, running)
            failpoints.reach("reload.read")
            difference = parts.difference(running.parts, now.parts)
            fixed = parts.fixed(difference.names) or callbacks(running.settings, now.settings)
            if fixed:
                raise source.Invalid(f"needs a restart: {', '.join(fixed)}")
            steps = [party(now) for party in self.parties]
        except (source.Invalid, OSError) as fault:
            return await self._refuse(event, tuple(str(fault).splitlines()))
        except Exception as fault:  # whatever is in the files must not end the running bot
            log.exception("the configuration could not be read")
            return await self._refuse(event, (f"could not be read: {type(fault).__name__}",))
        if difference:
            await self._door.submit(_changed(event, now.digest, difference), self._swap(now, steps))
        else:
            await self._door.write(self._swap(now, steps))
        self._since = self._clock.now()
        for watcher in self.watchers:
            watcher(now.settings)
        return Result(now.digest, difference, (), warnings_of(now))

    async def adopt(self, digest: str) -> bool:
        """Take up the configuration as it is now, which another replica has put in use. False: the
        files say otherwise, or only a restart takes them up. Raises source.Invalid, OSError."""
        async with self._lock:
            if digest == self.running.digest:
                return True
            now = await asyncio.to_thread(read, self.running)
            changed = parts.difference(self.running.parts, now.parts).names
            if now.digest != digest or parts.fixed(changed):
                return False
            steps = [party(now) for party in self.parties]
            await self._door.write(self._swap(now, steps, note=False))
            self._since = self._clock.now()
            for watcher in self.watchers:
                watcher(now.settings)
        self._tell(refused=False)
        log.info("reload: taken up, configuration %s, as another replica has", digest[:8])
        return True

    async def _refuse(self, event: model.ConfigurationRead, faults: tuple[str, ...]) -> Result:
        await self._door.submit(replace(event, faults=faults))
        return Result(event.before, faults=faults)

    def _tell(self, refused: bool) -> None:
        """Have it in the metrics."""
        digest = self.running.digest[:8]
        self._door.meter.configuration = meter.Configuration(digest, self._since, refused)

    def _event(self, actor: str, by: By, before: str) -> model.ConfigurationRead:
        name = f"configuration:{secrets.token_hex(8)}"
        return model.ConfigurationRead(name, self._clock.now(), actor, by, before)

    def _swap(
        self, now: Loaded, steps: Sequence[Callable[[], None]], *, note: bool = True
    ) -> Callable[[port.Writer], None]:
        def swap(writer: port.Writer) -> None:
            self.running = now
            if note:
                self._note(writer)
            failpoints.reach("reload.swapped")
            for step in steps:
                step()
            self._take(now)

        return swap

    def _note(self, writer: port.Writer) -> None:
        own = self.running
        writer.note_configuration(json.dumps(parts.shared(own.parts)), own.digest)


def callbacks(before: config.Config, now: config.Config) -> list[str]:
    """The sources by which events of a chat platform begin or cease to come over HTTP: the
    platform's connection is opened at the start only."""
    former, present = (
        {one.kind: one.name for one in settings.sources if one.kind in settings.platforms}
        for settings in (before, now)
    )
    changed = former.keys() ^ present.keys()
    return sorted(f"source.{(former | present)[kind]}" for kind in changed)


def same_file(path: str, own: Path) -> bool:
    """Do both lead to one file now?"""
    return Path(path).resolve() == own.resolve()


def warnings_of(now: Loaded) -> tuple[str, ...]:
    """What was noticed beside faults."""
    settings = now.settings
    of_file = (config.sentence(settings.path, one) for one in settings.warnings)
    return (*of_file, *now.deployment.catalog.warnings)


def _changed(
    event: model.ConfigurationRead, digest: str, difference: parts.Difference
) -> model.ConfigurationRead:
    return replace(
        event,
        digest=digest,
        added=difference.added,
        removed=difference.removed,
        changed=difference.changed,
    )
