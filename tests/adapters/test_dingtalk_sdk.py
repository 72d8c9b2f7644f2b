"""What the plain dingtalk-stream SDK 0.24.3 does wrong, and that ours doesn't, side by side.

``dingtalk_plain_sdk`` asks the SDK, in its own process; ``ours`` puts the same questions to the
adapter. A newer SDK that does better turns a line of the table red: then look again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.common import websocket
from adapters.dingtalk import Settings, events, logs, send, stream
from adapters.dingtalk.chat import DingTalk
from bot import model
from bot.model import ports
from tests.adapters.dingtalk_gateway import CARD, CHAT, Gateway, chat, until

ROOT = Path(__file__).parent.parent.parent

# row of the defect, what is asked, the SDK's answer, ours
TABLE: list[tuple[str, str, Any, Any]] = [
    ("1 the open call stops the loop", "loop_runs_while_opening", False, True),
    ("1 calls have no timeout", "has_timeout", False, True),
    ("2 the ticket is logged", "logs_ticket", True, False),
    ("2 payloads are logged", "logs_payload", True, False),
    ("2 every ping is logged", "logs_pings", True, False),
    ("3 the webhook's session is logged", "logs_session", True, False),
    ("4 the same pause for ever", "pauses_grow", False, True),
    ("4 a clean close is answered at once", "reopens_at_once", True, False),
    ("4 wrong credentials are tried for ever", "asks_again_with_bad_credentials", True, False),
    ("5 it closes before it opens", "opens_before_it_closes", False, True),
    ("6 it can't be cancelled", "survives_cancel", True, False),
    ("7 an HTML answer kills it", "html_kills", True, False),
    ("8 the reason can't be logged", "error_hidden", True, False),
    ("9 a keepalive task is left per connection", "tasks_left", True, False),
    ("10 the ack goes to whatever socket is newest", "ack_on_other_socket", True, False),
    ("11 no ack when the handler fails", "acks_failure", False, True),
    ("11 no ack for an unknown topic", "acks_unknown", False, True),
    ("12 a bad frame closes the connection", "bad_frame_closes", True, False),
    ("13 an EVENT ack echoes the event", "event_status", None, "SUCCESS"),
    ("15 an empty click is not acknowledged", "acks_empty_click", False, True),
    ("15 a click loses its space", "click_keeps_space", False, True),
    ("16 a text without a text breaks it", "survives_no_text", False, True),
    ("16 a text of another type breaks it", "survives_odd_text", False, True),
    ("17 a mention isn't in the text", "markdown_mentions", False, True),
    ("17 errcode is taken for success", "errcode_is_noticed", False, True),
    ("18 an undelivered card is taken for success", "undelivered_is_noticed", False, True),
    ("19 a refused token is kept", "keeps_refused_token", True, False),
    ("21 it looks for a way to 8.8.8.8", "asks_way_to_8_8_8_8", True, False),
]


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """The SDK's answers."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.adapters.dingtalk_plain_sdk"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        env={"PATH": "", "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(ROOT)},
    )
    said: dict[str, Any] = json.loads(done.stdout)
    assert not [key for key in said if key.endswith("failed")], said
    said["loop_runs_while_opening"] = said["ticks_while_opening"] > 5
    said["pauses_grow"] = len(set(said["pauses"])) > 1
    said["reopens_at_once"] = said["reopens_after"] < 0.3
    said["opens_before_it_closes"] = said["story"][0] == "connected 1"
    said["html_kills"] = "AttributeError" in said["html_kills"]
    said["tasks_left"] = said["keepalives_left"] > 1
    said["acks_failure"] = "fails" in said["acked"]
    said["acks_unknown"] = "unknown" in said["acked"]
    said["acks_empty_click"] = "empty" in said["acked"]
    said["event_status"] = said["event_data"].get("status")
    said["click_keeps_space"] = "spaceId" in said["click_keeps"]
    said["survives_no_text"] = said["no_text"] != "KeyError"
    said["survives_odd_text"] = said["odd_text"] != "AttributeError"
    said["undelivered_is_noticed"] = not said["undelivered_card_id"]
    said["asks_way_to_8_8_8_8"] = said["asks_way_to"] == "8.8.8.8"
    return said


class Clock(ports.Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)


class Engine:
    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.slow = False

    async def submit(self, event: model.Event) -> model.Receipt:
        if isinstance(event, model.MessageReceived) and event.text == "fail":
            raise RuntimeError("x")
        if isinstance(event, model.MessageReceived) and event.text == "slow":
            self.slow = True
            await self.release.wait()
        return model.Receipt()


