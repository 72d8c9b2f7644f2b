"""Deliveries as people read them: where to, and what."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from bot import model, policy, texts
from bot.policy import access

HIDDEN = "***"


def target(locale: str, book: policy.Book, deliver: model.Deliver) -> str:
    """Where it goes, in a few words. An address is told by its host alone: the rest of it is what
    lets people send there."""
    to, facts = deliver.to, {"name": "", "command": "", "group": ""}
    match deliver.how:
        case "command":
            facts |= {"command": to.get("command", "?"), "group": to.get("group", "?")}
        case "group":
            facts["name"] = _chat(book, str(to.get("platform", "")), str(to.get("chat", "")))
        case "thread":
            place = deliver.place
            facts["name"] = _chat(book, place.platform, place.chat) if place else "?"
        case "webhook":
            facts["name"] = _robot(str(to.get("uri", "?")))
        case "http":
            facts["name"] = to.get("target", "?")
        case "bus":
            facts["name"] = to.get("bus", "?")
    return texts.say(locale, f"dead.to.{deliver.how}", **facts)


def subject(locale: str, letter: model.Letter) -> str:
    """What a letter is about: the rule that made it, or the request whose end it tells."""
    if letter.request:
        return texts.say(locale, "dead.word", request=letter.request)
    return texts.say(locale, "dead.rule", rule=letter.deliver.rule)


def contents(deliver: model.Deliver, hidden: Collection[str] = ()) -> str:
    """What is delivered, as text: JSON is indented, values of these names are not told."""
    body: Any = deliver.body
    if isinstance(body, str):
        return body
    if deliver.how == "command":
        body = {name: HIDDEN if name in hidden else value for name, value in body.items()}
    return json.dumps(body, ensure_ascii=False, indent=2)


def _chat(book: policy.Book, platform: str, chat: str) -> str:
    group = access.group_of(book, platform, chat)
    return group.name if group is not None else chat or "?"


def _robot(uri: str) -> str:
    return uri.removeprefix("robot:") if "://" not in uri else urlsplit(uri).hostname or "?"
