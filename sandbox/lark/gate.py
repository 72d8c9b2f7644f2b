"""The door of the HTTP API: tokens, rates, faults, body checks, the journal, error answers.

Error codes and limits: https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code
and https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
"""

from __future__ import annotations

import json
import re
import secrets
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox import base, world
from sandbox.lark import sdk

TOKEN_LIFE = 7200.0
TOKEN_KEPT = 1800.0
"""A token is handed out again until fewer than this many seconds are left."""

_HOOK = re.compile(r"^(/open-apis/bot/v2/hook/).+")
SECRETS = ("app_secret", "AppSecret", "ClientAssertion", "sign")


class Refusal(Exception):
    """The platform's no: ``code`` and ``msg`` as it would send them, with the HTTP status."""

    def __init__(self, code: int, msg: str, status: int = 400, **more: Any) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status
        self.headers: dict[str, str] = more.pop("headers", {})
        self.more = more


@dataclass
class Ask:
    """One API call as its handler sees it: ``remote`` is who called, ``size`` the body's bytes."""

    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]
    remote: str = ""
    size: int = 0
    raw: bytes = b""
    content_type: str = ""


@dataclass(frozen=True)
class Api:
    """``name`` is what faults and the journal call it; ``per_second``/``per_minute`` its limits;
    ``model`` the body model of the SDK; ``required`` the body fields that may not be missing."""

    name: str
    per_second: int = 50
    per_minute: int = 1000
    model: str = ""
    required: tuple[str, ...] = ()
    token: bool = True
    multipart: bool = False


class Rates:
    """Sliding windows. ``allow`` says False when the window is full and then counts nothing."""

    def __init__(self, clock: base.Clock) -> None:
        self.clock = clock
        self.lifted = False
        self._seen: dict[Any, deque[float]] = defaultdict(deque)

    def allow(self, key: Any, limit: int, window: float) -> bool:
        now = self.clock.now()
        seen = self._seen[key]
        while seen and seen[0] <= now - window:
            seen.popleft()
        if len(seen) >= limit and not self.lifted:
            return False
        seen.append(now)
        return True

    def wait(self, key: Any, window: float) -> float:
        """Seconds until the oldest entry of a full window leaves it."""
        seen = self._seen[key]
        return max(0.0, seen[0] + window - self.clock.now()) if seen else 0.0


@dataclass
class Tokens:
    clock: base.Clock
    live: dict[str, float] = field(default_factory=dict)

    def issue(self) -> tuple[str, int]:
        """The current token and its remaining seconds; a new one when that is nearly over."""
        now = self.clock.now()
        for token, until in self.live.items():
            if until - now > TOKEN_KEPT:
                return token, int(until - now)
        token = f"t-{secrets.token_hex(20)}"
        self.live[token] = now + TOKEN_LIFE
        return token, int(TOKEN_LIFE)

    def check(self, header: str) -> None:
        kind, _, token = header.partition(" ")
        if not header:
            raise Refusal(99991661, "Missing access token for authorization.")
        if kind != "Bearer" or not token.startswith(("t-", "u-", "a-")):
            raise Refusal(99991671, "Invalid access token: it must start with t- or u-.")
        if self.live.get(token, 0.0) <= self.clock.now():
            raise Refusal(99991663, "Invalid access token for authorization.")


def invalid_fields(violations: list[dict[str, str]]) -> Refusal:
    return Refusal(99992402, "field validation failed", error={"field_violations": violations})


def throttled(limit: int, reset: float) -> Refusal:
    seconds = max(1, int(reset + 0.999))
    headers = {"x-ogw-ratelimit-limit": str(limit), "x-ogw-ratelimit-reset": str(seconds)}
    return Refusal(99991400, "request trigger frequency limit", 429, headers=headers)


SCOPES = (
    ("application/v6/applications", "application:application:self_manage"),
    ("im/v1/chats", "im:chat:readonly"),
    ("im/v1/files", "im:resource"),
    ("im/v1/messages/list", "im:message:readonly"),
    ("im/v1/messages/get", "im:message:readonly"),
    ("im/v1/messages/delete", "im:message:recall"),
    ("im/v1/messages/urgent_app", "im:message.urgent"),
    ("im/v1/messages", "im:message:send_as_bot"),
    ("approval/v4/approvals", "approval:definition"),
    ("approval/v4/instances", "approval:approval:readonly"),
)
"""The permission that calls need, by the beginning of their name; the first that fits counts."""


def not_permitted(scope: str) -> Refusal:
    """What an app without a permission gets, with the address at which it is applied for."""
    apply = f"https://open.feishu.cn/app/{world.LARK_APP_ID}/auth?q={scope}&op_from=openapi"
    return Refusal(
        99991672,
        f"Access denied. One of the following scopes is required: [{scope}]."
        f"应用尚未开通所需的应用身份权限：[{scope}]，点击链接申请并开通任一权限即可：{apply}",
        error={"permission_violations": [{"type": "action_scope_required", "subject": scope}]},
    )


