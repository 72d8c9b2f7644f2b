"""A bot on the real dingtalk-stream SDK, run as a process of its own by the tests: the SDK reads
``DINGTALK_OPENAPI_ENDPOINT`` when it is imported and blocks its event loop with HTTP calls.

``python -m tests.sandbox.dingtalk_sdk_bot CLIENT_ID SECRET plain|fixed``: "fixed" answers events as
the protocol asks, "plain" leaves that to the SDK. Every frame taken is printed as a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import dingtalk_stream
import websockets.exceptions  # noqa: F401  the SDK names it without importing it
from dingtalk_stream import AckMessage


def say(kind: str, value: Any) -> None:
    print(json.dumps({"kind": kind, "value": value}), flush=True)


class Chats(dingtalk_stream.ChatbotHandler):
    async def process(self, callback: Any) -> tuple[int, Any]:
        message = dingtalk_stream.ChatbotMessage.from_dict(callback.data)
        say("chat", {"text": message.text.content, "by": message.sender_staff_id})
        self.reply_text("heard", message)
        self.cards(message)
        return AckMessage.STATUS_OK, None

    def cards(self, message: Any) -> None:
        """Show a card by the SDK's own helper, and change it for everybody."""
        card = dingtalk_stream.MarkdownButtonCardInstance(self.dingtalk_client, message)
        card.set_title_and_logo("Restart", "")
        buttons = [{"text": "Approve", "color": "blue", "id": "approve", "request": True}]
        card.reply("**web-01**", buttons, tips="waiting")
        say("card", card.card_instance_id)


class Clicks(dingtalk_stream.CallbackHandler):
    async def process(self, callback: Any) -> tuple[int, Any]:
        message = dingtalk_stream.CardCallbackMessage.from_dict(callback.data)
        say("click", {"by": message.user_id, "content": message.content})
        options = {"updateCardDataByKey": True, "updatePrivateDataByKey": True}
        data = {"cardParamMap": {"tips": "working"}}
        return AckMessage.STATUS_OK, {"cardUpdateOptions": options, "cardData": data}


class Events(dingtalk_stream.EventHandler):
    async def process(self, event: Any) -> tuple[int, Any]:
        say("event", {"type": event.headers.event_type, "data": event.data})
        return AckMessage.STATUS_OK, "OK"


class FixedEvents(Events):
    async def raw_process(self, event: Any) -> Any:
        ack = await super().raw_process(event)
        ack.data = {"status": "SUCCESS", "message": "ok"}
        return ack


def main(client_id: str, secret: str, mode: str) -> None:
    client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential(client_id, secret))
    client.get_host_ip = lambda: "127.0.0.1"
    client.register_all_event_handler(FixedEvents() if mode == "fixed" else Events())
    client.register_callback_handler(dingtalk_stream.ChatbotMessage.TOPIC, Chats())
    client.register_callback_handler(dingtalk_stream.Card_Callback_Router_Topic, Clicks())
    asyncio.run(client.start())


if __name__ == "__main__":
    main(*sys.argv[1:])
