"""From what Lark pushes to the house's events: pure, and lenient about everything it does not need.

Payloads as documented under https://open.feishu.cn/document: im-v1/message/events/receive and
…/recalled, card callback communication, and approval-v4/event/common-event. Real traffic leaves
fields out and changes their types, so each is read for what it is worth; identity is only ever
taken from ``sender_id.open_id`` and ``operator.open_id``, never from what a button carries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from bot import model

PLATFORM = "lark"
CLICK = "card.action.trigger"
_LARGEST = 2**63 - 1

_FORM_STATUS: dict[str, Literal["approved", "rejected", "withdrawn"]] = {
    "APPROVED": "approved",
    "REJECTED": "rejected",
    "CANCELED": "withdrawn",
    "DELETED": "withdrawn",
    "REVERTED": "withdrawn",
}


def to_event(payload: Any, bot_open_id: str, now: datetime = model.EPOCH) -> model.Event | None:
    """The event in ``payload`` (the parsed JSON of a data frame), or None if it is none of ours.

    ``bot_open_id`` tells which mention is the bot's; ``now`` stands in where the payload carries
    no time. Never raises, whatever the payload is.
    """
    payload = _dict(payload)
    header, event = _dict(payload.get("header")), _dict(payload.get("event"))
    match event_type(payload):
        case "im.message.receive_v1":
            return _asked(header, event, bot_open_id, now)
        case "card.action.trigger":
            return _clicked(header, event, now)
        case "im.message.recalled_v1":
            return _recalled(header, event, now)
        case "approval_instance":
            return _form_changed(payload, event, now)
    return None


def event_type(payload: Any) -> str:
    """What kind of event it is: ``header.event_type`` (schema 2.0) or ``event.type`` (v1.0)."""
    payload = _dict(payload)
    named = _text(_dict(payload.get("header")).get("event_type"))
    return named or _text(_dict(payload.get("event")).get("type"))


# ----------------------------------------------------------------------------- messages


def _asked(
    header: Mapping[str, Any], event: Mapping[str, Any], bot_open_id: str, now: datetime
) -> model.Asked | None:
    message, sender = _dict(event.get("message")), _dict(event.get("sender"))
    ref = _text(message.get("message_id"))
    account_id = _text(_dict(sender.get("sender_id")).get("open_id"))
    if not ref or _text(sender.get("sender_type")) in ("bot", "app"):
        return None
    tenant = _text(header.get("tenant_key"))
    direct = _text(message.get("chat_type")) == "p2p"
    named = [_dict(mention) for mention in _list(message.get("mentions"))]
    if not direct and not any(_is_bot(mention, bot_open_id) for mention in named):
        return None
    written = _written(_text(message.get("message_type")), message.get("content"))
    if written is None:
        return None
    return model.Asked(
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
        text=_resolved(written, named, bot_open_id),
        mentions=tuple(_people(named, bot_open_id, tenant)),
        quoted=_text(message.get("parent_id")),
    )


def _is_bot(mention: Mapping[str, Any], bot_open_id: str) -> bool:
    return bool(bot_open_id) and _open_id(mention) == bot_open_id


def _open_id(mention: Mapping[str, Any]) -> str:
    """The open_id of a mention; some versions give the id itself instead of the three kinds."""
    return _text(_dict(mention.get("id")).get("open_id")) or _text(mention.get("id"))


def _people(
    named: list[Mapping[str, Any]], bot_open_id: str, tenant: str
) -> Iterator[model.Account]:
    seen: set[str] = set()
    for mention in named:
        person = _open_id(mention)
        if not person or person in seen or person == bot_open_id or person == "all":
            continue
        if _text(mention.get("mentioned_type")) in ("bot", "app"):
            continue
        seen.add(person)
        yield model.Account(
            PLATFORM,
            _text(mention.get("tenant_key")) or tenant,
            person,
            _text(mention.get("name")),
        )


def _resolved(written: str, named: list[Mapping[str, Any]], bot_open_id: str) -> str:
    """The text with the bot's own mention taken out and the others' keys replaced by names."""
    names = {key: mention for mention in named if (key := _text(mention.get("key")))}
    if not names:
        return written.strip()
    keys = "|".join(re.escape(key) for key in sorted(names, key=len, reverse=True))

    def name(found: re.Match[str]) -> str:
        mention = names[found[1]]
        if _is_bot(mention, bot_open_id):
            return ""
        return "@" + (_text(mention.get("name")) or found[1].lstrip("@")) + found[2]

    return re.sub(rf"({keys})(?!\d)( ?)", name, written).strip()


def _written(kind: str, content: Any) -> str | None:
    """What was typed in a text or post message; None for every other kind, and for garbage."""
    inside = _parsed(content)
    if kind == "text":
        text = inside.get("text")
        return _text(text) if isinstance(text, str) else None
    if kind != "post":
        return None
    if "content" not in inside:
        inside = next((v for v in inside.values() if isinstance(v, dict)), {})
    lines = [
        "".join(_piece(_dict(element)) for element in _list(line))
        for line in _list(inside.get("content"))
    ]
    title = _text(inside.get("title"))
    return "\n".join([title, *lines] if title else lines)


def _piece(element: Mapping[str, Any]) -> str:
    match element.get("tag"):
        case "text" | "a" | "md" | "code_block":
            return _text(element.get("text"))
        case "at":
            return _text(element.get("user_id"))
    return ""


_RECALLED_BY: dict[str, Literal["author", "moderator"]] = {
    "message_owner": "author",
    "group_owner": "moderator",
    "group_manager": "moderator",
    "enterprise_manager": "moderator",
}


def _recalled(
    header: Mapping[str, Any], event: Mapping[str, Any], now: datetime
) -> model.Recalled | None:
    message = _text(event.get("message_id"))
    if not message:
        return None
    return model.Recalled(
        id=f"lark:recall:{message}",
        at=_time(event.get("recall_time"), _time(header.get("create_time"), now)),
        platform=PLATFORM,
        tenant=_text(header.get("tenant_key")),
        message=message,
        by=_RECALLED_BY.get(_text(event.get("recall_type")), ""),
    )


# ----------------------------------------------------------------------------- clicks


def _clicked(
    header: Mapping[str, Any], event: Mapping[str, Any], now: datetime
) -> model.Clicked | None:
    operator, context = _dict(event.get("operator")), _dict(event.get("context"))
    action = _dict(event.get("action"))
    delivery = _text(header.get("event_id")) or _text(event.get("token"))
    if not delivery:
        return None
    value = _parsed(action.get("value"))
    tenant = _text(header.get("tenant_key"))
    card = _text(context.get("open_message_id"))
    name = _text(action.get("name"))
    return model.Clicked(
        id=f"lark:click:{delivery}",
        at=_time(header.get("create_time"), now),
        account=model.Account(
            PLATFORM, _text(operator.get("tenant_key")) or tenant, _text(operator.get("open_id"))
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


def _request(value: Any) -> int:
    """The request's number, or 0: only numbers that a row can have count."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return 0
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,19}", value):
            return 0
        value = int(value)
    return value if 0 < value <= _LARGEST else 0


def _reason(action: Mapping[str, Any]) -> str:
    typed = _dict(action.get("form_value")).get("reason")
    return _text(typed if isinstance(typed, str) else action.get("input_value")).strip()


# ----------------------------------------------------------------------------- approval forms


def _form_changed(
    payload: Mapping[str, Any], event: Mapping[str, Any], now: datetime
) -> model.FormChanged | None:
    status = _FORM_STATUS.get(_text(event.get("status")).upper())
    instance = _text(event.get("instance_code"))
    if status is None or not instance:
        return None
    # The outer uuid names the delivery; the inner one is the instance's own, chosen by its filer.
    delivery = (
        _text(payload.get("uuid")) or f"{instance}:{status}:{_text(event.get('operate_time'))}"
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


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _parsed(value: Any) -> Mapping[str, Any]:
    """An object, given as such or as JSON text; {} for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return _dict(value)


def _text(value: Any) -> str:
    """A string that can be stored: lone halves of surrogate pairs, which JSON can carry, are
    replaced."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return str(value)
    return ""


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
