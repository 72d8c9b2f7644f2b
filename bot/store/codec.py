"""Every type of ``bot.model`` as JSON text and back, unchanged.

Values typed ``object`` or ``Any`` (arguments, facts, contexts) must be JSON values with text keys;
a tuple in one comes back as a list.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter

from bot import model

T = TypeVar("T")

_SURROGATE = re.compile("[\ud800-\udfff]")
_MILLISECOND = timedelta(milliseconds=1)


_adapters: dict[object, TypeAdapter[object]] = {}
_serialisers: dict[type, Callable[[Any], bytes]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    known = _adapters.get(kind)
    if known is None:
        known = _adapters[kind] = TypeAdapter(kind)
    return known


request: TypeAdapter[model.Request] = _adapter(model.Request)
receipt: TypeAdapter[model.Receipt] = _adapter(model.Receipt)
vote: TypeAdapter[model.Vote] = _adapter(model.Vote)
step: TypeAdapter[model.Step] = _adapter(model.Step)
result: TypeAdapter[model.InstanceResult] = _adapter(model.InstanceResult)
effect: TypeAdapter[model.Effect] = _adapter(Annotated[model.Effect, Field(discriminator="kind")])
standing: TypeAdapter[model.StandingBounds] = _adapter(model.StandingBounds)
link: TypeAdapter[model.FormLink] = _adapter(model.FormLink)
calendar: TypeAdapter[model.Calendar] = _adapter(model.Calendar)
outcome: TypeAdapter[model.Outcome] = _adapter(
    Annotated[model.Outcome, Field(discriminator="kind")]
)
deliver: TypeAdapter[model.Deliver] = _adapter(model.Deliver)
event: TypeAdapter[model.CloudEvent] = _adapter(model.CloudEvent)
mapping: TypeAdapter[Mapping[str, Any]] = _adapter(dict[str, Any])


def encode(value: object) -> str:
    """JSON text of a value of any model type, or of a plain dict. Raises ValueError on text that
    is not valid Unicode. (Serialised by its own type: a union costs four times as much.)"""
    serialise = _serialisers.get(type(value))
    if serialise is None:
        serialise = _serialisers[type(value)] = _adapter(type(value)).serializer.to_json
    return serialise(value).decode()


def decode(kind: TypeAdapter[T], text: str) -> T:
    """The value of a text that ``encode`` wrote."""
    return kind.validate_json(text)


def ms(at: datetime) -> int:
    """An aware datetime as whole milliseconds since 1970, rounded down."""
    return (at - model.EPOCH) // _MILLISECOND


def ms_up(at: datetime) -> int:
    """The same, rounded up: a due time must not come before it is due."""
    return -((model.EPOCH - at) // _MILLISECOND)


def at(milliseconds: int) -> datetime:
    """The aware datetime of whole milliseconds since 1970."""
    return model.EPOCH + milliseconds * _MILLISECOND


def scrub(value: Any) -> Any:
    """The same value with every lone surrogate replaced by U+FFFD: a frame may carry them as
    ``\\ud800``, and neither UTF-8 nor SQLite can hold them."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value) if _SURROGATE.search(value) else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: new
            for field in dataclasses.fields(value)
            if (new := scrub(old := getattr(value, field.name))) is not old
        }
        return dataclasses.replace(value, **changes) if changes else value
    if isinstance(value, tuple | list):
        parts = [scrub(part) for part in value]
        same = all(new is old for new, old in zip(parts, value, strict=True))
        return value if same else type(value)(parts)
    if isinstance(value, dict):
        pairs = {scrub(key): scrub(part) for key, part in value.items()}
        return value if pairs == value else pairs
    return value
