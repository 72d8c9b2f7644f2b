"""Targets: the instances that filters of a template mean. A name that fits two is never guessed.

https://help.aliyun.com/document_detail/186601.html (ACS::SelectTargets)
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters import openapi
from adapters.aliyun import describe, shapes, wire
from adapters.aliyun.api import Api
from bot import model

INSTANCES = "aliyun::ecs::instance"
TYPES = ("ResourceIds", "Tags", "All", "ResourceGroup", "InstanceNames")
_RESERVED = {
    "instanceid", "instanceids", "tag", "tags", "maxresults", "nexttoken", "pagenumber", "pagesize",
}  # fmt: skip
"""Parameters that a filter sets itself, or that would cut what it finds."""

Items = dict[str, dict[str, Any]]
"""Raw items of DescribeInstances by instance id, in order."""


@dataclass(frozen=True)
class Filter:
    """The JSON of an OOS Targets parameter, its keys in any case. ``fields`` go to
    DescribeInstances as they are, ``parameters`` are the template's further ones."""

    type: str
    names: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""

    @staticmethod
    def read(document: object) -> Filter:
        """Raises Failure with a sentence for people if it is none."""
        if isinstance(document, str) and document.lstrip()[:1] == "{":
            document = _json(document)
        if not isinstance(document, Mapping):
            raise _bad(f"expected {{Type: …}}, found {str(document)[:60]!r}")
        fields = {str(key).lower(): value for key, value in document.items()}
        type, more = _type(fields), _parameters(fields.get("parameters"))
        region = str(fields.get("regionid") or more.pop("RegionId", ""))
        if region:
            _check_region(region)
        if type in ("resourceids", "instancenames"):
            return Filter(type, _names(fields.get(type), type), {}, more, region)
        if type == "tags":
            return Filter(type, (), _tags(fields.get("tags")), more, region)
        if type == "resourcegroup":
            group = fields.get("resourcegroupid") or fields.get("resourcegroup")
            if not isinstance(group, str) or not group:
                raise _bad("Type ResourceGroup needs a ResourceGroupId")
            return Filter(type, (), {"ResourceGroupId": group}, more, region)
        return Filter(type, (), {}, more, region)


@dataclass
class Chosen:
    """What a filter found, which of its names nobody has, and which several have."""

    items: Items = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)


async def targets(
    api: Api, what: model.calls.SelectTargets, region: str, session: str = ""
) -> dict[str, Any]:
    """The document of ACS::SelectTargets: the shape of DescribeInstances, with every instance for
    which all filters hold. Raises Failure."""
    wanted = what.resource_type
    if wanted.lower() != INSTANCES:
        reason = (
            f"Targets of type {wanted[:60] or 'nothing'} cannot be selected here: ALIYUN::ECS::"
            "Instance can."
        )
        raise openapi.Failure("refused", reason, "UnsupportedResourceType")
    groups = [group(filter) for filter in what.filters]
    if not groups:
        raise _bad("no filter says which instances are meant; for all of them say {Type: All}")
    each = await asyncio.gather(*(together(api, group, (region,), session) for group in groups))
    for one in each:
        _refuse_unclear(one)
    kept = [i for i in each[0].items if all(i in other.items for other in each[1:])]
    items = [each[0].items[i] for i in kept[: what.most]]
    return {"Instances": {"Instance": items}, "TotalCount": len(items)}


def group(document: object) -> list[Filter]:
    """One filter of a template: usually one Targets parameter, which may hold several targets: as
    a list, or as ``{Type: Any, Filters: […]}``. Raises Failure."""
    if isinstance(document, Mapping) and document.get("Type") == "Any":
        document = document.get("Filters") or ()
        if not isinstance(document, (list, tuple)) or not document:
            raise _bad("Type Any needs a list of Filters")
    if isinstance(document, str) and document.lstrip()[:1] == "[":
        document = _json(document)
    return [
        Filter.read(one)
        for one in (document if isinstance(document, (list, tuple)) else [document])
    ]


async def together(
    api: Api, group: Sequence[Filter], regions: Sequence[str], session: str = ""
) -> Chosen:
    """What any of the filters finds. Raises Failure."""
    whole = Chosen()
    for one in await asyncio.gather(*(chosen(api, f, regions, session) for f in group)):
        whole.items |= one.items
        whole.unknown += one.unknown
        whole.ambiguous |= one.ambiguous
    return whole


def _refuse_unclear(one: Chosen) -> None:
    if one.unknown:
        names = ", ".join(one.unknown[:20])
        reason = f"No instance in this region is called {names}: check the name and the region."
        raise openapi.Failure("refused", reason, "UnknownTarget")
    if one.ambiguous:
        same = "; ".join(f"{n} ({', '.join(ids)})" for n, ids in list(one.ambiguous.items())[:10])
        reason = f"Several instances have the same name: {same}. Give the instance's id."
        raise openapi.Failure("refused", reason, "AmbiguousTarget")


