"""One event to one bus → one of the four outcomes."""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from dataclasses import dataclass

import aiohttp
import yarl

from adapters import openapi
from adapters.eventbridge import answers, events, settings, signing
from adapters.eventbridge.settings import Bus, Misfit, Settings
from bot import model
from bot.model import ports

ANSWER_BYTES = 1 << 16
UNTRUSTED = 60.0
"""Seconds until an endpoint whose certificate was not trusted is tried again."""


@dataclass(frozen=True, slots=True)
class Place:
    bus: Bus
    url: yarl.URL


class EventBridge:
    """Delivers what is for a "bus". An event may be put twice, with the same source and id: an
    answer that was lost says nothing, and a bus is read at least once anyway. Raises Misfit, when
    it is made, for a bus that cannot be meant."""

    name = "eventbridge"

    def __init__(self, given: Settings, clock: ports.Clock) -> None:
        self._settings = given
        self._clock = clock
        self._identity = signing.Identity(given.credentials)
        self._session: aiohttp.ClientSession | None = None
        self._places: dict[str, Place] = {}
        for bus in given.buses:
            if bus.name in self._places:
                raise Misfit(f"two buses are called {bus.name[:80]!r}")
            url = yarl.URL(settings.origin(bus) + signing.PATH, encoded=True)
            self._places[bus.name] = Place(bus, url)
        try:
            self._trust = ssl.create_default_context(cafile=given.ca_file or None)
        except OSError as fault:
            raise Misfit(f"ca_file holds no certificates ({type(fault).__name__})") from None

    async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
        """Put the event on the bus that ``to`` names. ``Done.ref``: the event's id."""
        asked = effect.to.bus if isinstance(effect.to, model.ToBus) else ""
        place = self._places.get(asked)
        if place is None:
            known = ", ".join(sorted(self._places)) or "none"
            return model.Refused(f"there is no bus {asked[:80]!r}; there are: {known}", "bus")
        name = place.bus.name
        try:
            event = events.event(effect.body, place.bus.title, self._clock.now())
            body = events.encoded(event)
        except events.Unfit as unfit:
            return model.Refused(f"{name}: {unfit}", unfit.code)
        try:
            keys = await asyncio.to_thread(self._identity.keys)
        except openapi.Failure as failure:
            return failure.harmless()
        return await self._post(place, body, keys)

    async def close(self) -> None:
        """Release connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, place: Place, body: bytes, keys: signing.Keys) -> model.Outcome:
        name = place.bus.name
        try:
            async with self._http().post(
                place.url,
                data=body,
                headers=signing.headers(keys, self._clock.now()),
                allow_redirects=False,
                proxy=_proxy(place.url),
            ) as response:
                raw = bytearray()
                while len(raw) < ANSWER_BYTES and (part := await response.content.readany()):
                    raw += part
                status, text = response.status, raw.decode(errors="replace")
                after = response.headers.get("Retry-After", "")
        except aiohttp.ClientSSLError:
            return model.NotSent(
                f"{name}: the endpoint's certificate is not trusted; check endpoint and ca_file",
                UNTRUSTED,
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            return model.NotSent(f"{name}: no answer ({type(fault).__name__})")
        return answers.outcome(name, status, text, after)

    def _http(self) -> aiohttp.ClientSession:
        """The session, made on first use inside the running loop."""
        if self._session is None or self._session.closed:
            given = self._settings
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64, force_close=True, ssl=self._trust),
                timeout=aiohttp.ClientTimeout(
                    total=given.timeout, sock_connect=given.connect_timeout
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                raise_for_status=False,
            )
        return self._session


def _proxy(url: yarl.URL) -> str | None:
    """The environment's proxy, as with our other calls to Alibaba Cloud; none to this machine.
    The session itself must not read the environment: it would sign in with what ~/.netrc says."""
    host = url.host or ""
    if host in ("localhost", "::1") or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(url.scheme)
