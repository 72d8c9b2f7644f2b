"""A request's body → CloudEvents, in each of the shapes that senders use.

Structured and binary mode are read by the CloudEvents SDK, batches entry by entry (the SDK has no
batch mode). What it lets pass and the store should not keep is looked at before or after: an event
without an id would get a random one there, and so would never be recognised when it comes again.
"""

from __future__ import annotations

import base64
import json
import re
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cloudevents.core import exceptions
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from adapters.inlet import paths, refusal, strict
from adapters.inlet.settings import Source
from bot import model

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MOST_TOGETHER = 256
"""Events of one batch."""
_JSON = re.compile(r"(?:application|text)/(?:[a-z0-9.-]+\+)?json")
_CORE = {"id", "source", "type", "subject", "time", "specversion", "datacontenttype", "data"}
_LONGEST = {"id": 1024, "source": 1024, "type": 1024, "subject": 2048}
_FAULTS = (
    exceptions.BaseCloudEventException,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    OverflowError,
)
"""What the SDK raises for what is no CloudEvent."""
_ZONED = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ][\d:.]+?)\s*(Z|[+-]\d\d:?\d\d)?\s*\[?([A-Z]\w+/[\w/+-]+)\]?"
)
"""A time that ends with the name of its zone, as Alibaba Cloud writes it in samples of its own:
``2020-08-17T16:04:46.149Asia/Shanghai``. An offset before the name counts more than the name."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Headers = Mapping[str, str]
"""By their names in small letters."""
Pair = tuple[model.CloudEvent, str]
"""An event, and whom it is from as far as the mapping tells."""


def check_type(source: Source, kind: str, headers: Headers) -> None:
    """Refuse a content type that this source does not take, before its body is read."""
    if source.kind == "cloudevents":
        if kind in (STRUCTURED, BATCH) or "ce-type" in headers:
            return
        wanted = f"{STRUCTURED}, {BATCH}, or ce- headers"
    else:
        if _JSON.fullmatch(kind) or kind in (BATCH, STRUCTURED):
            return
        wanted = "application/json"
    raise refusal.Refusal(415, "media type", f"the content type must be {wanted}")


def read(
    source: Source,
    kind: str,
    headers: Headers,
    query: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> list[Pair]:
    """The events of a body, at least one. Raises Refusal."""
    if source.kind == "webhook":
        document = {
            "body": strict.parse(body, strict.DEPTH),
            "headers": {strict.text(name): strict.text(value) for name, value in headers.items()},
            "query": {strict.text(k): strict.text(v) for k, v in query.items()},
        }
        return [_mapped(source, document, now)]
    if kind not in (STRUCTURED, BATCH) and "ce-type" in headers:
        events = [_binary(headers, body, now)]
    else:
        value = strict.parse(body, strict.DEPTH + 2)
        if isinstance(value, list) if source.kind == "eventbridge" else kind == BATCH:
            events = _batch(value, now)
        else:
            events = [_whole(value, now)]
    return [_owned(source, event) for event in events]


# ----------------------------------------------------------------------------- CloudEvents


def _batch(value: object, now: datetime) -> list[model.CloudEvent]:
    """All of them or none: a batch is sent again as a whole."""
    if not isinstance(value, list) or not value:
        raise refusal.unreadable("a batch is a list of events, at least one")
    if len(value) > MOST_TOGETHER:
        raise refusal.unreadable(f"a batch holds at most {MOST_TOGETHER} events")
    events = []
    for number, entry in enumerate(value):
        try:
            events.append(_whole(entry, now))
        except refusal.Refusal as fault:
            raise refusal.unreadable(
                f"entry {number} of the batch: {fault.text}; nothing of it was taken"
            ) from None
    return events


def _whole(value: object, now: datetime) -> model.CloudEvent:
    """An event that stands in a body: a CloudEvent, or one with ``detail-type`` and ``detail``."""
    if not isinstance(value, dict):
        raise refusal.unreadable("an event is a JSON object")
    if "specversion" not in value and "detail-type" in value:
        return _named(value, now)
    if not isinstance(value.get("specversion"), str):
        raise refusal.unreadable(
            'the body is no event: it needs specversion "1.0", or detail-type and detail'
        )
    if value.get("id") is None:
        raise refusal.unreadable("the event has no id, by which it would be known again")
    if value.get("data") is not None and value.get("data_base64") is not None:
        raise refusal.unreadable("the event has both data and data_base64")
    # The specification lets null stand for an attribute that is not there.
    document = {key: item for key, item in value.items() if item is not None}
    data = document.pop("data", None)
    if "time" in document:
        document["time"] = _timed(document["time"])
    try:
        event = JSONFormat().read(CloudEvent, json.dumps(document))
        said = data if data is not None else event.get_data()
        return _checked(event.get_attributes(), said, now, "time" in document)
    except _FAULTS as fault:
        raise _no_event(fault, document.get("time")) from None


def _binary(headers: Headers, body: bytes, now: datetime) -> model.CloudEvent:
    """An event whose attributes stand in the headers, and its data in the body."""
    own = [name for name in headers if name.startswith("ce-")]
    if "ce-id" not in own or "ce-specversion" not in own:
        raise refusal.unreadable("ce-id and ce-specversion must be there")
    kind = media_type(headers)
    data = strict.parse(body, strict.DEPTH) if body and _JSON.fullmatch(kind) else None
    attributes = {name: headers[name] for name in (*own, "content-type") if name in headers}
    if "ce-time" in attributes:
        attributes["ce-time"] = _timed(attributes["ce-time"])
    try:
        event = http.from_binary(http.HTTPMessage(attributes, body), JSONFormat(), CloudEvent)
        said = data if data is not None else event.get_data()
        return _checked(event.get_attributes(), said, now, "ce-time" in own)
    except _FAULTS as fault:
        raise _no_event(fault, attributes.get("ce-time")) from None


def _named(value: dict[str, object], now: datetime) -> model.CloudEvent:
    """The shape with ``source``, ``detail-type`` and ``detail``; id and time may be missing."""
    attributes = {
        "specversion": "1.0",
        "id": value.get("id") if value.get("id") is not None else strict.fingerprint(value),
        "source": value.get("source"),
        "type": value.get("detail-type"),
        "subject": value.get("subject"),
        "time": _timed(value.get("time")),
    }
    document = {key: item for key, item in attributes.items() if item is not None}
    others = set(value) - document.keys() - {"detail-type", "detail"}
    try:
        event = JSONFormat().read(CloudEvent, json.dumps(document))
        all_attributes = {**event.get_attributes(), **{key: value[key] for key in others - _CORE}}
        return _checked(all_attributes, value.get("detail"), now, "time" in document)
    except _FAULTS as fault:
        raise _no_event(fault, document.get("time")) from None


def _checked(
    attributes: Mapping[str, Any], data: Any, now: datetime, timed: bool
) -> model.CloudEvent:
    """The event in our own words. Raises Refusal, and what ``_FAULTS`` names."""
    for name, longest in _LONGEST.items():
        value = attributes.get(name, "")
        if len(value) > longest or any(ord(letter) < 32 or letter == "\x7f" for letter in value):
            raise refusal.unreadable(f"the event's {name} is too long, or not printable")
    extra = {name: _extension(name, v) for name, v in attributes.items() if name not in _CORE}
    time = attributes["time"].astimezone(UTC) if timed else now
    if time < _EPOCH:
        raise refusal.unreadable("the event's time is before 1970")
    return model.CloudEvent(
        id=strict.text(attributes["id"]),
        source=strict.text(attributes["source"]),
        type=strict.text(attributes["type"]),
        time=time,
        subject=strict.text(attributes.get("subject", "")),
        data=_data(data, str(attributes.get("datacontenttype", ""))),
        extra=extra,
    )


def _timed(value: object) -> Any:
    """A time with the name of its zone, as CloudEvents has it; everything else as it is."""
    match = _ZONED.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return value
    try:
        moment = datetime.fromisoformat(f"{match[1]}{match[2] or ''}")
        zoned = moment if match[2] else moment.replace(tzinfo=zoneinfo.ZoneInfo(match[3]))
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return value
    return zoned.isoformat()


def _counted(value: object) -> object:
    """Seconds or milliseconds since 1970, as webhooks have them, as a time; else as it is."""
    if not isinstance(value, str) or not _SINCE_1970.fullmatch(value):
        return value
    seconds = float(value)
    return datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, UTC).isoformat()


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _extension(name: str, value: object) -> object:
    """A further attribute: flat, as CloudEvents has them; a list of such from other senders."""
    if len(name) <= 64:
        if isinstance(value, str):
            return strict.text(value)
        if isinstance(value, int | float):
            return value
        if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
            return value
    raise refusal.unreadable(f"the event's attribute {strict.text(name[:64])} must be plain")


def _data(data: object, kind: str) -> object:
    """Data as JSON: what came as bytes is JSON, text, or else stays in base64."""
    if not isinstance(data, bytes):
        return strict.clean(data, strict.DEPTH)
    if _JSON.fullmatch(kind.partition(";")[0].strip().lower()):
        return strict.parse(data, strict.DEPTH)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()


_SINCE_1970 = re.compile(r"[0-9]{9,10}(?:\.[0-9]{1,9})?|[0-9]{12,13}", re.ASCII)
_MARKUP = re.compile(r"[^\w.-]")
"""What no attribute's name holds: whatever a sender put there is not repeated."""


