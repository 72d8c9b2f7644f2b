"""Event payloads of schema 2.0: what people say, take back and press."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from sandbox import world
from sandbox.lark import markup, state


def envelope(kind: str, event: dict[str, Any], created: str) -> tuple[str, dict[str, Any]]:
    """(event_id, payload)"""
    event_id = uuid.uuid4().hex
    header = {
        "event_id": event_id,
        "event_type": kind,
        "create_time": created,
        "token": "",
        "app_id": world.LARK_APP_ID,
        "tenant_key": world.LARK_TENANT,
    }
    return event_id, {"schema": "2.0", "header": header, "event": event}


def _ids(open_id: str, with_user_id: bool = True) -> dict[str, str]:
    found = {"open_id": open_id, "union_id": state.union_id(open_id)}
    if with_user_id and state.tenant_key(open_id) == world.LARK_TENANT:
        found["user_id"] = "" if open_id == world.LARK_BOT else state.user_id(open_id)
    return found


def spoken(text: str, mentioned: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """``content`` and ``mentions`` of a text message that names ``mentioned`` (open_ids).

    Each person named stands as ``@_user_N`` where the text says "@name", else the keys are put
    in front of it (the bot) or after it (others).
    """
    mentions = []
    for number, open_id in enumerate(mentioned, 1):
        key = f"@_user_{number}"
        is_bot = open_id == world.LARK_BOT
        name = markup.name_of(open_id)
        said = re.compile(f"@{re.escape(name)}(?!\\w)", re.I)
        if said.search(text):
            text = said.sub(key, text)
        else:
            text = f"{key} {text}" if is_bot else f"{text} {key}"
        mentions.append(
            {
                "key": key,
                "id": _ids(open_id),
                "mentioned_type": "bot" if is_bot else "user",
                "name": name,
                "tenant_key": state.tenant_key(open_id),
            }
        )
    return json.dumps({"text": text}, ensure_ascii=False), mentions


def received(
    entry: state.Entry, chat: state.Chat, mentions: list[dict[str, Any]], user_ids: bool
) -> tuple[str, dict[str, Any]]:
    """im.message.receive_v1"""
    at = str(int(entry.at * 1000))
    message: dict[str, Any] = {"message_id": entry.id}
    for key, value in (
        ("root_id", entry.root),
        ("parent_id", entry.parent),
        ("thread_id", entry.thread),
    ):
        if value:
            message[key] = value
    message |= {
        "create_time": at,
        "update_time": at,
        "chat_id": chat.id,
        "chat_type": chat.kind,
        "message_type": "text",
        "content": entry.source,
    }
    if mentions:
        message["mentions"] = mentions
    sender = {
        "sender_id": _ids(entry.sender, user_ids),
        "sender_type": "user",
        "tenant_key": state.tenant_key(entry.sender),
    }
    return envelope("im.message.receive_v1", {"sender": sender, "message": message}, at)


def recalled(entry: state.Entry, by: str, at: str) -> tuple[str, dict[str, Any]]:
    """im.message.recalled_v1"""
    event = {
        "message_id": entry.id,
        "chat_id": entry.chat,
        "recall_time": at,
        "recall_type": by,
    }
    return envelope("im.message.recalled_v1", event, at)


def bot_moved(chat: state.Chat, operator: str, added: bool, at: str) -> tuple[str, dict[str, Any]]:
    """im.chat.member.bot.added_v1 / deleted_v1"""
    event = {
        "chat_id": chat.id,
        "operator_id": _ids(operator),
        "external": False,
        "operator_tenant_key": world.LARK_TENANT,
        "name": chat.title,
    }
    return envelope(f"im.chat.member.bot.{'added' if added else 'deleted'}_v1", event, at)


def clicked(
    entry: state.Entry, open_id: str, token: str, action: dict[str, Any], micros: str, ids: bool
) -> tuple[str, dict[str, Any]]:
    """card.action.trigger; its ``create_time`` is in microseconds."""
    event = {
        "operator": {"tenant_key": state.tenant_key(open_id), **_ids(open_id, ids)},
        "token": token,
        "action": action,
        "host": "im_message",
        "context": {"open_message_id": entry.id, "open_chat_id": entry.chat},
    }
    return envelope("card.action.trigger", event, micros)
