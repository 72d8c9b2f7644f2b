"""Deliveries as people read them: where to, and what."""

from __future__ import annotations

import json
from collections.abc import Collection
from urllib.parse import urlsplit

from bot import model, policy, texts
from bot.policy import access
from bot.source import masks


def target(locale: str, book: policy.Book, deliver: model.Deliver) -> str:
    """Where it goes, in a few words. An address is told by its host alone: the rest of it is what
    lets people send there."""
    facts = {"name": "", "command": "", "group": ""}
    match deliver.to:
        case model.ToCommand(command=command, group=group):
            facts |= {"command": command, "group": group}
        case model.ToGroup(platform=platform, chat=chat):
            facts["name"] = _chat(book, platform, chat)
        case model.ToThread():
            place = deliver.place
            facts["name"] = _chat(book, place.platform, place.chat) if place else "?"
        case model.ToWebhook(uri=uri):
            facts["name"] = _robot(uri)
        case model.ToHttp(target=name) | model.ToBus(bus=name):
            facts["name"] = name
    return texts.say(locale, f"dead.to.{deliver.to.how}", **facts)


def subject(locale: str, letter: model.Letter) -> str:
    """What a letter is about: the rule that made it, or the request whose end it tells."""
    if letter.request:
        return texts.say(locale, "dead.word", request=letter.request)
    return texts.say(locale, "dead.rule", rule=letter.deliver.rule)


def contents(deliver: model.Deliver, hidden: Collection[str] = ()) -> str:
    """What is delivered, as text: JSON is indented, values of these names are not told."""
    body = deliver.body
    if isinstance(body, str):
        return body
    if isinstance(deliver.to, model.ToCommand):
        body = {name: masks.TYPED if name in hidden else value for name, value in body.items()}
    return json.dumps(body, ensure_ascii=False, indent=2)


def _chat(book: policy.Book, platform: str, chat: str) -> str:
    group = access.group_of(book, platform, chat)
    return group.name if group is not None else chat or "?"


def _robot(uri: str) -> str:
    return uri.removeprefix("robot:") if "://" not in uri else urlsplit(uri).hostname or "?"
