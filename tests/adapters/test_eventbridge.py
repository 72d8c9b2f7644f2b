"""Events put on a bus: what arrives there, who signs, and what answers mean."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import test_utils, web
from hypothesis import given
from hypothesis import strategies as st

from adapters import eventbridge, openapi
from adapters.common import http
from adapters.eventbridge import answers, events, settings, signing
from adapters.eventbridge.outlet import EventBridge
from bench import outbound
from bot import model, source
from sandbox import world
from sandbox.aliyun import Aliyun
from tests.adapters import outlet_stage, test_private_authority
from tests.adapters.outlet_stage import AT, EVENT, Clock, delivery
from tests.sandbox import aliyun_party

KEYS = openapi.Credentials("key", world.ALIYUN_KEY_ID, world.ALIYUN_KEY_SECRET)
Make = Callable[..., EventBridge]


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[Aliyun]:
    async with aliyun_party.served(tmp_path) as made:
        yield made


@pytest.fixture
async def make(party: Aliyun) -> AsyncIterator[Make]:
    """An adapter with one bus, "events", which is the stand-in's "sandbox" unless told."""
    async with AsyncExitStack() as stack:

        def made(clock: Clock | None = None, **more: Any) -> EventBridge:
            endpoint = more.pop("endpoint", party.base_url)
            bus = eventbridge.Bus("events", more.pop("bus", "sandbox"), endpoint=endpoint)
            given = eventbridge.Settings((bus,), **{"credentials": KEYS, **more})
            outlet = EventBridge(given, clock or Clock())
            stack.push_async_callback(outlet.close)
            return outlet

        yield made


def to_bus(body: Any = None, **more: Any) -> model.Deliver:
    return delivery(model.ToBus("events"), EVENT.plain() if body is None else body, **more)


def changed(**more: Any) -> dict[str, Any]:
    return {**EVENT.plain(), **more}


def refused(outcome: model.Outcome) -> str:
    assert isinstance(outcome, model.Refused), outcome
    return outcome.reason


def test_the_signature_of_the_official_sdk() -> None:
    """The vectors are those of its own tests (util/python/tests/test_client.py there)."""
    text = signing.signed("GET", "", {})
    assert text == "GET\n\n\n\n"
    assert signing.signature(text, "secret") == "Mzu+31oD5IDdv3WFBNIi4Y7JZto="
    told = {
        "x-acs-meta": "user",
        "accept": "application/json",
        "content-md5": "md5",
        "content-type": "application/json",
        "date": "date",
    }
    wanted = "GET\nmd5\napplication/json\ndate\nx-acs-meta:user\nPathname"
    assert signing.signed("GET", "Pathname", told) == wanted


async def test_an_event_arrives(party: Aliyun, make: Make) -> None:
    outcome = await make().perform(to_bus(), model.Attempt())
    assert isinstance(outcome, model.Done)
    assert outcome.ref == "e-1"
    assert outcome.data["request"]
    [one] = await party.bus_events()
    assert one["aliyuneventbusname"] == "sandbox"
    kept = ("id", "source", "type", "subject", "data")
    assert {name: one[name] for name in kept} == {name: EVENT.plain()[name] for name in kept}
    assert datetime.fromisoformat(one["time"]) == AT.replace(microsecond=678000)


async def test_a_second_try_is_the_same_event(party: Aliyun, make: Make) -> None:
    await party.fault("PutEvents", "lose_answer")
    outlet = make()
    lost = await outlet.perform(to_bus(), model.Attempt())
    assert lost == model.NotSent(lost.reason, uncertain=True)
    assert isinstance(await outlet.perform(to_bus(), model.Attempt(uncertain=True)), model.Done)
    first, again = await party.bus_events()
    assert (first["source"], first["id"]) == (again["source"], again["id"])


