"""What goes back on the Stream connection for each kind of frame, as finished JSON text.

Shapes: ``docs/learn/stream/protocol.md`` of github.com/open-dingtalk/developerpedia. ``data`` is a
JSON string inside the JSON. This is the hot path, so the constant parts are spelt out.
"""

from __future__ import annotations

import json

_HEADERS = '"headers":{"messageId":%s,"contentType":"application/json"}'
_ACCEPTANCE = '{"code":200,"message":"OK",' + _HEADERS + ',"data":"{\\"response\\":null}"}'
_SUCCESS = (
    '{"code":200,"message":"OK",'
    + _HEADERS
    + ',"data":"{\\"status\\":\\"SUCCESS\\",\\"message\\":\\"ok\\"}"}'
)


def acceptance(message_id: object) -> str:
    """A chat message was taken; the platform reads nothing but that."""
    return _ACCEPTANCE % json.dumps(message_id)


def success(message_id: object) -> str:
    """An EVENT was taken and must not come again."""
    return _SUCCESS % json.dumps(message_id)


def _ack(message_id: object, code: int, message: str, data: str) -> str:
    headers = {"messageId": message_id, "contentType": "application/json"}
    return json.dumps({"code": code, "message": message, "headers": headers, "data": data})


def later(message_id: object, why: str, code: int = 200) -> str:
    """An EVENT was not taken: the platform shall deliver it again."""
    return _ack(message_id, code, "OK" if code == 200 else why, _dump(status="LATER", message=why))


def failed(message_id: object, code: int, why: str) -> str:
    """A callback was not taken: 400 unreadable, 404 unknown topic, 500 our fault."""
    return _ack(message_id, code, why, _dump(response=None))


def response(message_id: object, answer: dict[str, object] | None) -> str:
    """A card callback was taken; ``answer`` changes the card of the person who clicked."""
    return (
        acceptance(message_id)
        if answer is None
        else _ack(message_id, 200, "OK", _dump(response=answer))
    )


def system(message_id: object, data: object) -> str:
    """A ping is answered with what it brought."""
    return _ack(message_id, 200, "OK", data if isinstance(data, str) else json.dumps(data or {}))


def _dump(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False)
