"""The rules of the bench find what they should, and what it posts is taken and delivered."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench import durable, inlet, posts, ruler, rules, rulesets
from bot.app import adapters, bus
from bot.commands import loader
from bot.runtime import matcher

URL = "http://127.0.0.1:1"


@pytest.mark.parametrize("kind", rulesets.KINDS)
def test_an_event_is_meant_by_its_own_rule_or_by_none(kind: str) -> None:
    made = rules.Rules(kind, 1000)
    for given in made.events:
        wanted = rulesets.meant_of(kind, 1000, given)
        assert made.indexed(given) == made.each(given) == wanted
    found = [rulesets.meant(given) for given in made.events]
    assert sum(map(bool, found)) == rules.EVENTS // 2
    assert len({number for one in found for number in one}) == rules.EVENTS // 2


def test_every_operator_of_the_mixed_rules_finds_its_event() -> None:
    made = rules.Rules("mixed", 8)
    for number in range(8):
        assert made.indexed(rulesets.event(number)) == [number]


def test_a_rule_set_that_finds_something_else_is_told() -> None:
    made = rules.Rules("exact", 3)
    made.events = [rulesets.event(3)]
    with pytest.raises(RuntimeError, match=r"the exact rules do not find rule \[3\]"):
        made.verify()


@pytest.mark.parametrize("kind", ["exact", "prefix"])
def test_event_ruler_finds_the_same(kind: str) -> None:
    made = rules.Rules(kind, 20)
    with ruler.started() as peer:
        if peer is None:
            pytest.skip("event-ruler has no wheel for this platform")
        for number, wanted in ((7, [7]), (30_000, [])):
            _, found = peer.ask(made.theirs, [json.dumps(rulesets.event(number))], 0.01)
            assert found[0] == wanted


def test_what_event_ruler_cannot_express_is_not_asked_of_it() -> None:
    assert [rules.Rules(kind, 2).theirs for kind in ("mixed", "ranges")] == [[], []]
    assert rulesets.as_theirs("prefix", 7) is not None


def test_its_configuration_has_a_rule_for_each_event(tmp_path: Path) -> None:
    path = inlet.configuration(tmp_path / "bench", URL, 0, 20)
    settings = adapters.load(path, known_commands=loader.load)
    assert len(settings.rules.rules) == 20
    assert [source.path for source in settings.sources] == [posts.PATH]
    assert {rule.targets[0].to.how for rule in settings.rules.rules.values()} == {"http"}


@contextlib.asynccontextmanager
async def answered(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[int]:
    """A server that answers whatever it is posted: its port."""
    application = web.Application()
    application.router.add_post(posts.PATH, handler)
    async with TestServer(application) as server:
        assert server.port is not None
        yield server.port


async def test_posts_are_signed_and_no_two_alike() -> None:
    seen: list[tuple[str, str]] = []

    async def taken(request: web.Request) -> web.Response:
        event = await request.json()
        signature = request.headers["x-countersign-signature"]
        nonce = request.headers["x-countersign-nonce"]
        moment = request.headers["x-countersign-timestamp"]
        body = await request.read()
        assert signature == posts.gate.signature(posts.SECRET, moment, nonce, body)
        seen.append((event["id"], nonce))
        return web.json_response({"ids": [event["id"]]}, status=202)

    async with answered(taken) as port:
        sender = posts.Posts(port, 202, 5)
        waits = await sender.round(3, 0.05)
    assert len(waits) == sender.accepted == len(seen) >= 3
    assert len(set(seen)) == len({nonce for _, nonce in seen}) == len(seen)
    assert min(waits) > 0


async def test_every_event_that_is_accepted_has_its_delivery_queued(tmp_path: Path) -> None:
    path = inlet.configuration(tmp_path / "bench", URL, 0, 5)
    settings = adapters.load(path, known_commands=loader.load)
    async with durable.opened(path, {}) as bot:
        door = bus.inlet_of(settings, {}, bot.clock, matcher.Matcher(lambda: None).look)
        assert door is not None
        ready = asyncio.Event()
        serving = asyncio.create_task(door.run(bot.engine.submit, lambda: None, ready.set))
        async with asyncio.timeout(10):
            await ready.wait()
            sender = posts.Posts(door.port, 202, 5)
            await sender.round(3, 0.05)
            await bot.settled()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert inlet.deliveries_in(settings.database) == sender.accepted >= 3


async def test_another_answer_is_an_error() -> None:
    async def refused(request: web.Request) -> web.Response:
        return web.json_response({"error": "too many requests"}, status=429)

    async with answered(refused) as port:
        with pytest.raises(RuntimeError, match="not taken: 429"):
            await posts.Posts(port, 202, 5).round(1, 0.05)


def test_the_slowest_percent_is_not_the_median() -> None:
    assert posts.slowest([float(number) for number in range(200)]) == 198.0
