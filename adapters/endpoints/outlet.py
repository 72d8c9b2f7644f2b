"""One delivery to one endpoint → one of the four outcomes."""

from __future__ import annotations

import ssl

import aiohttp
import yarl

from adapters.endpoints import answers, request, settings
from adapters.endpoints.settings import Endpoint, Misfit, Settings
from bot import model
from bot.model import ports

UNTRUSTED = 60.0
"""Seconds until a server whose certificate was not trusted is tried again."""


class Endpoints:
    """Delivers what is for "http". One session for all; each delivery has a connection of its own,
    for one that was kept may be closed while the request is under way, and then nobody knows.
    Raises Misfit, when it is made, for an endpoint that cannot be meant."""

    name = "endpoints"

    def __init__(self, given: Settings, clock: ports.Clock) -> None:
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._endpoints: dict[str, Endpoint] = {}
        self._trust: dict[str, ssl.SSLContext | bool] = {}
        for endpoint in given.endpoints:
            settings.check(endpoint)
            if endpoint.name in self._endpoints:
                raise Misfit(f"two endpoints are called {endpoint.name[:80]!r}")
            self._endpoints[endpoint.name] = endpoint
            self._trust[endpoint.name] = _trust(endpoint)

    async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
        """POST the body to the endpoint that ``to`` names."""
        asked = effect.to.target if isinstance(effect.to, model.ToHttp) else ""
        endpoint = self._endpoints.get(asked)
        if endpoint is None:
            known = ", ".join(sorted(self._endpoints)) or "none"
            reason = f"there is no endpoint {asked[:80]!r}; there are: {known}"
            return model.Refused(reason, "endpoint")
        if attempt.uncertain and not endpoint.idempotent:
            return model.Unknown(f"{endpoint.name}: it may have been sent before", effect.token)
        now = self._clock.now()
        try:
            body, headers = request.prepared(endpoint, effect, now)
        except (ValueError, TypeError, RecursionError) as fault:
            return model.Refused(
                f"{endpoint.name}: the message is no JSON ({type(fault).__name__})", "content"
            )
        return await self._post(endpoint, body, headers, effect.token)

    async def close(self) -> None:
        """Release connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(
        self, endpoint: Endpoint, body: bytes, headers: dict[str, str], token: str
    ) -> model.Outcome:
        name = endpoint.name
        timeout = aiohttp.ClientTimeout(
            total=endpoint.timeout, sock_connect=endpoint.connect_timeout
        )
        try:
            async with self._http().post(
                yarl.URL(endpoint.url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=timeout,
                ssl=self._trust[name],
            ) as response:
                status, after = response.status, response.headers.get("Retry-After", "")
        except aiohttp.ClientSSLError:
            return model.NotSent(
                f"{name}: its certificate is not trusted; a private authority goes into ca_file of "
                "the endpoint",
                UNTRUSTED,
            )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as fault:
            return model.NotSent(f"{name}: no connection ({type(fault).__name__})")
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            reason = f"{name}: no answer ({type(fault).__name__})"
            if endpoint.idempotent:
                return model.NotSent(reason)
            return model.Unknown(reason, token)
        return answers.outcome(endpoint, status, after, self._clock.now())

    def _http(self) -> aiohttp.ClientSession:
        """The session, made on first use inside the running loop. It takes no proxy from the
        environment: an endpoint is where its URL says."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                raise_for_status=False,
            )
        return self._session


def _trust(endpoint: Endpoint) -> ssl.SSLContext | bool:
    if not endpoint.ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=endpoint.ca_file)
    except OSError as fault:
        raise Misfit(
            f"endpoint {endpoint.name[:80]!r}: its ca_file holds no certificates "
            f"({type(fault).__name__})"
        ) from None
