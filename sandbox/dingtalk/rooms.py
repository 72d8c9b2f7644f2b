"""What stands in the conversations: messages and cards, in order, as people see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import base, world
from sandbox.dingtalk import markup, people, wire


@dataclass
class Button:
    """A button as the client shows it. ``callback`` says that pressing it asks the bot; otherwise
    it opens ``url``."""

    id: str
    label: str
    params: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    callback: bool = False

    @property
    def action(self) -> str:
        """What the button is for: its ``params.action``, else ``params.id``, else its id."""
        for name in ("action", "id"):
            if isinstance(value := self.params.get(name), str) and value:
                return value
        return self.id


@dataclass
class Card:
    """A card instance: what everybody sees, what single people see beside it, and its past.

    ``private`` is a user's own data (kept until changed); ``overlay`` is what an answered click
    changed for the clicker alone, until the next update for everybody. ``port``: where the one
    came in who made or changed it last.
    """

    track: str
    template: str
    callback: str
    spaces: frozenset[str]
    revisions: list[dict[str, str]]
    private: dict[str, dict[str, str]] = field(default_factory=dict)
    overlay: dict[str, dict[str, str]] = field(default_factory=dict)
    port: int = field(default_factory=base.port_served)

    @property
    def data(self) -> dict[str, str]:
        return self.revisions[-1]

    def seen_by(self, user: str = "", revision: int | None = None) -> dict[str, str]:
        """The data behind what ``user`` ("" for anybody) sees, now or at an earlier revision."""
        if revision is not None:
            if not 0 <= revision < len(self.revisions):
                raise ValueError(f"{self.track} has revisions 0 to {len(self.revisions) - 1}")
            return self.revisions[revision]
        return self.overlay.get(user, self.data) | self.private.get(user, {})


def card_shown(template: str, data: Mapping[str, str]) -> markup.Shown:
    """Title, body and tips of the two public templates as one text."""
    body = markup.markdown(data.get("markdown", ""))
    tips = markup.plain(data.get("tips", "")) if template == world.DINGTALK_CARD_TEMPLATE else None
    parts = [data.get("title", ""), body.text, tips.text if tips else ""]
    return markup.Shown("\n".join(p for p in parts if p), body.links + (tips.links if tips else []))


def card_buttons(template: str, data: Mapping[str, str]) -> list[Button]:
    """The buttons of the Markdown-with-buttons template: ``msgButtons`` inside the JSON of
    ``sys_full_json_obj``, or given plainly. What is no list of objects shows none."""
    if template != world.DINGTALK_CARD_TEMPLATE:
        return []
    found: Any = None
    whole = _decoded(data.get("sys_full_json_obj", ""))
    if isinstance(whole, dict):
        found = whole.get("msgButtons")
    if found is None:
        found = _decoded(data.get("msgButtons", ""))
    if not isinstance(found, list):
        return []
    return [_button(item) for item in found if isinstance(item, dict)]


def _button(item: dict[str, Any]) -> Button:
    params = item.get("params")
    url = item.get("url") or item.get("iosUrl") or ""
    return Button(
        id=str(item.get("id", "")),
        label=str(item.get("text", "")),
        params=params if isinstance(params, dict) else {},
        url=str(url),
        callback=item.get("request") is True and not url,
    )


def _decoded(text: str) -> Any:
    try:
        return wire.parsed(text) if text else None
    except ValueError:
        return None


@dataclass
class Entry:
    """One message or delivered card in a conversation. ``payload`` is a message as it was sent:
    {"msgtype", and under its name what it holds}; ``robot`` the name of a custom
    robot that sent it; ``port`` where the one came in who sent it."""

    at: float
    chat: str
    kind: str
    sender: str
    id: str
    shown: markup.Shown
    payload: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    reply_to: str = ""
    notified: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    card: Card | None = None
    only_for: tuple[str, ...] = ()
    recalled: bool = False
    via: str = ""
    robot: str = ""
    port: int = field(default_factory=base.port_served)

    def described(self, viewer: str = "") -> dict[str, Any]:
        """The entry as ``transcript`` gives it."""
        shown, buttons, history = self.shown, list(self.buttons), []
        earlier: list[list[dict[str, str]]] = []
        if self.recalled:
            shown, buttons = markup.Shown(""), []
        elif self.card is not None:
            user = people.PERSON[viewer].dingtalk if viewer else ""
            data = self.card.seen_by(user)
            shown = card_shown(self.card.template, data)
            buttons = card_buttons(self.card.template, data)
            history = [card_shown(self.card.template, r).text for r in self.card.revisions[:-1]]
            earlier = [
                _listed(card_buttons(self.card.template, r)) for r in self.card.revisions[:-1]
            ]
        return {
            "at": self.at,
            "chat": self.chat,
            "kind": self.kind,
            "from": self.sender,
            "id": self.id,
            "ref": self.card.track if self.card else self.id,
            "title": self.title,
            "text": shown.text,
            "links": shown.links + [b.url for b in buttons if b.url],
            "reply_to": self.reply_to,
            "thread": "",
            "mentions": list(self.notified),
            "buttons": _listed(buttons),
            "revision": len(self.card.revisions) - 1 if self.card else 0,
            "history": history,
            "history_buttons": earlier,
            "recalled": self.recalled,
            "via": self.via,
        }


def _listed(buttons: list[Button]) -> list[dict[str, str]]:
    return [{"action": b.action, "label": b.label} for b in buttons]


class Rooms:
    """All conversations of the example company, and the cards in them."""

    def __init__(self, now: Callable[[], float], changes: base.Changes) -> None:
        self._now = now
        self._changes = changes
        self.entries: list[Entry] = []
        self._places: dict[str, list[int]] = defaultdict(list)
        self.cards: dict[str, Card] = {}
        self.without_bot: set[str] = set()
        self._count = 0

    def fresh(self, prefix: str) -> str:
        """A new reference; with ``+ / =`` in it as real ones have."""
        self._count += 1
        return f"{prefix}{self._count:06d}+/{int(self._now() * 1000) % 16**6:06x}=="

    def post(self, chat: people.Chat, sender: str, shown: markup.Shown, **more: Any) -> Entry:
        """Put a message (or, with ``card``, a card) into a conversation."""
        kind = "card" if more.get("card") is not None else "message"
        id = more.pop("id", "") or self.fresh("msg")
        entry = Entry(self._now(), chat.id, kind, sender, id, shown, **more)
        self.entries.append(entry)
        number = len(self.entries) - 1
        for reference in {id, entry.card.track} if entry.card else {id}:
            self._places[reference].append(number)
        self._changes.note("entry", str(number))
        return entry

    def changed(self, reference: str) -> None:
        """Note that what is called so looks different now: an entry, or all that show a card."""
        for number in self._places.get(reference, ()):
            self._changes.note("entry", str(number))

    def find(self, reference: str) -> Entry:
        """The entry with this id, or the (latest) one that shows this card."""
        for entry in reversed(self.entries):
            if entry.id == reference or (entry.card and entry.card.track == reference):
                return entry
        raise ValueError(f"nothing in the conversations is called {reference!r}")

    def visible(self, chat: str = "", viewer: str = "") -> list[Entry]:
        """What stands in one conversation (or in all); ``viewer`` misses what is for others."""
        return [
            e
            for e in self.entries
            if (not chat or e.chat == chat)
            and (not viewer or not e.only_for or viewer in e.only_for)
        ]
