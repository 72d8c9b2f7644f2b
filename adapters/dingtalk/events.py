"""What DingTalk sends → what the house calls it. Pure, and lenient to the bone.

Real payloads lose fields, misspell them (``processCod``) and change their types, so nothing here
raises: what makes no sense is ``Ignored`` with its reason. Sources on open.dingtalk.com:
``receive-message``, ``event-bpms-instance-change``, ``event-callback-card``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from adapters.dingtalk import richtext
from bot import model

NAME = "dingtalk"
CHAT_TOPIC = "/v1.0/im/bot/messages/get"
CARD_TOPIC = "/v1.0/card/instances/callback"
FORM_EVENT = "bpms_instance_change"

OVER_QUOTA = "20001"


@dataclass(frozen=True, slots=True)
class Ignored:
    """A frame that isn't submitted. ``code`` acknowledges it: 200 seen and of no interest, 400
    unreadable, 404 not a topic of ours. ``warn``: somebody should read the reason."""

    reason: str
    code: int = 200
    warn: bool = False


def to_event(
    frame: dict[str, object], now: datetime, robot_name: str = ""
) -> model.Event | Ignored:
    """The event of one CALLBACK or EVENT frame, or why there is none. ``robot_name``: a text that
    begins with it, behind an ``@``, begins after it."""
    headers = headers_of(frame)
    kind = frame.get("type")
    if kind == "EVENT":
        if headers.get("eventType") != FORM_EVENT:
            return Ignored("an event type that nobody here needs")
        data = _object(frame.get("data"))
        return (
            Ignored("the data is no JSON object", 400, True)
            if data is None
            else _form(headers, data, now)
        )
    topic = headers.get("topic")
    if kind != "CALLBACK" or topic not in (CHAT_TOPIC, CARD_TOPIC):
        return Ignored("not a topic of ours", 404)
    data = _object(frame.get("data"))
    if data is None:
        return Ignored("the data is no JSON object", 400, True)
    if topic == CARD_TOPIC:
        return _click(headers, data, now)
    return _chat(headers, data, now, robot_name)


UNCOUNTED = ("user_", "org_", "label_", "industry_medical_user")
"""How the types of events about contacts begin, which no quota counts:
``appendix-a-list-of-events-not-included-in-webhook`` on open.dingtalk.com."""


def push_of(frame: dict[str, object]) -> str:
    """Which push a frame is: event, message or click; "" for one that no quota counts."""
    headers = headers_of(frame)
    if frame.get("type") == "EVENT":
        contacts = str(headers.get("eventType") or "").startswith(UNCOUNTED)
        return "" if contacts else "event"
    return {CHAT_TOPIC: "message", CARD_TOPIC: "click"}.get(str(headers.get("topic")), "")


def headers_of(frame: dict[str, object]) -> dict[str, object]:
    """The frame's headers; one example of the documentation calls them ``header``."""
    headers = frame.get("headers")
    if type(headers) is not dict:
        headers = frame.get("header")
    return headers if isinstance(headers, dict) else {}


# ----------------------------------------------------------------------------- values


