"""From what Lark pushes to the house's events: pure, and lenient about everything it does not need.

Payloads as documented under https://open.feishu.cn/document: im-v1/message/events/receive and
…/recalled, card callback communication, and approval-v4/event/common-event. Real traffic leaves
fields out and changes their types, so each is read for what it is worth; identity is only ever
taken from ``sender_id.open_id`` and the operator's ``open_id``, never from what a button carries.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from adapters.lark import messages
from adapters.lark.values import LARGEST as _LARGEST
from adapters.lark.values import dict_ as _dict
from adapters.lark.values import parsed as _parsed
from adapters.lark.values import text as _text
from bot import model

log = logging.getLogger(__name__)

PLATFORM = "lark"
CLICK = "card.action.trigger"

_FORM_STATUS: dict[str, Literal["approved", "rejected", "withdrawn", "changed"]] = {
    "APPROVED": "approved",
    "REJECTED": "rejected",
    "CANCELED": "withdrawn",
    "DELETED": "withdrawn",
    "REVERTED": "withdrawn",
}


def to_event(
    payload: object, bot_open_id: str, now: datetime = model.EPOCH, bot_name: str = ""
) -> model.Event | None:
    """The event in ``payload`` (the parsed JSON of a data frame), or None if it is none of ours;
    why, the log says.

    ``bot_open_id`` and ``bot_name`` tell which mention is the bot's; ``now`` stands in where the
    payload carries no time. Never raises, whatever the payload is.
    """
    payload = _dict(payload)
    header, event = _dict(payload.get("header")), _dict(payload.get("event"))
    match event_type(payload):
        case "im.message.receive_v1":
            return _message(header, event, messages.Me(bot_open_id, bot_name), now)
        case "card.action.trigger":
            return _clicked(header, event, now)
        case "im.message.recalled_v1":
            return _recalled(header, event, now)
        case "approval_instance":
            return _form_changed(payload, event, now)
    log.debug("an event of type %s was not taken: nobody here needs it", event_type(payload) or "?")
    return None


def event_type(payload: object) -> str:
    """What kind of event it is: ``header.event_type`` (schema 2.0) or ``event.type`` (v1.0)."""
    payload = _dict(payload)
    named = _text(_dict(payload.get("header")).get("event_type"))
    return named or _text(_dict(payload.get("event")).get("type"))


# ----------------------------------------------------------------------------- messages


def _message(
    header: Mapping[str, object], event: Mapping[str, object], me: messages.Me, now: datetime
) -> model.MessageReceived | None:
    message, sender = _dict(event.get("message")), _dict(event.get("sender"))
    ref = _text(message.get("message_id"))
    account_id = _text(_dict(sender.get("sender_id")).get("open_id"))
    if not ref:
        log.warning("a message without an id was not taken")
        return None
    if _text(sender.get("sender_type")) in ("bot", "app"):
        log.info("message %s was not taken: a bot wrote it", ref)
        return None
    tenant = _text(header.get("tenant_key"))
    direct = _text(message.get("chat_type")) == "p2p"
    content = messages.read(message, me)
    if not direct and not content.for_me:
        log.debug("message %s was not taken: it does not mention the bot", ref)
        return None
    if content.unread:
        kind = _text(message.get("message_type"))
        log.info("message %s was not read: there are no words in a %s", ref, kind or "nothing")
    return model.MessageReceived(
        id=f"lark:msg:{ref}",
        at=_time(message.get("create_time"), _time(header.get("create_time"), now)),
        account=model.Account(PLATFORM, _text(sender.get("tenant_key")) or tenant, account_id),
        place=model.Place(
            PLATFORM,
            tenant or _text(sender.get("tenant_key")),
            _text(message.get("chat_id")),
            message=ref,
            thread=_text(message.get("thread_id")),
            direct=direct,
        ),
        text=content.words,
        mentions=tuple(
            model.Account(PLATFORM, one.tenant or tenant, one.id, one.name)
            for one in messages.people(content.named)
        ),
        quoted=_text(message.get("parent_id")),
        unread=content.unread,
    )


_RECALLED_BY: dict[str, Literal["author", "moderator"]] = {
    "message_owner": "author",
    "group_owner": "moderator",
    "group_manager": "moderator",
    "enterprise_manager": "moderator",
}


def _recalled(
    header: Mapping[str, object], event: Mapping[str, object], now: datetime
) -> model.MessageRecalled | None:
    message = _text(event.get("message_id"))
    if not message:
        return None
    return model.MessageRecalled(
        id=f"lark:recall:{message}",
        at=_time(event.get("recall_time"), _time(header.get("create_time"), now)),
        platform=PLATFORM,
        tenant=_text(header.get("tenant_key")),
        message=message,
        by=_RECALLED_BY.get(_text(event.get("recall_type")), ""),
    )


# ----------------------------------------------------------------------------- clicks


def _clicked(
    header: Mapping[str, object], event: Mapping[str, object], now: datetime
) -> model.CardAction | None:
    operator, context = _dict(event.get("operator")), _dict(event.get("context"))
    action = _dict(event.get("action"))
    delivery = _text(header.get("event_id")) or _text(event.get("token"))
    if not delivery:
        log.warning("a click without an id was not taken")
        return None
    value = _parsed(action.get("value"))
    tenant = _text(header.get("tenant_key"))
    card = _text(context.get("open_message_id"))
    name = _text(action.get("name"))
    return model.CardAction(
        id=f"lark:click:{delivery}",
        at=_time(header.get("create_time"), now),
        account=model.Account(
            PLATFORM,
            _text(operator.get("tenant_key")) or tenant,
            _operator_id(operator),
        ),
        place=model.Place(
            PLATFORM,
            tenant or _text(operator.get("tenant_key")),
            _text(context.get("open_chat_id")),
            message=card,
        ),
        card=card,
        action=_text(value.get("act")) or (name[4:] if name.startswith("btn_") else ""),
        request=_request(value.get("rid")),
        code=_text(value.get("code")),
        reason=_reason(action),
    )


def _operator_id(operator: Mapping[str, object]) -> str:
    """Who clicked: the open_id stands in the operator, or in an object of identities in it."""
    for holder in (operator, _dict(operator.get("operator_id")), _dict(operator.get("user_id"))):
        if id := _text(holder.get("open_id")):
            return id
    return ""


def _request(value: object) -> int:
    """The request's number, or 0: only numbers that a row can have count."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return 0
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,19}", value):
            return 0
        value = int(value)
    return value if 0 < value <= _LARGEST else 0


