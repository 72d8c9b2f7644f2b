"""The vendors' SDKs as they come, each as a process of its own that acknowledges what it is sent.

``python -m bench.peers echo|reply|handler NAME URL``: dingtalk-stream with a handler that does
nothing; the same, answering each message by its own ``reply_text``; lark-oapi with a typed handler
that does nothing. Nothing is stored by any of them.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any


def dingtalk(name: str, url: str, handler: type[Any]) -> None:
    import dingtalk_stream as sdk

    quiet = logging.getLogger("bench.peer")
    quiet.setLevel(logging.ERROR)
    sdk.DingTalkStreamClient.OPEN_CONNECTION_API = f"{url}/v1.0/gateway/connections/open"
    client = sdk.DingTalkStreamClient(sdk.Credential(name, "secret"), quiet)
    client.register_callback_handler(sdk.ChatbotMessage.TOPIC, handler())
    asyncio.run(client.start())


def echo(name: str, url: str) -> None:
    import dingtalk_stream as sdk

    class Echo(sdk.ChatbotHandler):  # type: ignore[misc]
        async def process(self, callback: Any) -> tuple[int, str]:
            return sdk.AckMessage.STATUS_OK, "OK"

    dingtalk(name, url, Echo)


def reply(name: str, url: str) -> None:
    import dingtalk_stream as sdk

    class Reply(sdk.ChatbotHandler):  # type: ignore[misc]
        async def process(self, callback: Any) -> tuple[int, str]:
            incoming = sdk.ChatbotMessage.from_dict(callback.data)
            if self.reply_text("ok", incoming) is None:
                raise RuntimeError("the reply was not taken")
            return sdk.AckMessage.STATUS_OK, "OK"

    dingtalk(name, url, Reply)


def handler(name: str, url: str) -> None:
    import lark_oapi as sdk

    def nothing(event: Any) -> None:
        """The event has been parsed into its model by now."""

    builder = sdk.EventDispatcherHandler.builder("", "")
    made = builder.register_p2_im_message_receive_v1(nothing).build()
    client = sdk.ws.Client(
        name, "secret", event_handler=made, domain=url, log_level=sdk.LogLevel.ERROR
    )
    client.start()


KINDS = {"echo": echo, "reply": reply, "handler": handler}

if __name__ == "__main__":
    KINDS[sys.argv[1]](sys.argv[2], sys.argv[3])
