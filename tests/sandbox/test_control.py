"""A page in the browser of whoever runs the sandbox can neither move it nor run anything on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.client import Sandbox

CLOCK = json.dumps({"advance": 3600})
CALL = json.dumps({"party": "aliyun", "method": "fault", "args": {"api": "*", "do": "error"}})
JSON = {"Content-Type": "application/json"}
EVIL = "http://evil.example"


@pytest.fixture
async def sandbox() -> Any:
    async with Sandbox() as running:
        yield running


async def sent(url: str, headers: dict[str, str], data: str = "") -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=data.encode(), headers=headers) as response,
    ):
        return response.status


def attacks(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """What pages can send, some of them even if they had learnt the token."""
    port, token = sandbox.ports["control"], {"X-Sandbox-Token": sandbox.token}
    home = f"http://127.0.0.1:{port}"
    return {
        "a form of another page": {"Content-Type": "text/plain", "Origin": EVIL},
        "a page without an origin": {"Content-Type": "text/plain", "Origin": "null"},
        "no token": JSON,
        "a guessed token": JSON | {"X-Sandbox-Token": "x" * 43},
        "an empty token": JSON | {"X-Sandbox-Token": ""},
        "a name that was bound to loopback": JSON | token | {"Host": f"evil.example:{port}"},
        "a name that ends like ours": JSON | token | {"Host": f"127.0.0.1.evil.example:{port}"},
        "a user before the host": JSON | token | {"Host": f"127.0.0.1@evil.example:{port}"},
        "a user who is called like another host": JSON
        | token
        | {"Host": f"evil.example@127.0.0.1:{port}"},
        "another kind of page": JSON | token | {"Origin": f"evil://127.0.0.1:{port}"},
        "another origin": JSON | token | {"Origin": EVIL},
        "another port of loopback": JSON | token | {"Origin": "http://127.0.0.1:1"},
        "a text": token | {"Content-Type": "text/plain", "Origin": home},
        "a form": token | {"Content-Type": "application/x-www-form-urlencoded"},
    }


async def test_no_page_moves_the_clock_or_calls_anything(sandbox: Sandbox) -> None:
    before = await sandbox.advance(0)
    for name, headers in attacks(sandbox).items():
        for path, body in (("/clock", CLOCK), ("/call", CALL)):
            status = await sent(sandbox.url("control") + path, headers, body)
            assert status in (401, 403, 415), (name, path, status)
    assert await sandbox.advance(0) - before < 60
    assert await sandbox.call("aliyun", "calls") == []
    own = JSON | {"X-Sandbox-Token": sandbox.token, "Origin": sandbox.url("control")}
    assert await sent(sandbox.url("control") + "/clock", own, CLOCK) == 200
    assert await sandbox.advance(0) - before > 3000


@pytest.mark.parametrize("party", ["dingtalk", "lark", "aliyun", "sink"])
async def test_no_page_talks_to_a_stand_in(sandbox: Sandbox, party: str) -> None:
    port = sandbox.ports[party]
    for headers in ({"Host": f"evil.example:{port}"}, {"Origin": EVIL}, {"Origin": "null"}):
        assert await sent(sandbox.url(party) + "/", headers) == 403
    assert await sandbox.call(party, "calls") == []


@pytest.mark.parametrize("body", ["", "[]", "7", "{", '{"party": []}', '{"party": "lark"}'])
async def test_what_is_no_call_is_an_error_and_no_fault_of_the_server(
    sandbox: Sandbox, body: str
) -> None:
    own = JSON | {"X-Sandbox-Token": sandbox.token}
    assert await sent(sandbox.url("control") + "/call", own, body) in (400, 404)


async def test_tokens_are_random_and_long(sandbox: Sandbox) -> None:
    async with Sandbox() as other:
        assert other.token != sandbox.token
        assert len(other.token) >= 43


def tables() -> list[str]:
    lines = [Path(f"/proc/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    return [line for part in lines for line in part]


async def test_every_port_is_open_on_loopback_only(sandbox: Sandbox) -> None:
    wanted = {f"{port:04X}" for port in sandbox.ports.values()}
    listening: dict[str, set[str]] = {}
    for line in tables():
        local, state = line.split()[1], line.split()[3]
        address, _, port = local.rpartition(":")
        if state == "0A" and port in wanted:
            listening.setdefault(port, set()).add(address)
    assert listening == {port: {"0100007F"} for port in wanted}