def adapter(gateway: Gateway) -> DingTalk:
    given = Settings(
        "a",
        "b",
        endpoint=gateway.url,
        webhook_hosts=(gateway.url,),
        backoff_first=0.01,
        backoff_most=0.05,
        call_timeout=2.0,
    )
    return DingTalk(given, Clock())


async def ask_the_connection(found: dict[str, Any]) -> None:
    engine, ready = Engine(), asyncio.Event()
    async with Gateway() as gateway:
        made = adapter(gateway)
        gateway.hold = asyncio.Event()
        gateway.answers = [(200, "<html>")]
        task = asyncio.create_task(made.run(engine.submit, ready.set))
        await until(lambda: gateway.opened)
        found["loop_runs_while_opening"] = not task.done()
        gateway.hold.set()
        first = await gateway.socket(0)
        found["html_kills"] = task.done()
        await first.chat("fails", "fail")
        await first.push("CALLBACK", "unknown", {"secret": "PAYLOAD"}, "/unknown")
        empty = {"extension": "", "content": "", "outTrackId": "t"}
        await first.push("CALLBACK", "empty", empty, CARD)
        await first.push("EVENT", "event", {"echo": 1}, "*", eventType="x")
        await first.push("SYSTEM", "ping", {"opaque": "OPAQUE"}, "ping")
        await first.send("{broken")
        found["acks_failure"] = (await first.ack("fails"))["code"] == 500
        found["acks_unknown"] = (await first.ack("unknown"))["code"] == 404
        found["acks_empty_click"] = (await first.ack("empty"))["code"] == 200
        found["event_status"] = json.loads((await first.ack("event"))["data"]).get("status")
        await first.ack("ping")
        await first.chat("slow", "slow")
        await until(lambda: engine.slow)
        found["bad_frame_closes"] = len(gateway.sockets) > 1 or first.closed.is_set()
        await first.send({"type": "SYSTEM", "headers": {"topic": "disconnect"}, "data": "{}"})
        second = await gateway.socket(1)
        found["opens_before_it_closes"] = "closed 0" not in gateway.story
        engine.release.set()
        await first.ack("slow")
        found["ack_on_other_socket"] = bool(second.acked("slow"))
        task.cancel()
        await asyncio.wait([task], timeout=5)
        found["survives_cancel"] = not task.done()
        await made.close()
        names = [each.get_name() for each in asyncio.all_tasks()]
        found["tasks_left"] = any(name.startswith("dingtalk") for name in names)


async def ask_about_credentials_and_pauses(found: dict[str, Any]) -> None:
    async with Gateway() as gateway:
        gateway.answers = [(401, {"code": "authFailed"})]
        made = adapter(gateway)
        with pytest.raises(ports.BadCredentials):
            await made.run(Engine().submit, lambda: None)
        await made.close()
        found["asks_again_with_bad_credentials"] = len(gateway.opened) > 1
    made_stream = stream.Stream(Settings("a", "b"), None, Clock())  # type: ignore[arg-type]
    pace = stream.pace(made_stream._settings)
    backoff = websocket.Backoff(pace.first, pace.most)
    pauses = [backoff.pause() for _ in range(6)]
    found["pauses_grow"] = pauses[5] > pauses[1]
    found["reopens_at_once"] = pauses[0] < 0.3
    found["asks_way_to_8_8_8_8"] = made_stream.get_host_ip() != ""


def ask_about_payloads(found: dict[str, Any]) -> None:
    now = datetime.now(UTC)

    def read(topic: str, data: dict[str, Any]) -> Any:
        headers = {"topic": topic, "messageId": "m"}
        frame = {"type": "CALLBACK", "headers": headers, "data": json.dumps(data)}
        return events.to_event(frame, now)

    value = {"cardPrivateData": {"actionIds": ["approve"]}}
    click = read(CARD, {"outTrackId": "t", "spaceId": "cid", "value": json.dumps(value)})
    found["click_keeps_space"] = click.place.chat == "cid"
    without = chat("1")
    del without["text"]
    found["survives_no_text"] = read(CHAT, without).text == ""
    found["survives_odd_text"] = read(CHAT, chat("1") | {"text": 1}).text == ""


