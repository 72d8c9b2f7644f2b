"""Effects against the sandbox's DingTalk: what arrives, and which of the four outcomes it is."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from adapters.dingtalk import Settings, api, send
from adapters.dingtalk.chat import DingTalk
from bot import model
from bot.model import ports
from sandbox import world
from sandbox.base import Clock
from sandbox.dingtalk import DingTalk as Platform
from tests.adapters.dingtalk_gateway import until

OPS = next(id for id, name in world.DINGTALK_GROUPS.items() if name == "ops")
BOB = model.Account("dingtalk", world.DINGTALK_CORP, "u-bob", "Bob")
WEBHOOK = "/robot/sendBySession"
CREATE = "/v1.0/card/instances/createAndDeliver"
UPDATE = "PUT /v1.0/card/instances"
GROUP = "/v1.0/robot/groupMessages/send"
TOKEN = "/v1.0/oauth2/accessToken"


class AdapterClock(ports.Clock):
    """The platform's time, so that both agree on when a webhook ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)


class Town:
    """A platform, an adapter that is connected to it, and what the adapter handed over."""

    def __init__(self, platform: Platform, **settings: Any) -> None:
        self.platform = platform
        self.events: list[model.Event] = []
        options: dict[str, Any] = {
            "endpoint": platform.base_url,
            "webhook_hosts": (platform.base_url,),
            "robot_code": world.DINGTALK_ROBOT,
            "call_timeout": 2.0,
        }
        self.adapter = DingTalk(
            Settings(
                world.DINGTALK_CLIENT_ID, world.DINGTALK_CLIENT_SECRET, **(options | settings)
            ),
            AdapterClock(platform.clock),
        )
        self.receipt = model.Receipt()

    async def submit(self, event: model.Event) -> model.Receipt:
        self.events.append(event)
        return self.receipt

    async def asked(self, text: str = "restart web-01", **args: Any) -> model.MessageReceived:
        before = len(self.events)
        await self.platform.say(user="alice", text=text, **args)
        await until(lambda: len(self.events) > before)
        event = self.events[-1]
        assert isinstance(event, model.MessageReceived)
        return event

    async def transcript(self, chat: str = "ops") -> list[dict[str, Any]]:
        said = await self.platform.transcript(chat)
        return [entry for entry in said if entry["from"] == "bot"]

    async def calls(self, name: str) -> list[dict[str, Any]]:
        return await self.platform.calls(name)


@contextlib.asynccontextmanager
async def town(**settings: Any) -> AsyncIterator[Town]:
    platform = Platform(Clock())
    runner = web.AppRunner(platform.app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    platform.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    place = Town(platform, **settings)
    ready = asyncio.Event()
    task = asyncio.create_task(place.adapter.run(place.submit, ready.set))
    try:
        await asyncio.wait_for(ready.wait(), 5)
        yield place
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=5)
        await place.adapter.close()
        await platform.close()
        await runner.cleanup()


def message(text: str = "done", *mentions: model.Account) -> model.Message:
    return model.Message("Result", (model.Block("para", (model.Span(text),)),), mentions)


def card(
    text: str = "systemctl restart web", buttons: bool = True, note: str = "wait"
) -> model.Card:
    pressed = (
        model.Button("approve", "Approve", "primary"),
        model.Button("reject", "No", "danger"),
    )
    blocks = (model.Block("pre", text=text),)
    given = pressed if buttons else ()
    return model.Card(7, "c0de", "Restart", "orange", "pending", blocks, given, "", note, (BOB,))


def late(place: model.Place) -> model.Place:
    return dataclasses.replace(place, webhook="", webhook_until=model.EPOCH)


def say(place: model.Place, what: model.Message, key: str = "k1") -> model.Say:
    return model.Say(place, what, key)


# ----------------------------------------------------------------------------- messages


async def test_a_reply_goes_by_the_session_webhook_and_mentions() -> None:
    async with town() as t:
        place = (await t.asked()).place
        outcome = await t.adapter.perform(say(place, message("@all done", BOB)), model.Attempt())
        assert isinstance(outcome, model.Done)
        entry = (await t.transcript())[-1]
        assert entry["mentions"] == ["bob"]
        assert "⟨@⟩all done" in entry["text"]
        body = (await t.calls(WEBHOOK))[0]["request"]
        assert body["msgUuid"] == outcome.ref
        assert not await t.calls(TOKEN)


