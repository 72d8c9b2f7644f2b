"""Is this the acknowledgement that the platform expects? One rule per kind of frame.

https://github.com/open-dingtalk/developerpedia, docs/learn/stream/protocol.md
"""

from __future__ import annotations

from typing import Any

from sandbox.dingtalk import wire

CARD_KEYS = {"cardUpdateOptions", "cardData", "userPrivateData"}
OPTIONS = {"updateCardDataByKey", "updatePrivateDataByKey"}


class BadAck(Exception):
    """An acknowledgement the platform does not take; its first argument says why."""


def decoded(frame: dict[str, Any]) -> Any:
    """The ``data`` of an acknowledgement, which travels as a JSON string."""
    data = frame.get("data")
    if not isinstance(data, str):
        raise BadAck("data is not a string")
    try:
        return wire.parsed(data)
    except ValueError:
        raise BadAck("data is not JSON") from None


def check(kind: str, frame: dict[str, Any], sent: str, limits: Any) -> Any:
    """The decoded body of a good acknowledgement. Raises ``BadAck``; an EVENT's LATER, and any code
    but 200, are taken as "not now"."""
    code = frame.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise BadAck("code is not a number")
    if not isinstance(frame.get("message"), str):
        raise BadAck("message is not a string")
    if code != 200:
        raise BadAck(f"code {code}")
    body = decoded(frame)
    if kind == "event":
        _check_event(body)
    elif kind == "ping":
        if body != wire.parsed(sent):
            raise BadAck("the ping was not echoed")
    elif not isinstance(body, dict) or "response" not in body:
        raise BadAck('data lacks "response"')
    elif kind == "card":
        check_card(body["response"], limits)
    return body


def _check_event(body: Any) -> None:
    status = body.get("status") if isinstance(body, dict) else None
    if status == "LATER":
        raise BadAck("LATER")
    if status != "SUCCESS":
        raise BadAck("status is neither SUCCESS nor LATER")


def check_card(response: Any, limits: Any) -> None:
    """The answer to a click: empty, or what to change for the person who clicked."""
    if response is None or response == {}:
        return
    if not isinstance(response, dict):
        raise BadAck("response is not an object")
    if extra := set(response) - CARD_KEYS:
        raise BadAck(f"response has unknown fields {sorted(extra)}")
    options = response.get("cardUpdateOptions") or {}
    if not isinstance(options, dict) or set(options) - OPTIONS:
        raise BadAck("cardUpdateOptions has unknown fields")
    if any(not isinstance(value, bool) for value in options.values()):
        raise BadAck("cardUpdateOptions takes booleans")
    for part in ("cardData", "userPrivateData"):
        value = response.get(part)
        if value is None:
            continue
        if not isinstance(value, dict) or set(value) - {"cardParamMap"}:
            raise BadAck(f"{part} has unknown fields")
        if problem := params_problem(value.get("cardParamMap") or {}, limits):
            raise BadAck(f"{part}: {problem}")


def params_problem(params: Any, limits: Any) -> str:
    """Why a cardParamMap is refused ("" if it is fine): strings only, short keys, short values.

    https://open.dingtalk.com/document/development/instructions-for-filling-in-api-card-data
    """
    if not isinstance(params, dict):
        return "cardParamMap is not an object"
    for key, value in params.items():
        if not isinstance(value, str):
            return f"the value of {key} is not a string"
        if len(key.encode()) > limits.card_key_bytes:
            return f"the key {key[:20]}… is longer than {limits.card_key_bytes} bytes"
        if len(value.encode()) > limits.card_value_bytes:
            return f"the value of {key} is longer than {limits.card_value_bytes} bytes"
    return ""
