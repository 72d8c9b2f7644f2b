"""This process among those that share a store, in the wiring."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from bot import config, release
from bot.app import agreement, control, operate, reload
from bot.model import ports
from bot.runtime import clock, engine, replicas

log = logging.getLogger("countersign")

LEAVES_WITHIN = 2.0
"""Seconds that a process which ends waits until the others know that."""


def wall_of(settings: config.Config) -> clock.DatabaseClock | None:
    """The clock of the database that replicas share; None: the bot goes by the machine's."""
    return None if settings.bot.store is None else clock.DatabaseClock()


class Shared:
    """``led`` is called when this process becomes the one that leads."""

    def __init__(
        self,
        settings: config.Config,
        door: engine.Engine,
        time: clock.Steady,
        wall: clock.DatabaseClock | None,
        reloader: reload.Reloader,
        led: Callable[[], None],
    ) -> None:
        self._settings, self._door, self._reloader = settings, door, reloader
        refuse = settings.bot.other_configuration == "refuse"
        self._agreement = agreement.Agreement(door, reloader, refuse)
        self.membership = replicas.Membership(
            door,
            time,
            settings.replica,
            release.version(),
            timedelta(seconds=settings.bot.lease),
            digest=lambda: reloader.running.digest,
            led=led,
            wall=wall,
        )

    async def agreed(self, stop: asyncio.Event) -> bool:
        """Wait until the replicas of the store work with the configuration of this one, and serve
        meanwhile what is waited for. False: the bot is to stop before. Raises Differs."""
        waits = [""]

        def tell(text: str) -> None:
            if text != waits[-1]:
                log.warning("%s", text)
                waits.append(text)

        reaching = asyncio.ensure_future(self._agreement.reach(tell))
        stopping = asyncio.ensure_future(stop.wait())
        serving = asyncio.gather(
            operate.serve_waiting(self._settings, lambda: waits[-1]), self._control(waits).run()
        )
        try:
            with self._door.listen():
                await asyncio.wait({reaching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if reaching.done():
                await reaching
            return reaching.done()
        finally:
            for task in (reaching, stopping, serving):
                task.cancel()
            await asyncio.gather(reaching, stopping, serving, return_exceptions=True)

    def _control(self, waits: Sequence[str]) -> control.Control:
        """What a replica that waits can be asked for."""

        async def reload_(_actor: str, _path: str) -> dict[str, object]:
            return {"taken": False, "lines": [waits[-1], operate.WAITING]}

        verbs = {"reload": reload_, control.PUT_IN_USE: self._reloader.put_in_use}
        return control.Control(self._settings.data, verbs)

    def tasks(self) -> dict[str, Awaitable[None]]:
        """What goes on for as long as this process is one of them."""
        return {"replica": self.membership.run(), "configuration": self._agreement.run()}

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """Be one of them meanwhile."""
        with self._door.listen():
            await self.membership.join()
            try:
                yield
            finally:
                await self._leave()

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVES_WITHIN):
                await self.membership.leave()
        except (TimeoutError, ports.Closed):
            log.warning("the other replicas learn by the end of the lease that this one has ended")