async def ask_about_sending(found: dict[str, Any]) -> None:
    from aiohttp import web

    posted: list[Any] = []
    tokens = 0

    async def webhook(request: web.Request) -> web.Response:
        posted.append(await request.json())
        return web.json_response({"errcode": 310000, "errmsg": "keywords not in content"})

    async def card(_: web.Request) -> web.Response:
        results = [{"success": False, "errorMsg": "the robot is not in this group"}]
        return web.json_response({"success": True, "result": {"deliverResults": results}})

    async def token(_: web.Request) -> web.Response:
        nonlocal tokens
        tokens += 1
        return web.json_response({"accessToken": f"t{tokens}", "expireIn": 7200})

    async def form(request: web.Request) -> web.Response:
        if request.headers["x-acs-dingtalk-access-token"] == "t1":
            return web.json_response({"code": "InvalidAuthentication"}, status=400)
        return web.json_response({"success": True, "result": {"status": "RUNNING"}})

    gateway = Gateway()
    gateway.app.router.add_post("/robot/sendBySession", webhook)
    gateway.app.router.add_post("/v1.0/card/instances/createAndDeliver", card)
    gateway.app.router.add_post("/v1.0/oauth2/accessToken", token)
    gateway.app.router.add_get("/v1.0/workflow/processInstances", form)
    async with gateway:
        made = adapter(gateway)
        until_then = datetime(2100, 1, 1, tzinfo=UTC)
        where = f"{gateway.url}/robot/sendBySession?session=SESSION"
        place = model.Place("dingtalk", "corp", "cid", "m", "", where, until_then)
        u1 = model.Account("dingtalk", "corp", "u1")
        said = model.Say(place, model.Message("t", (), (u1,)), "k")
        outcome = await made.perform(said, model.Attempt())
        found["errcode_is_noticed"] = isinstance(outcome, model.Refused)
        found["markdown_mentions"] = "@u1" in posted[-1]["markdown"]["text"]
        shown = model.ShowCard(place, model.Card(1, "c", "t", "blue", "", ()), "k")
        outcome = await made.perform(shown, model.Attempt())
        found["undelivered_is_noticed"] = isinstance(outcome, model.Refused)
        outcome = await made.perform(model.FetchForm("dingtalk", "c", "f", "i"), model.Attempt())
        found["keeps_refused_token"] = not isinstance(outcome, model.Done) or tokens != 2
        closed = model.Say(
            model.Place(
                "dingtalk", "c", "cid", "m", "", where.replace("://127", "://126"), until_then
            ),
            model.Message("t", ()),
            "k2",
        )
        assert isinstance(await made.perform(closed, model.Attempt()), model.Refused)
        logs.log.warning("a careless line with %s", where)
        await made.close()
        made = DingTalk(Settings("a", "b", call_timeout=3.0), Clock())
        found["has_timeout"] = made._http.session().timeout.total == 3.0
        assert send.allowed(where, (gateway.url,))
        await made.close()


@pytest.fixture
async def ours(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The adapter's answers to the same questions."""
    found: dict[str, Any] = {}
    logs._logged_at.clear()
    with caplog.at_level(logging.DEBUG, "adapters.dingtalk"):
        await ask_the_connection(found)
        await ask_about_credentials_and_pauses(found)
        ask_about_payloads(found)
        await ask_about_sending(found)
    lines = [logging.Formatter().format(record) for record in caplog.records]
    found["logs_ticket"] = any("secret-ticket" in line for line in lines)
    found["logs_payload"] = any("PAYLOAD" in line for line in lines)
    found["logs_pings"] = any("OPAQUE" in line for line in lines)
    found["logs_session"] = any("SESSION" in line for line in lines)
    found["error_hidden"] = not any("RuntimeError: x" in line for line in lines)
    return found


async def test_the_table(plain: dict[str, Any], ours: dict[str, Any]) -> None:
    for defect, question, of_sdk, of_ours in TABLE:
        assert plain[question] == of_sdk, f"the SDK no longer does this: {defect}"
        assert ours[question] == of_ours, f"ours does this as well: {defect}"


REPLACED = (
    "start_forever",
    "keepalive",
    "background_task",
    "route_message",
    "get_access_token",
    "reset_access_token",
    "upload_to_dingtalk",
)


@pytest.mark.parametrize("name", REPLACED)
def test_what_is_replaced_cannot_be_called_by_mistake(name: str) -> None:
    made = stream.Stream(Settings("a", "b"), None, Clock())  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        getattr(made, name)()
