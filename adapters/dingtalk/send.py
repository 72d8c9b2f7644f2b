"""One effect → one outcome.

A session webhook takes ``msgUuid`` and a card ``outTrackId``; both are derived from the effect's
key, so that sending again is harmless. ``groupMessages/send`` and ``oToMessages/batchSend`` have
nothing of the kind. Pages on open.dingtalk.com: ``custom-bot-to-send-group-chat-messages``,
``create-and-deliver-cards``, ``interactive-card-update-interface``,
``the-robot-sends-a-group-message``, ``chatbots-send-one-on-one-chat-messages-in-batches``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from adapters.dingtalk import render
from adapters.dingtalk.api import SESSION_GONE, Api
from adapters.dingtalk.logs import log, seldom
from adapters.dingtalk.settings import Settings
from bot import failpoints, model
from bot.model import ports

WEBHOOK_MARGIN = timedelta(seconds=30)
CARDS = "/v1.0/card/instances"
CREATED = "created:"
"""How the note of a card begins that was created and has not arrived."""
_EXISTS = "param.cardAlreadyExist"
_CREATION = frozenset(
    {
        "cardTemplateId",
        "cardData",
        "callbackType",
        "imGroupOpenSpaceModel",
        "imRobotOpenSpaceModel",
    }
)
_BUSY = re.compile(r"busy|timeout|time.?out|try again|retry|fast|limit|繁忙|超时|重试|频", re.I)

Send = Callable[[str, render.Markdown], Awaitable[model.Outcome]]


def derived(*parts: str) -> str:
    """An id of safe characters (35 of them) for a key of any."""
    return "cs-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _keyed(key: str, pieces: Sequence[render.Markdown]) -> list[tuple[str, render.Markdown]]:
    return [(derived(key, str(number)), piece) for number, piece in enumerate(pieces)]


class Sender:
    """Sends messages and cards."""

    def __init__(self, settings: Settings, api: Api, clock: ports.Clock) -> None:
        self._settings = settings
        self._api = api
        self._clock = clock

    # ------------------------------------------------------------------------- messages

    async def say(
        self, place: model.Place, message: model.Message, key: str, attempt: model.Attempt
    ) -> model.Outcome:
        """Send a message: by the session webhook while it lives, else as ``late_reply`` says."""
        if self.answerable(place):
            outcome = await self._pieces(
                _keyed(key, render.messages(message)),
                lambda ident, piece: self._webhook(place, piece, ident),
                attempt,
            )
            if not (isinstance(outcome, model.Refused) and outcome.code == SESSION_GONE):
                return outcome
        if self._settings.late_reply == "card":
            return await self._say_by_cards(place, message, key, attempt)
        if attempt.uncertain:
            return model.Unknown("an earlier try may have been sent, and can't be looked up", key)
        return await self._pieces(
            _keyed(key, render.messages(message, False)),
            lambda ident, piece: self._robot_message(place, piece, ident),
            attempt,
        )

    async def _say_by_cards(
        self, place: model.Place, message: model.Message, key: str, attempt: model.Attempt
    ) -> model.Outcome:
        """The late reply as cards without buttons; the first of them notifies."""
        pieces = _keyed(key, render.messages(message, False, self._settings.card_value_bytes))
        at_users = render.at_users(render.mentioned(message))

        async def send(ident: str, piece: render.Markdown) -> model.Outcome:
            params = {"title": piece.title, "markdown": piece.text}
            called = at_users if ident == pieces[0][0] else {}
            template = self._settings.plain_template
            sent = await self._deliver(place, template, ident, params, called, False, attempt)
            doubtful = isinstance(sent, model.Done) and sent.data.get("doubtful")
            return (
                model.Unknown("whether the card arrived is not known", ident) if doubtful else sent
            )

        return await self._pieces(pieces, send, attempt)

    async def _pieces(
        self,
        pieces: Sequence[tuple[str, render.Markdown]],
        send: Send,
        attempt: model.Attempt,
    ) -> model.Outcome:
        """Send the pieces in order, without those already sent; the first that fails ends it. The
        last one is not noted: it is done when the effect is."""
        for ident, piece in pieces:
            if ident in attempt.parts_done:
                continue
            outcome = await send(ident, piece)
            if not isinstance(outcome, model.Done):
                return outcome
            if len(pieces) == 1:
                return outcome
            await attempt.note(ident, outcome.ref)
        return model.Done(attempt.parts_done[pieces[0][0]] if pieces else "")

    async def _webhook(
        self, place: model.Place, piece: render.Markdown, ident: str
    ) -> model.Outcome:
        body = {
            "msgtype": "markdown",
            "markdown": {"title": piece.title, "text": piece.text},
            "at": {"atUserIds": list(piece.at), "atMobiles": [], "isAtAll": False},
            "msgUuid": ident,
        }
        outcome = await self._api.webhook(place.webhook, body)
        return model.Done(ident) if isinstance(outcome, model.Done) else outcome

    async def _robot_message(
        self, place: model.Place, piece: render.Markdown, ident: str
    ) -> model.Outcome:
        body: dict[str, Any] = {
            "robotCode": self._settings.robot,
            "msgKey": "sampleMarkdown",
            "msgParam": json.dumps({"title": piece.title, "text": piece.text}, ensure_ascii=False),
        }
        if place.direct:
            body["userIds"] = [place.chat]
            path = "/v1.0/robot/oToMessages/batchSend"
        else:
            body["openConversationId"] = place.chat
            path = "/v1.0/robot/groupMessages/send"
        outcome = await self._api.call("POST", path, body, again=False)
        if isinstance(outcome, model.Unknown):
            return model.Unknown(outcome.reason, ident)
        if not isinstance(outcome, model.Done):
            return outcome
        for kind in ("invalidStaffIdList", "flowControlledStaffIdList"):
            if place.chat in (outcome.data.get(kind) or ()):
                held = kind.startswith("flow")
                return model.NotSent(kind, 60.0) if held else model.Refused(kind, kind)
        return model.Done(str(outcome.data.get("processQueryKey") or ident))

    def answerable(self, place: model.Place) -> bool:
        """Whether the session webhook lives long enough and points where it may."""
        if not place.webhook or place.webhook_until - self._clock.now() <= WEBHOOK_MARGIN:
            return False
        if allowed(place.webhook, self._settings.webhook_hosts):
            return True
        if seldom("webhook host"):
            log.warning("a session webhook points to a host that webhook_hosts doesn't name")
        return False

    # ------------------------------------------------------------------------- cards

    async def show(self, effect: model.ShowCard, attempt: model.Attempt) -> model.Outcome:
        """Show the request's card. What it has no room for is sent first, in full: nobody shall
        approve what couldn't be read."""
        ident = derived(effect.key)
        refused = await self._in_full(effect.place, effect.drawing, ident, attempt)
        if refused is not None:
            return refused
        return await self._deliver(
            effect.place,
            self._settings.card_template,
            ident,
            self._params(effect.drawing),
            render.card_mentions(effect.drawing),
            True,
            attempt,
        )

    async def update(self, effect: model.UpdateCard, attempt: model.Attempt) -> model.Outcome:
        """Change the card for everybody."""
        if not effect.ref:
            return model.Refused("an update of a card that was never shown", "no_ref")
        if any(button.action in model.GOES_ON for button in effect.drawing.buttons):
            refused = await self._in_full(effect.place, effect.drawing, effect.ref, attempt)
            if refused is not None:
                return refused
        params = self._params(effect.drawing)
        own = {user: {"cardParamMap": params} for user in effect.viewers}
        body: dict[str, Any] = {
            "outTrackId": effect.ref,
            "userIdType": 1,
            "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
            "cardData": {"cardParamMap": params},
        }
        if own:
            body["privateData"] = own
        outcome = await self._api.call("PUT", CARDS, body)
        return model.Done(effect.ref) if isinstance(outcome, model.Done) else outcome

    async def _in_full(
        self, place: model.Place, card: model.Card, ref: str, attempt: model.Attempt
    ) -> model.Outcome | None:
        """Send the card's whole text as a message if the card can't hold it, once for its plan's
        code: votes change the card, not what is voted on. None: go on."""
        if render.fits(card, self._settings.card_value_bytes):
            return None
        text = render.full_text(card)
        key = derived(ref, "full", card.code)
        if key in attempt.parts_done:
            return None
        outcome = await self.say(place, text, key, attempt)
        failpoints.reach("dingtalk.full_text")
        if isinstance(outcome, model.Done):
            await attempt.note(key, outcome.ref)
            return None
        return outcome

    def _params(self, card: model.Card) -> dict[str, str]:
        return render.params(card, self._settings.card_value_bytes)

    async def _deliver(
        self,
        place: model.Place,
        template: str,
        ident: str,
        params: dict[str, str],
        at_users: dict[str, str],
        callback: bool,
        attempt: model.Attempt,
    ) -> model.Outcome:
        title = render.cut(params["title"], 100)
        body: dict[str, Any] = {
            "cardTemplateId": template,
            "outTrackId": ident,
            "userIdType": 1,
            "cardData": {"cardParamMap": params},
            **self._space(place, title, at_users),
        }
        if callback:
            body["callbackType"] = "STREAM"
        created = CREATED + ident
        if created in attempt.parts_done:
            return await self._deliver_again(body, attempt)
        outcome = await self._api.call("POST", CARDS + "/createAndDeliver", body)
        if isinstance(outcome, model.Refused) and outcome.code == _EXISTS:
            return model.Done(ident)  # an earlier try of this very effect: nobody else has the id
        if not isinstance(outcome, model.Done):
            return outcome
        judged = _delivered(outcome, ident)
        if isinstance(judged, model.Done):
            return judged
        if attempt.uncertain:
            return _perhaps_there(ident)
        if isinstance(judged, model.NotSent):
            await attempt.note(created, ident)
        return judged

    async def _deliver_again(self, body: dict[str, Any], attempt: model.Attempt) -> model.Outcome:
        """Deliver a card that was created and didn't arrive; creating it again would be refused.
        Whether a delivery arrived whose answer was lost, nobody can tell; the card can be changed
        either way."""
        ident = body["outTrackId"]
        if attempt.uncertain:
            return _perhaps_there(ident)
        again = {key: body[key] for key in body if key not in _CREATION}
        outcome = await self._api.call("POST", CARDS + "/deliver", again, again=False)
        if isinstance(outcome, model.Unknown):
            return _perhaps_there(ident)
        return _delivered(outcome, ident) if isinstance(outcome, model.Done) else outcome

    def _space(self, place: model.Place, title: str, at_users: dict[str, str]) -> dict[str, object]:
        space = {"supportForward": False, "lastMessageI18n": {"ZH_CN": title, "EN_US": title}}
        if place.direct:
            return {
                "openSpaceId": f"dtv1.card//IM_ROBOT.{place.chat}",
                "imRobotOpenSpaceModel": space,
                "imRobotOpenDeliverModel": {
                    "spaceType": "IM_ROBOT",
                    "robotCode": self._settings.robot,
                },
            }
        deliver: dict[str, Any] = {"robotCode": self._settings.robot}
        if at_users:
            deliver["atUserIds"] = at_users
        return {
            "openSpaceId": f"dtv1.card//IM_GROUP.{place.chat}",
            "imGroupOpenSpaceModel": space,
            "imGroupOpenDeliverModel": deliver,
        }


