"""What rules deliver to custom robots, and how much of it: budgets go by robot, not by name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters import webhook
from adapters.webhook.hook import Webhook
from bot import model, policy, store
from bot.app import adapters, outside
from bot.commands import loader
from bot.config import build
from bot.model.manifests import RateLimit
from bot.runtime import clock as machine
from bot.runtime import limits, usage
from bot.store import codec
from bot.store.sql import effects
from sandbox import world
from tests.adapters import webhook_stage
from tests.adapters.outlet_stage import delivery
from tests.adapters.webhook_stage import Stage, lark_text, text
from tests.bot import rig

SHIPPED = Path(__file__).resolve().parents[2] / "bot.toml"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with webhook_stage.staged() as made:
        yield made


def to_robot(uri: str, body: Any, **more: Any) -> model.Deliver:
    return delivery(model.ToWebhook(uri), body, **more)


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
@pytest.mark.parametrize("body", [text("done"), lark_text("done"), "done"])
async def test_a_delivery_arrives(stage: Stage, platform: str, body: Any) -> None:
    """Signed, in whichever shape the rule wrote it."""
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok", secret="SECx")
    hook = stage.make(webhook.Robot("ops", url, secret="SECx"))
    outcome = await hook.perform(to_robot("robot:ops", body), model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    assert await stage.texts(party) == ["done"]


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_what_a_robot_takes_counts_as_a_push_of_its_platform(
    stage: Stage, platform: str, tmp_path: Path
) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok", "hr", keywords=["Countersign"])
    settings = adapters.load(SHIPPED, secrets=False)
    used = usage.Counter({})
    deps = outside.robot_deps(settings.adapters, machine.MachineClock(), used, None)
    robot = webhook.Robot("hr", url, keywords=("Countersign",))
    hook = Webhook(
        webhook.Settings(hosts=(party.base_url,), robot=(robot,)),
        deps.clock,
        None,
        deps.count_robot,
    )
    try:
        for body in ("refused: no keyword", "Countersign says"):
            await hook.perform(to_robot("robot:hr", text(body)), model.Attempt())
    finally:
        await hook.close()
    with store.Store(tmp_path / "usage.db") as opened:
        assert opened.writer is not None
        opened.writer.begin()
        assert list(used.flush(opened.writer, machine.MachineClock().now())) == []
        months = opened.writer.usage(platform, policy.month_of(None, deps.clock.now()))
        opened.writer.commit()
    assert months.counts == {"pushes": 1}


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_a_delivery_that_would_be_refused_is_not_sent(stage: Stage, platform: str) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok", "hr", keywords=["Countersign"])
    hook = stage.make(webhook.Robot("hr", url, keywords=("Countersign",)))
    for uri, code in (("robot:hr", "keywords"), ("robot:other", "robot"), ("", "uri")):
        outcome = await hook.perform(to_robot(uri, text("done")), model.Attempt())
        assert isinstance(outcome, model.Refused)
        assert outcome.code == code
    outcome = await hook.perform(delivery(model.ToHttp("robot:hr"), text("x")), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert party.journal == []


async def test_an_answer_that_was_lost(stage: Stage) -> None:
    """DingTalk takes one message once, however often it is sent; Lark would say it twice."""
    url = await stage.dingtalk.add_robot("tok")
    await stage.dingtalk.fault("robot/send", "lose_answer")
    hook = stage.make()
    effect = to_robot(url, text("once"))
    lost = await hook.perform(effect, model.Attempt())
    assert isinstance(lost, model.NotSent)
    assert lost.uncertain, "who gives it up says that it may have arrived"
    assert isinstance(await hook.perform(effect, model.Attempt(uncertain=True)), model.Done)
    assert await stage.texts(stage.dingtalk) == ["once"]
    url = await stage.lark.add_robot("tok")
    await stage.lark.fault("bot/v2/hook", "lose_answer")
    effect = to_robot(url, lark_text("once"))
    outcome = await hook.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Unknown)
    again = await hook.perform(effect, model.Attempt(uncertain=True))
    assert isinstance(again, model.Unknown)
    assert "it may have been sent before" in again.reason
    assert await stage.texts(stage.lark) == ["once"]


async def test_one_robot_counts_as_one(stage: Stage) -> None:
    url = await stage.dingtalk.add_robot("tok")
    hook = stage.make(webhook.Robot("ops", url), webhook.Robot("alias", f"{url}"))
    known = {hook.account(uri) for uri in ("robot:ops", "robot:alias", url, f" {url} ")}
    assert len(known) == 1
    [(kind, name)] = known
    assert kind == "dingtalk"
    assert "tok" not in name
    other = await stage.dingtalk.add_robot("tok2")
    assert hook.account(other) not in known
    assert hook.account(await stage.lark.add_robot("tok"))[0] == "lark"
    assert hook.account("robot:gone") == ("plain", "robot:gone")


def quotas(clock: rig.Clock, account: limits.Account) -> limits.RateLimiter:
    budgets = build.limits(adapters.ADAPTERS)
    return limits.RateLimiter(budgets, clock, account=account)


async def test_the_shipped_robots_have_their_platforms_budgets() -> None:
    settings = adapters.load(SHIPPED, {}, known_commands=loader.load)
    party = outside.Outside.of(settings, machine.Steady(machine.MachineClock()))
    clock = rig.Clock()
    limits = quotas(clock, party.account)

    def rate_key(uri: str) -> store.RateKey:
        return store.RateKey("webhook", uri, "say")

    def send(uri: str, count: int) -> None:
        for _ in range(count):
            limits.take(rate_key(uri))
            limits.settled(rate_key(uri))

    try:
        assert limits.room(rate_key("robot:ops")).count == 20
        send("robot:ops", 20)
        assert limits.room(rate_key("robot:ops")).count == 0
        host = f"http://127.0.0.1:{world.PORTS['dingtalk']}"
        typed = f"{host}/robot/send?access_token={world.DINGTALK_ROBOTS[0].token}"
        assert limits.room(rate_key(typed)).count == 0
        assert limits.room(rate_key("robot:lark-ops")).count == 5
        for _ in range(20):
            send("robot:lark-ops", 5)
            assert limits.room(rate_key("robot:lark-ops")).count == 0
            clock.advance(seconds=1)
        assert limits.room(rate_key("robot:lark-ops")).count == 0  # 100 in this minute
        clock.advance(seconds=40)
        assert limits.room(rate_key("robot:lark-ops")).count == 5
        assert limits.room(rate_key("robot:ops")).count == 20
        limits.pause(rate_key("robot:ops"), codec.ms(clock.now() + timedelta(minutes=10)))
        assert limits.room(rate_key(typed)).count == 0
    finally:
        await party.close()


def test_a_budget_of_webhook_holds_for_every_kind_of_robot() -> None:
    one = RateLimit("webhook", ("say",), "app", 3, 60.0)
    clock = rig.Clock()
    limiter = limits.RateLimiter([one], clock)
    for platform in ("webhook.lark", "webhook.dingtalk", "webhook"):
        limiter.take(store.RateKey(platform, platform, "say"))
    assert limiter.room(store.RateKey("webhook.plain", "x", "say")).count == 0
    assert limiter.room(store.RateKey("lark", "x", "say")).count > 0
    assert limiter.room(store.RateKey("http", "x", "say")).count > 0


def test_targets_of_one_name_have_buckets_of_their_own() -> None:
    places = (model.ToWebhook("ops"), model.ToHttp("ops"), model.ToBus("ops"))
    rate_keys = {effects.rate_key_of(delivery(to, {})) for to in places}
    assert {(one.platform, one.chat) for one in rate_keys} == {(to.how, "ops") for to in places}
