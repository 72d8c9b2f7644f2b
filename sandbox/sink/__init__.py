"""Some company's own server on loopback: it takes what rules deliver by POST, on any path.

Faults (``fault(path or "*", do, …)``): ``status`` (status, retry_after; takes nothing), ``slow``
(seconds; takes it, then answers late), ``hang_up`` (takes nothing, closes), ``lose_answer`` (takes
it, closes).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

from aiohttp import web

from sandbox.base import Clock, Party, control

WINDOW = 300.0
_HEADERS = ("x-countersign-timestamp", "x-countersign-nonce", "x-countersign-signature")


class Sink(Party):
    """``expect`` gives a path a secret; what comes there must then be signed with it."""

    name = "sink"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._secrets: dict[str, str] = {}
        self._nonces: set[str] = set()
        self._taken: list[dict[str, Any]] = []
        self.app.router.add_post("/{path:.*}", self._serve)

    async def _serve(self, request: web.Request) -> web.Response:
        body = await request.read()
        call = self.record(request.path, body.decode(errors="replace"))
        fault = self.faults.take(request.path, "status", "slow", "hang_up", "lose_answer")
        if fault is not None and fault.do == "hang_up":
            return _hang_up(request)
        if fault is not None and fault.do == "status":
            call.status = int(fault.args.get("status", 503))
            after = fault.args.get("retry_after")
            headers = {"Retry-After": str(after)} if after is not None else {}
            return web.Response(status=call.status, headers=headers)
        wrong = self._objection(request, body)
        if wrong:
            call.status, call.code = 401, wrong
            return web.json_response({"error": wrong}, status=401)
        self._taken.append(
            {
                "path": request.path,
                "headers": {name.lower(): value for name, value in request.headers.items()},
                "key": request.headers.get("Idempotency-Key", ""),
                "type": request.content_type,
                "body": _read(request.content_type, body),
            }
        )
        if fault is not None and fault.do == "lose_answer":
            return _hang_up(request)
        if fault is not None and fault.do == "slow":
            await self.clock.sleep_until(self.clock.now() + float(fault.args.get("seconds", 1)))
        call.status = 202
        return web.Response(status=202)

    def _objection(self, request: web.Request, body: bytes) -> str:
        """What is wrong with a signature; "": nothing, or none is wanted here. Its time is compared
        with the real one, since callers do not see a moved sandbox clock."""
        secret = self._secrets.get(request.path)
        if secret is None:
            return ""
        stamp, nonce, given = (request.headers.get(name, "") for name in _HEADERS)
        if not (stamp.isdecimal() and nonce and given):
            return "unsigned"
        text = f"{stamp}.{nonce}.".encode() + body
        wanted = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, given):
            return "forged"
        if abs(time.time() - int(stamp)) > WINDOW:
            return "stale"
        if nonce in self._nonces:
            return "replayed"
        self._nonces.add(nonce)
        return ""

    @control
    async def expect(self, path: str, secret: str) -> None:
        """From now on what comes to a path must be signed with this secret."""
        self._secrets[path] = secret

    @control
    async def received(self, path: str = "") -> list[dict[str, Any]]:
        """What was taken, in order: path, headers (small letters), key (the Idempotency-Key), type
        and body, which is JSON or a text."""
        return [one for one in self._taken if not path or one["path"] == path]


def _read(kind: str, body: bytes) -> Any:
    return json.loads(body) if kind.endswith("json") else body.decode()


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