async def test_a_late_reply_is_a_card_that_mentions_once() -> None:
    async with town() as t:
        place = (await t.asked()).place
        t.platform.clock.advance(5400 - 20)  # 20 s before the end is too late
        effect = say(place, message("字" * 800, BOB))
        outcome = await t.adapter.perform(effect, model.Attempt())
        assert isinstance(outcome, model.Done)
        entries = await t.transcript()
        assert [entry["mentions"] for entry in entries] == [["bob"], [], []]
        assert "".join(entry["text"] for entry in entries).count("字") == 800
        assert not await t.calls(WEBHOOK)
        other = Town(t.platform).adapter  # as after a restart
        assert await other.perform(effect, model.Attempt(uncertain=True)) == dataclasses.replace(
            outcome, data={}
        )
        assert len(await t.transcript()) == 3
        await other.close()


async def test_a_webhook_that_is_gone_gives_way_to_the_late_reply() -> None:
    async with town() as t:
        place = (await t.asked()).place
        await t.platform.expire_webhooks()
        attempt = model.Attempt()
        outcome = await t.adapter.perform(say(place, message()), attempt)
        assert isinstance(outcome, model.Done)
        assert attempt.calls == 2, "of the webhook, and of the card"
        assert outcome.data["alias"].startswith("carrier")


async def test_a_webhook_elsewhere_is_not_called() -> None:
    async with town(webhook_hosts=("oapi.dingtalk.com",)) as t:
        place = (await t.asked()).place
        assert isinstance(
            await t.adapter.perform(say(place, message()), model.Attempt()), model.Done
        )
        assert not await t.calls(WEBHOOK)
        assert (await t.transcript())[-1]["text"] == "Result\ndone"


async def test_a_message_to_nobody_is_refused() -> None:
    """HTTP 200 names those who are not there."""
    async with town(late_reply="group_message") as t:
        place = late((await t.asked(direct=True)).place)
        assert (place.direct, place.chat) == (True, "u-alice")
        nobody = dataclasses.replace(place, chat="u-nobody")
        refused = await t.adapter.perform(say(nobody, message()), model.Attempt())
        assert isinstance(refused, model.Refused)


# ----------------------------------------------------------------------------- cards


async def test_a_card_is_shown_clicked_and_changed() -> None:
    async with town() as t:
        place = (await t.asked()).place
        shown = await t.adapter.perform(model.ShowCard(place, card(), "k"), model.Attempt())
        assert isinstance(shown, model.Done)
        entry = (await t.platform.cards("ops"))[0]
        assert entry["mentions"] == ["bob"]
        assert entry["data"]["title"] == "pending · Restart"
        t.receipt = model.Receipt("Only Bob may decide", card=card(note="by the card"))
        answer = await t.platform.click(user="dave", card=entry["id"], action="approve")
        assert answer["acked"]
        event = t.events[-1]
        assert isinstance(event, model.CardAction)
        assert (event.action, event.request, event.code) == ("approve", 7, "c0de")
        assert event.card == shown.ref
        tips = [(await t.platform.cards("ops", who))[0]["text"] for who in ("dave", "bob")]
        assert "Only Bob may decide" in tips[0]
        assert "Only Bob may decide" not in tips[1]
        changed = model.UpdateCard(place, card("all is done", False), shown.ref)
        assert isinstance(await t.adapter.perform(changed, model.Attempt()), model.Done)
        entry = (await t.platform.cards("ops"))[0]
        assert "all is done" in entry["text"]
        assert entry["buttons"] == []


async def test_a_quoted_card_is_found_by_its_alias() -> None:
    async with town() as t:
        place = (await t.asked()).place
        shown = await t.adapter.perform(model.ShowCard(place, card(), "k"), model.Attempt())
        assert isinstance(shown, model.Done)
        entry = (await t.platform.cards("ops"))[0]
        assert (await t.asked("approve", quote=entry["id"])).quoted == shown.data["alias"]


async def test_what_a_card_cannot_hold_is_said_first() -> None:
    async with town() as t:
        place = (await t.asked()).place
        script = "\n".join(f"echo step {number} of the whole" for number in range(80))
        effect = model.ShowCard(place, card(script), "k")
        assert isinstance(await t.adapter.perform(effect, model.Attempt()), model.Done)
        text, shown = await t.transcript()
        assert script in text["text"]
        assert "the whole text is in the messages above" in shown["text"]
        await t.adapter.perform(
            model.UpdateCard(place, card(script), send.derived("k")), model.Attempt()
        )
        assert len(await t.transcript()) == 2
        voted = model.UpdateCard(place, card(script + "\nBob agrees"), send.derived("k"))
        await t.adapter.perform(voted, model.Attempt())
        assert len(await t.transcript()) == 2, "the same plan is not told again with every vote"
        other = dataclasses.replace(card(script + "\nmore"), code="0ther")
        await t.adapter.perform(model.UpdateCard(place, other, send.derived("k")), model.Attempt())
        assert "more" in (await t.transcript())[-1]["text"]


