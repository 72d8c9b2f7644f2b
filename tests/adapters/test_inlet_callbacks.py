"""The chat platforms' callbacks over HTTP, for companies that can't use streams."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import AES

from adapters.dingtalk import events as dingtalk_events
from adapters.dingtalk import settings as ding_settings
from adapters.dingtalk.chat import DingTalk
from adapters.inlet import callback, ciphers, dingtalk, lark, refusal
from adapters.lark import chat as adapters_lark
from adapters.lark import events as lark_events
from adapters.lark import settings as lark_settings
from bot import model
from bot.model import ports
from sandbox import base, world
from sandbox.lark import Lark, sdk
from tests.adapters.inlet_stage import Answer, Stage, dumped, source, staged
from tests.bot import rig
from tests.sandbox import lark_client

JSON = "application/json"
NOW = str(int(rig.START.timestamp() * 1000))
CLICK_ANSWER = {"toast": {"type": "info", "content": "done"}}

# ----------------------------------------------------------------------------- Lark

LARK_KEY = "test key"
LARK_TOKEN = "verification-token"
APPROVED = {
    "ts": "1772352000.1",
    "uuid": "evt-uuid-1",
    "token": LARK_TOKEN,
    "type": "event_callback",
    "event": {
        "app_id": "cli_demo",
        "tenant_key": "tk_demo",
        "type": "approval_instance",
        "approval_code": "7C468A54",
        "instance_code": "81D31358",
        "status": "APPROVED",
        "operate_time": "1772352000000",
    },
}
PRESSED = {
    "schema": "2.0",
    "header": {
        "event_id": "ev-2",
        "event_type": "card.action.trigger",
        "create_time": "1772352000000000",
        "token": LARK_TOKEN,
        "tenant_key": "tk_demo",
    },
    "event": {
        "operator": {"tenant_key": "tk_demo", "open_id": "ou_bob"},
        "token": "c-1",
        "action": {"tag": "button", "value": {"act": "approve", "rid": 42}},
        "context": {"open_message_id": "om_card", "open_chat_id": "oc_ops"},
    },
}
CHALLENGE = {"challenge": "ajls384k", "token": LARK_TOKEN, "type": "url_verification"}


def lark_source(**changed: Any) -> Any:
    fields: dict[str, Any] = {
        "secret": "",
        "token": LARK_TOKEN,
        "encrypt_key": LARK_KEY,
        "decode": lambda payload: lark_events.to_event(payload, "ou_bot", rig.START),
        "answer": lambda receipt: CLICK_ANSWER,
        **changed,
    }
    return source("lark", **fields)


def lark_encrypted(payload: Any, key: str = LARK_KEY) -> bytes:
    """As Lark does it, by another library than ours."""
    plain, vector = dumped(payload), b"0123456789abcdef"
    plain += bytes([16 - len(plain) % 16]) * (16 - len(plain) % 16)
    engine = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, vector)
    return dumped({"encrypt": base64.b64encode(vector + engine.encrypt(plain)).decode()})


def lark_headers(body: bytes, key: str = LARK_KEY, at: str = "1772352000") -> dict[str, str]:
    text = at.encode() + b"nonce" + key.encode() + body
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Lark-Request-Timestamp": at,
        "X-Lark-Request-Nonce": "nonce",
        "X-Lark-Signature": hashlib.sha256(text).hexdigest(),
    }


async def lark_post(stage: Stage, payload: Any, key: str = LARK_KEY) -> Answer:
    body = lark_encrypted(payload, key)
    return await stage.send("/in/shop", body, lark_headers(body, key))


def test_the_vector_of_the_documentation() -> None:
    text = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="
    vendor = sdk.load("lark_oapi.core.utils.decryptor").AESCipher
    assert vendor("test key").decrypt_str(text) == "hello world"
    secret, key = ciphers.decoded(text), hashlib.sha256(b"test key").digest()
    assert ciphers.decrypt(key, secret[:16], secret[16:], 16) == b"hello world"


async def test_lark_verifies_the_address(tmp_path: Path) -> None:
    async with staged(tmp_path, lark_source()) as stage:
        body = lark_encrypted(CHALLENGE)  # this one comes without a signature
        answer = await stage.send("/in/shop", body, {"Content-Type": JSON})
        assert (answer.status, answer.body) == (200, {"challenge": "ajls384k"})
        wrong = lark_encrypted(CHALLENGE | {"token": "guessed"})
        answer = await stage.send("/in/shop", wrong, {"Content-Type": JSON})
        assert answer.status == 401
        assert stage.events == []


async def test_larks_events_are_those_of_its_long_connection(tmp_path: Path) -> None:
    async with staged(tmp_path, lark_source()) as stage:
        answer = await lark_post(stage, APPROVED)
        assert (answer.status, answer.body) == (200, {})
        assert stage.taken == [lark_events.to_event(APPROVED, "ou_bot", rig.START)]
        assert isinstance(stage.taken[0], model.FormChanged)
        assert (await lark_post(stage, APPROVED)).status == 200  # redelivered
        await stage.told("duplicate")
        answer = await lark_post(stage, PRESSED)
        assert (answer.status, answer.body) == (200, CLICK_ANSWER)
        clicked = stage.taken[-1]
        assert isinstance(clicked, model.CardAction)
        assert clicked.account.id == "ou_bob"
        unknown = PRESSED | {"header": PRESSED["header"] | {"event_type": "im.chat.updated_v1"}}
        answer = await lark_post(stage, unknown)
        assert (answer.status, answer.body) == (200, {})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, headers: (body, headers | {"X-Lark-Signature": "0" * 64}),
        lambda body, headers: (body, {"Content-Type": JSON}),
        lambda body, headers: (body, headers | {"X-Lark-Request-Nonce": "other"}),
        lambda body, headers: (dumped(APPROVED), lark_headers(dumped(APPROVED))),
        lambda body, headers: (body[:-10] + b'AAAA"}', headers),
        lambda body, headers: (b'{"encrypt":"AAAA"}', lark_headers(b'{"encrypt":"AAAA"}')),
        lambda body, headers: (b'{"encrypt":7}', lark_headers(b'{"encrypt":7}')),
        lambda body, headers: (lark_encrypted(APPROVED, "k2"), headers),
        lambda body, headers: (
            lark_encrypted(APPROVED | {"token": "x"}),
            lark_headers(lark_encrypted(APPROVED | {"token": "x"})),
        ),
        lambda body, headers: (lark_encrypted([1]), lark_headers(lark_encrypted([1]))),
    ],
    ids=range(10),
)
async def test_what_lark_did_not_send(tmp_path: Path, spoil: Any) -> None:
    async with staged(tmp_path, lark_source()) as stage:
        body = lark_encrypted(APPROVED)
        answer = await stage.send("/in/shop", *spoil(body, lark_headers(body)))
        assert answer.status == 401
        assert answer.body == {"error": "this was not signed or encrypted with our key"}
        assert stage.events == []
        await stage.told("forged")


@pytest.mark.parametrize("at", ["1", "1772351600", "1772352400", "0", "x", ""])
async def test_what_lark_signed_long_ago_is_refused(tmp_path: Path, at: str) -> None:
    """Whoever recorded a callback may send it as it was."""
    async with staged(tmp_path, lark_source()) as stage:
        body = lark_encrypted(PRESSED)
        assert (await stage.send("/in/shop", body, lark_headers(body, at=at))).status == 401
        assert stage.taken == [] or isinstance(stage.taken[0], model.IngressRejected)
        await stage.told("stale" if at.isdecimal() else "forged")
        near = lark_headers(body, at=str(int(rig.START.timestamp()) - 299))
        assert (await stage.send("/in/shop", body, near)).status == 200


async def test_lark_without_encryption_is_told_by_its_token(tmp_path: Path) -> None:
    async with staged(tmp_path, lark_source(encrypt_key="")) as stage:
        assert (await stage.post("/in/shop", CHALLENGE, JSON)).body == {"challenge": "ajls384k"}
        assert (await stage.post("/in/shop", APPROVED, JSON)).status == 200
        assert len(stage.taken) == 1
        for token in ("guessed", "", None, 7):
            answer = await stage.post("/in/shop", APPROVED | {"token": token}, JSON)
            assert answer.status == 401
        answer = await stage.send("/in/shop", lark_encrypted(APPROVED), {"Content-Type": JSON})
        assert answer.status == 400


# ----------------------------------------------------------------------------- DingTalk

DING_TOKEN = "tokenxxxx"
DING_KEY = "o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus"
APP_SECRET = "SECtest"
CARD_SECRET = "card-secret"
FINISHED = {
    "EventType": "bpms_instance_change",
    "CorpId": "dingCORP",
    "processInstanceId": "kNpm",
    "processCode": "PROC-AAAA",
    "type": "finish",
    "result": "agree",
    "staffId": "0948",
    "createTime": 1772351000000,
    "finishTime": 1772352000000,
}
CHAT = {
    "conversationId": "cidGROUP==",
    "conversationType": "2",
    "chatbotCorpId": "dingCORP",
    "chatbotUserId": "$:BOT",
    "msgId": "msgX==",
    "msgtype": "text",
    "text": {"content": " approve 42"},
    "senderStaffId": "0948",
    "senderCorpId": "dingCORP",
    "createAt": 1772352000000,
}
CARD = {
    "type": "actionCallback",
    "outTrackId": "appr-42-r1",
    "corpId": "dingCORP",
    "userId": "0612",
    "content": '{"cardPrivateData":{"actionIds":["approve"],"params":{"rid":"42"}}}',
}


def ding_decode(frame: Mapping[str, Any]) -> model.Event | None:
    found = dingtalk_events.to_event(dict(frame), rig.START)
    return None if isinstance(found, dingtalk_events.Ignored) else found


def ding_source(**changed: Any) -> Any:
    fields: dict[str, Any] = {
        "secret": APP_SECRET,
        "card_secret": CARD_SECRET,
        "token": DING_TOKEN,
        "encrypt_key": DING_KEY,
        "owner": "dingxxxxxx",
        "decode": ding_decode,
        "answer": lambda receipt: {"cardData": {"cardParamMap": {"tips": "done"}}},
        **changed,
    }
    return source("dingtalk", **fields)


def ding_encrypted(text: bytes, owner: str = "dingxxxxxx") -> str:
    """As DingTalk does it, by another library than ours."""
    key = base64.b64decode(DING_KEY + "=")
    plain = b"0123456789abcdef" + len(text).to_bytes(4, "big") + text + owner.encode()
    plain += bytes([32 - len(plain) % 32]) * (32 - len(plain) % 32)
    return base64.b64encode(AES.new(key, AES.MODE_CBC, key[:16]).encrypt(plain)).decode()


async def ding_event(stage: Stage, payload: Any, **changed: str) -> Answer:
    encrypted = changed.get("encrypted") or ding_encrypted(dumped(payload))
    signed = dingtalk.event_signature(DING_TOKEN, NOW, "abc", encrypted)
    given = changed.get("signature") or signed
    query = f"?{changed.get('name', 'msg_signature')}={given}&timestamp={NOW}&nonce=abc"
    return await stage.post(f"/in/shop{query}", {"encrypt": encrypted}, JSON)


def ding_said(answer: Answer) -> bytes:
    """What an encrypted answer says, if it is signed right."""
    body = answer.body
    assert body["msg_signature"] == dingtalk.event_signature(
        DING_TOKEN, body["timeStamp"], body["nonce"], body["encrypt"]
    )
    key = base64.b64decode(DING_KEY + "=")
    plain = AES.new(key, AES.MODE_CBC, key[:16]).decrypt(base64.b64decode(body["encrypt"]))
    plain = plain[: -plain[-1]]
    size = int.from_bytes(plain[16:20], "big")
    assert plain[20 + size :] == b"dingxxxxxx"
    return plain[20 : 20 + size]


def test_the_vector_of_dingtalks_own_library() -> None:
    """github.com/open-dingtalk/DingTalk-Callback-Crypto, its example."""
    text = (
        "X1VSe9cTJUMZu60d3kyLYTrBq5578ZRJtteU94wG0Q4Uk6E/wQYeJRIC0/UFW5Wkya1Ihz9oXAdLlyC9TRaqsQ=="
    )
    signed = dingtalk.event_signature(DING_TOKEN, "1605695694141", "WelUQl6bCqcBa2fM", text)
    assert signed == "f36f4ba5337d426c7d4bca0dbcb06b3ddc1388fc"
    key = base64.b64decode(DING_KEY + "=")
    plain = ciphers.decrypt(key, key[:16], ciphers.decoded(text), 32)
    assert plain[20:].endswith(b"dingxxxxxx")
    assert len(plain) == 20 + int.from_bytes(plain[16:20], "big") + len("dingxxxxxx")


def test_the_vectors_of_the_robots_signature() -> None:
    signed = dingtalk.robot_signature("SECtest", "1700000000000")
    assert signed == "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g="


@pytest.mark.parametrize("name", ["msg_signature", "signature"])
async def test_dingtalk_verifies_the_address(tmp_path: Path, name: str) -> None:
    async with staged(tmp_path, ding_source()) as stage:
        answer = await ding_event(stage, {"EventType": "check_url"}, name=name)
        assert answer.status == 200
        assert ding_said(answer) == b"success"
        assert stage.taken == []


async def test_dingtalks_events_are_those_of_its_streams(tmp_path: Path) -> None:
    async with staged(tmp_path, ding_source()) as stage:
        answer = await ding_event(stage, FINISHED)
        assert ding_said(answer) == b"success"
        [event] = stage.taken
        assert isinstance(event, model.FormChanged)
        assert (event.tenant, event.form, event.instance) == ("dingCORP", "PROC-AAAA", "kNpm")
        assert event.status == "approved"
        assert ding_said(await ding_event(stage, FINISHED)) == b"success"
        await stage.told("duplicate")
        other = {**FINISHED, "EventType": "user_add_org"}
        assert ding_said(await ding_event(stage, other)) == b"success"


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": "0" * 40},
        {"encrypted": "AAAA"},
        {"encrypted": "!"},
        {"encrypted": ding_encrypted(dumped(FINISHED), "dingother")},
        {"encrypted": ding_encrypted(b"no json")},
        {"encrypted": base64.b64encode(b"x" * 64).decode()},
    ],
    ids=range(6),
)
async def test_what_dingtalk_did_not_send(tmp_path: Path, changed: dict[str, str]) -> None:
    async with staged(tmp_path, ding_source()) as stage:
        answer = await ding_event(stage, FINISHED, **changed)
        assert answer.status == 401
        await stage.told("forged")
        assert stage.events == []


async def test_a_robot_in_http_mode(tmp_path: Path) -> None:
    async with staged(tmp_path, ding_source()) as stage:
        signed = {"timestamp": NOW, "sign": dingtalk.robot_signature(APP_SECRET, NOW)}
        answer = await stage.post("/in/shop", CHAT, "application/json; charset=utf-8", **signed)
        assert (answer.status, answer.body) == (200, {"msgtype": "empty"})
        [event] = stage.taken
        assert isinstance(event, model.MessageReceived)
        assert (event.text, event.account.id) == ("approve 42", "0948")
        assert event.id == "dingtalk:msg:msgX=="
        for spoilt in (
            {"sign": "x"},
            {"timestamp": str(int(NOW) - 1)},
            {"timestamp": ""},
        ):
            answer = await stage.post("/in/shop", CHAT, JSON, **(signed | spoilt))
            assert answer.status == 401
        stage.clock.advance(hours=1, seconds=1)
        answer = await stage.post("/in/shop", CHAT, JSON, **signed)
        assert answer.body == {"error": "the timestamp is too far from now"}


async def test_a_button_of_a_card(tmp_path: Path) -> None:
    async with staged(tmp_path, ding_source()) as stage:

        async def press(at: str, secret: str = CARD_SECRET) -> Answer:
            signed = {
                "x_ddpaas_signature_timestamp": at,
                "x_ddpaas_signature": dingtalk.card_signature(secret, at),
            }
            return await stage.post("/in/shop", CARD, JSON, **signed)

        answer = await press(NOW)
        assert (answer.status, answer.body) == (
            200,
            {"cardData": {"cardParamMap": {"tips": "done"}}},
        )
        [event] = stage.taken
        assert isinstance(event, model.CardAction)
        assert (event.action, event.request, event.account.id) == ("approve", 42, "0612")
        assert (await press(NOW)).status == 200  # the very same request again
        await stage.told("duplicate")
        await press(str(int(NOW) + 1))  # pressed once more
        assert len({event.id for event in stage.taken if isinstance(event, model.CardAction)}) == 2
        assert (await press(NOW, "guessed")).status == 401


async def test_secrets_that_are_not_set_open_nothing(tmp_path: Path) -> None:
    only_events = ding_source(secret="", card_secret="")
    async with staged(tmp_path, only_events) as stage:
        robot = {"timestamp": NOW, "sign": dingtalk.robot_signature("", NOW)}
        card = {
            "x_ddpaas_signature_timestamp": NOW,
            "x_ddpaas_signature": dingtalk.card_signature("", NOW),
        }
        for signed in (robot, card):
            assert (await stage.post("/in/shop", CHAT, JSON, **signed)).status == 401
    only_robots = ding_source(token="", encrypt_key="", card_secret="")
    async with staged(tmp_path, only_robots) as stage:
        assert (await ding_event(stage, FINISHED)).status == 401


def test_garbage_is_refused_in_the_same_words() -> None:
    """Nobody can tell a wrong key from a wrong padding, or from what is no JSON."""
    told = set()
    for size in range(0, 96, 4):
        body = dumped({"encrypt": base64.b64encode(bytes(range(size))).decode()})
        with pytest.raises(refusal.Refusal) as fault:
            lark.read(lark_source(), {}, body, rig.START)
        told.add((fault.value.status, fault.value.text))
    assert told == {(401, callback.forged().text)}


# ----------------------------------------------------------------------------- the adapters


async def test_dingtalks_adapter_without_its_stream(tmp_path: Path) -> None:
    """It connects to nothing, and what it says of a payload is what the inlet needs."""
    settings = ding_settings.Settings("id", "secret", stream=False, endpoint="http://127.0.0.1:9")
    party = DingTalk(settings, rig.Clock())
    wired = ding_source(decode=party.decode, answer=party.answer)
    async with running(party), staged(tmp_path, wired) as stage:
        assert ding_said(await ding_event(stage, FINISHED)) == b"success"
        assert stage.taken == [ding_decode({"type": "EVENT", **frame_of(FINISHED)})]
    toast = model.Receipt("decided", "success")
    assert "decided" in str(party.answer(toast))
    assert party.answer(model.Receipt()) is None


async def test_larks_adapter_without_its_connection(tmp_path: Path) -> None:
    async with lark_client.served(Lark(base.Clock())) as client:
        party = adapters_lark.Lark(
            lark_settings.Settings(
                world.LARK_APP_ID, world.LARK_APP_SECRET, domain=client.base_url, stream=False
            ),
            rig.Clock(),
        )
        wired = lark_source(decode=party.decode, answer=party.answer)
        async with staged(tmp_path, wired) as stage:
            early = await lark_post(stage, APPROVED)
            assert early.status == 503  # it does not know yet which mentions are its own
            async with running(party):
                assert (await lark_post(stage, APPROVED)).body == {}
                assert isinstance(stage.taken[-1], model.FormChanged)
        assert party.answer(model.Receipt("hi", "info")) == {
            "toast": {"type": "info", "content": "hi"}
        }
        assert party.answer(model.Receipt()) == {}


def frame_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"eventType": payload["EventType"], "eventCorpId": "dingCORP", "time": NOW}
    return {"headers": headers, "data": dict(payload)}


@asynccontextmanager
async def running(party: ports.Chat) -> AsyncIterator[None]:
    """An adapter that runs, once it is ready."""

    async def taken(event: model.Event) -> model.Receipt:
        raise AssertionError("nothing comes by a stream")

    ready = asyncio.Event()
    task = asyncio.create_task(party.run(taken, ready.set))
    try:
        await asyncio.wait_for(ready.wait(), 5)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await party.close()
