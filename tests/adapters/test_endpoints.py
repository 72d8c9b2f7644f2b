"""Deliveries to other servers: what arrives there, how it is signed, and what answers mean."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters import endpoints
from adapters.endpoints import request
from adapters.endpoints.outlet import Endpoints
from bench import outbound
from bot import model, source
from sandbox.sink import Sink
from tests.adapters import outlet_stage, test_private_authority
from tests.adapters.outlet_stage import EVENT, Clock, delivery

SECRET = "s3cret-of-hooks"
Make = Callable[..., Endpoints]


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with outlet_stage.served_sink() as made:
        yield made


@pytest.fixture
async def make(sink: Sink) -> AsyncIterator[Make]:
    """An adapter with one endpoint, "hook", at the sink's /in unless told."""
    async with AsyncExitStack() as stack:

        def made(clock: Clock | None = None, **settings: Any) -> Endpoints:
            url = settings.pop("url", f"{sink.base_url}/in?t=t0ken")
            one = endpoints.Endpoint("hook", url, **settings)
            outlet = Endpoints(endpoints.Settings((one,)), clock or Clock())
            stack.push_async_callback(outlet.close)
            return outlet

        yield made


def to_hook(body: Any = None, **more: Any) -> model.Deliver:
    return delivery(model.ToHttp("hook"), {"a": 1} if body is None else body, **more)


def test_the_signature_of_a_known_request() -> None:
    """Computed by: printf '1700000000.abcdefgh.{"a":1}' | openssl dgst -sha256 -hmac secret"""
    wanted = "f0777ac8f51c88faf0898d74b9a4dc87bc0d8dae5c3c2d475ad919127cb36642"
    assert request.signature("secret", "1700000000", "abcdefgh", b'{"a":1}') == wanted


async def test_json_arrives_signed(sink: Sink, make: Make) -> None:
    await sink.expect("/in", SECRET)
    outlet = make(secret=SECRET, headers={"X-Team": "ops"})
    body = {"text": "会签 \ud800", "n": [1, None]}
    assert await outlet.perform(to_hook(body), model.Attempt()) == model.Done(data={"status": 202})
    [one] = await sink.received("/in")
    assert one["body"] == {"text": "会签 ?", "n": [1, None]}
    assert one["type"] == "application/json"
    assert one["headers"]["x-team"] == "ops"


async def test_every_try_has_a_nonce_of_its_own_and_the_same_key(sink: Sink, make: Make) -> None:
    await sink.expect("/in", SECRET)
    outlet = make(secret=SECRET)
    for _ in range(2):
        assert isinstance(await outlet.perform(to_hook(), model.Attempt()), model.Done)
    assert isinstance(await outlet.perform(to_hook(target=1), model.Attempt()), model.Done)
    first, again, other = await sink.received()
    assert first["key"] == again["key"] == to_hook().token
    assert other["key"] == to_hook(target=1).token != first["key"]
    nonces = {one["headers"]["x-countersign-nonce"] for one in (first, again, other)}
    assert len(nonces) == 3


@pytest.mark.parametrize("wrong", ["secret", "unsigned", "clock"])
async def test_a_signature_that_is_refused(sink: Sink, make: Make, wrong: str) -> None:
    await sink.expect("/in", SECRET)
    secret = {"secret": "other", "unsigned": "", "clock": SECRET}[wrong]
    clock = Clock(timedelta(hours=1) if wrong == "clock" else timedelta())
    outcome = await make(clock, secret=secret).perform(to_hook(), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "check secret and headers of the endpoint, and this machine's clock" in outcome.reason
    assert await sink.received() == []


async def test_text_is_sent_as_text(sink: Sink, make: Make) -> None:
    assert isinstance(await make().perform(to_hook("好\n了"), model.Attempt()), model.Done)
    [one] = await sink.received()
    assert (one["type"], one["body"]) == ("text/plain", "好\n了")


async def test_an_event_is_sent_as_it_is(sink: Sink, make: Make) -> None:
    outlet = make(shape="structured")
    assert isinstance(await outlet.perform(to_hook(EVENT.plain()), model.Attempt()), model.Done)
    [one] = await sink.received()
    assert one["type"] == "application/cloudevents+json"
    assert one["body"] == EVENT.plain()


@pytest.mark.parametrize("body", [{"a": 1}, "text", [1], {"specversion": "1.0", "id": 5}])
async def test_what_a_rule_made_is_an_event_of_its_own(sink: Sink, make: Make, body: Any) -> None:
    outlet = make(shape="structured")
    for target in (0, 1):
        assert isinstance(
            await outlet.perform(to_hook(body, target=target), model.Attempt()), model.Done
        )
    told = [one["body"] for one in await sink.received()]
    assert [one["id"] for one in told] == ["e-1/r/0", "e-1/r/1"]
    assert {one["source"] for one in told} == {"my.dingtalk"}
    assert {one["type"] for one in told} == {"ProvisionRequest"}
    assert told[0]["data"] == body


@pytest.mark.parametrize(
    ("status", "wanted"),
    [(408, 0.0), (425, 0.0), (429, 7.0), (500, 0.0), (502, 0.0), (503, 7.0), (599, 0.0)],
)
async def test_not_now(sink: Sink, make: Make, status: int, wanted: float) -> None:
    await sink.fault("/in", "status", status=status, retry_after=wanted and int(wanted))
    outcome = await make().perform(to_hook(), model.Attempt())
    assert outcome == model.NotSent(f"hook: HTTP status {status}", wanted)
    assert isinstance(await make().perform(to_hook(), model.Attempt()), model.Done)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 405, 410, 413, 415, 422])
