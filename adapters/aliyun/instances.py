"""Finding instances: by id, by exact name, by tag. A name that fits two is never guessed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from adapters.aliyun.api import Api
from bot import model

_ID = re.compile(r"i-[0-9A-Za-z]{4,}")
AGENT_CHUNK = 50
ID_CHUNK = 100
PAGE = 100

Found = dict[str, model.Instance]


class Finder:
    """Looks instances up in every configured region, or in the one asked for."""

    def __init__(self, api: Api, regions: tuple[str, ...]) -> None:
        self.api = api
        self.regions = regions

    async def resolve(self, effect: model.Resolve) -> model.Done:
        """``Done.data`` as ``model.Resolve`` says. Raises Failure."""
        regions = (effect.region,) if effect.region else self.regions
        if not effect.targets:
            instances = await self._everywhere(regions, {})
            return await self._done(instances, [], {})
        targets = list(dict.fromkeys(t.strip() for t in effect.targets if t.strip()))
        ids = [t for t in targets if _ID.fullmatch(t)]
        known = await self._by_ids(regions, ids)
        rest = [t for t in targets if t not in known]
        answers = await asyncio.gather(*(self._search(regions, t) for t in rest))
        found: Found = {}
        unknown: list[str] = []
        ambiguous: dict[str, list[str]] = {}
        matches = dict(zip(rest, answers, strict=True)) | {
            t: {t: known[t]} for t in targets if t in known
        }
        for target in targets:
            matched = matches[target]
            if not matched:
                unknown.append(target)
            elif len(matched) > 1 and not target.startswith("tag:"):
                ambiguous[target] = sorted(matched)
            else:
                found |= matched
        return await self._done(found, unknown, ambiguous)

    async def agents(self, region: str, ids: Sequence[str], **identity: str) -> dict[str, bool]:
        """Which of these have a running Cloud Assistant agent; one not listed has none.
        Raises Failure."""
        chunks = [ids[n : n + AGENT_CHUNK] for n in range(0, len(ids), AGENT_CHUNK)]
        answers = await asyncio.gather(
            *(
                self.api.call(
                    "DescribeCloudAssistantStatus", region, {"InstanceId": list(c)}, **identity
                )
                for c in chunks
            )
        )
        running = dict.fromkeys(ids, False)
        for answer in answers:
            box = answer.get("InstanceCloudAssistantStatusSet") or {}
            for item in box.get("InstanceCloudAssistantStatus") or []:
                said = str(item.get("CloudAssistantStatus", ""))
                running[str(item["InstanceId"])] = said.lower() == "true"
        return running

    async def _done(
        self, found: Found, unknown: list[str], ambiguous: dict[str, list[str]]
    ) -> model.Done:
        by_region: dict[str, list[str]] = {}
        for one in found.values():
            by_region.setdefault(one.region, []).append(one.id)
        parts = await asyncio.gather(*(self.agents(r, ids) for r, ids in by_region.items()))
        running = {i: up for part in parts for i, up in part.items()}
        listed = [
            {
                "id": one.id,
                "name": one.name,
                "region": one.region,
                "status": one.status,
                "agent": running[one.id],
            }
            for one in found.values()
        ]
        return model.Done(
            data={"instances": listed, "unknown": unknown, "ambiguous": ambiguous},
        )

    async def _by_ids(self, regions: Iterable[str], ids: Sequence[str]) -> Found:
        found: Found = {}
        for n in range(0, len(ids), ID_CHUNK):
            chunk = list(ids[n : n + ID_CHUNK])
            found |= await self._everywhere(regions, {"InstanceIds": json.dumps(chunk)})
        return {i: one for i, one in found.items() if i in ids}

    async def _search(self, regions: Iterable[str], target: str) -> Found:
        """The instances of one target that is not an id; a malformed target finds nothing."""
        if target.startswith("tag:"):
            key, equals, value = target[4:].partition("=")
            if not key or not equals:
                return {}
            return await self._everywhere(regions, {"Tag": [{"Key": key, "Value": value}]})
        if "*" in target:
            return {}
        found = await self._everywhere(regions, {"InstanceName": target})
        return {i: one for i, one in found.items() if one.name == target}

    async def _everywhere(self, regions: Iterable[str], fields: dict[str, Any]) -> Found:
        parts = await asyncio.gather(*(self._pages(r, fields) for r in regions))
        return {one.id: one for part in parts for one in part}

    async def _pages(self, region: str, fields: dict[str, Any]) -> list[model.Instance]:
        found: list[model.Instance] = []
        following: dict[str, str] = {}
        while True:
            asked = {**fields, "MaxResults": PAGE, **following}
            answer = await self.api.call("DescribeInstances", region, asked)
            for item in (answer.get("Instances") or {}).get("Instance") or []:
                found.append(
                    model.Instance(
                        str(item["InstanceId"]),
                        str(item.get("InstanceName") or ""),
                        str(item.get("RegionId") or region),
                        str(item.get("Status") or ""),
                    )
                )
            token = str(answer.get("NextToken") or "")
            if not token or token == following.get("NextToken"):
                return found
            following = {"NextToken": token}