Handler = Callable[[Ask], Awaitable[dict[str, Any]]]


class Gate:
    """Wraps each handler with what every API call of the platform goes through first."""

    def __init__(self, party: base.Party) -> None:
        self.party = party
        self.tokens = Tokens(party.clock)
        self.rates = Rates(party.clock)
        self.revoked: set[str] = set()

    def add(self, method: str, path: str, api: Api, handler: Handler) -> None:
        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, api, handler)

        self.party.app.router.add_route(method, path, serve)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """What has no route is journalled too, as "unknown"."""
        call = self.party.record("unknown", _journal(request, await request.read()))
        call.status, call.code = 404, "404"
        return web.Response(status=404, text="404 page not found")

    async def _serve(self, request: web.Request, api: Api, handler: Handler) -> web.StreamResponse:
        raw = await request.read()
        call = self.party.record(api.name, _journal(request, raw))
        fault = self.party.faults.take(
            api.name, "error", "throttle", "slow", "hang_up", "lose_answer", "html"
        )
        kind = fault.do if fault else ""
        args = fault.args if fault else {}
        if kind == "slow":
            clock = self.party.clock
            await clock.sleep_until(clock.now() + float(args.get("seconds", 1.0)))
        if kind == "hang_up":
            return _hang_up(request, call, "hang_up")
        if kind == "html":
            call.status, call.code = 200, "html"
            return web.Response(text="<html><body>502</body></html>", content_type="text/html")
        try:
            if kind == "error":
                raise Refusal(
                    int(args.get("code", 1)),
                    str(args.get("message", "system busy")),
                    int(args.get("status", 500)),
                )
            if kind == "throttle":
                raise throttled(api.per_second, float(args.get("seconds", 1.0)))
            answer = await handler(self._admit(request, raw, api))
        except Refusal as refusal:
            answer = {"code": refusal.code, "msg": refusal.msg, **refusal.more}
            call.status, call.code, call.answer = refusal.status, str(refusal.code), answer
            return web.json_response(answer, status=refusal.status, headers=refusal.headers)
        call.status, call.code, call.answer = 200, "0", _without_token(answer)
        if kind == "lose_answer":
            return _hang_up(request, call, "0")
        return web.json_response(answer, headers={"X-Tt-Logid": secrets.token_hex(12)})

    def _admit(self, request: web.Request, raw: bytes, api: Api) -> Ask:
        if api.token:
            self.tokens.check(request.headers.get("Authorization", ""))
            scope = next((each for start, each in SCOPES if api.name.startswith(start)), "")
            if scope in self.revoked:
                raise not_permitted(scope)
        self._spend(api)
        body: Any = {}
        if request.method != "GET" and raw and not api.multipart:
            try:
                body = json.loads(raw)
            except (ValueError, RecursionError) as error:
                raise Refusal(9499, f"Bad Request: invalid JSON: {error}") from error
        if not isinstance(body, dict):
            raise Refusal(9499, "Bad Request: the body should be a JSON object")
        if api.model:
            found = sdk.violations(api.model, body)
            found += [
                {"field": name, "value": "", "description": f"{name} is required"}
                for name in api.required
                if body.get(name) in (None, "")
            ]
            if found:
                raise invalid_fields(found)
        return Ask(
            dict(request.match_info),
            dict(request.query),
            body,
            request.remote or "",
            len(raw),
            raw,
            request.headers.get("Content-Type", ""),
        )

    def _spend(self, api: Api) -> None:
        for limit, window in ((api.per_second, 1.0), (api.per_minute, 60.0)):
            key = (api.name, window)
            if not self.rates.allow(key, limit, window):
                raise throttled(limit, self.rates.wait(key, window))

    # ---- the call that needs nothing else

    async def token(self, ask: Ask) -> dict[str, Any]:
        """``POST /open-apis/auth/v3/tenant_access_token/internal``; its errors have status 200."""
        if ask.body.get("app_id") != world.LARK_APP_ID:
            raise Refusal(10003, "invalid param", 200)
        if ask.body.get("app_secret") != world.LARK_APP_SECRET:
            raise Refusal(10014, "app secret invalid", 200)
        token, left = self.tokens.issue()
        return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": left}


def _journal(request: web.Request, raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        body = raw.decode("utf-8", "replace")
    if isinstance(body, dict):
        body = {key: "…" if key in SECRETS else value for key, value in body.items()}
    return {
        "method": request.method,
        "path": _HOOK.sub(r"\1…", request.path),
        "query": dict(request.query),
        "body": body,
    }


def _without_token(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: "…" if key == "tenant_access_token" else v for key, v in answer.items()}


def _hang_up(request: web.Request, call: base.Call, code: str) -> web.Response:
    call.code = code
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
