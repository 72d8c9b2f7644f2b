"""The calls of a template's run: made once, repeated only where that is harmless, or looked up."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace

from adapters import openapi
from adapters.aliyun import lookups, pages, select, wire
from adapters.aliyun.api import Api
from adapters.aliyun.settings import Settings
from bot import model
from bot.model import ports

log = logging.getLogger(__name__)


class Caller:
    """Makes calls of any product of the platform."""

    def __init__(self, api: Api, settings: Settings, clock: ports.Clock) -> None:
        self.api = api
        self.settings = settings
        self.clock = clock

    async def perform(self, effect: model.RunCall, attempt: model.Attempt) -> model.Outcome:
        """One call, or with ``effect.lookup`` how it ended."""
        what = effect.what
        if not isinstance(what, model.calls.Api | model.calls.SelectTargets):
            kind = model.calls.KINDS[type(what)]
            return model.Refused(f"Alibaba Cloud has no call of kind {kind!r}.", "unsupported")
        session = openapi.session_name(self.settings.credentials, effect.request)
        try:
            region = what.region or effect.region
            if isinstance(what, model.calls.SelectTargets):
                place = region or self.settings.region
                targets = await select.targets(self.api, what, place, session)
                return model.Done(data={"document": targets})
            what = replace(what, region=region)
            build = functools.partial(
                wire.build, what, self.settings, effect.token, effect.request, effect.digest
            )
            request = await self.api.run(build)
            if request.reads:
                return done(await pages.whole(self.api, request, session))
        except wire.BadCall as error:
            return model.Refused(str(error), "InvalidCall")
        except ImportError:
            return model.Refused("The Alibaba Cloud SDK is not installed.", "NoSdk")
        except openapi.Failure as failure:
            return failure.harmless()
        if effect.lookup:
            return await self._look(effect, request, session)
        if attempt.uncertain and not self._young(effect, request):
            reason = f"{request.action} may have been made already, and cannot safely be repeated."
            return model.Unknown(reason, effect.token)
        if request.tagged and not attempt.uncertain and not self._young(effect, request):
            earlier = await self._earlier(effect, request, session)
            if earlier is not None:
                return earlier
        return await self._make(effect, request, session, attempt.uncertain)

    async def _earlier(
        self, effect: model.RunCall, request: wire.Request, session: str
    ) -> model.Outcome | None:
        """What carries the tag of a call that is on record as never made, but is older than the
        platform remembers its token: the record may be that of a store that was put back."""
        if effect.at is None:
            return None
        try:
            answer = await lookups.by_tag(self.api, request, session, effect.digest)
        except openapi.Failure as failure:
            return failure.harmless()
        return done(answer) if isinstance(answer, dict) else answer

    def _young(self, effect: model.RunCall, request: wire.Request) -> bool:
        """Does the platform surely remember our token, if the call was made?"""
        if not request.own or effect.at is None:
            return False
        return self.clock.age(effect.at) < self.settings.safe_token_seconds

    async def _make(
        self, effect: model.RunCall, request: wire.Request, session: str, doubt: bool
    ) -> model.Outcome:
        try:
            return done(await self.api.send(request, session))
        except openapi.Failure as failure:
            mismatch = failure.code == openapi.MISMATCH and request.own
            if failure.kind == "refused" and (mismatch or doubt or failure.doubt):
                return await self._second_look(effect, request, session, failure)
            if doubt:
                return model.Unknown(failure.reason, effect.token)
            return failure.outcome(effect.token)

    async def _second_look(
        self, effect: model.RunCall, request: wire.Request, session: str, why: openapi.Failure
    ) -> model.Outcome:
        """A refusal says nothing about the try before it, which may have happened."""
        answer = None
        if request.tagged:
            try:
                answer = await lookups.by_tag(self.api, request, session, effect.digest)
            except openapi.Failure as failure:
                log.warning("call %s could not be looked up: %s", effect.key, failure.reason)
        if isinstance(answer, model.Unknown):
            return answer
        return model.Unknown(why.reason, effect.token) if answer is None else done(answer)

    async def _look(
        self, effect: model.RunCall, request: wire.Request, session: str
    ) -> model.Outcome:
        """What became of a call; NotSent if that cannot be found out now."""
        try:
            if request.tagged:
                answer = await lookups.by_tag(self.api, request, session, effect.digest)
                if isinstance(answer, model.Unknown):
                    return answer
                if answer is not None:
                    return done(answer)
            if request.service == "ecs" and request.action in lookups.STATES:
                return await lookups.by_state(self.api, request, effect.token, session)
            if request.service == "ecs" and self._young(effect, request):
                return done(await self.api.send(request, session))
        except openapi.Failure as failure:
            if failure.kind == "refused":
                return model.Unknown(failure.reason, effect.token)
            return model.NotSent(failure.reason, failure.retry_after)
        reason = f"What became of {request.action} cannot be found out."
        return model.Unknown(reason, effect.token)


def done(document: object) -> model.Done:
    """The outcome of an answer: its RequestId is the reference."""
    ref = document.get("RequestId", "") if isinstance(document, dict) else ""
    return model.Done(str(ref), {"document": document})
