"""The message of ``ACS::Notify`` or ``ACS::Approve``: what it says, and which part of that is its
author's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot import source
from bot.oos.engine import calls
from bot.oos.expr import language, placeholders, values
from bot.oos.expr.functions import base
from bot.oos.template import model

Evaluate = Callable[[Any], Any]


def notice(properties: Mapping[str, object], evaluate: Evaluate, append_link: bool) -> calls.Notify:
    """The message of a task's properties, which are by their folded names. One of
    ``language.ERRORS``: a value does not fit."""
    values = {name: evaluate(properties.get(name)) for name in _NAMES}
    hook = {} if values["webhook"] is None else values["webhook"]
    if not isinstance(hook, Mapping):
        raise source.Invalid(f"WebHook is {hook!r}; it is an object")
    hook = {model.fold(name): value for name, value in hook.items()}
    headers, appended = hook.get("headers"), values["appendexecutionlink"]
    return calls.Notify(
        type=str(values["notifytype"] or "") or "WebHook",
        uri=str(hook.get("uri") or ""),
        headers=headers if isinstance(headers, Mapping) else {},
        content=hook.get("content"),
        append_link=language.true(append_link if appended is None else appended),
        properties=evaluate(dict(properties)),
        shape=shape(_content(properties.get("webhook"), hook.get("content")), evaluate),
    )


_NAMES = ("webhook", "notifytype", "appendexecutionlink")


def _content(hook: object, made: object) -> object:
    """The content as its author wrote it; where an expression makes all of the webhook, what that
    ``made``."""
    if isinstance(hook, Mapping) and not base.is_call(hook):
        for name, value in hook.items():
            if model.fold(str(name)) == "content":
                return value
    return base.Known(made)


def shape(raw: object, evaluate: Evaluate) -> object:
    """A value with a ``calls.Value`` wherever its author wrote an expression; see
    ``calls.Notify``."""
    if isinstance(raw, base.Known):
        return calls.Value(raw.value)
    if isinstance(raw, str):
        parts = tuple(
            part if isinstance(part, str) else calls.Value(evaluate(str(part)))
            for part in placeholders.split(raw)
        )
        return parts[0] if len(parts) == 1 else parts
    if isinstance(raw, Mapping):
        if base.is_call(raw):
            return calls.Value(evaluate(raw))
        return {values.printed(evaluate(key)): shape(item, evaluate) for key, item in raw.items()}
    if isinstance(raw, list):
        return [shape(item, evaluate) for item in raw]
    return raw
