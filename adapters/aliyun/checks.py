"""What the doctor looks at of Alibaba Cloud: who we are, where, what RAM allows, and the instances.

Whether a call is allowed is tried by calls that read, by dry runs, and by calls that name what does
not exist. A dry run of Cloud Assistant names a real instance, as a policy may be narrowed to some;
one that would restart a machine never does, and is left out where the policy is.
https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-runcommand (RepeatMode)
"""

from __future__ import annotations

import asyncio
import base64
import fnmatch
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters import openapi
from adapters.aliyun import advice, definitions, describe, products, rights, wire
from adapters.aliyun.api import Api
from adapters.aliyun.instances import Finder
from adapters.aliyun.settings import Settings
from adapters.openapi import checks as shared
from adapters.openapi import regions
from bot.model import checks, manifests
from bot.model.rights import Operation
from bot.source import suggest

NO_INSTANCE = "i-countersign0doctor"
NO_INVOCATION = "t-countersign0doctor"
HARMLESS = base64.b64encode(b"true").decode()
"""What would run if a dry run were none."""
POWER = ("RebootInstance", "StartInstance", "StopInstance")
LISTS = (*rights.FOLLOWS, "DescribeDisks", "DescribeSnapshots")
"""APIs that read, and can be asked for a page of everything."""
MOST_NAMES = 20
NO_REGION = "InvalidRegionId"
Answer = tuple[Mapping[str, object], openapi.Failure | None]
"""What was answered; or {}, and why nothing was."""


