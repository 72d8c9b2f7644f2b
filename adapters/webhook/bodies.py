"""What a template wants to say → the body that the robot at hand takes.

Templates write a DingTalk robot's JSON, often with values that came as text; companies move between
the platforms, so each shape is also told in the other one's. What is not known is sent as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from adapters.webhook import translate
from adapters.webhook.settings import Kind
from bot import source

DEEPEST = 50
_PARTS: Mapping[str, tuple[str, ...]] = {
    "text": ("content",),
    "markdown": ("text", "title"),
    "actionCard": ("text", "title"),
    "link": (),
    "feedCard": (),
}
"""The kinds of a DingTalk message with their texts; the first is where an @ counts."""
_LISTED = ("atMobiles", "atUserIds")
_NAMEABLE = re.compile(r"(?!all\b)\+?[A-Za-z0-9][A-Za-z0-9_.$:-]{1,63}")
"""Who may be put into the text behind an @; never everybody."""
_EVERYBODY = re.compile(r"@(?=\s?(?:all\b|所有人))", re.I)


def body(kind: Kind, content: object, lines: tuple[str, ...] = ()) -> dict[str, Any] | str:
    """The body for a robot of that kind, with ``lines`` appended where the shape has a place for
    them. A plain target gets the content as it is. Raises Invalid."""
    if content in (None, "", {}, []):
        raise source.Invalid("the message has no Content")
    if isinstance(content, str):
        content = _object(content) or content
    if _too_deep(content):
        raise source.Invalid(f"the message's Content is nested more than {DEEPEST} times")
    if kind == "plain" and not _is_message(content):
        return content if isinstance(content, str) else _whole(content)
    if isinstance(content, str):
        content = {"msgtype": "text", "text": {"content": content}}
    said = _whole(content)
    if "msg_type" in said:
        said = translate.lark_read(said)
        if kind == "dingtalk":
            return _dingtalk(translate.to_dingtalk(said), lines)
        return translate.lark_appended(said, lines)
    if "msgtype" not in said:
        return said
    if kind == "lark":
        return translate.lark_appended(translate.to_lark(_ordered(said)), lines)
    result = _dingtalk(said, lines)
    return result if kind == "dingtalk" else {**said, **result}


def _too_deep(content: object) -> bool:
    level = [content]
    for _ in range(DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, Mapping | list | tuple)
            for inner in (one.values() if isinstance(one, Mapping) else one)
        ]
    return bool(level)


def _is_message(content: object) -> bool:
    return isinstance(content, Mapping) and bool({"msgtype", "msg_type"} & set(content))


def _whole(content: object) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise source.Invalid("the message's Content is not an object")
    return dict(content)


# ----------------------------------------------------------------------------- DingTalk


def _dingtalk(said: Mapping[str, object], lines: tuple[str, ...]) -> dict[str, Any]:
    """A DingTalk body in order, everybody in ``at`` named in the text, for else they are not
    notified, and the lines appended."""
    result = _ordered(said)
    kind, at = str(result["msgtype"]), result.get("at") or {}
    for field in _PARTS.get(kind, ())[:1]:
        text = result[kind][field]
        unnamed = [who for name in _LISTED for who in at.get(name, ()) if not named(text, who)]
        mentions = " ".join(f"@{who}" for who in unnamed if _NAMEABLE.fullmatch(who))
        gap = "\n" if kind == "text" else "\n\n"
        result[kind][field] = gap.join(filter(None, (text, mentions, *lines)))
    return result


def _ordered(said: Mapping[str, object]) -> dict[str, Any]:
    """A DingTalk body with only the part that its msgtype names, and every value of the right
    type. Only ``isAtAll`` calls everybody: an "@all" in the text may be what somebody typed as a
    parameter. Raises Invalid."""
    kind = str(said["msgtype"])
    if kind not in _PARTS:
        return dict(said)
    raw = said.get(kind)
    part = _object(raw) if isinstance(raw, str) else raw
    if isinstance(raw, str) and not part and kind == "text":
        part = {"content": raw}
    if not isinstance(part, Mapping):
        raise source.Invalid(f"the message's {kind} is not an object")
    result: dict[str, Any] = {"msgtype": kind, kind: dict(part)}
    at = _at(said.get("at"))
    if at:
        result["at"] = at
    if said.get("msgUuid"):
        result["msgUuid"] = str(said["msgUuid"])
    for field in _PARTS[kind]:
        text = _text(part.get(field))
        result[kind][field] = text if at.get("isAtAll") else _EVERYBODY.sub("＠", text)
    return result


def named(text: str, who: str) -> bool:
    """Whether the text holds ``@who`` exactly, so that the @ notifies."""
    return bool(re.search(rf"@{re.escape(who)}(?![\w-])", text))


def _at(people: object) -> dict[str, Any]:
    at = _object(people) if isinstance(people, str) else people
    if not isinstance(at, Mapping):
        return {}
    result: dict[str, Any] = {}
    for name, value in at.items():
        convert = _AT.get(str(name))
        result[str(name)] = convert(value) if convert else value
    return {name: value for name, value in result.items() if value not in (None, [], "")}


def several(value: Any) -> list[str]:
    """People as a list: given as one, as its JSON, with commas, or as a list of lists."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = re.split(r"[\s,，;；]+", value)
    if not isinstance(value, list | tuple):
        value = [] if value is None or isinstance(value, bool | Mapping) else [value]
    flat = [inner for one in value for inner in (one if isinstance(one, list | tuple) else (one,))]
    texts = [str(one).strip() for one in flat if isinstance(one, str | int)]
    return [one for one in dict.fromkeys(texts) if one]


def true(value: object) -> bool:
    """Also where it came as text: "false", "0", "no" and "" are not."""
    if isinstance(value, str):
        return value.strip().lower() in ("true", "1", "yes", "on")
    return bool(value)


_AT: Mapping[str, Callable[[Any], Any]] = {
    "atMobiles": several,
    "atUserIds": several,
    "atDingtalkIds": several,
    "isAtAll": true,
}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _object(text: str) -> dict[str, Any]:
    """The JSON object that a text holds; {}: none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
