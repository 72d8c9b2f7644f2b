"""Looking up how a call ended, without making it: by its tag, or by the state it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters import openapi
from adapters.aliyun import describe, wire
from adapters.aliyun.api import Api
from bot import model


@dataclass(frozen=True)
class States:
    """The statuses of an instance ``after`` a call and ``before`` it. ``gone``: there is none any
    more."""

    after: tuple[str, ...]
    before: tuple[str, ...]
    gone: bool = False


_START = States(("Running", "Starting"), ("Stopped",))
_STOP = States(("Stopped", "Stopping"), ("Running",))
_DELETE = States((), ("Running", "Stopped", "Starting"), gone=True)
STATES: Mapping[str, States] = {
    "StartInstance": _START,
    "StartInstances": _START,
    "StopInstance": _STOP,
    "StopInstances": _STOP,
    "DeleteInstance": _DELETE,
    "DeleteInstances": _DELETE,
}


async def invocations(
    api: Api, region: str, token: str, **identity: str
) -> list[dict[str, object]]:
    """The invocations that carry a step's tag, oldest first. Raises Failure."""
    return await tagged(api, region, openapi.STEP_TAG, token, **identity)


async def tagged(
    api: Api, region: str, key: str, value: str, **identity: str
) -> list[dict[str, Any]]:
    """The invocations that carry a tag, oldest first. Raises Failure."""
    fields = {"Tag": [{"Key": key, "Value": value}], "MaxResults": 50}
    answer = await api.call("DescribeInvocations", region, fields, **identity)
    items = (answer.get("Invocations") or {}).get("Invocation") or []
    return sorted(items, key=lambda item: str(item.get("CreationTime", "")))


def tags_of(item: Mapping[str, Any]) -> dict[str, str]:
    """The tags of an invocation, by key."""
    pairs = (item.get("Tags") or {}).get("Tag") or []
    return {
        str(pair.get("TagKey") or pair.get("Key") or ""): str(
            pair.get("TagValue") or pair.get("Value") or ""
        )
        for pair in pairs
    }


def ours(items: list[dict[str, object]], digest: str) -> list[dict[str, object]]:
    """Those of them that run the plan with this digest."""
    return [item for item in items if openapi.fits(digest, tags_of(item))]


async def by_tag(
    api: Api, request: wire.Request, session: str, digest: str
) -> dict[str, Any] | model.Unknown | None:
    """The answer that a RunCommand or an InvokeCommand had, told from its invocation's tag; None:
    there is none; Unknown: it is of another plan. Calls of earlier releases carry no ``digest``.
    Raises Failure."""
    items = await invocations(api, request.region, request.token, session=session)
    if not items:
        return None
    if digest:
        items = ours(items, digest)
        if not items:
            return openapi.stranger(request.token)
    ids = {"InvokeId": str(items[0]["InvokeId"])}
    if request.action == "RunCommand":
        ids["CommandId"] = str(items[0].get("CommandId") or "")
    return ids


async def by_state(api: Api, request: wire.Request, token: str, session: str) -> model.Outcome:
    """What became of a call that leaves its instances in a state of their own. Raises Failure."""
    states = STATES[request.action]
    sent = request.query or request.body or {}
    ids = [v for n, v in sent.items() if n == "InstanceId" or n.startswith("InstanceId.")]
    if not ids or len(ids) > describe.ID_CHUNK:
        return model.Unknown(f"{request.action} names no instance to look at.", token)
    (fields,) = describe.by_ids(ids)
    items = await describe.instances(api, request.region, fields, session)
    statuses = {str(item["InstanceId"]): str(item.get("Status") or "") for item in items}
    verdicts = {_verdict(states, statuses.get(i)) for i in ids}
    if verdicts == {True}:
        return model.Done(data={"document": {}})
    where = ", ".join(f"{i} is {statuses.get(i) or 'not there'}" for i in ids[:5])
    if verdicts == {False}:
        return model.Refused(f"{request.action} did not happen: {where}.", "not_made")
    return model.Unknown(f"Whether {request.action} happened cannot be told: {where}.", token)


def _verdict(states: States, status: str | None) -> bool | None:
    """Did it happen to an instance of this status? None: that cannot be told."""
    if status is None:
        return True if states.gone else None
    return True if status in states.after else False if status in states.before else None
