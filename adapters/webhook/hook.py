"""What a template's run or a rule has to say: a call or a delivery → a message to a robot."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from adapters.webhook import address, bodies, sender
from adapters.webhook.settings import Settings
from bot import model, source
from bot.model import ports

_HEADER = re.compile(r"[!#$%&'*+.^_`|~A-Za-z0-9-]{1,100}")
_OURS = re.compile(
    "host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|"
    "accept-encoding|proxy-.*",
    re.I,
)


class Webhook:
    """Carries out the calls of a run that notify, and what rules deliver to robots. Raises
    address.BadAddress, when it is made, for a setting that cannot be meant."""

    name = "webhook"

    def __init__(
        self,
        settings: Settings,
        clock: ports.Clock,
        tap: ports.Tap | None = None,
        count: ports.CountRobot = ports.uncounted_robot,
    ) -> None:
        self._settings = settings
        self._count = count
        self.book = address.Book(settings)
        self.sender = sender.Sender(settings, clock, tap)
        try:
            self._lines(0, "", True)
        except (LookupError, ValueError) as error:
            raise address.BadAddress("line", f"[webhook] reference or answering: {error}") from None

    async def perform(
        self, effect: model.RunCall | model.Deliver, attempt: model.Attempt
    ) -> model.Outcome:
        """Send the message. ``Done.data``: {"document": what the robot answered}."""
        if isinstance(effect, model.Deliver):
            return await self._deliver(effect, attempt)
        return await self._call(effect, attempt)

    def account(self, uri: str) -> tuple[str, str]:
        """Who counts what is sent to an address: the kind of robot, and a name that it has by
        whichever address it is reached. An address that cannot be used counts by itself."""
        try:
            target = self.book.target(uri)
        except address.BadAddress:
            return "plain", uri
        return target.kind, hashlib.sha256(target.url.encode()).hexdigest()[:16]

    async def close(self) -> None:
        """Release connections."""
        await self.sender.close()

    async def _deliver(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
        """What a rule made of an event."""
        if not isinstance(effect.to, model.ToWebhook):
            return model.Refused("this goes to no robot", "unsupported")
        return await self._send(effect.to.uri, effect.body, (), effect.token, attempt.uncertain, {})

    async def _call(self, effect: model.RunCall, attempt: model.Attempt) -> model.Outcome:
        match effect.what:
            case model.calls.Notify() as notice:
                asks = False
            case model.calls.Approve(notice=model.calls.Notify() as notice):
                asks = True
            case model.calls.Approve():
                return model.Done(data={"document": {}})
            case _:
                return model.Refused("this is no notification", "unsupported")
        if effect.lookup:
            return model.Unknown("robots do not tell what they were sent", effect.token)
        if (notice.type or "WebHook").lower() != "webhook":
            return model.Refused(
                f"NotifyType {notice.type[:40]} is not supported here: use WebHook, which "
                "can be the address of a robot or robot:NAME",
                "unsupported",
            )
        lines = self._lines(effect.request, effect.code, asks) if notice.append_link else ()
        return await self._send(
            notice.uri,
            notice.content,
            lines,
            effect.token,
            attempt.uncertain,
            _headers(notice.headers),
        )

    async def _send(
        self,
        uri: str,
        content: object,
        lines: tuple[str, ...],
        token: str,
        doubt: bool,
        headers: Mapping[str, str],
    ) -> model.Outcome:
        try:
            target = self.book.target(uri)
            body = bodies.body(target.kind, content, lines)
        except address.BadAddress as error:
            return model.Refused(str(error), error.code)
        except source.Invalid as error:
            return model.Refused(str(error), "content")
        outcome = await self.sender.send(target, body, token, doubt, headers)
        if isinstance(outcome, model.Done):
            self._count(target.kind)
        return outcome

    def _lines(self, request: int, code: str, asks: bool) -> tuple[str, ...]:
        """What is appended to a message, so that people find the request behind it."""
        addresses = (self._settings.reference, self._settings.answering if asks else "")
        return tuple(line.format(request=request, code=code) for line in addresses if line)


def _headers(headers: object) -> dict[str, str]:
    """The fields of a template's Headers that may be sent along; those of the connection are
    ours."""
    if not isinstance(headers, Mapping):
        return {}
    texts = {str(name): str(value).strip() for name, value in headers.items() if value is not None}
    return {
        name: value
        for name, value in texts.items()
        if _HEADER.fullmatch(name)
        and not _OURS.fullmatch(name)
        and value.isprintable()
        and len(value) <= 4096
    }
