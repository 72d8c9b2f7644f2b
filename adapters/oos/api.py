"""Calls of the OOS API through the SDK's generic client: in threads, retried, failures explained.

The parameters go into the body: a template's text is too long for a request line. The SDK's
synchronous client is used in a small thread pool, since its asynchronous one builds a TLS context
and a connection for every call; it is imported on first use, in such a thread.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import logging
import random
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from adapters.oos import credentials
from adapters.oos.failures import Failure, explain
from adapters.oos.settings import Settings
from bot import checkpoints

log = logging.getLogger(__name__)

VERSION = "2019-06-01"
ATTEMPTS = 3
FIRST_WAIT = 0.1
LONGEST_WAIT = 3.0
"""Seconds. A platform that asks for a longer pause than this gets it from the caller."""
CLIENTS = 64


@functools.cache
def sdk() -> tuple[Any, Any, Any]:
    """(client class, utils_models, runtime options). Takes a while the first time: use a thread.

    The SDK's transports log whole requests, authorisation included, when the environment says
    DEBUG=sdk, and urllib3 logs URLs: all are held above that level.
    """
    client = importlib.import_module("alibabacloud_tea_openapi.client")
    utils = importlib.import_module("alibabacloud_tea_openapi.utils_models")
    runtime = importlib.import_module("darabonba.runtime")
    for name in ("darabonba-core", "alibabacloud-tea", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return client.Client, utils, runtime.RuntimeOptions


class Api:
    """One client per region and identity, kept with its pooled connections."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="oos")
        self._clients: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    async def close(self) -> None:
        """Wait for the calls under way; each ends at its time-out at the latest."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def call(
        self,
        action: str,
        region: str,
        fields: dict[str, str],
        request: int = 0,
        repeatable: bool = True,
    ) -> dict[str, Any]:
        """One API call for a request of ours (0: for none); the answer is the response body.

        Throttling, server errors and lost connections are tried again with the very same fields,
        but no try begins once one call's time-outs have passed since the first. Where a repetition
        is not harmless (``repeatable`` False) only what surely did not happen is tried again.
        Raises Failure.
        """
        loop = asyncio.get_running_loop()
        session = credentials.session_name(self.settings.credentials, request)
        work = functools.partial(self._call, action, region, fields, session)
        doubt = False
        last_start = loop.time() + self.settings.connect_timeout + self.settings.read_timeout
        for attempt in range(1, ATTEMPTS + 1):
            checkpoints.reach(f"oos.before.{action}")
            try:
                body = await loop.run_in_executor(self._pool, work)
            except Failure as failure:
                doubt = failure.doubt = doubt or failure.doubt
                wait = max(failure.retry_after, FIRST_WAIT * 2 ** (attempt - 1))
                wait *= random.uniform(1, 1.5)
                log.info("%s, try %d: %s", action, attempt, failure.reason)
                late = wait > LONGEST_WAIT or loop.time() + wait > last_start
                last = attempt == ATTEMPTS or late or (doubt and not repeatable)
                if failure.kind == "refused" or last:
                    raise
                await asyncio.sleep(wait)
            else:
                checkpoints.reach(f"oos.after.{action}")
                return body
        raise AssertionError("the last try returns or raises")

    def _call(
        self, action: str, region: str, fields: dict[str, str], session: str
    ) -> dict[str, Any]:
        try:
            client = self._client(region, session)
        except ImportError as error:
            raise Failure("refused", "The Alibaba Cloud SDK is not installed.") from error
        except ValueError as error:
            raise Failure(
                "refused", "The credentials in the configuration are incomplete."
            ) from error
        _, utils, options = sdk()
        params = utils.Params(
            action=action,
            version=VERSION,
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        asked = utils.OpenApiRequest(query={}, body={"RegionId": region, **fields})
        try:
            body = client.call_api(params, asked, options())["body"]
            if not body.get("RequestId"):
                raise ValueError("an answer without a RequestId")
        except Exception as error:
            raise explain(error, action) from None
        return dict(body)

    def _client(self, region: str, session: str) -> Any:
        key = (region, session)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = self._build(region, session)
            self._clients.move_to_end(key)
            while len(self._clients) > CLIENTS:
                self._clients.popitem(last=False)
            return client

    def _build(self, region: str, session: str) -> Any:
        make, utils, _ = sdk()
        settings = self.settings
        scheme, _, host = settings.endpoint.rpartition("://")
        client = make(
            utils.Config(
                credential=credentials.client(settings.credentials, session),
                region_id=region,
                endpoint=host.rstrip("/") or f"oos.{region}.aliyuncs.com",
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
