"""Start the sandbox in a process of its own and play the people in it."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aiohttp

from sandbox import world
from sandbox.door import TOKEN


class Sandbox:
    """``async with Sandbox() as sandbox: await sandbox.call("lark", "say", user=…, text=…)``.

    Ports are free ones unless given. ``ports`` and ``url(party)`` tell where the servers are.
    ``apart``: a Ctrl-C in this terminal does not reach it.
    """

    def __init__(self, ports: dict[str, int] | None = None, apart: bool = False) -> None:
        self._apart = apart
        self._asked = ports or dict.fromkeys(world.PORTS, 0)
        self.ports: dict[str, int] = {}
        self.folder = self.token = ""
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None

    def url(self, party: str) -> str:
        return f"http://127.0.0.1:{self.ports[party]}"

    async def __aenter__(self) -> Sandbox:
        flags = [f"--{name}={port}" for name, port in self._asked.items()]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox", *flags),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=self._apart,
        )
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the sandbox did not start: is one of its ports taken?")
        said = json.loads(line)
        self.ports, self.folder, self.token = said["ports"], said["folder"], said["token"]
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

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
