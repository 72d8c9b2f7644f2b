"""Frames as the platforms push them, made once; only a serial number changes from one to the next.

Shapes: ``receive-message`` and ``event-callback-card`` on open.dingtalk.com; im-v1/message/events/
receive and card.action.trigger on open.feishu.cn. The Lark long connection wraps them in a protobuf
message (``pbbp2.Frame`` of the SDK), which is written here by hand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

PEOPLE = 250
"""So many people ask in turn, because each may ask 10,000 times a minute at most."""
DIGITS = 12
NUMBER = "9" * DIGITS
"""Stands in the templates where the serial number goes."""

CORP, TENANT = "dingbench", "tk_bench"
CHAT, LARK_CHAT = "cidBENCH==", "oc_bench"
LARK_BOT = "ou_bench_bot"

Make = Callable[[int], bytes]
"""The websocket message (without its frame header) of a serial number."""


def person(platform: str, number: int) -> str:
    return f"u-{number:04d}" if platform == "dingtalk" else f"ou_{number:04d}"


def make(platform: str, kind: str, base_url: str) -> Make:
    """``kind``: "ask" (a request is created) or "click" (on a card of no request: refused)."""
    builders = {
        ("dingtalk", "ask"): _dingtalk_ask,
        ("dingtalk", "click"): _dingtalk_click,
        ("lark", "ask"): _lark_ask,
        ("lark", "click"): _lark_click,
    }
    whole = builders[platform, kind](base_url)
    pieces = whole.split(NUMBER.encode())
    people = [person(platform, n).encode() for n in range(PEOPLE)]
    first = people[0]

    def made(serial: int) -> bytes:
        text = (b"%0*d" % (DIGITS, serial)).join(pieces)
        return text.replace(first, people[serial % PEOPLE], 1)

    return made


def text_of(extra: str = "") -> str:
    """What is asked; the reason differs from message to message, so that nothing can be cached."""
    return f'restart web-01 reason="leak {NUMBER}"{extra}'


def _dingtalk(topic: str, data: dict[str, object]) -> bytes:
    frame = {
        "specVersion": "1.0",
        "type": "CALLBACK",
        "headers": {
            "appId": "1305d5f5-0000-484f-0000-97d900000f67",
            "connectionId": "b3b6ab4a-86a1-11f0-0000-0242ac110002",
            "contentType": "application/json",
            "messageId": f"m{NUMBER}_974_1898c159aa6",
            "time": "1690362102194",
            "topic": topic,
        },
        "data": json.dumps(data, ensure_ascii=False),
    }
    return json.dumps(frame, ensure_ascii=False).encode()


def _dingtalk_ask(base_url: str) -> bytes:
    return _dingtalk(
        "/v1.0/im/bot/messages/get",
        {
            "conversationId": CHAT,
            "atUsers": [{"dingtalkId": "$:LWCP_v1:$4TgHFUDZ8Qi8qr3"}],
            "chatbotCorpId": CORP,
            "chatbotUserId": "$:LWCP_v1:$4TgHFUDZ8Qi8qr3",
            "msgId": f"msg{NUMBER}LICYeHgY4JtMQw==",
            "senderNick": "张三",
            "isAdmin": True,
            "senderStaffId": person("dingtalk", 0),
            "sessionWebhookExpiredTime": 32_000_000_000_000,
            "createAt": int(time.time() * 1000),
            "senderCorpId": CORP,
            "conversationType": "2",
            "senderId": "$:LWCP_v1:$jqTgIfhRX9Q==",
            "conversationTitle": "运维群",
            "isInAtList": True,
            "sessionWebhook": f"{base_url}/robot/sendBySession?session=76da36b48f59e8",
            "text": {"content": " " + text_of()},
            "robotCode": "dingbenchapp",
            "msgtype": "text",
        },
    )


def _dingtalk_click(base_url: str) -> bytes:
    pressed = json.dumps(
        {
            "cardPrivateData": {
                "actionIds": ["approve"],
                "params": {"action": "approve", "rid": "999999999", "code": "0badc0de"},
            }
        }
    )
    return _dingtalk(
        "/v1.0/card/instances/callback",
        {
            "extension": "{}",
            "corpId": CORP,
            "spaceType": "im",
            "userIdType": 1,
            "type": "actionCallback",
            "userId": person("dingtalk", 0),
            "content": pressed,
            "spaceId": CHAT,
            "outTrackId": f"card-{NUMBER}",
            "value": pressed,
        },
    )


# ----------------------------------------------------------------------------- Lark


def _lark_ask(base_url: str) -> bytes:
    named = {
        "key": "@_user_1",
        "id": {"open_id": LARK_BOT, "union_id": "on_bench", "user_id": "bench"},
        "mentioned_type": "bot",
        "name": "countersign",
        "tenant_key": TENANT,
    }
    return _lark(
        {
            "schema": "2.0",
            "header": _lark_header("im.message.receive_v1"),
            "event": {
                "sender": {
                    "sender_id": {
                        "union_id": "on_8ed6aa67826108097d9ee143816345",
                        "user_id": "e33ggbyz",
                        "open_id": person("lark", 0),
                    },
                    "sender_type": "user",
                    "tenant_key": TENANT,
                },
                "message": {
                    "message_id": f"om_{NUMBER}5ce6d572455d361153b7",
                    "create_time": str(int(time.time() * 1000)),
                    "update_time": str(int(time.time() * 1000)),
                    "chat_id": LARK_CHAT,
                    "chat_type": "group",
                    "message_type": "text",
                    "content": json.dumps({"text": "@_user_1 " + text_of()}),
                    "mentions": [named],
                },
            },
        }
    )


def _lark_click(base_url: str) -> bytes:
    return _lark(
        {
            "schema": "2.0",
            "header": _lark_header("card.action.trigger"),
            "event": {
                "operator": {
                    "tenant_key": TENANT,
                    "user_id": "e33ggbyz",
                    "open_id": person("lark", 0),
                    "union_id": "on_8ed6aa67826108097d9ee143816345",
                },
                "token": f"c-{NUMBER}295ee57216a5dc9de90fefd0aadb",
                "action": {
                    "value": {"act": "approve", "rid": 999999999, "code": "0badc0de"},
                    "tag": "button",
                    "name": "btn_approve",
                },
                "host": "im_message",
                "context": {
                    "open_message_id": f"om_card_{NUMBER}",
                    "open_chat_id": LARK_CHAT,
                },
            },
        }
    )


def _lark_header(kind: str) -> dict[str, str]:
    return {
        "event_id": f"{NUMBER}5e3702a84e847582be8d",
        "event_type": kind,
        "create_time": "1608725989000",
        "token": "rvaYgkND1GOiu5MM0E1rncYC6PLtF7JV",
        "app_id": "cli_bench",
        "tenant_key": TENANT,
    }


def _lark(event: dict[str, object]) -> bytes:
    headers = (
        ("type", "event"),
        ("message_id", f"m{NUMBER}"),
        ("sum", "1"),
        ("seq", "0"),
        ("trace_id", f"trace-{NUMBER}"),
    )
    parts = [b"\x08\x00\x10\x01\x18\x07\x20\x01"]
    for name, value in headers:
        inner = _field(0x0A, name.encode()) + _field(0x12, value.encode())
        parts.append(_field(0x2A, inner))
    parts.append(_field(0x42, json.dumps(event, ensure_ascii=False).encode()))
    return b"".join(parts)


def _field(tag: int, value: bytes) -> bytes:
    size, length = len(value), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return bytes((tag,)) + bytes(length) + value
