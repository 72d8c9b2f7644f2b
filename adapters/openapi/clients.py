"""Clients of the official SDK: one for each place and identity, kept with its connections.

The SDK's synchronous client is used, in threads: its asynchronous one builds a TLS context and a
connection for every call. It is imported on first use, in such a thread.
"""

from __future__ import annotations

import functools
import importlib
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

from adapters.openapi import credentials
from adapters.openapi.failures import Failure
from adapters.openapi.recent import Recent
from adapters.openapi.settings import Settings
from bot import release

KEPT = 64
_REGION = re.compile(r"[a-z]{2,6}(-[a-z0-9]+){1,4}")
_mounting = threading.Lock()


def is_region(text: str) -> bool:
    """False for what is none: it becomes a part of a host's name."""
    return _REGION.fullmatch(text) is not None


@functools.cache
def sdk() -> tuple[Any, Any, Any]:
    """(client class, utils_models, runtime options). Takes a while the first time: use a thread.

    The SDK's transports log whole requests, authorisation included, when the environment says
    DEBUG=sdk, and urllib3 logs URLs, which carry the script: all are held above that level.
    """
    client = importlib.import_module("alibabacloud_tea_openapi.client")
    utils = importlib.import_module("alibabacloud_tea_openapi.utils_models")
    runtime = importlib.import_module("darabonba.runtime")
    for name in ("darabonba-core", "alibabacloud-tea", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return client.Client, utils, runtime.RuntimeOptions


def generic() -> object:
    """The class of clients that call any product, but know the place of none."""
    return sdk()[0]


class Clients:
    """``kind`` gives the class of the clients, and may import the SDK for it."""

    def __init__(self, settings: Settings, kind: Callable[[], Any]) -> None:
        self.settings = settings
        self._kind = kind
        self._made: Recent[tuple[str, str, str], Any] = Recent(KEPT)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._made)

    def get(self, region: str, origin: str, session: str, policy: str) -> Any:
        """The client for a place: ``origin``, a host or ``http(s)://host``, or where it is "" the
        region's own as the client knows it. ``session`` and ``policy`` narrow an assumed role, and
        mean nothing to other credentials. Raises Failure."""
        if not is_region(region):
            reason = f"{region[:60]!r} is not a region: give one such as cn-hangzhou."
            raise Failure("refused", reason, "InvalidRegionId.NotFound")
        if self.settings.credentials.type != "role":
            session = policy = ""
        key = (origin or region, session, policy)
        try:
            with self._lock:
                client = self._made.get(key)
                if client is None:
                    client = self._build(region, origin, session, policy)
                return self._made.keep(key, client)
        except ImportError as error:
            raise Failure("refused", "The Alibaba Cloud SDK is not installed.") from error
        except ValueError as error:
            raise Failure(
                "refused", "The credentials in the configuration are incomplete."
            ) from error

    def _build(self, region: str, origin: str, session: str, policy: str) -> Any:
        settings = self.settings
        scheme, _, host = origin.rpartition("://")
        client = self._kind()(
            sdk()[1].Config(
                credential=credentials.client(settings.credentials, session, policy),
                region_id=region,
                endpoint=host.rstrip("/") or None,
                protocol=(scheme or "https").upper(),
                connect_timeout=int(settings.connect_timeout * 1000),
                read_timeout=int(settings.call_timeout * 1000),
                max_idle_conns=max(settings.workers, 1),
                ca=settings.ca_file or None,
                user_agent=f"countersign/{release.version()}",
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
    from adapters.common import http  # and with it aiohttp, only where something is called

    local = http.local(host)
    size = max(pool, 1)

    class Direct(HTTPAdapter):
        def get_connection_with_tls_context(
            self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
        ) -> Any:
            return super().get_connection_with_tls_context(request, verify, None, cert)

        def request_url(self, request: Any, proxies: Any) -> str:
            return str(super().request_url(request, None))

    with _mounting:
        session = core._get_session(
            session_key=f"{url}:80:pool={size}", protocol=protocol, pool_size=size
        )
        if session.max_redirects == 0:
            return  # another client keeps its connections there
        session.max_redirects = 0
        if local or utils.should_bypass_proxies(url, no_proxy=None):
            session.mount(url, Direct(pool_connections=1, pool_maxsize=size))
