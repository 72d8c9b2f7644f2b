"""Messages of templates at real robots of the stand-ins: what arrives, and what is said if not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters import webhook
from adapters.webhook.hook import Webhook
from bench import outbound
from bot import model, store
from bot.model import ports
from bot.oos.engine import calls
from bot.runtime import outbox
from bot.store import codec
from tests.adapters import test_private_authority, webhook_stage
from tests.adapters.webhook_stage import Stage, approve, lark_text, markdown, notice, notify, text
from tests.bot import rig
from tests.sandbox import dingtalk_party

EVERYBODY = ["alice", "bob", "carol", "dave", "mallory"]
BOB, CAROL = "13800000002", "13800000003"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with webhook_stage.staged() as made:
        yield made


def refused(outcome: model.Outcome, code: str) -> str:
    assert isinstance(outcome, model.Refused), outcome
    assert outcome.code == code, outcome
    return outcome.reason


def not_sent(outcome: model.Outcome) -> model.NotSent:
    assert isinstance(outcome, model.NotSent), outcome
    return outcome


async def test_a_message_arrives_at_a_dingtalk_robot(stage: Stage) -> None:
    url = await stage.dingtalk.add_robot("tok")
    outcome = await stage.make().perform(notify(url, text("done")), model.Attempt())
    assert outcome == model.Done(data={"document": {"errcode": 0, "errmsg": "ok"}})
    assert await stage.texts(stage.dingtalk) == ["done"]


async def test_a_message_arrives_at_a_lark_robot(stage: Stage) -> None:
    url = await stage.lark.add_robot("tok")
    outcome = await stage.make().perform(notify(url, lark_text("done")), model.Attempt())
    assert isinstance(outcome, model.Done)
    assert outcome.data["document"]["code"] == 0
    assert await stage.texts(stage.lark) == ["done"]


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_the_signature_is_added(stage: Stage, platform: str) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok", secret="SECx")
    signed = stage.make(webhook.Robot("ops", url, secret="SECx"))
    for uri in ("robot:ops", url, f"  {url} "):
        assert isinstance(
            await signed.perform(notify(uri, text(), token=uri), model.Attempt()), model.Done
        )
    assert len(await stage.texts(party)) == 3
    wrong = stage.make(webhook.Robot("ops", url, secret="SECy"))
    reason = refused(await wrong.perform(notify("robot:ops", text()), model.Attempt()), "sign")
    assert "ops: the robot refuses the signature: check its secret" in reason
    assert "clock" in reason
    reason = refused(await stage.make().perform(notify(url, text()), model.Attempt()), "sign")
    assert "give its webhook and secret under robots in [webhook]" in reason
    assert len(await stage.texts(party)) == 3


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_keywords_are_looked_for_before_sending(stage: Stage, platform: str) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok", "hr", keywords=["Countersign", "会签"])
    known = stage.make(webhook.Robot("hr", url, keywords=("Countersign", "会签")))
    reason = refused(
        await known.perform(notify(url, text("approved")), model.Attempt()), "keywords"
    )
    assert reason == "hr: the message must hold one of the robot's keywords: Countersign, 会签"
    assert party.journal == []
    reason = refused(
        await stage.make().perform(notify(url, text("approved")), model.Attempt()), "keywords"
    )
    assert "the message holds none of the robot's keywords" in reason
    sent = await known.perform(notify(url, text("approved"), append_link=True), model.Attempt())
    assert isinstance(sent, model.Done)
    assert await stage.texts(party, "hr") == ["approved\nCountersign #42"]


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_a_robot_that_knows_other_addresses(stage: Stage, platform: str) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok", addresses=["10.0.0.0/8"])
    reason = refused(await stage.make().perform(notify(url, text()), model.Attempt()), "ip")
    assert "add this machine's public address to its IP list" in reason
    await party.add_robot("tok", addresses=["10.0.0.0/8", "127.0.0.1"])
    assert isinstance(await stage.make().perform(notify(url, text()), model.Attempt()), model.Done)


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_a_robot_that_is_gone(stage: Stage, platform: str) -> None:
    party: Any = getattr(stage, platform)
    url = (await party.add_robot("here")).replace("here", "secret-token")
    reason = refused(await stage.make().perform(notify(url, text()), model.Attempt()), "no_robot")
    assert "there is no such robot" in reason
    assert "secret-token" not in reason


@pytest.mark.parametrize(
    ("at", "called"),
    [
        ({"atMobiles": [BOB], "isAtAll": "false"}, ["bob"]),
        ({"atMobiles": f'["{BOB}", "{CAROL}"]', "isAtAll": False}, ["bob", "carol"]),
        ({"atMobiles": BOB}, ["bob"]),
        ({"atMobiles": int(BOB)}, ["bob"]),
        ({"atMobiles": f"{BOB},{CAROL}"}, ["bob", "carol"]),
        ({"atMobiles": [[BOB], [CAROL]]}, ["bob", "carol"]),
        ({"atMobiles": [], "isAtAll": "true"}, EVERYBODY),
        ({"atMobiles": "", "isAtAll": True}, EVERYBODY),
        ({"atUserIds": ["u-carol"]}, ["carol"]),
        ({"atMobiles": ["all"], "atUserIds": ["all"]}, []),
        ({"atMobiles": None, "isAtAll": ""}, []),
    ],
)
@pytest.mark.parametrize("shape", [text, markdown])
async def test_who_is_called(stage: Stage, shape: Any, at: Any, called: list[str]) -> None:
    url = await stage.dingtalk.add_robot("tok")
    sent = await stage.make().perform(notify(url, shape("approve", **at)), model.Attempt())
    assert isinstance(sent, model.Done)
    assert (await stage.last(stage.dingtalk))["mentions"] == called


@pytest.mark.parametrize("shape", [text, markdown])
async def test_a_text_alone_does_not_call_everybody(stage: Stage, shape: Any) -> None:
    url = await stage.dingtalk.add_robot("tok")
    for number, typed in enumerate(("@all", "@ALL now", "hi @ all", "@所有人")):
        call = notify(url, shape(f"restart {typed}", isAtAll="false"), token=str(number))
        assert isinstance(await stage.make().perform(call, model.Attempt()), model.Done)
    shown = await stage.dingtalk.transcript("ops")
    assert [entry["mentions"] for entry in shown] == [[], [], [], []]
    assert shown[0]["text"] == "restart ＠all"


GUIDE = "Notify: please approve instances restart, instance names to approve are ['web-01']."


@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_the_approval_of_the_guide(stage: Stage, platform: str) -> None:
    """The robot's security setting is a keyword; the values came as a list and as text."""
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok", keywords=["Notify"])
    told = calls.Notify(
        "WebHook",
        url,
        {"Content-Type": "application/json"},
        text(GUIDE, atMobiles=["12345678901"], isAtAll="false"),
        append_link=True,
    )
    what = calls.Approve(("bob",), 1, told)
    effect = codec_round(model.RunCall(42, webhook_stage.CODE, "approveRestart#0", "t", what))
    assert isinstance(await stage.make().perform(effect, model.Attempt()), model.Done)
    (shown,) = await stage.texts(party)
    named = "\n@12345678901" if platform == "dingtalk" else ""
    lines = f"{GUIDE}{named}\nCountersign #42\napprove / reject in the thread"
    assert shown.startswith(lines)


