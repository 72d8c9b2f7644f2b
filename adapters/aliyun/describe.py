"""Reading the instances of a region, page by page.

https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-describeinstances
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.aliyun import products, shapes, wire
from adapters.aliyun.api import Api
from bot import model

ID = re.compile(r"i-[0-9A-Za-z]{4,}")
PAGE = 100
ID_CHUNK = 100

_REQUEST = wire.Request(
    "ecs", "DescribeInstances", products.PRODUCTS["ecs"].version, "", "", reads=True
)


async def instances(
    api: Api, region: str, fields: shapes.Wire, session: str = ""
) -> list[dict[str, Any]]:
    """Every item of DescribeInstances, as the platform gives it. Raises Failure."""
    rows: list[dict[str, Any]] = []
    token = ""
    while True:
        query = {**fields, "RegionId": region, "MaxResults": str(PAGE)}
        if token:
            query["NextToken"] = token
        answer = await api.send(replace(_REQUEST, region=region, query=query), session)
        items = (answer.get("Instances") or {}).get("Instance") or []
        rows += ({"RegionId": region, **item} for item in items)
        following = str(answer.get("NextToken") or "")
        if not following or following == token:
            return rows
        token = following


def by_ids(ids: Sequence[str]) -> Iterator[dict[str, str]]:
    """The filters that find these ids, as many as one call takes in each; none for no ids, since
    an empty list means all."""
    for n in range(0, len(ids), ID_CHUNK):
        yield {"InstanceIds": json.dumps(list(ids[n : n + ID_CHUNK]))}


@dataclass(frozen=True, slots=True)
class Instance(model.Instance):
    """An instance with its operating system, "windows" or "linux"; "" where that was not said."""

    system: str = ""


def instance(item: Mapping[str, object]) -> Instance:
    """One item; whether its agent runs is not known from it."""
    return Instance(
        str(item["InstanceId"]),
        str(item.get("InstanceName") or ""),
        str(item.get("RegionId") or ""),
        str(item.get("Status") or ""),
        tags=_tags(item.get("Tags")),
        system=str(item.get("OSType") or "").lower(),
    )


def _tags(box: object) -> model.Tags:
    """The tags of an item, sorted."""
    listed = box.get("Tag") if isinstance(box, Mapping) else None
    return tuple(
        sorted(
            (str(one["TagKey"]), str(one.get("TagValue") or ""))
            for one in (listed if isinstance(listed, Sequence) else ())
            if isinstance(one, Mapping) and one.get("TagKey")
        )
    )
