"""What the identity must be allowed at the products whose APIs the bot itself calls, and what an
assumed role is narrowed to while one request runs.

Which resources an action of ECS is judged by:
https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-ram. Policies of Cloud
Assistant: https://help.aliyun.com/zh/ecs/user-guide/use-ram-to-implement-permission-control
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from adapters.aliyun import products, wire
from adapters.aliyun.settings import Settings
from adapters.openapi import ram
from bot.model.calls import reads
from bot.model.rights import Condition, Operation, Right

LONGEST_POLICY = 2048
"""Characters of the policy that AssumeRole takes."""
FINDS = ("DescribeInstances", "DescribeCloudAssistantStatus")
"""What finds instances, and looks whether they can run something."""
FOLLOWS = ("DescribeInvocations", "DescribeInvocationResults")
"""What reads how an invocation goes, and looks for one that carries a tag."""
STOPS = "StopInvocation"
RUNS = {"script": "RunCommand", "stored": "RunCommand", "invoked": "InvokeCommand"}
READS = "DescribeCommands"
TYPES = {
    **dict.fromkeys((*RUNS.values(), STOPS, *FOLLOWS), ("instance", "command")),
    **dict.fromkeys(FINDS, ("instance",)),
    READS: ("command",),
    **dict.fromkeys(
        ("RebootInstance", "StartInstance", "StopInstance", "DeleteInstance"), ("instance",)
    ),
    "ModifyInstanceAttribute": ("instance",),
    **dict.fromkeys(("AttachDisk", "DetachDisk"), ("instance", "disk")),
    "DescribeDisks": ("disk",),
    "CreateSnapshot": ("disk", "snapshot"),
    "DescribeSnapshots": ("snapshot",),
}
"""The types of resources by which an action of ECS is judged. Any other action gets all of them, as
one does that is not judged by resources at all."""


def of(settings: Settings, operations: Sequence[Operation]) -> Iterator[Right]:
    """The rights for the bot's own calls, for operations of any kind; and for those of a remote
    template that is run as whoever starts it."""
    for action in FINDS:
        yield Right(f"ecs:{action}", places((settings.region,), "instance"))
    for operation in operations:
        regions = operation.regions or (settings.region,)
        for action in FINDS:
            where = places(regions, "instance")
            yield Right(f"ecs:{action}", where, commands=(operation.command,))
        if operation.kind in RUNS:
            yield from running(operation, regions)
        elif not operation.role:
            yield from calls(settings.region, operation)


def running(operation: Operation, regions: tuple[str, ...]) -> Iterator[Right]:
    """What an operation needs that runs in Cloud Assistant."""
    by = (operation.command,)
    for action in FOLLOWS:
        yield Right(f"ecs:{action}", places(regions, *TYPES[action]), commands=by)
    if operation.stored:
        yield Right(f"ecs:{READS}", places(regions, *TYPES[READS]), commands=by)
    user: tuple[Condition, ...] = ()
    if operation.user:
        user = (("StringEquals", "ecs:CommandRunAs", (operation.user,)),)
    for action, conditions in ((RUNS[operation.kind], user), (STOPS, ())):
        kept = operation.stored if action == RUNS["invoked"] else "*"
        texts = tuple(f"acs:ecs:{region}:*:command/{kept}" for region in regions)
        yield Right(f"ecs:{action}", texts, conditions, by)
        for where, tag in machines(operation, regions):
            yield Right(f"ecs:{action}", where, (*conditions, *tag), by)


def machines(
    operation: Operation, regions: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[Condition, ...]]]:
    """The instances on which an operation may run: by id, by tag, or all of its regions."""
    where = places(regions, "instance", ids=operation.instances)
    if not operation.tags:
        yield where, ()
    for tag in operation.tags:
        key, _, value = tag.partition("=")
        yield where, (("StringEquals", f"acs:ResourceTag/{key}", (value,)),)


def calls(region: str, operation: Operation) -> Iterator[Right]:
    """The calls of an operation's templates, by default in a region, and what looks up how such a
    call ended. Whether an action of another product is judged by resources is not known here: these
    get all of them."""
    regions, by = operation.regions or (region,), (operation.command,)
    for api in operation.apis:
        code = products.code(api.service)
        names = [api.name]
        if code == "ecs" and api.name in wire.TAGGED:
            names.append(FOLLOWS[0])
        for name in names:
            types = TYPES.get(name) if code == "ecs" else None
            places_ = (api.region,) if api.region else regions
            ids = () if reads(name) else operation.instances
            where = places(places_, *types, ids=ids) if types else ("*",)
            yield Right(f"{products.RAM.get(code, code)}:{name}", where, commands=by)


def places(regions: Iterable[str], *types: str, ids: Sequence[str] = ()) -> tuple[str, ...]:
    """All resources of these types in these regions; of instances those with these ids, if any."""
    return tuple(
        f"acs:ecs:{region}:*:{type}/{id}"
        for region in regions
        for type in types
        for id in (ids if type == "instance" and ids else ("*",))
    )


def least(region: str, instances: Sequence[str]) -> str:
    """An inline policy that allows running on these instances and nothing else; "" if it would be
    too long for AssumeRole, where the role's own policy must do."""
    runs = tuple(f"acs:ecs:{region}:*:instance/{i}" for i in instances)
    runs = (*runs, f"acs:ecs:{region}:*:command/*")
    acts = {*RUNS.values(), STOPS}
    rights = [Right(f"ecs:{action}", runs) for action in sorted(acts)]
    rights += [Right(f"ecs:{action}") for action in (*FOLLOWS, READS, *reversed(FINDS))]
    text = json.dumps(ram.policy(rights), separators=(",", ":"))
    return text if len(text) <= LONGEST_POLICY else ""
