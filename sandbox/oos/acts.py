"""What executions do: calls within the sandbox's cloud, and messages to webhooks on loopback."""

from __future__ import annotations

import asyncio
import copy
import json
import uuid
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp

from bot.oos.engine import calls, journal
from sandbox.aliyun import parameters as ecs_parameters
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.policies import Policies
from sandbox.aliyun.products import Product, Request
from sandbox.aliyun.signature import Incoming, Key
from sandbox.base import Call, Faults
from sandbox.oos.state import Execution

LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONSOLE = "https://oos.console.aliyun.com"
PATIENCE = 5
"""Seconds that a webhook has for its answer."""

Outcome = journal.Done | journal.Failed


class House(Protocol):
    """The cloud: its products, its journal, its ordered misbehaviour, and what the roles of
    executions may do."""

    products: dict[str, Product]
    faults: Faults
    roles: Policies

    def record(self, api: str, request: Any) -> Call: ...


class Acts:
    """Makes the calls of executions, in this very process."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def perform(self, one: Execution, call: calls.Call) -> Outcome:
        """Make one call; what the other side refuses is a ``Failed``."""
        what = call.what
        try:
            if isinstance(what, calls.Api):
                return journal.Done(await self._api(what, one))
            if isinstance(what, calls.SelectTargets):
                return journal.Done(await self._select(what, one))
            if isinstance(what, calls.Notify):
                return await self._notify(what, one)
            if isinstance(what, calls.Approve):
                return await self._notify(what.notice, one) if what.notice else journal.Done()
        except ApiError as error:
            return journal.Failed(error.code, error.message)
        return journal.Failed("InvalidAction", f"{what.action} does not exist")

    async def _api(self, what: calls.Api, one: Execution) -> dict[str, Any]:
        if what.style == "ROA":
            raise ApiError(400, "InvalidStyle", "the stand-in's executions make RPC calls only")
        region = what.region or one.region
        if what.service.lower() == "ecs":
            await asyncio.to_thread(ecs_parameters.API.load)
            flat = shaped(what.api, {"RegionId": region, **what.parameters})
        else:
            flat = flattened({"RegionId": region, **what.parameters})
        return await self.call(what.service, what.api, flat)

    async def call(self, service: str, action: str, flat: Mapping[str, str]) -> dict[str, Any]:
        """A call of one of the cloud's products as the wire has it. Raises ApiError."""
        named = [one for one in self.house.products.values() if one.name == service.lower()]
        if not named:
            raise ApiError(404, "InvalidProduct.NotFound", f"There is no product {service}.")
        call = self.house.record(action, dict(flat))
        if fault := self.house.faults.take(action, "error", "throttle"):
            usual = "Throttling.User" if fault.do == "throttle" else "InternalError"
            message = str(fault.args.get("message", "The request processing has failed."))
            call.status, call.code = (
                int(fault.args.get("status", 500)),
                fault.args.get("code", usual),
            )
            raise ApiError(call.status, call.code, message)
        number = str(uuid.uuid4()).upper()
        nobody = Incoming("POST", "/", {}, {}, b"", {})
        request = Request(number, Key("oos", "", session="oos"), nobody)
        try:
            self.house.roles.check(named[0].name, action, flat)
            said = await named[0].handle(action, flat, request)
        except ApiError as error:
            call.status, call.code = error.status, error.code
            raise
        call.status, call.answer = 200, {"RequestId": number, **said}
        return dict(call.answer)

    async def _select(self, what: calls.SelectTargets, one: Execution) -> dict[str, Any]:
        if what.resource_type.lower() != "aliyun::ecs::instance":
            raise ApiError(400, "InvalidParameter.ResourceType", "ALIYUN::ECS::Instance only")
        kept: dict[str, Any] | None = None
        for each in what.filters or ({"Type": "All"},):
            found = await self._instances(each, what.region or one.region)
            kept = found if kept is None else {k: v for k, v in kept.items() if k in found}
        items = list((kept or {}).values())[: what.most]
        return {"Instances": {"Instance": items}, "TotalCount": len(items)}

    async def _instances(self, targets: Any, region: str) -> dict[str, Any]:
        """The instances that one filter means, by id. Raises ApiError."""
        if isinstance(targets, str):
            targets = json.loads(targets)
        given = {str(key).lower(): value for key, value in targets.items()}
        kind = str(given.get("type", "All")).lower()
        base: dict[str, Any] = {"RegionId": given.get("regionid") or region}
        if kind == "resourceids":
            ids = list(given.get("resourceids") or [])
            parts = [{**base, "InstanceIds": ids[n : n + 100]} for n in range(0, len(ids), 100)]
        elif kind == "tags":
            parts = [{**base, "Tags": given.get("tags") or []}]
        elif kind == "all":
            parts = [base]
        else:
            raise ApiError(400, "InvalidParameter.Filters", f"the stand-in has no type {kind}")
        await asyncio.to_thread(ecs_parameters.API.load)
        found: dict[str, Any] = {}
        for part in parts:
            token = ""
            while True:
                asked = {**part, "MaxResults": 100, **({"NextToken": token} if token else {})}
                said = await self.call(
                    "ecs", "DescribeInstances", shaped("DescribeInstances", asked)
                )
                found |= {item["InstanceId"]: item for item in said["Instances"]["Instance"]}
                if not (token := said.get("NextToken", "")):
                    break
        return found

    async def _notify(self, notice: calls.Notify, one: Execution) -> Outcome:
        host = urlsplit(notice.uri).hostname or ""
        if host not in LOOPBACK:
            return journal.Failed(
                "WebHookFailed", f"the sandbox does not reach {host or 'nowhere'}"
            )
        content = with_link(notice.content, one) if notice.append_link else notice.content
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=PATIENCE)
            self._session = aiohttp.ClientSession(timeout=timeout)
        body = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        headers = {"Content-Type": "application/json"} | {
            str(name): str(value) for name, value in notice.headers.items()
        }
        try:
            async with self._session.post(
                notice.uri, data=body.encode(), headers=headers
            ) as answer:
                said = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return journal.Failed("WebHookFailed", f"the webhook gave no answer: {error}")
        if answer.status >= 400:
            return journal.Failed("WebHookFailed", f"the webhook answered {answer.status}")
        return refused(said) or journal.Done({"status": answer.status})