@pytest.mark.parametrize("action", ["retry", "resume"])
async def test_what_a_question_is_about_is_told_whole_before_it_can_be_answered(
    action: str,
) -> None:
    async with town() as t:
        place = (await t.asked()).place
        await t.adapter.perform(model.ShowCard(place, card(), "k"), model.Attempt())
        asks = dataclasses.replace(
            card("x" * 3000 + "end"), code="0ther", buttons=(model.Button(action, "Go on"),)
        )
        await t.adapter.perform(model.UpdateCard(place, asks, send.derived("k")), model.Attempt())
        assert "xend" in (await t.transcript())[-1]["text"]


async def test_a_token_refused_twice_costs_no_minute() -> None:
    async with town() as t:
        place = (await t.asked()).place
        stale = {"code": "InvalidAuthentication", "status": 400}
        await t.platform.fault(CREATE, "error", times=2, **stale)
        effect = model.ShowCard(place, card(), "k")
        outcome = await t.adapter.perform(effect, model.Attempt())
        assert isinstance(outcome, model.NotSent)
        assert outcome.retry_after == 0
        assert isinstance(await t.adapter.perform(effect, model.Attempt(2)), model.Done)


async def test_a_card_that_was_made_and_not_delivered() -> None:
    async with town() as t:
        place = (await t.asked()).place
        effect = model.ShowCard(place, card(), "k")
        await t.platform.fault(CREATE, "deliver_error", message="system busy")
        attempt = model.Attempt()
        assert isinstance(await t.adapter.perform(effect, attempt), model.NotSent)
        assert not await t.platform.cards("ops")
        other = Town(t.platform).adapter  # as after a restart
        kept = model.Attempt(2, parts_done=attempt.parts_done)
        assert isinstance(await other.perform(effect, kept), model.Done)
        await other.close()
        assert len(await t.platform.cards("ops")) == 1
        elsewhere = dataclasses.replace(place, chat="cidNOWHERE==")
        refused = await t.adapter.perform(model.ShowCard(elsewhere, card(), "k2"), model.Attempt())
        assert isinstance(refused, model.Refused)
        assert "not in this group" in refused.reason


# ----------------------------------------------------------------------------- outcomes