async def test_an_id_that_no_bus_takes(party: Aliyun, make: Make) -> None:
    outlet = make()
    for name in ("om_a/b c", "om_a/b c", "om_a/b d", "9" * 129):
        outcome = await outlet.perform(to_bus(changed(id=name)), model.Attempt())
        assert isinstance(outcome, model.Done), outcome
    put = await party.bus_events()
    assert [one["originalid"] for one in put] == ["om_a/b c", "om_a/b c", "om_a/b d", "9" * 129]
    assert put[0]["id"] == put[1]["id"]
    assert len({one["id"] for one in put}) == 3


async def test_what_the_platform_sets_is_not_passed_on(party: Aliyun, make: Make) -> None:
    body = changed(aliyuneventbusname="other", aliyunaccountid="1", traceid="t", count=3)
    assert isinstance(await make().perform(to_bus(body), model.Attempt()), model.Done)
    [one] = await party.bus_events()
    assert (one["aliyuneventbusname"], one["traceid"], one["count"]) == ("sandbox", "t", 3)
    assert one["aliyunaccountid"] != "1"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("text", "a bus takes whole events"),
        ({"a": 1}, "a bus takes whole events"),
        (changed(source=""), "the event's source must be a text"),
        (changed(type=5), "the event's type must be a text"),
        (changed(id=None), "the event's id must be a text"),
        (changed(source="s" * 129), "source has 129 characters and a bus takes 128"),
        (changed(type="t" * 65), "type has 65 characters and a bus takes 64"),
        (changed(subject="s" * 513), "subject has 513 characters and a bus takes 512"),
        (changed(time="tomorrow"), "the event's time is no RFC 3339 time"),
        (changed(**{"detail-type": "x"}), "'detail-type' is not of small letters and digits"),
        (changed(more={"a": 1}), "attribute more must be a text, a whole number or a bool"),
        (changed(data={"a": float("inf")}), "the event's data is no JSON"),
        (changed(data="x" * 300_000), "and a bus takes 262,144"),
    ],
)
async def test_what_no_bus_takes_is_not_sent(
    party: Aliyun, make: Make, body: Any, sentence: str
) -> None:
    assert sentence in refused(await make().perform(to_bus(body), model.Attempt()))
    assert party.journal == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"bus": "nowhere"}, "events: there is no such bus: check bus"),
        (
            {"credentials": openapi.Credentials("key", "nobody", "x")},
            "check the access key in [aliyun] (InvalidAccessKeyId",
        ),
        (
            {"credentials": openapi.Credentials("key", world.ALIYUN_KEY_ID, "wr0ng")},
            "check the access key in [aliyun], and this machine's clock (SignatureDoesNotMatch",
        ),
        ({"clock": Clock(timedelta(hours=1))}, "this machine's clock (SignatureDoesNotMatch"),
        (
            {"credentials": openapi.Credentials("key", world.ALIYUN_KEY_ID, "")},
            "credentials in the configuration are incomplete",
        ),
    ],
)
async def test_what_the_bus_refuses(
    party: Aliyun, make: Make, more: dict[str, Any], sentence: str
) -> None:
    assert sentence in refused(await make(**more).perform(to_bus(), model.Attempt()))
    assert await party.bus_events() == []


async def test_temporary_credentials(party: Aliyun, make: Make) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{party.base_url}/sandbox/credentials/bot") as response,
    ):
        keys = await response.json()
    told = openapi.Credentials(
        "key", keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"]
    )
    assert isinstance(await make(credentials=told).perform(to_bus(), model.Attempt()), model.Done)
    party.door.keys.clear()
    assert "InvalidAccessKeyId" in refused(
        await make(credentials=told).perform(to_bus(), model.Attempt())
    )
    assert len(await party.bus_events()) == 1


