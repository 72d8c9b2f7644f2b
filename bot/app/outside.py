"""From the configuration to the adapters: who the outside is, and who carries out which effect.

An adapter, and with it an SDK, is imported only where it is configured.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot import config, model, store
from bot.model import manifests, ports
from bot.runtime import outbox, usage


class Nowhere:
    """Stands in for a platform that is no longer configured: everything sent there is refused."""

    async def perform(self, effect: model.Effect, attempt: model.Attempt) -> model.Outcome:
        return model.Refused("this platform is not configured in bot.toml", code="not_configured")


@dataclass(frozen=True, slots=True)
class Outside:
    """``ecs`` finds instances, runs scripts and makes the calls of templates, ``oos`` runs
    templates itself, ``webhook`` sends the messages of templates and rules to robots. ``used``
    counts what they use of their platforms (None: nobody does)."""

    chats: Mapping[str, ports.Chat]
    ecs: ports.Executor
    oos: ports.Watched
    webhook: ports.Robots
    calendars: ports.Calendars
    used: usage.Counter | None = None

    @classmethod
    def of(
        cls,
        settings: config.Config,
        clock: ports.Clock,
        key: bytes = b"",
        used: usage.Counter | None = None,
        tap: ports.Tap | None = None,
    ) -> Outside:
        """The adapters that the configuration asks for; none has connected to anything yet. What
        they use of their platforms, ``used`` counts; ``tap`` gets a copy of what they send and
        get."""
        adapters, cloud = settings.adapters, settings.of(settings.adapters.cloud)
        return cls(
            {
                name: adapters.chat(name).build(
                    settings.of(adapters.chat(name)), deps_of(settings, name, clock, used, tap)
                )
                for name in settings.platforms
            },
            adapters.cloud.build(cloud, manifests.Deps(clock, tap=tap)),
            engine_of(settings, clock, key, tap),
            robots_of(settings, clock, tap, used),
            adapters.calendars.build(),
            used,
        )

    def with_robots(
        self, settings: config.Config, clock: ports.Clock, key: bytes, tap: ports.Tap | None
    ) -> Outside:
        """The same with the robots of another configuration. Raises Invalid."""
        engine = engine_of(settings, clock, key, tap)
        robots = robots_of(settings, clock, tap, self.used)
        return replace(self, oos=engine, webhook=robots)

    def follow(self, settings: config.Config, clock: ports.Clock) -> None:
        """Tell the chats what a configuration that was reloaded says of them."""
        for name, chat in self.chats.items():
            deps = deps_of(settings, name, clock)
            chat.follow(deps.forms, deps.groups)

    def executor(self, engine: str) -> ports.Executor:
        """Where the runs of an engine are."""
        return self.oos if engine == "oos" else self.ecs

    def route(self, effect: model.Effect) -> outbox.Performer:
        """Who carries out an effect."""
        match effect:
            case model.StartRun(plan=plan):
                return self.executor(plan.engine)
            case model.StopRun(engine=engine) | model.SignalRun(engine=engine):
                return self.executor(engine)
            case model.FetchDefinition(engine=engine):
                return self.executor(engine)
            case model.RunCall(what=what):
                notices: outbox.Performer = self.webhook
                says = isinstance(what, model.calls.Notify | model.calls.Approve)
                return notices if says else self.ecs
            case model.ResolveTargets():
                return self.ecs
            case model.Deliver(to=model.ToWebhook()):
                robots: outbox.Performer = self.webhook
                return robots
            case model.FetchForm() | model.ListForms():
                return self.chats.get(effect.platform) or Nowhere()
            case model.Say() | model.ShowCard() | model.UpdateCard() | model.Recall():
                return self.chats.get(effect.place.platform) or Nowhere()
            case _:
                return Nowhere()

    def account(self, rate_key: store.RateKey) -> store.RateKey:
        """Who counts what is sent: a robot is one, by whichever name it is reached."""
        if rate_key.platform != "webhook":
            return rate_key
        kind, robot = self.webhook.account(rate_key.chat)
        return store.RateKey(f"webhook.{kind}", robot, rate_key.kind)

    async def close(self) -> None:
        """Release connections and sessions."""
        for chat in self.chats.values():
            await chat.close()
        for party in (self.ecs, self.oos):
            await party.close()
        await self.webhook.close()
        await self.calendars.close()


def service_known(
    adapters: manifests.Adapters, settings: config.Config | None = None
) -> Callable[[str], bool]:
    """Is this product of the cloud one that templates can call here? Without a configuration, none
    but those that are known to all."""
    named = {name.casefold() for name in settings.cloud.endpoints} if settings else set()
    return lambda service: adapters.cloud.known(service) or service.casefold() in named


def robots_of(
    settings: config.Config,
    clock: ports.Clock,
    tap: ports.Tap | None,
    used: usage.Counter | None,
) -> ports.Robots:
    manifest = settings.adapters.robots
    return manifest.build(settings.of(manifest), robot_deps(settings.adapters, clock, used, tap))


def engine_of(
    settings: config.Config, clock: ports.Clock, key: bytes, tap: ports.Tap | None = None
) -> ports.Watched:
    """The engine that runs templates itself, which is told the addresses of robots."""
    adapters = settings.adapters
    robots = settings.of(adapters.robots)
    deps = manifests.EngineDeps(
        clock,
        region=settings.oos.region,
        safety_check=settings.oos.safety_check,
        robots={robot.name: robot.url for robot in robots.robot},
        key=key,
        tap=tap,
    )
    return adapters.engine.build(settings.of(adapters.cloud), deps)


def robot_deps(
    adapters: manifests.Adapters,
    clock: ports.Clock,
    used: usage.Counter | None,
    tap: ports.Tap | None,
) -> manifests.Deps:
    """What the adapter of custom robots is built with: a message to one is a push of its platform,
    if that is a chat platform here."""

    def count(kind: str) -> None:
        if used is not None and kind in adapters.platforms:
            used.count(kind, "pushes")

    return manifests.Deps(clock, tap=tap, count_robot=count)


def deps_of(
    settings: config.Config,
    platform: str,
    clock: ports.Clock,
    used: usage.Counter | None = None,
    tap: ports.Tap | None = None,
) -> manifests.Deps:
    """What the adapter of a chat platform is built with. It opens no connection of its own where a
    source brings the platform's callbacks over HTTP."""
    forms = [rule.form for rule in settings.book.forms if rule.platform == platform]
    callbacks = any(source.kind == platform for source in settings.sources)
    groups = tuple(group.chat for group in settings.book.groups if group.platform == platform)
    folder = settings.path.parent
    count = ports.uncounted if used is None else functools.partial(used.count, platform)
    codes = tuple(dict.fromkeys(forms))
    return manifests.Deps(clock, codes, callbacks, groups, folder, settings.data, count, tap)
