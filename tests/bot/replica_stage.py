"""Several replicas in one process: each with its own connections, engine, outbox and budgets; one
database, one clock, one platform."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta

from bot import model, store
from bot.model.manifests import RateLimit
from bot.runtime import engine, outbox, replicas
from tests.bot import rig
from tests.bot.test_outbox import Platform

LEASE = timedelta(seconds=10)


class Replica:
    """One of them. ``platform`` is how it reaches the platform."""

    def __init__(
        self,
        opened: store.sql.store.Store,
        clock: rig.Clock,
        name: str,
        budgets: tuple[RateLimit, ...],
        platform: Platform,
        core: rig.Decide,
    ) -> None:
        self.store, self.platform = opened, platform
        self.engine = engine.Engine(opened, rig.reading(core), clock, chance=random.Random(1))
        self.led = 0
        self.membership = replicas.Membership(
            self.engine, clock, name, "1.0", LEASE, led=self._lead, tick=clock.monotonic
        )
        self.outbox = outbox.Outbox(
            self.engine, lambda _: platform, budgets, clock, membership=self.membership
        )
        self.membership.calls = self.outbox
        self._stack = contextlib.ExitStack()
        self._task: asyncio.Task[None] | None = None

    def _lead(self) -> None:
        self.led += 1

    async def start(self) -> None:
        self.engine.start()
        self._stack.enter_context(self.engine.listen())
        await self.membership.join()
        await self.outbox.recover()

    def work(self) -> None:
        """Begin to claim."""
        self._task = asyncio.create_task(self.outbox.run())

    async def stop(self) -> None:
        self.platform.gate.set()
        await self.outbox.drain(1.0)
        if self._task is not None:
            await self._task
        await self.membership.leave()
        self._stack.close()
        await self.engine.close()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.store.reading() as reader:
            rows: list[tuple[object, ...]] = reader.connection.execute(sql).fetchall()
        return rows

    def states(self) -> Mapping[object, object]:
        return dict(self.rows("SELECT key, state FROM outbox ORDER BY id"))  # type: ignore[arg-type]


class Cluster:
    def __init__(self, members: list[Replica], clock: rig.Clock) -> None:
        self.members, self.clock = members, clock

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.members)

    def __getitem__(self, number: int) -> Replica:
        return self.members[number]

    async def silence(self, member: Replica, seconds: float = 60) -> None:
        """Let the database's clock think that one was silent for so long."""
        number, ms = member.membership.number, round(seconds * 1000)

        def age(writer: store.Writer) -> None:
            writer.connection.execute(
                "UPDATE replicas SET seen_at = seen_at - ? WHERE id = ?", (ms, number)
            )

        await member.engine.write(age)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def cluster(
    url: str,
    *budgets: RateLimit,
    count: int = 3,
    core: rig.Decide = rig.decide,
    platform: Callable[[], Platform] = Platform,
) -> AsyncIterator[Cluster]:
    """So many replicas that have joined, and claim nothing until told to ``work``."""
    clock = rig.Clock()
    members = [
        Replica(store.opened(url), clock, f"r{number}", budgets, platform(), core)
        for number in range(count)
    ]
    try:
        for member in members:
            await member.start()
        yield Cluster(members, clock)
    finally:
        for member in members:
            await member.stop()
        with members[0].store.reading() as reader:
            assert reader.verify_audit() == []
        for member in members:
            member.store.close()


def said(platform: Platform) -> list[str]:
    return [effect.key for effect, _ in platform.calls if isinstance(effect, model.Say)]
