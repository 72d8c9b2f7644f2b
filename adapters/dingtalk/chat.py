"""The door ``ports.Chat`` for DingTalk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.common import http
from adapters.dingtalk import events, forms, render
from adapters.dingtalk.api import Api
from adapters.dingtalk.logs import log, seldom
from adapters.dingtalk.send import Sender
from adapters.dingtalk.settings import Settings
from adapters.dingtalk.stream import Stream
from bot import model
from bot.model import ports


class DingTalk:
    """One DingTalk application: Stream mode in, cards and messages out."""

    name = events.NAME

    def __init__(
        self,
        settings: Settings,
        clock: ports.Clock,
        count: ports.Count = ports.uncounted,
        tap: ports.Tap | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http.Http(
            settings.call_timeout,
            settings.connect_timeout,
            settings.ca_file,
            party=self.name,
            tap=tap,
        )
        self._count = count
        self._api = Api(settings, self._http, clock, count)
        self._stream = Stream(settings, self._http, clock, count)

    async def run(self, submit: ports.Submit, ready: Callable[[], None]) -> None:
        """Stay connected until cancelled. Raises BadCredentials."""
        if self._settings.stream:
            await self._stream.run(submit, ready)
        else:
            ready()
            await asyncio.Event().wait()

    def connection(self) -> ports.Connection | None:
        """How the Stream connection is; see ports.Chat."""
        state = self._stream.connection()
        return replace(state, ahead=self._http.ahead) if state is not None else None

    def follow(self, forms: Sequence[str], groups: Sequence[str]) -> None:
        """Nothing is asked for: every event of the app comes anyway."""

    def decode(self, frame: Mapping[str, object]) -> model.Event | None:
        """The event in what came over HTTP, made into a frame; None for one of no interest."""
        if events.push_of(dict(frame)) in self._settings.counted:
            self._count("pushes")
        event = events.to_event(dict(frame), self._clock.now(), self._settings.robot_name)
        if isinstance(event, events.Ignored):
            if event.warn and seldom(event.reason):
                log.warning("a callback was left aside: %s", event.reason)
            return None
        return event

    def answer(self, receipt: model.Receipt) -> Mapping[str, Any] | None:
        """What a click that came over HTTP is answered."""
        return render.answer(receipt, self._settings.card_value_bytes)

    async def perform(
        self,
        effect: ports.ChatEffect,
        attempt: model.Attempt,
    ) -> model.Outcome:
        """Send one effect; whatever goes wrong is one of the four outcomes."""
        try:
            return await self._perform(effect, attempt)
        except ports.Closed as over:
            log.info("%s is not gone on with: %s", effect.kind, over)
            return model.Unknown(str(over))
        except Exception as error:
            log.exception("%s could not be sent", effect.kind)
            return model.Unknown(f"{type(error).__name__} in the DingTalk adapter")

    async def _perform(
        self,
        effect: ports.ChatEffect,
        attempt: model.Attempt,
    ) -> model.Outcome:
        api = self._api.of(attempt)
        sender = Sender(self._settings, api, self._clock)
        match effect:
            case model.Say():
                return await sender.say(effect.place, effect.message, effect.key, attempt)
            case model.ShowCard():
                return await sender.show(effect, attempt)
            case model.UpdateCard():
                return await sender.update(effect, attempt)
            case model.Recall():
                return model.Refused("a robot cannot recall what people write", "no_recall")
            case model.FetchForm():
                return await forms.fetch(api, effect)
            case model.ListForms():
                return await forms.filed(api, effect)

    async def close(self) -> None:
        """Release the connections."""
        await self._api.close()
        await self._http.close()
