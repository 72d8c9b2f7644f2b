"""Servers that lie: the cloud and both chat platforms answer nonsense, pages, and redirects."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from sandbox import play
from tests.fuzz import between, hostile
from tests.fuzz.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = "<html><body>Gateway <b>login</b> required</body></html>"


class Trap:
    """A host that nobody may be sent to: it notes who comes, with which headers."""

    def __init__(self) -> None:
        self.met: list[dict[str, str]] = []
        self.port = 0

    async def handle(self, request: web.Request) -> web.Response:
        self.met.append(dict(request.headers))
        return web.json_response({"code": 0, "errcode": 0})


@pytest_asyncio.fixture(loop_scope="module")
async def trap() -> AsyncIterator[Trap]:
    found = Trap()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = int(runner.addresses[0][1])
    yield found
    await runner.cleanup()


def bending(chance: random.Random) -> between.Lie:
    """Every answer bent somewhere; sometimes a page, nothing, or a mebibyte instead."""

    def lie(met: between.Exchange) -> web.Response | None:
        way = chance.randrange(10)
        if way == 0:
            return between.saying(PAGE, chance.choice((200, 403, 502)))
        if way == 1:
            return between.saying(b"\xff\x00" * 50)
        if way == 2:
            return between.saying("", chance.choice((200, 204, 404, 500)))
        if way == 3:
            return between.saying(json.dumps("x" * (1 << 20)))
        body: Any = json.loads(met.answered or b"{}")
        return between.saying(hostile.bent_text(chance, body), chance.choice((200, 200, 200, 400)))

    return lie


async def test_a_cloud_that_answers_nonsense(house: House) -> None:
    """Nothing is told as done that was not, nothing runs twice, and the bot lives on."""
    aliyun, chance = house.middles["aliyun"], random.Random(house.platform)
    for _ in range(6):
        aliyun.lie = bending(chance)
        await house.say("alice", "instances")
        await house.say("alice", "restart web-01 reason=nonsense")
    aliyun.lie = None
    await house.answers()
    card = await house.pending('restart web-01 reason="after"')
    before = await house.runs_of()
    aliyun.lie = bending(chance)
    await house.click("bob", card, "approve")
    await house.answers()
    aliyun.lie = None
    await house.answers()
    assert await house.runs_of() - before <= 1
    assert not house.log.leaks(await house.sessions())
    house.log.faults.clear()


async def test_results_of_others_and_of_no_kind(house: House) -> None:
    card = await house.pending('restart web-01 reason="results"')
    lies = iter(
        [
            {"InstanceId": "i-of-somebody-else", "InvocationStatus": "Success", "ExitCode": 0},
            {"InvocationStatus": "Wonderful", "ExitCode": 0, "Output": "x" * 500_000},
            {"InvocationStatus": "Success", "ExitCode": "zero"},
            {"InvocationStatus": ["Success"], "ExitCode": {}},
            {"InvokeId": "t-somebody-else", "InvocationStatus": "Success", "ExitCode": 0},
        ]
    )

    def lie(met: between.Exchange) -> web.Response | None:
        body = json.loads(met.answered)
        box = (body.get("Invocation") or {}).get("InvocationResults")
        change = next(lies, None) if box else None
        if change is None:
            return None
        for one in box.get("InvocationResult") or ():
            one |= change
        return between.saying(json.dumps(body))

    house.middles["aliyun"].lie = lie
    try:
        await house.click("bob", card, "approve")
        final = await house.until("more than one look", lambda _: next(lies, None) is None)
        assert final
    finally:
        house.middles["aliyun"].lie = None
    await house.card_says(card, play.SUCCEEDED)
    assert not house.log.leaks(await house.sessions())
    house.log.faults.clear()


async def test_a_chat_platform_that_answers_nonsense(house: House) -> None:
    chance = random.Random(house.platform)
    for _ in range(12):
        house.middle.lie = bending(chance)
        await house.say("alice", "help")
        await house.say("alice", "restart web-01 reason=nonsense")
        await house.call("form", user="alice", fields={"emp_id": "E1", "role": "dev"})
    house.middle.lie = None
    await house.advance(120)
    await house.answers()
    assert not house.log.leaks(await house.sessions())
    house.log.faults.clear()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(house: House, trap: Trap, status: int) -> None:
    def lie(_: between.Exchange) -> web.Response | None:
        place = f"http://127.0.0.1:{trap.port}/stolen"
        return web.Response(status=status, headers={"Location": place}, text="")

    for middle in house.middles.values():
        middle.lie = lie
    before = len(house.middles["aliyun"].met), len(house.middle.met)
    await house.say("alice", "instances")
    await house.say("alice", "restart web-01 reason=redirect")
    await house.say("alice", "whoami")
    deadline = house.clock.now().timestamp() + 5
    while len(house.middle.met) == before[1] or len(house.middles["aliyun"].met) == before[0]:
        assert house.clock.now().timestamp() < deadline, "nobody was asked"
        await house.call("connections")
    await house.call("connections")
    for middle in house.middles.values():
        middle.lie = None
    await house.advance(60)
    await house.answers()
    assert not trap.met, trap.met[0]
    house.log.faults.clear()


async def test_webhooks_that_point_elsewhere_are_not_called(whole: House, trap: Trap) -> None:
    house = whole.on("dingtalk")
    own = f"127.0.0.1:{house.middle.port}"
    for url in (
        f"http://127.0.0.1:{trap.port}/robot/sendBySession?session=x",
        f"http://localhost:{trap.port}/",
        f"http://{own}@127.0.0.1:{trap.port}/",
        f"http://127.0.0.1:{trap.port}\\@{own}/",
        f"http://127.0.0.1:{trap.port}#@{own}/",
        f"http://[::ffff:127.0.0.1]:{trap.port}/",
        f"http://2130706433:{trap.port}/",
        f"//127.0.0.1:{trap.port}/",
        f"file:///etc/passwd?{own}",
        f"http://{own}.evil.example/",
        "http://169.254.169.254/latest/meta-data/",
        "gopher://127.0.0.1:1/",
        "\x00",
        "http://[",
    ):
        await house.call("say", user="carol", text="whoami", changes={"sessionWebhook": url})
    await house.answers()
    await house.settled()
    assert not trap.met, trap.met[0]
    await house.check_log()
