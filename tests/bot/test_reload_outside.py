"""What leads outside and is changed by a reload: budgets, robots, endpoints, senders, capture."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from bot import capture, model, store
from bot.app import bus, outside, reload
from bot.model import traffic
from bot.model.manifests import RateLimit
from bot.redact.disguise import Disguise, Terms
from bot.runtime import clock, limits
from tests.adapters import inlet_stage
from tests.bot import stage as stage_
from tests.bot.configured import SMALL, Loader

ROOM = store.RateKey("dingtalk", "room", "say")


def limit(count: int, seconds: float = 60.0, per: str = "chat") -> RateLimit:
    return RateLimit("dingtalk", ("say",), "app" if per == "app" else "chat", count, seconds)


def test_another_budget_counts_what_was_sent_and_what_is_on_its_way() -> None:
    clock_ = stage_.Clock()
    limiter = limits.RateLimiter([limit(5)], clock_)
    for settled in (True, True, False):
        limiter.take(ROOM)
        if settled:
            limiter.settled(ROOM)
    assert limiter.room(ROOM).count == 2
    limiter.limit([limit(4, 30.0), limit(10, 60.0, "app")])
    assert limiter.room(ROOM).count == 1
    assert limiter.room(dataclasses.replace(ROOM, chat="hall")).count == 4
    limiter.limit([limit(3)])
    assert limiter.room(ROOM).count == 0
    limiter.settled(ROOM)
    clock_.advance(61)
    assert limiter.room(ROOM).count == 3
    limiter.limit([])
    assert limiter.room(ROOM).count > 10


def test_a_call_that_is_counted_elsewhere_when_it_comes_back_leaves_no_place_taken() -> None:
    """A robot's name leads to another address since: the account of its calls is another one."""
    accounts = {"robot:ops": "old"}
    by = store.RateKey("webhook", "robot:ops", "say")
    limiter = limits.RateLimiter(
        [RateLimit("webhook", ("say",), "chat", 2, 60.0)],
        clock_ := stage_.Clock(),
        account=lambda each: dataclasses.replace(each, chat=accounts.get(each.chat, each.chat)),
    )
    limiter.take(by)
    accounts["robot:ops"] = "new"
    limiter.limit([RateLimit("webhook", ("say",), "chat", 2, 60.0)])
    assert limiter.room(by).count == 1
    limiter.settled(by)
    clock_.advance(61)
    assert limiter.room(by).count == 2
    assert limiter.room(dataclasses.replace(by, chat="old")).count == 2


ROBOT = '[[webhook.robot]]\nname = "ops"\nplatform = "dingtalk"\nurl = { env = "ROBOT" }\n'
ENDPOINT = '[[endpoint]]\nname = "erp"\nurl = { env = "ERP" }\nsecret = { env = "SECRET" }\n'
ENVIRON = {
    "SECRET": "s3cr3t-Value",
    "ROBOT": "https://oapi.dingtalk.com/robot/send?access_token=" + "0a1b2c3d" * 8,
    "ERP": "https://erp.example.com/in",
}


async def test_what_is_changed_is_made_anew_and_the_rest_stays(tmp_path: Path) -> None:
    load = Loader(tmp_path)
    before = load(SMALL, environ=ENVIRON)
    steady = clock.Steady(clock.MachineClock())

    async def nobody(event: model.Event) -> model.Receipt:
        raise AssertionError("nothing is submitted")

    first = bus.Bus.of(
        before, outside.Outside.of(before, steady), nobody, steady, lambda: before.book
    )
    routes = bus.Routes(first, steady, b"", None)
    routes.follow(before, load(SMALL + "# else\n", environ=ENVIRON))()
    assert routes.bus is first
    now = load(SMALL + ROBOT + ENDPOINT, environ=ENVIRON)
    take = routes.follow(before, now)
    assert routes.bus is first
    take()
    second = routes.bus
    assert second.outside.webhook is not first.outside.webhook
    assert second.outside.oos is not first.outside.oos
    assert second.endpoints is not first.endpoints
    assert (second.eventbridge, second.outside.ecs) == (first.eventbridge, first.outside.ecs)
    assert second.outside.chats is first.outside.chats
    assert set(second.former) == {first.endpoints, first.outside.webhook, first.outside.oos}
    by = routes.account(store.RateKey("webhook", "robot:ops", "say"))
    assert by.platform == "webhook.dingtalk"
    await routes.bus.close()


async def test_senders_come_and_go_and_no_request_is_let_in_twice(tmp_path: Path) -> None:
    shop, hall = inlet_stage.source(), inlet_stage.source(name="hall", path="/in/hall")
    slower = dataclasses.replace(shop, per_minute=7)
    async with inlet_stage.staged(tmp_path, shop) as stage:
        sent = {"kind": "application/cloudevents+json", "nonce": "once-and-never-again"}
        assert (await stage.signed_post("/in/shop", inlet_stage.EVENT, **sent)).status == 202
        assert (await stage.signed_post("/in/hall", inlet_stage.EVENT)).status == 404
        take = stage.inlet.follow([slower, hall])
        assert (await stage.signed_post("/in/hall", inlet_stage.EVENT)).status == 404
        take()
        assert (await stage.signed_post("/in/hall", inlet_stage.EVENT)).status == 202
        assert (await stage.signed_post("/in/shop", inlet_stage.EVENT, **sent)).status == 401
        stage.inlet.follow([])()
        assert (await stage.signed_post("/in/shop", inlet_stage.EVENT)).status == 404
        stage.inlet.follow([shop])()
        assert (await stage.signed_post("/in/shop", inlet_stage.EVENT, **sent)).status == 401


def test_a_capture_covers_who_came_by_a_reload_and_whom_it_knew(tmp_path: Path) -> None:
    seen = capture.Recorder(
        tmp_path / "seen", 1 << 20, Disguise(Terms(["u-bob"], ["old-s3cret"])), {}
    )
    seen.start()
    exchange = traffic.Exchange("chat", "POST", "https://h/x", body=b"u-bob old-s3cret", status=200)
    seen(exchange)
    seen.know(Terms(["u-eve"], ["new-s3cret"]))
    for text in (b"u-bob old-s3cret", b"u-eve new-s3cret"):
        seen(dataclasses.replace(exchange, body=text))
    seen.close()
    lines = list(capture.of_folder(tmp_path / "seen"))
    bodies = [str(line.body["body"]) for line in lines if isinstance(line, capture.Record)]
    assert bodies[0] == bodies[1] != bodies[2]
    assert not any(word in text for text in bodies for word in ("bob", "eve", "s3cret"))


CALLBACK = """
[http]
listen = "127.0.0.1:0"
[[source]]
name = "ding"
path = "/ding"
kind = "dingtalk"
token = { env = "SECRET" }
encrypt_key = { env = "AES" }
"""


def test_a_platform_that_changes_the_way_of_its_events_needs_a_restart(tmp_path: Path) -> None:
    load, aes = Loader(tmp_path), {**ENVIRON, "AES": "a" * 43}
    without, by_http = load(SMALL, environ=aes), load(SMALL + CALLBACK, environ=aes)
    assert reload.callbacks(without, by_http) == ["source.ding"]
    assert reload.callbacks(by_http, without) == ["source.ding"]
    assert reload.callbacks(by_http, by_http) == []
