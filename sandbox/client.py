"""Start the sandbox in a process of its own and play the people in it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

import aiohttp

from sandbox import world
from sandbox.door import TOKEN

# One process imports the stand-ins once and forks each sandbox: 20 ms each instead of 600.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["sandbox.__main__"])


def _serve(argv: list[str], apart: bool, ready: Connection) -> None:
    from sandbox import __main__ as sandbox

    sandbox.child(argv, apart, ready)


class Company(Protocol):
    """The stand-ins, in this process or in one of their own: where their servers are, and their
    control methods."""

    @property
    def ports(self) -> dict[str, int]: ...

    @property
    def ports_of_bots(self) -> list[dict[str, int]]: ...

    async def call(self, party: str, method: str, **args: Any) -> Any:
        """Call a control method of one stand-in; RuntimeError says what went wrong."""


class Sandbox:
    """``async with Sandbox() as sandbox: await sandbox.call("lark", "say", user=…, text=…)``.

    Ports are free ones unless given. ``ports`` and ``url(party)`` tell where the servers are.
    ``apart``: a Ctrl-C in this terminal does not reach it. ``ports_of_bots``: as with ``StandIns``.
    """

    def __init__(
        self, ports: dict[str, int] | None = None, apart: bool = False, bots: int = 1
    ) -> None:
        self._apart, self._bots = apart, bots
        self._asked = ports or dict.fromkeys(world.PORTS, 0)
        self.ports: dict[str, int] = {}
        self.ports_of_bots: list[dict[str, int]] = []
        self.folder = self.token = ""
        self._process: BaseProcess | None = None
        self._http: aiohttp.ClientSession | None = None

    def url(self, party: str) -> str:
        return f"http://127.0.0.1:{self.ports[party]}"

    @contextlib.contextmanager
    def _deaf(self) -> Iterator[None]:
        """What is started within never hears of a Ctrl-C, if it is to be apart; we do, later."""
        resource_tracker.ensure_running()  # it would take the signal from the mask again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT} if self._apart else ())
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    async def __aenter__(self) -> Sandbox:
        argv = [f"--{name}={port}" for name, port in self._asked.items()]
        argv.append(f"--bots={self._bots}")
        ready, announcing = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(
            target=_serve, args=(argv, self._apart, announcing), daemon=True
        )
        with self._deaf():
            self._process.start()
        announcing.close()
        try:
            announcement = await asyncio.to_thread(ready.recv)
        except EOFError:
            raise RuntimeError("the sandbox did not start: is one of its ports taken?") from None
        finally:
            ready.close()
        self.ports = announcement["ports"]
        self.ports_of_bots = announcement["ports_of_bots"]
        self.folder, self.token = announcement["folder"], announcement["token"]
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.join)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert self._http is not None
        headers = {TOKEN: self.token}
        async with self._http.post(
            self.url("control") + path, json=body, headers=headers
        ) as response:
            answer: dict[str, Any] = await response.json()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    async def call(self, party: str, method: str, **args: Any) -> Any:
        """Call a control method of one stand-in."""
        answer = await self._post("/call", {"party": party, "method": method, "args": args})
        return answer["ok"]

    async def advance(self, seconds: float) -> float:
        """Move the sandbox's clock; returns its time."""
        return float((await self._post("/clock", {"advance": seconds}))["now"])