def codec_round(effect: model.Effect) -> Any:
    """What the store makes of it."""
    return codec.decode(codec.effect, codec.encode(effect))


async def test_who_is_named_in_the_text_is_not_named_again(stage: Stage) -> None:
    url = await stage.dingtalk.add_robot("tok")
    said = markdown(f"@{BOB}, look", atMobiles=[BOB, CAROL])
    await stage.make().perform(notify(url, said), model.Attempt())
    assert (await stage.last(stage.dingtalk))["text"] == "@Bob, look\n\n@Carol"


@pytest.mark.parametrize(
    "content",
    [
        text("reboot?"),
        markdown("reboot?"),
        lark_text("reboot?"),
        {
            "msg_type": "post",
            "content": {"post": {"zh_cn": {"content": [[{"tag": "text", "text": "reboot?"}]]}}},
        },
        {
            "msg_type": "interactive",
            "card": {
                "schema": "2.0",
                "body": {"elements": [_MD := {"tag": "markdown"} | {"content": "reboot?"}]},
            },
        },
        {"msg_type": "interactive", "card": {"elements": [_MD]}},
    ],
)
@pytest.mark.parametrize("platform", ["dingtalk", "lark"])
async def test_the_request_is_named_and_how_to_answer(
    stage: Stage, platform: str, content: Any
) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok")
    told = approve(notice(url, content, append_link=True))
    outcome = await stage.make().perform(told, model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    (shown,) = await stage.texts(party)
    lines = [line for line in shown.splitlines() if line]
    assert lines[-3:-1] == ["reboot?", "Countersign #42"]
    assert lines[-1].startswith("approve / reject in the thread that asked")


async def test_a_line_only_where_it_is_wanted(stage: Stage) -> None:
    url = await stage.dingtalk.add_robot("tok")
    hook = stage.make(reference="会签 #{request} {code}", answering="")
    await hook.perform(notify(url, text("one")), model.Attempt())
    await hook.perform(
        approve(notice(url, text("two"), append_link=True), token="t2"), model.Attempt()
    )
    assert await stage.texts(stage.dingtalk) == ["one", "two\n会签 #42 1a2b3c4d"]


async def test_an_approval_that_notifies_nobody(stage: Stage) -> None:
    assert isinstance(await stage.make().perform(approve(None), model.Attempt()), model.Done)


async def test_what_is_no_webhook(stage: Stage) -> None:
    hook = stage.make()
    mail = await hook.perform(notify("", None, type="Mail"), model.Attempt())
    assert "NotifyType Mail is not supported" in refused(mail, "unsupported")
    assert "needs a URI" in refused(await hook.perform(notify("", text()), model.Attempt()), "uri")
    url = await stage.dingtalk.add_robot("tok")
    refused(await hook.perform(notify(url, None), model.Attempt()), "content")
    refused(
        await hook.perform(notify(url, {"msgtype": "text", "text": 7}), model.Attempt()), "content"
    )
    image = {"msg_type": "image", "content": {"image_key": "img_1"}}
    refused(await hook.perform(notify(url, image), model.Attempt()), "content")
    other = model.RunCall(1, "", "k", "t", calls.Api("", "", {}, ""))
    refused(await hook.perform(other, model.Attempt()), "unsupported")


async def test_a_message_that_is_too_long(stage: Stage) -> None:
    url = await stage.dingtalk.add_robot("tok")
    reason = refused(
        await stage.make().perform(notify(url, text("签" * 7000)), model.Attempt()), "too_long"
    )
    assert "21,0" in reason
    assert "20,000" in reason
    assert stage.dingtalk.journal == []
    whole = await stage.make().perform(notify(url, text("签" * 6600)), model.Attempt())
    assert isinstance(whole, model.Done)


# ----------------------------------------------------------------------------- too many


@contextlib.asynccontextmanager
async def posting(
    path: Path, hook: Webhook, clock: ports.Clock, queued: dict[str, model.NewEffect]
) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """An outbox at work. What it yields queues one of the effects by its key, waits until it was
    tried or until a look found nothing that may be, and says what state the effect is in."""

    def account(rate_key: store.RateKey) -> store.RateKey:
        kind, robot = hook.account(rate_key.chat)
        return store.RateKey(f"webhook.{kind}", robot, rate_key.kind)

    def decide(event: model.Event, view: model.View, now: datetime) -> model.Decision:
        new = queued.get(getattr(event, "text", ""))
        return model.Decision(effects=(new,) if new is not None else ())

    async with rig.running(path, decide, clock) as r:
        box = outbox.Outbox(r.engine, lambda effect: hook, (), clock, account=account)
        await box.recover()
        task = asyncio.create_task(box.run())

        async def put(key: str) -> str:
            await r.engine.submit(rig.asked(f"{key}-{secrets.token_hex(4)}", key))
            for _ in range(3):  # claims are made on the writer's thread, one after the other
                box.wake()
                await r.engine.write(lambda writer: None)
            query = "SELECT state FROM outbox WHERE key = ?"
            await rig.until(lambda: r.rows(query, key) != [("in_flight",)])
            return str(r.rows(query, key)[0][0])

        yield put
        await box.drain()
        await task


async def test_a_robot_that_was_sent_too_much(stage: Stage, tmp_path: Path) -> None:
    """It is left alone until it listens again: by whichever name it is reached, and by the next
    process, too."""
    url = await stage.dingtalk.add_robot("tok")
    hook = stage.make(webhook.Robot("ops", url))
    for number in range(20):
        sent = await hook.perform(
            notify(url, text(str(number)), token=f"t{number}"), model.Attempt()
        )
        assert isinstance(sent, model.Done)
    late = notify(url, text("late"), token="late")
    assert not_sent(await hook.perform(late, model.Attempt())).retry_after == 600
    assert (
        not_sent(await stage.make().perform(late, model.Attempt(uncertain=True))).retry_after == 60
    )
    other = notify("robot:ops", text("other"), token="x")
    queued = {"late": model.NewEffect("late", "late", late)}
    queued["other"] = model.NewEffect("other", "other", other)
    clock, path = webhook_stage.Clock(stage.clock), tmp_path / "store.db"
    stage.clock.advance(601)
    for number in range(20):
        again = notify(url, text(str(number)), token=f"again{number}")
        assert isinstance(await hook.perform(again, model.Attempt()), model.Done)
    async with posting(path, hook, clock, queued) as put:
        assert await put("late") == "queued"
        calls = len(stage.dingtalk.journal)
        stage.clock.advance(100)
        assert await put("other") == "queued"
    async with posting(path, stage.make(webhook.Robot("ops", url)), clock, queued) as put:
        assert await put("other") == "queued"
        assert len(stage.dingtalk.journal) == calls, "a muted robot was asked again"
        stage.clock.advance(501)
        assert await put("late") == "done"
        assert await put("other") == "done"
    assert sorted((await stage.texts(stage.dingtalk))[-2:]) == ["late", "other"]


async def test_lark_takes_five_a_second(stage: Stage) -> None:
    url = await stage.lark.add_robot("tok")
    hook = stage.make()
    stage.clock.advance(-stage.clock.now() % 1)
    for number in range(5):
        await hook.perform(notify(url, lark_text(str(number)), token=f"t{number}"), model.Attempt())
    waiting = not_sent(
        await hook.perform(notify(url, lark_text("late"), token="late"), model.Attempt())
    )
    assert waiting.retry_after == 5
    stage.clock.advance(waiting.retry_after)
    late = notify(url, lark_text("late"), token="late")
    assert isinstance(await hook.perform(late, model.Attempt()), model.Done)
    assert await stage.texts(stage.lark) == ["0", "1", "2", "3", "4", "late"]


# ----------------------------------------------------------------------------- doubt


async def test_a_lost_answer_of_dingtalk_is_asked_for_again(stage: Stage) -> None:
    url = await stage.dingtalk.add_robot("tok")
    hook = stage.make()
    for fault in ("lose_answer", "html"):
        await stage.dingtalk.fault("robot/send", fault)
        call = notify(url, text(fault), token=fault)
        not_sent(await hook.perform(call, model.Attempt()))
        for _ in range(2):
            assert isinstance(await hook.perform(call, model.Attempt(uncertain=True)), model.Done)
    assert await stage.texts(stage.dingtalk) == ["lose_answer", "html"]


async def test_a_lost_answer_of_lark_is_in_doubt(stage: Stage) -> None:
    url = await stage.lark.add_robot("tok")
    hook = stage.make()
    call = notify(url, lark_text())
    for fault in ("lose_answer", "html"):
        await stage.lark.fault("bot/v2/hook", fault)
        assert isinstance(await hook.perform(call, model.Attempt()), model.Unknown)
    again = await hook.perform(call, model.Attempt(uncertain=True))
    assert isinstance(again, model.Unknown)
    assert len(await stage.texts(stage.lark)) == 1


async def test_nobody_can_look_up_what_a_robot_was_sent(stage: Stage) -> None:
    url = await stage.dingtalk.add_robot("tok")
    call = notify(url, text())
    lookup = model.RunCall(42, "", call.key, call.token, call.what, lookup=True)
    outcome = await stage.make().perform(lookup, model.Attempt(uncertain=True))
    assert isinstance(outcome, model.Unknown)
    assert stage.dingtalk.journal == []


@pytest.mark.parametrize(("platform", "wanted"), [("dingtalk", "not_sent"), ("lark", "unknown")])
async def test_a_slow_robot(stage: Stage, platform: str, wanted: str) -> None:
    party: Any = getattr(stage, platform)
    url = await party.add_robot("tok")
    api = "robot/send" if platform == "dingtalk" else "bot/v2/hook"
    await party.fault(api, "slow", seconds=0.4)
    outcome = await stage.make(timeout=0.05).perform(notify(url, text()), model.Attempt())
    assert outcome.kind == wanted, outcome
    await dingtalk_party.until(lambda: party.journal[-1].answer)
    if platform == "dingtalk":
        assert isinstance(
            await stage.make().perform(notify(url, text()), model.Attempt(uncertain=True)),
            model.Done,
        )
    assert len(await stage.texts(party)) == 1


async def test_nobody_is_there(stage: Stage) -> None:
    hook = stage.make(hosts=("http://127.0.0.1:9",))
    outcome = await hook.perform(notify("http://127.0.0.1:9/x", {"a": 1}), model.Attempt())
    assert "127.0.0.1:9: no connection" in not_sent(outcome).reason


# ----------------------------------------------------------------------------- other servers


class Elsewhere:
    """A server that is no platform's: it keeps what it gets and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[Mapping[str, str], bytes]] = []
        self.answer = web.json_response({"seen": True})
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append((request.headers.copy(), await request.read()))
        return self.answer


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    made = Elsewhere()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def test_a_plain_server_gets_what_the_template_says(
    stage: Stage, elsewhere: Elsewhere
) -> None:
    hook = stage.make(hosts=(elsewhere.url,))
    given = {
        "X-Key": "v",
        "content-type": "application/vnd.x+json",
        "Host": "evil",
        "X-Two": "a\r\nb: c",
        "Proxy-Authorization": "x",
    }
    call = notify(f"{elsewhere.url}/in?a=b", {"a": ["签"]}, headers=given)
    assert await hook.perform(call, model.Attempt()) == model.Done(
        data={"document": {"seen": True}}
    )
    headers, body = elsewhere.got[-1]
    assert body == '{"a":["签"]}'.encode()
    assert (headers["X-Key"], headers["Content-Type"]) == ("v", "application/vnd.x+json")
    assert headers["Host"] == elsewhere.url.removeprefix("http://")
    assert not {"X-Two", "b", "Proxy-Authorization", "Cookie"} & set(headers)
    said = notify(elsewhere.url, {**text("x"), "more": 1}, token="t2", append_link=True)
    await hook.perform(said, model.Attempt())
    assert b'"more":1' in elsewhere.got[-1][1]
    assert b"Countersign #42" in elsewhere.got[-1][1]
    await hook.perform(notify(elsewhere.url, "just text", token="t3", headers={}), model.Attempt())
    assert elsewhere.got[-1][1] == b"just text"
    assert elsewhere.got[-1][0]["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (204, "done", ""),
        (302, "refused", "redirect"),
        (308, "refused", "redirect"),
        (404, "refused", "404"),
        (408, "unknown", ""),
        (429, "not_sent", ""),
        (503, "unknown", ""),
    ],
)
async def test_what_a_plain_server_answers(
    stage: Stage, elsewhere: Elsewhere, status: int, kind: str, code: str
) -> None:
    hook = stage.make(hosts=(elsewhere.url,))
    headers = {"Location": f"{stage.dingtalk.base_url}/elsewhere", "Retry-After": "7"}
    elsewhere.answer = web.Response(status=status, headers=headers)
    outcome = await hook.perform(notify(elsewhere.url, {"a": 1}), model.Attempt())
    assert outcome.kind == kind, outcome
    if isinstance(outcome, model.Refused):
        assert outcome.code == code
    if isinstance(outcome, model.NotSent):
        assert outcome.retry_after == 7
    assert stage.dingtalk.journal == [], "a redirect was followed"


async def test_a_private_authority_is_trusted_where_it_is_named(
    stage: Stage, tmp_path: Path
) -> None:
    own, bundle = outbound.certificate(tmp_path)
    runner, url = await test_private_authority.served(own)
    try:
        trusting = stage.make(hosts=(url,), ca_file=str(bundle))
        assert isinstance(
            await trusting.perform(notify(f"{url}/x", {}, token="a"), model.Attempt()),
            model.Refused,
        )
        assert isinstance(
            await trusting.perform(notify(f"{url}/x", {"a": 1}), model.Attempt()), model.Done
        )
        outcome = await stage.make(hosts=(url,)).perform(
            notify(f"{url}/x", {"a": 1}), model.Attempt()
        )
        assert "ca_file" in not_sent(outcome).reason
    finally:
        await runner.cleanup()


# ----------------------------------------------------------------------------- secrets


async def test_nothing_secret_is_logged_or_told(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ("tok-very-secret", "SECverysecret", "sign=")
    told: list[str] = []
    for party, api in ((stage.dingtalk, "robot/send"), (stage.lark, "bot/v2/hook")):
        url = await party.add_robot(secrets[0], secret=secrets[1])
        hook = stage.make(webhook.Robot("ops", url, secret=secrets[1]), timeout=0.2)
        told += [
            repr(hook),
            repr(hook.book.target(url)),
            repr(webhook.Robot("ops", url, secrets[1])),
        ]
        for fault in ("", "error", "lose_answer", "html", "slow", "hang_up", "throttle"):
            if fault:
                args = {"message": f"bad {secrets[0]} {secrets[1]}"} if fault == "error" else {}
                await party.fault(api, fault, **args)
            told.append(repr(await hook.perform(notify(url, text(), token=fault), model.Attempt())))
        other = url.replace("127.0.0.1", "localhost")
        told.append(repr(await hook.perform(notify(other, text()), model.Attempt())))
        told.append(
            repr(await stage.make().perform(notify(url, text(), token="u"), model.Attempt()))
        )
        stage.clock.advance(1000)
    whole = "\n".join([*told, caplog.text])
    assert "ops: " in whole
    for secret in secrets:
        assert secret not in whole, whole