def _no_event(fault: BaseException, time: object = None) -> refusal.Refusal:
    """What the SDK found, by the names of the attributes only. ``time``: that of the event."""
    if time is not None and not _is_time(time):
        return refusal.unreadable(
            "the event's time can't be read: write it with its zone, as 2026-01-31T08:00:00+08:00"
        )
    if isinstance(fault, exceptions.CloudEventValidationError):
        names = (_MARKUP.sub("?", strict.text(name[:64])) for name in fault.errors)
        wrong = ", ".join(sorted(names)[:8])
        return refusal.unreadable(f"the body is no CloudEvent 1.0: look at {wrong}")
    return refusal.unreadable("the body is no CloudEvent 1.0")


# ----------------------------------------------------------------------------- whose, and webhooks


def _owned(source: Source, event: model.CloudEvent) -> Pair:
    """The event, if this sender may send it; and whom it is from."""
    _check_names(source, event)
    person = ""
    if "person" in source.mapping:
        person = paths.text_at(source.mapping["person"], event.plain())
    return event, person or source.person


def _check_names(source: Source, event: model.CloudEvent) -> None:
    """Refuse what this sender may not say of an event; the bot believes these names."""
    if word := source.may_send(event.source, event.type):
        raise refusal.Refusal(403, word, f"this sender may not send events of that {word}")
    if source.only and not any(
        event.source.startswith(one[:-1]) if one.endswith("*") else event.source == one
        for one in source.only
    ):
        raise refusal.Refusal(403, "source", "this sender may not send events of that source")


