"""All replicas work with one configuration: a reload of one is one of all, and who has another one
waits or ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model
from bot.app import adapters, agreement, reload
from bot.model import ports
from bot.runtime import engine, replicas
from bot.store import port
from tests import postgres, stores
from tests.bot import rig, stage
from tests.bot.test_reload import KEY, furnish

pytestmark = pytest.mark.skipif(bool(postgres.lack()), reason=postgres.lack())


class Replica:
    """One of them, with files of its own."""

    def __init__(self, url: str, folder: Path, name: str, refuse: bool = False) -> None:
        self.path = furnish(folder / name)
        self.store = stores.store.opened(url)
        self.digests: list[str] = []
        """Of the configuration by which each event was decided."""
        self.door = engine.Engine(self.store, self._core, rig.Clock())
        settings = adapters.load(self.path)
        running = reload.loaded(settings, reload.deployment_of(settings, KEY))
        self.swaps: list[str] = []
        self.reloader = reload.Reloader(
            self.door, rig.Clock(), running, self._take, asyncio.Event()
        )
        self.agreement = agreement.Agreement(self.door, self.reloader, refuse)
        self.membership = replicas.Membership(
            self.door, rig.Clock(), name, "1.0", timedelta(seconds=10)
        )

    def _core(self, event: model.Event) -> model.Reading:
        if not isinstance(event, model.ConfigurationRead):
            self.digests.append(self.digest)
        return rig.reading()(event)

    def _take(self, loaded: reload.Loaded) -> None:
        self.swaps.append(loaded.digest)

    def write(self, count: int) -> None:
        """Change the files."""
        text = self.path.read_text()
        old = text.partition("count = ")[2].partition("\n")[0]
        self.path.write_text(text.replace(f"count = {old}", f"count = {count}"))

    @property
    def digest(self) -> str:
        return self.reloader.running.digest


@contextlib.asynccontextmanager
async def started(*members: Replica) -> AsyncIterator[None]:
    with contextlib.ExitStack() as stack:
        for member in members:
            member.door.start()
            stack.enter_context(member.door.listen())
        try:
            yield
        finally:
            for member in members:
                await member.door.close()
    for member in members:
        member.store.close()


@pytest.fixture
def url() -> Iterator[str]:
    server = stores.server()
    server.template("store", lambda url: stores.store.opened(url).close())
    with server.database("store") as url:
        yield url


async def join(member: Replica) -> None:
    await member.agreement.reach(lambda text: pytest.fail(text))
    await member.reloader.begin()
    await member.membership.join()


async def test_a_reload_of_one_is_taken_up_by_all(url: str, tmp_path: Path) -> None:
    first, second = (Replica(url, tmp_path, name) for name in ("a", "b"))
    async with started(first, second):
        await join(first)
        await join(second)
        following = [asyncio.create_task(one.agreement.run()) for one in (first, second)]
        for member in (first, second):
            member.write(3)
        result = await first.reloader.reload("console:root", "command")
        assert not result.faults
        await rig.until(lambda: second.digest == first.digest == result.digest, 20)
        assert (len(first.swaps), len(second.swaps)) == (1, 1)
        with second.store.reading() as reader:
            query = "SELECT COUNT(*) FROM events WHERE kind = 'ConfigurationRead'"
            assert reader.connection.execute(query).fetchone() == (1,), "it is told once"
        for task in following:
            task.cancel()


async def test_one_whose_files_say_otherwise_ends(url: str, tmp_path: Path) -> None:
    first, second = (Replica(url, tmp_path, name) for name in ("a", "b"))
    async with started(first, second):
        await join(first)
        await join(second)
        following = asyncio.create_task(second.agreement.run())
        first.write(3)
        await first.reloader.reload("console:root", "command")
        with pytest.raises(agreement.Differs, match="which the files of this one do not say"):
            await asyncio.wait_for(following, 20)
        assert second.swaps == []


async def test_nothing_is_decided_by_another_configuration_than_the_one_in_use(
    url: str, tmp_path: Path
) -> None:
    """However late a replica takes it up: events and claims wait for that, and signs of life do
    not. One whose files say otherwise answers nobody."""
    first, second, third = (Replica(url, tmp_path, name) for name in ("a", "b", "c"))
    async with started(first, second, third):
        for member in (first, second, third):
            await join(member)
        reading = asyncio.Event()

        async def later(digest: str) -> bool:
            await reading.wait()
            return await adopt(digest)

        adopt, second.reloader.adopt = second.reloader.adopt, later
        following, other = (asyncio.create_task(one.agreement.run()) for one in (second, third))
        await rig.until(lambda: second.agreement._loop is not None is not third.agreement._loop)
        assert isinstance(await second.door.submit(rig.asked(1)), model.Receipt)
        before = first.digest
        for member in (first, second):
            member.write(3)
        await first.reloader.reload("console:root", "command")
        click, claim = second.door.submit(rig.asked(2)), second.door.claim(stage.Everything())
        refused = third.door.submit(rig.asked(3))
        assert await second.membership.beat()
        assert not click.done()
        assert not claim.done()
        reading.set()
        await asyncio.wait_for(asyncio.gather(click, claim), 20)
        assert second.digests == [before, first.digest]
        with pytest.raises(agreement.Differs):
            await asyncio.wait_for(other, 20)
        with pytest.raises(ports.Closed):
            await refused
        with pytest.raises(ports.Closed):
            await third.door.submit(rig.asked(4))
        assert third.digests == []
        following.cancel()


async def test_one_that_starts_with_other_files_waits_until_they_are_the_same(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "AGAIN", 0.01)
    first, second = (Replica(url, tmp_path, name) for name in ("a", "b"))
    second.write(3)
    second.reloader.running = reload.read(second.reloader.running)
    waits: list[str] = []
    async with started(first, second):
        await join(first)
        reaching = asyncio.create_task(second.agreement.reach(waits.append))
        await rig.until(lambda: len(waits) > 1)
        assert waits[0].startswith(f"configuration {first.digest[:8]} is in use")
        second.write(2)
        await asyncio.wait_for(reaching, 20)
        assert second.digest == first.digest
        # and where nobody works with the other one, it is in use from now on
        second.write(3)
        second.reloader.running = reload.read(second.reloader.running)
        await first.membership.leave()
        await asyncio.wait_for(second.agreement.reach(waits.append), 20)
        await second.reloader.begin()
        assert second.digest != first.digest


async def test_one_that_waits_is_put_in_the_place_of_the_others(url: str, tmp_path: Path) -> None:
    first, second = (Replica(url, tmp_path, name) for name in ("a", "b"))
    second.write(3)
    second.reloader.running = reload.read(second.reloader.running)
    waits: list[str] = []
    async with started(first, second):
        await join(first)
        working = asyncio.create_task(first.agreement.run())
        reaching = asyncio.create_task(second.agreement.reach(waits.append))
        await rig.until(lambda: bool(waits))
        elsewhere = await second.reloader.put_in_use("console:root", str(first.path))
        assert elsewhere["taken"] is False
        answer = await second.reloader.put_in_use("console:root", str(second.path))
        lines = [f"taken up, configuration {second.digest[:8]}: ~policy.two.count"]
        assert answer == {"taken": True, "lines": lines}
        await asyncio.wait_for(reaching, 5)
        with pytest.raises(agreement.Differs):
            await asyncio.wait_for(working, 5)
        with second.store.reading() as reader:
            query = "SELECT COUNT(*) FROM events WHERE kind = 'ConfigurationRead'"
            assert reader.connection.execute(query).fetchone() == (1,), "it is on record"


async def test_one_that_is_to_refuse_does_not_wait(url: str, tmp_path: Path) -> None:
    first, second = Replica(url, tmp_path, "a"), Replica(url, tmp_path, "b", refuse=True)
    second.write(3)
    second.reloader.running = reload.read(second.reloader.running)
    async with started(first, second):
        await join(first)
        with pytest.raises(agreement.Differs, match="is in use, and the files of this replica say"):
            await second.agreement.reach(lambda text: pytest.fail(text))
        assert isinstance(await first.door.submit(rig.asked(1)), model.Receipt)


async def test_a_database_that_is_away_for_a_moment_ends_nobody(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "AGAIN", 0.01)
    server = stores.server()
    with server.proxy() as proxy:
        replica = Replica(proxy.url(url), tmp_path, "a")
        async with started(replica):
            await join(replica)
            following = asyncio.create_task(replica.agreement.run())
            proxy.cut()
            replica.agreement._on_commit(port.Changes(configuration=True))
            receipt = replica.door.submit(rig.asked(1))
            await rig.until(lambda: replica.door.lost_at is not None or following.done(), 20)
            proxy.mend()
            assert (await receipt).tone == "success"
            assert not following.done()
            following.cancel()
