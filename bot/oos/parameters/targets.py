"""Targets and rate control as people type them in a chat, in the JSON that OOS gives them.

https://www.alibabacloud.com/help/en/oos/user-guide/parameters (AssociationProperty)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot import source
from bot.oos.parameters import limits
from bot.oos.template import model
from bot.source import suggest

_TAG = re.compile(r"tag:(?P<key>[^\s,;=]{1,128})=(?P<value>[^\s,;]{0,128})")
_ID = re.compile(r"(?!tag:)[^\W_][\w.:-]{0,127}")
_KEYS = (
    "Mode", "Concurrency", "Batch", "ConcurrencyInBatches", "BatchPauseOption", "MaxErrors",
)  # fmt: skip
_TYPES = ("ResourceIds", "Tags", "All", "ResourceGroup", "InstanceNames", "Parameters")
TARGETS = "`i-1,i-2`, `web-01`, `tag:env=prod`, or the JSON of OOS"
RATE = "`5`, `50%`, `batch:1,5,10`, or the JSON of OOS"


def targets(value: object, region: str = "") -> Any:
    """The JSON of targets: ``{"Type": "ResourceIds", "ResourceIds": […], "RegionId": …}`` or
    ``{"Type": "Tags", "Tags": [{"Key": …, "Value": …}], "RegionId": …}``. Names stay among the
    ResourceIds: who resolves the targets knows them. JSON is taken as it is."""
    if isinstance(value, Mapping):
        return _document(value)
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return [_document(item) for item in value]
    if isinstance(value, (list, tuple)):
        items = [str(item).strip() for item in value]
    else:
        items = [item for item in re.split(r"[\s,;，；、]+", str(value)) if item]
    if not items:
        raise source.Invalid(f"expected {TARGETS}, found nothing")
    place = {"RegionId": region} if region else {}
    tags = [_TAG.fullmatch(item) for item in items]
    if all(tags):
        pairs = [{"Key": tag["key"], "Value": tag["value"]} for tag in tags if tag]
        return {"Type": "Tags", "Tags": pairs, **place}
    if any(tags):
        raise source.Invalid("expected either instances or tags, found both")
    for item in items:
        if not _ID.fullmatch(item):
            raise source.Invalid(f"expected {TARGETS}, found `{item[:60]}`")
    return {"Type": "ResourceIds", "ResourceIds": list(dict.fromkeys(items)), **place}


def _document(value: Mapping[str, object]) -> dict[str, object]:
    """Targets that are JSON already: their Type must be one, and not be empty-handed."""
    keys = {model.fold(key): key for key in value}
    type = value.get(keys.get("type", ""))
    if type is None:
        raise source.Invalid(f"expected targets with a Type ({suggest.listed(_TYPES[:3])})")
    ids = value.get(keys.get("resourceids", ""))
    if model.fold(str(type)) == "resourceids" and not isinstance(ids, list):
        raise source.Invalid("expected targets of Type ResourceIds with a list of ResourceIds")
    tags = value.get(keys.get("tags", ""))
    if model.fold(str(type)) == "tags" and not isinstance(tags, list):
        raise source.Invalid("expected targets of Type Tags with a list of Tags")
    return dict(value)


def rate(value: object) -> dict[str, Any]:
    """The JSON of a rate control. A number or a percentage is a Concurrency."""
    if isinstance(value, Mapping):
        return _checked(value)
    text = str(value).strip()
    batch = re.fullmatch(r"(?i:batch|分批)\s*[:：=]\s*(.+)", text)
    if batch:
        items = [item for item in re.split(r"[\s,;，；、]+", batch[1]) if item]
        return _checked({"Mode": "Batch", "Batch": [_amount(item) for item in items]})
    plain = re.sub(r"(?i)^concurrency\s*[:：=]\s*", "", text).replace("％", "%")
    if isinstance(value, bool) or limits.amount_fault(plain):
        raise source.Invalid(f"expected {RATE}, found `{text[:60]}`")
    return {"Mode": "Concurrency", "Concurrency": _amount(plain), "MaxErrors": 0}


def _amount(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _checked(value: Mapping[str, object]) -> dict[str, object]:
    """A rate control that is JSON, its keys as OOS writes them. Invalid: what is wrong with it."""
    known = {model.fold(key): key for key in _KEYS}
    parts: dict[str, Any] = {}
    for key, item in value.items():
        name = known.get(model.fold(key))
        if name is None:
            raise source.Invalid(f"RateControl has no `{key}`{suggest.expected(key, _KEYS)}")
        parts[name] = item
    usual = model.RateControl()
    control = model.RateControl(
        mode=parts.get("Mode", "Batch" if "Batch" in parts else usual.mode),
        concurrency=parts.get("Concurrency", usual.concurrency),
        batch=parts.get("Batch"),
        concurrency_in_batches=parts.get("ConcurrencyInBatches"),
        batch_pause=parts.get("BatchPauseOption", usual.batch_pause),
        max_errors=parts.get("MaxErrors", usual.max_errors),
    )
    wrong = [
        f"{name.partition('[')[0]}: {message}" for name, message in limits.rate_faults(control)
    ]
    if wrong:
        raise source.Invalid("; ".join(wrong))
    return {"Mode": control.mode, **parts}