def refused(said: str) -> journal.Failed | None:
    """What a robot's answer says; None: it took the message."""
    try:
        told = json.loads(said)
    except ValueError:
        return None
    code = told.get("errcode", told.get("code", 0)) if isinstance(told, dict) else 0
    if not code:
        return None
    return journal.Failed("WebHookFailed", f"{code}: {told.get('errmsg') or told.get('msg')}")


def with_link(content: Any, one: Execution) -> Any:
    """A message with the link of the execution at the end of its text."""
    link = f"{CONSOLE}/{one.region}/execution/detail/{one.id}"
    if isinstance(content, str):
        return f"{content}\n{link}"
    linked = copy.deepcopy(content)
    for part, name in (("text", "content"), ("markdown", "text"), ("content", "text")):
        if isinstance(linked, dict) and isinstance(linked.get(part), dict) and name in linked[part]:
            linked[part][name] = f"{linked[part][name]}\n{link}"
            break
    return linked


def word(value: Any) -> str:
    """A scalar as the wire has it; what is no scalar is JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def flattened(given: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of a product whose types are not known: lists count from 1, objects have dots."""
    flat: dict[str, str] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            flat |= flattened({f"{name}.{key}": item for key, item in value.items()})
        elif isinstance(value, list | tuple):
            flat |= flattened({f"{name}.{n}": item for n, item in enumerate(value, 1)})
        elif value not in (None, ""):
            flat[name] = word(value)
    return flat


def shaped(action: str, given: Mapping[str, Any]) -> dict[str, str]:
    """Parameters of an ECS call as templates write them (names in any case, plural lists, JSON
    where the API takes a text) as the wire has them. Source:
    https://www.alibabacloud.com/help/en/oos/user-guide/acs-executeapi."""
    if action not in ecs_parameters.REQUIRED:
        return flattened(given)
    fields = ecs_parameters.API.schema(action)
    known = {name.lower(): name for name in fields}
    flat: dict[str, str] = {}
    for name, value in given.items():
        folded = name.lower()
        wire = known.get(folded) or known.get(folded.removesuffix("s")) or name
        kind = fields.get(wire)
        listed = isinstance(kind, dict) or kind == "list"
        if value is None or value == "" or (listed and not value):
            continue
        if listed and not isinstance(value, list | tuple):
            value = [value]
        flat |= flattened({wire: value}) if listed else {wire: word(value)}
    return flat
