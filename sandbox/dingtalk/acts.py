"""Playing the people: what they write, press, file and decide."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox import base, world
from sandbox.dingtalk import markup, openapi, party, people, rooms

control = base.control
NO_ANSWER = "操作失败，请稍后重试"


class Acts(party.Platform):
    """Control methods in the name of the example people."""

    @control
    async def say(
        self,
        user: str,
        text: str,
        chat: str = "",
        quote: str = "",
        mention: list[str] | tuple[str, ...] = (),
        direct: bool = False,
        changes: dict[str, Any] | None = None,
        age: float = 0.0,
    ) -> dict[str, Any]:
        """``user`` writes ``@bot text`` in a group, or ``text`` to the bot alone (``direct``).
        ``changes`` replace fields of what the bot is told (None: leave the field out), to play
        outsiders, rich text, what is over quota. It was written ``age`` seconds ago, and is
        delivered now."""
        person = people.person(user)
        place = people.DIRECT.get(user) if direct else self.chat(chat)
        if place is None or not place.holds(user):
            where = place.title if place else "a chat with the bot alone"
            raise ValueError(f"{user} is not in {where}")
        others = [people.person(id) for id in mention]
        names = "".join(f"@{p.name} " for p in others)
        shown = text if place.direct else f"@Countersign {names}{text}"
        entry = self.rooms.post(
            place,
            user,
            markup.plain(shown),
            payload={"msgtype": "text", "text": {"content": shown}},
            reply_to=self.rooms.find(quote).id if quote else "",
            notified=() if place.direct else tuple(p.id for p in others),
        )
        quoted = self.rooms.find(quote) if quote else None
        data = self._chat_data(person, place, entry, text, others, quoted)
        data["createAt"] -= round(age * 1000)
        data |= changes or {}
        self.gateway.push("chat", {k: v for k, v in data.items() if v is not None})
        return {"message": entry.id}

    def _chat_data(
        self,
        person: world.Person,
        chat: people.Chat,
        entry: rooms.Entry,
        text: str,
        others: list[world.Person],
        quoted: rooms.Entry | None,
    ) -> dict[str, Any]:
        """https://open.dingtalk.com/document/development/receive-message"""
        webhook, until = self.webhooks.session(chat, entry.at)
        data: dict[str, Any] = {
            "senderPlatform": "Mac",
            "conversationId": chat.id,
            "openThreadId": chat.id,
            "conversationType": "1" if chat.direct else "2",
            "chatbotCorpId": world.DINGTALK_CORP,
            "chatbotUserId": world.DINGTALK_BOT_USER,
            "robotCode": world.DINGTALK_ROBOT,
            "msgId": entry.id,
            "msgtype": "text",
            "text": {"content": text if chat.direct else f" {text}"},
            "senderId": people.sender_id(person),
            "senderNick": person.name,
            "senderStaffId": people.staff_id(person),
            "senderUnionId": people.union_id(person),
            "senderCorpId": people.corp_id(person),
            "isAdmin": False,
            "createAt": int(entry.at * 1000),
            "sessionWebhook": webhook,
            "sessionWebhookExpiredTime": until,
        }
        if not chat.direct:
            data["conversationTitle"] = chat.title
            data["isInAtList"] = True
            data["atUsers"] = [{"dingtalkId": world.DINGTALK_BOT_USER}] + [
                {
                    "dingtalkId": people.sender_id(p),
                    "staffId": people.staff_id(p),
                    "unionId": people.union_id(p),
                }
                for p in others
            ]
        if quoted is not None:
            data |= _quote(quoted, data["text"])
        return data

    @control
    async def click(
        self,
        user: str,
        card: str,
        action: str,
        reason: str = "",
        revision: int | None = None,
        force: bool = False,
    ) -> dict[str, Any]:
        """``user`` presses the button for ``action`` on a card, as shown to them now or as it was
        in ``revision`` (0 is the first). ``force`` presses it even if the card no longer, or never,
        showed one. ``reason`` gets lost: the public templates have no field to type it into.

        Returns {"acked", "answer", "toast", "toast_type", "latency", "code", "error", "delivery"}.
        DingTalk's cards have no toasts: ``toast`` is what the answer put on this person's own card,
        or the client's failure notice.
        """
        person, entry = people.person(user), self.rooms.find(card)
        shown = entry.card
        if shown is None:
            raise ValueError(f"{card!r} is a message, not a card")
        place = people.CHATS[entry.chat]
        if not place.holds(user) or (entry.only_for and user not in entry.only_for):
            raise ValueError(f"{user} does not see this card")
        if entry.recalled:
            raise ValueError("the card was taken back")
        button = _button(shown, action, person.dingtalk, revision, force)
        if shown.callback != "STREAM":
            raise ValueError(f"the card's callbackType is {shown.callback!r}: nobody is asked")
        started = time.monotonic()
        delivery, answered = self.gateway.click(
            self._click_data(shown, person, place, button), shown.track
        )
        await answered
        latency = delivery.seconds if delivery.seconds is not None else time.monotonic() - started
        toast = NO_ANSWER
        if delivery.acked:
            toast = self._own_news(shown, person.dingtalk, delivery.ack["response"])
        return {
            "acked": delivery.acked,
            "answer": delivery.ack,
            "toast": toast,
            "toast_type": ("info" if toast else "") if delivery.acked else "error",
            "latency": latency,
            "code": 0 if delivery.acked else 500,
            "error": "; ".join(delivery.problems),
            "delivery": delivery.id,
        }

    def _own_news(self, card: rooms.Card, user: str, response: dict[str, Any] | None) -> str:
        """Apply the answer to a click: the tips that it set, or else the lines that this person's
        card has now and had not."""
        before = rooms.card_shown(card.template, card.seen_by(user)).text.split("\n")
        self.cards_api.answer_click(card, user, response)
        after = rooms.card_shown(card.template, card.seen_by(user)).text.split("\n")
        parts = [(response or {}).get(part) or {} for part in ("userPrivateData", "cardData")]
        for part in parts:
            if tips := (part.get("cardParamMap") or {}).get("tips"):
                return str(tips)
        return "\n".join(line for line in after if line not in before)

    def _click_data(
        self, card: rooms.Card, person: world.Person, chat: people.Chat, button: rooms.Button
    ) -> dict[str, Any]:
        """https://open.dingtalk.com/document/development/event-callback-card"""
        private = {"cardPrivateData": {"actionIds": [button.id], "params": button.params}}
        content = compact(private)
        return {
            "type": "actionCallback",
            "outTrackId": card.track,
            "corpId": people.corp_id(person),
            "userId": person.dingtalk,
            "userIdType": 1,
            "spaceType": "im",
            "spaceId": chat.id,
            "extension": "{}",
            "content": content,
            "value": content,
        }

    @control
    async def recall(self, message: str) -> dict[str, Any]:
        """The author takes a message back. DingTalk tells the bot nothing of it: no delivery."""
        self.rooms.find(message).recalled = True
        self.rooms.changed(message)
        return {"delivery": ""}

    @control
    async def permit(self, scope: str, granted: bool = True) -> None:
        """Grant the app a permission, or take it away; it has them all at first."""
        change = self.api.revoked.discard if granted else self.api.revoked.add
        change(scope)

    @control
    async def permit_only(self, scopes: list[str]) -> None:
        """Grant the app these permissions, and take all others away."""
        self.api.revoked = {scope for _, scope in openapi.SCOPES} - set(scopes)

    @control
    async def move_bot(self, chat: str, inside: bool) -> None:
        """Put the bot into a group or out of it. DingTalk tells it nothing of that."""
        change = self.rooms.without_bot.discard if inside else self.rooms.without_bot.add
        change(self.chat(chat).id)

    @control
    async def transcript(self, chat: str = "", viewer: str = "") -> list[dict[str, Any]]:
        """What stands in one chat (the ops group if none is named, "*" all chats), in order;
        ``viewer`` sees what only that person sees, else it is what everybody sees. Of what was
        taken back only the place is left."""
        id = "" if chat == "*" else self.chat(chat).id
        return [entry.described(viewer) for entry in self.rooms.visible(id, viewer)]

    @control
    async def cards(self, chat: str = "", viewer: str = "") -> list[dict[str, Any]]:
        """The cards of the transcript, with the raw data that stands behind each."""
        id = "" if chat == "*" else self.chat(chat).id
        return [
            entry.described(viewer) | {"data": entry.card.data, "template": entry.card.template}
            for entry in self.rooms.visible(id, viewer)
            if entry.card is not None and not entry.recalled
        ]