def _object(value: object) -> dict[str, object] | None:
    """A JSON object given as such or as JSON text; None if it is neither."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _within(value: object, key: str) -> dict[str, object]:
    return (_object(value.get(key)) or {}) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """A string for a string or a number, "" for all else; lone surrogates become U+FFFD."""
    if type(value) is str:
        return (
            value
            if value.isascii()
            else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    return str(value) if type(value) is int else ""


def _named(data: dict[str, object], name: str) -> object:
    """The field, or the one that lost its last letter on the way (``processCod``, ``createA``)."""
    value = data.get(name)
    return data.get(name[:-1]) if value is None else value


def _moment(value: Any, otherwise: datetime) -> datetime:
    """An aware time from milliseconds (number or text); ``otherwise`` if it isn't one."""
    try:
        ms = int(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    if not 0 < ms < 32_503_680_000_000:  # the year 3000
        return otherwise
    return datetime.fromtimestamp(ms / 1000, UTC)


def _id(kind: str, wanted: object, headers: dict[str, object], data: dict[str, object]) -> str:
    """The dedupe key; without a sane id of the platform's, a hash of the content."""
    own = _text(wanted) or _text(headers.get("messageId"))
    if not own or len(own) > 200:
        text = json.dumps(data, sort_keys=True, default=str)
        own = "sha-" + hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{NAME}:{kind}:{own}"


# ----------------------------------------------------------------------------- chat


def _chat(
    headers: dict[str, object], data: dict[str, object], now: datetime, robot_name: str
) -> model.Event | Ignored:
    if _text(data.get("errorCode")) == OVER_QUOTA:
        return Ignored(
            "the organisation's DingTalk quota is used up: messages come empty", 200, True
        )
    chat = _text(data.get("conversationId"))
    tenant = _text(data.get("chatbotCorpId"))
    account = _sender(data, tenant)
    direct = _text(data.get("conversationType")) == "1"
    if direct and account.id:
        chat = account.id  # every call that sends to one person takes the user id
    if not chat:
        return Ignored("a message without a conversation", 200, True)
    message = _text(data.get("msgId"))
    place = model.Place(
        NAME,
        tenant or account.tenant,
        chat,
        message,
        "",
        _text(data.get("sessionWebhook")),
        _moment(_named(data, "sessionWebhookExpiredTime"), model.EPOCH),
        direct,
    )
    if account.id == "" and _text(data.get("senderId")) == _text(data.get("chatbotUserId")) != "":
        return Ignored("a message that the bot itself wrote", 200, True)
    content, quoted = richtext.read(data)
    words = richtext.unaddressed(_text(content).strip(), robot_name)
    return model.MessageReceived(
        _id("msg", message, headers, data),
        _moment(_named(data, "createAt"), _moment(headers.get("time"), now)),
        account,
        place,
        words,
        _mentions(data, place.tenant),
        _text(quoted),
        richtext.unread(data, words),
    )


def _sender(data: dict[str, object], tenant: str) -> model.Account:
    """Who wrote. Somebody of another organisation is an outsider, whatever id they bring there."""
    corp = _text(data.get("senderCorpId"))
    staff = _text(data.get("senderStaffId"))
    if corp and tenant and corp != tenant:
        staff = ""
    return model.Account(NAME, corp or tenant, staff, _text(data.get("senderNick")))


def _mentions(data: dict[str, object], tenant: str) -> tuple[model.Account, ...]:
    """The people named, without the bot itself; people of other organisations have no id."""
    users = data.get("atUsers")
    if type(users) is not list or (len(users) < 2 and not _staff(users)):
        return ()
    bot = data.get("chatbotUserId")
    return tuple(
        model.Account(NAME, tenant, _text(user.get("staffId")))
        for user in users
        if isinstance(user, dict)
        and (_text(user.get("staffId")) or (bot and user.get("dingtalkId") != bot))
    )


def _staff(users: list[object]) -> bool:
    return any(isinstance(user, dict) and user.get("staffId") for user in users)


# ----------------------------------------------------------------------------- cards


def _click(
    headers: dict[str, object], data: dict[str, object], now: datetime
) -> model.Event | Ignored:
    action, params = _pressed(data)
    card = _text(_named(data, "outTrackId"))
    if not action or not card:
        return Ignored("a click without a card or an action", 200, True)
    corp = _text(data.get("corpId"))
    user = _text(data.get("userId")) if _text(data.get("userIdType")) in ("", "1") else ""
    rid = _text(params.get("rid"))
    direct = "robot" in _text(data.get("spaceType")).lower()
    return model.CardAction(
        _id("click", "", headers, data),
        _moment(headers.get("time"), now),
        model.Account(NAME, corp, user),
        model.Place(NAME, corp, _text(data.get("spaceId")), direct=direct),
        card,
        action,
        int(rid) if rid.isascii() and rid.isdigit() and len(rid) < 19 else 0,
        _text(params.get("code")),
        _text(params.get("reason")).strip(),
    )


def _pressed(data: dict[str, object]) -> tuple[str, dict[str, object]]:
    """Action and parameters. They come in ``content`` or in ``value``; ``params`` within
    ``cardPrivateData`` or beside it; the action as a parameter or as the button's id."""
    for key in ("content", "value"):
        body = _within(data, key)
        private = _within(body, "cardPrivateData")
        params = {**_within(body, "params"), **_within(private, "params")}
        ids = private.get("actionIds") or body.get("actionIds")
        first = ids[0] if isinstance(ids, list) and ids else ids
        action = _text(params.get("action")) or _text(params.get("id")) or _text(first)
        if action:
            return action, params
    return "", {}


# ----------------------------------------------------------------------------- forms


def _form(
    headers: dict[str, object], data: dict[str, object], now: datetime
) -> model.Event | Ignored:
    instance = _text(_named(data, "processInstanceId"))
    if not instance:
        return Ignored("a form event without an instance", 200, True)
    return model.FormChanged(
        _id("event", headers.get("eventId"), headers, data),
        _moment(headers.get("eventBornTime"), _moment(headers.get("time"), now)),
        NAME,
        _text(headers.get("eventCorpId")) or _text(data.get("corpId")),
        _text(_named(data, "processCode")),
        instance,
        _status(_text(data.get("type")).lower(), _text(data.get("result")).lower()),
    )


def _status(kind: str, result: str) -> Literal["approved", "rejected", "withdrawn", "changed"]:
    """An event does not tell whether the instance revokes or modifies another: one that was only
    filed has to be read, too."""
    if kind == "finish" and result == "agree":
        return "approved"
    if kind == "finish" and result == "refuse":
        return "rejected"
    return "withdrawn" if kind in ("terminate", "delete") else "changed"
