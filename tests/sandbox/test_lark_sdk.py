"""The vendor's own client against the stand-in: connection, events, a click, the API."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox import base, world
from sandbox.lark import Lark
from tests.sandbox.lark_client import served, until

CLIENT = """
import json, sys
from sandbox.lark import sdk
sdk.model("create")
borrowed = sum(name.startswith("lark_oapi") for name in sys.modules)
whole = [name for name in ("lark_oapi", "lark_oapi.api", "lark_oapi.ws") if name in sys.modules]
import lark_oapi as lark
from lark_oapi.ws.pb.pbbp2_pb2 import Frame
from lark_oapi.api.im.v1 import *
from lark_oapi.api.approval.v4 import GetInstanceRequest, SubscribeApprovalRequest
from lark_oapi.event.callback.model.p2_card_action_trigger import P2CardActionTriggerResponse

url, app, secret, form = sys.argv[1:]
client = lark.Client.builder().app_id(app).app_secret(secret).domain(url).build()

def tell(**what):
    print(json.dumps(what), flush=True)

def card():
    go = {"tag": "button", "text": {"tag": "plain_text", "content": "Go"},
          "behaviors": [{"type": "callback", "value": {"action": "go"}}]}
    return json.dumps({"schema": "2.0", "body": {"elements": [go]}})

def heard(data):
    message = data.event.message
    body = (ReplyMessageRequestBody.builder().msg_type("interactive").content(card())
            .reply_in_thread(True).uuid("k-" + message.message_id[-8:]).build())
    request = ReplyMessageRequest.builder().message_id(message.message_id).request_body(body)
    answer = client.im.v1.message.reply(request.build())
    tell(replied=answer.code, thread=answer.data.thread_id)

def pressed(data):
    done = {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": "gone"}]}}
    return P2CardActionTriggerResponse({
        "toast": {"type": "success", "content": data.event.action.value["action"]},
        "card": {"type": "raw", "data": done}})

def approved(data):
    code = data.event["instance_code"]
    read = client.approval.v4.instance.get(GetInstanceRequest.builder().instance_id(code).build())
    tell(form=json.loads(read.data.form)[0]["value"], status=data.event["status"])

tell(few=borrowed < 60, whole=whole, same=Frame is sdk.Frame)
handler = (lark.EventDispatcherHandler.builder("", "")
    .register_p2_im_message_receive_v1(heard)
    .register_p2_card_action_trigger(pressed)
    .register_p1_customized_event("approval_instance", approved)
    .build())
subscribe = SubscribeApprovalRequest.builder().approval_code(form).build()
tell(subscribed=client.approval.v4.approval.subscribe(subscribe).code)
lark.ws.Client(app, secret, event_handler=handler, domain=url).start()
"""


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    while True:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert line, "the vendor's client ended"
        if line.startswith("{"):
            return dict(json.loads(line))


@pytest.mark.slow
async def test_the_vendors_client_works_with_the_stand_in() -> None:
    """Also: what the stand-in borrows of the SDK is little, and leaves a full import undisturbed
    (the client's process does both)."""
    async with served(Lark(base.Clock())) as lark:
        arguments = [lark.base_url, world.LARK_APP_ID, world.LARK_APP_SECRET, world.LARK_FORM]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-c", CLIENT, *arguments),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={"NO_PROXY": "*", "PATH": ""},
        )
        try:
            assert await _line(process) == {"few": True, "whole": [], "same": True}
            assert await _line(process) == {"subscribed": 0}
            await until(lambda: lark.sockets.open(), 30)
            await lark.say("alice", "restart web-01")
            answer = await _line(process)
            assert answer["replied"] == 0
            assert answer["thread"].startswith("omt_")
            await until(lambda: lark.pushes.deliveries[0].acked)
            [hung] = await lark.cards()
            clicked = await lark.click("bob", hung["ref"], "go")
            assert (clicked["toast"], clicked["toast_type"], clicked["code"]) == (
                "go",
                "success",
                0,
            )
            assert (await lark.cards())[0]["text"] == "gone"
            await lark.form("alice", {"emp_id": "E123"}, decision="")
            assert await _line(process) == {"form": "E123", "status": "PENDING"}
            await until(lambda: lark.sockets.connections[0].pings == 1)
            task = [d for d in lark.pushes.deliveries if "task_id" in str(d.payload)]
            await until(lambda: task[0].ack)
            assert (task[0].ack["code"], task[0].acked) == (500, False)
        finally:
            process.kill()
            await process.wait()