def checkup(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    """The checks of the cloud. They share what they read of each region."""
    cloud = Cloud(settings, deps.operations)
    looks = (
        checks.Check("credentials", cloud.credentials),
        checks.Check("region", cloud.places),
        checks.Check("rights", cloud.permissions),
        checks.Check("agents", cloud.agents),
        checks.Check("stored", cloud.stored),
    )
    hosts = [cloud.api.host("sts", settings.region)]
    hosts += [cloud.api.host("ecs", region) for region in cloud.regions]
    addresses = tuple(
        checks.Address(origin(host), str(settings.ca_file or ""), proxied=True)
        for host in dict.fromkeys(hosts)
    )
    return checks.Checkup(looks, addresses, cloud.api.close, advice.TITLE)


def origin(host: str) -> str:
    return host if "://" in host else f"https://{host}"


@dataclass(frozen=True, slots=True)
class Region:
    """A region's instances; ``failure``: why they could not be read."""

    name: str
    instances: tuple[describe.Instance, ...] = ()
    failure: openapi.Failure | None = None


class Cloud:
    """The cloud as the identity of the configuration sees it."""

    def __init__(self, settings: Settings, operations: Sequence[Operation]) -> None:
        self.settings = settings
        self.operations = operations
        self.api = Api(replace(settings, of_the_loop=True))
        places = (region for one in operations for region in one.regions)
        self.regions = tuple(dict.fromkeys((settings.region, *places)))
        self._reading: dict[str, asyncio.Task[Region]] = {}
        self._asking: asyncio.Task[Answer] | None = None

    # ------------------------------------------------------------------------- the checks

    async def credentials(self) -> Sequence[checks.Finding]:
        """Who are we?"""
        answer, failure = await self._identity()
        if failure is not None:
            if shared.signed_in(failure):
                host = self.api.host("sts", self.settings.region)
                return (shared.unanswered("credentials", failure, "GetCallerIdentity", host),)
            if shared.keyless(failure):
                none, mend = advice.NO_KEYS, advice.NO_KEYS_MEND
                return (checks.problem("credentials", none, mend, console=advice.ECS),)
            facts = {"reason": failure.reason, "console": advice.RAM}
            return (checks.problem("credentials", advice.REFUSED, advice.REFUSED_MEND, **facts),)
        facts = {"arn": str(answer.get("Arn") or ""), "console": advice.RAM}
        if str(answer.get("IdentityType")) == "Account":
            return (checks.problem("credentials", advice.ROOT, advice.ROOT_MEND, **facts),)
        return (checks.ok("credentials", advice.IDENTITY, **facts),)

    async def places(self) -> Sequence[checks.Finding]:
        """Is there each region?"""
        if not await self._signed_in():
            return ()
        findings = [self._place(region) for region in await self._read(self.regions)]
        return [finding for finding in findings if finding is not None]

    async def permissions(self) -> Sequence[checks.Finding]:
        """What does RAM allow of what the bot itself calls?"""
        if not await self._signed_in():
            return ()
        places = await self._read(self.regions)
        if any(place.failure and place.failure.kind != "refused" for place in places):
            return ()  # told by ``places``
        wanted = list(rights.of(self.settings, self.operations))
        return await shared.permissions(self.settings, wanted, await self._probes())

    async def agents(self) -> Sequence[checks.Finding]:
        """Does Cloud Assistant run on what commands may touch?"""
        if not await self._signed_in():
            return ()
        findings: list[checks.Finding] = []
        down: list[str] = []
        count = 0
        meant: dict[str, dict[str, describe.Instance]] = {}
        for operation in self.operations:
            places = await self._read(operation.regions or (self.settings.region,))
            if any(place.failure for place in places):
                return ()
            instances = [one for place in places for one in place.instances]
            fitting = [one for one in instances if fits(one, operation.patterns)]
            if not fitting and operation.kind in rights.RUNS:
                findings.append(no_target(operation, places))
            for one in fitting:
                meant.setdefault(one.region, {})[one.id] = one
        finder = Finder(self.api, self.regions)
        for region, instances_ in meant.items():
            ids = [one.id for one in instances_.values() if one.status == "Running"]
            count += len(ids)
            try:
                running = await finder.agents(region, ids)
            except openapi.Failure:
                return findings
            down += [instances_[id].name or id for id in ids if not running[id]]
        if down:
            shown = sorted(down)[:MOST_NAMES] + (["…"] if len(down) > MOST_NAMES else [])
            facts = {"names": shown, "console": advice.ECS}
            findings.append(
                checks.problem("agents", advice.NO_AGENT, advice.NO_AGENT_MEND, **facts)
            )
        elif count:
            findings.append(checks.ok("agents", advice.AGENTS, count=count))
        return findings

    async def stored(self) -> Sequence[checks.Finding]:
        """Are the stored commands there?"""
        if not await self._signed_in():
            return ()
        kept = [one for one in self.operations if one.stored and one.kind in rights.RUNS]
        findings = await asyncio.gather(*(self._stored(one) for one in kept))
        return [finding for finding in findings if finding is not None]

    # ------------------------------------------------------------------------- asking

    async def _identity(self) -> Answer:
        """Who calls, asked once; or why that could not be told."""
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Answer:
        action, host = "GetCallerIdentity", self.api.host("sts", self.settings.region)
        version = products.PRODUCTS["sts"].version
        request = wire.Request("sts", action, version, self.settings.region, host, reads=True)
        try:
            return dict(await self.api.send(request)), None
        except openapi.Failure as failure:
            return {}, failure

    async def _signed_in(self) -> bool:
        """False where the credentials are refused, which is told once, by ``credentials``."""
        _, failure = await self._identity()
        return failure is None or shared.signed_in(failure)

    async def _read(self, regions: Sequence[str]) -> list[Region]:
        """What there is in some regions, each read once."""
        for region in regions:
            if region not in self._reading:
                self._reading[region] = asyncio.ensure_future(self._instances(region))
        return [await asyncio.shield(self._reading[region]) for region in regions]

    async def _instances(self, region: str) -> Region:
        try:
            items = await describe.instances(self.api, region, {})
        except openapi.Failure as failure:
            return Region(region, failure=failure)
        return Region(region, tuple(describe.instance(item) for item in items))

    def _place(self, region: Region) -> checks.Finding | None:
        host, failure = self.api.host("ecs", region.name), region.failure
        id_ = f"region.{region.name}"
        if failure is None:
            facts = {"region": region.name, "host": host, "count": len(region.instances)}
            return checks.ok(id_, advice.REGION, **facts)
        if failure.code.startswith(NO_REGION):
            near = suggest.nearest(region.name, tuple(regions.KNOWN)) or "cn-hangzhou"
            facts = {"region": region.name, "near": near}
            return checks.problem(id_, advice.NO_REGION, advice.NO_REGION_MEND, **facts)
        if failure.kind != "refused":
            return shared.unanswered(id_, failure, "DescribeInstances", host)
        return None

    async def _stored(self, operation: Operation) -> checks.Finding | None:
        id_, region = f"stored.{operation.stored}", operation.regions[0]
        facts = {"command": operation.command, "id": operation.stored, "region": region}
        try:
            item = await definitions.command(self.api, region, operation.stored)
        except openapi.Failure:
            return None  # told by ``permissions``, or by ``credentials``
        if item is not None:
            return checks.ok(id_, advice.STORED, **facts)
        facts["console"] = advice.ECS
        return checks.problem(id_, advice.NOT_STORED, advice.NOT_STORED_MEND, **facts)

    # ------------------------------------------------------------------------- probes

    async def _probes(self) -> list[shared.Probe]:
        """A call for each action that can be tried, in each region where it is needed."""
        calls: dict[tuple[str, str], Mapping[str, object]] = {}
        for region in self.regions:
            calls["DescribeInstances", region] = {"MaxResults": 10}
            calls["DescribeCloudAssistantStatus", region] = {"MaxResults": 10}
        for operation in self.operations:
            for place in await self._read(operation.regions or (self.settings.region,)):
                for action, fields in tries(operation, place):
                    calls.setdefault((action, place.name), fields)
        return [self._probe(action, region, fields) for (action, region), fields in calls.items()]

    def _probe(self, action: str, region: str, fields: Mapping[str, object]) -> shared.Probe:
        make = functools.partial(self.api.call, action, region, dict(fields))
        return shared.Probe(f"ecs:{action}", region, self.api.host("ecs", region), make)


def tries(operation: Operation, place: Region) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The calls that try what an operation needs in a region, with their fields."""
    named, listed = iter(operation.instances), {"MaxResults": 10}
    fitting = (one.id for one in place.instances if fits(one, operation.patterns))
    instance = next(named, None) or next(fitting, NO_INSTANCE)
    dry: dict[str, object] = {"InstanceId": [instance], "RepeatMode": "DryRun"}
    script = {"CommandContent": HARMLESS, "ContentEncoding": "Base64", "Type": "RunShellScript"}
    if operation.kind not in rights.RUNS:
        for right in () if operation.role else rights.calls(place.name, operation):
            name = right.action.removeprefix("ecs:")
            if name in POWER and not operation.instances:
                yield name, {"InstanceId": NO_INSTANCE, "DryRun": True}
            elif name == rights.RUNS["script"]:
                yield name, {**dry, **script}
            elif name in LISTS:
                yield name, listed
        return
    if operation.user:
        dry["Username"] = operation.user
    if operation.kind == "invoked":
        yield "InvokeCommand", {**dry, "CommandId": operation.stored}
    else:
        yield "RunCommand", {**dry, **script}
    yield "StopInvocation", {"InvokeId": NO_INVOCATION, "InstanceId": [instance]}
    for action in rights.FOLLOWS:
        yield action, listed
    if operation.stored:
        yield rights.READS, listed


def fits(instance: describe.Instance, patterns: Sequence[str]) -> bool:
    """May a command with these patterns touch it?"""
    names = (instance.name, instance.id)
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns for name in names)


def no_target(operation: Operation, places: Sequence[Region]) -> checks.Finding:
    """No instance fits a command."""
    instances = [one for place in places for one in place.instances]
    facts = {
        "command": operation.command,
        "patterns": list(operation.patterns),
        "region": [place.name for place in places],
        "names": sorted(one.name or one.id for one in instances)[:MOST_NAMES] or ["–"],
    }
    id_ = f"targets.{operation.command}"
    return checks.problem(id_, advice.NO_TARGET, advice.NO_TARGET_MEND, **facts)
