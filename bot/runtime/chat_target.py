"""Brings what a rule says to a chat: to a group, or to the thread of the request it is about."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from bot import model, policy
from bot.model import ports
from bot.policy import identity

TITLE_CHARS = 40


class ChatTarget:
    """Performs ``model.Deliver`` to a group or a thread, by the chat's own adapter. The key of the
    message is that of the delivery, so what the platform has taken it does not show twice. ``book``
    is the one in use."""

    def __init__(self, book: Callable[[], policy.Book], chats: Mapping[str, ports.Chat]) -> None:
        self._book = book
        self._chats = chats

    async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
        place = place_of(effect)
        if place is None:
            return model.Refused("this goes to no chat", "unsupported")
        chat = self._chats.get(place.platform)
        if chat is None:
            return model.Refused(
                f"{place.platform} is not configured in bot.toml", code="not_configured"
            )
        message = message_of(self._book(), effect, place)
        if not message.blocks:
            return model.Refused("there is nothing to say: the text is empty", code="empty")
        return await chat.perform(model.Say(place, message, effect.key), attempt)

    async def close(self) -> None:
        """The chats are closed by the code that made them."""


def place_of(effect: model.Deliver) -> model.Place | None:
    """The thread, or the group as a whole; None: it goes to no chat."""
    if effect.place is not None or not isinstance(effect.to, model.ToGroup):
        return effect.place
    return model.Place(effect.to.platform, effect.to.tenant, effect.to.chat)


def message_of(book: policy.Book, effect: model.Deliver, place: model.Place) -> model.Message:
    """A paragraph for each line of the text, people called in front of it; what is no text is shown
    as JSON. Nothing in it is markup."""
    blocks, title = _blocks(effect.body)
    to = effect.to
    people = to.mentions if isinstance(to, model.ToGroup | model.ToThread) else ()
    called = tuple(_called(book, people, place))
    if called:
        blocks = (model.Block("para", called), *blocks)
    accounts = tuple(span.at for span in called if span.at is not None)
    return model.Message(title or effect.rule, blocks, accounts)


def _blocks(body: object) -> tuple[tuple[model.Block, ...], str]:
    """What is shown, and its first words."""
    if not isinstance(body, str):
        shown = json.dumps(body, ensure_ascii=False, indent=2)
        return (model.Block("pre", text=shown),), ""
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    blocks = tuple(model.Block("para", (model.Span(line),)) for line in lines)
    return blocks, lines[0][:TITLE_CHARS] if lines else ""


def _called(book: policy.Book, people: Iterable[str], place: model.Place) -> Iterable[model.Span]:
    """Who is to look, with a space between them. Somebody without an account here is named only."""
    gap = ""
    for person in people:
        if gap:
            yield model.Span(gap)
        gap = " "
        account = identity.account_of(book, person, place.platform, place.tenant)
        known = book.people.get(person)
        yield model.Span(known.name if known else person, at=account)
