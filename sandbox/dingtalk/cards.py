"""Interactive cards: create, deliver, update.

https://open.dingtalk.com/document/development/interface-for-creating-a-card-instance,
…/delivery-card-interface, …/create-and-deliver-cards, …/interactive-card-update-interface
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox import base, world
from sandbox.dingtalk import acks, errors, limits, openapi, people, rooms, stream

TEMPLATES = (world.DINGTALK_CARD_TEMPLATE, world.DINGTALK_PLAIN_TEMPLATE)
CREATE = "/v1.0/card/instances"
DELIVER = "/v1.0/card/instances/deliver"
CREATE_AND_DELIVER = "/v1.0/card/instances/createAndDeliver"
SPACES = {"IM_GROUP": "imGroupOpenSpaceModel", "IM_ROBOT": "imRobotOpenSpaceModel"}


class Undelivered(Exception):
    """This card did not reach this space; its text goes into ``deliverResults[].errorMsg``."""


class Cards:
    """The card instances of this app."""

    def __init__(
        self,
        faults: Callable[[], base.Faults],
        numbers: limits.Limits,
        room: rooms.Rooms,
        gateway: stream.Gateway,
    ) -> None:
        self._faults = faults
        self._limits = numbers
        self._rooms = room
        self._gateway = gateway

    def apis(self) -> list[openapi.Api]:
        return [
            openapi.Api("POST", CREATE, "card_1_0.CreateCardRequest", self.create),
            openapi.Api("POST", DELIVER, "card_1_0.DeliverCardRequest", self.deliver),
            openapi.Api(
                "POST", CREATE_AND_DELIVER, "card_1_0.CreateAndDeliverRequest", self.create_deliver
            ),
            openapi.Api("PUT", CREATE, "card_1_0.UpdateCardRequest", self.update),
        ]

    # ------------------------------------------------------------------ the calls

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"success": True, "result": self._create(body).track}

    async def deliver(self, body: dict[str, Any]) -> dict[str, Any]:
        card = self._card(body["outTrackId"])
        return {"success": True, "result": self._deliver(card, body, DELIVER)}

    async def create_deliver(self, body: dict[str, Any]) -> dict[str, Any]:
        _spaces(body)
        known = self._rooms.cards.get(body["outTrackId"])
        if known is not None and self._faults().take(CREATE_AND_DELIVER, "exists_undelivered"):
            return {"success": True, "result": _not_again(known, body)}
        card = self._create(body)
        results = self._deliver(card, body, CREATE_AND_DELIVER)
        return {"success": True, "result": {"outTrackId": card.track, "deliverResults": results}}

    async def update(self, body: dict[str, Any]) -> dict[str, Any]:
        """Change what everybody sees. Without ``updateCardDataByKey`` the new data replaces all of
        the old; an update while a click on this card still waits for its answer is refused."""
        card = self._card(body["outTrackId"])
        if body.get("userIdType", 1) != 1:
            raise errors.Refused("param.error", "userIdType: this card was created with userId")
        options = body.get("cardUpdateOptions") or {}
        params = (body.get("cardData") or {}).get("cardParamMap")
        private = self._private(body)
        self._check_params(params or {})
        if not await self._gateway.answers_in(card.track, self._limits.callback_grace):
            raise errors.Refused(
                "card.callbackPending", "the update API must not be called inside the callback"
            )
        if params is not None:
            old = card.data if options.get("updateCardDataByKey") else {}
            card.revisions.append({**old, **params})
            if not self._limits.overlay_lasts:
                card.overlay.clear()
        for user, values in private.items():
            kept = card.private.get(user, {}) if options.get("updatePrivateDataByKey") else {}
            card.private[user] = {**kept, **values}
        card.port = base.port_served()
        self._rooms.changed(card.track)
        return {"success": True, "result": True}

    # ------------------------------------------------------------------ what a click changes

    def answer_click(self, card: rooms.Card, user: str, response: dict[str, Any] | None) -> None:
        """What the acknowledgement of a click changes: for the person who clicked, nobody else.

        https://open.dingtalk.com/document/development/event-callback-card
        """
        options = (response or {}).get("cardUpdateOptions") or {}
        shared = ((response or {}).get("cardData") or {}).get("cardParamMap")
        own = ((response or {}).get("userPrivateData") or {}).get("cardParamMap")
        if shared is not None:
            by_key = options.get("updateCardDataByKey")
            old = card.overlay.get(user, card.data) if by_key else {}
            card.overlay[user] = {**old, **shared}
        if own is not None:
            kept = card.private.get(user, {}) if options.get("updatePrivateDataByKey") else {}
            card.private[user] = {**kept, **own}
        self._rooms.changed(card.track)

    # ------------------------------------------------------------------ the parts

    def _card(self, track: str) -> rooms.Card:
        card = self._rooms.cards.get(track)
        if card is None:
            raise errors.Refused("param.cardNotExist")
        return card

    def _create(self, body: dict[str, Any]) -> rooms.Card:
        track = body["outTrackId"]
        if body["cardTemplateId"] not in TEMPLATES:
            raise errors.Refused("param.templateNotExist")
        if track in self._rooms.cards:
            raise errors.Refused("param.cardAlreadyExist")
        callback = body.get("callbackType", "")
        if callback not in ("STREAM", "HTTP", ""):
            raise errors.Refused("param.error", "callbackType is STREAM or HTTP")
        if body.get("userIdType", 1) != 1:
            raise errors.Refused("param.error", "userIdType: only 1 (userId) is known here")
        params = body["cardData"].get("cardParamMap") or {}
        private = self._private(body)
        self._check_params(params)
        spaces = frozenset(space for space, model in SPACES.items() if body.get(model) is not None)
        card = rooms.Card(track, body["cardTemplateId"], callback, spaces, [params], private)
        self._rooms.cards[track] = card
        return card

    def _private(self, body: dict[str, Any]) -> dict[str, dict[str, str]]:
        found = {}
        for user, value in (body.get("privateData") or {}).items():
            found[user] = value.get("cardParamMap") or {}
            self._check_params(found[user])
        return found

    def _check_params(self, params: dict[str, str]) -> None:
        if problem := acks.params_problem(params, self._limits):
            raise errors.Refused("param.error", problem)

    def _deliver(self, card: rooms.Card, body: dict[str, Any], api: str) -> list[dict[str, Any]]:
        results = []
        for kind, id in _spaces(body):
            result = {"spaceType": kind, "spaceId": id, "success": True, "errorMsg": ""}
            try:
                if fault := self._faults().take(api, "deliver_error"):
                    raise Undelivered(str(fault.args.get("message", "system busy")))
                result["carrierId"] = self._deliver_to(card, kind, id, body)
            except Undelivered as why:
                result |= {"success": False, "errorMsg": str(why)}
            results.append(result)
        return results

    def _deliver_to(self, card: rooms.Card, kind: str, id: str, body: dict[str, Any]) -> str:
        if kind not in SPACES or kind not in card.spaces:
            raise Undelivered(f"the card has no {SPACES.get(kind, kind)}")
        if kind == "IM_GROUP":
            chat = people.GROUPS.get(id)
            model = body.get("imGroupOpenDeliverModel") or {}
            outside = chat is None or chat.id in self._rooms.without_bot
            if chat is None or outside or model.get("robotCode") != world.DINGTALK_ROBOT:
                raise Undelivered("the robot is not in this group")
        else:
            asked = people.BY_USER.get(id)
            model = body.get("imRobotOpenDeliverModel") or {}
            if (
                asked is None
                or model.get("robotCode", world.DINGTALK_ROBOT) != world.DINGTALK_ROBOT
            ):
                raise Undelivered("no such user")
            if model.get("spaceType", "IM_ROBOT") != "IM_ROBOT":
                raise Undelivered("spaceType is IM_ROBOT")
            chat = people.DIRECT[asked.id]
        shown = rooms.card_shown(card.template, card.data)
        entry = self._rooms.post(
            chat,
            "bot",
            shown,
            id=self._rooms.fresh("carrier"),
            title=card.data.get("title", ""),
            card=card,
            notified=_called(chat, model.get("atUserIds") or {}),
            only_for=tuple(
                people.BY_USER[u].id for u in model.get("recipients") or () if u in people.BY_USER
            ),
            via="card",
        )
        return entry.id


def _not_again(card: rooms.Card, body: dict[str, Any]) -> dict[str, Any]:
    """The other answer to a card that is there already: not delivered, and no refusal."""
    results = [
        {"spaceType": kind, "spaceId": id, "success": False, "errorMsg": "card already exist"}
        for kind, id in _spaces(body)
    ]
    return {"outTrackId": card.track, "deliverResults": results}


def _called(chat: people.Chat, users: dict[str, str]) -> tuple[str, ...]:
    """Whom ``atUserIds`` notifies: members of the group only."""
    if "@ALL" in users:
        return chat.members
    return tuple(m for m in chat.members if people.PERSON[m].dingtalk in users)


def _spaces(body: dict[str, Any]) -> list[tuple[str, str]]:
    """``dtv1.card//IM_GROUP.<conversation>``, or several with ``;`` between them."""
    prefix, found = "dtv1.card//", body["openSpaceId"]
    if not found.startswith(prefix):
        raise errors.Refused("param.error", "openSpaceId starts with dtv1.card//")
    spaces = []
    for part in found.removeprefix(prefix).split(";"):
        kind, dot, id = part.partition(".")
        if not dot or not id:
            raise errors.Refused("param.error", "openSpaceId is spaceType.spaceId")
        spaces.append((kind, id))
    return spaces
