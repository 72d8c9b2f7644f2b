"""Finding instances: by id, by exact name, by tag. A name that fits two is never guessed."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters import openapi
from adapters.aliyun import describe, select, shapes
from adapters.aliyun.api import Api
from bot import model
from bot.source import suggest

log = logging.getLogger(__name__)

AGENT_CHUNK = 50
_NAME = re.compile(r"(?!tag:)[^*]+")
MOST_NEAR = 5
"""Names that are suggested, at most."""

Instances = dict[str, describe.Instance]


class Finder:
    """Looks instances up in every configured region, or in the one asked for."""

    def __init__(self, api: Api, regions: tuple[str, ...]) -> None:
        self.api = api
        self.regions = regions

    async def resolve(self, effect: model.ResolveTargets) -> model.Done:
        """``Done.data`` as ``model.ResolveTargets`` says. Raises Failure."""
        regions = (effect.region,) if effect.region else self.regions
        if effect.filters:
            return await self._filtered(effect, regions)
        if not effect.targets:
            instances = await self._everywhere(regions, {})
            return await self._done(instances, [], {})
        matches, unknown, ambiguous = await self._named(effect.targets, regions)
        near = await self._near(unknown, regions)
        return await self._done(matches, unknown, ambiguous, near=near)

    async def _named(
        self, wanted: Sequence[str], regions: Sequence[str]
    ) -> tuple[Instances, list[str], dict[str, list[str]]]:
        targets = list(dict.fromkeys(t.strip() for t in wanted if t.strip()))
        ids = [t for t in targets if describe.ID.fullmatch(t)]
        known = await self._by_ids(regions, ids)
        rest = [t for t in targets if t not in known]
        answers = await asyncio.gather(*(self._search(regions, t) for t in rest))
        result: Instances = {}
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
                result |= matched
        return result, unknown, ambiguous

    async def _filtered(self, effect: model.ResolveTargets, regions: Sequence[str]) -> model.Done:
        """The instances of all filters together, and of the targets if there are any."""
        matches, unknown, ambiguous = await self._named(effect.targets, regions)
        wanted = [select.group(filter) for filter in effect.filters]
        each: list[list[str]] = []
        for one in await asyncio.gather(
            *(select.together(self.api, group, regions) for group in wanted)
        ):
            matches |= {i: describe.instance(item) for i, item in one.items.items()}
            each.append(list(one.items))
            unknown += [name for name in one.unknown if name not in unknown]
            ambiguous |= one.ambiguous
        near = await self._near(unknown, regions)
        return await self._done(matches, unknown, ambiguous, each, near)

    async def _near(self, unknown: Sequence[str], regions: Sequence[str]) -> list[str]:
        """Names that instances have and that those may have meant which none has, best first: in
        another case, or spelled a little differently. Nothing where that cannot be looked up."""
        names = [one for one in unknown if _NAME.fullmatch(one) and not describe.ID.fullmatch(one)]
        if not names:
            return []
        try:
            known = await self._everywhere(regions, {})
        except openapi.Failure as failure:
            log.info("no names were suggested: %s", failure)
            return []
        folded: dict[str, list[str]] = {}
        for name in sorted({one.name for one in known.values() if one.name}):
            folded.setdefault(name.casefold(), []).append(name)
        near: list[str] = []
        for name in names[:MOST_NEAR]:
            word = name.casefold()
            same = [word] if word in folded else []
            for known_name in same or suggest.several(word, folded):
                near += folded[known_name]
        return list(dict.fromkeys(near))[:MOST_NEAR]

    async def agents(self, region: str, ids: Sequence[str], **identity: str) -> dict[str, bool]:
        """Which of these have a running Cloud Assistant agent; one not listed has none.
        Raises Failure."""
        chunks = [ids[n : n + AGENT_CHUNK] for n in range(0, len(ids), AGENT_CHUNK)]
        answers = await asyncio.gather(*(self._statuses(region, c, identity) for c in chunks))
        running = dict.fromkeys(ids, False)
        for answer in itertools.chain.from_iterable(answers):
            box = answer.get("InstanceCloudAssistantStatusSet") or {}
            for item in box.get("InstanceCloudAssistantStatus") or []:
                said = str(item.get("CloudAssistantStatus", ""))
                running[str(item["InstanceId"])] = said.lower() == "true"
        return running

    async def _statuses(
        self, region: str, ids: Sequence[str], identity: Mapping[str, str]
    ) -> list[Mapping[str, Any]]:
        """Every page of what the platform says of these: it may page although they are named."""
        fields: dict[str, Any] = {"InstanceId": list(ids)}
        answers: list[Mapping[str, object]] = []
        while True:
            answer = await self.api.call("DescribeCloudAssistantStatus", region, fields, **identity)
            answers.append(answer)
            token = str(answer.get("NextToken") or "")
            if not token or token == fields.get("NextToken") or len(answers) > len(ids):
                return answers
            fields = {**fields, "NextToken": token}

    async def _done(
        self,
        matches: Instances,
        unknown: list[str],
        ambiguous: dict[str, list[str]],
        each: Sequence[Sequence[str]] | None = None,
        near: Sequence[str] = (),
    ) -> model.Done:
        by_region: dict[str, list[str]] = {}
        for one in matches.values():
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
                "system": one.system,
                **({"tags": dict(one.tags)} if one.tags else {}),
            }
            for one in matches.values()
        ]
        return model.Done(
            data={
                "instances": listed,
                "unknown": unknown,
                "ambiguous": ambiguous,
                **({"near": list(near)} if near else {}),
                **({} if each is None else {"each": [list(ids) for ids in each]}),
            },
        )

    async def _by_ids(self, regions: Iterable[str], ids: Sequence[str]) -> Instances:
        matches: Instances = {}
        for fields in describe.by_ids(ids):
            matches |= await self._everywhere(regions, fields)
        return {i: one for i, one in matches.items() if i in ids}

    async def _search(self, regions: Iterable[str], target: str) -> Instances:
        """The instances of one target that is not an id; a malformed target finds nothing."""
        if target.startswith("tag:"):
            key, equals, value = target[4:].partition("=")
            if not key or not equals:
                return {}
            return await self._everywhere(regions, {"Tag.1.Key": key, "Tag.1.Value": value})
        if "*" in target:
            return {}
        matches = await self._everywhere(regions, {"InstanceName": target})
        return {i: one for i, one in matches.items() if one.name == target}

    async def _everywhere(self, regions: Iterable[str], fields: shapes.Wire) -> Instances:
        parts = await asyncio.gather(*(self._pages(r, fields) for r in regions))
        return {one.id: one for part in parts for one in part}

    async def _pages(self, region: str, fields: shapes.Wire) -> list[describe.Instance]:
        return [
            describe.instance(item) for item in await describe.instances(self.api, region, fields)
        ]