ANSWERS: list[tuple[int, str, model.Outcome]] = [
    (500, "system.busy", model.NotSent("", 1.0)),
    (500, "system.error", model.NotSent("", uncertain=True)),
    (403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", model.NotSent("", 1.0)),
    (403, "Forbidden.AccessDenied.ApiCountLimitForOrg", model.NotSent("", 3600.0)),
    (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", model.Refused("")),
    (400, "param.templateNotExist", model.Refused("")),
]


@pytest.mark.parametrize(("status", "code", "wanted"), ANSWERS)
def test_what_an_answer_of_the_open_api_means(
    status: int, code: str, wanted: model.NotSent | model.Refused
) -> None:
    """What is uncertain where a repetition does no harm is unknown where it does."""
    outcome = api.judge(status, {"code": code}, True)
    assert isinstance(outcome, model.NotSent | model.Refused)
    assert code in outcome.reason
    if isinstance(wanted, model.NotSent):
        assert outcome == dataclasses.replace(wanted, reason=outcome.reason)
        once = api.judge(status, {"code": code}, False)
        assert isinstance(once, model.Unknown if wanted.uncertain else model.NotSent)
    else:
        assert outcome == model.Refused(outcome.reason, code)


def test_the_permissions_that_the_platform_misses_are_said() -> None:
    code = "Forbidden.AccessDenied.AccessTokenPermissionDenied"
    scopes = ["Card.Instance.Write", "qyapi_robot_sendmsg"]
    body = {"code": code, "message": "x", "accessdenieddetail": {"requiredScopes": scopes}}
    outcome = api.judge(403, body, True)
    assert isinstance(outcome, model.Refused)
    assert "permission Card.Instance.Write, qyapi_robot_sendmsg;" in outcome.reason
    limited = api.judge(403, body | {"code": "Forbidden.AccessDenied.QpsLimitForApi"}, True)
    assert isinstance(limited, model.NotSent)
    assert "permission" not in limited.reason


WEBHOOK_ANSWERS: list[tuple[int, dict[str, Any], type, float]] = [
    (200, {"errcode": 0}, model.Done, 0),
    (200, {"errcode": "0", "errmsg": "ok"}, model.Done, 0),
    (200, {"errcode": -1}, model.NotSent, 1.0),
    (200, {"errcode": 130101}, model.NotSent, 60.0),
    (200, {"errcode": 410100}, model.NotSent, 60.0),
    (200, {"errcode": 660026}, model.NotSent, 60.0),
    (200, {"errcode": 88, "sub_code": "90018"}, model.NotSent, 1.0),
    (200, {"errcode": 88, "sub_code": "40014"}, model.Refused, 0),
    (200, {"errcode": 310000, "errmsg": "keywords not in content"}, model.Refused, 0),
    (200, {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}, model.NotSent, 300.0),
    (200, {}, model.NotSent, 0.0),
    (429, {}, model.NotSent, 60.0),
    (502, {}, model.NotSent, 0.0),
    (404, {}, model.Refused, 0),
    (302, {}, model.Refused, 0),
]


@pytest.mark.parametrize(("status", "answer", "kind", "after"), WEBHOOK_ANSWERS)
def test_webhook_answers(status: int, answer: dict[str, Any], kind: type, after: float) -> None:
    outcome = api.judge_webhook(status, answer)
    assert isinstance(outcome, kind)
    if isinstance(outcome, model.NotSent):
        assert outcome.retry_after == after


# ----------------------------------------------------------------------------- forms


async def test_a_form_that_revokes_another_says_so() -> None:
    async with town() as t:
        made = await t.platform.form(user="alice", fields={"emp_id": "E1"}, approvers=["bob"])
        revoked = await t.platform.revert_form(made["instance"])
        form = world.DINGTALK_FORM
        fetch = model.FetchForm("dingtalk", BOB.tenant, form, revoked["instance"])
        outcome = await t.adapter.perform(fetch, model.Attempt())
        assert isinstance(outcome, model.Done)
        about = (outcome.data["action"], outcome.data["original"], outcome.data["status"])
        assert about == ("revoke", made["instance"], "approved")
        first = await t.adapter.perform(
            dataclasses.replace(fetch, instance=made["instance"]), model.Attempt()
        )
        assert isinstance(first, model.Done)
        assert (first.data["action"], first.data["attached"]) == ("", [revoked["instance"]])


# ----------------------------------------------------------------------------- hosts

URL = "https://oapi.dingtalk.com/robot/sendBySession?session=x"


@pytest.mark.parametrize(
    ("url", "hosts", "may"),
    [
        (URL, ("oapi.dingtalk.com",), True),
        (URL.replace("com/", "com:443/"), ("oapi.dingtalk.com",), True),
        (URL.replace("https", "http"), ("oapi.dingtalk.com",), False),
        (URL.replace("com/", "com:8443/"), ("oapi.dingtalk.com",), False),
        (URL.replace("com/", "com.evil.example/"), ("oapi.dingtalk.com",), False),
        ("https://oapi.dingtalk.com@evil.example/", ("oapi.dingtalk.com",), False),
        ("https://evil.example/oapi.dingtalk.com", ("oapi.dingtalk.com",), False),
        ("https://a:b@oapi.dingtalk.com/", ("oapi.dingtalk.com",), False),
        ("http://127.0.0.1:81/x", ("http://127.0.0.1:81",), True),
        ("http://127.0.0.1:82/x", ("http://127.0.0.1:81",), False),
        ("https://127.0.0.1:81/x", ("127.0.0.1:81",), True),
        ("http://127.0.0.1:81/x", ("127.0.0.1:81",), False),
        ("file:///etc/passwd", ("",), False),
        ("http://[::1", ("oapi.dingtalk.com",), False),
        ("https://oapi.dingtalk.com:x/", ("oapi.dingtalk.com",), False),
        (URL, (), False),
    ],
)
def test_where_a_webhook_may_point(url: str, hosts: tuple[str, ...], may: bool) -> None:
    assert send.allowed(url, hosts) is may


def test_a_webhook_about_to_end_is_not_used() -> None:
    clock = AdapterClock(Clock())
    sender = send.Sender(Settings("a", "b"), None, clock)  # type: ignore[arg-type]
    place = model.Place("dingtalk", "c", "x", webhook=URL)
    for seconds, may in ((29, False), (40, True)):
        until_then = clock.now() + timedelta(seconds=seconds)
        assert sender.answerable(dataclasses.replace(place, webhook_until=until_then)) is may