def _perhaps_there(ident: str) -> model.Done:
    """The card exists; whether people see it is not known, so they are told in words as well."""
    return model.Done(ident, {"doubtful": True})


def _delivered(outcome: model.Done, ident: str) -> model.Outcome:
    """The deliver results: HTTP 200 may hold a failure. ``alias`` is the carrier id, by which a
    quoting message names the card."""
    result = outcome.data.get("result")
    results = result.get("deliverResults") if isinstance(result, dict) else result
    results = (
        [each for each in results if isinstance(each, dict)] if isinstance(results, list) else []
    )
    for each in results:
        if each.get("success") is False:
            reason = f"the card was not delivered: {each.get('errorMsg') or 'no reason given'}"[
                :300
            ]
            passing = _BUSY.search(reason)
            return model.NotSent(reason) if passing else model.Refused(reason, "not_delivered")
    alias = next((str(each["carrierId"]) for each in results if each.get("carrierId")), "")
    return model.Done(ident, {"alias": alias} if alias else {})


def allowed(url: str, hosts: Sequence[str]) -> bool:
    """Whether a session webhook may be called: its host (and port) is listed, and it is https
    unless listed with ``http://``. Without this a forged payload could reach into the network."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or not parts.hostname:
        return False
    for entry in hosts:
        scheme, _, host = entry.rpartition("://")
        scheme = scheme or "https"
        listed = urlsplit(f"{scheme}://{host.rstrip('/')}")
        default = {"https": 443, "http": 80}.get(scheme, 0)
        if (parts.scheme, parts.hostname, port) == (
            scheme,
            listed.hostname,
            listed.port or default,
        ):
            return True
    return False
