"""One delivery to one endpoint → one of the four outcomes."""

from __future__ import annotations

import ssl

import aiohttp
import yarl

from adapters.common import http
from adapters.endpoints import answers, request, settings
from adapters.endpoints.settings import Endpoint, Settings
from bot import model, source
from bot.model import ports

AUTHORITY = "a private authority goes into ca_file of the endpoint"


class Endpoints:
    """Delivers what is for "http". One session for all; each delivery has a connection of its own,
    for one that was kept may be closed while the request is under way, and then nobody knows.
    Raises Invalid, when it is made, for an endpoint that cannot be meant."""

    name = "endpoints"

    def __init__(self, options: Settings, clock: ports.Clock, tap: ports.Tap | None = None) -> None:
        self._clock = clock
        self._http = http.Http(timeout=10.0, connect_timeout=5.0, keep=0, party="endpoint", tap=tap)
        self._endpoints: dict[str, Endpoint] = {}
        self._trust: dict[str, ssl.SSLContext | bool] = {}
        for endpoint in options.endpoints:
            settings.check(endpoint)
            if endpoint.name in self._endpoints:
                raise source.Invalid(f"two endpoints are called {endpoint.name[:80]!r}")
            self._endpoints[endpoint.name] = endpoint
            self._trust[endpoint.name] = _trust(endpoint)

    async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
        """POST the body to the endpoint that ``to`` names."""
        target = effect.to.target if isinstance(effect.to, model.ToHttp) else ""
        endpoint = self._endpoints.get(target)
        if endpoint is None:
            known = ", ".join(sorted(self._endpoints)) or "none"
            reason = f"there is no endpoint {target[:80]!r}; there are: {known}"
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
        await self._http.close()

    async def _post(
        self, endpoint: Endpoint, body: bytes, headers: dict[str, str], token: str
    ) -> model.Outcome:
        name = endpoint.name
        timeout = aiohttp.ClientTimeout(total=endpoint.timeout, connect=endpoint.connect_timeout)
        try:
            response = await self._http.call(
                "POST",
                yarl.URL(endpoint.url, encoded=True),
                body,
                headers,
                timeout=timeout,
                trusted=self._trust[name],
                most=0,
            )
        except http.NoAnswer as problem:
            return problem.outcome(name, endpoint.idempotent, AUTHORITY, token)
        return answers.outcome(endpoint, response, self._clock.now())


def _trust(endpoint: Endpoint) -> ssl.SSLContext | bool:
    try:
        return http.trust(endpoint.ca_file)
    except OSError as fault:
        raise source.Invalid(
            f"endpoint {endpoint.name[:80]!r}: its ca_file holds no certificates "
            f"({type(fault).__name__})"
        ) from None
