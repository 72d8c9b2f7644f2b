"""api.dingtalk.com: what every REST call goes through before and after its own work.

Journal, ordered faults, JSON, access token, 20 calls a second per API, the official model of the
body, the work itself, and the error body. https://open.dingtalk.com/document/development/call-frequency-limit
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox import base, world
from sandbox.dingtalk import errors, limits, shapes, wire

HTTP_FAULTS = ("error", "throttle", "slow", "hang_up", "lose_answer", "html")
SECRETS = frozenset({"clientSecret", "appSecret", "accessToken", "ticket"})
HTML = "<!DOCTYPE html><html><body><h1>Service Unavailable</h1></body></html>"

SCOPES = (
    ("/v1.0/robot/groups/robots/query", "qyapi_chat_manage"),
    ("/v1.0/robot/", "qyapi_robot_sendmsg"),
    ("/v1.0/card/", "Card.Instance.Write"),
    ("/v1.0/workflow/processes/", "Workflow.Instance.Read"),
    ("/v1.0/workflow/processInstances/", "Workflow.Instance.Write"),
    ("/v1.0/workflow/processInstances", "Workflow.Instance.Read"),
)
"""The permission that calls need, by the beginning of their path; the first that fits counts."""

Work = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Api:
    """One call: ``model`` is the SDK's class for its body, or for its query if it is a GET. A
    ``picky`` one answers in XML unless ``Accept: application/json`` was sent."""

    method: str
    path: str
    model: str
    work: Work
    token: bool = True
    also: frozenset[str] = frozenset()
    picky: bool = False

    @property
    def name(self) -> str:
        """What faults and the journal call it: the path, with the method before it for a PUT."""
        return f"PUT {self.path}" if self.method == "PUT" else self.path


def without_secrets(value: Any) -> Any:
    """A copy for the journal."""
    if isinstance(value, dict):
        return {k: "***" if k in SECRETS else without_secrets(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_secrets(v) for v in value]
    return value


def without_nulls(value: Any) -> Any:
    """A null is a field left out."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return value


def cut(request: web.Request) -> web.Response:
    """Close the socket; whatever is answered afterwards reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


class Tokens:
    """Access tokens: the same one until it is nearly over, then a new one beside it.

    https://open.dingtalk.com/document/development/obtain-the-access-token-of-an-internal-app
    """

    def __init__(self, clock: base.Clock, numbers: limits.Limits) -> None:
        self._clock = clock
        self._limits = numbers
        self._until: dict[str, float] = {}

    async def issue(self, body: dict[str, Any]) -> dict[str, Any]:
        known = (world.DINGTALK_CLIENT_ID, world.DINGTALK_CLIENT_SECRET)
        if (body["appKey"], body.get("appSecret")) != known:
            raise errors.Refused("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        now = self._clock.now()
        for token, until in self._until.items():
            if until - now > self._limits.token_renewal:
                return {"accessToken": token, "expireIn": int(until - now)}
        token = uuid.uuid4().hex
        self._until[token] = now + self._limits.token
        return {"accessToken": token, "expireIn": int(self._limits.token)}

    def expire(self) -> None:
        """Make every token invalid at once."""
        self._until.clear()

    def check(self, token: str | None) -> None:
        if not token:
            raise errors.Refused(
                "AuthenticationFailed.MissingParameter", "x-acs-dingtalk-access-token is missing"
            )
        if self._until.get(token, 0.0) <= self._clock.now():
            raise errors.Refused("InvalidAuthentication", "不合法的access_token")


class OpenApi:
    """The common way through."""

    def __init__(self, party: base.Party, numbers: limits.Limits, tokens: Tokens) -> None:
        self._party = party
        self._limits = numbers
        self._tokens = tokens
        self._rate = limits.Rate(party.clock.now, 1.0)
        self.apis: dict[str, Api] = {}
        self.revoked: set[str] = set()

    def add(self, *apis: Api) -> None:
        for api in apis:
            self.apis[api.name] = api
            self._party.app.router.add_route(api.method, api.path, self._handler(api))

    def _handler(self, api: Api) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            call = self._party.record(api.name, raw.decode(errors="replace")[:2000])
            fault = self._party.faults.take(api.name, *HTTP_FAULTS)
            do = fault.do if fault else ""
            if fault and do == "slow":
                await asyncio.sleep(float(fault.args.get("seconds", 1.0)))
            if do == "hang_up":
                call.code = "hang_up"
                return cut(request)
            try:
                body = self._body(request, api, raw)
                call.request = without_secrets(body)
                if do == "html":
                    call.status, call.code = 200, "html"
                    return web.Response(text=HTML, content_type="text/html")
                if do == "throttle":
                    raise errors.throttled()
                if fault and do == "error":
                    raise errors.Refused(**_error_of(fault.args))
                self._admit(request, api)
                shapes.check(body, api.model, api.also)
                answer = await api.work(without_nulls(body))
                call.status, call.answer = 200, without_secrets(answer)
                response = web.json_response(answer)
            except errors.Refused as no:
                response = self._refuse(call, no)
            if do == "lose_answer":
                call.code = "lose_answer"
                return cut(request)
            if api.picky and "application/json" not in request.headers.get("Accept", ""):
                return web.Response(text="<result/>", content_type="application/xml")
            return response

        return handle

    def _body(self, request: web.Request, api: Api, raw: bytes) -> dict[str, Any]:
        if api.method == "GET":
            return dict(request.query)
        if request.content_type != "application/json":
            raise errors.Refused("UnsupportedMediaType", "Content-Type: application/json", 415)
        try:
            body = wire.parsed(raw or b"null")
        except ValueError:
            raise errors.Refused("InvalidJSON", "the body is not JSON") from None
        if not isinstance(body, dict):
            raise errors.Refused("Missingbody", "body is mandatory for this action.")
        return body

    def _admit(self, request: web.Request, api: Api) -> None:
        if api.token:
            self._tokens.check(request.headers.get("x-acs-dingtalk-access-token"))
            scope = next((each for start, each in SCOPES if api.path.startswith(start)), "")
            if scope in self.revoked:
                raise errors.not_permitted(scope)
            if not self._rate.admits(api.name, self._limits.qps):
                raise errors.throttled()

    def _refuse(self, call: base.Call, no: errors.Refused) -> web.Response:
        request_id = str(uuid.uuid4()).upper()
        body = {"code": no.code, "requestid": request_id, "message": no.message, **no.more}
        call.status, call.code, call.answer = no.status, no.code, body
        return web.json_response(body, status=no.status)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Any path that the platform does not have."""
        call = self._party.record(request.path, (await request.read()).decode(errors="replace"))
        return self._refuse(call, errors.Refused("InvalidAction.NotFound", "", 404))


def _error_of(args: dict[str, Any]) -> dict[str, Any]:
    """The error that a test ordered; without details it is the platform's own "busy"."""
    return {
        "code": str(args.get("code", "system.busy")),
        "message": str(args.get("message", "")),
        "status": int(args.get("status", 500)),
    }