def compact(value: Any) -> str:
    """JSON as the platform writes it: no spaces, no escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _button(
    card: rooms.Card, action: str, user: str, revision: int | None, force: bool
) -> rooms.Button:
    """The button as this person sees it; with ``force`` also as it once was, or a forged one."""
    views = [card.seen_by(user, revision)]
    if force:
        views += reversed(card.revisions)
    for view in views:
        for button in rooms.card_buttons(card.template, view):
            if action in (button.id, button.action) and button.callback:
                return button
    if force:
        return rooms.Button(action, action, {"id": action, "action": action}, callback=True)
    shown = [b.action for b in rooms.card_buttons(card.template, views[0]) if b.callback]
    raise ValueError(f"the card shows no button for {action!r}, only {shown}")


def _quote(quoted: rooms.Entry, text: dict[str, Any]) -> dict[str, Any]:
    """The fields of a message that answers another one."""
    author = quoted.sender
    sender = people.sender_id(people.PERSON[author]) if author in people.PERSON else ""
    replied: dict[str, Any] = {
        "msgType": "interactiveCard" if quoted.card else "text",
        "msgId": quoted.id,
        "senderId": sender or world.DINGTALK_BOT_USER,
        "createdAt": int(quoted.at * 1000),
    }
    if not quoted.card:
        replied["content"] = {"text": quoted.shown.text}
    more = {"originalMsgId": quoted.id, "text": text | {"isReplyMsg": True, "repliedMsg": replied}}
    if quoted.via in ("openapi", "card"):
        more["originalProcessQueryKey"] = quoted.id
    return more