async def test_no_role_to_be_had(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's chain, with nothing in it."""
    for name in ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    outlet = make()

    class Chain:
        def get_credential(self) -> Any:
            from alibabacloud_credentials.exceptions import CredentialException

            assert threading.current_thread() is not threading.main_thread()
            raise CredentialException("unable to load credentials: s3cret")

    monkeypatch.setattr(outlet._identity, "_client", Chain())
    outcome = await outlet.perform(to_bus(), model.Attempt())
    assert isinstance(outcome, model.NotSent)
    assert "No credentials" in outcome.reason
    assert "s3cret" not in outcome.reason


@pytest.mark.parametrize(
    ("do", "args"),
    [
        ("throttle", {"status": 429, "code": "TooManyRequests"}),
        ("error", {"status": 500, "code": "InternalError"}),
        ("error", {"status": 503, "code": "ServiceUnavailable"}),
        ("error", {"status": 403, "code": "StsAccessIdExpired"}),
        ("entry", {"code": "InternalError", "message": "try again"}),
        ("html", {"status": 502}),
        ("html", {"status": 200}),
        ("hang_up", {}),
        ("lose_answer", {}),
        ("slow", {"seconds": 30}),
    ],
)
async def test_not_now(party: Aliyun, make: Make, do: str, args: dict[str, Any]) -> None:
    await party.fault("PutEvents", do, **args)
    outlet = make(timeout=1.0)
    outcome = await outlet.perform(to_bus(), model.Attempt())
    assert isinstance(outcome, model.NotSent), outcome
    assert outcome.reason.startswith("events: ")
    assert isinstance(await outlet.perform(to_bus(), model.Attempt(uncertain=True)), model.Done)


async def test_an_event_that_was_not_put(party: Aliyun, make: Make) -> None:
    """The call succeeds, and the event's own entry says no."""
    await party.fault("PutEvents", "entry", code="InvalidArgument", message="no such thing")
    assert refused(await make().perform(to_bus(), model.Attempt())) == (
        "events: InvalidArgument: no such thing"
    )
    large = changed(data="x" * 70_000)
    assert "EventSizeExceeded" in refused(await make().perform(to_bus(large), model.Attempt()))
    assert await party.bus_events() == []


async def test_a_private_authority(make: Make, tmp_path: Path) -> None:
    own, bundle = outbound.certificate(tmp_path)
    runner, url = await test_private_authority.served(own)
    try:
        known = await make(endpoint=url, ca_file=str(bundle)).perform(to_bus(), model.Attempt())
        stranger = await make(endpoint=url).perform(to_bus(), model.Attempt())
    finally:
        await runner.cleanup()
    assert "without a clear answer" in getattr(known, "reason", "")
    assert isinstance(stranger, model.NotSent)
    assert "ca_file" in stranger.reason


async def test_nothing_secret_is_told(
    party: Aliyun, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = [repr(eventbridge.Settings(credentials=KEYS)), repr(signing.Keys("k", "s3c", "t0k"))]
    outlet = make()
    for do in ("error", "hang_up", "throttle"):
        await party.fault("PutEvents", do)
        told.append(repr(await outlet.perform(to_bus(), model.Attempt())))
    told.append(repr(await outlet.perform(to_bus(), model.Attempt())))
    said = "\n".join([*told, caplog.text])
    assert not [one for one in (world.ALIYUN_KEY_SECRET, "s3c", "t0k", "acs:") if one in said]


async def test_what_goes_elsewhere_is_refused(party: Aliyun, make: Make) -> None:
    outlet = make()
    for effect in (delivery(model.ToBus("x"), {}), delivery(model.ToHttp("events"), {})):
        assert "there are: events" in refused(await outlet.perform(effect, model.Attempt()))
    assert party.journal == []


@pytest.mark.parametrize(
    ("bus", "wanted"),
    [
        (
            {"account": "123", "region": "cn-hangzhou"},
            "https://123.eventbridge.cn-hangzhou.aliyuncs.com",
        ),
        ({"endpoint": "h.example"}, "https://h.example"),
        ({"endpoint": "http://127.0.0.1:8/"}, "http://127.0.0.1:8"),
        ({"endpoint": "https://h/x"}, "must be a host"),
        ({"endpoint": "ftp://h"}, "must be a host"),
        ({"endpoint": "https://h:99999"}, "cannot be read"),
        ({"endpoint": "https://u:p@h"}, "user name or a password"),
        ({"account": "me", "region": "cn-hangzhou"}, "give its endpoint"),
        ({"account": "1", "region": "x/y"}, "give its endpoint"),
        ({"bus": "a b", "endpoint": "h"}, "letters, digits and hyphens"),
        ({"bus": "default", "endpoint": "h"}, "only Alibaba Cloud's own services"),
    ],
)
def test_where_a_bus_is(bus: dict[str, str], wanted: str) -> None:
    try:
        found = settings.origin(eventbridge.Bus("events", **bus))
    except source.Invalid as fault:
        found = str(fault)
        assert found.startswith("bus 'events': ")
    assert wanted in found


def test_buses_that_cannot_be_meant() -> None:
    one = eventbridge.Bus("events", endpoint="h")
    for told, sentence in (
        (eventbridge.Settings((one, one)), "two buses are called 'events'"),
        (eventbridge.Settings((one,), ca_file="/nowhere.pem"), "holds no certificates"),
    ):
        with pytest.raises(source.Invalid, match=sentence):
            EventBridge(told, Clock())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


@given(st.dictionaries(st.sampled_from(["id", "source", "type", "time", "a", "A"]), JSON))
def test_any_body_is_an_event_or_a_sentence(body: dict[str, Any]) -> None:
    try:
        found = json.loads(events.encoded(events.event(body, "b", AT)))
    except events.BadEvent:
        return
    assert (found[0]["source"], found[0]["aliyuneventbusname"]) == (body["source"], "b")


@given(st.integers(100, 599), JSON | st.dictionaries(st.just("EntryList"), JSON))
def test_any_answer_is_an_outcome(status: int, body: Any) -> None:
    outcome = answers.outcome("events", http.Answer(status, json.dumps(body), {}), AT)
    assert isinstance(outcome, model.Done | model.Refused | model.NotSent)


@pytest.mark.parametrize(
    ("after", "seconds"), [("", 0.0), ("7", 7.0), ("9" * 30, 3600.0), ("soon", 0.0), ("٣", 0.0)]
)
def test_when_to_come_back(after: str, seconds: float) -> None:
    body = '{"code": "TooManyRequests", "message": "m"}'
    outcome = answers.outcome("events", http.Answer(429, body, {"Retry-After": after}), AT)
    assert outcome == model.NotSent("events: HTTP status 429 TooManyRequests: m", seconds)


async def test_the_proxy_of_the_environment(
    party: Aliyun, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the other calls to Alibaba Cloud: used, but not where NO_PROXY exempts a host."""
    hosts: list[str] = []

    async def pass_on(request: web.BaseRequest) -> web.Response:
        hosts.append(request.host)
        return web.Response(status=502)

    async with test_utils.RawTestServer(pass_on) as proxy:
        monkeypatch.setenv("http_proxy", str(proxy.make_url("/")))
        monkeypatch.setenv("no_proxy", "exempt.invalid")
        await make(endpoint="http://bus.invalid").perform(to_bus(), model.Attempt())
        outlet = make(endpoint="http://exempt.invalid")
        assert isinstance(await outlet.perform(to_bus(), model.Attempt()), model.NotSent)
    assert set(hosts) == {"bus.invalid"}
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert isinstance(await make().perform(to_bus(), model.Attempt()), model.Done)


async def test_the_stand_in_delivers_to_http(party: Aliyun) -> None:
    async with outlet_stage.served_sink() as sink:
        url = f"{sink.base_url}/in"
        assert await party.deliver(url, EVENT.plain(), token="t") == {"status": 202, "text": ""}
        await sink.fault("/in", "status", status=429)
        assert (await party.deliver(url, EVENT.plain()))["status"] == 429
        [one] = await sink.received()
    assert one["body"] == EVENT.plain()
    assert one["headers"]["x-eventbridge-signature-token"] == "t"