async def test_never(sink: Sink, make: Make, status: int) -> None:
    await sink.fault("/in", "status", status=status)
    outcome = await make().perform(to_hook(), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert f"hook: HTTP status {status}" in outcome.reason
    assert "t0ken" not in outcome.reason
    assert len(sink.journal) == 1


@pytest.mark.parametrize("do", ["hang_up", "lose_answer", "slow"])
@pytest.mark.parametrize("idempotent", [True, False])
async def test_no_answer(sink: Sink, make: Make, do: str, idempotent: bool) -> None:
    await sink.fault("/in", do, seconds=30)
    outlet = make(idempotent=idempotent, timeout=0.3)
    outcome = await outlet.perform(to_hook(), model.Attempt())
    if not idempotent:
        assert isinstance(outcome, model.Unknown)
        assert outcome.token == to_hook().token
        assert isinstance(
            await outlet.perform(to_hook(), model.Attempt(uncertain=True)), model.Unknown
        )
        assert len(sink.journal) == 1
        return
    assert outcome == model.NotSent(outcome.reason, uncertain=True)
    assert isinstance(await outlet.perform(to_hook(), model.Attempt(uncertain=True)), model.Done)
    assert {one["key"] for one in await sink.received()} == {to_hook().token}


async def test_nobody_there(make: Make) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outlet = make(url=f"http://127.0.0.1:{taken.getsockname()[1]}/in")
        outcome = await outlet.perform(to_hook(), model.Attempt())
    assert isinstance(outcome, model.NotSent)
    assert "hook: no connection" in outcome.reason


async def test_the_environments_proxy_is_not_used(
    sink: Sink, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert isinstance(await make().perform(to_hook(), model.Attempt()), model.Done)
    assert len(await sink.received()) == 1


async def test_a_private_authority(make: Make, tmp_path: Path) -> None:
    own, bundle = outbound.certificate(tmp_path)
    runner, url = await test_private_authority.served(own)
    try:
        known = await make(url=url, ca_file=str(bundle)).perform(to_hook(), model.Attempt())
        stranger = await make(url=url).perform(to_hook(), model.Attempt())
    finally:
        await runner.cleanup()
    assert isinstance(known, model.Done)
    assert isinstance(stranger, model.NotSent)
    assert "ca_file" in stranger.reason


async def test_nothing_secret_is_told(
    sink: Sink, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": "Bearer h3ader"}
    outlet = make(secret=SECRET, headers=headers)
    told = [repr(endpoints.Endpoint("hook", "http://h/t0ken", SECRET, headers))]
    for status in (200, 400, 503):
        await sink.fault("/in", "status", status=status)
        told.append(repr(await outlet.perform(to_hook(), model.Attempt())))
    await sink.fault("/in", "hang_up")
    told.append(repr(await outlet.perform(to_hook(), model.Attempt())))
    said = "\n".join([*told, caplog.text])
    assert not [one for one in (SECRET, "t0ken", "h3ader") if one in said]


async def test_what_goes_elsewhere_is_refused(sink: Sink, make: Make) -> None:
    outlet = make()
    for effect in (
        delivery(model.ToHttp("other"), {}),
        delivery(model.ToHttp(""), {}),
        delivery(model.ToWebhook("hook"), {}),
    ):
        outcome = await outlet.perform(effect, model.Attempt())
        assert isinstance(outcome, model.Refused)
        assert "there are: hook" in outcome.reason
    nan = await outlet.perform(to_hook({"a": float("nan")}), model.Attempt())
    assert nan == model.Refused("hook: the message is no JSON (ValueError)", "content")
    assert sink.journal == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"url": "ftp://h/t0ken"}, "must be https://"),
        ({"url": "https:///t0ken"}, "must be https://"),
        ({"url": "https://h:99999/t0ken"}, "cannot be read"),
        ({"url": "https://[::1/t0ken"}, "cannot be read"),
        ({"url": "https://user:t0ken@h/"}, "user name or a password"),
        ({"url": "https://h/t0ken\r\nX: y"}, "a character that it may not hold"),
        ({"url": "https://h/t0ken#x"}, "a character that it may not hold"),
        ({"headers": {"X y": "t0ken"}}, "is no name of a header"),
        ({"headers": {"content-TYPE": "t0ken"}}, "is set by the bot"),
        ({"headers": {"X-Countersign-Nonce": "t0ken"}}, "is set by the bot"),
        ({"headers": {"X-A": "t0ken\r\nX-B: 1"}}, "what no header may hold"),
        ({"ca_file": "/nowhere.pem"}, "holds no certificates"),
    ],
)
def test_an_endpoint_that_cannot_be_meant(settings: dict[str, Any], sentence: str) -> None:
    one = endpoints.Endpoint("hook", **{"url": "https://h/", **settings})
    with pytest.raises(source.Invalid, match=r"endpoint 'hook'") as fault:
        Endpoints(endpoints.Settings((one,)), Clock())
    assert sentence in str(fault.value)
    assert "t0ken" not in str(fault.value)


def test_two_of_one_name() -> None:
    one = endpoints.Endpoint("hook", "https://h/")
    with pytest.raises(source.Invalid, match="two endpoints are called 'hook'"):
        Endpoints(endpoints.Settings((one, one)), Clock())
