"""Who may send: signatures, tokens, replays, addresses, pace; and that every no is on record."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from pathlib import Path
from typing import Any

import pytest

from adapters import inlet
from adapters.inlet import gate, refusal, server
from bot import model
from bot.model import ports
from tests.adapters.inlet_stage import EVENT, SECRET, dumped, source, staged
from tests.bot import rig

JSON = "application/cloudevents+json"
BODY = dumped(EVENT)


def test_the_signature_is_what_the_documentation_says() -> None:
    """Written out once more, with a vector that anybody can check with openssl."""
    text = b'1767225600.nonce-0001.{"a":1}'
    wanted = hmac.new(b"secret", text, hashlib.sha256).hexdigest()
    assert gate.signature("secret", "1767225600", "nonce-0001", b'{"a":1}') == wanted
    assert wanted == "acb4da397b5187ed458bedb53d688ab036f3b65df322ae1c2f404c349b963212"


# ----------------------------------------------------------------------------- signatures


@pytest.mark.parametrize(
    ("changed", "word", "text"),
    [
        ({"signature": "0" * 64}, "forged", "the signature is wrong"),
        ({"signature": "é"}, "forged", "the signature is wrong"),
        ({"secret": "another"}, "forged", "the signature is wrong"),
        ({"timestamp": "1772352301x"}, "unsigned", "is in seconds"),
        ({"timestamp": "-5"}, "unsigned", "is in seconds"),
        ({"timestamp": "9" * 13}, "unsigned", "is in seconds"),
        ({"nonce": "short"}, "unsigned", "is in seconds"),
        ({"nonce": "with.a.stop"}, "unsigned", "is in seconds"),
        ({"nonce": "x" * 129}, "unsigned", "is in seconds"),
        ({"timestamp": "1"}, "stale", "too far from now"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_is_not_signed_right_stays_outside(
    tmp_path: Path, changed: dict[str, str], word: str, text: str
) -> None:
    async with staged(tmp_path) as stage:
        answer = await stage.signed_post("/in/shop", EVENT, **changed)
        assert answer.status == 401
        assert text in answer.body["error"]
        assert SECRET not in str(answer)
        assert stage.events == []
        await stage.told(word)
        assert stage.audit() == [
            (
                "event.refused",
                {"via": "shop", "reason": word, "address": "127.0.0.1", "count": 1},
            )
        ]


async def test_the_body_belongs_to_the_signature(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        headers = {"Content-Type": JSON, **stage.signed(BODY)}
        answer = await stage.send("/in/shop", BODY.replace(b"12.5", b"99.5"), headers)
        assert answer.status == 401
        assert (await stage.send("/in/shop", BODY, headers)).status == 202


@pytest.mark.parametrize("seconds", [-299, 0, 299])
async def test_clocks_may_differ_a_little(tmp_path: Path, seconds: int) -> None:
    async with staged(tmp_path) as stage:
        moment = int(stage.clock.now().timestamp()) + seconds
        answer = await stage.signed_post("/in/shop", EVENT, timestamp=str(moment))
        assert answer.status == 202


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_but_not_more_than_that(tmp_path: Path, seconds: int) -> None:
    async with staged(tmp_path) as stage:
        moment = int(stage.clock.now().timestamp()) + seconds
        answer = await stage.signed_post("/in/shop", EVENT, timestamp=str(moment))
        assert (answer.status, answer.body["error"]) == (401, "the timestamp is too far from now")


async def test_a_request_is_good_once(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        headers = {"Content-Type": JSON, **stage.signed(BODY)}
        assert (await stage.send("/in/shop", BODY, headers)).status == 202
        for _ in range(3):
            answer = await stage.send("/in/shop", BODY, headers)
            assert (answer.status, answer.body) == (401, {"error": "the nonce was used before"})
        stage.clock.advance(seconds=300)  # still within the window, on its last second
        assert (await stage.send("/in/shop", BODY, headers)).status == 401
        stage.clock.advance(seconds=1)
        answer = await stage.send("/in/shop", BODY, headers)
        assert answer.body == {"error": "the timestamp is too far from now"}
        assert len(stage.events) == 1


async def test_a_restart_forgets_nonces_and_still_takes_nothing_twice(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        headers = {"Content-Type": JSON, **stage.signed(BODY)}
        first = await stage.send("/in/shop", BODY, headers)
    async with staged(tmp_path) as stage:
        again = await stage.send("/in/shop", BODY, headers)
        assert (first.status, again.status) == (202, 200)
        assert again.body == first.body


async def test_what_was_sent_to_one_source_does_not_do_for_another(tmp_path: Path) -> None:
    other = source(name="till", path="/in/till")  # careless: the same secret
    async with staged(tmp_path, source(), other) as stage:
        headers = {"Content-Type": JSON, **stage.signed(BODY)}
        assert (await stage.send("/in/shop", BODY, headers)).status == 202
        assert (await stage.send("/in/till", BODY, headers)).status == 401


async def test_a_request_that_was_not_taken_may_come_again_as_it_is(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:

        async def closed(event: model.Event) -> model.Receipt:
            raise ports.Closed("no")

        stage.answerer = closed
        headers = {"Content-Type": JSON, **stage.signed(BODY)}
        answer = await stage.send("/in/shop", BODY, headers)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "5"
        stage.answerer = None
        assert (await stage.send("/in/shop", BODY, headers)).status == 202
        assert stage.audit() == []  # it was not the sender's fault


def test_the_memory_of_nonces_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_NONCES", 3)
    nonces = gate.Nonces()
    assert [nonces.take(name, 10.0, 1.0) for name in ("a", "b", "a", "c")] == [
        True,
        True,
        False,
        True,
    ]
    with pytest.raises(refusal.Refusal) as fault:
        nonces.take("d", 10.0, 1.0)
    assert fault.value.status == 429
    assert nonces.take("d", 20.0, 10.5)
    assert len(nonces) == 1


# ----------------------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/in/shop", {"Authorization": "Bearer t0ken"}),
        ("/in/shop", {"authorization": "bearer  t0ken "}),
        ("/in/shop", {"X-Countersign-Token": "t0ken"}),
        ("/in/shop", {"x-eventbridge-signature-token": "t0ken"}),
        ("/in/shop?token=t0ken", {}),
    ],
)
async def test_a_token_in_each_place(tmp_path: Path, path: str, headers: dict[str, str]) -> None:
    async with staged(tmp_path, source(secret="", token="t0ken")) as stage:
        answer = await stage.send(path, BODY, {"Content-Type": JSON, **headers})
        assert answer.status == 202


@pytest.mark.parametrize(
    ("path", "headers", "word"),
    [
        ("/in/shop", {"Authorization": "Bearer t0ke"}, "forged"),
        ("/in/shop", {"Authorization": "Bearer t0kené"}, "forged"),
        ("/in/shop", {"Authorization": "Basic t0ken"}, "unsigned"),
        ("/in/shop", {}, "unsigned"),
        ("/in/shop?token=", {}, "unsigned"),
    ],
)
async def test_a_token_that_is_wrong(
    tmp_path: Path, path: str, headers: dict[str, str], word: str
) -> None:
    async with staged(tmp_path, source(secret="", token="t0ken")) as stage:
        answer = await stage.send(path, BODY, {"Content-Type": JSON, **headers})
        assert answer.status == 401
        assert "t0ken" not in str(answer)
        await stage.told(word)


async def test_a_source_with_both_takes_either(tmp_path: Path) -> None:
    async with staged(tmp_path, source(token="t0ken")) as stage:
        assert (await stage.signed_post("/in/shop", EVENT)).status == 202
        answer = await stage.post("/in/shop", EVENT, JSON, Authorization="Bearer t0ken")
        assert answer.status == 200
        assert (await stage.post("/in/shop", EVENT, JSON)).status == 401
        wrong = await stage.post("/in/shop", EVENT, JSON, Authorization="Bearer x")
        assert wrong.status == 401


async def test_without_a_secret_only_at_home(tmp_path: Path) -> None:
    open_ = source(secret="")
    async with staged(tmp_path, open_) as stage:
        assert (await stage.post("/in/shop", EVENT, JSON)).status == 202
        for header in ("X_Forwarded_For", "Forwarded", "Via", "X_Real_IP"):
            passed_on = await stage.post("/in/shop", EVENT, JSON, **{header: "203.0.113.9"})
            assert passed_on.status == 403, "a proxy stood before it, and nobody knows who sent it"
        await stage.told("forwarded")
    for host in ("0.0.0.0", "::", "192.0.2.7", "bot.example"):
        with pytest.raises(ValueError, match="source shop has no secret"):
            inlet.Settings(listen=f"{host}:0", sources=(open_,))
    for host in ("127.0.0.1", "127.3.2.1", "::1", "localhost"):
        inlet.Settings(listen=f"{host}:0", sources=(open_,))


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"x-forwarded-server": "a"}, "it was passed on (x-forwarded-server)"),
        ({"x-original-forwarded-for": "a"}, "it was passed on (x-original-forwarded-for)"),
        ({"x-envoy-external-address": "a"}, "it was passed on (x-envoy-external-address)"),
        ({"ali-cdn-real-ip": "a"}, "it was passed on (ali-cdn-real-ip)"),
        ({"origin": "https://shop.example"}, "it comes from a web page (origin)"),
        ({"host": "bot.example.com"}, "it asks for a host that is not 127.0.0.1 or localhost"),
        ({"host": "[::1"}, "it asks for a host that is not 127.0.0.1 or localhost"),
        ({"host": "localhost:17380"}, ""),
        ({"host": "[::1]:17380", "x-request-id": "1"}, ""),
        ({}, ""),
    ],
)
def test_without_a_secret_only_a_program_of_this_machine_speaks(
    headers: dict[str, str], why: str
) -> None:
    at = gate.Gate(source(secret=""), gate.Nonces())
    if not why:
        at.check_presence(headers, {})
        return
    with pytest.raises(refusal.Refusal) as refused:
        at.check_presence(headers, {})
    assert (refused.value.status, refused.value.text) == (
        403,
        f"{why}, and this source has no secret",
    )


# ----------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("addresses", "status"),
    [
        ((), 202),
        (("127.0.0.1",), 202),
        (("192.0.2.0/24", "127.0.0.0/8"), 202),
        (("192.0.2.0/24",), 403),
        (("2001:db8::/32",), 403),
    ],
)
async def test_addresses(tmp_path: Path, addresses: tuple[str, ...], status: int) -> None:
    async with staged(tmp_path, source(addresses=addresses)) as stage:
        answer = await stage.signed_post("/in/shop", EVENT)
        assert answer.status == status
        if status == 403:
            assert answer.body == {"error": "not from this address"}
            await stage.told("address")


def test_addresses_of_both_kinds() -> None:
    at = gate.Gate(source(addresses=("192.0.2.0/24", "fe80::/10")), gate.Nonces())
    for address in ("192.0.2.9", "::ffff:192.0.2.9", "fe80::1%eth0"):
        at.check_address(address)
    for address in ("192.0.3.1", "::ffff:192.0.3.1", "2001:db8::1", "", "unix"):
        with pytest.raises(refusal.Refusal):
            at.check_address(address)


async def test_what_a_proxy_says_of_the_address_is_not_believed(tmp_path: Path) -> None:
    async with staged(tmp_path, source(addresses=("192.0.2.1",))) as stage:
        headers = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"}
        answer = await stage.send(
            "/in/shop", BODY, {"Content-Type": JSON, **stage.signed(BODY), **headers}
        )
        assert answer.status == 403


# ----------------------------------------------------------------------------- pace


async def test_a_sender_may_not_send_too_much(tmp_path: Path) -> None:
    async with staged(tmp_path, source(per_minute=3)) as stage:
        for number in range(3):
            event = EVENT | {"id": str(number)}
            assert (await stage.signed_post("/in/shop", event)).status == 202
        answer = await stage.signed_post("/in/shop", EVENT)
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 21
        stage.clock.advance(seconds=int(answer.headers["Retry-After"]))
        assert (await stage.signed_post("/in/shop", EVENT)).status == 202
        await stage.told("rate")


# ----------------------------------------------------------------------------- what is looked at


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_only_post(tmp_path: Path, method: str) -> None:
    async with staged(tmp_path) as stage:
        answer = await stage.post("/in/shop", b"", method=method)
        assert answer.status == 405
        assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/", "/in", "/in/shop/", "/in/shop/x", "/in//shop", "/IN/shop"])
async def test_the_path_is_exact(tmp_path: Path, path: str) -> None:
    async with staged(tmp_path) as stage:
        answer = await stage.signed_post(path, EVENT)
        assert (answer.status, answer.body) == (404, {"error": "nothing is here"})
        assert stage.taken == []


@pytest.mark.parametrize(
    ("kind", "given", "status"),
    [
        ("cloudevents", "application/json", 415),
        ("cloudevents", "text/plain", 415),
        ("cloudevents", "", 415),
        ("cloudevents", "Application/CloudEvents+JSON; charset=UTF-8", 202),
        ("eventbridge", "application/cloudevents+json", 202),
        ("eventbridge", "text/html", 415),
        ("webhook", "application/x-www-form-urlencoded", 415),
        ("webhook", "application/vnd.api+json", 202),
    ],
)
async def test_content_types(tmp_path: Path, kind: str, given: str, status: int) -> None:
    async with staged(tmp_path, source(kind)) as stage:
        assert (await stage.signed_post("/in/shop", EVENT, given)).status == status


async def test_compressed_bodies_stay_outside(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip", **stage.signed(BODY)}
        answer = await stage.send("/in/shop", BODY, headers)
        assert answer.status == 415
        assert stage.events == []


# ----------------------------------------------------------------------------- on record


async def test_a_flood_is_told_once_in_a_while_with_a_count(tmp_path: Path) -> None:
    async with staged(tmp_path, source(), source(name="till", path="/in/till")) as stage:
        for _ in range(30):
            await stage.signed_post("/in/shop", EVENT, signature="0" * 64)
        await stage.signed_post("/in/till", EVENT, signature="0" * 64)
        await stage.told("forged", "forged")
        stage.clock.advance(seconds=61)
        await stage.signed_post("/in/shop", EVENT, signature="0" * 64)
        await stage.told("forged", "forged", "forged")
        counts = [(facts["via"], facts["count"]) for _, facts in stage.audit()]
        assert counts == [("shop", 1), ("till", 1), ("shop", 30)]
        for _ in range(5):
            await stage.signed_post("/in/till", EVENT, signature="0" * 64)
        await stage.stop()  # what was not told yet is told at the end
        of_till = [facts["count"] for _, facts in stage.audit() if facts["via"] == "till"]
        assert sum(of_till) == 6
        assert len(of_till) <= 3


async def test_what_is_left_is_told_without_another_request(tmp_path: Path) -> None:
    async with staged(tmp_path, tell_every=0.05) as stage:
        for _ in range(4):
            await stage.signed_post("/in/shop", EVENT, signature="0" * 64)
        await stage.told("forged")
        stage.clock.advance(seconds=1)

        def all_told() -> bool:
            return sum(int(facts["count"]) for _, facts in stage.audit()) == 4

        await rig.until(all_told)


async def test_no_secret_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop = source(token="t0ken-of-the-shop")
    async with staged(tmp_path, shop) as stage:
        await stage.signed_post("/in/shop", EVENT)
        await stage.post("/in/shop?token=t0ken-of-the-shop", EVENT, JSON)
        await stage.post("/in/shop", EVENT, JSON, Authorization="Bearer wr0ng-token")
        await stage.signed_post("/in/shop", EVENT, signature="0" * 64)
        await stage.raw(b"GARBAGE t0ken-of-the-shop\r\n\r\n")
        await stage.told("duplicate", "forged")
    for text in (caplog.text, repr(shop), repr(inlet.Settings(sources=(shop,)))):
        assert "t0ken-of-the-shop" not in text
        assert "wr0ng-token" not in text
        assert SECRET not in text


# ----------------------------------------------------------------------------- bad settings


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"path": "in/shop"}, "the path must begin with /"),
        ({"path": "/é"}, "the path must begin with /"),
        ({"path": "/a?b"}, "the path must begin with /"),
        ({"addresses": ("300.1.1.1",)}, "300.1.1.1"),
        ({"mapping": {"type": "$.x"}}, "only person can be mapped, not type"),
        ({"kind": "webhook", "mapping": {"kind": "$.x"}}, "can be mapped, not kind"),
        ({"kind": "webhook", "mapping": {"id": "$..x"}}, "mapping of id: '$..x' is no path"),
        ({"mapping": {"person": "$.a[x]"}}, r"goes wrong at '\[x\]'"),
        ({"window": 0}, "window and per_minute must be more than 0"),
        ({"per_minute": 0}, "window and per_minute must be more than 0"),
        ({"kind": "lark"}, r"\[lark\] must be configured, too"),
        (
            {"kind": "lark", "secret": "", "decode": lambda payload: None},
            "what lark sends must be told by a secret",
        ),
        (
            {"kind": "dingtalk", "encrypt_key": "x", "decode": lambda payload: None},
            "aes_key has 43 letters",
        ),
        (
            {"kind": "dingtalk", "token": "t", "decode": lambda payload: None},
            "need both token and aes_key",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_settings_that_cannot_work(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("$", r"\$") if "\\" not in told else told):
        source(**{"kind": "cloudevents", **changed})


def test_names_and_paths_are_unique() -> None:
    with pytest.raises(ValueError, match="the same path: /in/shop"):
        inlet.Settings(sources=(source(), source(name="b")))
    with pytest.raises(ValueError, match="the same name: shop"):
        inlet.Settings(sources=(source(), source(path="/b")))


async def test_an_address_that_is_taken(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        second = server.Inlet(inlet.Settings(listen=f"127.0.0.1:{stage.inlet.port}"), stage.clock)
        with pytest.raises(ports.CannotListen, match=r"can't listen on 127\.0\.0\.1:\d+ for"):
            await second.run(stage.submit, stage.hurry, asyncio.Event().set)
