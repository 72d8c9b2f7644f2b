"""Calls of any product through the official SDK: in threads, retried, failures explained."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from adapters.openapi import clients
from adapters.openapi.failures import Failure, explain
from adapters.openapi.settings import Settings
from bot import failpoints
from bot.model import ports, traffic

log = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_WAIT = 0.1
LONGEST_WAIT = 3.0
"""Seconds. A platform that asks for a longer pause than this gets it from the caller."""

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """One call of a product, by name and parameters (RPC) or by method and path (ROA). ``origin``:
    host or ``http(s)://host``; "" for the client's own choice. ``query``: parameters by wire name.
    ``body``: a mapping, sent as a form with RPC and as JSON with ROA, or a text as it is.
    https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature"""

    service: str
    action: str
    version: str
    region: str
    origin: str
    style: Literal["ROA", "RPC"] = "RPC"
    method: str = "POST"
    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


class Api:
    """Calls on behalf of one adapter, which names itself for its checkpoints; ``kind`` gives the
    class of the SDK's clients. ``tap`` gets a copy of each call as the SDK gets it, unsigned."""

    name: str

    def __init__(
        self,
        settings: Settings,
        kind: Callable[[], Any] = clients.generic,
        tap: ports.Tap | None = None,
    ) -> None:
        self.settings = settings
        self._tap = tap
        self.clients = clients.Clients(settings, kind)
        self._threads = (
            None
            if settings.of_the_loop
            else ThreadPoolExecutor(settings.workers, thread_name_prefix=self.name)
        )
        self._room = asyncio.Semaphore(settings.workers)

    async def close(self) -> None:
        """Wait for the calls under way; each ends at its time-out at the latest."""
        if self._threads is not None:
            await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    async def run(self, work: Callable[[], T]) -> T:
        """What takes long, in one of the threads that make the calls."""
        async with self._room:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def make(self, request: Request, session: str, repeatable: bool) -> Any:
        """One call; the answer is its JSON, an empty one {}. Tried again as ``attempt`` says.
        ``session`` names an assumed role's session. Raises Failure."""
        call = functools.partial(self._make, request, session)
        sent = {"query": request.query, "headers": request.headers, "body": request.body}
        place = f"{request.origin}{request.path}"
        work = functools.partial(self.tapped, request.action, request.method, place, sent, call)
        host = request.origin or f"{request.service}.{request.region}.aliyuncs.com"
        return await self.attempt(request.action, work, repeatable, host)

    async def attempt(
        self, action: str, work: Callable[[], T], repeatable: bool, host: str = ""
    ) -> T:
        """Do in a thread what makes one call and raises Failure.

        Throttling, server errors and lost connections are tried again with the very same fields,
        so a client token among them keeps a repetition harmless; but no try begins once one call's
        time-outs have passed since the first. Where a repetition is not harmless (``repeatable``
        False) only what surely did not happen is tried again.
        """
        loop = asyncio.get_running_loop()
        doubt = False
        last_start = loop.time() + self.settings.connect_timeout + self.settings.call_timeout
        for attempt in range(1, ATTEMPTS + 1):
            failpoints.reach(f"{self.name}.before.{action}")
            try:
                body = await self.run(work)
            except Failure as failure:
                doubt = failure.doubt = doubt or failure.doubt
                wait = max(failure.retry_after, pause(attempt - 1))
                wait *= random.uniform(1, 1.5)
                level = logging.INFO if failure.kind == "refused" else logging.WARNING
                log.log(level, "%s at %s, try %d: %s", action, host, attempt, failure.reason)
                late = wait > LONGEST_WAIT or loop.time() + wait > last_start
                final = failure.kind == "refused" or (doubt and not repeatable)
                if final or attempt == ATTEMPTS or late:
                    raise
                await asyncio.sleep(wait)
            else:
                failpoints.reach(f"{self.name}.after.{action}")
                return body
        raise AssertionError("the last try returns or raises")

    def tapped(
        self, action: str, method: str, place: str, sent: object, call: Callable[[], T]
    ) -> T:
        """What a call brings, of which the tap gets a copy. Raises Failure."""
        if self._tap is None:
            return call()
        answer: Any = ""
        status, error = 0, ""
        try:
            result = call()
            status, answer = 200, result
            return result
        except Failure as failure:
            error = f"{failure.kind} {failure.code}: {failure.reason}"
            raise
        finally:
            self._tap(
                traffic.Exchange(self.name, method, place, {}, sent, status, answer, error, action)
            )

    def _make(self, request: Request, session: str) -> Any:
        client = self.clients.get(request.region, request.origin, session, "")
        body, kind = request.body, "json" if request.style == "ROA" else "formData"
        if isinstance(body, str):
            body, kind = body.encode(), "byte"
        _, utils, options = clients.sdk()
        params = utils.Params(
            action=request.action,
            version=request.version,
            protocol="HTTPS",
            pathname=request.path,
            method=request.method,
            auth_type="AK",
            style=request.style,
            req_body_type=kind,
            body_type="string",
        )
        sdk_request = utils.OpenApiRequest(
            headers=dict(request.headers), query=dict(request.query), body=body
        )
        try:
            return answer(client.call_api(params, sdk_request, options()), request.style)
        except Exception as error:
            raise explain(error, request.action, request.service) from None


def pause(tries: int) -> float:
    """Seconds to wait before the next try or look, after so many earlier ones."""
    return FIRST_WAIT * float(2**tries)


def answer(response: dict[str, Any], style: str) -> Any:
    """The JSON of a response. Raises ValueError if it is not one that the platform gives."""
    text = response["body"]
    if not text.strip() and style == "ROA":
        return {}
    value = json.loads(text)
    if style == "RPC" and not (value.get("RequestId") or value.get("requestId")):
        raise ValueError("an answer without a RequestId")
    return value
