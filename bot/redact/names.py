"""What a value on the wire is by the name it stands under: a secret, a person's, or a word of the
protocol."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from bot.source import masks

_SECRET = frozenset({
    "ticket", "session", "token", "sign", "signature", "secret", "cookie", "setcookie",
    "aeskey", "encrypt", "encryptkey", "msgsignature", "accesskeyid", "appticket", "password",
    "ossauth", "xacssignature", "xacssecuritytoken",
     "securitytoken", "proxyauthorization", "apikey", "jwt",
    "credential", "assertion",
})  # fmt: skip
"""Beside those that ``masks`` knows: names without their separators, in lower case."""
_NO_TOKEN = frozenset({"pagetoken", "nexttoken", "clienttoken", "continuationtoken"})
"""By these a page or a call is told from another; they let nobody in."""
_PERSON = re.compile(
    r"(?:.*(?:user|staff|open|union|employee|empl|sender|operator|originator|approver|creator|owner|"
    r"submitter|initiator|talk|agent)(?:user|staff)?(?:ids?|no|idlist|list)|"
    r"jobnumber|uid|.*chatters?|fromuser|touser|.*mobiles?|.*phones?|.*telephone|tel|.*e?mails?|avatar.*|"
    r"nick|sendernick|.*nickname|.*username|realname|displayname|enname|pinyin|"
    r"(?:operator|originator|creator|sender|owner|approver|user)name)"
)
_NO_PERSON = frozenset({"uuid", "agentid", "openconversationid", "openmessageid", "openchatid"})
_NAME = frozenset({"name", "en_name", "alias", "title_name"})
"""Names of a person in an object that also holds one of these:"""
_OF_PERSON = re.compile(r"(?:open|union|user|staff|empl|employee|\w*talk)_?id", re.IGNORECASE)

PROTOCOL = frozenset({
    "type", "text", "card", "message", "user", "users", "data", "name", "content", "code",
    "body", "event", "action", "status", "result", "title", "value", "values", "key", "id",
    "ids", "tag", "chat", "group", "sender", "operator", "header", "headers", "topic", "time",
    "schema", "root", "callback", "system", "ping", "pong", "disconnect", "approve", "reject",
    "stop", "cancel", "success", "failed", "error", "true", "false", "none", "null", "open",
    "public", "private", "params", "item", "items", "list", "page", "task", "tasks", "form",
    "app", "bot", "robot", "all", "markdown", "image", "file", "post", "interactive", "plain",
    "agree", "refuse", "finish", "start", "running", "completed", "terminated", "pending",
    "approved", "rejected", "http", "https", "get", "put", "delete", "patch",
})  # fmt: skip
"""Words that stand for themselves, even if somebody is called so."""
_VOCABULARY = frozenset({
    "type", "tag", "topic", "schema", "msgtype", "messagetype", "eventtype", "chattype",
    "sendertype", "contenttype", "useridtype", "action", "act", "status", "result", "method",
    "conversationtype", "receiveidtype", "componenttype", "msgkey",
})  # fmt: skip


@functools.lru_cache(4096)
def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(".", "")


@functools.lru_cache(4096)
def secret(name: str) -> bool:
    """Is what stands under this name a secret?"""
    plain = _plain(name)
    token = plain.endswith("token") and plain not in _NO_TOKEN
    known = plain in _SECRET or plain.endswith("signature")
    return token or known or bool(masks.SECRET_NAME.fullmatch(plain))


def person(name: str, whole: Mapping[str, Any]) -> bool:
    """Does it name a person, in this object?"""
    if name in _NAME:
        return isinstance(whole.get("id"), Mapping) or any(map(_OF_PERSON.fullmatch, whole))
    return _of_person(name)


@functools.lru_cache(4096)
def _of_person(name: str) -> bool:
    plain = _plain(name)
    return plain not in _NO_PERSON and bool(_PERSON.fullmatch(plain))


def vocabulary(name: str) -> bool:
    """Does a word of the protocol stand under this name?"""
    return _plain(name) in _VOCABULARY
