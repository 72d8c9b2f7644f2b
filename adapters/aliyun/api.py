"""Calls of the platform's APIs through the official SDK: in threads, retried, failures explained.

The SDK's synchronous client is used in a small thread pool: its asynchronous one builds a TLS
context and a connection for every call. It is imported on first use, in such a thread.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import json
import logging
import random
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from adapters.aliyun import credentials, wire
from adapters.aliyun.failures import Failure, explain
from adapters.aliyun.settings import Settings
from bot import checkpoints

log = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_WAIT = 0.1
LONGEST_WAIT = 3.0
"""Seconds. A platform that asks for a longer pause than this gets it from the caller."""
CLIENTS = 64

T = TypeVar("T")


@functools.cache
def sdk() -> tuple[Any, Any, Any]:
    """(client class, models, utils_models). Takes most of a second the first time: use a thread.

    The SDK's transports log whole requests, authorisation included, when the environment says
    DEBUG=sdk, and urllib3 logs URLs, which carry the script: all are held above that level.
    """
    client = importlib.import_module("alibabacloud_ecs20140526.client")
    models = importlib.import_module("alibabacloud_ecs20140526.models")
    utils = importlib.import_module("alibabacloud_tea_openapi.utils_models")
    for name in ("darabonba-core", "alibabacloud-tea", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return client.Client, models, utils


class Api:
    """One client per endpoint, region and identity, kept with its pooled connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="aliyun")
        self._clients: OrderedDict[tuple[str, str, str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    async def close(self) -> None:
        """Wait for the calls under way; each ends at its time-out at the latest."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def call(
        self,
        action: str,
        region: str,
        fields: dict[str, Any],
        session: str = "",
        policy: str = "",
    ) -> dict[str, Any]:
        """One API call. ``fields`` are the request model's fields as the wire names them (lists are
        lists, ``Tag`` is [{"Key", "Value"}]); the answer is the response body.

        Throttling, server errors and lost connections are tried again with the very same fields, so
        a ``ClientToken`` among them keeps a repetition harmless; but no try begins once one call's
        time-outs have passed since the first. Raises Failure.
        """
        work = functools.partial(self._call, action, region, fields, session, policy)
        return await self._try(action, work, True)

    async def send(self, request: wire.Request, session: str = "") -> Any:
        """One call of any product; the answer is its JSON, an empty one {}. What may have happened
        is tried again only if the request is ``repeatable``. Raises Failure."""
        work = functools.partial(self._send, request, session)
        return await self._try(request.action, work, request.repeatable)

    async def run(self, work: Callable[[], T]) -> T:
        """What takes long, in one of the threads that make the calls."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _try(self, action: str, work: Callable[[], T], repeatable: bool) -> T:
        loop = asyncio.get_running_loop()
        doubt = False
        last_start = loop.time() + self.settings.connect_timeout + self.settings.read_timeout
        for attempt in range(1, ATTEMPTS + 1):
            checkpoints.reach(f"aliyun.before.{action}")
            try:
                body = await loop.run_in_executor(self._pool, work)
            except Failure as failure:
                doubt = failure.doubt = doubt or failure.doubt
                wait = max(failure.retry_after, FIRST_WAIT * 2 ** (attempt - 1))
                wait *= random.uniform(1, 1.5)
                log.info("%s, try %d: %s", action, attempt, failure.reason)
                late = wait > LONGEST_WAIT or loop.time() + wait > last_start
                final = failure.kind == "refused" or (doubt and not repeatable)
                if final or attempt == ATTEMPTS or late:
                    raise
                await asyncio.sleep(wait)
            else:
                checkpoints.reach(f"aliyun.after.{action}")
                return body
        raise AssertionError("the last try returns or raises")

    def _call(
        self, action: str, region: str, fields: dict[str, Any], session: str, policy: str
    ) -> dict[str, Any]:
        client = self._client(region, session, policy)
        request = getattr(sdk()[1], f"{action}Request")()
        request.from_map({"RegionId": region, **fields})
        try:
            body = getattr(client, snake(action))(request).body.to_map()
            if not body.get("RequestId"):
                raise ValueError("an answer without a RequestId")
        except Exception as error:
            raise explain(error, action) from None
        return dict(body)

    def _send(self, request: wire.Request, session: str) -> Any:
        client = self._client(request.region, session, "", request.service, request.origin)
        body, kind = request.body, "json" if request.style == "ROA" else "formData"
        if isinstance(body, str):
            body, kind = body.encode(), "byte"
        utils = sdk()[2]
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
        asked = utils.OpenApiRequest(
            headers=dict(request.headers), query=dict(request.query), body=body
        )
        try:
            runtime = importlib.import_module("darabonba.runtime").RuntimeOptions()
            return answer(client.call_api(params, asked, runtime), request.style)
        except Exception as error:
            raise explain(error, request.action, request.service) from None

    def _client(
        self, region: str, session: str, policy: str, service: str = "ecs", origin: str = ""
    ) -> Any:
        """The client for a service; ``origin`` "": ECS where the settings say. Raises Failure."""
        if not wire.REGION.fullmatch(region):
            reason = f"{region[:60]!r} is not a region: give one such as cn-hangzhou."
            raise Failure("refused", reason, "InvalidRegionId.NotFound")
        if self.settings.credentials.kind != "role":
            session = policy = ""
        origin = origin or self.settings.origin(service)
        key = (origin, region if service == "ecs" else "", session, policy)
        try:
            with self._lock:
                client = self._clients.get(key)
                if client is None:
                    client = self._clients[key] = self._build(region, session, policy, origin)
                self._clients.move_to_end(key)
                while len(self._clients) > CLIENTS:
                    self._clients.popitem(last=False)
                return client
        except ImportError as error:
            raise Failure("refused", "The Alibaba Cloud SDK is not installed.") from error
        except ValueError as error:
            raise Failure(
                "refused", "The credentials in the configuration are incomplete."
            ) from error

    def _build(self, region: str, session: str, policy: str, origin: str) -> Any:
        make, _, utils = sdk()
        settings = self.settings
        scheme, _, host = origin.rpartition("://")
        client = make(
            utils.Config(
                credential=credentials.client(settings.credentials, session, policy),
                region_id=region,
                endpoint=host.rstrip("/") or None,
                protocol=(scheme or "https").upper(),
                connect_timeout=int(settings.connect_timeout * 1000),
                read_timeout=int(settings.read_timeout * 1000),
                max_idle_conns=max(settings.workers, 1),
                ca=settings.ca_file or None,
                user_agent="countersign",
            )
        )
        keep_to_the_endpoint(client, settings.workers)
        return client


def answer(response: dict[str, Any], style: str) -> Any:
    """The JSON of a response. Raises ValueError if it is not one that the platform gives."""
    text = response["body"]
    if not text.strip() and style == "ROA":
        return {}
    found = json.loads(text)
    if style == "RPC" and not (found.get("RequestId") or found.get("requestId")):
        raise ValueError("an answer without a RequestId")
    return found


def snake(action: str) -> str:
    """RunCommand → run_command."""
    return "".join("_" + c.lower() if c.isupper() else c for c in action).lstrip("_")


def keep_to_the_endpoint(client: Any, pool: int) -> None:
    """Keep the SDK from taking signed calls, and temporary credentials with them, where a redirect
    points to; and from sending them through a proxy to a host that NO_PROXY (or being this very
    machine) exempts: it reads HTTP_PROXY, but not NO_PROXY."""
    from requests import utils
    from requests.adapters import HTTPAdapter

    core: Any = importlib.import_module("darabonba.core").DaraCore
    endpoint, protocol = client._endpoint, client._protocol.lower()
    url = f"{protocol}://{endpoint}"
    host = endpoint.rpartition(":")[0] or endpoint
    local = host in ("localhost", "[::1]") or host.startswith("127.")
    size = max(pool, 1)
    session = core._get_session(
        session_key=f"{url}:80:pool={size}", protocol=protocol, pool_size=size
    )
    if session.max_redirects == 0:
        return  # another client keeps its connections there
    session.max_redirects = 0
    if not local and not utils.should_bypass_proxies(url, no_proxy=None):
        return

    class Direct(HTTPAdapter):
        def get_connection_with_tls_context(
            self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
        ) -> Any:
            return super().get_connection_with_tls_context(request, verify, None, cert)

        def request_url(self, request: Any, proxies: Any) -> str:
            return str(super().request_url(request, None))

    session.mount(url, Direct(pool_connections=1, pool_maxsize=size))