def _mapped(source: Source, document: dict[str, object], now: datetime) -> Pair:
    """The event that a webhook's mapping makes of a request."""

    def text(key: str, otherwise: str) -> str:
        if key not in source.mapping:
            return otherwise
        words = paths.text_at(source.mapping[key], document)
        if not words and key != "person":
            raise refusal.unreadable(f"there is no {key} where the mapping looks for it")
        return words

    attributes = {
        "specversion": "1.0",
        "source": text("source", source.name),
        "type": text("type", "webhook"),
        "id": text("id", "") or strict.fingerprint(document["body"]),
        "subject": text("subject", ""),
        "time": _counted(_timed(text("time", ""))),
    }
    data = document["body"]
    if "data" in source.mapping:
        data = paths.pick(source.mapping["data"])(document)
        if data is paths.MISSING:
            raise refusal.unreadable("there is no data where the mapping looks for it")
    event_attributes = {key: value for key, value in attributes.items() if value}
    try:
        event = JSONFormat().read(CloudEvent, json.dumps(event_attributes))
        checked_event = _checked(event.get_attributes(), data, now, "time" in event_attributes)
    except _FAULTS as fault:
        raise _no_event(fault, event_attributes.get("time")) from None
    _check_names(source, checked_event)
    return checked_event, text("person", "") or source.person


def media_type(headers: Headers) -> str:
    """The content type without its parameters, in small letters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()
