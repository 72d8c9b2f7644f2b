"""One event to one bus → one of the four outcomes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import yarl

from adapters import openapi
from adapters.common import http
from adapters.eventbridge import answers, events, settings, signing
from adapters.eventbridge.settings import Bus, Settings
from bot import model, source
from bot.model import ports

AUTHORITY = "check endpoint and ca_file"


@dataclass(frozen=True, slots=True)
class Place:
    bus: Bus
    url: yarl.URL


class EventBridge:
    """Delivers what is for a "bus". An event may be put twice, with the same source and id: an
    answer that was lost says nothing, and a bus is read at least once anyway. Raises Invalid, when
    it is made, for a bus that cannot be meant."""

    name = "eventbridge"

    def __init__(self, options: Settings, clock: ports.Clock, tap: ports.Tap | None = None) -> None:
        self._settings = options
        self._clock = clock
        self._identity = signing.Identity(options.credentials)
        self._http = http.Http(
            options.timeout,
            options.connect_timeout,
            options.ca_file,
            keep=0,
            proxied=True,
            party="bus",
            tap=tap,
        )
        self._places: dict[str, Place] = {}
        for bus in options.buses:
            if bus.name in self._places:
                raise source.Invalid(f"two buses are called {bus.name[:80]!r}")
            url = yarl.URL(settings.origin(bus) + signing.PATH, encoded=True)
            self._places[bus.name] = Place(bus, url)
        try:
            http.trust(options.ca_file)
        except OSError as fault:
            raise source.Invalid(
                f"ca_file holds no certificates ({type(fault).__name__})"
            ) from None

    async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
        """Put the event on the bus that ``to`` names. ``Done.ref``: the event's id."""
        bus = effect.to.bus if isinstance(effect.to, model.ToBus) else ""
        place = self._places.get(bus)
        if place is None:
            known = ", ".join(sorted(self._places)) or "none"
            return model.Refused(f"there is no bus {bus[:80]!r}; there are: {known}", "bus")
        name = place.bus.name
        try:
            event = events.event(effect.body, place.bus.title, self._clock.now())
            body = events.encoded(event)
        except events.BadEvent as error:
            return model.Refused(f"{name}: {error}", error.code)
        try:
            keys = await asyncio.to_thread(self._identity.keys)
        except openapi.Failure as failure:
            return failure.harmless()
        return await self._post(place, body, keys)

    async def close(self) -> None:
        """Release connections."""
        await self._http.close()

    async def _post(self, place: Place, body: bytes, keys: signing.Keys) -> model.Outcome:
        name, headers = place.bus.name, signing.headers(keys, self._clock.now())
        try:
            response = await self._http.call("POST", place.url, body, headers)
        except http.NoAnswer as problem:
            return problem.outcome(name, True, AUTHORITY)
        return answers.outcome(name, response, self._clock.now())
