"""Places as JSON types, for what is remembered beside an effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot import model


def pack(place: model.Place) -> dict[str, object]:
    return {**asdict(place), "webhook_until": place.webhook_until.isoformat()}


def unpack(packed: Mapping[str, Any]) -> model.Place:
    until = datetime.fromisoformat(packed["webhook_until"])
    return model.Place(**{**packed, "webhook_until": until})
