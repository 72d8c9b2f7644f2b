"""A press of a card's button: what is pushed, and what the bot's answer does on the client.

The answer must come within 3 s and is never asked for again. Client-side errors:
https://open.feishu.cn/document/feishu-cards/handle-card-callbacks
"""

from __future__ import annotations

import time
from typing import Any

from sandbox import base
from sandbox.lark import cards, events, sdk, state
from sandbox.lark.messages import UPDATABLE
from sandbox.lark.platform import Platform
from sandbox.lark.pushes import Delivery

TOASTS = ("info", "success", "warning", "error")
MESSAGES = {
    108002: "the ack of a click carried no data",
    200341: "the callback was not answered within 3 s",
    200342: "no connection to the callback's receiver",
    200671: "the callback was answered with another code than 200",
    200672: "the callback's answer has a wrong format",
    200673: "the callback answered with a card that is not valid",
    200830: "a card of schema V2 cannot be updated to schema V1",
}


def find(card: dict[str, Any], action: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The button of that action (or label) with its form; raises KeyError with those there are."""
    choices = cards.buttons(card)
    for key in ("action", "label"):
        for button, form in choices:
            if cards.describe(button)[key] == action:
                return button, form
    shown = [cards.describe(button)["action"] for button, _ in choices]
    raise KeyError(f"the card has no button {action!r}, only {shown}")


def press(
    button: dict[str, Any], form: dict[str, Any] | None, typed: dict[str, str], reason: str
) -> dict[str, Any]:
    """``event.action`` of pressing it; raises ValueError where the client would not let one."""
    if button.get("disabled"):
        raise ValueError("the button is disabled")
    value = cards.value_of(button)
    submits = form is not None and button.get("form_action_type") == "submit"
    if value is None and not submits:
        raise ValueError("the button sends nothing to the bot")
    action: dict[str, Any] = {"tag": "button", "timezone": "Asia/Shanghai", "value": value or {}}
    if button.get("name"):
        action["name"] = button["name"]
    if submits and form is not None:
        action["form_value"] = _filled(form, typed, reason)
    return action


def _filled(form: dict[str, Any], typed: dict[str, str], reason: str) -> dict[str, Any]:
    """What the form's fields hold; ``reason`` goes into its first text field."""
    filled: dict[str, Any] = {}
    for field in cards.fields(form):
        name = field["name"]
        text = typed.get(name, field.get("default_value", ""))
        if field["tag"] == "input" and reason:
            text, reason = reason, ""
        if field.get("required") and not text:
            raise ValueError("a required field is not filled in")
        filled[name] = text[: field.get("max_length", 1000)]
    return filled


class Clicks(Platform):
    @base.control
    async def click(
        self,
        user: str,
        card: str,
        action: str,
        reason: str = "",
        revision: int | None = None,
        force: bool = False,
        fields: dict[str, str] | None = None,
        value: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Press the button of that action on a card, as it hangs there now or as it was in an
        older ``revision`` (0 is the first). ``fields`` fills further inputs by name; with ``force``
        a button that is not there is pressed all the same, carrying ``value``.

        Returns {"acked", "answer", "toast", "toast_type", "latency", "code", "error", "delivery"};
        ``code`` is 0 or what the client shows as an error.
        """
        entry = self.tenant.entries[card]
        if entry.kind != "card":
            raise ValueError("this message is not a card")
        if entry.recalled or self.clock.now() - entry.at > UPDATABLE:
            raise ValueError("the card can no longer be pressed")
        shown = entry.card if revision is None else entry.revisions[revision][0]
        try:
            pressed = press(*find(shown, action), fields or {}, reason)
        except (KeyError, ValueError):
            if not force:
                raise
            pressed = {"tag": "button", "value": value or {"action": action}}
            pressed |= {"form_value": {"reason": reason}} if reason else {}
        return await self._callback(entry, state.person(user).lark, pressed)

    async def _callback(
        self, entry: state.Entry, open_id: str, action: dict[str, Any]
    ) -> dict[str, Any]:
        token = self.messages.new_token(entry)
        micros = str(int(self.clock.now() * 1_000_000))
        event_id, payload = events.clicked(entry, open_id, token, action, micros, self.user_ids)
        delivery = Delivery(event_id, "push.card", payload, again=False)
        self.pushes.deliveries.append(delivery)
        connected = bool(self.sockets.open())
        entry.clicks += 1
        began = time.monotonic()
        try:
            await self.pushes.once(delivery)
        finally:
            entry.clicks -= 1
            delivery.done = True
        latency = time.monotonic() - began
        self.messages.tokens[token].acked = delivery.acked
        code, why = self._outcome(entry, delivery, connected)
        if code:
            self.record("card.callback", {"card": entry.id, "why": why}).code = str(code)
        toast = (delivery.answer or {}).get("toast") or {} if not code else {}
        return {
            "acked": delivery.acked,
            "answer": delivery.answer,
            "toast": toast.get("content", ""),
            "toast_type": toast.get("type", "info") if toast else "",
            "latency": latency,
            "code": code,
            "error": why,
            "delivery": delivery.id,
        }

    def _outcome(self, entry: state.Entry, delivery: Delivery, connected: bool) -> tuple[int, str]:
        """(0, "") after putting the answer's card in place, or the client's error."""
        if delivery.code and not delivery.acked:
            return 200671, "; ".join(delivery.problems) or MESSAGES[200671]
        if not delivery.acked:
            code = 200341 if connected else 200342
            return code, MESSAGES[code]
        if not delivery.has_data:
            return 108002, MESSAGES[108002]
        answer = delivery.answer
        if wrong := _malformed(answer):
            return 200672, f"{MESSAGES[200672]}: {wrong}"
        data = (answer.get("card") or {}).get("data")
        if data is None:
            return 0, ""
        try:
            shown = cards.check(data, self.tenant.chats[entry.chat])
            self.messages.replace(entry, data, shown)
        except cards.BadCard as bad:
            code = 200830 if bad.code == 200830 else 200673
            return code, f"{MESSAGES[code]}: {bad}"
        return 0, ""


def _malformed(answer: Any) -> str:
    """Why the answer to a click is not one; "" if it is."""
    if not isinstance(answer, dict):
        return "not an object"
    if found := sdk.violations("callback", answer):
        return f"{found[0]['field']}: {found[0]['description']}"
    toast, card = answer.get("toast"), answer.get("card")
    if toast is not None and toast.get("type", "info") not in TOASTS:
        return f"toast.type {toast.get('type')!r}"
    if toast is not None and not toast.get("content") and not toast.get("i18n"):
        return "toast without content"
    if card is not None and card.get("type") != "raw":
        return f"card.type {card.get('type')!r}: this stand-in has no templates"
    if card is not None and not isinstance(card.get("data"), dict):
        return "card.data is not an object"
    return ""
