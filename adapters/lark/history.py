"""Was it sent? Looks for a message of the bot's own in the chat and in the topic it belongs to.

https://open.feishu.cn/document/server-docs/im-v1/message/list: a chat's messages come without the
replies in its topics, a topic's are listed by themselves and without a time range. To read a group
an app needs ``im:message.group_msg`` beside ``im:message:readonly``; without these nobody knows.
Of a card no more than its words is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from adapters.lark import api
from bot import model

SCOPE = "im:message:readonly and im:message.group_msg"
LEEWAY = timedelta(minutes=2)
"""How far the platform's clock may be from ours."""
MOST_PAGES = 20
_BLANK = re.compile(r"\s+")


class Unreadable(Exception):
    """The history could not be read to its end; ``outcome`` says what that means for the send."""

    def __init__(self, outcome: model.Outcome) -> None:
        super().__init__(getattr(outcome, "reason", ""))
        self.outcome = outcome


async def sent(
    calls: api.Api, app_id: str, place: model.Place, kind: str, mark: str, since: datetime
) -> str | None:
    """The id of the message of this ``kind`` that this app has sent to this place after ``since``
    and that says ``mark``; None: there provably is none. Raises Unreadable."""
    doubtful = False
    async for item in _items(calls, place, since):
        sender = item.get("sender") or {}
        if sender.get("id") != app_id or item.get("msg_type") != kind or item.get("deleted"):
            continue
        parent = item.get("parent_id")
        if place.message and parent and parent != place.message:
            continue
        words = words_of(str((item.get("body") or {}).get("content") or ""))
        if words_of(mark) in words:
            return str(item.get("message_id"))
        doubtful = doubtful or kind == "interactive"
    if doubtful:
        raise Unreadable(model.Unknown("there is a card of ours that does not tell what it says"))
    return None


def words_of(content: str) -> str:
    """Every word of a message's content, without blanks: of JSON what stands as text or title."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = content
    return _BLANK.sub("", "".join(_texts(value)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each) if isinstance(each, list | dict) else ()
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str):
                yield each if name in ("text", "title", "content") else ""
            else:
                yield from _texts(each)


async def _items(
    calls: api.Api, place: model.Place, since: datetime
) -> AsyncIterator[Mapping[str, Any]]:
    """What was written there after that moment: in the topic, if there is one, and in the chat."""
    thread = place.thread or await _thread(calls, place)
    begin = since - LEEWAY
    if thread:
        where = {"container_id_type": "thread", "container_id": thread}
        async for item in _pages(calls, where, begin):
            yield item
    where = {"container_id_type": "chat", "container_id": place.chat}
    where |= {"start_time": str(int(begin.timestamp()))}
    async for item in _pages(calls, where, begin):
        yield item


async def _thread(calls: api.Api, place: model.Place) -> str:
    """The topic that hangs on the message to answer, perhaps since our own answer; "" if none."""
    if not place.message:
        return ""
    answer = await calls.call("GET", f"im/v1/messages/{quote(place.message, safe='')}")
    if answer.gone:
        return ""
    items = _checked(answer).get("items")
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    return str(first.get("thread_id") or "")


async def _pages(
    calls: api.Api, where: Mapping[str, str], begin: datetime
) -> AsyncIterator[Mapping[str, Any]]:
    """The messages of a container, newest first, back to that moment."""
    params = {**where, "sort_type": "ByCreateTimeDesc", "page_size": "50"}
    first = int(begin.timestamp() * 1000)
    for _ in range(MOST_PAGES):
        data = _checked(await calls.call("GET", "im/v1/messages", params=params))
        items = data.get("items")
        if not isinstance(items, list):
            raise Unreadable(model.Unknown("the chat's history came without messages"))
        for item in items:
            if int(str(item.get("create_time") or 0)) < first:
                return
            yield item
        params["page_token"] = str(data.get("page_token") or "")
        if not data.get("has_more") or not params["page_token"]:
            return
    raise Unreadable(model.Unknown("too much was written since to look through"))


def _checked(answer: api.Answer) -> Mapping[str, Any]:
    """The data of an answer. Raises Unreadable: to be tried later, or never to be known."""
    if answer.code == 0:
        return answer.data
    outcome = answer.outcome(SCOPE)
    if isinstance(outcome, model.NotSent):
        raise Unreadable(outcome)
    raise Unreadable(model.Unknown(f"what was sent could not be looked up: {outcome.reason}"))