async def chosen(api: Api, one: Filter, regions: Sequence[str], session: str = "") -> Chosen:
    """What a filter means in its own region, else in these. Raises Failure."""
    places = (one.region,) if one.region else tuple(regions)
    more = await api.run(functools.partial(_shaped, one.parameters)) if one.parameters else {}
    if one.type not in ("resourceids", "instancenames"):
        return Chosen(await _everywhere(api, places, {**more, **one.fields}, session))
    matches = await _named(api, one, places, session)
    if more and matches.items:
        remaining: Items = {}
        for fields in describe.by_ids(list(matches.items)):
            remaining |= await _everywhere(api, places, {**more, **fields}, session)
        matches.items = {i: item for i, item in matches.items.items() if i in remaining}
    return matches


async def _named(api: Api, one: Filter, places: Sequence[str], session: str) -> Chosen:
    """Ids and exact names, in the filter's order."""
    known: Items = {}
    if one.type == "resourceids":
        ids = [name for name in one.names if describe.ID.fullmatch(name)]
        for fields in describe.by_ids(ids):
            known |= await _everywhere(api, places, fields, session)
    rest = [name for name in one.names if name not in known]
    answers = await asyncio.gather(*(_called(api, places, name, session) for name in rest))
    called = dict(zip(rest, answers, strict=True))
    matches = Chosen()
    for name in one.names:
        matched = {name: known[name]} if name in known else called[name]
        if not matched:
            matches.unknown.append(name)
        elif len(matched) > 1:
            matches.ambiguous[name] = sorted(matched)
        else:
            matches.items |= matched
    return matches


async def _called(api: Api, regions: Sequence[str], name: str, session: str) -> Items:
    """The instances of exactly this name."""
    if "*" in name:
        return {}
    page = await _everywhere(api, regions, {"InstanceName": name}, session)
    return {i: item for i, item in page.items() if item.get("InstanceName") == name}


async def _everywhere(api: Api, regions: Sequence[str], fields: shapes.Wire, session: str) -> Items:
    parts = await asyncio.gather(*(describe.instances(api, r, fields, session) for r in regions))
    return {str(item["InstanceId"]): item for part in parts for item in part}


def _type(fields: Mapping[str, object]) -> str:
    """The type in lower case; without one, what the keys say."""
    word = fields.get("type")
    if word is None:
        word = next((t for t in TYPES if t.lower() in fields), None)
    type = str(word).lower()
    if word is None or type not in {t.lower() for t in TYPES}:
        raise _bad(f"the Type {str(word)[:60]!r} is none of {', '.join(TYPES)}")
    return type


def _names(document: object, type: str) -> tuple[str, ...]:
    if not isinstance(document, (list, tuple)):
        raise _bad(f"its {type} must be a list")
    return tuple(dict.fromkeys(str(n).strip() for n in document if str(n or "").strip()))


def _tags(document: object) -> shapes.Wire:
    """Tags as DescribeInstances takes them; one without a value asks for its key alone."""
    listed = [document] if isinstance(document, Mapping) else document
    if not isinstance(listed, (list, tuple)) or not listed:
        raise _bad("Type Tags needs a list of Tags, each with a Key")
    tags: shapes.Wire = {}
    for number, tag in enumerate(listed, 1):
        low = {str(k).lower(): v for k, v in tag.items()} if isinstance(tag, Mapping) else {}
        if low.get("key") in (None, ""):
            raise _bad("a tag has no Key")
        tags |= shapes.flat(f"Tag.{number}", {"Key": low["key"], "Value": low.get("value")})
    return tags


def _parameters(document: object) -> dict[str, object]:
    """Further parameters of DescribeInstances that a filter gives."""
    if document is not None and not isinstance(document, Mapping):
        raise _bad("Parameters must be a mapping")
    parameters: dict[str, Any] = {}
    for name, value in (document or {}).items():
        if shapes.fold(str(name)) in _RESERVED:
            raise _bad(f"{name} does not belong among Parameters")
        parameters["RegionId" if str(name).lower() == "regionid" else str(name)] = value
    return {name: value for name, value in parameters.items() if value not in (None, "")}


def _shaped(parameters: Mapping[str, object]) -> shapes.Wire:
    """Raises Failure for one that DescribeInstances does not know: it would find too much."""
    for name in parameters:
        if not shapes.takes("DescribeInstances", name):
            raise _bad(f"DescribeInstances has no parameter {name}")
    return shapes.ecs("DescribeInstances", parameters, reads=True)


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise _bad(f"{text[:60]!r} is no JSON") from None


def _check_region(region: str) -> None:
    try:
        wire.check_region(region)
    except wire.BadCall as error:
        raise _bad(str(error)) from None


def _bad(why: str) -> openapi.Failure:
    return openapi.Failure("refused", f"These are no targets: {why.rstrip('.')}.", "InvalidTargets")