def _reason(action: Mapping[str, object]) -> str:
    typed = _dict(action.get("form_value")).get("reason")
    return _text(typed if isinstance(typed, str) else action.get("input_value")).strip()


# ----------------------------------------------------------------------------- approval forms


def _form_changed(
    payload: Mapping[str, object], event: Mapping[str, object], now: datetime
) -> model.FormChanged | None:
    named = _text(event.get("status")).upper()
    instance = _text(event.get("instance_code"))
    if not named or not instance:
        return None
    # one that was filed may revoke another, and one that waits again may be revoked: both are read
    status = _FORM_STATUS.get(named, "changed")
    # The outer uuid names the delivery; the inner one is the instance's own, chosen by its filer.
    delivery = (
        _text(payload.get("uuid")) or f"{instance}:{named}:{_text(event.get('operate_time'))}"
    )
    return model.FormChanged(
        id=f"lark:event:{delivery}",
        at=_time(event.get("operate_time"), _time(payload.get("ts"), now)),
        platform=PLATFORM,
        tenant=_text(event.get("tenant_key")),
        form=_text(event.get("approval_code")),
        instance=instance,
        status=status,
    )


# ----------------------------------------------------------------------------- reading leniently


def _time(value: Any, otherwise: datetime) -> datetime:
    """A time given in seconds, milliseconds or microseconds since 1970, as number or string."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    if not 0 < number < 1e17:
        return otherwise
    while number >= 1e11:
        number /= 1000
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(number, 3))
